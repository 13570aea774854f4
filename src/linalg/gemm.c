/*
 * gemm.c
 *		Matrix products in tiles, shared by threads and open to interrupts.
 *
 * C is cut into tiles and k into slices; a task is one BLAS call on one thread,
 * one slice of one tile, of at most TILE_FLOPS: 60 ms on a core of 10 GFlop/s
 * in double, so that cancel is prompt.  OpenBLAS copies (packs) its operands at
 * about one element a nanosecond, which costs 1/m + 1/n of a tile times half
 * the flop rate: tiles are therefore wide and slices short, not cubes.
 *
 * Slices of a tile must follow one another, but a barrier between slices would
 * leave threads idle at each.  Tasks are ordered by slice, and a task waits
 * until its tile has had the slice before: parallel_for hands tasks out in
 * order, so that one is done or running already, and the wait is rare and
 * short.  The tiling depends on the shape alone, so the result has the same
 * bits at any number of threads.
 */
#include "postgres.h"

#include <math.h>
#include <sched.h>

#include "miscadmin.h"
#include "port/atomics.h"

#include "base/convert.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/blas.h"
#include "linalg/linalg.h"
#include "linalg/parallel.h"

#define TILE_FLOPS_F8	6e8
#define TILE_FLOPS_F4	1e9
#define TILE_FLOPS_MIN	8e6		/* below, starting a thread costs more than it brings */
#define TASKS_WANTED	16		/* enough for an even share, if they are not too small */
#define TILE_ELEMENTS	(Size) (1 << 22)	/* most elements of A, B or C in a tile */
#define TILE_MULTIPLE	64
#define SLICE_F8		256
#define SLICE_F4		384
#define SLICE_ACCUMULATE 2048	/* each slice reads and writes C in double */
#define TILE_FLOPS_ACCUMULATE 4e9
#define TILE_ROWS_ACCUMULATE 1024
#define TASKS_ACCUMULATE 8		/* or a multiple: an even share for 2, 4 or 8 threads */

typedef struct Tiling
{
	Size		m,
				n,
				k;
	Size		tile_m,
				tile_n,
				slice;
	Size		tiles_n;		/* tiles in a row of tiles */
	int64		n_tiles;
	int64		n_slices;
} Tiling;

static Size
round_up(Size x, Size multiple)
{
	return (x + multiple - 1) / multiple * multiple;
}

/* The part size that cuts x in equal parts of at most 'most', a multiple if that fits. */
static Size
even_part(Size x, Size most, Size multiple)
{
	Size		parts = (x + most - 1) / most;

	return Min(x, round_up((x + parts - 1) / parts, multiple));
}

static double
task_flops(double total, double most)
{
	return Max(TILE_FLOPS_MIN, Min(most, total / TASKS_WANTED));
}

static Size
tile_side(double area)
{
	return round_up(Max(1, (Size) sqrt(area)), TILE_MULTIPLE);
}

static void
tiling_slices(Tiling *t, Size k, Size most)
{
	t->k = k;
	t->slice = even_part(Max(k, 1), most, TILE_MULTIPLE);
	t->n_slices = (int64) Max(1, (k + t->slice - 1) / t->slice);
}

static void
tiling_choose(Tiling *t, Size m, Size n, Size k, double most_flops, Size most_slice)
{
	double		flops = task_flops(2.0 * (double) m * (double) n * (double) k, most_flops);
	Size		area;
	Size		side;
	Size		longest;

	tiling_slices(t, k, most_slice);
	t->m = m;
	t->n = n;
	area = (Size) Min(flops / (2.0 * (double) t->slice), (double) TILE_ELEMENTS);
	side = tile_side((double) area);
	longest = TILE_ELEMENTS / t->slice;
	if (m <= n)
	{
		t->tile_m = even_part(m, side, TILE_MULTIPLE);
		t->tile_n = even_part(n, Max(TILE_MULTIPLE, Min(area / t->tile_m, longest)),
							  TILE_MULTIPLE);
	}
	else
	{
		t->tile_n = even_part(n, side, TILE_MULTIPLE);
		t->tile_m = even_part(m, Max(TILE_MULTIPLE, Min(area / t->tile_n, longest)),
							  TILE_MULTIPLE);
	}
	t->tiles_n = (n + t->tile_n - 1) / t->tile_n;
	t->n_tiles = (int64) (t->tiles_n * ((m + t->tile_m - 1) / t->tile_m));
}

