/*
 * kmeans.c
 *		k-means: the best of several starts.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/kmeans.h"

KmeansOptions
kmeans_options(int k, int64 seed)
{
	return (KmeansOptions) {.k = k, .seed = seed, .n_init = 10, .max_iter = 300, .tol = 1e-4};
}

void
kmeans_require_distinct(const PointRows *rows, int k)
{
	int			distinct;

	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be at least 1, not %d", k)));
	distinct = point_rows_distinct(rows, k);
	if (distinct < k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d, but only %d of the rows are distinct", k, distinct),
				 errhint("Take a smaller k.")));
}

/* ---- fits ---- */

Size
kmeans_fit_bytes(int n, int d, int k)
{
	Size		bytes = size_mul(size_mul(k, size_add(d, 1)), sizeof(double));

	return size_add(bytes, size_mul(n, sizeof(int32)));
}

KmeansFit *
kmeans_fit_new(int n, int d, int k)
{
	KmeansFit  *fit = palloc0(sizeof(KmeansFit));

	fit->k = k;
	fit->centre = huge_matrix(k, d);
	fit->label = huge_alloc(size_mul(n, sizeof(int32)));
	fit->size = huge_alloc0(size_mul(k, sizeof(int64)));
	return fit;
}

void
kmeans_renumber(KmeansFit *fit, int n, int d)
{
	int			k = fit->k;
	int		   *order = huge_alloc(size_mul(k, sizeof(int)));
	int32	   *place = huge_alloc(size_mul(k, sizeof(int32)));
	int64	   *size = huge_alloc(size_mul(k, sizeof(int64)));
	double	   *centre = huge_matrix(k, d);

	clustering_order(k, d, fit->size, fit->centre, order);
	for (int j = 0; j < k; j++)
	{
		place[order[j]] = j;
		size[j] = fit->size[order[j]];
		memcpy(centre + (Size) j * d, fit->centre + (Size) order[j] * d, d * sizeof(double));
	}
	memcpy(fit->size, size, k * sizeof(int64));
	memcpy(fit->centre, centre, (Size) k * d * sizeof(double));
	for (int i = 0; i < n; i++)
		fit->label[i] = place[fit->label[i]];
	pfree(order);
	pfree(place);
	pfree(size);
	pfree(centre);
}

void
kmeans_start(const KmeansRows *r, const KmeansOptions *o, int start, KmeansFit *fit)
{
	RandomStream random;

	random_start(&random, (uint64) o->seed, (uint64) start);
	if (o->init)
		memcpy(fit->centre, o->init, (Size) o->k * r->d * sizeof(double));
	else
		kmeans_seed(r, o->k, &random, fit->centre);
	kmeans_lloyd(r, o->max_iter, o->tol, fit);
}

KmeansFit *
kmeans_fit(const KmeansRows *r, const KmeansOptions *o)
{
	KmeansFit  *best;
	KmeansFit  *trial;
	int			n_starts = o->init ? 1 : o->n_init;

	memory_claim_add(memory_claim(CurrentMemoryContext, "k-means"), size_mul(2, kmeans_fit_bytes(r->n, r->d, o->k)), NULL);
	best = kmeans_fit_new(r->n, r->d, o->k);
	trial = kmeans_fit_new(r->n, r->d, o->k);
	progress_begin("k-means", n_starts);
	for (int start = 0; start < n_starts; start++)
	{
		kmeans_start(r, o, start, trial);
		if (start == 0 || trial->inertia < best->inertia)
		{
			KmeansFit  *swap = best;

			best = trial;
			trial = swap;
		}
		progress_add(1);
	}
	progress_end();
	kmeans_renumber(best, r->n, r->d);
	return best;
}

Clustering *
kmeans_clustering(const KmeansFit *fit, ClusteringMethod method, int n, int d)
{
	Clustering *c = clustering_new(method, CLUSTERING_NONE, fit->k, d, n);

	c->flags = fit->converged ? CLUSTERING_CONVERGED : 0;
	c->objective = fit->inertia;
	c->iterations = fit->iterations;
	memcpy(c->size, fit->size, fit->k * sizeof(int64));
	memcpy(CLUSTERING_CENTROIDS(c), fit->centre, (Size) fit->k * d * sizeof(double));
	return c;
}
