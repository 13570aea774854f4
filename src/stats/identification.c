/*
 * identification.c
 *		Identification of items by decoded vectors: ranks, two-way, 2v2.
 *
 * Row i's predicted vector is correlated (Pearson, over the v elements) with the
 * actual vector of every row of another item (rows of its own item are no
 * distractors) and with its own, s_ij and s_ii.  Rank of i: 1 + #{s_ij > s_ii} +
 * half of #{s_ij = s_ii}.  Two-way: the share of ordered pairs with s_ii > s_ij,
 * ties half (Kay et al. 2008's identification with two candidates).  2v2
 * (Mitchell et al. 2008): the share of unordered pairs with s_ii + s_jj > s_ij +
 * s_ji, ties half.
 *
 * The n x n correlations are a product of standardized rows, 2 n^2 v flops,
 * made in square tiles, both of a pair (I, J) and (J, I) at once for 2v2, and
 * counted at once: nothing of n^2 is ever held, and rows are standardized tile
 * by tile from where they lie.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/compare.h"
#include "base/dispatch.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "stats/differences.h"
#include "stats/identification.h"

#define TILE_FLOPS	6e8
#define MIN_TILE	16
#define MAX_TILE	512
#define TIE			1e-10		/* correlations within this are equal */

#define MEMORY_HINT "Take fewer elements at a time."

typedef struct RowScale
{
	double		centre;
	double		scale;
} RowScale;

typedef struct IdentificationJob
{
	const PredictionRows *rows;
	int		   *item;			/* n: block of the row */
	RowScale   *scale[2];		/* n, of predicted and actual */
	double	   *own;			/* n: s_ii */
	int			tile;			/* rows of a tile */
	char	   *scratch;		/* a worker */
	Size		scratch_bytes;
} IdentificationJob;

/* A worker's scratch: what it counted, and the tile pair under way. */
typedef struct TilePair
{
	int64	   *pairs;			/* [0] 2v2 pairs won, [1] tied */
	int		   *greater;		/* n: distractors of the row that beat its own item */
	int		   *equal;			/* n: that tie with it */
	double	   *predicted[2];	/* tile x v, standardized: rows I and J */
	double	   *actual[2];
	double	   *s_ij;			/* tile x tile: predicted i with actual j */
	double	   *s_ji;			/* tile x tile, i by j too: predicted j with actual i */
} TilePair;

static Size
counts_bytes(const IdentificationJob *job)
{
	return TYPEALIGN(64, size_add(2 * sizeof(int64), size_mul(2 * sizeof(int), job->rows->n)));
}

static Size
worker_bytes(const IdentificationJob *job)
{
	Size		matrix = size_mul(job->tile, job->rows->v);
	Size		square = (Size) job->tile * job->tile;

	return TYPEALIGN(64, size_add(counts_bytes(job),
								  size_mul(sizeof(double), size_add(size_mul(4, matrix), 2 * square))));
}

static TilePair
pair_of_worker(const IdentificationJob *job, int worker)
{
	char	   *at = job->scratch + worker * job->scratch_bytes;
	int		   *counts = (int *) (at + 2 * sizeof(int64));
	double	   *d = (double *) (at + counts_bytes(job));
	Size		matrix = (Size) job->tile * job->rows->v;
	Size		square = (Size) job->tile * job->tile;

	return (TilePair) {(int64 *) at, counts, counts + job->rows->n,
		{d, d + matrix}, {d + 2 * matrix, d + 3 * matrix}, d + 4 * matrix, d + 4 * matrix + square};
}

/* What standardizes a row: (x - centre) scale; scale 0 for a constant. */
static RowScale
row_scale(double *row, int v)
{
	double		first = row[0];
	double		mean = 0;
	double		largest = 0;
	double		norm;

	for (int t = 0; t < v; t++)
		mean += (row[t] - first) / v;
	for (int t = 0; t < v; t++)
	{
		row[t] = row[t] - first - mean;
		largest = Max(largest, fabs(row[t]));
	}
	if (!(largest >= DBL_MIN) || isinf(largest))
		return (RowScale) {0, 0};
	for (int t = 0; t < v; t++)
		row[t] /= largest;
	norm = sqrt(squared_length(row, v));
	return (RowScale) {first + mean, 1 / largest / norm};
}

