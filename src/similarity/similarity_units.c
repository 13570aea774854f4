/*
 * similarity_units.c
 *		SQL functions that compare populations unit by unit: soft_match and
 *		excess_correlation.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/record.h"
#include "similarity/excess_correlation.h"
#include "similarity/soft_match.h"
#include "stats/unit_correlation.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(similarity_soft_match_matrix);
PG_FUNCTION_INFO_V1(similarity_soft_match);
PG_FUNCTION_INFO_V1(similarity_soft_match_final);
PG_FUNCTION_INFO_V1(similarity_excess_correlation);

/* ---- soft_match ---- */

static Datum
return_match(FunctionCallInfo fcinfo, double score, double squared_distance)
{
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 2)
		elog(ERROR, "soft_match must return 2 columns");
	record_put_number(values, nulls, 0, score);
	record_put_number(values, nulls, 1, sqrt(Max(0, squared_distance)));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* Of correlations r (p x q), NaN as 0 */
static Datum
match_of_correlations(FunctionCallInfo fcinfo, Size p, Size q, double *r)
{
	double		score;

	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < q; j++)
			if (isnan(r[i * q + j]))
				r[i * q + j] = 0;
	}
	score = soft_match_best(p, q, r);
	return return_match(fcinfo, score, 2 - 2 * score);
}

/* Scratch for a p x q matrix */
static double *
matrix_scratch(Size p, Size q, MemoryContext *scratch)
{
	Size		bytes = size_mul(size_mul(p, q), sizeof(double));

	*scratch = scratch_create("soft_match", bytes, NULL);
	return MemoryContextAllocHuge(*scratch, Max(1, bytes));
}

Datum
similarity_soft_match_matrix(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	MemoryContext scratch;
	Size		q;
	double	   *r;
	Datum		result;

	tensor_require_matrix(t, "r");
	if (tensor_size(t) == 0)
		PG_RETURN_NULL();
	q = t->dims[1];
	r = matrix_scratch(t->dims[0], q, &scratch);
	for (Size i = 0; i < (Size) t->dims[0]; i++)
	{
		CHECK_FOR_INTERRUPTS();
		tensor_read_f8(t, i * q, q, r + i * q);
		for (Size j = 0; j < q; j++)
			if (fabs(r[i * q + j]) > 1 + 1e-6)
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("element (%zu, %zu) of r must be a correlation, between -1 and 1", i + 1, j + 1),
						 errdetail_client("It is %g.", r[i * q + j])));
	}
	result = match_of_correlations(fcinfo, t->dims[0], t->dims[1], r);
	MemoryContextDelete(scratch);
	return result;
}

/* The mean over units of their squared norms about the mean */
static double
mean_square(const CrossGram *g, int n_units, const double *s, const double *ss)
{
	double		sum = 0;

	for (int i = 0; i < n_units; i++)
		sum += gram_centred_squares(g->n, s[i], ss[i]);
	return sum / n_units;
}

static Datum
match_unscaled(FunctionCallInfo fcinfo, const CrossGram *g, double *products)
{
	double		xx = mean_square(g, g->p, g->sx, g->sxx);
	double		yy = mean_square(g, g->q, g->sy, g->syy);
	double		best;

	for (Size i = 0; i < (Size) g->p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < (Size) g->q; j++)
			products[i * g->q + j] = g->sxy[i * g->q + j] - g->sx[i] * g->sy[j] / g->n;
	}
	best = soft_match_best(g->p, g->q, products);
	return return_match(fcinfo, xx > 0 && yy > 0 ? best / sqrt(xx * yy) : NAN, xx + yy - 2 * best);
}

static Datum
match_of_cross_gram(FunctionCallInfo fcinfo, const CrossGram *g, bool scaled)
{
	MemoryContext scratch;
	double	   *matrix;
	Datum		result;

	if (g->n < 2)
		PG_RETURN_NULL();
	matrix = matrix_scratch(g->p, g->q, &scratch);
	if (scaled)
	{
		correlation_of_cross_gram(g, matrix);
		result = match_of_correlations(fcinfo, g->p, g->q, matrix);
	}
	else
		result = match_unscaled(fcinfo, g, matrix);
	MemoryContextDelete(scratch);
	return result;
}

Datum
similarity_soft_match(PG_FUNCTION_ARGS)
{
	return match_of_cross_gram(fcinfo, PG_GETARG_CROSS_GRAM(0), PG_GETARG_BOOL(1));
}

Datum
similarity_soft_match_final(PG_FUNCTION_ARGS)
{
	return match_of_cross_gram(fcinfo, PG_GETARG_CROSS_GRAM(0), true);
}

/* ---- excess_correlation(gram, seed) ---- */

static ExcessCorrelation *
excess_of_targets(const Gram *g, uint64 seed)
{
	ExcessCorrelation *out;
	Size		bytes = size_mul(g->v, sizeof(ExcessCorrelation));

	if (g->v == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram has no targets"),
				 errhint("Make it with gram_agg(x, y): y are the units that are looked at, x those of the other model.")));
	if (g->n_patterns > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram has targets that miss values"),
				 errdetail("All targets share one rotation of one X'X."),
				 errhint("Leave those rows or targets out.")));
	memory_claim_add(memory_claim(CurrentMemoryContext, "excess_correlation"), bytes, NULL);
	out = huge_alloc(bytes);
	excess_correlation(g, seed, out);
	return out;
}

Datum
similarity_excess_correlation(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	const ExcessCorrelation *unit;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		const Gram *g;
		TupleDesc	desc;

		g = PG_GETARG_GRAM(0);
		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != (int) lengthof(values))
			elog(ERROR, "excess_correlation must return %d columns", (int) lengthof(values));
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = excess_of_targets(g, (uint64) PG_GETARG_INT64(1));
		call->max_calls = g->v;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	unit = (const ExcessCorrelation *) call->user_fctx + call->call_cntr;
	values[0] = Int32GetDatum((int32) call->call_cntr + 1);
	values[1] = Int32GetDatum(unit->partner + 1);
	nulls[1] = unit->partner < 0;
	record_put_number(values, nulls, 2, unit->r);
	record_put_number(values, nulls, 3, unit->rotated);
	record_put_number(values, nulls, 4, unit->r - unit->rotated);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
