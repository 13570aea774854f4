/*
 * kmeans_assign.c
 *		The nearest centre of each row.
 *
 * From scratch it is one product of the rows with the centres, in tiles whose
 * scores are looked at while they are in cache.  Where the best score leads by
 * more than the products' rounding the row is done; else the centres that are
 * within it are compared by differences in float8.  So the answer is that of
 * float8 although the flops are float4's.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "clustering/kmeans_assign.h"
#include "linalg/linalg.h"

#define NEAR_MAX		8			/* candidates of a row that are kept apart */
#define BLOCK_ROWS		4096

/* ---- scores ---- */

HOT_LOOP static float
subtract_max_f4(float *score, const float *half, int m)
{
	float		best = -INFINITY;

#pragma omp simd reduction(max:best)
	for (int j = 0; j < m; j++)
	{
		score[j] -= half[j];
		best = score[j] > best ? score[j] : best;
	}
	return best;
}

HOT_LOOP static float
max_f4(const float *score, int m)
{
	float		best = -INFINITY;

#pragma omp simd reduction(max:best)
	for (int j = 0; j < m; j++)
		best = score[j] > best ? score[j] : best;
	return best;
}

HOT_LOOP static int
find_f4(const float *score, int m, float value)
{
	int			at = m;

#pragma omp simd reduction(min:at)
	for (int j = 0; j < m; j++)
	{
		int			here = score[j] == value ? j : m;

		at = here < at ? here : at;
	}
	return at;
}

HOT_LOOP static double
subtract_max_f8(double *score, const double *half, int m)
{
	double		best = -INFINITY;

#pragma omp simd reduction(max:best)
	for (int j = 0; j < m; j++)
	{
		score[j] -= half[j];
		best = score[j] > best ? score[j] : best;
	}
	return best;
}

HOT_LOOP static double
max_f8(const double *score, int m)
{
	double		best = -INFINITY;

#pragma omp simd reduction(max:best)
	for (int j = 0; j < m; j++)
		best = score[j] > best ? score[j] : best;
	return best;
}

static int
find_f8(const double *score, int m, double value)
{
	int			at = 0;

	while (at < m && score[at] != value)
		at++;
	return at;
}

/* The row of scores at 'score', of either type; next_best takes the best of m out. */
static double
first_best(bool wide, void *score, const void *half, int from, int m)
{
	return wide ? subtract_max_f8(score, (const double *) half + from, m) :
		(double) subtract_max_f4(score, (const float *) half + from, m);
}

static int
take_out(bool wide, void *score, int m, double best)
{
	int			at = wide ? find_f8(score, m, best) : find_f4(score, m, (float) best);

	if (wide)
		((double *) score)[at] = -INFINITY;
	else
		((float *) score)[at] = -INFINITY;
	return at;
}

static double
next_best(bool wide, const void *score, int m)
{
	return wide ? max_f8(score, m) : (double) max_f4(score, m);
}

/* ---- one row ---- */

/* The best scores of a row so far, and the centres that may be nearest. */
struct Near
{
	double		error;
	double		best;
	double		second;
	int			n;				/* candidates; over NEAR_MAX: too many to keep */
	int32		which[NEAR_MAX];
	double		score[NEAR_MAX];
};

static void
near_start(Near *near, double error)
{
	near->error = error;
	near->best = -INFINITY;
	near->second = -INFINITY;
	near->n = 0;
}

static inline void
near_note(Near *near, double score)
{
	if (score > near->best)
	{
		near->second = near->best;
		near->best = score;
	}
	else if (score > near->second)
		near->second = score;
}

/* Looks at the products of a row with centres from .. from + m - 1. */
static void
near_look(Near *near, bool wide, void *score, const void *half, int from, int m)
{
	double		best = first_best(wide, score, half, from, m);

	while (best >= near->best - 2 * near->error && near->n <= NEAR_MAX && best > -INFINITY)
	{
		int			at = take_out(wide, score, m, best);

		near_note(near, best);
		if (near->n < NEAR_MAX)
		{
			near->which[near->n] = from + at;
			near->score[near->n] = best;
		}
		near->n++;
		best = next_best(wide, score, m);
	}
	near_note(near, best);
}

