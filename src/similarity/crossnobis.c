/*
 * crossnobis.c
 *		Cross-validated squared distances of conditions over folds (the
 *		crossnobis estimator: Walther et al. 2016; Diedrichsen et al. 2021).
 *
 * With P_f the patterns of the folds F, k of them, and T their sum, the mean over
 * ordered pairs of different folds has the closed form
 *
 *	 D_ij = contrast of (T T' - sum_f P_f P_f') / (k (k - 1) m)
 *
 * so k + 1 products replace a loop over pairs of folds; for balanced folds it is
 * the leave-one-fold-out mean.  Where conditions are missing in some folds, the
 * folds of a pair are those that have both: conditions are sorted by the set of
 * folds that they have, tiles of pairs never span two sets, and each tile sums
 * over its own F.  So unbalanced folds cost what balanced ones do, and a pair's
 * distance is that of the pair alone.
 *
 * Patterns are read in slices of dimensions, centred by fold on the mean over
 * its conditions, which no contrast feels: a common offset costs no digits.
 *
 * Cost: (k + 1) n^2 m flops in tiles of gemm, shared by threads; the slice holds
 * 8 n (n_folds + 1) bytes a dimension.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "similarity/crossnobis.h"

#define TILE			128		/* conditions */
#define SLICE_BYTES		((Size) 64 << 20)
#define SLICE_MULTIPLE	64
#define SLICE_MOST		512
#define TASK_FLOPS		6e8
#define READ_COLUMNS	64

#define MEMORY_HINT "Take fewer conditions or folds at a time."

/* Consecutive conditions, in sorted order, that have the same folds. */
typedef struct Tile
{
	Size		first;
	Size		n;
	Size		n_folds;
} Tile;

/* The sums over the folds of F of a tile's patterns, n x width, and what of their squares is across folds. */
typedef struct FoldSums
{
	double	   *sum;
	double	   *self;			/* |sum|^2 less each fold's own squares */
} FoldSums;

typedef struct Crossnobis
{
	const Points *cells;
	const int  *cell;
	Size		n;
	Size		n_folds;
	int		   *order;			/* n: the conditions, sorted by the folds that they have */
	Tile	   *tiles;
	Size		n_tiles;

	Size		width;			/* of a slice */
	Size		first;			/* the slice's first dimension */
	Size		count;			/* and its dimensions */
	double	   *slice;			/* n_folds x n x width, conditions in sorted order, 0 where missing */
	FoldSums	own;			/* of all conditions, over the folds that each has */
	double	   *scratch;		/* by thread */
	Size		scratch_stride;
	double	   *out;
} Crossnobis;

/* ---- which conditions have the same folds ---- */

static bool
has_fold(const Crossnobis *c, int condition, Size f)
{
	return c->cell[(Size) condition * c->n_folds + f] >= 0;
}