/*
 * Tiles for gemm_f4_accumulate: as tall as C where that fits, since packing A
 * and B anew for each tile is what tiles cost here.
 */
static void
tiling_choose_accumulate(Tiling *t, Size m, Size n, Size k)
{
	double		most = TILE_FLOPS_ACCUMULATE * TASKS_ACCUMULATE;
	Size		rounds;
	Size		tiles_m;

	tiling_slices(t, k, SLICE_ACCUMULATE);
	rounds = (Size) (2.0 * (double) m * (double) n * (double) t->slice / most) + 1;
	t->m = m;
	t->n = n;
	t->tile_m = even_part(m, TILE_ROWS_ACCUMULATE, TILE_MULTIPLE);
	tiles_m = (m + t->tile_m - 1) / t->tile_m;
	t->tile_n = even_part(n, Max(1, n * tiles_m / (rounds * TASKS_ACCUMULATE)) + 1, TILE_MULTIPLE);
	t->tiles_n = (n + t->tile_n - 1) / t->tile_n;
	t->n_tiles = (int64) (t->tiles_n * tiles_m);
}

/* A product in progress; a, b and c are float or double after the task that reads them. */
typedef struct Product
{
	Tiling		tiling;
	bool		ta,
				tb;
	double		alpha;
	const void *a;
	Size		lda;
	const void *b;
	Size		ldb;
	double		beta;
	void	   *c;
	Size		ldc;
	pg_atomic_uint32 *slices_done;	/* by tile; NULL if there is one slice */
	char	   *scratch;		/* of gemm_f4_accumulate */
	Size		scratch_stride;
} Product;

/* What a task works on: rows i .., columns j .., and the slice k0 .. of k. */
typedef struct Tile
{
	int64		number;
	int64		slice;
	Size		i,
				j;
	Size		m,
				n;
	Size		k0,
				k;
} Tile;

/* Which slice of which tile a task is, once the tile has had the slices before. */
static void
tile_start(const Product *p, int64 task, Tile *t)
{
	t->number = task % p->tiling.n_tiles;
	t->slice = task / p->tiling.n_tiles;
	t->k0 = (Size) t->slice * p->tiling.slice;
	t->k = Min(p->tiling.slice, p->tiling.k - t->k0);
	if (p->slices_done == NULL)
		return;
	while (pg_atomic_read_u32(&p->slices_done[t->number]) < (uint32) t->slice)
		sched_yield();
	pg_memory_barrier();
}

static void
tile_finish(const Product *p, const Tile *t)
{
	if (p->slices_done != NULL)
		pg_atomic_fetch_add_u32(&p->slices_done[t->number], 1);
}

static Tile
tile_at(const Product *p, int64 task)
{
	const Tiling *tiling = &p->tiling;
	Tile		t;

	tile_start(p, task, &t);
	t.i = (Size) t.number / tiling->tiles_n * tiling->tile_m;
	t.j = (Size) t.number % tiling->tiles_n * tiling->tile_n;
	t.m = Min(tiling->tile_m, tiling->m - t.i);
	t.n = Min(tiling->tile_n, tiling->n - t.j);
	return t;
}

static void
run_product(Product *p, ParallelTask task)
{
	p->slices_done = NULL;
	if (p->tiling.n_slices > 1)
	{
		p->slices_done = huge_alloc((Size) p->tiling.n_tiles * sizeof(pg_atomic_uint32));
		for (int64 i = 0; i < p->tiling.n_tiles; i++)
			pg_atomic_init_u32(&p->slices_done[i], 0);
	}
	parallel_for(p->tiling.n_tiles * p->tiling.n_slices, 0, task, p);
	if (p->slices_done != NULL)
		pfree(p->slices_done);
}

/* Where op(A)'s element (i, k) stands. */
static Size
offset_of(bool transposed, Size row, Size column, Size ld)
{
	return transposed ? column * ld + row : row * ld + column;
}

