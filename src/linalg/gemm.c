/*
 * gemm.c
 *		Matrix products in tiles, shared by threads and open to interrupts.
 *
 * C is cut into tiles, and k into slices where it is long; a tile is one BLAS
 * call on one thread of at most TILE_FLOPS, 25 ms on a slow core, so that
 * cancel is prompt, and large enough that OpenBLAS runs at its full rate (its
 * packing of A and B costs 1/m + 1/n of a tile).  Slices are one after the
 * other: two tasks never write the same tile.  The tiling depends on the shape
 * alone, so the result has the same bits at any number of threads.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "linalg/blas.h"
#include "linalg/linalg.h"
#include "linalg/parallel.h"

#define TILE_FLOPS		2.5e8
#define TILE_FLOPS_MIN	8e6		/* below, starting a thread costs more than it brings */
#define TILES_WANTED	24		/* enough for an even share, if they are not too small */
#define TILE_ELEMENTS	(Size) (1 << 22)	/* most elements of A, B or C in a tile */
#define SLICE_K			1024
#define TILE_MULTIPLE	64

typedef struct Tiling
{
	Size		m,
				n,
				k;
	Size		tile_m,
				tile_n;
	Size		tiles_n;
	int64		n_tiles;
	Size		slice;			/* k of a slice */
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

static void
tiling_choose(Tiling *t, Size m, Size n, Size k)
{
	double		total = 2.0 * (double) m * (double) n * (double) k;
	double		flops = Max(TILE_FLOPS_MIN, Min(TILE_FLOPS, total / TILES_WANTED));
	Size		area;
	Size		side;

	t->m = m;
	t->n = n;
	t->k = k;
	t->slice = even_part(k, SLICE_K, TILE_MULTIPLE);
	area = (Size) Min(flops / (2.0 * (double) t->slice), (double) TILE_ELEMENTS);
	side = Max(TILE_MULTIPLE, (Size) sqrt((double) area));
	if (m <= n)
	{
		t->tile_m = even_part(m, side, TILE_MULTIPLE);
		t->tile_n = even_part(n, Max(TILE_MULTIPLE, Min(area / t->tile_m,
														TILE_ELEMENTS / t->slice)),
							  TILE_MULTIPLE);
	}
	else
	{
		t->tile_n = even_part(n, side, TILE_MULTIPLE);
		t->tile_m = even_part(m, Max(TILE_MULTIPLE, Min(area / t->tile_n,
														TILE_ELEMENTS / t->slice)),
							  TILE_MULTIPLE);
	}
	t->tiles_n = (n + t->tile_n - 1) / t->tile_n;
	t->n_tiles = (int64) (t->tiles_n * ((m + t->tile_m - 1) / t->tile_m));
}

/* A product in progress; a, b and c are float or double after the task that reads it. */
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
	Size		k0,				/* this slice */
				k1;
	char	   *scratch;		/* of gemm_f4_accumulate */
	Size		scratch_stride;
} Product;

typedef struct Tile
{
	Size		i,
				j;				/* first row and column */
	Size		m,
				n;
} Tile;

static Tile
tile_at(const Tiling *t, int64 number)
{
	Tile		tile;

	tile.i = (Size) number / t->tiles_n * t->tile_m;
	tile.j = (Size) number % t->tiles_n * t->tile_n;
	tile.m = Min(t->tile_m, t->m - tile.i);
	tile.n = Min(t->tile_n, t->n - tile.j);
	return tile;
}

/* Where op(A)'s element (i, k) stands. */
static Size
offset_of(bool transposed, Size row, Size column, Size ld)
{
	return transposed ? column * ld + row : row * ld + column;
}

static void
tile_f8(int64 number, int worker, void *arg)
{
	Product    *p = arg;
	Tile		t = tile_at(&p->tiling, number);

	gemm_f8_raw(p->ta, p->tb, t.m, t.n, p->k1 - p->k0, p->alpha,
				(const double *) p->a + offset_of(p->ta, t.i, p->k0, p->lda), p->lda,
				(const double *) p->b + offset_of(p->tb, p->k0, t.j, p->ldb), p->ldb,
				p->k0 == 0 ? p->beta : 1.0,
				(double *) p->c + t.i * p->ldc + t.j, p->ldc);
}

static void
tile_f4(int64 number, int worker, void *arg)
{
	Product    *p = arg;
	Tile		t = tile_at(&p->tiling, number);

	gemm_f4_raw(p->ta, p->tb, t.m, t.n, p->k1 - p->k0, (float) p->alpha,
				(const float *) p->a + offset_of(p->ta, t.i, p->k0, p->lda), p->lda,
				(const float *) p->b + offset_of(p->tb, p->k0, t.j, p->ldb), p->ldb,
				p->k0 == 0 ? (float) p->beta : 1.0f,
				(float *) p->c + t.i * p->ldc + t.j, p->ldc);
}

static void
run_slices(Product *p, ParallelTask task)
{
	p->k0 = 0;
	do
	{
		p->k1 = Min(p->tiling.k, p->k0 + Max(p->tiling.slice, 1));
		parallel_for(p->tiling.n_tiles, 0, task, p);
		p->k0 = p->k1;
	} while (p->k0 < p->tiling.k);
}

