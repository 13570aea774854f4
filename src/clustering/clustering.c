/*
 * clustering.c
 *		The clustering type: making, reading and ordering.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "clustering/clustering.h"

Size
clustering_covariance_size(ClusteringCovariance covariance, int d)
{
	switch (covariance)
	{
		case CLUSTERING_FULL:
			return size_mul(d, d);
		case CLUSTERING_DIAG:
			return d;
		case CLUSTERING_SPHERE:
			return 1;
		case CLUSTERING_NONE:
			break;
	}
	return 0;
}

Size
clustering_numbers(ClusteringMethod method, ClusteringCovariance covariance, int k, int d)
{
	Size		each = size_add(d, clustering_covariance_size(covariance, d));

	return size_mul(k, method == CLUSTERING_GMM ? size_add(each, 1) : each);
}

Clustering *
clustering_new(ClusteringMethod method, ClusteringCovariance covariance, int k, int d, int64 n)
{
	Size		numbers = clustering_numbers(method, covariance, k, d);
	Size		bytes = size_add(offsetof(Clustering, size), size_mul(size_add(k, numbers), 8));
	Clustering *c;

	if (bytes > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a clustering of %d clusters of %d elements takes %zu bytes: a value is at most 1 GB", k, d, bytes),
				 errhint("Take fewer clusters or elements, or covariances that are diagonal.")));
	c = palloc0(bytes);
	SET_VARSIZE(c, bytes);
	c->version = CLUSTERING_VERSION;
	c->method = method;
	c->covariance = covariance;
	c->k = k;
	c->d = d;
	c->n = n;
	return c;
}

int
clustering_starts(int n_init)
{
	const int	most = 10000;

	if (n_init < 1 || n_init > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_init must be from 1 to %d, not %d", most, n_init)));
	return n_init;
}

void
clustering_check_search(int n_init, int max_iter, double tol)
{
	clustering_starts(n_init);
	if (max_iter < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_iter must be at least 1, not %d", max_iter)));
	if (!(tol >= 0 && tol < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tol must be at least 0 and finite, not %g", tol)));
}

/* ---- the order of clusters ---- */

typedef struct Ranked
{
	int64		size;
	const double *centroid;
	int			number;
} Ranked;

static int
compare_ranked(const void *a, const void *b, void *dimensions)
{
	const Ranked *x = a;
	const Ranked *y = b;
	int			d = *(const int *) dimensions;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	for (int i = 0; i < d; i++)
		if (x->centroid[i] != y->centroid[i])
			return x->centroid[i] < y->centroid[i] ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

void
clustering_order(int k, int d, const int64 *size, const double *centroid, int *order)
{
	Ranked	   *ranked = huge_alloc(size_mul(k, sizeof(Ranked)));

	for (int j = 0; j < k; j++)
		ranked[j] = (Ranked) {size[j], centroid + (Size) j * d, j};
	qsort_arg(ranked, k, sizeof(Ranked), compare_ranked, &d);
	for (int j = 0; j < k; j++)
		order[j] = ranked[j].number;
	pfree(ranked);
}
