/*
 * within.c
 *		All pairs of rows that lie within a radius of each other.
 *
 * Half a squared distance is (|a|^2 + |b|^2) / 2 - a.b; the products come by gemm
 * in square tiles of the upper triangle, n^2 d flops, about the rows' mean and in
 * single precision.  A vectorised pass over each tile throws out what is farther
 * than rounding can tell, and a pair that rounding may have put on the wrong side is
 * measured by its differences in float8.  Where rounding in single precision would
 * leave too many of these (rows far from each other, a small radius) the products
 * are float8.  Cityblock distances take 3 n^2 d / 2 flops of loops.
 *
 * Memory: a batch of tiles, with room for all their pairs.  Tiles are shared by
 * threads; what they found is handed over by the backend thread, in order.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/convert.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "stats/differences.h"
#include "stats/within.h"

#define TILE_MAX		512
#define TILE_MIN		32
#define TILE_PRODUCTS	5e8			/* most multiplications of a tile */
#define TILE_DIFFERENCES 1e8		/* the same of a tile of cityblock distances */
#define TILE_TASKS		8			/* of a batch, for each thread */
#define CHUNK			32			/* products looked at together */
#define UNSURE			0.05		/* rounding, as a part of the squared radius, that float4 may leave */
#define MEMORY_HINT		"Take fewer rows, a random part of them."

typedef struct TilePairs
{
	Size		n;
	WithinPair *pair;			/* room for all of a tile */
} TilePairs;

typedef struct Search
{
	const Within *w;
	const int32 *group;
	void	   *y;				/* n x d about the mean, float or double */
	double	   *half_norm;		/* n: of the rows of y */
	void	   *half_least;		/* n, float or double: (1 - slack) half_norm */
	double		slack;
	double		half_square;	/* radius^2 / 2 and a little more */
	double		half_square_least;	/* and a little less */
	char	   *products;		/* product_bytes for each worker */
	Size		product_bytes;
	Size		side;			/* of a tile */
	Size		i0;				/* of the batch: its rows, and its first columns */
	Size		j0;
	TilePairs  *found;			/* for each tile of the batch */
} Search;

typedef struct Tile
{
	Size		i0;
	Size		rows;
	Size		j0;
	Size		columns;
} Tile;

static Tile
tile_of_batch(const Search *s, int64 number)
{
	Size		j0 = s->j0 + (Size) number * s->side;

	return (Tile) {s->i0, Min(s->side, s->w->n - s->i0), j0, Min(s->side, s->w->n - j0)};
}

/* ---- exact distances ---- */

double
within_distance(const Within *w, int i, int j)
{
	const double *a = w->x + (Size) i * w->d;
	const double *b = w->x + (Size) j * w->d;

	if (w->metric == WITHIN_CITYBLOCK)
		return absolute_difference(a, b, w->d);
	return sqrt(squared_difference(a, b, w->d));
}

/* ---- tiles ---- */

#define REAL float
#define GEMM gemm_f4_raw
#define NAME(what) what##_f4
#include "stats/within_loops.h"

#define REAL double
#define GEMM gemm_f8_raw
#define NAME(what) what##_f8
#include "stats/within_loops.h"

/* sum[j] += |value[0] - x[j]| + |value[1] - x[n + j]| + .., m <= 4 of them */
HOT_LOOP static void
add_differences(double *sum, int m, const double *value, const double *x, Size n)
{
	if (m == 4)
		for (Size j = 0; j < n; j++)
			sum[j] += (fabs(value[0] - x[j]) + fabs(value[1] - x[n + j])) +
				(fabs(value[2] - x[2 * n + j]) + fabs(value[3] - x[3 * n + j]));
	else
		for (int k = 0; k < m; k++)
			for (Size j = 0; j < n; j++)
				sum[j] += fabs(value[k] - x[k * n + j]);
}

