/*
 * nmf_update.c
 *		Non-negative least squares for all columns of a factor at once, by
 *		coordinate descent.
 *
 * With B fixed, |X - F' B|^2 falls apart into one problem a column of F, all with
 * the same k x k matrix B B'.  A sweep sets row after row of F to its exact
 * minimiser, max(0, f_t + (target_t - gram_t F) / gram_tt): the rule of hierarchical
 * alternating least squares (HALS; Cichocki and Phan 2009), which is scikit-learn's
 * coordinate descent too, since the order of rows is the same for every column.
 * A step never raises the objective.  Since the products that make gram and target
 * cost far more than a sweep, sweeps are repeated while they still move (Gillis and
 * Glineur 2012, accelerated HALS): until one moves less than a tenth of the first.
 *
 * Cost: 2 n k^2 flops a sweep.  Columns go through in chunks that stay in cache and
 * are as wide as some vector registers; a chunk is one task's own, so the result
 * has the same bits at any number of threads.
 */
#include "postgres.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "clustering/nmf_update.h"
#include "linalg/linalg.h"

#define CHUNK		32			/* columns */
#define TASK_FLOPS	2e7
#define MOST_SWEEPS 20
#define SMALL_MOVE	0.01		/* of the first sweep's, both squared */

typedef struct Update
{
	Size		k;
	Size		n;
	const double *gram;
	const double *target;
	int			max_sweeps;
	double	   *f;
	Size		chunks_per_task;
	double	   *scratch;		/* workers x 2 x k x CHUNK */
} Update;

int
nmf_sweeps(Size k, double flops_per_column)
{
	return (int) Min(MOST_SWEEPS, 1 + flops_per_column / (8.0 * (double) k * (double) k));
}

/* One sweep over f (k x CHUNK); returns the squared length of the move. */
HOT_LOOP static double
sweep(Size k, const double *gram, const double *target, double *f)
{
	double		moved = 0;

	for (Size t = 0; t < k; t++)
	{
		const double *g = gram + t * k;
		double	   *ft = f + t * CHUNK;
		double		step[CHUNK];
		double		inverse;

		if (!(g[t] > 0))
			continue;
		inverse = 1 / g[t];
		for (int c = 0; c < CHUNK; c++)
			step[c] = target[t * CHUNK + c];
		for (Size r = 0; r < k; r++)
		{
			double		gr = g[r];
			const double *fr = f + r * CHUNK;

			for (int c = 0; c < CHUNK; c++)
				step[c] -= gr * fr[c];
		}
#pragma omp simd reduction(+:moved)
		for (int c = 0; c < CHUNK; c++)
		{
			double		now = ft[c] + step[c] * inverse;

			now = now > 0 ? now : 0;
			moved += (now - ft[c]) * (now - ft[c]);
			ft[c] = now;
		}
	}
	return moved;
}

static void
load_chunk(const Update *u, const double *from, Size column, Size width, double *to)
{
	for (Size t = 0; t < u->k; t++)
	{
		memcpy(to + t * CHUNK, from + t * u->n + column, width * sizeof(double));
		memset(to + t * CHUNK + width, 0, (CHUNK - width) * sizeof(double));
	}
}

static void
update_task(int64 i, int worker, void *arg)
{
	const Update *u = arg;
	double	   *f = u->scratch + (Size) worker * 2 * u->k * CHUNK;
	double	   *target = f + u->k * CHUNK;
	Size		first = (Size) i * u->chunks_per_task * CHUNK;
	Size		last = Min(u->n, first + u->chunks_per_task * CHUNK);

	for (Size column = first; column < last; column += CHUNK)
	{
		Size		width = Min(CHUNK, last - column);
		double		first_move = 0;

		load_chunk(u, u->f, column, width, f);
		load_chunk(u, u->target, column, width, target);
		for (int s = 0; s < u->max_sweeps; s++)
		{
			double		moved = sweep(u->k, u->gram, target, f);

			if (s == 0)
				first_move = moved;
			if (moved <= SMALL_MOVE * first_move && s > 0)
				break;
		}
		for (Size t = 0; t < u->k; t++)
			memcpy(u->f + t * u->n + column, f + t * CHUNK, width * sizeof(double));
	}
}

void
nmf_update(Size k, Size n, const double *gram, const double *target, int max_sweeps, double *f)
{
	double		chunk_flops = 2.0 * (double) k * (double) k * CHUNK * max_sweeps;
	Update		u = {.k = k, .n = n, .gram = gram, .target = target, .max_sweeps = max_sweeps, .f = f};

	u.chunks_per_task = Max(1, (Size) (TASK_FLOPS / chunk_flops));
	u.scratch = huge_matrix((Size) parallel_threads() * 2 * k, CHUNK);
	parallel_for((int64) ((n + u.chunks_per_task * CHUNK - 1) / (u.chunks_per_task * CHUNK)), 0, update_task, &u);
	pfree(u.scratch);
}
