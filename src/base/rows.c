/*
 * rows.c
 *		Set-returning functions whose rows are few, all made at the first call.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"

#include "base/memory.h"
#include "base/rows.h"

ResultRows *
result_rows_new(int64 n, int n_columns)
{
	ResultRows *rows = palloc(sizeof(ResultRows));
	Size		cells = size_mul(n, n_columns);

	memory_claim_add(memory_claim(CurrentMemoryContext, "rows of an answer"), size_mul(cells, sizeof(Datum) + sizeof(bool)), NULL);
	rows->n = n;
	rows->n_columns = n_columns;
	rows->values = huge_alloc0(size_mul(cells, sizeof(Datum)));
	rows->nulls = huge_alloc0(cells);
	return rows;
}

Datum
result_rows_next(FunctionCallInfo fcinfo, ResultRowsFunction make)
{
	FuncCallContext *call;
	ResultRows *rows;
	Size		at;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		rows = make(fcinfo);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != rows->n_columns)
			elog(ERROR, "a function that makes %d columns must be declared so", rows->n_columns);
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = rows;
		call->max_calls = rows->n;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	rows = call->user_fctx;
	at = (Size) call->call_cntr * rows->n_columns;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);
	CHECK_FOR_INTERRUPTS();
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, rows->values + at, rows->nulls + at)));
}
