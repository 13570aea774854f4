/*
 * similarity_ricci.c
 *		SQL functions ollivier_ricci and ricci_flow, of an rdm's neighbour graph and
 *		of a graph given by its edges.
 *
 * All edges are computed at the first call and handed out one a call.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/record.h"
#include "similarity/ollivier_ricci.h"

PG_FUNCTION_INFO_V1(similarity_ollivier_ricci_rdm);
PG_FUNCTION_INFO_V1(similarity_ollivier_ricci_edges);
PG_FUNCTION_INFO_V1(similarity_ricci_flow_rdm);
PG_FUNCTION_INFO_V1(similarity_ricci_flow_edges);

#define MAX_ITERATIONS 100000

/* A graph whose nodes have labels. */
typedef struct LabelledGraph
{
	Graph	   *g;
	Label	   *labels;			/* of the nodes */
	double	   *kappa;			/* of the edges */
} LabelledGraph;

/* ---- arguments ---- */

static double
alpha_argument(double alpha)
{
	if (!(alpha >= 0 && alpha <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be from 0 to 1, not %g", alpha)));
	return alpha;
}

static LabelledGraph *
graph_of_rdm(FunctionCallInfo fcinfo)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	int			k = PG_GETARG_INT32(1);
	LabelledGraph *lg = palloc0(sizeof(LabelledGraph));

	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be at least 1, not %d", k)));
	memory_claim_add(memory_claim(CurrentMemoryContext, "graph"),
					 graph_bytes(r->n_conditions, size_mul(r->n_conditions, Min(k, r->n_conditions))), "Take a smaller k.");
	lg->g = nearest_neighbour_graph(r, k);
	lg->labels = palloc(Max(1, r->n_conditions) * sizeof(Label));
	for (int i = 0; i < r->n_conditions; i++)
	{
		Label		label = rdm_label(r, i);

		lg->labels[i] = (Label) {pnstrdup(label.text, label.length), label.length};
	}
	return lg;
}

/* The labels of an array argument of text or bigint, none NULL, copied. */
static Label *
labels_argument(FunctionCallInfo fcinfo, int argument, const char *what, int *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argument);
	bool		is_text = ARR_ELEMTYPE(array) == TEXTOID;
	Datum	   *elements;
	bool	   *nulls;
	Label	   *labels;

	if (is_text)
		deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, n);
	else
		deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, n);
	labels = palloc_extended(Max(1, *n) * sizeof(Label), MCXT_ALLOC_HUGE);
	for (int i = 0; i < *n; i++)
	{
		char	   *label;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s is NULL", i + 1, what)));
		label = is_text ? TextDatumGetCString(elements[i]) : psprintf(INT64_FORMAT, DatumGetInt64(elements[i]));
		labels[i] = (Label) {label, (int) strlen(label)};
	}
	return labels;
}

/* Lengths of n edges, ones where the argument is NULL. */
static void
weights_argument(FunctionCallInfo fcinfo, int argument, int n, GraphEdge *edges)
{
	ArrayType  *array;
	Datum	   *elements;
	bool	   *nulls;
	int			n_weights;

	for (int e = 0; e < n; e++)
		edges[e].weight = 1;
	if (PG_ARGISNULL(argument))
		return;
	array = PG_GETARG_ARRAYTYPE_P(argument);
	deconstruct_array(array, FLOAT8OID, sizeof(double), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, &n_weights);
	if (n_weights != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d weights for %d edges", n_weights, n)));
	for (int e = 0; e < n; e++)
	{
		double		weight = nulls[e] ? NAN : DatumGetFloat8(elements[e]);

		if (!(weight >= 0) || isinf(weight))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the weight of edge %d must be a length, finite and not negative", e + 1),
					 errdetail_client("It is %s.", nulls[e] ? "NULL" : psprintf("%g", weight))));
		edges[e].weight = weight;
	}
}

static int
compare_labels(const void *a, const void *b)
{
	return label_compare(*(const Label *) a, *(const Label *) b);
}

/* The distinct ones of n labels, sorted in place; returns their number. */
static int
distinct_labels(Label *labels, int n)
{
	int			kept = 0;

	qsort(labels, n, sizeof(Label), compare_labels);
	for (int i = 0; i < n; i++)
		if (kept == 0 || compare_labels(&labels[kept - 1], &labels[i]) != 0)
			labels[kept++] = labels[i];
	return kept;
}

static int
find_label(const Label *labels, int n, Label label)
{
	return (int) ((Label *) bsearch(&label, labels, n, sizeof(Label), compare_labels) - labels);
}

/* (source, target, weight); NULL where one of the first two is. */
static LabelledGraph *
graph_of_edges(FunctionCallInfo fcinfo)
{
	LabelledGraph *lg;
	Label	   *source;
	Label	   *target;
	GraphEdge  *edges;
	int			n;
	int			n_targets;
	int			n_nodes;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return NULL;
	source = labels_argument(fcinfo, 0, "source", &n);
	target = labels_argument(fcinfo, 1, "target", &n_targets);
	if (n != n_targets)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d sources and %d targets", n, n_targets)));
	memory_claim_add(memory_claim(CurrentMemoryContext, "graph"), graph_bytes(2 * n, n), NULL);
	lg = palloc0(sizeof(LabelledGraph));
	lg->labels = palloc_extended(Max(1, 2 * (Size) n) * sizeof(Label), MCXT_ALLOC_HUGE);
	memcpy(lg->labels, source, n * sizeof(Label));
	memcpy(lg->labels + n, target, n * sizeof(Label));
	n_nodes = distinct_labels(lg->labels, 2 * n);

	edges = huge_alloc(Max(1, n) * sizeof(GraphEdge));
	weights_argument(fcinfo, 2, n, edges);
	for (int e = 0; e < n; e++)
	{
		int			a = find_label(lg->labels, n_nodes, source[e]);
		int			b = find_label(lg->labels, n_nodes, target[e]);

		if (a == b)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("edge %d joins a node to itself", e + 1),
					 errdetail_client("It is \"%s\".", label_text(source[e]))));
		edges[e].a = Min(a, b);
		edges[e].b = Max(a, b);
	}
	lg->g = graph_new(n_nodes, edges, n);
	for (int e = 1; e < n; e++)
		if (graph_compare_edges(&edges[e - 1], &edges[e]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("two nodes are joined by two edges"),
					 errdetail_client("They are \"%s\" and \"%s\".", label_text(lg->labels[edges[e].a]),
									  label_text(lg->labels[edges[e].b])),
					 errhint("Edges have no direction: give each pair once.")));
	return lg;
}

