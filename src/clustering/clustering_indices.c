/*
 * clustering_indices.c
 *		SQL functions that judge a clustering by its rows: silhouette,
 *		davies_bouldin, calinski_harabasz, inertia.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/record.h"
#include "clustering/scatter_indices.h"
#include "clustering/silhouette.h"
#include "stats/points_window.h"

PG_FUNCTION_INFO_V1(clustering_silhouette_add_text);
PG_FUNCTION_INFO_V1(clustering_silhouette_add_bigint);
PG_FUNCTION_INFO_V1(clustering_silhouette_final);
PG_FUNCTION_INFO_V1(clustering_silhouette);
PG_FUNCTION_INFO_V1(clustering_silhouette_row_text);
PG_FUNCTION_INFO_V1(clustering_silhouette_row_bigint);
PG_FUNCTION_INFO_V1(clustering_davies_bouldin);
PG_FUNCTION_INFO_V1(clustering_calinski_harabasz);
PG_FUNCTION_INFO_V1(clustering_inertia);

/* ---- checks ---- */

/* 2 <= k <= n - 1 */
static void
require_clusters(const GroupedRows *g, const char *what)
{
	if (g->k == 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s needs 2 clusters or more, but there is one, of %d row%s", what, g->n, g->n == 1 ? "" : "s")));
	if (g->k == g->n)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s needs a cluster of 2 rows or more, but the %d rows have %d labels", what, g->n, g->k)));
}

/* ---- silhouettes ---- */

typedef enum SilhouetteMetric
{
	SILHOUETTE_EUCLIDEAN,
	SILHOUETTE_SQEUCLIDEAN,
	SILHOUETTE_COSINE
} SilhouetteMetric;

static SilhouetteMetric
metric_from_name(const char *name)
{
	if (strcmp(name, "euclidean") == 0)
		return SILHOUETTE_EUCLIDEAN;
	if (strcmp(name, "sqeuclidean") == 0)
		return SILHOUETTE_SQEUCLIDEAN;
	if (strcmp(name, "cosine") == 0)
		return SILHOUETTE_COSINE;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown metric \"%s\"", name),
			 errhint("The metric is euclidean, sqeuclidean or cosine.")));
}

/* Of each labelled row; NaN for a row without.  value: n, in the order of r */
static void
silhouettes_of_rows(const PointRows *r, SilhouetteMetric metric, double *value)
{
	GroupedRows *g = grouped_rows(r, metric == SILHOUETTE_COSINE);
	double	   *grouped = huge_matrix(Max(1, g->n), 1);

	for (int i = 0; i < r->n; i++)
		value[i] = NAN;
	if (g->n == 0)
		return;
	require_clusters(g, "silhouette");
	if (metric == SILHOUETTE_EUCLIDEAN)
		silhouette_values(g, grouped);
	else
		silhouette_values_squared(g, grouped);
	for (int i = 0; i < g->n; i++)
		value[g->from[i]] = grouped[i];
}

static Datum
mean_silhouette(FunctionCallInfo fcinfo, const Points *p, SilhouetteMetric metric)
{
	MemoryContext scratch;
	MemoryContext old;
	const PointRows *r;
	double	   *value;
	double		sum = 0;
	int			n = points_n(p);

	points_require_labels(p);
	if (n == 0)
		PG_RETURN_NULL();
	scratch = scratch_create("silhouettes", size_mul(n, 2 * sizeof(double)), NULL);
	old = MemoryContextSwitchTo(scratch);
	r = points_rows(p);
	value = huge_matrix(n, 1);
	silhouettes_of_rows(r, metric, value);
	for (int i = 0; i < n; i++)
		sum += value[i];
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_FLOAT8(sum / n);
}

/* (t, label, metric) */
static Datum
silhouette_add(FunctionCallInfo fcinfo, bool bigint_label)
{
	PointsOptions options = {0};

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("metric must not be NULL")));
	points_set_word(&options, text_to_cstring(PG_GETARG_TEXT_PP(3)));
	metric_from_name(options.word);
	return points_transition(fcinfo, 1, 2, POINTS_LABEL, bigint_label, &options);
}

Datum
clustering_silhouette_add_text(PG_FUNCTION_ARGS)
{
	return silhouette_add(fcinfo, false);
}

Datum
clustering_silhouette_add_bigint(PG_FUNCTION_ARGS)
{
	return silhouette_add(fcinfo, true);
}