static void
tile_f8(int64 task, int worker, void *arg)
{
	Product    *p = arg;
	Tile		t = tile_at(p, task);

	gemm_f8_raw(p->ta, p->tb, t.m, t.n, t.k, p->alpha,
				(const double *) p->a + offset_of(p->ta, t.i, t.k0, p->lda), p->lda,
				(const double *) p->b + offset_of(p->tb, t.k0, t.j, p->ldb), p->ldb,
				t.slice == 0 ? p->beta : 1.0,
				(double *) p->c + t.i * p->ldc + t.j, p->ldc);
	tile_finish(p, &t);
}

static void
tile_f4(int64 task, int worker, void *arg)
{
	Product    *p = arg;
	Tile		t = tile_at(p, task);

	gemm_f4_raw(p->ta, p->tb, t.m, t.n, t.k, (float) p->alpha,
				(const float *) p->a + offset_of(p->ta, t.i, t.k0, p->lda), p->lda,
				(const float *) p->b + offset_of(p->tb, t.k0, t.j, p->ldb), p->ldb,
				t.slice == 0 ? (float) p->beta : 1.0f,
				(float *) p->c + t.i * p->ldc + t.j, p->ldc);
	tile_finish(p, &t);
}

void
gemm_f8(bool ta, bool tb, Size m, Size n, Size k, double alpha, const double *a, Size lda,
		const double *b, Size ldb, double beta, double *c, Size ldc)
{
	Product		p = {.ta = ta, .tb = tb, .alpha = alpha, .a = a, .lda = lda, .b = b, .ldb = ldb,
	.beta = beta, .c = c, .ldc = ldc};

	if (m == 0 || n == 0)
		return;
	tiling_choose(&p.tiling, m, n, k, TILE_FLOPS_F8, SLICE_F8);
	run_product(&p, tile_f8);
}

void
gemm_f4(bool ta, bool tb, Size m, Size n, Size k, float alpha, const float *a, Size lda,
		const float *b, Size ldb, float beta, float *c, Size ldc)
{
	Product		p = {.ta = ta, .tb = tb, .alpha = alpha, .a = a, .lda = lda, .b = b, .ldb = ldb,
	.beta = beta, .c = c, .ldc = ldc};

	if (m == 0 || n == 0)
		return;
	tiling_choose(&p.tiling, m, n, k, TILE_FLOPS_F4, SLICE_F4);
	run_product(&p, tile_f4);
}

/* ---- one call on this thread ---- */

void
gemm_f8_raw(bool ta, bool tb, Size m, Size n, Size k, double alpha, const double *a, Size lda,
			const double *b, Size ldb, double beta, double *c, Size ldc)
{
	if (m == 0 || n == 0)
		return;
	if (k == 0)
	{
		for (Size i = 0; i < m; i++)
			for (Size j = 0; j < n; j++)
				c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
		return;
	}
	blas.dgemm(ROW_MAJOR, ta ? TRANS : NO_TRANS, tb ? TRANS : NO_TRANS,
			   blas_int(m), blas_int(n), blas_int(k), alpha, a, blas_int(lda),
			   b, blas_int(ldb), beta, c, blas_int(ldc));
}

void
gemm_f4_raw(bool ta, bool tb, Size m, Size n, Size k, float alpha, const float *a, Size lda,
			const float *b, Size ldb, float beta, float *c, Size ldc)
{
	if (m == 0 || n == 0)
		return;
	if (k == 0)
	{
		for (Size i = 0; i < m; i++)
			for (Size j = 0; j < n; j++)
				c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
		return;
	}
	blas.sgemm(ROW_MAJOR, ta ? TRANS : NO_TRANS, tb ? TRANS : NO_TRANS,
			   blas_int(m), blas_int(n), blas_int(k), alpha, a, blas_int(lda),
			   b, blas_int(ldb), beta, c, blas_int(ldc));
}

void
syrk_lower_f8_raw(Size n, Size k, const double *a, Size lda, double beta, double *c, Size ldc)
{
	if (n == 0 || k == 0)
		return;
	blas.dsyrk(ROW_MAJOR, LOWER, TRANS, blas_int(n), blas_int(k), 1.0, a, blas_int(lda), beta, c, blas_int(ldc));
}