/* The tile's columns are turned into d x columns, so that loops run along them. */
static void
search_tile_cityblock(int64 number, int worker, void *arg)
{
	Search	   *s = arg;
	const Within *w = s->w;
	Tile		t = tile_of_batch(s, number);
	TilePairs  *found = &s->found[number];
	double	   *turned = (double *) (s->products + worker * s->product_bytes);
	double	   *sum = turned + t.columns * w->d;

	for (Size j = 0; j < t.columns; j++)
		for (Size k = 0; k < w->d; k++)
			turned[k * t.columns + j] = w->x[(t.j0 + j) * w->d + k];
	for (Size i = 0; i < t.rows; i++)
	{
		memset(sum, 0, t.columns * sizeof(double));
		for (Size k = 0; k < w->d; k += 4)
			add_differences(sum, (int) Min(4, w->d - k), w->x + (t.i0 + i) * w->d + k, turned + k * t.columns, t.columns);
		for (Size j = t.i0 == t.j0 ? i + 1 : 0; j < t.columns; j++)
			if (sum[j] <= w->radius && s->group[t.i0 + i] != s->group[t.j0 + j])
				found->pair[found->n++] = (WithinPair) {(int32) (t.i0 + i), (int32) (t.j0 + j)};
	}
}

/* ---- the rows, made ready ---- */

/* To lengths of 1: the largest element is in [0.5, 1), or the row is 0. */
static void
make_directions(const PointRows *rows, double *x)
{
	Size		d = rows->d;

	for (int i = 0; i < rows->n; i++)
	{
		double	   *row = x + i * d;
		double		largest = 0;
		double		length = 0;

		CHECK_FOR_INTERRUPTS();
		for (Size k = 0; k < d; k++)
			largest = Max(largest, fabs(row[k]));
		if (largest == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("row %d is zero: it has no cosine distance", rows->came[i] + 1)));
		for (Size k = 0; k < d; k++)
		{
			row[k] /= largest;
			length += row[k] * row[k];
		}
		length = sqrt(length);
		for (Size k = 0; k < d; k++)
			row[k] /= length;
	}
}

Within *
within_new(const PointRows *rows, WithinMetric metric, double radius)
{
	Within	   *w = palloc(sizeof(Within));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "rows within a radius");

	w->n = rows->n;
	w->d = rows->d;
	w->metric = metric == WITHIN_COSINE ? WITHIN_EUCLIDEAN : metric;
	memory_claim_add(claim, size_mul(size_mul(w->n, w->d), sizeof(double)), MEMORY_HINT);
	w->x = huge_matrix(w->n, w->d);
	point_rows_read_f8(rows, 0, rows->n, w->x);
	if (metric == WITHIN_COSINE)
	{
		make_directions(rows, w->x);
		w->radius = sqrt(2 * radius);
	}
	else
		w->radius = ldexp(radius, -scale_to_one(w->n * w->d, w->x));
	return w;
}

/* ---- all of it ---- */

/* y = x about its mean. */
static double *
centred(const Within *w)
{
	double	   *y = huge_matrix(w->n, w->d);
	double	   *mean = huge_alloc0(w->d * sizeof(double));

	for (Size i = 0; i < w->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size k = 0; k < w->d; k++)
			mean[k] += w->x[i * w->d + k] / (double) w->n;
	}
	for (Size i = 0; i < w->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size k = 0; k < w->d; k++)
			y[i * w->d + k] = w->x[i * w->d + k] - mean[k];
	}
	pfree(mean);
	return y;
}

/*
 * The largest part of (|a|^2 + |b|^2) / 2 by which rounding can shift half a
 * squared distance: the product's d additions, the rows' own rounding, and the comparison.
 */
static double
slack_of(Size d, double epsilon)
{
	return ((double) d + 16) * epsilon;
}

