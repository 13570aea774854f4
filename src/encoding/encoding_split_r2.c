/*
 * encoding_split_r2.c
 *		SQL function split_r2: the R2 of a model on other data, band by band.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "encoding/arguments.h"
#include "encoding/encoder.h"
#include "encoding/encoder_score.h"
#include "stats/gram.h"

#define SPLIT_COLUMNS 3

PG_FUNCTION_INFO_V1(encoding_split_r2);

typedef struct SplitScan
{
	int			n_bands;
	int			v;
	double	   *split;			/* (n_bands + 1) x v */
} SplitScan;

/* The bands asked for, or the model's own, or one of all features. */
static const int *
bands_of(FunctionCallInfo fcinfo, const Encoder *e, int *n)
{
	if (!PG_ARGISNULL(2))
		return argument_bands(PG_GETARG_ARRAYTYPE_P(2), e->p, n);
	*n = Max(1, e->n_bands);
	return e->n_bands > 0 ? e->bands : &e->p;
}

static void
start_split(FunctionCallInfo fcinfo, FuncCallContext *call)
{
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	const Encoder *e = PG_GETARG_ENCODER(0);
	const Gram *g = PG_GETARG_GRAM(1);
	SplitScan  *scan = palloc(sizeof(SplitScan));
	const int  *bands;
	TupleDesc	desc;
	Size		bytes;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != SPLIT_COLUMNS)
		elog(ERROR, "split_r2 must return %d columns", SPLIT_COLUMNS);
	call->tuple_desc = BlessTupleDesc(desc);
	argument_require_columns(e, g);
	bands = bands_of(fcinfo, e, &scan->n_bands);
	scan->v = e->v;
	bytes = size_mul(size_mul(scan->n_bands + 1, e->v), sizeof(double));
	memory_claim_add(memory_claim(CurrentMemoryContext, "split_r2"), bytes, NULL);
	scan->split = huge_alloc(bytes);
	encoder_split_r2(e, g, scan->n_bands, bands, scan->split);
	call->user_fctx = scan;
	call->max_calls = (uint64) scan->v * (scan->n_bands + 1);
	MemoryContextSwitchTo(old);
}

Datum
encoding_split_r2(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	SplitScan  *scan;
	Datum		values[SPLIT_COLUMNS];
	bool		nulls[SPLIT_COLUMNS] = {false};
	int			target;
	int			band;
	double		r2;

	if (SRF_IS_FIRSTCALL())
	{
		call = SRF_FIRSTCALL_INIT();
		if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
			SRF_RETURN_DONE(call);
		start_split(fcinfo, call);
	}
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	target = (int) (call->call_cntr / (scan->n_bands + 1));
	band = (int) (call->call_cntr % (scan->n_bands + 1));
	r2 = scan->split[(Size) band * scan->v + target];
	values[0] = Int64GetDatum(target + 1);
	values[1] = Int32GetDatum(band);
	values[2] = Float8GetDatum(r2);
	nulls[2] = isnan(r2);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
