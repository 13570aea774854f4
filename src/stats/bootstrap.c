/*
 * bootstrap.c
 *		Percentile intervals of the correlation of predictions and responses.
 *
 * Each draw takes as many blocks as there are, with replacement, and computes r
 * over their rows; the interval is from the (1 - level) / 2 quantile of the
 * draws to its counterpart (Efron 1979; blocks: Kuensch 1989, here those of the
 * user).  r over whole blocks needs the blocks' sums of 1, x, y, x^2, y^2 and xy
 * alone, so that all draws are one product of (draws x blocks) with (blocks x
 * 6 targets): exact, 12 n_boot nb flops a target.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "stats/resampling.h"
#include "stats/select_value.h"

#define MAX_TARGETS		32		/* a tile */
#define TILE_ELEMENTS	(1 << 21)	/* of one of its vectors over all rows: fewer targets where rows are many */
#define SUMS			6		/* of 1, x, y, x^2, y^2, xy */
#define TASK_FLOPS		4e8
#define MIN_BATCH		16
#define DRAWS_ELEMENTS	(1 << 22)	/* of the matrix of a batch's draws */
#define GROUP_BYTES		((Size) 64 << 20)	/* of the draws' r that are held at a time */

#define MEMORY_HINT "Test fewer targets at a time."

typedef struct Bootstrap
{
	const PredictionRows *rows;
	double		level;
	int			n_boot;
	int			targets;		/* a tile */
	int			batch;
	int			first_draw;		/* of the batch under way */
	int			n_draws;
	int			first_target;	/* of the group under way */
	int			n_targets;
	double	   *draws;			/* batch x nb: how often a block was drawn */
	double	   *samples;		/* n_targets x n_boot: r of each draw */
	char	   *scratch;		/* a worker */
	Size		scratch_bytes;
	double	   *r;				/* v */
	double	   *low;
	double	   *high;
} Bootstrap;

typedef struct Tile
{
	double	   *x;				/* n x targets */
	double	   *y;
	double	   *valid;
	double	   *blocks;			/* nb x SUMS x targets */
	double	   *sums;			/* batch x SUMS x targets */
} Tile;

static Size
tile_doubles(const Bootstrap *job)
{
	Size		ld = job->targets;
	Size		n = size_mul(3, job->rows->n);

	return size_mul(ld, size_add(n, size_mul(SUMS, (Size) job->rows->n_blocks + job->batch)));
}

static Tile
tile_of_worker(const Bootstrap *job, int worker)
{
	Size		ld = job->targets;
	double	   *at = (double *) (job->scratch + worker * job->scratch_bytes);
	Size		n = (Size) job->rows->n * ld;
	double	   *blocks = at + 3 * n;

	return (Tile) {at, at + n, at + 2 * n, blocks, blocks + (Size) job->rows->n_blocks * SUMS * ld};
}

/* Columns over the rows where both have a value, centred and of unit norm, and the blocks' sums of them. */
static void
load_tile(const Bootstrap *job, Tile tile, int first, int nt)
{
	Size		ld = job->targets;
	const PredictionRows *rows = job->rows;
	int			count[MAX_TARGETS];

	predictions_gather(rows, 0, rows->n, 0, first, nt, tile.x, ld);
	predictions_gather(rows, 0, rows->n, 1, first, nt, tile.y, ld);
	for (Size i = 0; i < (Size) rows->n * ld; i += ld)
		for (int t = 0; t < nt; t++)
			tile.valid[i + t] = isnan(tile.x[i + t]) || isnan(tile.y[i + t]) ? 0 : 1;
	columns_standardize(tile.x, tile.valid, rows->n, nt, ld, count);
	columns_standardize(tile.y, tile.valid, rows->n, nt, ld, count);
	memset(tile.blocks, 0, (Size) rows->n_blocks * SUMS * ld * sizeof(double));
	for (int k = 0; k < rows->n_blocks; k++)
	{
		double	   *sum = tile.blocks + (Size) k * SUMS * ld;

		for (int i = rows->start[k]; i < rows->start[k + 1]; i++)
			for (int t = 0; t < nt; t++)
			{
				double		x = tile.x[(Size) i * ld + t];
				double		y = tile.y[(Size) i * ld + t];

				sum[t] += tile.valid[(Size) i * ld + t];
				sum[ld + t] += x;
				sum[2 * ld + t] += y;
				sum[3 * ld + t] += x * x;
				sum[4 * ld + t] += y * y;
				sum[5 * ld + t] += x * y;
			}
	}
}

/* r of the sums at s, spaced by ld; NaN for fewer than 2 rows, 0 where a side is constant */
static double
correlation(const double *s, Size ld)
{
	double		n = s[0];
	double		x = s[ld];
	double		y = s[2 * ld];
	double		xx = s[3 * ld] - x * x / n;
	double		yy = s[4 * ld] - y * y / n;

	if (n < 2)
		return NAN;
	if (xx <= 1e-14 * s[3 * ld] || yy <= 1e-14 * s[4 * ld])
		return 0;
	return Max(-1.0, Min(1.0, (s[5 * ld] - x * y / n) / sqrt(xx * yy)));
}