Datum
clustering_silhouette_final(PG_FUNCTION_ARGS)
{
	const Points *p = PG_GETARG_POINTS(0);

	return mean_silhouette(fcinfo, p, p->options.word[0] ? metric_from_name(p->options.word) : SILHOUETTE_EUCLIDEAN);
}

/* (points, metric) */
Datum
clustering_silhouette(PG_FUNCTION_ARGS)
{
	return mean_silhouette(fcinfo, PG_GETARG_POINTS(0), metric_from_name(text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* ---- silhouette_row(t, label, metric) OVER () ---- */

/* The rows with their labels; label -1 where it is NULL. */
static PointRows
with_labels(FunctionCallInfo fcinfo, const PointRows *rows, bool bigint_label)
{
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "labels");
	LabelSet   *labels = label_set_new(CurrentMemoryContext, claim, NULL);
	PointRows	labelled = *rows;
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext, "neuroenc window label", ALLOCSET_SMALL_SIZES);
	MemoryContext old = CurrentMemoryContext;
	int32	   *order;
	int		   *rank;

	memory_claim_add(claim, size_mul(rows->n, sizeof(int32)), NULL);
	labelled.label = huge_alloc(size_mul(rows->n, sizeof(int32)));
	order = points_window_order(rows);
	for (int at = 0; at < rows->n; at++)
	{
		int			i = order[at];
		bool		isnull;
		Datum		value = points_window_beside(fcinfo, rows, i, 1, &isnull);

		MemoryContextReset(row);
		if (isnull)
		{
			labelled.label[i] = -1;
			continue;
		}
		MemoryContextSwitchTo(row);
		labelled.label[i] = label_set_number(labels, label_from_datum(value, bigint_label), "points");
		MemoryContextSwitchTo(old);
	}
	MemoryContextDelete(row);
	pfree(order);
	rank = label_set_ranks(labels);
	for (int i = 0; i < rows->n; i++)
		if (labelled.label[i] >= 0)
			labelled.label[i] = rank[labelled.label[i]];
	labelled.n_labels = labels->n;
	labelled.labels = label_set_sorted(labels, rank);
	return labelled;
}

static void
answer_silhouettes(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer, bool bigint_label)
{
	SilhouetteMetric metric = metric_from_name(text_to_cstring(DatumGetTextPP(points_window_option(fcinfo, 2, "metric"))));
	MemoryContext scratch;
	MemoryContext old;
	PointRows	labelled;

	answer->number = huge_matrix(rows->n, 1);
	scratch = scratch_create("silhouettes", size_mul(rows->n, sizeof(double)), NULL);
	old = MemoryContextSwitchTo(scratch);
	labelled = with_labels(fcinfo, rows, bigint_label);
	silhouettes_of_rows(&labelled, metric, answer->number);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

static void
answer_text(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	answer_silhouettes(fcinfo, rows, answer, false);
}

static void
answer_bigint(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	answer_silhouettes(fcinfo, rows, answer, true);
}

Datum
clustering_silhouette_row_text(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 2, answer_text);
}

Datum
clustering_silhouette_row_bigint(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 2, answer_bigint);
}

/* ---- indices from means ---- */

typedef double (*ScatterIndex) (const GroupedRows *g);

/* what: its name where it needs 2 to n - 1 clusters */
static Datum
scatter_index(FunctionCallInfo fcinfo, ScatterIndex index, const char *what)
{
	const Points *p = PG_GETARG_POINTS(0);
	MemoryContext scratch;
	MemoryContext old;
	GroupedRows *g;
	double		value;

	points_require_labels(p);
	if (points_n(p) == 0)
		PG_RETURN_NULL();
	scratch = AllocSetContextCreate(CurrentMemoryContext, "neuroenc scatter index", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	g = grouped_rows(points_rows(p), false);
	if (what)
		require_clusters(g, what);
	value = index(g);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_FLOAT8(value);
}

Datum
clustering_davies_bouldin(PG_FUNCTION_ARGS)
{
	return scatter_index(fcinfo, scatter_davies_bouldin, "davies_bouldin");
}

Datum
clustering_calinski_harabasz(PG_FUNCTION_ARGS)
{
	return scatter_index(fcinfo, scatter_calinski_harabasz, "calinski_harabasz");
}

Datum
clustering_inertia(PG_FUNCTION_ARGS)
{
	return scatter_index(fcinfo, scatter_inertia, NULL);
}
