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
	double	   *scratch;		/* a worker: n x COLUMNS values, stimuli of valid, stimuli of means */
	Size		scratch_doubles;
	double	   *out;			/* v */
} ExplainableJob;

/* ev of one column of values (repeats x stimuli, stride ld); 'valid' and 'mean': stimuli long */
static double
column_variance(double *values, Size ld, int n_repeats, int n_stimuli, double *valid, double *mean)
{
	double		total = 0;
	double		square = 0;
	double		mean_variance = 0;
	double		ev;
	int			count = 0;

	for (int s = 0; s < n_stimuli; s++)
	{
		valid[s * ld] = 1;
		mean[s] = 0;
	}
	for (Size i = 0; i < (Size) n_repeats * n_stimuli; i++)
		if (isnan(values[i * ld]))
			valid[i % n_stimuli * ld] = 0;
	for (int r = 0; r < n_repeats; r++)
	{
		double	   *repeat = values + (Size) r * n_stimuli * ld;

		/* of unit norm: the z-scores over sqrt(count) */
		count = column_standardize(repeat, valid, n_stimuli, ld);
		for (int s = 0; s < n_stimuli; s++)
		{
			mean[s] += repeat[s * ld] / n_repeats;
			mean_variance += repeat[s * ld] * repeat[s * ld] / n_repeats;
		}
	}
	if (count < 2)
		return NAN;
	if (mean_variance == 0)
		return 0;
	for (int s = 0; s < n_stimuli; s++)
		total += mean[s];
	for (int s = 0; s < n_stimuli; s++)
		if (valid[s * ld] != 0)
			square += (mean[s] - total / count) * (mean[s] - total / count);
	ev = square / mean_variance;
	return ev - (1 - ev) / (n_repeats - 1);
}

static void
tile_task(int64 i, int worker, void *arg)
{
	ExplainableJob *job = arg;
	const PredictionRows *rows = job->rows;
	int			n_repeats = rows->n_blocks;
	int			n_stimuli = rows->n / n_repeats;
	int			first = (int) i * COLUMNS;
	int			n = Min(COLUMNS, rows->v - first);
	double	   *values = job->scratch + worker * job->scratch_doubles;
	double	   *valid = values + (Size) rows->n * COLUMNS;
	double	   *mean = valid + (Size) n_stimuli * COLUMNS;

	predictions_gather(rows, 0, rows->n, 0, first, n, values, COLUMNS);
	for (int t = 0; t < n; t++)
		job->out[first + t] = column_variance(values + t, COLUMNS, n_repeats, n_stimuli, valid + t, mean);
}

void
explainable_variance(const PredictionRows *rows, double *out)
{
	ExplainableJob job = {.rows = rows, .out = out};
	int			workers = parallel_threads();
	int64		n_tiles = (rows->v + COLUMNS - 1) / COLUMNS;
	MemoryContext scratch;

	job.scratch_doubles = size_mul(rows->n + (Size) rows->n / rows->n_blocks + 1, COLUMNS) + rows->n / rows->n_blocks;
	scratch = scratch_create("explainable_variance",
							 size_mul(workers, size_mul(job.scratch_doubles, sizeof(double))), MEMORY_HINT);
	job.scratch = MemoryContextAllocHuge(scratch, size_mul(workers, size_mul(job.scratch_doubles, sizeof(double))));
	progress_begin("explainable_variance", (double) n_tiles);
	parallel_for(n_tiles, 1, tile_task, &job);
	progress_end();
	MemoryContextDelete(scratch);
}
