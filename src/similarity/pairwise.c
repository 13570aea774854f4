/*
 * pairwise.c
 *		Distances of all pairs of points from one matrix product.
 *
 * |x_i - x_j|^2 = |x_i|^2 + |x_j|^2 - 2 x_i.x_j: n^2 m flops by syrk, in float8,
 * over slices of dimensions that are converted and centred on the way, so that
 * scratch is the products (8 n^2 bytes) and one slice (64 MB, or a quarter of
 * the products).  The same identity serves sum (x_i - x_j) (y_i - y_j), by gemm.
 *
 * The subtlety is cancellation: the rounding of the products, about 1e-14 of
 * |x_i|^2 + |x_j|^2, is all of a distance that is small beside the norms.  First,
 * each dimension is centred on its mean over the points, which no difference
 * feels, so that a common offset costs no digits.  Second, a pair whose squared
 * distance comes out below NEAR of its norms is taken again from the differences
 * themselves; copies of a point then have distance 0 exactly.  Data of a few
 * tight clusters pay that for many pairs: 3 m flops each, in vectors, which is
 * what a pair loop would have cost for all.
 *
 * Sums of absolute differences have no such identity: tiles of pairs over slices
 * of dimensions, four columns to a pass over a row, n^2 m / 2 differences.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "similarity/pairwise.h"
#include "stats/differences.h"

#define SLICE_BYTES		((Size) 64 << 20)
#define SLICE_MULTIPLE	128
#define SLICE_ABSOLUTE	1024	/* a tile's rows of a slice stay in the cache */
#define READ_COLUMNS	128		/* dimensions of a task that reads */
#define TILE			32		/* side of a tile of pairs */
#define NEAR			1e-6
#define DIRECT_ELEMENTS 20000000	/* most of a task that takes pairs again */

#define MEMORY_HINT "Take fewer conditions, or average them into fewer labels."

/* All pairs of x (b NULL) or of x and b; with y, products of differences of x and of y. */
typedef struct Pairs
{
	const Points *x;
	const Points *b;
	const Points *y;
	bool		centre;
	Size		n_rows;
	Size		n_columns;

	Size		width;			/* of a slice */
	Size		first;			/* the slice's first dimension */
	Size		count;			/* and its dimensions */
	double	   *slice_x;		/* n_rows x width */
	double	   *slice_b;		/* b's or y's; NULL if there is neither */

	double	   *products;		/* n_rows x n_columns */
	double	   *self_x;			/* n_rows: x_i.x_i, with y x_i.y_i */
	double	   *self_b;			/* n_columns: the same of b; self_x if there is no b */
	double	   *size_x;			/* what a pair's distance is held against: |x_i|^2, with y |x_i| |y_i| */
	double	   *size_b;
	Size		columns_of_task;
	double	   *out;
} Pairs;

/* Where row i of the answer begins, so that [j] is the pair (i, j). */
static double *
out_row(const Pairs *p, Size i)
{
	if (p->b)
		return p->out + i * p->n_columns;
	return p->out + ((int64) (i * (2 * p->n_columns - i - 1) / 2) - (int64) i - 1);
}

static Size
parts(Size n, Size part)
{
	return (n + part - 1) / part;
}

/* ---- slices ---- */

HOT_LOOP static void
add_to_sum(double *sum, const double *x, Size n)
{
	for (Size i = 0; i < n; i++)
		sum[i] += x[i];
}

HOT_LOOP static void
subtract(double *x, const double *mean, Size n)
{
	for (Size i = 0; i < n; i++)
		x[i] -= mean[i];
}

/* Reads some dimensions of all points and adds them up. */
static void
read_points(const Points *points, Size first, Size count, double *slice, Size width, double *sum)
{
	for (Size i = 0; i < points->n; i++)
	{
		points->read(points->source, i, first, count, slice + i * width);
		add_to_sum(sum, slice + i * width, count);
	}
}

