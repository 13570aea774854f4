/*
 * linkage_distances.c
 *		Euclidean distances of all pairs of rows, from their differences.
 *
 * A tile of 4 x 8 pairs keeps its sums in registers while it passes over the
 * dimensions: 3 flops an element and pair, one load for 8 of them.  A product of
 * matrices takes two, but |x|^2 + |y|^2 - 2 x.y loses digits where rows are
 * close, and would have to look at every near tie again; a tree is nothing but
 * comparisons of distances.  Here rows of whole numbers tie exactly where they
 * should, and copies have distance 0.  n^2 d 3 / 2 flops, at close to half of
 * dgemm's rate of pairs; the tree over them takes longer for rows of up to some
 * hundred elements.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "stats/linkage.h"
#include "stats/rdm.h"

#define LANES			LINKAGE_PANEL
#define TILE_ROWS		4
#define TASK_PANELS		4			/* of rows; their columns stay in the first cache */
#define TASK_ELEMENTS	30000000	/* differences of a task */

typedef double Lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

typedef struct Distances
{
	Size		n;
	Size		d;
	const double *panels;
	bool		squared;
	Size		n_panels;
	Size		panels_across;	/* of a task */
	Size		tasks_across;
	double	   *distance;
} Distances;

Size
linkage_panels_size(Size n, Size d)
{
	return size_mul(size_mul((n + LANES - 1) / LANES, LANES), d);
}

/* Sums of squared differences of four rows of a panel and the eight of another. */
HOT_LOOP static void
pair_tile(Size d, const double *a, const double *b, bool squared, double *out)
{
	Lanes		s0 = {0};
	Lanes		s1 = {0};
	Lanes		s2 = {0};
	Lanes		s3 = {0};

	for (Size k = 0; k < d; k++, a += LANES, b += LANES)
	{
		Lanes		column = *(const Lanes *) b;
		Lanes		d0 = column - a[0];
		Lanes		d1 = column - a[1];
		Lanes		d2 = column - a[2];
		Lanes		d3 = column - a[3];

		s0 += d0 * d0;
		s1 += d1 * d1;
		s2 += d2 * d2;
		s3 += d3 * d3;
	}
	*(Lanes *) out = s0;
	*(Lanes *) (out + LANES) = s1;
	*(Lanes *) (out + (Size) 2 * LANES) = s2;
	*(Lanes *) (out + (Size) 3 * LANES) = s3;
	if (!squared)
		for (int i = 0; i < TILE_ROWS * LANES; i++)
			out[i] = sqrt(out[i]);
}

/* Those of a tile that are pairs of rows i < j. */
static void
put_tile(const Distances *p, Size i0, Size j0, const double *tile)
{
	for (Size i = i0; i < Min(i0 + TILE_ROWS, p->n); i++, tile += LANES)
	{
		Size		first = Max(j0, i + 1);
		Size		end = Min(j0 + LANES, p->n);

		if (first < end)
			memcpy(p->distance + rdm_pair(p->n, i, first), tile + (first - j0), (end - first) * sizeof(double));
	}
}

static void
distances_task(int64 number, int worker, void *arg)
{
	const Distances *p = arg;
	Size		first_row = (Size) number / p->tasks_across * TASK_PANELS;
	Size		first = (Size) number % p->tasks_across * p->panels_across;
	Size		end = Min(first + p->panels_across, p->n_panels);
	double		tile[TILE_ROWS * LANES];

	for (Size column = Max(first, first_row); column < end; column++)
		for (Size row = first_row; row <= Min(first_row + TASK_PANELS - 1, column); row++)
			for (Size half = 0; half < LANES; half += TILE_ROWS)
			{
				pair_tile(p->d, p->panels + row * LANES * p->d + half, p->panels + column * LANES * p->d, p->squared, tile);
				put_tile(p, row * LANES + half, column * LANES, tile);
			}
}

void
linkage_distances(Size n, Size d, const double *panels, bool squared, double *distance)
{
	Distances	p = {.n = n, .d = d, .panels = panels, .squared = squared, .distance = distance};
	Size		n_tasks;

	p.n_panels = (n + LANES - 1) / LANES;
	p.panels_across = Max(1, TASK_ELEMENTS / ((Size) TASK_PANELS * LANES * LANES * d));
	p.tasks_across = (p.n_panels + p.panels_across - 1) / p.panels_across;
	n_tasks = (p.n_panels + TASK_PANELS - 1) / TASK_PANELS * p.tasks_across;
	progress_begin("distances", (double) n_tasks);
	parallel_for((int64) n_tasks, 1, distances_task, &p);
	progress_end();
}