/* ---- rows ---- */

static Datum
next_edge(FunctionCallInfo fcinfo, const LabelledGraph *(*compute) (FunctionCallInfo), bool with_weight)
{
	FuncCallContext *call;
	const LabelledGraph *lg;
	const GraphEdge *edge;
	Label		a;
	Label		b;
	int			n_columns = with_weight ? 4 : 3;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		lg = compute(fcinfo);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != n_columns)
			elog(ERROR, "curvatures must be returned in %d columns", n_columns);
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = (void *) lg;
		call->max_calls = lg ? lg->g->n_edges : 0;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	lg = call->user_fctx;
	edge = &lg->g->edge[call->call_cntr];
	a = lg->labels[edge->a];
	b = lg->labels[edge->b];
	values[0] = PointerGetDatum(cstring_to_text_with_len(a.text, a.length));
	values[1] = PointerGetDatum(cstring_to_text_with_len(b.text, b.length));
	if (with_weight)
		values[2] = Float8GetDatum(edge->weight);
	record_put_number(values, nulls, n_columns - 1, lg->kappa[call->call_cntr]);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

/* Room for the curvatures, and for the distances of all nodes while they are computed. */
static double *
curvature_memory(LabelledGraph *lg, MemoryContext *scratch)
{
	Size		n = lg->g->n;
	Size		bytes = size_mul(size_mul(n, n), sizeof(double));

	memory_claim_add(memory_claim(CurrentMemoryContext, "curvatures"), size_mul(lg->g->n_edges, sizeof(double)), NULL);
	lg->kappa = huge_matrix(1, Max(1, lg->g->n_edges));
	*scratch = scratch_create("shortest paths", bytes, NULL);
	return MemoryContextAllocHuge(*scratch, Max(1, bytes));
}

/* ---- ollivier_ricci ---- */

static const LabelledGraph *
curvatures(LabelledGraph *lg, double alpha)
{
	MemoryContext scratch;
	double	   *distance;

	if (lg == NULL)
		return NULL;
	distance = curvature_memory(lg, &scratch);
	ollivier_ricci_curvature(lg->g, alpha, distance, lg->kappa);
	MemoryContextDelete(scratch);
	return lg;
}

static const LabelledGraph *
curvatures_of_rdm(FunctionCallInfo fcinfo)
{
	double		alpha = alpha_argument(PG_GETARG_FLOAT8(2));

	return curvatures(graph_of_rdm(fcinfo), alpha);
}

Datum
similarity_ollivier_ricci_rdm(PG_FUNCTION_ARGS)
{
	return next_edge(fcinfo, curvatures_of_rdm, false);
}

static const LabelledGraph *
curvatures_of_edges(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(3) ? NULL : curvatures(graph_of_edges(fcinfo), alpha_argument(PG_GETARG_FLOAT8(3)));
}

Datum
similarity_ollivier_ricci_edges(PG_FUNCTION_ARGS)
{
	return next_edge(fcinfo, curvatures_of_edges, false);
}

/* ---- ricci_flow ---- */

/* Arguments n_iter, alpha and step, from 'first' on */
static const LabelledGraph *
flow(FunctionCallInfo fcinfo, LabelledGraph *lg, int first)
{
	int			n_iter = PG_GETARG_INT32(first);
	double		alpha = alpha_argument(PG_GETARG_FLOAT8(first + 1));
	double		step = PG_GETARG_FLOAT8(first + 2);
	MemoryContext scratch;
	double	   *distance;

	if (n_iter < 0 || n_iter > MAX_ITERATIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_iter must be from 0 to %d, not %d", MAX_ITERATIONS, n_iter)));
	if (!(step > 0 && step <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step must be over 0 and at most 1, not %g", step)));
	if (lg == NULL)
		return NULL;
	distance = curvature_memory(lg, &scratch);
	ricci_flow(lg->g, alpha, step, n_iter, distance, lg->kappa);
	MemoryContextDelete(scratch);
	return lg;
}

static const LabelledGraph *
flow_of_rdm(FunctionCallInfo fcinfo)
{
	return flow(fcinfo, graph_of_rdm(fcinfo), 2);
}

Datum
similarity_ricci_flow_rdm(PG_FUNCTION_ARGS)
{
	return next_edge(fcinfo, flow_of_rdm, true);
}

static const LabelledGraph *
flow_of_edges(FunctionCallInfo fcinfo)
{
	for (int i = 3; i < 6; i++)
		if (PG_ARGISNULL(i))
			return NULL;
	return flow(fcinfo, graph_of_edges(fcinfo), 3);
}

Datum
similarity_ricci_flow_edges(PG_FUNCTION_ARGS)
{
	return next_edge(fcinfo, flow_of_edges, true);
}
