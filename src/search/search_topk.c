/*
 * search_topk.c
 *		SQL functions over topk: its aggregate, neighbors.
 *
 * The queries come with every row but are one value (repeated_argument.h), prepared
 * once a state.
 */
#include "postgres.h"
#include "fmgr.h"
#include "funcapi.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "search/repeated_argument.h"
#include "search/topk.h"

PG_FUNCTION_INFO_V1(search_topk_add);
PG_FUNCTION_INFO_V1(search_topk_add_elements);
PG_FUNCTION_INFO_V1(search_topk_neighbors);
PG_FUNCTION_INFO_V1(search_topk_n_samples);

#define ID_ARGUMENT			1
#define KEY_ARGUMENT		2
#define QUERIES_ARGUMENT	3
#define K_ARGUMENT			4
#define METRIC_ARGUMENT		5
#define K_OF_ELEMENTS		3	/* where there are no queries */

/* ---- the aggregate: (id, key, queries, k[, metric]) ---- */

static Topk *
with_queries(FunctionCallInfo fcinfo, Topk *t, MemoryContext parent, TopkMetric metric, int k)
{
	Datum		argument = PG_GETARG_DATUM(QUERIES_ARGUMENT);

	if (t == NULL || t->queries == NULL)
	{
		const Tensor *queries = DatumGetTensor(argument);

		t = topk_set_queries(t, parent, queries, metric, k);
		repeated_argument_seen(&t->queries->argument, fcinfo, QUERIES_ARGUMENT);
		if ((Pointer) queries != DatumGetPointer(argument))
			pfree((void *) queries);
	}
	else
		repeated_argument_require(&t->queries->argument, fcinfo, QUERIES_ARGUMENT, "queries");
	return t;
}

static TopkMetric
metric_argument(FunctionCallInfo fcinfo)
{
	TopkMetric	metric = TOPK_DOT;
	text	   *name;

	if (PG_NARGS() <= METRIC_ARGUMENT)
		return metric;
	if (PG_ARGISNULL(METRIC_ARGUMENT))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("metric must not be NULL")));
	name = PG_GETARG_TEXT_PP(METRIC_ARGUMENT);
	if (!topk_metric_from_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &metric))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("metric \"%s\" is not known", text_to_cstring(name)),
				 errhint("Metrics are dot, cosine, euclidean and correlation.")));
	return metric;
}

static int
k_argument(FunctionCallInfo fcinfo, int i)
{
	int			k;

	if (PG_ARGISNULL(i))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("k must not be NULL")));
	k = PG_GETARG_INT32(i);
	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d, but must be at least 1", k)));
	return k;
}

Datum
search_topk_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Topk	   *t = state_running(&topk_kind, fcinfo, cxt);
	TopkMetric	metric;
	int			k;

	if (PG_ARGISNULL(ID_ARGUMENT) || PG_ARGISNULL(KEY_ARGUMENT))
		return state_return(fcinfo, t);
	if (PG_ARGISNULL(QUERIES_ARGUMENT))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("queries must not be NULL")));
	metric = metric_argument(fcinfo);
	k = k_argument(fcinfo, K_ARGUMENT);
	if (t && (t->k != k || t->metric != metric))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("k and metric must be the same in every row: %d and %s, before %d and %s",
						k, topk_metric_name(metric), t->k, topk_metric_name(t->metric))));
	t = with_queries(fcinfo, t, cxt, metric, k);
	topk_add(t, PG_GETARG_INT64(ID_ARGUMENT), PG_GETARG_TENSOR(KEY_ARGUMENT));
	return state_return(fcinfo, t);
}

/* (id, key, k) */
Datum
search_topk_add_elements(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Topk	   *t = state_running(&topk_kind, fcinfo, cxt);
	const Tensor *key;
	int			k;

	if (PG_ARGISNULL(ID_ARGUMENT) || PG_ARGISNULL(KEY_ARGUMENT))
		return state_return(fcinfo, t);
	k = k_argument(fcinfo, K_OF_ELEMENTS);
	key = PG_GETARG_TENSOR(KEY_ARGUMENT);
	if (t == NULL && tensor_size(key) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a key has no element"),
				 errdetail_client("Its id is " INT64_FORMAT ".", PG_GETARG_INT64(ID_ARGUMENT))));
	if (t == NULL)
		t = topk_new_elements(cxt, (int) tensor_size(key), k);
	else if (t->metric != TOPK_ELEMENT || t->k != k)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("k must be the same in every row: %d, before %d", k, t->k)));
	topk_add_elements(t, PG_GETARG_INT64(ID_ARGUMENT), key);
	return state_return(fcinfo, t);
}

/* ---- reading it ---- */

Datum
search_topk_neighbors(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	const Topk *t;
	Size		length;
	Size		query;
	Size		rank;
	TopkEntry	entry;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != lengthof(values))
			elog(ERROR, "neighbors must be declared with %d columns", (int) lengthof(values));
		call->tuple_desc = BlessTupleDesc(desc);
		t = PG_GETARG_TOPK(0);
		call->user_fctx = (void *) t;
		call->max_calls = (uint64) t->q * topk_length(t);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);
	CHECK_FOR_INTERRUPTS();
	t = call->user_fctx;
	length = topk_length(t);
	query = call->call_cntr / length;
	rank = call->call_cntr % length;
	entry = t->entry[query * t->capacity + length - 1 - rank];	/* the last is the best */
	values[0] = Int32GetDatum((int32) query + 1);
	values[1] = Int32GetDatum((int32) rank + 1);
	values[2] = Int64GetDatum(entry.id);
	values[3] = Float8GetDatum(topk_score(t->metric, entry.loss));
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

Datum
search_topk_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_TOPK(0)->n);
}
