/*
 * permutation.c
 *		Permutation test of predictions, blocks of rows permuted together.
 *
 * The blocks of y are permuted against those of the prediction, the rows of a
 * block staying in their order, so that neither the autocorrelation within
 * blocks nor that of the predictions is broken.  p = (1 + #{r* >= r}) /
 * (1 + n_perm) (Phipson and Smyth 2010); every target has the same permutations,
 * and p_fwe compares r with the largest r* over the targets (Westfall and Young
 * 1993; Nichols and Holmes 2002).  Only blocks of the same number of rows
 * change places, so every row of y always has a prediction to meet.
 *
 * Each target has its own prediction, so a permutation is no matrix product.
 * With C[b, b', t] = sum over rows i of x[b, i, t] y[b', i, t] it is nb
 * additions a target; C costs n nb a target, once.  Where C would be dearer than
 * n n_perm (short blocks) or large, the products are summed over the rows
 * themselves.  Either way 8 columns are worked on side by side (one cache line
 * or AVX-512 register), 4 permutations at a time.
 *
 * x and y are centred and of unit norm, so that the sum is r.  A target that
 * misses values takes 6 columns instead of one: the sums of 1, x, y, x^2, y^2
 * and xy over the rows where both are, for its means and norms then depend on
 * the permutation.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/compare.h"
#include "base/dispatch.h"
#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "stats/resampling.h"

#define LANES		8			/* columns side by side */
#define DRAWS		4			/* permutations at a time */

/* Multiplications of vectors of LANES a task: some 20 ms */
#define TASK_WORK	1e7
#define SETUP_WORK	3e7			/* most of a tile's cross-products */
#define MIN_BATCH	16
#define MAX_CROSS_BLOCKS 512	/* C of a tile: at most 16 MB */

#define MEMORY_HINT "Test fewer targets at a time."

typedef double Lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

typedef struct Permutation
{
	const PredictionRows *rows;
	bool		two_sided;

	/* blocks by length: group g is member[group[g]] .. member[group[g + 1] - 1] */
	int		   *member;
	int		   *group;
	int			n_groups;

	/* targets without and with missing values */
	int		   *complete;
	int			n_complete;
	int		   *masked;

	bool		cross;			/* by block cross-products */
	int			batch;			/* permutations a task */
	int			n_draws;		/* of the batch under way, a multiple of DRAWS padded with the last */
	int			n_counted;		/* of them to be counted */
	int32	   *draws;			/* n_draws x nb: the block of y that stands at block b */

	char	   *scratch;		/* a worker: x, y, raw, C */
	Size		scratch_bytes;
	double	   *max;			/* workers x batch: largest statistic of a draw */

	double	   *r;				/* v */
	int64	   *reached;		/* v: draws whose statistic is at least that of r */
} Permutation;

/* ---- permutations ---- */

static int
block_length(const PredictionRows *rows, int b)
{
	return rows->start[b + 1] - rows->start[b];
}