/* Of the candidates the nearest by differences (the lower number of equals); which NULL: numbers are those of centres. */
static int32
nearest_candidate(const Assignment *a, const TileCentres *centres, const Near *near, Size i, const int32 *which, double *x)
{
	int			n = near->n <= NEAR_MAX ? near->n : centres->k;
	double		least = INFINITY;
	int32		nearest = -1;

	kmeans_row_read(a->r, i, x);
	for (int t = 0; t < n; t++)
	{
		int32		number = near->n <= NEAR_MAX ? near->which[t] : t;
		int32		c = which ? which[number] : number;
		double		squared;

		if (near->n <= NEAR_MAX && near->score[t] < near->best - 2 * near->error)
			continue;
		squared = kmeans_squared(x, a->centre + (Size) c * a->r->d, a->r->d);
		if (squared < least || (squared == least && c < nearest))
		{
			least = squared;
			nearest = c;
		}
	}
	return nearest;
}

double
assignment_slack(const KmeansRows *r)
{
	return ((double) r->d + 1000) * 4 * DBL_EPSILON;
}

/* Sets a row's label, and its bounds if there are any. */
static void
near_finish(Assignment *a, const TileCentres *centres, const Near *near, Size i, const int32 *which, double *x)
{
	double		norm = a->r->norm[i];
	bool		certain = near->second < near->best - 2 * near->error;

	if (certain)
	{
		int			t = 0;

		while (near->score[t] != near->best)
			t++;
		a->label[i] = which ? which[near->which[t]] : near->which[t];
	}
	else
		a->label[i] = nearest_candidate(a, centres, near, i, which, x);
	if (a->upper)
	{
		double		second = certain ? near->second : near->best;
		double		least = near->best - (certain ? 1 : 3) * near->error;

		a->upper[i] = sqrt(Max(0, norm - 2 * least)) * (1 + assignment_slack(a->r));
		a->lower[i] = sqrt(Max(0, norm - 2 * (second + near->error))) * (1 - assignment_slack(a->r));
	}
}

/* ---- tiles ---- */

static Size
scratch_bytes(const KmeansRows *r, int k, TileShape shape)
{
	Size		bytes = size_mul(size_mul(shape.rows, size_add(r->d, shape.centres)), sizeof(double));

	bytes = size_add(bytes, size_mul(shape.rows, sizeof(Near)));
	bytes = size_add(bytes, size_mul(size_add(r->d, k), sizeof(double)));
	bytes = size_add(bytes, size_add(tile_centres_bytes(r, k), size_mul(k, sizeof(int32))));
	return TYPEALIGN(64, bytes);
}

AssignmentScratch
assignment_scratch(const Assignment *a, int worker)
{
	Size		rows = a->shape.rows;
	char	   *at = a->scratch + worker * a->scratch_bytes;
	AssignmentScratch s;

	s.rows = at;
	s.products = at + rows * a->r->d * sizeof(double);
	s.near = (Near *) ((char *) s.products + rows * a->shape.centres * sizeof(double));
	s.x = (double *) (s.near + rows);
	s.distance = s.x + a->r->d;
	s.some = *a->tile_centres;
	s.some.values = s.distance + a->k;
	s.some.half = (double *) s.some.values + (Size) a->k * a->r->d;
	s.which = (int32 *) ((double *) s.some.half + a->k);
	return s;
}

