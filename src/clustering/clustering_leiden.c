/*
 * clustering_leiden.c
 *		SQL functions of communities: leiden, modularity.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/record.h"
#include "clustering/clustering_graph.h"
#include "clustering/leiden.h"
#include "clustering/modularity.h"

PG_FUNCTION_INFO_V1(clustering_leiden);
PG_FUNCTION_INFO_V1(clustering_leiden_labels);
PG_FUNCTION_INFO_V1(clustering_leiden_add);
PG_FUNCTION_INFO_V1(clustering_leiden_final);
PG_FUNCTION_INFO_V1(clustering_modularity_add_ids);
PG_FUNCTION_INFO_V1(clustering_modularity_add_labels);
PG_FUNCTION_INFO_V1(clustering_modularity_final);

#define MAX_STARTS 10000

static double
resolution_argument(double resolution)
{
	if (!(resolution >= 0 && resolution < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("resolution must be finite and not negative, not %g", resolution)));
	return resolution;
}

/* ---- leiden(g, resolution, seed, n_iterations, n_starts, objective) ---- */

static bool
is_cpm(text *objective)
{
	char	   *word = text_to_cstring(objective);

	if (strcmp(word, "modularity") != 0 && strcmp(word, "cpm") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown objective \"%s\"", word),
				 errhint("It is modularity or cpm.")));
	return strcmp(word, "cpm") == 0;
}

static LeidenOptions
leiden_options(FunctionCallInfo fcinfo)
{
	LeidenOptions options;

	options.resolution = resolution_argument(PG_GETARG_FLOAT8(1));
	options.seed = PG_GETARG_INT64(2);
	options.n_iterations = PG_GETARG_INT32(3);
	options.n_starts = PG_GETARG_INT32(4);
	options.cpm = is_cpm(PG_GETARG_TEXT_PP(5));
	if (options.n_iterations == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_iterations must be 1 or more, or negative for as many as bring something, not 0")));
	if (options.n_starts < 1 || options.n_starts > MAX_STARTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_starts must be from 1 to %d, not %d", MAX_STARTS, options.n_starts)));
	return options;
}

static int32 *
communities_new(const MergedEdges *g)
{
	return huge_alloc(Max(1, (Size) g->n) * sizeof(int32));
}

static ResultRows *
make_communities(FunctionCallInfo fcinfo, const Edges *e, bool as_text)
{
	LeidenOptions options = leiden_options(fcinfo);
	const MergedEdges *g = edges_merged(e);
	int32	   *community = communities_new(g);
	ResultRows *rows;

	leiden(g, &options, community);
	rows = graph_rows_new(g->n, 2);
	for (int u = 0; u < g->n; u++)
	{
		rows->values[2 * (Size) u] = as_text ? graph_node_text(g, u) : Int64GetDatum(g->id[u]);
		rows->values[2 * (Size) u + 1] = Int32GetDatum(community[u]);
	}
	return rows;
}

static ResultRows *
make_leiden(FunctionCallInfo fcinfo)
{
	return make_communities(fcinfo, graph_argument_ids(fcinfo, "leiden_labels"), false);
}

Datum
clustering_leiden(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_leiden);
}

static ResultRows *
make_leiden_labels(FunctionCallInfo fcinfo)
{
	return make_communities(fcinfo, PG_GETARG_EDGES(0), true);
}

Datum
clustering_leiden_labels(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_leiden_labels);
}

/* ---- the aggregate leiden(source, target, weight[, resolution, seed]) ---- */

static void
require_option(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
}

Datum
clustering_leiden_add(PG_FUNCTION_ARGS)
{
	EdgesOptions options = edges_no_options;

	if (PG_NARGS() > 4)
	{
		require_option(fcinfo, 4, "resolution");
		require_option(fcinfo, 5, "seed");
		options.resolution = resolution_argument(PG_GETARG_FLOAT8(4));
		options.seed = PG_GETARG_INT64(5);
	}
	return graph_transition(fcinfo, false, 3, &options);
}

static Datum
int8_array(const int64 *values, int n)
{
	Datum	   *datum = huge_alloc(Max(1, (Size) n) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		datum[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(datum, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static Datum
int4_array(const int32 *values, int n)
{
	Datum	   *datum = huge_alloc(Max(1, (Size) n) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		datum[i] = Int32GetDatum(values[i]);
	return PointerGetDatum(construct_array(datum, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

Datum
clustering_leiden_final(PG_FUNCTION_ARGS)
{
	const Edges *e = graph_argument_ids(fcinfo, "leiden_labels");
	LeidenOptions options = {e->options.resolution, e->options.seed, -1, 1, false};
	const MergedEdges *g = edges_merged(e);
	int32	   *community = communities_new(g);
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 4)
		elog(ERROR, "the aggregate leiden must return four columns");
	values[2] = Int32GetDatum(leiden(g, &options, community));
	values[0] = int8_array(g->id, g->n);
	values[1] = int4_array(community, g->n);
	for (int u = 0; u < g->n; u++)
		community[u]--;
	record_put_number(values, nulls, 3, modularity(g, community, options.resolution));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ---- modularity(source_community, target_community, weight[, resolution]) ---- */

static Datum
modularity_add(FunctionCallInfo fcinfo, bool labelled)
{
	EdgesOptions options = {true, 1, 0};

	if (PG_NARGS() > 4)
	{
		require_option(fcinfo, 4, "resolution");
		options.resolution = resolution_argument(PG_GETARG_FLOAT8(4));
	}
	return graph_transition(fcinfo, labelled, 3, &options);
}

Datum
clustering_modularity_add_ids(PG_FUNCTION_ARGS)
{
	return modularity_add(fcinfo, false);
}

Datum
clustering_modularity_add_labels(PG_FUNCTION_ARGS)
{
	return modularity_add(fcinfo, true);
}

/* The nodes of this graph are communities. */
Datum
clustering_modularity_final(PG_FUNCTION_ARGS)
{
	const Edges *e = PG_GETARG_EDGES(0);

	return number_or_null(fcinfo, modularity(edges_merged(e), NULL, e->options.resolution));
}