void
trmm_f8_raw(bool upper, Size n, Size m, const double *t, Size ldt, double *b, Size ldb)
{
	if (n == 0 || m == 0)
		return;
	blas.dtrmm(ROW_MAJOR, LEFT, upper ? UPPER : LOWER, NO_TRANS, NON_UNIT,
			   blas_int(n), blas_int(m), 1.0, t, blas_int(ldt), b, blas_int(ldb));
}

void
trmm_f4_raw(bool upper, Size n, Size m, const float *t, Size ldt, float *b, Size ldb)
{
	if (n == 0 || m == 0)
		return;
	blas.strmm(ROW_MAJOR, LEFT, upper ? UPPER : LOWER, NO_TRANS, NON_UNIT,
			   blas_int(n), blas_int(m), 1.0f, t, blas_int(ldt), b, blas_int(ldb));
}

/* ---- float blocks added up in double ---- */

HOT_LOOP static void
add_row(double *sum, const float *x, Size n)
{
	for (Size i = 0; i < n; i++)
		sum[i] += (double) x[i];
}

void
gemm_f4_accumulate_raw(Size m, Size n, Size k, const float *a, Size lda, const float *b, Size ldb,
					   bool add, double *c, Size ldc, float *product)
{
	gemm_f4_raw(true, false, m, n, k, 1.0f, a, lda, b, ldb, 0.0f, product, n);
	for (Size i = 0; i < m; i++)
	{
		if (add)
			add_row(c + i * ldc, product + i * n, n);
		else
			widen_floats(product + i * n, c + i * ldc, n);
	}
}

static void
tile_accumulate(int64 task, int worker, void *arg)
{
	Product    *p = arg;
	Tile		t = tile_at(p, task);
	float	   *product = (float *) (p->scratch + worker * p->scratch_stride);
	double	   *c = (double *) p->c + t.i * p->ldc + t.j;

	gemm_f4_accumulate_raw(t.m, t.n, t.k,
						   (const float *) p->a + t.k0 * p->lda + t.i, p->lda,
						   (const float *) p->b + t.k0 * p->ldb + t.j, p->ldb,
						   p->beta != 0 || t.slice > 0, c, p->ldc, product);
	tile_finish(p, &t);
}

void
gemm_f4_accumulate(Size m, Size n, Size k, const float *a, Size lda, const float *b, Size ldb,
				   bool add, double *c, Size ldc)
{
	Product		p = {.a = a, .lda = lda, .b = b, .ldb = ldb, .beta = add ? 1 : 0, .c = c, .ldc = ldc};
	Size		tile_bytes;

	if (m == 0 || n == 0 || k == 0)
		return;
	tiling_choose_accumulate(&p.tiling, m, n, k);
	tile_bytes = p.tiling.tile_m * p.tiling.tile_n * sizeof(float);
	p.scratch_stride = TYPEALIGN(64, tile_bytes);
	p.scratch = parallel_scratch(tile_bytes);
	run_product(&p, tile_accumulate);
}

/* ---- symmetric products ---- */

void
triangle_tile(int64 number, Size *i, Size *j)
{
	Size		row = (Size) ((sqrt(8.0 * (double) number + 1.0) - 1.0) / 2.0);

	while (row * (row + 1) / 2 > (Size) number)
		row--;
	while ((row + 1) * (row + 2) / 2 <= (Size) number)
		row++;
	*i = row;
	*j = (Size) number - row * (row + 1) / 2;
}

static void
tile_syrk(int64 task, int worker, void *arg)
{
	Product    *p = arg;
	const double *a = p->a;
	double	   *c;
	double		beta;
	Tile		t;

	tile_start(p, task, &t);
	triangle_tile(t.number, &t.i, &t.j);
	t.i *= p->tiling.tile_m;
	t.j *= p->tiling.tile_m;
	t.m = Min(p->tiling.tile_m, p->tiling.n - t.i);
	t.n = Min(p->tiling.tile_m, p->tiling.n - t.j);
	beta = t.slice == 0 ? p->beta : 1.0;
	c = (double *) p->c + t.i * p->ldc + t.j;
	if (t.i == t.j && t.k > 0)
		blas.dsyrk(ROW_MAJOR, LOWER, p->ta ? TRANS : NO_TRANS, blas_int(t.m), blas_int(t.k),
				   p->alpha, a + offset_of(p->ta, t.i, t.k0, p->lda), blas_int(p->lda),
				   beta, c, blas_int(p->ldc));
	else
		gemm_f8_raw(p->ta, !p->ta, t.m, t.n, t.k,
					p->alpha, a + offset_of(p->ta, t.i, t.k0, p->lda), p->lda,
					a + offset_of(p->ta, t.j, t.k0, p->lda), p->lda, beta, c, p->ldc);
	tile_finish(p, &t);
}

