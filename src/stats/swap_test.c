/*
 * swap_test.c
 *		Is one model's prediction better than another's: swaps of the two by block.
 *
 * If both predictions are as good, a block's two predictions could as well have
 * come the other way round.  So each draw swaps them in a random half of the
 * blocks, and the difference of the two correlations with y is computed anew
 * (approximate randomization: Noreen 1989; by blocks, since rows of a block are
 * not independent).  y stays where it is, so its autocorrelation and what both
 * models share are kept.  p = (1 + #{d* >= d}) / (1 + n_perm).
 *
 * The subtlety: r is blind to the scale of a prediction, a swap is not.  Both
 * predictions are therefore centred and scaled to unit norm first, by target.
 *
 * A swap adds b - a, b^2 - a^2 and (b - a) y of its blocks to the sums of model
 * a and takes them from those of b: one matrix product of draws x blocks with
 * blocks x 3 targets, 6 n_perm nb flops a target.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "stats/resampling.h"

#define MAX_TARGETS		64		/* a tile */
#define TILE_ELEMENTS	(1 << 21)	/* of one of its vectors over all rows: fewer targets where rows are many */
#define SUMS			3		/* of b - a, b^2 - a^2, (b - a) y */
#define TASK_FLOPS		4e8
#define MIN_BATCH		16
#define DRAWS_ELEMENTS	(1 << 22)	/* of the matrix of a batch's draws */

#define MEMORY_HINT "Test fewer targets at a time."

typedef struct SwapTest
{
	const PredictionRows *rows;
	bool		two_sided;
	int			targets;		/* a tile */
	int			batch;
	int			n_draws;		/* of the batch under way */
	double	   *draws;			/* batch x nb: 1 = swapped */
	char	   *scratch;		/* a worker */
	Size		scratch_bytes;
	double	   *r_a;			/* v */
	double	   *r_b;
	double	   *difference;
	int64	   *reached;		/* v: draws whose statistic is at least the observed */
} SwapTest;

typedef struct Tile
{
	double	   *a;				/* n x targets */
	double	   *b;
	double	   *y;
	double	   *valid;			/* n x targets */
	double	   *changes;		/* nb x SUMS x targets: what a swap adds to the sums of model a */
	double	   *sums;			/* batch x SUMS x targets */
} Tile;

static Size
tile_doubles(const SwapTest *job)
{
	Size		ld = job->targets;
	Size		n = size_mul(4, job->rows->n);

	return size_mul(ld, size_add(n, size_mul(SUMS, (Size) job->rows->n_blocks + job->batch)));
}

static Tile
tile_of_worker(const SwapTest *job, int worker)
{
	Size		ld = job->targets;
	double	   *at = (double *) (job->scratch + worker * job->scratch_bytes);
	Size		n = (Size) job->rows->n * ld;
	double	   *changes = at + 4 * n;

	return (Tile) {at, at + n, at + 2 * n, at + 3 * n, changes,
		changes + (Size) job->rows->n_blocks * SUMS * ld};
}

/* The tile's targets, each over the rows where all three vectors have a value; counts of those. */
static void
load_tile(const SwapTest *job, Tile tile, int first, int nt, int *count)
{
	Size		ld = job->targets;
	const PredictionRows *rows = job->rows;

	predictions_gather(rows, 0, rows->n, 0, first, nt, tile.a, ld);
	predictions_gather(rows, 0, rows->n, 1, first, nt, tile.b, ld);
	predictions_gather(rows, 0, rows->n, 2, first, nt, tile.y, ld);
	for (Size i = 0; i < (Size) rows->n * ld; i += ld)
		for (int t = 0; t < nt; t++)
			tile.valid[i + t] = isnan(tile.a[i + t]) || isnan(tile.b[i + t]) || isnan(tile.y[i + t]) ? 0 : 1;
	columns_standardize(tile.a, tile.valid, rows->n, nt, ld, count);
	columns_standardize(tile.b, tile.valid, rows->n, nt, ld, count);
	columns_standardize(tile.y, tile.valid, rows->n, nt, ld, count);
}

/* Sums over all rows: aa, bb, ay, by (yy is 1, or 0 for a constant); and by block what a swap changes. */
typedef struct Totals
{
	double		aa,
				bb,
				ay,
				by,
				yy;
} Totals;

static void
sum_blocks(const SwapTest *job, Tile tile, int nt, Totals *totals)
{
	Size		ld = job->targets;
	const PredictionRows *rows = job->rows;

	memset(totals, 0, nt * sizeof(Totals));
	memset(tile.changes, 0, (Size) rows->n_blocks * SUMS * ld * sizeof(double));
	for (int k = 0; k < rows->n_blocks; k++)
	{
		double	   *change = tile.changes + (Size) k * SUMS * ld;

		for (int i = rows->start[k]; i < rows->start[k + 1]; i++)
			for (int t = 0; t < nt; t++)
			{
				double		a = tile.a[(Size) i * ld + t];
				double		b = tile.b[(Size) i * ld + t];
				double		y = tile.y[(Size) i * ld + t];

				change[t] += b - a;
				change[ld + t] += b * b - a * a;
				change[2 * ld + t] += (b - a) * y;
				totals[t].aa += a * a;
				totals[t].bb += b * b;
				totals[t].ay += a * y;
				totals[t].by += b * y;
				totals[t].yy += y * y;
			}
	}
}

