/*
 * similarity_rdm_set.c
 *		SQL functions over sets of RDMs: the aggregate that makes one, +, and all
 *		of its pairs as a matrix and as rows.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/record.h"
#include "similarity/rdm_set.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(rdm_set_add_text);
PG_FUNCTION_INFO_V1(rdm_set_add_bigint);
PG_FUNCTION_INFO_V1(rdm_set_labels);
PG_FUNCTION_INFO_V1(rdm_set_n_rdms);
PG_FUNCTION_INFO_V1(rdm_set_method);
PG_FUNCTION_INFO_V1(rdm_set_matrix);
PG_FUNCTION_INFO_V1(rdm_set_pairs);

STATE_IO_FUNCTIONS(rdm_set, rdm_set_kind)
STATE_MERGE_FUNCTIONS(rdm_set, rdm_set_kind)

/* ---- the aggregate ---- */

/* Arguments after the state: label, rdm, method */
static Datum
add_row(FunctionCallInfo fcinfo, bool is_bigint)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	RdmSet	   *s = state_running(&rdm_set_kind, fcinfo, cxt);
	CompareMethod method;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_return(fcinfo, s);
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the method of row %d is NULL", s ? s->n + 1 : 1)));
	method = compare_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	if (s == NULL)
		s = rdm_set_new(cxt, method);
	rdm_set_require_method(s, method);
	rdm_set_add(s, label_argument(fcinfo, 1, is_bigint), PG_GETARG_RDM(2));
	return state_return(fcinfo, s);
}

Datum
rdm_set_add_text(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false);
}

Datum
rdm_set_add_bigint(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true);
}

/* ---- what it holds ---- */

Datum
rdm_set_labels(PG_FUNCTION_ARGS)
{
	const RdmSet *s = PG_GETARG_RDM_SET(0);

	PG_RETURN_ARRAYTYPE_P(labels_array(s->labels, s->n));
}

Datum
rdm_set_n_rdms(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_RDM_SET(0)->n);
}

Datum
rdm_set_method(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(compare_method_name(PG_GETARG_RDM_SET(0)->method)));
}

/* ---- all pairs ---- */

Datum
rdm_set_matrix(PG_FUNCTION_ARGS)
{
	const RdmSet *s = PG_GETARG_RDM_SET(0);
	int32		dims[2] = {s->n, s->n};
	Tensor	   *out = tensor_new_unset(TENSOR_FLOAT8, 2, dims);

	rdm_set_compare(s, TENSOR_F8(out));
	PG_RETURN_TENSOR(out);
}

typedef struct PairScan
{
	int			n;
	int			i;				/* the next row is pair i < j */
	int			j;
	Datum	   *labels;			/* n texts */
	double	   *values;			/* n x n */
} PairScan;

static PairScan *
pairs_begin(const RdmSet *s)
{
	PairScan   *scan = palloc0(sizeof(PairScan));

	memory_claim_add(memory_claim(CurrentMemoryContext, "similarity_pairs"),
					 size_mul(size_mul(s->n, s->n), sizeof(double)), "Compare fewer RDMs at a time.");
	scan->n = s->n;
	scan->j = 1;
	scan->values = huge_matrix(s->n, s->n);
	scan->labels = palloc(Max(1, s->n) * sizeof(Datum));
	for (int i = 0; i < s->n; i++)
		scan->labels[i] = PointerGetDatum(cstring_to_text_with_len(s->labels[i].text, s->labels[i].length));
	rdm_set_compare(s, scan->values);
	return scan;
}

Datum
rdm_set_pairs(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	PairScan   *scan;
	Datum		values[3];
	bool		nulls[3] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 3)
			elog(ERROR, "similarity_pairs must return 3 columns");
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = pairs_begin(PG_GETARG_RDM_SET(0));
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	if (scan->i + 1 >= scan->n)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	values[0] = scan->labels[scan->i];
	values[1] = scan->labels[scan->j];
	record_put_number(values, nulls, 2, scan->values[(Size) scan->i * scan->n + scan->j]);
	if (++scan->j == scan->n)
	{
		scan->i++;
		scan->j = scan->i + 1;
	}
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