HOT_LOOP static void
scale_row(double *row, RowScale by, int v)
{
	for (int t = 0; t < v; t++)
		row[t] = (row[t] - by.centre) * by.scale;
}

/* Rows r0 .. r0 + n - 1 of vector k, each centred and of unit norm */
static void
load_rows(const IdentificationJob *job, int k, int r0, int n, double *out)
{
	int			v = job->rows->v;

	predictions_gather(job->rows, r0, n, k, 0, v, out, v);
	for (int i = 0; i < n; i++)
		scale_row(out + (Size) i * v, job->scale[k][r0 + i], v);
}

static int64
n_tiles(const IdentificationJob *job)
{
	return (job->rows->n + job->tile - 1) / job->tile;
}

/* Scales and s_ii of one tile's rows */
static void
own_task(int64 tile, int worker, void *arg)
{
	IdentificationJob *job = arg;
	TilePair	pair = pair_of_worker(job, worker);
	int			r0 = (int) tile * job->tile;
	int			n = Min(job->tile, job->rows->n - r0);
	Size		v = job->rows->v;

	for (int k = 0; k < 2; k++)
	{
		double	   *rows = k == 0 ? pair.predicted[0] : pair.actual[0];

		predictions_gather(job->rows, r0, n, k, 0, job->rows->v, rows, v);
		for (int i = 0; i < n; i++)
			job->scale[k][r0 + i] = row_scale(rows + i * v, (int) v);
		load_rows(job, k, r0, n, rows);
	}
	for (int i = 0; i < n; i++)
		job->own[r0 + i] = inner_product(pair.predicted[0] + i * v, pair.actual[0] + i * v, v);
}

/* One row i against rows j = 0 .. n - 1 of the other tile. */
HOT_LOOP static void
count_row(const double *s_ij, const double *s_ji, double own_i, int item_i,
		  const double *own, const int *item, int n, int *greater, int *equal,
		  int *greater_i, int *equal_i, int64 *pairs)
{
	int			g = 0;
	int			e = 0;
	int			won = 0;
	int			tied = 0;

	for (int j = 0; j < n; j++)
	{
		int			other = item[j] != item_i;
		double		di = s_ij[j] - own_i;
		double		dj = s_ji[j] - own[j];

		g += other & (di > TIE);
		e += other & (fabs(di) <= TIE);
		greater[j] += other & (dj > TIE);
		equal[j] += other & (fabs(dj) <= TIE);
		won += other & (di + dj < -TIE);
		tied += other & (fabs(di + dj) <= TIE);
	}
	*greater_i += g;
	*equal_i += e;
	pairs[0] += won;
	pairs[1] += tied;
}

/* Number 'number' of the pairs of tiles (I, J), J <= I, counted row by row */
static void
tile_pair(int64 number, int64 *i, int64 *j)
{
	*i = (int64) ((sqrt(8.0 * number + 1) - 1) / 2);
	while (*i * (*i + 1) / 2 > number)
		(*i)--;
	while ((*i + 1) * (*i + 2) / 2 <= number)
		(*i)++;
	*j = number - *i * (*i + 1) / 2;
}

static void
pair_task(int64 number, int worker, void *arg)
{
	IdentificationJob *job = arg;
	TilePair	pair = pair_of_worker(job, worker);
	int64		tile_i;
	int64		tile_j;
	int			i0,
				j0,
				ni,
				nj;
	Size		v = job->rows->v;

	tile_pair(number, &tile_i, &tile_j);
	i0 = (int) tile_i * job->tile;
	j0 = (int) tile_j * job->tile;
	ni = Min(job->tile, job->rows->n - i0);
	nj = Min(job->tile, job->rows->n - j0);
	for (int side = 0; side < 2; side++)
	{
		load_rows(job, 0, side == 0 ? i0 : j0, side == 0 ? ni : nj, pair.predicted[side]);
		load_rows(job, 1, side == 0 ? i0 : j0, side == 0 ? ni : nj, pair.actual[side]);
	}
	gemm_f8_raw(false, true, ni, nj, v, 1, pair.predicted[0], v, pair.actual[1], v, 0, pair.s_ij, nj);
	gemm_f8_raw(false, true, ni, nj, v, 1, pair.actual[0], v, pair.predicted[1], v, 0, pair.s_ji, nj);
	for (int i = 0; i < ni; i++)
	{
		int			count = tile_i == tile_j ? i : nj;	/* a pair within a tile once */
		Size		at = (Size) i * nj;

		count_row(pair.s_ij + at, pair.s_ji + at, job->own[i0 + i], job->item[i0 + i],
				  job->own + j0, job->item + j0, count, pair.greater + j0, pair.equal + j0,
				  pair.greater + i0 + i, pair.equal + i0 + i, pair.pairs);
	}
}

