/*
 * balanced.c
 *		k-means with clusters of equal size: the exact assignment, then the means.
 *
 * M. I. Malinen and P. Franti, "Balanced k-means for clustering", S+SSPR 2014,
 * with an assignment over clusters (balanced_assignment.c) in place of their
 * n x n one.  Both steps lower the sum of squared distances, so it falls each turn
 * until the rows stay.  A turn is 2 n k d flops of distances, the heaps of the
 * assignment and its paths, which are few once the prices of the turn before
 * fit.  Starts are those of k-means.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/balanced.h"
#include "clustering/centre_distances.h"

#define MAX_TURNS 300

typedef struct Balance
{
	const KmeansRows *r;
	int			k;
	double	   *cost;			/* n x k */
	double	   *price;			/* k + 1 */
	int32	   *before;			/* n */
	double	   *squared;		/* n */
} Balance;

static void
set_means(const KmeansRows *r, KmeansFit *fit, int32 *rows_of_cluster)
{
	for (int j = 0; j < fit->k; j++)
	{
		double	   *centre = fit->centre + (Size) j * r->d;
		Size		size = 0;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < r->n; i++)
			if (fit->label[i] == j)
				rows_of_cluster[size++] = i;
		memset(centre, 0, r->d * sizeof(double));
		kmeans_add_rows(r, rows_of_cluster, size, centre);
		for (int i = 0; i < r->d; i++)
			centre[i] /= size;
		fit->size[j] = size;
	}
}

static double
total_squared(Balance *b, const KmeansFit *fit)
{
	double		total = 0;

	kmeans_squares(b->r, fit->centre, fit->label, b->squared);
	for (int i = 0; i < b->r->n; i++)
		total += b->squared[i];
	return total;
}

/* Turns from fit->centre until the rows stay. */
static void
balance(Balance *b, KmeansFit *fit)
{
	Size		n = b->r->n;

	memset(b->price, 0, (b->k + 1) * sizeof(double));
	fit->inertia = INFINITY;
	fit->converged = false;
	for (fit->iterations = 1;; fit->iterations++)
	{
		double		inertia;

		centre_distances(b->r, b->k, fit->centre, b->cost);
		memcpy(b->before, fit->label, n * sizeof(int32));
		balanced_assign(b->r->n, b->k, b->cost, b->price, fit->label);
		fit->converged = fit->iterations > 1 && memcmp(b->before, fit->label, n * sizeof(int32)) == 0;
		if (fit->converged)
			break;
		set_means(b->r, fit, b->before);
		inertia = total_squared(b, fit);
		fit->converged = !(inertia < fit->inertia * (1 - 1e-14));	/* rows of equal cost changed places */
		fit->inertia = inertia;
		if (fit->converged || fit->iterations == MAX_TURNS)
			break;
	}
}

KmeansFit *
balanced_fit(const KmeansRows *r, int k, int64 seed, int n_init)
{
	KmeansOptions options = kmeans_options(k, seed);
	Size		bytes = size_mul(size_mul(r->n, size_add(k, 2)), sizeof(double));
	Balance		b = {.r = r, .k = k};
	KmeansFit  *best;
	KmeansFit  *trial;
	MemoryContext scratch;
	MemoryContext old;

	memory_claim_add(memory_claim(CurrentMemoryContext, "balanced k-means"), size_mul(2, kmeans_fit_bytes(r->n, r->d, k)), NULL);
	best = kmeans_fit_new(r->n, r->d, k);
	trial = kmeans_fit_new(r->n, r->d, k);
	scratch = scratch_create("balanced k-means", bytes, "Take fewer rows or clusters: a sample fits a model that labels the others.");
	old = MemoryContextSwitchTo(scratch);
	b.cost = huge_matrix(r->n, k);
	b.price = huge_matrix(1, (Size) k + 1);
	b.before = huge_alloc((Size) r->n * sizeof(int32));
	b.squared = huge_matrix(1, r->n);
	progress_begin("balanced k-means", n_init);
	for (int start = 0; start < n_init; start++)
	{
		kmeans_start(r, &options, start, trial);
		balance(&b, trial);
		if (start == 0 || trial->inertia < best->inertia)
		{
			KmeansFit  *swap = best;

			best = trial;
			trial = swap;
		}
		progress_add(1);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	kmeans_renumber(best, r->n, r->d);
	return best;
}