void
assignment_search(Assignment *a, const TileCentres *c, const int32 *which,
				  const int32 *row, Size first, int n, AssignmentScratch *s)
{
	const void *rows = tile_rows(a->r, c->wide, row, first, n, s->rows);
	Size		element = c->wide ? sizeof(double) : sizeof(float);

	for (int i = 0; i < n; i++)
		near_start(&s->near[i], tile_error(c, a->r->norm[row ? (Size) row[first + i] : first + i]));
	for (int from = 0; from < c->k; from += a->shape.centres)
	{
		int			m = Min(a->shape.centres, c->k - from);

		tile_products(c, rows, n, from, m, s->products);
		for (int i = 0; i < n; i++)
			near_look(&s->near[i], c->wide, (char *) s->products + (Size) i * m * element, c->half, from, m);
	}
	for (int i = 0; i < n; i++)
		near_finish(a, c, &s->near[i], row ? (Size) row[first + i] : first + i, which, s->x);
}

/* ---- from scratch ---- */

static void
start_tile(int64 number, int worker, void *arg)
{
	Assignment *a = arg;
	Size		first = number * a->shape.rows;
	AssignmentScratch s = assignment_scratch(a, worker);

	assignment_search(a, a->tile_centres, NULL, NULL, first, (int) Min((Size) a->shape.rows, a->r->n - first), &s);
}

void
assignment_start(Assignment *a, const double *centre)
{
	a->centre = centre;
	tile_centres_set(a->tile_centres, a->r, a->k, centre);
	parallel_for(((int64) a->r->n + a->shape.rows - 1) / a->shape.rows, 0, start_tile, a);
}

void
assignment_set(Assignment *a, Size i, int32 label)
{
	a->label[i] = label;
	if (a->upper)
	{
		a->upper[i] = INFINITY;
		a->lower[i] = 0;
	}
}

/* ---- all of it ---- */

Size
assignment_bytes(const KmeansRows *r, int k, bool bounds)
{
	TileShape	shape = tile_shape(r, k);
	Size		bytes = size_mul(scratch_bytes(r, k, shape), parallel_threads());

	bytes = size_add(bytes, tile_centres_bytes(r, k));
	return size_add(bytes, bounds ? size_mul(r->n, 2 * sizeof(double) + sizeof(int32) + sizeof(bool)) : 0);
}

Assignment *
assignment_new(const KmeansRows *r, int k, int32 *label, bool bounds)
{
	Assignment *a = palloc0(sizeof(Assignment));

	a->r = r;
	a->k = k;
	a->label = label;
	a->shape = tile_shape(r, k);
	a->tile_centres = tile_centres_new(r, k);
	a->scratch_bytes = scratch_bytes(r, k, a->shape);
	a->scratch = huge_alloc(size_mul(a->scratch_bytes, parallel_threads()));
	if (bounds)
	{
		a->upper = huge_matrix(1, r->n);
		a->lower = huge_matrix(1, r->n);
		a->open = huge_alloc(r->n * sizeof(bool));
		a->order = huge_alloc(r->n * sizeof(int32));
	}
	return a;
}

/* ---- distances ---- */

typedef struct Squares
{
	const KmeansRows *r;
	const double *centre;
	const int32 *label;
	double	   *squared;		/* n */
} Squares;

static void
square_block(int64 block, int worker, void *arg)
{
	const Squares *s = arg;
	Size		end = Min((Size) s->r->n, (Size) (block + 1) * BLOCK_ROWS);

	for (Size i = block * BLOCK_ROWS; i < end; i++)
		s->squared[i] = kmeans_row_squared(s->r, i, s->centre + (Size) s->label[i] * s->r->d);
}

void
kmeans_squares(const KmeansRows *r, const double *centre, const int32 *label, double *squared)
{
	Squares		s = {r, centre, label, squared};

	parallel_for(((int64) r->n + BLOCK_ROWS - 1) / BLOCK_ROWS, 0, square_block, &s);
}

void
kmeans_assign(const KmeansRows *r, int k, const double *centre, int32 *label, double *squared)
{
	MemoryContext scratch = scratch_create("k-means", assignment_bytes(r, k, false), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	assignment_start(assignment_new(r, k, label, false), centre);
	if (squared)
		kmeans_squares(r, centre, label, squared);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
