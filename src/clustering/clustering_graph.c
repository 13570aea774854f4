/*
 * clustering_graph.c
 *		SQL functions over graphs: the aggregates that make them, their edges, and
 *		graphs of nearest neighbours.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/rows.h"
#include "clustering/clustering_graph.h"
#include "clustering/knn_graph.h"
#include "stats/points.h"

PG_FUNCTION_INFO_V1(graph_add_ids);
PG_FUNCTION_INFO_V1(graph_add_labels);
PG_FUNCTION_INFO_V1(graph_n_nodes);
PG_FUNCTION_INFO_V1(graph_n_edges);
PG_FUNCTION_INFO_V1(graph_edges);
PG_FUNCTION_INFO_V1(graph_edge_labels);
PG_FUNCTION_INFO_V1(clustering_knn_graph_add);
PG_FUNCTION_INFO_V1(clustering_knn_graph_final);
PG_FUNCTION_INFO_V1(clustering_knn_graph);

/* ---- making one ---- */

/* Argument n, the weight, if there is one. */
static double
weight_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_NARGS() > n ? PG_GETARG_FLOAT8(n) : 1;
}

Datum
graph_transition(FunctionCallInfo fcinfo, bool labelled, int n_arguments, const EdgesOptions *options)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Edges	   *e = state_running(&edges_kind, fcinfo, cxt);

	for (int i = 1; i <= n_arguments; i++)
		if (PG_ARGISNULL(i))
			return state_return(fcinfo, e);
	if (e == NULL)
		e = edges_new(cxt, labelled, options);
	else
		edges_require_options(e, labelled, options);
	if (labelled)
		edges_add_labels(e, label_argument(fcinfo, 1, false), label_argument(fcinfo, 2, false), weight_argument(fcinfo, 3));
	else
		edges_add(e, PG_GETARG_INT64(1), PG_GETARG_INT64(2), weight_argument(fcinfo, 3));
	return state_return(fcinfo, e);
}

/* (source, target[, weight]) */
Datum
graph_add_ids(PG_FUNCTION_ARGS)
{
	return graph_transition(fcinfo, false, PG_NARGS() - 1, &edges_no_options);
}

Datum
graph_add_labels(PG_FUNCTION_ARGS)
{
	return graph_transition(fcinfo, true, PG_NARGS() - 1, &edges_no_options);
}

/* ---- what is in it ---- */

Datum
graph_n_nodes(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(edges_merged(PG_GETARG_EDGES(0))->n);
}

Datum
graph_n_edges(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) edges_merged(PG_GETARG_EDGES(0))->m);
}

const Edges *
graph_argument_ids(FunctionCallInfo fcinfo, const char *with_labels)
{
	const Edges *e = PG_GETARG_EDGES(0);

	if (e->labels)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the nodes of this graph have labels, not bigint identifiers"),
				 errhint("Use %s().", with_labels)));
	return e;
}

Datum
graph_node_text(const MergedEdges *g, int node)
{
	if (g->label)
		return PointerGetDatum(cstring_to_text_with_len(g->label[node].text, g->label[node].length));
	return CStringGetTextDatum(psprintf(INT64_FORMAT, g->id[node]));
}

ResultRows *
graph_rows_new(Size n, int n_columns)
{
	memory_claim_add(memory_claim(CurrentMemoryContext, "rows of a graph"),
					 size_mul(size_mul(n, n_columns), sizeof(Datum) + sizeof(bool)), NULL);
	return result_rows_new((int64) n, n_columns);
}

static ResultRows *
make_edges(FunctionCallInfo fcinfo)
{
	const MergedEdges *g = edges_merged(graph_argument_ids(fcinfo, "edge_labels"));
	ResultRows *rows = graph_rows_new(g->m, 3);

	for (Size e = 0; e < g->m; e++)
	{
		rows->values[3 * e] = Int64GetDatum(g->id[g->a[e]]);
		rows->values[3 * e + 1] = Int64GetDatum(g->id[g->b[e]]);
		rows->values[3 * e + 2] = Float8GetDatum(g->weight[e]);
	}
	return rows;
}

