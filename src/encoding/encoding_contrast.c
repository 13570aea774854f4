/*
 * encoding_contrast.c
 *		SQL function contrast.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"

#include "base/record.h"
#include "encoding/arguments.h"
#include "encoding/contrast.h"
#include "stats/gram.h"

#define CONTRAST_COLUMNS 5

PG_FUNCTION_INFO_V1(encoding_contrast);

/* A number for each feature, finite, not all 0. */
static double *
contrast_weights(ArrayType *array, int p)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	double	   *c;
	bool		some = false;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, &n);
	if (n != p)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the contrast has %d elements for %d features", n, p),
				 errhint("Give a number for each feature; the intercept has none.")));
	c = palloc(n * sizeof(double));
	for (int j = 0; j < n; j++)
	{
		if (nulls[j])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the contrast is NULL", j + 1)));
		c[j] = DatumGetFloat8(elements[j]);
		if (!isfinite(c[j]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("element %d of the contrast is %g", j + 1, c[j])));
		some |= c[j] != 0;
	}
	if (!some)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all elements of the contrast are 0")));
	return c;
}

static void
start_contrast(FunctionCallInfo fcinfo, FuncCallContext *call)
{
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	const Gram *g = argument_gram(fcinfo, 0);
	double	   *c = contrast_weights(PG_GETARG_ARRAYTYPE_P(1), g->p);
	ContrastTest *test = palloc(sizeof(ContrastTest));
	TupleDesc	desc;
	int			rank;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != CONTRAST_COLUMNS)
		elog(ERROR, "contrast must return %d columns", CONTRAST_COLUMNS);
	call->tuple_desc = BlessTupleDesc(desc);
	test->effect = huge_matrix(1, g->v);
	test->t = huge_matrix(1, g->v);
	test->p = huge_matrix(1, g->v);
	test->df = huge_alloc(g->v * sizeof(int64));
	rank = contrast_test(g, c, test);
	if (rank >= 0 && gram_n(g) >= 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the contrast cannot be estimated"),
				 errdetail("Beside the intercept the %d features have rank %d, and the contrast is not a combination of their rows.",
						   g->p, rank),
				 errhint("Where every row has a condition of its own, compare conditions: the elements of the contrast sum to 0.")));
	call->user_fctx = test;
	call->max_calls = g->v;
	MemoryContextSwitchTo(old);
}

Datum
encoding_contrast(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	const ContrastTest *test;
	Datum		values[CONTRAST_COLUMNS];
	bool		nulls[CONTRAST_COLUMNS] = {false};
	Datum		row;
	int			t;

	if (SRF_IS_FIRSTCALL())
		start_contrast(fcinfo, SRF_FIRSTCALL_INIT());
	call = SRF_PERCALL_SETUP();
	test = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	t = (int) call->call_cntr;
	values[0] = Int64GetDatum(t + 1);
	record_put_number(values, nulls, 1, test->t[t]);
	record_put_number(values, nulls, 2, test->p[t]);
	record_put_number(values, nulls, 3, test->effect[t]);
	values[4] = Int64GetDatum(test->df[t]);
	nulls[4] = isnan(test->effect[t]);
	row = HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls));
	SRF_RETURN_NEXT(call, row);
}