/* The worker's counts, summed into those of the first. */
static TilePair
sum_counts(const IdentificationJob *job, int workers)
{
	TilePair	sum = pair_of_worker(job, 0);

	for (int w = 1; w < workers; w++)
	{
		TilePair	part = pair_of_worker(job, w);

		for (int i = 0; i < job->rows->n; i++)
		{
			sum.greater[i] += part.greater[i];
			sum.equal[i] += part.equal[i];
		}
		sum.pairs[0] += part.pairs[0];
		sum.pairs[1] += part.pairs[1];
	}
	return sum;
}

static Identification
summarize(const IdentificationJob *job, TilePair counts)
{
	const PredictionRows *rows = job->rows;
	Identification out = {.n = rows->n};
	double	   *rank = huge_alloc(rows->n * sizeof(double));
	double		pairs = 0;		/* ordered pairs of rows of different items */
	double		lost = 0;
	int			middle = rows->n / 2;

	for (int i = 0; i < rows->n; i++)
	{
		int			item = job->item[i];

		rank[i] = 1 + counts.greater[i] + 0.5 * counts.equal[i];
		out.top_1 += rank[i] <= 1;
		out.top_5 += rank[i] <= 5;
		pairs += rows->n - (rows->start[item + 1] - rows->start[item]);
		lost += counts.greater[i] + 0.5 * counts.equal[i];
	}
	out.top_1 /= rows->n;
	out.top_5 /= rows->n;
	out.two_way = pairs > 0 ? 1 - lost / pairs : NAN;
	out.two_v_two = pairs > 0 ? (counts.pairs[0] + 0.5 * counts.pairs[1]) / (pairs / 2) : NAN;
	qsort(rank, rows->n, sizeof(double), compare_doubles);
	out.median_rank = rows->n % 2 == 1 ? rank[middle] : (rank[middle - 1] + rank[middle]) / 2;
	return out;
}

Identification
identification(const PredictionRows *rows)
{
	IdentificationJob job = {.rows = rows};
	int			workers = parallel_threads();
	double		side = sqrt(TILE_FLOPS / (4.0 * rows->v));
	MemoryContext scratch;
	MemoryContext old;
	Identification out;
	int64		tiles;

	/* at least four tiles a thread's share, where there are enough rows */
	job.tile = (int) Min(Max(side, MIN_TILE), MAX_TILE);
	job.tile = Min(job.tile, Max(MIN_TILE, rows->n / 8 + 1));
	job.scratch_bytes = worker_bytes(&job);
	scratch = scratch_create("identification",
							 size_add(size_mul(workers, job.scratch_bytes),
									  size_mul(rows->n, sizeof(int) + 2 * sizeof(double) + 2 * sizeof(RowScale))), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	job.scratch = (char *) huge_alloc(size_mul(workers, job.scratch_bytes));
	job.item = huge_alloc(rows->n * sizeof(int));
	job.own = huge_alloc(rows->n * sizeof(double));
	for (int k = 0; k < 2; k++)
		job.scale[k] = huge_alloc(rows->n * sizeof(RowScale));
	for (int b = 0; b < rows->n_blocks; b++)
		for (int i = rows->start[b]; i < rows->start[b + 1]; i++)
			job.item[i] = b;
	for (int w = 0; w < workers; w++)
		memset(job.scratch + w * job.scratch_bytes, 0, counts_bytes(&job));

	tiles = n_tiles(&job);
	progress_begin("identification", 0.5 * (double) tiles * (double) (tiles + 1));
	parallel_for(tiles, 0, own_task, &job);
	parallel_for(tiles * (tiles + 1) / 2, 1, pair_task, &job);
	progress_end();
	out = summarize(&job, sum_counts(&job, workers));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return out;
}