#define MIRROR_BLOCK	32

/* Copies a tile of the lower triangle to the upper one. */
static void
tile_mirror(int64 number, int worker, void *arg)
{
	Product    *p = arg;
	double	   *c = p->c;
	Size		tile = p->tiling.tile_m;
	Size		i0,
				j0,
				i1,
				j1;

	triangle_tile(number, &i0, &j0);
	i0 *= tile;
	j0 *= tile;
	i1 = Min(p->tiling.n, i0 + tile);
	j1 = Min(p->tiling.n, j0 + tile);
	for (Size ib = i0; ib < i1; ib += MIRROR_BLOCK)
		for (Size jb = j0; jb < j1 && jb <= ib; jb += MIRROR_BLOCK)
			for (Size i = ib; i < Min(i1, ib + MIRROR_BLOCK); i++)
				for (Size j = jb; j < Min(Min(i, j1), jb + MIRROR_BLOCK); j++)
					c[j * p->ldc + i] = c[i * p->ldc + j];
}

/* Square tiles of the lower triangle, counted row by row. */
static void
tiling_triangle(Tiling *t, Size n, Size k)
{
	double		flops = task_flops(2.0 * (double) n * (double) n * (double) k, TILE_FLOPS_F8);
	Size		tiles;

	tiling_slices(t, k, SLICE_F8);
	t->n = n;
	t->tile_m = even_part(n, tile_side(flops / (2.0 * (double) t->slice)), TILE_MULTIPLE);
	tiles = (n + t->tile_m - 1) / t->tile_m;
	t->n_tiles = (int64) (tiles * (tiles + 1) / 2);
}

void
syrk_lower_f8(bool trans, Size n, Size k, double alpha, const double *a, Size lda,
			  double beta, double *c, Size ldc)
{
	Product		p = {.ta = trans, .alpha = alpha, .a = a, .lda = lda, .beta = beta,
	.c = c, .ldc = ldc};

	if (n == 0)
		return;
	tiling_triangle(&p.tiling, n, k);
	run_product(&p, tile_syrk);
}

/* Copies the lower triangle of C (n x n) to the upper. */
static void
mirror_lower_f8(Size n, double *c, Size ldc)
{
	Product		p = {.c = c, .ldc = ldc};

	if (n == 0)
		return;
	tiling_triangle(&p.tiling, n, SLICE_F8);
	parallel_for(p.tiling.n_tiles, 0, tile_mirror, &p);
}

void
syrk_f8(bool trans, Size n, Size k, double alpha, const double *a, Size lda,
		double beta, double *c, Size ldc)
{
	syrk_lower_f8(trans, n, k, alpha, a, lda, beta, c, ldc);
	mirror_lower_f8(n, c, ldc);
}

/* ---- matrix times vector ---- */

#define GEMV_ELEMENTS	(Size) (1 << 22)

void
gemv_f8(bool ta, Size m, Size n, double alpha, const double *a, Size lda, const double *x,
		double beta, double *y)
{
	Size		rows = ta ? n : m;	/* of A as it is stored */
	Size		columns = ta ? m : n;
	Size		part = Max(1, GEMV_ELEMENTS / Max(columns, 1));

	if (m == 0)
		return;
	if (n == 0)
	{
		for (Size i = 0; i < m; i++)
			y[i] = beta == 0 ? 0 : beta * y[i];
		return;
	}
	for (Size r = 0; r < rows; r += part)
	{
		Size		count = Min(part, rows - r);

		blas.dgemv(ROW_MAJOR, ta ? TRANS : NO_TRANS, blas_int(count), blas_int(columns),
				   alpha, a + r * lda, blas_int(lda), ta ? x + r : x, 1,
				   ta && r > 0 ? 1.0 : beta, ta ? y : y + r, 1);
		CHECK_FOR_INTERRUPTS();
	}
}