void
gemm_f8(bool ta, bool tb, Size m, Size n, Size k, double alpha, const double *a, Size lda,
		const double *b, Size ldb, double beta, double *c, Size ldc)
{
	Product		p = {.ta = ta, .tb = tb, .alpha = alpha, .a = a, .lda = lda, .b = b, .ldb = ldb,
	.beta = beta, .c = c, .ldc = ldc};

	if (m == 0 || n == 0)
		return;
	tiling_choose(&p.tiling, m, n, Max(k, 1));
	p.tiling.k = k;
	run_slices(&p, tile_f8);
}

void
gemm_f4(bool ta, bool tb, Size m, Size n, Size k, float alpha, const float *a, Size lda,
		const float *b, Size ldb, float beta, float *c, Size ldc)
{
	Product		p = {.ta = ta, .tb = tb, .alpha = alpha, .a = a, .lda = lda, .b = b, .ldb = ldb,
	.beta = beta, .c = c, .ldc = ldc};

	if (m == 0 || n == 0)
		return;
	tiling_choose(&p.tiling, m, n, Max(k, 1));
	p.tiling.k = k;
	run_slices(&p, tile_f4);
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

static void
tile_accumulate(int64 number, int worker, void *arg)
{
	Product    *p = arg;
	Tile		t = tile_at(&p->tiling, number);
	float	   *product = (float *) (p->scratch + worker * p->scratch_stride);
	double	   *c = (double *) p->c + t.i * p->ldc + t.j;

	gemm_f4_raw(true, false, t.m, t.n, p->k1 - p->k0, 1.0f,
				(const float *) p->a + p->k0 * p->lda + t.i, p->lda,
				(const float *) p->b + p->k0 * p->ldb + t.j, p->ldb,
				0.0f, product, t.n);
	for (Size i = 0; i < t.m; i++)
		add_row(c + i * p->ldc, product + i * t.n, t.n);
}

void
gemm_f4_accumulate(Size m, Size n, Size k, const float *a, Size lda, const float *b, Size ldb,
				   double *c, Size ldc)
{
	Product		p = {.a = a, .lda = lda, .b = b, .ldb = ldb, .c = c, .ldc = ldc};
	Size		tile_bytes;

	if (m == 0 || n == 0 || k == 0)
		return;
	tiling_choose(&p.tiling, m, n, k);
	tile_bytes = p.tiling.tile_m * p.tiling.tile_n * sizeof(float);
	p.scratch_stride = TYPEALIGN(64, tile_bytes);
	p.scratch = parallel_scratch(tile_bytes);
	run_slices(&p, tile_accumulate);
}

/* ---- symmetric products ---- */

#define SYRK_TILE		256

/* Tile (i, j), i >= j, of a triangle of tiles counted row by row. */
static void
triangle_at(int64 number, Size *i, Size *j)
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
tile_syrk(int64 number, int worker, void *arg)
{
	Product    *p = arg;
	const double *a = p->a;
	Size		tile = p->tiling.tile_m;
	Size		k = p->k1 - p->k0;
	double		beta = p->k0 == 0 ? p->beta : 1.0;
	Size		i,
				j;
	double	   *c;

	triangle_at(number, &i, &j);
	i *= tile;
	j *= tile;
	c = (double *) p->c + i * p->ldc + j;
	if (i == j && k > 0)
		blas.dsyrk(ROW_MAJOR, LOWER, p->ta ? TRANS : NO_TRANS, blas_int(Min(tile, p->tiling.n - i)),
				   blas_int(k), p->alpha, a + offset_of(p->ta, i, p->k0, p->lda),
				   blas_int(p->lda), beta, c, blas_int(p->ldc));
	else
		gemm_f8_raw(p->ta, !p->ta, Min(tile, p->tiling.n - i), Min(tile, p->tiling.n - j), k,
					p->alpha, a + offset_of(p->ta, i, p->k0, p->lda), p->lda,
					a + offset_of(p->ta, j, p->k0, p->lda), p->lda,
					beta, c, p->ldc);
}

/* Copies tile (i, j) of the lower triangle to (j, i). */
static void
tile_mirror(int64 number, int worker, void *arg)
{
	Product    *p = arg;
	double	   *c = p->c;
	Size		tile = p->tiling.tile_m;
	Size		i0,
				j0;

	triangle_at(number, &i0, &j0);
	i0 *= tile;
	j0 *= tile;
	for (Size ib = i0; ib < Min(p->tiling.n, i0 + tile); ib += 16)
		for (Size jb = j0; jb < Min(p->tiling.n, j0 + tile) && jb <= ib; jb += 16)
			for (Size i = ib; i < Min(p->tiling.n, ib + 16); i++)
				for (Size j = jb; j < Min(i, jb + 16); j++)
					c[j * p->ldc + i] = c[i * p->ldc + j];
}

void
syrk_f8(bool trans, Size n, Size k, double alpha, const double *a, Size lda,
		double beta, double *c, Size ldc)
{
	Product		p = {.ta = trans, .alpha = alpha, .a = a, .lda = lda, .beta = beta,
	.c = c, .ldc = ldc};
	Size		tiles;

	if (n == 0)
		return;
	p.tiling.n = n;
	p.tiling.k = k;
	p.tiling.slice = even_part(Max(k, 1), 2 * SLICE_K, TILE_MULTIPLE);
	p.tiling.tile_m = even_part(n, SYRK_TILE, TILE_MULTIPLE);
	tiles = (n + p.tiling.tile_m - 1) / p.tiling.tile_m;
	p.tiling.n_tiles = (int64) (tiles * (tiles + 1) / 2);
	run_slices(&p, tile_syrk);
	parallel_for(p.tiling.n_tiles, 0, tile_mirror, &p);
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
