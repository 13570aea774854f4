/*
 * explainable_variance.c
 *		The share of variance that repeats have in common, column by column.
 *
 * As the voxelwise modelling tutorials define it (after Sahani and Linden 2003;
 * Hsu, Borst and Theunissen 2004; Schoppe et al. 2016): every repeat is z-scored
 * over stimuli (ddof 0; a constant repeat becomes 0), ev = var(mean over repeats)
 * / mean over repeats of var, both ddof 1, corrected for its bias: ev - (1 - ev) /
 * (repeats - 1).  It may be negative; nothing is clipped.  In exact arithmetic this
 * is the mean correlation between two repeats, over all pairs.
 *
 * A stimulus with NaN in any repeat is left out of that column.  A tile of
 * columns is gathered across all rows; three passes over it, threads by tiles.
 */
#include "postgres.h"

#include <math.h>

#include "base/progress.h"
#include "linalg/linalg.h"
#include "stats/repeats.h"

#define COLUMNS		8			/* of a tile */

#define MEMORY_HINT "Take fewer columns at a time."

typedef struct ExplainableJob
{
	const PredictionRows *rows;
	double	   *scratch;		/* a worker: a Tile's matrices */
	Size		scratch_doubles;
	double	   *out;			/* v */
} ExplainableJob;

typedef struct Tile
{
	double	   *values;			/* repeats x stimuli x COLUMNS */
	double	   *valid;			/* stimuli x COLUMNS: in all repeats */
	double	   *mean;			/* stimuli x COLUMNS: over repeats */
} Tile;

static void
find_valid(Tile tile, int n_repeats, int n_stimuli, int m)
{
	Size		ld = COLUMNS;

	for (int s = 0; s < n_stimuli; s++)
		for (int t = 0; t < m; t++)
			tile.valid[s * ld + t] = 1;
	for (int r = 0; r < n_repeats; r++)
		for (int s = 0; s < n_stimuli; s++)
			for (int t = 0; t < m; t++)
				if (isnan(tile.values[((Size) r * n_stimuli + s) * ld + t]))
					tile.valid[s * ld + t] = 0;
}

/* ev of m columns */
static void
tile_variance(Tile tile, int n_repeats, int n_stimuli, int m, double *out)
{
	Size		ld = COLUMNS;
	double		variance[COLUMNS] = {0};	/* mean over repeats of the sum of squares: 1, less where constant */
	double		total[COLUMNS] = {0};	/* of the means */
	double		square[COLUMNS] = {0};
	int			count[COLUMNS] = {0};

	find_valid(tile, n_repeats, n_stimuli, m);
	memset(tile.mean, 0, n_stimuli * ld * sizeof(double));
	for (int r = 0; r < n_repeats; r++)
	{
		double	   *repeat = tile.values + (Size) r * n_stimuli * ld;

		/* of unit norm: z-scores over the root of count */
		columns_standardize(repeat, tile.valid, n_stimuli, m, ld, count);
		for (int s = 0; s < n_stimuli; s++)
			for (int t = 0; t < m; t++)
			{
				tile.mean[s * ld + t] += repeat[s * ld + t] / n_repeats;
				variance[t] += repeat[s * ld + t] * repeat[s * ld + t] / n_repeats;
			}
	}
	for (int s = 0; s < n_stimuli; s++)
		for (int t = 0; t < m; t++)
			total[t] += tile.mean[s * ld + t];
	for (int s = 0; s < n_stimuli; s++)
		for (int t = 0; t < m; t++)
		{
			double		d = tile.valid[s * ld + t] != 0 ? tile.mean[s * ld + t] - total[t] / count[t] : 0;

			square[t] += d * d;
		}
	for (int t = 0; t < m; t++)
	{
		double		ev = square[t] / variance[t];

		out[t] = count[t] < 2 ? NAN : variance[t] == 0 ? 0 : ev - (1 - ev) / (n_repeats - 1);
	}
}

static void
tile_task(int64 i, int worker, void *arg)
{
	ExplainableJob *job = arg;
	const PredictionRows *rows = job->rows;
	int			n_stimuli = rows->n / rows->n_blocks;
	int			first = (int) i * COLUMNS;
	int			m = Min(COLUMNS, rows->v - first);
	double	   *at = job->scratch + worker * job->scratch_doubles;
	double	   *valid = at + (Size) rows->n * COLUMNS;
	Tile		tile = {at, valid, valid + (Size) n_stimuli * COLUMNS};

	predictions_gather(rows, 0, rows->n, 0, first, m, tile.values, COLUMNS);
	tile_variance(tile, rows->n_blocks, n_stimuli, m, job->out + first);
}

void
explainable_variance(const PredictionRows *rows, double *out)
{
	ExplainableJob job = {.rows = rows, .out = out};
	int			workers = parallel_threads();
	int64		n_tiles = (rows->v + COLUMNS - 1) / COLUMNS;
	MemoryContext scratch;

	job.scratch_doubles = size_mul(rows->n + 2 * ((Size) rows->n / rows->n_blocks), COLUMNS);
	scratch = scratch_create("explainable_variance",
							 size_mul(workers, size_mul(job.scratch_doubles, sizeof(double))), MEMORY_HINT);
	job.scratch = MemoryContextAllocHuge(scratch, size_mul(workers, size_mul(job.scratch_doubles, sizeof(double))));
	progress_begin("explainable_variance", (double) n_tiles);
	parallel_for(n_tiles, 1, tile_task, &job);
	progress_end();
	MemoryContextDelete(scratch);
}
