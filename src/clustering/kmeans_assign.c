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
#include "stats/differences.h"

#define BLOCK_ROWS		4096

/* ---- scores ---- */

/*
 * Vectors of the compiler's, as wide as the widest machine's and cut where it is
 * narrower: a lane keeps its best and second best, and where the best was.
 */
#define LANES			16
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(4)));
typedef int32 LaneNumbers __attribute__((vector_size(LANES * sizeof(int32)), aligned(4)));

#define PICK(mask, a, b) (((LaneNumbers) (a) & (mask)) | ((LaneNumbers) (b) & ~(mask)))

/* Joins lanes 0 .. w - 1 with those after them. */
static inline void
fold_lanes(int w, float *best, float *second, int32 *where)
{
	for (int l = 0; l < w; l++)
	{
		float		a = best[l];
		float		b = best[l + w];
		float		lost = b > a ? a : b;
		float		more = second[l + w] > second[l] ? second[l + w] : second[l];

		second[l] = lost > more ? lost : more;
		where[l] = b > a ? where[l + w] : where[l];
		best[l] = b > a ? b : a;
	}
}

/* Of score[j] - half[j]: the two largest, m >= 1. */
HOT_LOOP static void
best_two_f4(const float *score, const float *half, int m, Best *found)
{
	Lanes		best = (Lanes) {0} - INFINITY;
	Lanes		second = best;
	LaneNumbers where = {0};
	LaneNumbers number = {0};
	float		lane_best[LANES];
	float		lane_second[LANES];
	int32		lane_where[LANES];
	int			j = 0;

	for (int l = 0; l < LANES; l++)
		number[l] = l;
	for (; j + LANES <= m; j += LANES)
	{
		Lanes		value = *(const Lanes *) (score + j) - *(const Lanes *) (half + j);
		LaneNumbers better = value > best;
		Lanes		lost = (Lanes) PICK(better, best, value);
		LaneNumbers next = lost > second;

		second = (Lanes) PICK(next, lost, second);
		best = (Lanes) PICK(better, value, best);
		where = PICK(better, number, where);
		number += LANES;
	}
	for (int l = 0; l < LANES; l++)
	{
		lane_best[l] = best[l];
		lane_second[l] = second[l];
		lane_where[l] = where[l];
	}
	fold_lanes(8, lane_best, lane_second, lane_where);
	fold_lanes(4, lane_best, lane_second, lane_where);
	fold_lanes(2, lane_best, lane_second, lane_where);
	fold_lanes(1, lane_best, lane_second, lane_where);
	*found = (Best) {lane_best[0], lane_second[0], lane_where[0]};
	for (; j < m; j++)
	{
		float		value = score[j] - half[j];

		if (value > found->best)
			*found = (Best) {value, found->best, j};
		else if (value > found->second)
			found->second = value;
	}
}

static void
best_two_f8(const double *score, const double *half, int m, Best *found)
{
	*found = (Best) {-INFINITY, -INFINITY, 0};
	for (int j = 0; j < m; j++)
	{
		double		value = score[j] - half[j];

		if (value > found->best)
			*found = (Best) {value, found->best, j};
		else if (value > found->second)
			found->second = value;
	}
}

static double
score_at(bool wide, const void *score, const void *half, int j)
{
	return wide ? ((const double *) score)[j] - ((const double *) half)[j] :
		(double) (((const float *) score)[j] - ((const float *) half)[j]);
}

/* Joins what centres from 'from' on had to what those before them had. */
static inline void
join_best(Best *all, const Best *found, int from)
{
	if (found->best > all->best)
		*all = (Best) {found->best, Max(all->best, found->second), from + found->where};
	else
		all->second = Max(all->second, found->best);
}

/* ---- one row ---- */

double
assignment_slack(const KmeansRows *r)
{
	return ((double) r->d + 1000) * 4 * DBL_EPSILON;
}

/*
 * Of the centres that may be nearest to row i, those whose score is within
 * 'reach' of the best (scores NULL: any), the nearest by differences; the lower
 * number of equals.  'which' tells the numbers of centres, NULL: they are as in 'c'.
 */
static int32
nearest_by_differences(const Assignment *a, const TileCentres *c, const int32 *which, Size i,
					   const void *score, double reach, double *x)
{
	double		least = INFINITY;
	int32		nearest = -1;

	kmeans_row_read(a->r, i, x);
	for (int j = 0; j < c->k; j++)
	{
		int32		number = which ? which[j] : j;
		double		squared;

		if (score && score_at(c->wide, score, c->half, j) < reach)
			continue;
		squared = squared_difference(x, a->centre + (Size) number * a->r->d, a->r->d);
		if (squared < least || (squared == least && number < nearest) || nearest < 0)
		{
			least = squared;
			nearest = number;
		}
	}
	return nearest;
}