static void
centre_points(double *slice, Size width, Size n, Size count, double *sum, Size n_summed)
{
	for (Size k = 0; k < count; k++)
		sum[k] /= (double) n_summed;
	for (Size i = 0; i < n; i++)
		subtract(slice + i * width, sum, count);
}

static void
read_task(int64 task, int worker, void *arg)
{
	Pairs	   *p = arg;
	Size		column = (Size) task * READ_COLUMNS;
	Size		first = p->first + column;
	Size		count = Min(READ_COLUMNS, p->count - column);
	double		sum_x[READ_COLUMNS] = {0};
	double		sum_y[READ_COLUMNS] = {0};

	read_points(p->x, first, count, p->slice_x + column, p->width, sum_x);
	if (p->b)
		read_points(p->b, first, count, p->slice_b + column, p->width, sum_x);
	if (p->y)
		read_points(p->y, first, count, p->slice_b + column, p->width, sum_y);
	if (!p->centre)
		return;
	centre_points(p->slice_x + column, p->width, p->n_rows, count, sum_x, p->n_rows + (p->b ? p->n_columns : 0));
	if (p->b)
		for (Size j = 0; j < p->n_columns; j++)
			subtract(p->slice_b + j * p->width + column, sum_x, count);
	if (p->y)
		centre_points(p->slice_b + column, p->width, p->n_rows, count, sum_y, p->n_rows);
}

/* The next slice, or false after the last. */
static bool
next_slice(Pairs *p)
{
	p->first += p->count;
	p->count = Min(p->width, p->x->m - p->first);
	if (p->count == 0)
		return false;
	parallel_for((int64) parts(p->count, READ_COLUMNS), 0, read_task, p);
	return true;
}

static void
pairs_init(Pairs *p, const Points *x, const Points *b, const Points *y, double *out)
{
	*p = (Pairs) {.x = x, .b = b, .y = y, .out = out, .n_rows = x->n, .n_columns = b ? b->n : x->n};
}

/* Slices of at most this width and number of bytes, in a scratch context with 'more' bytes claimed. */
static MemoryContext
slices_start(Pairs *p, Size width, Size bytes, Size more)
{
	Size		rows = p->n_rows + (p->b || p->y ? p->n_columns : 0);
	Size		fit = bytes / (Max(rows, 1) * sizeof(double)) / SLICE_MULTIPLE * SLICE_MULTIPLE;
	MemoryContext scratch;
	MemoryContext old;

	p->width = Min(p->x->m, Min(width, Max(SLICE_MULTIPLE, fit)));
	scratch = scratch_create("neuroenc distances", size_add(more, size_mul(size_mul(rows, p->width), sizeof(double))),
							 MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	p->slice_x = huge_matrix(p->n_rows, p->width);
	if (p->b || p->y)
		p->slice_b = huge_matrix(p->n_columns, p->width);
	MemoryContextSwitchTo(old);
	return scratch;
}

/* ---- sums of squares and of products ---- */

/* Norms over a slice, which the products do not hold. */
static void
norms_task(int64 task, int worker, void *arg)
{
	Pairs	   *p = arg;
	Size		i = (Size) task;
	const double *x = p->slice_x + i * p->width;

	if (p->y)
	{
		const double *y = p->slice_b + i * p->width;

		p->size_x[i] += squared_length(x, p->count);
		p->size_b[i] += squared_length(y, p->count);
		p->self_x[i] += inner_product(x, y, p->count);
	}
	else if (i < p->n_rows)
		p->self_x[i] += squared_length(x, p->count);
	else
	{
		const double *b = p->slice_b + (i - p->n_rows) * p->width;

		p->self_b[i - p->n_rows] += squared_length(b, p->count);
	}
}

static void
add_products(Pairs *p)
{
	double		beta = p->first > 0 ? 1 : 0;

	if (p->b == NULL && p->y == NULL)
	{
		syrk_f8(false, p->n_rows, p->count, 1, p->slice_x, p->width, beta, p->products, p->n_columns);
		return;
	}
	gemm_f8(false, true, p->n_rows, p->n_columns, p->count, 1, p->slice_x, p->width, p->slice_b, p->width,
			beta, p->products, p->n_columns);
	parallel_for((int64) (p->y ? p->n_rows : p->n_rows + p->n_columns), 0, norms_task, p);
}

HOT_LOOP static double
products_of_differences(const double *xi, const double *xj, const double *yi, const double *yj, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size k = 0; k < n; k++)
		sum += (xi[k] - xj[k]) * (yi[k] - yj[k]);
	return sum;
}