static int
compare_fold_sets(const void *a, const void *b, void *arg)
{
	const Crossnobis *c = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	for (Size f = 0; f < c->n_folds; f++)
		if (has_fold(c, x, f) != has_fold(c, y, f))
			return has_fold(c, x, f) ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool
same_folds(const Crossnobis *c, int x, int y)
{
	for (Size f = 0; f < c->n_folds; f++)
		if (has_fold(c, x, f) != has_fold(c, y, f))
			return false;
	return true;
}

static void
sort_conditions(Crossnobis *c)
{
	for (Size i = 0; i < c->n; i++)
		c->order[i] = (int) i;
	qsort_arg(c->order, c->n, sizeof(int), compare_fold_sets, c);
	for (Size i = 0; i < c->n; i++)
	{
		Tile	   *last = c->tiles + c->n_tiles - 1;

		if (i == 0 || last->n == TILE || !same_folds(c, c->order[last->first], c->order[i]))
		{
			Size		n_folds = 0;

			for (Size f = 0; f < c->n_folds; f++)
				n_folds += has_fold(c, c->order[i], f);
			c->tiles[c->n_tiles++] = (Tile) {i, 1, n_folds};
		}
		else
			last->n++;
	}
}

/* ---- slices ---- */

/* Some dimensions of one fold: read, and centred on the mean of the conditions that it has. */
static void
read_task(int64 task, int worker, void *arg)
{
	Crossnobis *c = arg;
	Size		f = (Size) task % c->n_folds;
	Size		column = (Size) task / c->n_folds * READ_COLUMNS;
	Size		count = Min(READ_COLUMNS, c->count - column);
	double	   *slice = c->slice + f * c->n * c->width + column;
	double		mean[READ_COLUMNS] = {0};
	Size		n = 0;

	for (Size i = 0; i < c->n; i++)
	{
		double	   *row = slice + i * c->width;
		int			cell = c->cell[(Size) c->order[i] * c->n_folds + f];

		if (cell < 0)
		{
			memset(row, 0, count * sizeof(double));
			continue;
		}
		c->cells->read(c->cells->source, cell, c->first + column, count, row);
		for (Size k = 0; k < count; k++)
			mean[k] += row[k];
		n++;
	}
	for (Size k = 0; k < count; k++)
		mean[k] /= (double) Max(n, 1);
	for (Size i = 0; i < c->n; i++)
		if (has_fold(c, c->order[i], f))
			for (Size k = 0; k < count; k++)
				slice[i * c->width + k] -= mean[k];
}

/* ---- tiles of pairs ---- */

HOT_LOOP static void
add_row(double *sum, const double *x, Size n)
{
	for (Size k = 0; k < n; k++)
		sum[k] += x[k];
}

HOT_LOOP static double
sum_of_squares(const double *x, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size k = 0; k < n; k++)
		sum += x[k] * x[k];
	return sum;
}

static const double *
rows_of(const Crossnobis *c, const Tile *t, Size f)
{
	return c->slice + (f * c->n + t->first) * c->width;
}

static void
sum_over_folds(const Crossnobis *c, const Tile *t, const bool *in, FoldSums to)
{
	for (Size i = 0; i < t->n; i++)
	{
		double	   *row = to.sum + i * c->width;
		double		own = 0;

		memset(row, 0, c->count * sizeof(double));
		for (Size f = 0; f < c->n_folds; f++)
			if (in[f])
			{
				const double *x = rows_of(c, t, f) + i * c->width;

				add_row(row, x, c->count);
				own += sum_of_squares(x, c->count);
			}
		to.self[i] = sum_of_squares(row, c->count) - own;
	}
}

/* Where a thread keeps what a tile needs. */
typedef struct TileScratch
{
	FoldSums	a;				/* TILE x width */
	FoldSums	b;
	double	   *products;		/* TILE x TILE */
	bool	   *in;				/* n_folds: both tiles have the fold */
} TileScratch;

static Size
scratch_doubles(const Crossnobis *c)
{
	return 2 * (Size) TILE * c->width + (Size) TILE * TILE + 2 * (Size) TILE + c->n_folds / sizeof(double) + 1;
}

static TileScratch
scratch_of(const Crossnobis *c, int worker)
{
	TileScratch s;

	s.a.sum = c->scratch + worker * c->scratch_stride;
	s.b.sum = s.a.sum + TILE * c->width;
	s.products = s.b.sum + TILE * c->width;
	s.a.self = s.products + (Size) TILE * TILE;
	s.b.self = s.a.self + TILE;
	s.in = (bool *) (s.b.self + TILE);
	return s;
}

/* The folds that both tiles have. */
static Size
shared_folds(const Crossnobis *c, const Tile *a, const Tile *b, bool *in)
{
	Size		k = 0;

	for (Size f = 0; f < c->n_folds; f++)
		k += in[f] = has_fold(c, c->order[a->first], f) && has_fold(c, c->order[b->first], f);
	return k;
}

static FoldSums
own_sums(const Crossnobis *c, const Tile *t)
{
	return (FoldSums) {c->own.sum + t->first * c->width, c->own.self + t->first};
}

/* Balanced folds need no sums but these, made once a slice. */
static void
own_task(int64 task, int worker, void *arg)
{
	Crossnobis *c = arg;
	const Tile *t = c->tiles + task;
	TileScratch s = scratch_of(c, worker);

	shared_folds(c, t, t, s.in);
	sum_over_folds(c, t, s.in, own_sums(c, t));
}

