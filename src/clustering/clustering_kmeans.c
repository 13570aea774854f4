/*
 * clustering_kmeans.c
 *		SQL glue of k-means and spherical k-means: window functions, aggregates and
 *		the functions over points.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "base/client_detail.h"
#include "base/memory.h"
#include "clustering/clustering.h"
#include "clustering/kmeans.h"
#include "stats/points.h"
#include "stats/points_window.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(clustering_kmeans);
PG_FUNCTION_INFO_V1(clustering_spherical_kmeans);
PG_FUNCTION_INFO_V1(clustering_points_add_k);
PG_FUNCTION_INFO_V1(clustering_points_add_k_seed);
PG_FUNCTION_INFO_V1(clustering_kmeans_final);
PG_FUNCTION_INFO_V1(clustering_spherical_kmeans_final);
PG_FUNCTION_INFO_V1(clustering_kmeans_fit);
PG_FUNCTION_INFO_V1(clustering_spherical_kmeans_fit);

/* The centres to start from, k x d. */
static const double *
init_centres(const Tensor *t, int k, int d, bool spherical)
{
	double	   *centre;

	if (t->ndim != 2 || t->dims[0] != k || t->dims[1] != d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("init has shape %s, but k is %d and rows have %d elements", tensor_shape_text(t), k, d),
				 errhint("Give a matrix of k centres.")));
	centre = huge_matrix(k, d);
	tensor_read_f8(t, 0, (Size) k * d, centre);
	for (Size i = 0; i < (Size) k * d; i++)
		if (!(fabs(centre[i]) < 1e150))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element [%zu, %zu] of init must be finite, and below 1e150", i / d + 1, i % d + 1),
					 errdetail_client("It is %g.", centre[i])));
	for (int j = 0; spherical && j < k; j++)
		if (!kmeans_unit(centre + (Size) j * d, d))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("row %d of init is all zeros, which has no direction", j + 1)));
	return centre;
}

/* In CurrentMemoryContext. */
static KmeansFit *
fit(const PointRows *rows, KmeansOptions *options, const Tensor *init, bool spherical)
{
	clustering_check_search(options->n_init, options->max_iter, options->tol);
	kmeans_require_distinct(rows, options->k);
	if (init)
		options->init = init_centres(init, options->k, rows->d, spherical);
	return kmeans_fit(kmeans_rows(rows, spherical), options);
}

/* ---- labels for rows: (t, k, seed, n_init, max_iter, tol, init) ---- */

static void
label_rows(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer, bool spherical)
{
	KmeansOptions options = kmeans_options(DatumGetInt32(points_window_option(fcinfo, 1, "k")),
										   DatumGetInt64(points_window_option(fcinfo, 2, "seed")));
	const Tensor *init = NULL;
	MemoryContext scratch;
	MemoryContext old;
	KmeansFit  *found;

	options.n_init = DatumGetInt32(points_window_option(fcinfo, 3, "n_init"));
	options.max_iter = DatumGetInt32(points_window_option(fcinfo, 4, "max_iter"));
	options.tol = DatumGetFloat8(points_window_option(fcinfo, 5, "tol"));
	if (!points_window_option_is_null(fcinfo, 6))
		init = DatumGetTensor(points_window_option(fcinfo, 6, "init"));
	answer->label = huge_alloc(size_mul(rows->n, sizeof(int32)));
	scratch = scratch_create("k-means", 0, NULL);
	old = MemoryContextSwitchTo(scratch);
	found = fit(rows, &options, init, spherical);
	for (int i = 0; i < rows->n; i++)
		answer->label[i] = found->label[i] + 1;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

static void
label_kmeans(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	label_rows(fcinfo, rows, answer, false);
}

static void
label_spherical(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	label_rows(fcinfo, rows, answer, true);
}

Datum
clustering_kmeans(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, label_kmeans);
}

Datum
clustering_spherical_kmeans(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, label_spherical);
}

/* ---- aggregates ---- */

static Datum
add(FunctionCallInfo fcinfo, bool seeded)
{
	PointsOptions options = {.n = 2};

	if (PG_ARGISNULL(2) || (seeded && PG_ARGISNULL(3)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", PG_ARGISNULL(2) ? "k" : "seed")));
	options.number[0] = PG_GETARG_INT32(2);
	options.number[1] = seeded ? PG_GETARG_INT64(3) : 0;
	return points_transition(fcinfo, 1, -1, POINTS_ALONE, false, &options);
}

/* (points, t, k) */
Datum
clustering_points_add_k(PG_FUNCTION_ARGS)
{
	return add(fcinfo, false);
}

/* (points, t, k, seed) */
Datum
clustering_points_add_k_seed(PG_FUNCTION_ARGS)
{
	return add(fcinfo, true);
}

static Datum
fit_points(FunctionCallInfo fcinfo, const Points *p, KmeansOptions *options, const Tensor *init, bool spherical)
{
	MemoryContext scratch = scratch_create("k-means", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	PointRows  *rows = points_rows(p);
	KmeansFit  *found;
	Clustering *c;

	if (rows->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no rows to cluster")));
	found = fit(rows, options, init, spherical);
	MemoryContextSwitchTo(old);
	c = kmeans_clustering(found, spherical ? CLUSTERING_SPHERICAL : CLUSTERING_KMEANS, rows->n, rows->d);
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(c);
}

static Datum
final(FunctionCallInfo fcinfo, bool spherical)
{
	const Points *p = PG_GETARG_POINTS(0);
	KmeansOptions options = kmeans_options((int) p->options.number[0], p->options.number[1]);

	if (p->options.n != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the points don't tell k"),
				 errhint("Use kmeans_fit(points, k).")));
	return fit_points(fcinfo, p, &options, NULL, spherical);
}

Datum
clustering_kmeans_final(PG_FUNCTION_ARGS)
{
	return final(fcinfo, false);
}

Datum
clustering_spherical_kmeans_final(PG_FUNCTION_ARGS)
{
	return final(fcinfo, true);
}

/* ---- of points: (p, k, seed, n_init, max_iter, tol, init) ---- */

static Datum
fit_with_options(FunctionCallInfo fcinfo, bool spherical)
{
	static const char *const names[] = {"p", "k", "seed", "n_init", "max_iter", "tol"};
	KmeansOptions options;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	for (int i = 1; i < (int) lengthof(names); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be NULL", names[i])));
	options = kmeans_options(PG_GETARG_INT32(1), PG_GETARG_INT64(2));
	options.n_init = PG_GETARG_INT32(3);
	options.max_iter = PG_GETARG_INT32(4);
	options.tol = PG_GETARG_FLOAT8(5);
	return fit_points(fcinfo, PG_GETARG_POINTS(0), &options, PG_ARGISNULL(6) ? NULL : PG_GETARG_TENSOR(6), spherical);
}

Datum
clustering_kmeans_fit(PG_FUNCTION_ARGS)
{
	return fit_with_options(fcinfo, false);
}

Datum
clustering_spherical_kmeans_fit(PG_FUNCTION_ARGS)
{
	return fit_with_options(fcinfo, true);
}