/* A pair's distance from the differences themselves. */
static double
direct(const Pairs *p, Size i, Size j)
{
	const Points *b = p->b ? p->b : p->x;
	double		xi[POINTS_STRETCH];
	double		xj[POINTS_STRETCH];
	double		yi[POINTS_STRETCH];
	double		yj[POINTS_STRETCH];
	double		sum = 0;

	for (Size first = 0; first < p->x->m; first += POINTS_STRETCH)
	{
		Size		count = Min(POINTS_STRETCH, p->x->m - first);

		p->x->read(p->x->source, i, first, count, xi);
		b->read(b->source, j, first, count, xj);
		if (p->y)
		{
			p->y->read(p->y->source, i, first, count, yi);
			p->y->read(p->y->source, j, first, count, yj);
		}
		sum += products_of_differences(xi, xj, p->y ? yi : xi, p->y ? yj : xj, count);
	}
	return sum;
}

/* Some columns of a row of the answer. */
static void
distances_task(int64 task, int worker, void *arg)
{
	Pairs	   *p = arg;
	Size		n_parts = parts(p->n_columns, p->columns_of_task);
	Size		i = (Size) task / n_parts;
	Size		start = (Size) task % n_parts * p->columns_of_task;
	Size		end = Min(p->n_columns, start + p->columns_of_task);
	const double *products = p->products + i * p->n_columns;
	double	   *out = out_row(p, i);

	for (Size j = p->b ? start : Max(start, i + 1); j < end; j++)
	{
		double		mirrored = p->y ? p->products[j * p->n_columns + i] : products[j];
		double		d = (p->self_x[i] + p->self_b[j]) - (products[j] + mirrored);

		out[j] = fabs(d) > NEAR * (p->size_x[i] + p->size_b[j]) ? d : direct(p, i, j);
	}
}

/* Where what a pair's distance is made of stands, once the products are summed. */
static void
finish_norms(Pairs *p)
{
	if (p->y)
	{
		for (Size i = 0; i < p->n_rows; i++)
			p->size_x[i] = sqrt(p->size_x[i]) * sqrt(p->size_b[i]);
		p->self_b = p->self_x;
		p->size_b = p->size_x;
		return;
	}
	if (p->b == NULL)
	{
		for (Size i = 0; i < p->n_rows; i++)
			p->self_x[i] = p->products[i * p->n_columns + i];
		p->self_b = p->self_x;
	}
	p->size_x = p->self_x;
	p->size_b = p->self_b;
}

