/*
 * clustering_density.c
 *		SQL glue of the clusterings by density.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "clustering/dbscan.h"
#include "clustering/hdbscan.h"
#include "stats/points_window.h"

/* ---- dbscan(t, eps, min_points, metric) ---- */

static WithinMetric
metric_option(FunctionCallInfo fcinfo, int argument)
{
	char	   *name = text_to_cstring(DatumGetTextPP(points_window_option(fcinfo, argument, "metric")));

	if (strcmp(name, "euclidean") == 0)
		return WITHIN_EUCLIDEAN;
	if (strcmp(name, "cosine") == 0)
		return WITHIN_COSINE;
	if (strcmp(name, "cityblock") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown metric \"%s\"", name),
				 errhint("metric is euclidean, cosine or cityblock.")));
	return WITHIN_CITYBLOCK;
}

static void
dbscan_method(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	double		eps = DatumGetFloat8(points_window_option(fcinfo, 1, "eps"));
	int			min_points = DatumGetInt32(points_window_option(fcinfo, 2, "min_points"));
	WithinMetric metric = metric_option(fcinfo, 3);
	MemoryContext scratch;
	MemoryContext old;

	if (!(eps >= 0) || isinf(eps))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("eps must be finite and at least 0, not %g", eps)));
	if (min_points < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_points must be at least 1, not %d", min_points)));
	answer->label = huge_alloc(rows->n * sizeof(int32));
	scratch = AllocSetContextCreate(CurrentMemoryContext, "neuroenc dbscan", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	dbscan(within_new(rows, metric, eps), min_points, answer->label);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

PG_FUNCTION_INFO_V1(clustering_dbscan);
Datum
clustering_dbscan(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, dbscan_method);
}

/* ---- hdbscan and hdbscan_probability(t, min_cluster_size, min_samples, allow_single_cluster) ---- */

static HdbscanOptions
hdbscan_options(FunctionCallInfo fcinfo)
{
	HdbscanOptions options;

	options.min_cluster_size = DatumGetInt32(points_window_option(fcinfo, 1, "min_cluster_size"));
	options.min_samples = options.min_cluster_size;
	if (!points_window_option_is_null(fcinfo, 2))
		options.min_samples = DatumGetInt32(points_window_option(fcinfo, 2, "min_samples"));
	options.allow_single_cluster = DatumGetBool(points_window_option(fcinfo, 3, "allow_single_cluster"));
	if (options.min_cluster_size < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_cluster_size must be at least 2, not %d", options.min_cluster_size)));
	if (options.min_samples < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_samples must be at least 1, not %d", options.min_samples)));
	return options;
}

static void
hdbscan_label_method(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	HdbscanOptions options = hdbscan_options(fcinfo);

	answer->label = huge_alloc(rows->n * sizeof(int32));
	hdbscan(rows, &options, answer->label, NULL);
}

static void
hdbscan_probability_method(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	HdbscanOptions options = hdbscan_options(fcinfo);

	answer->number = huge_matrix(1, rows->n);
	hdbscan(rows, &options, NULL, answer->number);
}

PG_FUNCTION_INFO_V1(clustering_hdbscan);
Datum
clustering_hdbscan(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, hdbscan_label_method);
}

PG_FUNCTION_INFO_V1(clustering_hdbscan_probability);
Datum
clustering_hdbscan_probability(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, hdbscan_probability_method);
}