/* r of all rows */
static void
observed(const Bootstrap *job, Tile tile, int first, int nt)
{
	Size		ld = job->targets;
	for (int t = 0; t < nt; t++)
	{
		double		total[SUMS] = {0};

		for (int k = 0; k < job->rows->n_blocks; k++)
			for (int q = 0; q < SUMS; q++)
				total[q] += tile.blocks[((Size) k * SUMS + q) * ld + t];
		job->r[first + t] = correlation(total, 1);
	}
}

/* The batch's draws for one tile. */
static void
draws_task(int64 i, int worker, void *arg)
{
	Bootstrap  *job = arg;
	Size		ld = job->targets;
	int			at = (int) i * job->targets;	/* in the group */
	int			first = job->first_target + at;
	int			nt = Min(job->targets, job->n_targets - at);
	Tile		tile = tile_of_worker(job, worker);
	Size		columns = SUMS * ld;
	int			nb = job->rows->n_blocks;

	load_tile(job, tile, first, nt);
	observed(job, tile, first, nt);
	gemm_f8_raw(false, false, job->n_draws, columns, nb, 1, job->draws, nb, tile.blocks, columns, 0,
				tile.sums, columns);
	for (int t = 0; t < nt; t++)
		for (int k = 0; k < job->n_draws; k++)
			job->samples[(Size) (at + t) * job->n_boot + job->first_draw + k] =
				correlation(tile.sums + k * columns + t, ld);
}

/* The q quantile of n > 0 values, linear between neighbours (Hyndman and Fan's type 7). */
static double
quantile(double *values, int n, double q)
{
	double		at = q * (n - 1);
	int			i = (int) at;
	double		next;

	select_value(values, n, i);
	if (i + 1 >= n)
		return values[i];
	next = values[i + 1];
	for (int k = i + 2; k < n; k++)
		next = Min(next, values[k]);
	return values[i] + (at - i) * (next - values[i]);
}

/* One target's interval from its draws; draws with fewer than 2 rows that have values don't count. */
static void
interval_task(int64 i, int worker, void *arg)
{
	Bootstrap  *job = arg;
	double	   *sample = job->samples + (Size) i * job->n_boot;
	int			t = job->first_target + (int) i;
	int			n = 0;

	for (int k = 0; k < job->n_boot; k++)
		if (!isnan(sample[k]))
			sample[n++] = sample[k];
	if (n == 0 || isnan(job->r[t]))
	{
		job->low[t] = job->high[t] = NAN;
		return;
	}
	job->low[t] = quantile(sample, n, (1 - job->level) / 2);
	job->high[t] = quantile(sample, n, (1 + job->level) / 2);
}

static void
draw_batch(Bootstrap *job, uint64 seed, int first, int n)
{
	Size		nb = job->rows->n_blocks;

	job->first_draw = first;
	job->n_draws = n;
	memset(job->draws, 0, (Size) n * nb * sizeof(double));
	for (int k = 0; k < n; k++)
	{
		RandomStream stream;

		CHECK_FOR_INTERRUPTS();
		random_start(&stream, seed, first + k);
		for (Size b = 0; b < nb; b++)
			job->draws[k * nb + random_below(&stream, nb)] += 1;
	}
}

void
bootstrap_r(const PredictionRows *rows, int n_boot, double level, uint64 seed,
			double *r, double *low, double *high)
{
	Bootstrap	job = {.rows = rows, .level = level, .n_boot = n_boot, .r = r, .low = low, .high = high};
	int			workers = parallel_threads();
	Size		nb = rows->n_blocks;
	double		draw_flops;
	Size		group;
	MemoryContext scratch;
	MemoryContext old;
	Size		bytes;

	job.targets = Max(1, Min(Min(MAX_TARGETS, rows->v), TILE_ELEMENTS / rows->n));
	draw_flops = 2.0 * nb * SUMS * job.targets;
	job.batch = (int) Min((double) n_boot, Max((double) MIN_BATCH, Min(TASK_FLOPS / draw_flops, (double) DRAWS_ELEMENTS / nb)));
	job.scratch_bytes = size_mul(tile_doubles(&job), sizeof(double));
	group = Min((Size) rows->v, Max((Size) job.targets, GROUP_BYTES / (n_boot * sizeof(double))));
	bytes = size_add(size_mul(workers, job.scratch_bytes), size_mul(job.batch, nb * sizeof(double)));
	scratch = scratch_create("bootstrap_r", size_add(bytes, size_mul(group, n_boot * sizeof(double))), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	job.scratch = huge_alloc(size_mul(workers, job.scratch_bytes));
	job.draws = huge_matrix(job.batch, nb);
	job.samples = huge_matrix(group, n_boot);

	progress_begin("bootstrap_r", (double) rows->v * n_boot);
	for (job.first_target = 0; job.first_target < rows->v; job.first_target += job.n_targets)
	{
		job.n_targets = (int) Min(group, (Size) (rows->v - job.first_target));
		for (int first = 0; first < n_boot; first += job.batch)
		{
			int			n_tasks = (job.n_targets + job.targets - 1) / job.targets;

			draw_batch(&job, seed, first, Min(job.batch, n_boot - first));
			parallel_for(n_tasks, (double) job.n_targets * job.n_draws / n_tasks, draws_task, &job);
		}
		parallel_for(job.n_targets, 0, interval_task, &job);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