static void
products_of_pairs(const Points *x, const Points *b, const Points *y, double *out)
{
	Pairs		p;
	Size		product_bytes = size_mul(size_mul(x->n, b ? b->n : x->n), sizeof(double));
	Size		norm_bytes = 2 * (x->n + (b ? b->n : x->n)) * sizeof(double);
	MemoryContext scratch;
	MemoryContext old;

	pairs_init(&p, x, b, y, out);
	if (p.n_rows == 0 || p.n_columns == 0)
		return;
	p.centre = true;
	scratch = slices_start(&p, x->m, Max(SLICE_BYTES, product_bytes / 4), size_add(product_bytes, norm_bytes));
	old = MemoryContextSwitchTo(scratch);
	p.products = huge_matrix(p.n_rows, p.n_columns);
	p.self_x = huge_alloc0(p.n_rows * sizeof(double));
	p.size_x = huge_alloc0(p.n_rows * sizeof(double));
	p.self_b = huge_alloc0(p.n_columns * sizeof(double));
	p.size_b = huge_alloc0(p.n_columns * sizeof(double));
	while (next_slice(&p))
		add_products(&p);
	finish_norms(&p);
	p.columns_of_task = Min(64, Max(1, DIRECT_ELEMENTS / x->m));
	parallel_for((int64) (p.n_rows * parts(p.n_columns, p.columns_of_task)), 0, distances_task, &p);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* ---- sums of absolute differences: of one row and four others ---- */

HOT_LOOP static void
absolute_differences(const double *x, const double *b, Size stride, Size n, double sum[4])
{
	const double *b1 = b + stride;
	const double *b2 = b1 + stride;
	const double *b3 = b2 + stride;
	double		s0 = 0;
	double		s1 = 0;
	double		s2 = 0;
	double		s3 = 0;

#pragma omp simd reduction(+:s0, s1, s2, s3)
	for (Size k = 0; k < n; k++)
	{
		s0 += fabs(x[k] - b[k]);
		s1 += fabs(x[k] - b1[k]);
		s2 += fabs(x[k] - b2[k]);
		s3 += fabs(x[k] - b3[k]);
	}
	sum[0] = s0;
	sum[1] = s1;
	sum[2] = s2;
	sum[3] = s3;
}

static void
absolute_tile(int64 task, int worker, void *arg)
{
	Pairs	   *p = arg;
	const double *slice_b = p->b ? p->slice_b : p->slice_x;
	Size		tiles = parts(p->n_columns, TILE);
	Size		i0 = (Size) task / tiles * TILE;
	Size		j0 = (Size) task % tiles * TILE;
	Size		i1 = Min(p->n_rows, i0 + TILE);
	Size		j1 = Min(p->n_columns, j0 + TILE);

	for (Size i = i0; i < i1; i++)
	{
		double	   *out = out_row(p, i);

		for (Size j = p->b ? j0 : Max(j0, i + 1); j < j1; j += 4)
		{
			const double *x = p->slice_x + i * p->width;
			const double *b = slice_b + j * p->width;
			Size		n = Min(4, j1 - j);
			double		sum[4];

			if (n == 4)
				absolute_differences(x, b, p->width, p->count, sum);
			else
				for (Size k = 0; k < n; k++)
					sum[k] = absolute_difference(x, b + k * p->width, p->count);
			for (Size k = 0; k < n; k++)
				out[j + k] = p->first > 0 ? out[j + k] + sum[k] : sum[k];
		}
	}
}

static void
absolute_of_pairs(const Points *x, const Points *b, double *out)
{
	Pairs		p;
	MemoryContext scratch;

	pairs_init(&p, x, b, NULL, out);
	if (p.n_rows == 0 || p.n_columns == 0)
		return;
	scratch = slices_start(&p, SLICE_ABSOLUTE, SLICE_BYTES, 0);
	while (next_slice(&p))
		parallel_for((int64) (parts(p.n_rows, TILE) * parts(p.n_columns, TILE)), 0, absolute_tile, &p);
	MemoryContextDelete(scratch);
}

/* ---- names ---- */

void
pairwise_squares(const Points *x, double *out)
{
	products_of_pairs(x, NULL, NULL, out);
}

void
pairwise_products(const Points *x, const Points *y, double *out)
{
	products_of_pairs(x, NULL, y, out);
}

void
pairwise_squares_between(const Points *a, const Points *b, double *out)
{
	products_of_pairs(a, b, NULL, out);
}

void
pairwise_absolute(const Points *x, double *out)
{
	absolute_of_pairs(x, NULL, out);
}

void
pairwise_absolute_between(const Points *a, const Points *b, double *out)
{
	absolute_of_pairs(a, b, out);
}
