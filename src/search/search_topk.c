/*
 * search_topk.c
 *		SQL functions over topk: its aggregate, neighbors.
 *
 * The queries come with every row but are one value, often of many megabytes.
 * They are looked at once a state.  In later rows it is enough that the
 * argument is a constant or a parameter (a sub-select), which can't change within an
 * aggregate; that it is the same toast pointer; or else that it holds the same bytes.
 */
#include "postgres.h"
#include "fmgr.h"
#include "funcapi.h"

#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "search/topk.h"

PG_FUNCTION_INFO_V1(search_topk_add);
PG_FUNCTION_INFO_V1(search_topk_neighbors);
PG_FUNCTION_INFO_V1(search_topk_n_samples);

#define ID_ARGUMENT			1
#define KEY_ARGUMENT		2
#define QUERIES_ARGUMENT	3
#define K_ARGUMENT			4
#define METRIC_ARGUMENT		5

/* Past this, a value that lies where the last one lay is compared in part. */
#define COMPARE_BYTES		65536
#define SAMPLES				64
#define SAMPLE_BYTES		64

/* ---- the queries ---- */

/* fn_extra: what is known of the call */
typedef struct TopkCall
{
	bool		constant;		/* the queries are a constant or a parameter */
} TopkCall;

static bool
queries_are_constant(FunctionCallInfo fcinfo)
{
	TopkCall   *call = fcinfo->flinfo->fn_extra;
	Aggref	   *aggref;

	if (call)
		return call->constant;
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(TopkCall));
	aggref = AggGetAggref(fcinfo);
	if (aggref && list_length(aggref->args) >= QUERIES_ARGUMENT)
	{
		Node	   *argument = (Node *) ((TargetEntry *) list_nth(aggref->args, QUERIES_ARGUMENT - 1))->expr;

		call->constant = IsA(argument, Const) || IsA(argument, Param);
	}
	fcinfo->flinfo->fn_extra = call;
	return call->constant;
}

/* Does a value at the same address still hold the same?  All of it if it is short. */
static bool
same_in_place(const char *a, const char *b, Size n)
{
	if (n <= COMPARE_BYTES)
		return memcmp(a, b, n) == 0;
	for (Size i = 0; i < SAMPLES; i++)
	{
		Size		at = (n - SAMPLE_BYTES) / (SAMPLES - 1) * i;

		if (memcmp(a + at, b + at, SAMPLE_BYTES) != 0)
			return false;
	}
	return true;
}

static bool
same_queries(TopkQueries *qs, Datum argument)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(argument);
	const Tensor *given = qs->given;
	Size		n = VARSIZE(given) - VARHDRSZ;
	bool		same;

	if (VARATT_IS_EXTERNAL_ONDISK(raw))
	{
		if (qs->stored && memcmp(qs->pointer, raw, TOPK_POINTER_SIZE) == 0)
			return true;
		memcpy(qs->pointer, raw, TOPK_POINTER_SIZE);
		qs->stored = true;
	}
	if (VARATT_IS_EXTENDED(raw) && !VARATT_IS_SHORT(raw))
		raw = (struct varlena *) DatumGetTensor(argument);
	else if (raw == qs->address && VARSIZE_ANY_EXHDR(raw) == n)
		return same_in_place(VARDATA_ANY(raw), VARDATA(given), n);
	same = VARSIZE_ANY_EXHDR(raw) == n && memcmp(VARDATA_ANY(raw), VARDATA(given), n) == 0;
	qs->address = DatumGetPointer(argument);
	return same;
}

static Topk *
with_queries(FunctionCallInfo fcinfo, Topk *t, MemoryContext parent, TopkMetric metric, int k)
{
	Datum		argument = PG_GETARG_DATUM(QUERIES_ARGUMENT);

	if (t == NULL || t->queries == NULL)
	{
		const Tensor *queries = DatumGetTensor(argument);

		t = topk_set_queries(t, parent, queries, metric, k);
		t->queries->address = DatumGetPointer(argument);
		if (VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(argument)))
		{
			memcpy(t->queries->pointer, DatumGetPointer(argument), TOPK_POINTER_SIZE);
			t->queries->stored = true;
		}
		if ((Pointer) queries != DatumGetPointer(argument))
			pfree((void *) queries);
	}
	else if (!queries_are_constant(fcinfo) && !same_queries(t->queries, argument))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("queries must be the same in every row")));
	return t;
}

/* ---- the aggregate: (id, key, queries, k[, metric]) ---- */

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
k_argument(FunctionCallInfo fcinfo)
{
	int			k;

	if (PG_ARGISNULL(K_ARGUMENT))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("k must not be NULL")));
	k = PG_GETARG_INT32(K_ARGUMENT);
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
	k = k_argument(fcinfo);
	if (t && (t->k != k || t->metric != metric))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("k and metric must be the same in every row: %d and %s, before %d and %s",
						k, topk_metric_name(metric), t->k, topk_metric_name(t->metric))));
	t = with_queries(fcinfo, t, cxt, metric, k);
	topk_add(t, PG_GETARG_INT64(ID_ARGUMENT), PG_GETARG_TENSOR(KEY_ARGUMENT));
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
	values[3] = Float8GetDatum(topk_loss(t->metric, entry.loss));
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

Datum
search_topk_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_TOPK(0)->n);
}