/* A row's label, and its bounds if they are kept. */
static void
finish_row(Assignment *a, const TileCentres *c, const int32 *which, Size i, const Best *found, const void *score, double *x)
{
	double		norm = a->r->norm[i];
	double		error = tile_error(c, norm);
	double		reach = found->best - 2 * error;
	bool		certain = found->second < reach;

	if (certain)
		a->label[i] = which ? which[found->where] : found->where;
	else
		a->label[i] = nearest_by_differences(a, c, which, i, score, reach, x);
	if (a->upper)
	{
		/* the nearest has at least this score, every other one at most that */
		double		own = found->best - (certain ? 1 : 3) * error;
		double		other = (certain ? found->second : found->best) + error;
		double		slack = assignment_slack(a->r);

		a->upper[i] = sqrt(Max(0, norm - 2 * own)) * (1 + slack);
		a->lower[i] = sqrt(Max(0, norm - 2 * other)) * (1 - slack);
	}
}

/* ---- tiles ---- */

static Size
scratch_bytes(const KmeansRows *r, int k, TileShape shape)
{
	Size		bytes = size_mul(size_mul(shape.rows, size_add(r->d, shape.centres)), sizeof(double));

	bytes = size_add(bytes, size_mul(shape.rows, sizeof(Best)));
	bytes = size_add(bytes, size_mul(size_add(r->d, k), sizeof(double)));
	bytes = size_add(bytes, size_add(tile_centres_bytes(r, k), size_mul(k, sizeof(int32))));
	bytes = TYPEALIGN(64, bytes);
	if (scan_pays(r->d))
		bytes = size_add(bytes, scan_scratch_bytes(shape.rows, r->d));
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
	s.found = (Best *) ((char *) s.products + rows * a->shape.centres * sizeof(double));
	s.x = (double *) (s.found + rows);
	s.distance = s.x + a->r->d;
	s.some = *a->tile_centres;
	s.some.values = s.distance + a->k;
	s.some.half = (double *) s.some.values + (Size) a->k * a->r->d;
	s.which = (int32 *) ((double *) s.some.half + a->k);
	s.scan = (void *) TYPEALIGN(64, s.which + a->k);
	return s;
}

void
assignment_search(Assignment *a, const TileCentres *c, const int32 *which,
				  const int32 *row, Size first, int n, AssignmentScratch *s)
{
	const void *rows = tile_rows(a->r, c->wide, row, first, n, s->rows);
	Size		element = c->wide ? sizeof(double) : sizeof(float);

	for (int from = 0; from < c->k; from += a->shape.centres)
	{
		int			m = Min(a->shape.centres, c->k - from);
		const char *half = (const char *) c->half + from * element;

		tile_products(c, rows, n, from, m, s->products);
		for (int i = 0; i < n; i++)
		{
			const void *score = (char *) s->products + (Size) i * m * element;
			Best		found;

			if (c->wide)
				best_two_f8(score, (const double *) half, m, &found);
			else
				best_two_f4(score, (const float *) half, m, &found);
			if (from == 0)
				s->found[i] = found;
			else
				join_best(&s->found[i], &found, from);
			if (from + m == c->k)
				finish_row(a, c, which, row ? (Size) row[first + i] : first + i, &s->found[i], m == c->k ? score : NULL, s->x);
		}
	}
}

/* ---- from scratch ---- */

static void
start_tile(int64 number, int worker, void *arg)
{
	Assignment *a = arg;
	const TileCentres *c = a->tile_centres;
	Size		first = number * a->shape.rows;
	int			n = (int) Min((Size) a->shape.rows, a->r->n - first);
	AssignmentScratch s = assignment_scratch(a, worker);

	if (a->scan == NULL || c->wide)
	{
		assignment_search(a, c, NULL, NULL, first, n, &s);
		return;
	}
	scan_rows(a->scan, tile_rows(a->r, false, NULL, first, n, s.rows), n, s.found, s.scan);
	for (int i = 0; i < n; i++)
		finish_row(a, c, NULL, first + i, &s.found[i], NULL, s.x);
}

void
assignment_start(Assignment *a, const double *centre)
{
	int64		n_tiles = ((int64) a->r->n + a->shape.rows - 1) / a->shape.rows;

	a->centre = centre;
	tile_centres_set(a->tile_centres, a->r, a->k, centre);
	if (a->scan && !a->tile_centres->wide)
		scan_centres_set(a->scan, a->tile_centres->values, a->tile_centres->half);
	parallel_for(n_tiles, a->work / n_tiles, start_tile, a);
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
	if (scan_pays(r->d))
		bytes = size_add(bytes, scan_centres_bytes(k, r->d));
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
	if (scan_pays(r->d))
		a->scan = scan_centres_new(k, r->d);
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