/* Products in single precision?  Then y and half_least are floats. */
static bool
prepare(Search *s)
{
	const Within *w = s->w;
	double		square = w->radius * w->radius;
	double		mean_norm = 0;
	double	   *y = centred(w);
	double	   *least = huge_matrix(1, w->n);
	bool		single;

	s->half_norm = huge_matrix(1, w->n);
	for (Size i = 0; i < w->n; i++)
	{
		double		norm = squared_length(y + i * w->d, w->d);

		CHECK_FOR_INTERRUPTS();
		s->half_norm[i] = norm / 2;
		mean_norm += norm / (double) w->n;
	}
	single = square > 1e-20 && slack_of(w->d, FLT_EPSILON) * mean_norm < UNSURE * square;
	s->slack = slack_of(w->d, single ? FLT_EPSILON : DBL_EPSILON);
	s->half_square = square / 2 * (1 + s->slack);
	s->half_square_least = square / 2 * (1 - s->slack);
	for (Size i = 0; i < w->n; i++)
		least[i] = s->half_norm[i] * (1 - s->slack);
	s->y = y;
	s->half_least = least;
	if (single)
	{
		s->y = huge_alloc(w->n * w->d * sizeof(float));
		s->half_least = huge_alloc(w->n * sizeof(float));
		narrow_doubles(y, s->y, w->n * w->d);
		narrow_doubles(least, s->half_least, w->n);
		pfree(y);
		pfree(least);
	}
	return single;
}

static Size
tile_side(const Within *w)
{
	double		work = w->metric == WITHIN_CITYBLOCK ? TILE_DIFFERENCES : TILE_PRODUCTS;
	double		side = sqrt(work / (double) w->d);

	return Min((Size) Min(Max(side, TILE_MIN), TILE_MAX), w->n);
}

/* Of a worker: a tile of products, or a tile's columns turned and a row of sums. */
static Size
product_bytes(const Within *w)
{
	return size_mul(tile_side(w), size_mul(w->metric == WITHIN_CITYBLOCK ? w->d + 1 : tile_side(w), sizeof(double)));
}

static Size
search_bytes(const Within *w, int n_tiles)
{
	Size		rows = size_mul(w->n, size_add(size_mul(w->d, sizeof(double) + sizeof(float)), 3 * sizeof(double)));
	Size		pairs = size_mul(tile_side(w) * tile_side(w), sizeof(WithinPair));

	return size_add(size_add(rows, size_mul(product_bytes(w), parallel_threads())), size_mul(n_tiles, pairs));
}

static void
search_batches(Search *s, int batch, ParallelTask task, WithinTake take, void *arg)
{
	Size		n = s->w->n;

	for (s->i0 = 0; s->i0 < n; s->i0 += s->side)
		for (s->j0 = s->i0; s->j0 < n; s->j0 += (Size) batch * s->side)
		{
			int			n_tiles = (int) Min((Size) batch, (n - s->j0 + s->side - 1) / s->side);

			for (int t = 0; t < n_tiles; t++)
				s->found[t].n = 0;
			parallel_for(n_tiles, 0, task, s);
			for (int t = 0; t < n_tiles; t++)
			{
				CHECK_FOR_INTERRUPTS();
				if (s->found[t].n > 0)
					take(s->found[t].n, s->found[t].pair, arg);
			}
			progress_add(n_tiles);
		}
}

void
within_pairs(const Within *w, const int32 *group, WithinTake take, void *arg)
{
	Size		side = tile_side(w);
	Size		n_tiles = (w->n + side - 1) / side;	/* in a row of them */
	int			batch = (int) Min((Size) TILE_TASKS * parallel_threads(), n_tiles);
	MemoryContext scratch = scratch_create("rows within a radius", search_bytes(w, batch), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Search		s = {.w = w, .group = group, .side = side};
	ParallelTask task = search_tile_cityblock;

	if (w->metric == WITHIN_EUCLIDEAN)
		task = prepare(&s) ? search_tile_f4 : search_tile_f8;
	s.product_bytes = product_bytes(w);
	s.products = huge_alloc(size_mul(s.product_bytes, parallel_threads()));
	s.found = palloc(Max(1, batch) * sizeof(TilePairs));
	for (int t = 0; t < batch; t++)
		s.found[t].pair = huge_alloc(side * side * sizeof(WithinPair));
	MemoryContextSwitchTo(old); /* where 'take' keeps what it wants */
	progress_begin("rows within a radius", (double) n_tiles * (n_tiles + 1) / 2);
	search_batches(&s, batch, task, take, arg);
	progress_end();
	MemoryContextDelete(scratch);
}