/* A tile's sums over the k folds of F, which are among its own. */
static FoldSums
sums_for(const Crossnobis *c, const Tile *t, const bool *in, Size k, FoldSums scratch)
{
	if (k == t->n_folds)
		return own_sums(c, t);
	sum_over_folds(c, t, in, scratch);
	return scratch;
}

static double *
distance_of(const Crossnobis *c, Size a, Size b)
{
	Size		i = Min(c->order[a], c->order[b]);
	Size		j = Max(c->order[a], c->order[b]);

	return c->out + i * (2 * c->n - i - 1) / 2 + (j - i - 1);
}

static void
pairs_task(int64 task, int worker, void *arg)
{
	Crossnobis *c = arg;
	const Tile *a = c->tiles + (Size) task / c->n_tiles;
	const Tile *b = c->tiles + (Size) task % c->n_tiles;
	TileScratch s = scratch_of(c, worker);
	FoldSums	sums_a = {0};
	FoldSums	sums_b = {0};
	double		scale;
	Size		k;

	if (a > b)
		return;
	k = shared_folds(c, a, b, s.in);
	scale = k > 1 ? 1 / ((double) k * (double) (k - 1) * (double) c->cells->m) : NAN;
	if (k > 1)
	{
		sums_a = sums_for(c, a, s.in, k, s.a);
		sums_b = sums_for(c, b, s.in, k, s.b);
		gemm_f8_raw(false, true, a->n, b->n, c->count, 1, sums_a.sum, c->width, sums_b.sum, c->width, 0, s.products, TILE);
		for (Size f = 0; f < c->n_folds; f++)
			if (s.in[f])
				gemm_f8_raw(false, true, a->n, b->n, c->count, -1, rows_of(c, a, f), c->width,
							rows_of(c, b, f), c->width, 1, s.products, TILE);
	}
	for (Size i = 0; i < a->n; i++)
		for (Size j = a == b ? i + 1 : 0; j < b->n; j++)
		{
			double	   *d = distance_of(c, a->first + i, b->first + j);
			double		part = k > 1 ? (sums_a.self[i] + sums_b.self[j] - 2 * s.products[i * TILE + j]) * scale : scale;

			*d = c->first > 0 ? *d + part : part;
		}
}

static Size
slice_width(Size n, Size n_folds, Size m)
{
	double		by_bytes = (double) SLICE_BYTES / ((double) n * ((double) n_folds + 1) * sizeof(double));
	double		by_flops = TASK_FLOPS / (2.0 * TILE * TILE * ((double) n_folds + 1));
	Size		width = (Size) Min(Min(by_bytes, by_flops), SLICE_MOST) / SLICE_MULTIPLE * SLICE_MULTIPLE;

	return Min(m, Max(width, SLICE_MULTIPLE));
}

void
crossnobis(const Points *cells, const int *cell, Size n, Size n_folds, double *out)
{
	Crossnobis	c = {.cells = cells, .cell = cell, .n = n, .n_folds = n_folds, .out = out};
	Size		slice_bytes;
	Size		own_bytes;
	MemoryContext scratch;
	MemoryContext old;

	c.width = slice_width(n, n_folds, cells->m);
	c.scratch_stride = scratch_doubles(&c);
	slice_bytes = size_mul(size_mul(n, n_folds), c.width * sizeof(double));
	own_bytes = size_mul(n, (c.width + 1) * sizeof(double));
	scratch = scratch_create("crossnobis", size_add(size_add(slice_bytes, own_bytes), c.scratch_stride * sizeof(double) * parallel_threads()),
							 MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	c.order = palloc(n * sizeof(int));
	c.tiles = palloc(n * sizeof(Tile));
	c.slice = huge_alloc(slice_bytes);
	c.own.sum = huge_alloc(own_bytes);
	c.own.self = c.own.sum + n * c.width;
	c.scratch = huge_matrix(parallel_threads(), c.scratch_stride);
	sort_conditions(&c);
	for (; c.first < cells->m; c.first += c.count)
	{
		c.count = Min(c.width, cells->m - c.first);
		parallel_for((int64) (n_folds * ((c.count + READ_COLUMNS - 1) / READ_COLUMNS)), 0, read_task, &c);
		parallel_for((int64) c.n_tiles, 0, own_task, &c);
		parallel_for((int64) (c.n_tiles * c.n_tiles), 0, pairs_task, &c);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