Datum
graph_edges(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_edges);
}

static ResultRows *
make_edge_labels(FunctionCallInfo fcinfo)
{
	const MergedEdges *g = edges_merged(PG_GETARG_EDGES(0));
	ResultRows *rows = graph_rows_new(g->m, 3);
	Datum	   *text = huge_alloc(Max(1, (Size) g->n) * sizeof(Datum));

	for (int u = 0; u < g->n; u++)
		text[u] = graph_node_text(g, u);
	for (Size e = 0; e < g->m; e++)
	{
		rows->values[3 * e] = text[g->a[e]];
		rows->values[3 * e + 1] = text[g->b[e]];
		rows->values[3 * e + 2] = Float8GetDatum(g->weight[e]);
	}
	return rows;
}

Datum
graph_edge_labels(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_edge_labels);
}

/* ---- knn_graph ---- */

static const char *const metric_names[] = {"euclidean", "cosine"};
static const char *const weight_names[] = {"connectivity", "distance", "jaccard"};

static int
named_option(const char *word, const char *const *names, int n, const char *what, const char *hint)
{
	for (int i = 0; i < n; i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s \"%s\"", what, word),
			 errhint("%s", hint)));
}

static KnnMetric
metric_named(const char *word)
{
	return (KnnMetric) named_option(word, metric_names, lengthof(metric_names), "metric", "It is euclidean or cosine.");
}

static KnnWeight
weight_named(const char *word)
{
	return (KnnWeight) named_option(word, weight_names, lengthof(weight_names), "weight of neighbours",
									"It is connectivity, distance or jaccard.");
}

/* The graph of points with ids. */
static Edges *
knn_graph_of(const Points *p, int64 k, KnnMetric metric, KnnWeight weight)
{
	MemoryContext scratch = scratch_create("knn_graph", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	PointRows  *rows;
	Edges	   *e;

	if (p->key != POINTS_ID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("knn_graph needs points with ids"),
				 errhint("Make them with points_agg(id, t).")));
	if (k < 1 || k >= points_n(p))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be at least 1 and less than the number of rows, %d, not " INT64_FORMAT, points_n(p), k)));
	rows = points_rows_f8(p);
	point_rows_require_distinct_ids(rows);
	e = edges_new(old, false, &edges_no_options);
	knn_graph(rows, (int) k, metric, weight, e);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return e;
}

/* (id, t, k[, metric[, weight]]) */
Datum
clustering_knn_graph_add(PG_FUNCTION_ARGS)
{
	PointsOptions options = {.n = 3};

	for (int i = 3; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s of knn_graph must not be NULL", i == 3 ? "k" : i == 4 ? "metric" : "weight")));
	options.number[0] = PG_GETARG_INT32(3);
	options.number[1] = PG_NARGS() > 4 ? metric_named(text_to_cstring(PG_GETARG_TEXT_PP(4))) : KNN_EUCLIDEAN;
	options.number[2] = PG_NARGS() > 5 ? weight_named(text_to_cstring(PG_GETARG_TEXT_PP(5))) : KNN_CONNECTIVITY;
	return points_transition(fcinfo, 2, 1, POINTS_ID, false, &options);
}

Datum
clustering_knn_graph_final(PG_FUNCTION_ARGS)
{
	const Points *p = PG_GETARG_POINTS(0);

	if (p->options.n != 3)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("these points do not come from the aggregate knn_graph(id, t, k)")));
	PG_RETURN_DATUM(StateGetDatum(knn_graph_of(p, p->options.number[0], (KnnMetric) p->options.number[1],
											   (KnnWeight) p->options.number[2])));
}

/* (p, k, metric, weight) */
Datum
clustering_knn_graph(PG_FUNCTION_ARGS)
{
	KnnMetric	metric = metric_named(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	KnnWeight	weight = weight_named(text_to_cstring(PG_GETARG_TEXT_PP(3)));

	PG_RETURN_DATUM(StateGetDatum(knn_graph_of(PG_GETARG_POINTS(0), PG_GETARG_INT32(1), metric, weight)));
}