/* r of a prediction with these sums (y has mean 0); 0 where a side is constant */
static double
correlation(double n, double x, double xx, double xy, double yy)
{
	double		variance = xx - x * x / n;

	if (variance <= 1e-14 || yy == 0)
		return 0;
	return Max(-1.0, Min(1.0, xy / sqrt(variance * yy)));
}

static double
statistic(const SwapTest *job, double difference)
{
	return job->two_sided ? fabs(difference) : difference;
}

static void
tile_task(int64 i, int worker, void *arg)
{
	SwapTest   *job = arg;
	Size		ld = job->targets;
	const PredictionRows *rows = job->rows;
	int			first = (int) i * job->targets;
	int			nt = Min(job->targets, rows->v - first);
	Tile		tile = tile_of_worker(job, worker);
	int			count[MAX_TARGETS];
	Totals		totals[MAX_TARGETS];
	Size		columns = SUMS * ld;

	load_tile(job, tile, first, nt, count);
	sum_blocks(job, tile, nt, totals);
	gemm_f8_raw(false, false, job->n_draws, columns, rows->n_blocks, 1, job->draws, rows->n_blocks,
				tile.changes, columns, 0, tile.sums, columns);
	for (int t = 0; t < nt; t++)
	{
		Totals		s = totals[t];
		double		n = count[t];
		double		least;

		if (n < 2)
		{
			job->r_a[first + t] = job->r_b[first + t] = job->difference[first + t] = NAN;
			continue;
		}
		job->r_a[first + t] = correlation(n, 0, s.aa, s.ay, s.yy);
		job->r_b[first + t] = correlation(n, 0, s.bb, s.by, s.yy);
		job->difference[first + t] = job->r_a[first + t] - job->r_b[first + t];
		least = statistic(job, job->difference[first + t]) - RESAMPLING_TIE;
		for (int k = 0; k < job->n_draws; k++)
		{
			const double *change = tile.sums + k * columns + t;
			double		a = correlation(n, change[0], s.aa + change[ld], s.ay + change[2 * ld], s.yy);
			double		b = correlation(n, -change[0], s.bb - change[ld], s.by - change[2 * ld], s.yy);

			if (statistic(job, a - b) >= least)
				job->reached[first + t]++;
		}
	}
}

static void
draw_batch(SwapTest *job, uint64 seed, int first, int n)
{
	Size		nb = job->rows->n_blocks;

	job->n_draws = n;
	for (int k = 0; k < n; k++)
	{
		RandomStream stream;

		CHECK_FOR_INTERRUPTS();
		random_start(&stream, seed, first + k);
		for (Size b = 0; b < nb; b++)
			job->draws[k * nb + b] = random_below(&stream, 2);
	}
}

void
compare_test(const PredictionRows *rows, int n_perm, uint64 seed, bool two_sided,
			 double *r_a, double *r_b, double *difference, double *p)
{
	SwapTest	job = {.rows = rows, .two_sided = two_sided, .r_a = r_a, .r_b = r_b, .difference = difference};
	int			workers = parallel_threads();
	Size		nb = rows->n_blocks;
	double		draw_flops;
	int64		n_tiles;
	MemoryContext scratch;
	MemoryContext old;
	Size		bytes;

	job.targets = Max(1, Min(Min(MAX_TARGETS, rows->v), TILE_ELEMENTS / rows->n));
	n_tiles = (rows->v + job.targets - 1) / job.targets;
	draw_flops = 2.0 * nb * SUMS * job.targets;
	job.batch = (int) Min((double) n_perm, Max((double) MIN_BATCH, Min(TASK_FLOPS / draw_flops, (double) DRAWS_ELEMENTS / nb)));
	job.scratch_bytes = size_mul(tile_doubles(&job), sizeof(double));
	bytes = size_add(size_mul(workers, job.scratch_bytes), size_mul(job.batch, nb * sizeof(double)));
	scratch = scratch_create("compare_test", size_add(bytes, rows->v * sizeof(int64)), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	job.scratch = huge_alloc(size_mul(workers, job.scratch_bytes));
	job.draws = huge_matrix(job.batch, nb);
	job.reached = huge_alloc0(rows->v * sizeof(int64));

	progress_begin("compare_test", (double) n_tiles * n_perm);
	for (int first = 0; first < n_perm; first += job.batch)
	{
		draw_batch(&job, seed, first, Min(job.batch, n_perm - first));
		parallel_for(n_tiles, job.n_draws, tile_task, &job);
	}
	progress_end();
	for (int t = 0; t < rows->v; t++)
		p[t] = isnan(difference[t]) ? NAN : (1.0 + job.reached[t]) / (1.0 + n_perm);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