static int
compare_length(const void *a, const void *b, void *arg)
{
	const PredictionRows *rows = arg;
	int			x = *(const int *) a;
	int			y = *(const int *) b;
	int			lx = block_length(rows, x);
	int			ly = block_length(rows, y);

	if (lx != ly)
		return lx < ly ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Fills member and group (nb and nb + 1 long); returns the number of groups. */
static int
group_by_length(const PredictionRows *rows, int *member, int *group)
{
	int			nb = rows->n_blocks;
	int			n_groups = 0;

	for (int b = 0; b < nb; b++)
		member[b] = b;
	qsort_arg(member, nb, sizeof(int), compare_length, (void *) rows);
	for (int i = 0; i < nb; i++)
		if (i == 0 || block_length(rows, member[i]) != block_length(rows, member[i - 1]))
			group[n_groups++] = i;
	group[n_groups] = nb;
	return n_groups;
}

int
permutable_blocks(const PredictionRows *rows)
{
	int		   *member = huge_alloc(size_mul(rows->n_blocks + 1, sizeof(int)));
	int		   *group = huge_alloc(size_mul(rows->n_blocks + 1, sizeof(int)));
	int			n_groups = group_by_length(rows, member, group);
	int			n = 0;

	for (int g = 0; g < n_groups; g++)
		if (group[g + 1] - group[g] > 1)
			n += group[g + 1] - group[g];
	pfree(member);
	pfree(group);
	return n;
}

/* A random permutation of the blocks within their groups (Fisher and Yates). */
static void
draw_permutation(const Permutation *job, uint64 seed, uint64 draw, int32 *out)
{
	RandomStream stream;

	random_start(&stream, seed, draw);
	for (int b = 0; b < job->rows->n_blocks; b++)
		out[b] = b;
	for (int g = 0; g < job->n_groups; g++)
	{
		const int  *member = job->member + job->group[g];

		for (int i = job->group[g + 1] - job->group[g] - 1; i > 0; i--)
		{
			int			j = (int) random_below(&stream, (uint64) i + 1);
			int32		swap = out[member[i]];

			out[member[i]] = out[member[j]];
			out[member[j]] = swap;
		}
	}
}

static void
draw_batch(Permutation *job, uint64 seed, int first, int n)
{
	Size		nb = job->rows->n_blocks;

	job->n_counted = n;
	job->n_draws = (n + DRAWS - 1) / DRAWS * DRAWS;
	for (int k = 0; k < n; k++)
	{
		CHECK_FOR_INTERRUPTS();
		draw_permutation(job, seed, first + k, job->draws + k * nb);
	}
	for (int k = n; k < job->n_draws; k++)
		memcpy(job->draws + k * nb, job->draws + (n - 1) * nb, nb * sizeof(int32));
}

/* ---- sums of products over blocks ---- */

/* sums[q] = sum over blocks b and their rows of x[b] y[draw q of b] */
HOT_LOOP static void
row_sums(const Lanes *x, const Lanes *y, const int *start, int nb, const int32 *draws, Lanes *sums)
{
	Lanes		s0 = {0};
	Lanes		s1 = {0};
	Lanes		s2 = {0};
	Lanes		s3 = {0};

	for (int b = 0; b < nb; b++)
	{
		const Lanes *y0 = y + start[draws[b]];
		const Lanes *y1 = y + start[draws[(Size) nb + b]];
		const Lanes *y2 = y + start[draws[2 * (Size) nb + b]];
		const Lanes *y3 = y + start[draws[3 * (Size) nb + b]];
		const Lanes *xb = x + start[b];
		int			length = start[b + 1] - start[b];

		for (int i = 0; i < length; i++)
		{
			s0 += xb[i] * y0[i];
			s1 += xb[i] * y1[i];
			s2 += xb[i] * y2[i];
			s3 += xb[i] * y3[i];
		}
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
}

/* c[b nb + b'] = sum over rows of x[b] y[b'], for the n blocks of one group */
HOT_LOOP static void
cross_products(const Lanes *x, const Lanes *y, const int *start, int nb, const int *member, int n, Lanes *c)
{
	for (int p = 0; p < n; p++)
	{
		const Lanes *xb = x + start[member[p]];
		int			length = start[member[p] + 1] - start[member[p]];
		Lanes	   *row = c + (Size) member[p] * nb;
		int			q = 0;

		for (; q + 4 <= n; q += 4)
		{
			const Lanes *y0 = y + start[member[q]];
			const Lanes *y1 = y + start[member[q + 1]];
			const Lanes *y2 = y + start[member[q + 2]];
			const Lanes *y3 = y + start[member[q + 3]];
			Lanes		s0 = {0};
			Lanes		s1 = {0};
			Lanes		s2 = {0};
			Lanes		s3 = {0};

			for (int i = 0; i < length; i++)
			{
				s0 += xb[i] * y0[i];
				s1 += xb[i] * y1[i];
				s2 += xb[i] * y2[i];
				s3 += xb[i] * y3[i];
			}
			row[member[q]] = s0;
			row[member[q + 1]] = s1;
			row[member[q + 2]] = s2;
			row[member[q + 3]] = s3;
		}
		for (; q < n; q++)
		{
			const Lanes *yb = y + start[member[q]];
			Lanes		s = {0};

			for (int i = 0; i < length; i++)
				s += xb[i] * yb[i];
			row[member[q]] = s;
		}
	}
}

/* sums[q] = sum over blocks of c[b, draw q of b] */
HOT_LOOP static void
block_sums(const Lanes *c, int nb, const int32 *draws, Lanes *sums)
{
	Lanes		s0 = {0};
	Lanes		s1 = {0};
	Lanes		s2 = {0};
	Lanes		s3 = {0};

	for (int b = 0; b < nb; b++)
	{
		const Lanes *row = c + (Size) b * nb;

		s0 += row[draws[b]];
		s1 += row[draws[(Size) nb + b]];
		s2 += row[draws[2 * (Size) nb + b]];
		s3 += row[draws[3 * (Size) nb + b]];
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
}

/* ---- a tile of targets ---- */

typedef struct Tile
{
	double	   *x;				/* n x LANES */
	double	   *y;				/* n x LANES */
	double	   *c;				/* nb x nb x LANES, where cross-products serve */
} Tile;

static Size
tile_bytes(const Permutation *job)
{
	Size		nb = job->rows->n_blocks;
	Size		lanes = size_mul(2, job->rows->n);

	if (job->cross)
		lanes = size_add(lanes, nb * nb);
	return size_mul(lanes, LANES * sizeof(double));
}

static Tile
tile_of_worker(const Permutation *job, int worker)
{
	double	   *at = (double *) (job->scratch + worker * job->scratch_bytes);
	Size		n = (Size) job->rows->n * LANES;

	return (Tile) {at, at + n, at + 2 * n};
}

/* Lane l is target target[l], complete; x and y centred and of unit norm. */
static void
load_complete(const Permutation *job, Tile tile, const int *target, int n_targets)
{
	const PredictionRows *rows = job->rows;
	int			count[LANES];

	memset(tile.x, 0, (Size) rows->n * LANES * sizeof(double));
	memset(tile.y, 0, (Size) rows->n * LANES * sizeof(double));
	for (int l = 0; l < n_targets; l++)
	{
		int			n = 1;

		/* neighbours in one pass over the rows */
		while (l + n < n_targets && target[l + n] == target[l] + n)
			n++;
		predictions_gather(rows, 0, rows->n, 0, target[l], n, tile.x + l, LANES);
		predictions_gather(rows, 0, rows->n, 1, target[l], n, tile.y + l, LANES);
		l += n - 1;
	}
	columns_standardize(tile.x, NULL, rows->n, LANES, LANES, count);
	columns_standardize(tile.y, NULL, rows->n, LANES, LANES, count);
}

/* Columns (1, x, 1, x^2, 1, x) against (1, 1, y, 1, y^2, y), 0 where missing. */
static void
load_masked(const Permutation *job, Tile tile, int target)
{
	const PredictionRows *rows = job->rows;
	Size		n = rows->n;
	int			count;

	memset(tile.x, 0, n * LANES * sizeof(double));
	memset(tile.y, 0, n * LANES * sizeof(double));
	predictions_gather(rows, 0, rows->n, 0, target, 1, tile.x + 5, LANES);
	predictions_gather(rows, 0, rows->n, 1, target, 1, tile.y + 5, LANES);
	for (Size i = 0; i < n; i++)
	{
		tile.x[i * LANES] = isnan(tile.x[i * LANES + 5]) ? 0 : 1;
		tile.y[i * LANES] = isnan(tile.y[i * LANES + 5]) ? 0 : 1;
	}
	columns_standardize(tile.x + 5, tile.x, rows->n, 1, LANES, &count);
	columns_standardize(tile.y + 5, tile.y, rows->n, 1, LANES, &count);
	for (Size i = 0; i < n; i++)
	{
		double	   *x = tile.x + i * LANES;
		double	   *y = tile.y + i * LANES;

		x[1] = x[5];
		x[2] = x[0];
		x[3] = x[5] * x[5];
		x[4] = x[0];
		y[1] = y[0];
		y[2] = y[5];
		y[3] = y[0];
		y[4] = y[5] * y[5];
	}
}

/* r of the sums of a masked target; NaN for fewer than 2 rows, 0 where a side is constant */
static double
masked_r(const double *s)
{
	double		n = s[0];
	double		xx = s[3] - s[1] * s[1] / n;
	double		yy = s[4] - s[2] * s[2] / n;

	if (n < 1.5)
		return NAN;
	if (xx <= 1e-14 * s[3] || yy <= 1e-14 * s[4])
		return 0;
	return Max(-1.0, Min(1.0, (s[5] - s[1] * s[2] / n) / sqrt(xx * yy)));
}

static double
statistic(const Permutation *job, double r)
{
	return job->two_sided ? fabs(r) : r;
}

/* r of the rows as they are */
static void
observed(const Permutation *job, Tile tile, const int *target, int n_targets, bool masked)
{
	double		s[LANES] = {0};

	for (Size i = 0; i < (Size) job->rows->n; i++)
		for (int l = 0; l < LANES; l++)
			s[l] += tile.x[i * LANES + l] * tile.y[i * LANES + l];
	if (masked)
		job->r[target[0]] = masked_r(s);
	else
		for (int l = 0; l < n_targets; l++)
			job->r[target[l]] = Max(-1.0, Min(1.0, s[l]));
}

static void
count_draw(Permutation *job, const int *target, int n_targets, bool masked, const double *sums, double *max)
{
	for (int l = 0; l < n_targets; l++)
	{
		int			t = target[l];
		double		r = masked ? masked_r(sums) : sums[l];
		double		value = isnan(r) ? 0 : statistic(job, r);

		if (isnan(job->r[t]))
			continue;
		if (value >= statistic(job, job->r[t]) - RESAMPLING_TIE)
			job->reached[t]++;
		*max = Max(*max, value);
	}
}

/* All permutations of the batch for one tile: LANES complete targets, or one that misses values. */
static void
tile_task(int64 i, int worker, void *arg)
{
	Permutation *job = arg;
	const PredictionRows *rows = job->rows;
	int			n_tiles = (job->n_complete + LANES - 1) / LANES;
	bool		masked = i >= n_tiles;
	const int  *target = masked ? job->masked + (i - n_tiles) : job->complete + i * LANES;
	int			n_targets = masked ? 1 : Min(LANES, job->n_complete - (int) i * LANES);
	double	   *max = job->max + (Size) worker * job->batch;
	Tile		tile = tile_of_worker(job, worker);
	int			nb = rows->n_blocks;

	if (masked)
		load_masked(job, tile, *target);
	else
		load_complete(job, tile, target, n_targets);
	observed(job, tile, target, n_targets, masked);
	if (job->cross)
		for (int g = 0; g < job->n_groups; g++)
			cross_products((const Lanes *) tile.x, (const Lanes *) tile.y, rows->start, nb,
						   job->member + job->group[g], job->group[g + 1] - job->group[g], (Lanes *) tile.c);
	for (int k = 0; k < job->n_draws; k += DRAWS)
	{
		const int32 *draws = job->draws + (Size) k * nb;
		double		sums[DRAWS * LANES];

		if (job->cross)
			block_sums((const Lanes *) tile.c, nb, draws, (Lanes *) sums);
		else
			row_sums((const Lanes *) tile.x, (const Lanes *) tile.y, rows->start, nb, draws, (Lanes *) sums);
		for (int q = 0; q < DRAWS && k + q < job->n_counted; q++)
			count_draw(job, target, n_targets, masked, sums + (Size) q * LANES, &max[k + q]);
	}
}

/* ---- the test ---- */

/* Cross-products where they take fewer steps; and permutations a task. */
static void
choose_method(Permutation *job, int n_perm)
{
	double		n = job->rows->n;
	double		nb = job->rows->n_blocks;
	double		setup = 0;
	double		unit;

	for (int g = 0; g < job->n_groups; g++)
	{
		double		members = job->group[g + 1] - job->group[g];

		setup += members * members * block_length(job->rows, job->member[job->group[g]]);
	}
	job->cross = nb <= MAX_CROSS_BLOCKS && setup <= SETUP_WORK && setup + nb * n_perm < n * n_perm;
	unit = job->cross ? nb : n;
	job->batch = (int) Min((double) n_perm, Max((double) MIN_BATCH, TASK_WORK / unit));
}

static void
split_targets(Permutation *job)
{
	int			v = job->rows->v;
	bool	   *missing = huge_alloc(v * sizeof(bool));
	int			n_masked = 0;

	predictions_missing(job->rows, missing);
	job->complete = huge_alloc(v * sizeof(int));
	job->masked = huge_alloc(v * sizeof(int));
	for (int t = 0; t < v; t++)
		if (missing[t])
			job->masked[n_masked++] = t;
		else
			job->complete[job->n_complete++] = t;
}

/* p from the counts, and p_fwe from each permutation's largest statistic (sorted here) */
static void
p_values(const Permutation *job, double *max, int n_perm, double *p, double *p_fwe)
{
	qsort(max, n_perm, sizeof(double), compare_doubles);
	for (int t = 0; t < job->rows->v; t++)
	{
		double		least = statistic(job, job->r[t]) - RESAMPLING_TIE;
		int			below = 0;
		int			above = n_perm;

		while (below < above)
		{
			int			mid = below + (above - below) / 2;

			if (max[mid] >= least)
				above = mid;
			else
				below = mid + 1;
		}
		p[t] = isnan(job->r[t]) ? NAN : (1.0 + job->reached[t]) / (1.0 + n_perm);
		p_fwe[t] = isnan(job->r[t]) ? NAN : (1.0 + n_perm - below) / (1.0 + n_perm);
	}
}

void
permutation_test(const PredictionRows *rows, int n_perm, uint64 seed, bool two_sided,
				 double *r, double *p, double *p_fwe)
{
	Permutation job = {.rows = rows, .two_sided = two_sided, .r = r};
	Size		nb = rows->n_blocks;
	int			workers = parallel_threads();
	MemoryContext scratch = scratch_create("permutation_test",
										   size_add(size_mul(2 * (nb + 1), sizeof(int)),
													size_add(size_mul(rows->v, 2 * sizeof(int) + sizeof(int64) + 1),
															 size_mul(n_perm, sizeof(double)))), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *max;
	int64		n_tiles;
	int			padded;
	Size		bytes;

	job.member = huge_alloc((nb + 1) * sizeof(int));
	job.group = huge_alloc((nb + 1) * sizeof(int));
	job.n_groups = group_by_length(rows, job.member, job.group);
	split_targets(&job);
	choose_method(&job, n_perm);
	job.reached = huge_alloc0(rows->v * sizeof(int64));
	max = huge_alloc(n_perm * sizeof(double));

	padded = (job.batch + DRAWS - 1) / DRAWS * DRAWS;
	job.scratch_bytes = TYPEALIGN(64, tile_bytes(&job));
	bytes = size_mul(workers, size_add(job.scratch_bytes, (Size) job.batch * sizeof(double)));
	memory_claim_add(memory_claim(scratch, "permutation_test"),
					 size_add(bytes, size_mul(padded, nb * sizeof(int32))), MEMORY_HINT);
	job.draws = huge_alloc(size_mul(padded, nb * sizeof(int32)));
	job.scratch = (char *) TYPEALIGN(64, huge_alloc(size_mul(workers, job.scratch_bytes) + 64));
	job.max = huge_alloc((Size) workers * job.batch * sizeof(double));

	n_tiles = (job.n_complete + LANES - 1) / LANES + (rows->v - job.n_complete);
	progress_begin("permutation_test", (double) n_tiles * n_perm);
	for (int first = 0; first < n_perm; first += job.batch)
	{
		int			n = Min(job.batch, n_perm - first);

		draw_batch(&job, seed, first, n);
		for (Size i = 0; i < (Size) workers * job.batch; i++)
			job.max[i] = -INFINITY;
		parallel_for(n_tiles, n, tile_task, &job);
		for (int k = 0; k < n; k++)
		{
			max[first + k] = job.max[k];
			for (int w = 1; w < workers; w++)
				max[first + k] = Max(max[first + k], job.max[(Size) w * job.batch + k]);
		}
	}
	progress_end();
	p_values(&job, max, n_perm, p, p_fwe);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
