/*
 * clustering_type.c
 *		SQL functions over a clustering: labels of new points, its clusters and
 *		figures.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/record.h"
#include "base/rows.h"
#include "clustering/clustering.h"
#include "clustering/gmm.h"
#include "clustering/kmeans.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(clustering_assign);
PG_FUNCTION_INFO_V1(clustering_centroids);
PG_FUNCTION_INFO_V1(clustering_clusters);
PG_FUNCTION_INFO_V1(clustering_method);
PG_FUNCTION_INFO_V1(clustering_n_clusters);
PG_FUNCTION_INFO_V1(clustering_n_samples);
PG_FUNCTION_INFO_V1(clustering_n_dimensions);
PG_FUNCTION_INFO_V1(clustering_type_inertia);
PG_FUNCTION_INFO_V1(clustering_iterations);
PG_FUNCTION_INFO_V1(clustering_converged);

const char *
clustering_method_name(ClusteringMethod method)
{
	switch (method)
	{
		case CLUSTERING_KMEANS:
			return "kmeans";
		case CLUSTERING_SPHERICAL:
			return "spherical_kmeans";
		case CLUSTERING_MINIBATCH:
			return "minibatch_kmeans";
		case CLUSTERING_BALANCED:
			return "balanced_kmeans";
		case CLUSTERING_CONSTRAINED:
			return "cop_kmeans";
		case CLUSTERING_SEEDED:
			return "seeded_kmeans";
		case CLUSTERING_GMM:
			return "gmm";
	}
	return "unknown";
}

/* ---- a clustering that is kept from row to row ---- */

typedef struct Kept
{
	ClusteringKept kept;		/* must be first */
	char		pointer[VARHDRSZ_EXTERNAL + sizeof(varatt_external)];	/* of a stored one, else zeros */
} Kept;

static Kept *
keep(FunctionCallInfo fcinfo, const Clustering *c, const struct varlena *pointer)
{
	Kept	   *kept = fcinfo->flinfo->fn_extra;
	Clustering *copy;

	if (kept == NULL)
	{
		kept = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Kept));
		kept->kept.cxt = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "neuroenc clustering", ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = kept;
	}
	kept->kept.c = NULL;
	kept->kept.prepared = NULL;
	MemoryContextReset(kept->kept.cxt);
	copy = MemoryContextAlloc(kept->kept.cxt, VARSIZE(c));
	memcpy(copy, c, VARSIZE(c));
	memset(kept->pointer, 0, sizeof(kept->pointer));
	if (pointer)
		memcpy(kept->pointer, pointer, VARSIZE_EXTERNAL(pointer));
	kept->kept.c = copy;
	return kept;
}

ClusteringKept *
clustering_argument_kept(FunctionCallInfo fcinfo)
{
	const struct varlena *given = (struct varlena *) PG_GETARG_POINTER(0);
	bool		stored = VARATT_IS_EXTERNAL_ONDISK(given);
	Kept	   *kept = fcinfo->flinfo->fn_extra;
	const Clustering *c;

	if (stored && kept && kept->kept.c && memcmp(kept->pointer, given, VARSIZE_EXTERNAL(given)) == 0)
		return &kept->kept;
	c = PG_GETARG_CLUSTERING(0);
	if (!stored && kept && kept->kept.c && VARSIZE(c) == VARSIZE(kept->kept.c) && memcmp(c, kept->kept.c, VARSIZE(c)) == 0)
		return &kept->kept;
	if (!stored && c->method != CLUSTERING_GMM)
	{
		ClusteringKept *once = palloc0(sizeof(ClusteringKept));

		once->c = c;
		once->cxt = CurrentMemoryContext;
		return once;
	}
	return &keep(fcinfo, c, stored ? given : NULL)->kept;
}

/* ---- labels ---- */

double *
clustering_point_argument(FunctionCallInfo fcinfo, int argument, int d)
{
	const Tensor *t = PG_GETARG_TENSOR(argument);
	double	   *x;

	if (t->ndim > 1 || tensor_size(t) != (Size) d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a point of shape %s can't be assigned to clusters of %d elements", tensor_shape_text(t), d)));
	x = palloc(d * sizeof(double));
	tensor_read_f8(t, 0, d, x);
	for (int i = 0; i < d; i++)
		if (!isfinite(x[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %d of the point is not finite", i + 1)));
	return x;
}

/* (clustering, t) */
Datum
clustering_assign(PG_FUNCTION_ARGS)
{
	ClusteringKept *kept = clustering_argument_kept(fcinfo);
	const Clustering *c = kept->c;
	double	   *x = clustering_point_argument(fcinfo, 1, c->d);

	if (c->method == CLUSTERING_GMM)
		PG_RETURN_INT32(1 + gmm_assign(gmm_kept(kept), x, palloc(c->k * sizeof(double))));
	if (c->method == CLUSTERING_SPHERICAL && !kmeans_unit(x, c->d))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a point of zeros has no direction, and no cluster of spherical_kmeans")));
	PG_RETURN_INT32(1 + kmeans_nearest(x, c->k, c->d, CLUSTERING_CENTROIDS(c)));
}

/* ---- clusters ---- */

Datum
clustering_centroids(PG_FUNCTION_ARGS)
{
	const Clustering *c = PG_GETARG_CLUSTERING(0);
	Tensor	   *t = tensor_new_matrix(TENSOR_FLOAT8, c->k, c->d);

	memcpy(TENSOR_F8(t), CLUSTERING_CENTROIDS(c), (Size) c->k * c->d * sizeof(double));
	PG_RETURN_TENSOR(t);
}

static ResultRows *
clusters(FunctionCallInfo fcinfo)
{
	const Clustering *c = PG_GETARG_CLUSTERING(0);
	ResultRows *rows = result_rows_new(c->k, 3);

	for (int j = 0; j < c->k; j++)
	{
		Tensor	   *centroid = tensor_new_vector(TENSOR_FLOAT8, c->d);

		memcpy(TENSOR_F8(centroid), CLUSTERING_CENTROIDS(c) + (Size) j * c->d, c->d * sizeof(double));
		rows->values[3 * (Size) j] = Int32GetDatum(j + 1);
		rows->values[3 * j + 1] = Int64GetDatum(c->size[j]);
		rows->values[3 * j + 2] = PointerGetDatum(centroid);
	}
	return rows;
}

Datum
clustering_clusters(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, clusters);
}

/* ---- figures ---- */

Datum
clustering_method(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(clustering_method_name(PG_GETARG_CLUSTERING(0)->method)));
}

Datum
clustering_n_clusters(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_CLUSTERING(0)->k);
}

Datum
clustering_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_CLUSTERING(0)->n);
}

Datum
clustering_n_dimensions(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_CLUSTERING(0)->d);
}

Datum
clustering_type_inertia(PG_FUNCTION_ARGS)
{
	const Clustering *c = PG_GETARG_CLUSTERING(0);

	return number_or_null(fcinfo, c->method == CLUSTERING_GMM ? NAN : c->objective);
}

Datum
clustering_iterations(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_CLUSTERING(0)->iterations);
}

Datum
clustering_converged(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL((PG_GETARG_CLUSTERING(0)->flags & CLUSTERING_CONVERGED) != 0);
}
