/*
 * clustering_gmm.c
 *		SQL glue of Gaussian mixtures: the window function, aggregates, the function
 *		over points, and what a mixture tells.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "utils/builtins.h"

#include "base/memory.h"
#include "clustering/gmm.h"
#include "clustering/kmeans.h"
#include "stats/points_window.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(clustering_gmm);
PG_FUNCTION_INFO_V1(clustering_gmm_add);
PG_FUNCTION_INFO_V1(clustering_gmm_final);
PG_FUNCTION_INFO_V1(clustering_gmm_fit);
PG_FUNCTION_INFO_V1(clustering_assign_proba);
PG_FUNCTION_INFO_V1(clustering_weights);
PG_FUNCTION_INFO_V1(clustering_covariances);
PG_FUNCTION_INFO_V1(clustering_log_likelihood);
PG_FUNCTION_INFO_V1(clustering_bic);
PG_FUNCTION_INFO_V1(clustering_aic);

/* ---- options ---- */

static ClusteringCovariance
covariance_from_name(const char *name)
{
	if (strcmp(name, "full") == 0)
		return CLUSTERING_FULL;
	if (strcmp(name, "diag") == 0)
		return CLUSTERING_DIAG;
	if (strcmp(name, "spherical") == 0)
		return CLUSTERING_SPHERE;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("covariance must be full, diag or spherical, not \"%s\"", name)));
}

static void
check_options(const GmmOptions *o)
{
	clustering_check_search(o->n_init, o->max_iter, o->tol);
	if (!(o->reg >= 0 && o->reg < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reg must be at least 0 and finite, not %g", o->reg)));
}

/* scikit-learn's */
static GmmOptions
default_options(int k, int64 seed, ClusteringCovariance covariance)
{
	return (GmmOptions) {.k = k, .seed = seed, .covariance = covariance, .n_init = 1, .max_iter = 100, .tol = 1e-3, .reg = 1e-6};
}

static Clustering *
fit(const PointRows *rows, const GmmOptions *options, int32 *label)
{
	check_options(options);
	kmeans_require_distinct(rows, options->k);
	return gmm_fit(rows, options, label);
}

static Datum
fit_points(const Points *p, const GmmOptions *options)
{
	MemoryContext result = CurrentMemoryContext;
	MemoryContext scratch = scratch_create("gmm", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	PointRows  *rows = points_rows(p);
	Clustering *c;

	if (rows->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no rows to cluster")));
	MemoryContextSwitchTo(result);
	c = fit(rows, options, NULL);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(c);
}

/* ---- labels for rows: (t, k, seed, covariance, n_init, max_iter, tol, reg) ---- */

static void
label_gmm(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	char	   *covariance = TextDatumGetCString(points_window_option(fcinfo, 3, "covariance"));
	GmmOptions	options = default_options(DatumGetInt32(points_window_option(fcinfo, 1, "k")),
										  DatumGetInt64(points_window_option(fcinfo, 2, "seed")),
										  covariance_from_name(covariance));

	options.n_init = DatumGetInt32(points_window_option(fcinfo, 4, "n_init"));
	options.max_iter = DatumGetInt32(points_window_option(fcinfo, 5, "max_iter"));
	options.tol = DatumGetFloat8(points_window_option(fcinfo, 6, "tol"));
	options.reg = DatumGetFloat8(points_window_option(fcinfo, 7, "reg"));
	answer->label = huge_alloc(size_mul(rows->n, sizeof(int32)));
	pfree(fit(rows, &options, answer->label));
}

Datum
clustering_gmm(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, label_gmm);
}

/* ---- aggregates ---- */

/* (points, t, k, seed, covariance) */
Datum
clustering_gmm_add(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"k", "seed", "covariance"};
	PointsOptions options = {.n = 2};
	char	   *covariance;

	for (int i = 0; i < (int) lengthof(names); i++)
		if (PG_ARGISNULL(2 + i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be NULL", names[i])));
	options.number[0] = PG_GETARG_INT32(2);
	options.number[1] = PG_GETARG_INT64(3);
	covariance = text_to_cstring(PG_GETARG_TEXT_PP(4));
	covariance_from_name(covariance);
	points_set_word(&options, covariance);
	return points_transition(fcinfo, 1, -1, POINTS_ALONE, false, &options);
}

/* (points): k, seed and covariance, or none: full */
Datum
clustering_gmm_final(PG_FUNCTION_ARGS)
{
	const Points *p = PG_GETARG_POINTS(0);
	const PointsOptions *o = &p->options;
	GmmOptions	options;

	if (o->n != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the points don't tell k"),
				 errhint("Use gmm_fit(points, k).")));
	options = default_options((int) o->number[0], o->number[1],
							  o->word[0] == '\0' ? CLUSTERING_FULL : covariance_from_name(o->word));
	return fit_points(p, &options);
}

/* ---- of points: (p, k, seed, covariance, n_init, max_iter, tol, reg) ---- */

Datum
clustering_gmm_fit(PG_FUNCTION_ARGS)
{
	GmmOptions	options = default_options(PG_GETARG_INT32(1), PG_GETARG_INT64(2),
										  covariance_from_name(text_to_cstring(PG_GETARG_TEXT_PP(3))));

	options.n_init = PG_GETARG_INT32(4);
	options.max_iter = PG_GETARG_INT32(5);
	options.tol = PG_GETARG_FLOAT8(6);
	options.reg = PG_GETARG_FLOAT8(7);
	return fit_points(PG_GETARG_POINTS(0), &options);
}

/* ---- what a mixture tells ---- */

static void
require_gmm(const Clustering *c, const char *what)
{
	if (c->method != CLUSTERING_GMM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a clustering by %s has no %s", clustering_method_name(c->method), what),
				 errdetail("Those of gmm have.")));
}

static const Clustering *
gmm_argument(FunctionCallInfo fcinfo, const char *what)
{
	const Clustering *c = PG_GETARG_CLUSTERING(0);

	require_gmm(c, what);
	return c;
}

/* (clustering, t) */
Datum
clustering_assign_proba(PG_FUNCTION_ARGS)
{
	ClusteringKept *kept = clustering_argument_kept(fcinfo);
	Tensor	   *proba;

	require_gmm(kept->c, "responsibilities");
	proba = tensor_new_vector(TENSOR_FLOAT8, kept->c->k);
	gmm_assign(gmm_kept(kept), clustering_point_argument(fcinfo, 1, kept->c->d), TENSOR_F8(proba));
	PG_RETURN_TENSOR(proba);
}

Datum
clustering_weights(PG_FUNCTION_ARGS)
{
	const Clustering *c = gmm_argument(fcinfo, "weights");
	Tensor	   *t = tensor_new_vector(TENSOR_FLOAT8, c->k);

	memcpy(TENSOR_F8(t), CLUSTERING_WEIGHTS(c), c->k * sizeof(double));
	PG_RETURN_TENSOR(t);
}

Datum
clustering_covariances(PG_FUNCTION_ARGS)
{
	const Clustering *c = gmm_argument(fcinfo, "covariances");
	int			ndim = c->covariance == CLUSTERING_FULL ? 3 : c->covariance == CLUSTERING_DIAG ? 2 : 1;
	Tensor	   *t = tensor_new(TENSOR_FLOAT8, ndim, (int32[]) {c->k, c->d, c->d});

	memcpy(TENSOR_F8(t), CLUSTERING_COVARIANCES(c), tensor_size(t) * sizeof(double));
	PG_RETURN_TENSOR(t);
}

Datum
clustering_log_likelihood(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(gmm_argument(fcinfo, "likelihood")->objective);
}

Datum
clustering_bic(PG_FUNCTION_ARGS)
{
	const Clustering *c = gmm_argument(fcinfo, "likelihood");

	PG_RETURN_FLOAT8(gmm_parameters(c->covariance, c->k, c->d) * log((double) c->n) - 2 * c->objective);
}

Datum
clustering_aic(PG_FUNCTION_ARGS)
{
	const Clustering *c = gmm_argument(fcinfo, "likelihood");

	PG_RETURN_FLOAT8(2 * gmm_parameters(c->covariance, c->k, c->d) - 2 * c->objective);
}
