/*
 * encoding_ridge_banded.c
 *		SQL functions of banded ridge: banded_ridge_cv, band_scales, band_samples.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "encoding/arguments.h"
#include "encoding/banded.h"
#include "encoding/encoder.h"
#include "stats/gram.h"

#define DRAWS_HINT "Make fewer draws (n_iter)."

PG_FUNCTION_INFO_V1(encoding_banded_ridge_cv);
PG_FUNCTION_INFO_V1(encoding_band_scales);
PG_FUNCTION_INFO_V1(encoding_band_samples);

/* ---- draws ---- */

static void
require_at_least_one(int value, const char *what)
{
	if (value < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least 1, not %d", what, value)));
}

/* A float8[] of Dirichlet concentrations, at least one, each finite and positive. */
static double *
concentration_array(ArrayType *array, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	double	   *concentration;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, n);
	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the array of concentrations is empty")));
	concentration = palloc(*n * sizeof(double));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of concentrations is NULL", i + 1)));
		concentration[i] = DatumGetFloat8(elements[i]);
		if (!(concentration[i] >= 1e-3 && concentration[i] <= 1e6))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a concentration must be from 0.001 to 1e6, not %g", concentration[i])));
	}
	return concentration;
}

/* The draws, n_iter x n_bands, in CurrentMemoryContext. */
static double *
sample(int n_bands, int n_iter, ArrayType *concentrations, int64 seed)
{
	int			n;
	double	   *concentration = concentration_array(concentrations, &n);
	Size		bytes = size_mul(size_mul(n_iter, n_bands), sizeof(double));
	double	   *scales;

	memory_claim_add(memory_claim(CurrentMemoryContext, "draws of band scales"), bytes, DRAWS_HINT);
	scales = huge_alloc(bytes);
	banded_sample(n_bands, n_iter, n, concentration, (uint64) seed, scales);
	pfree(concentration);
	return scales;
}

/*
 * banded_ridge_cv(g, bands, alphas, n_iter, concentration, n_targets_batch, seed,
 * standardize, scoring): not strict, NULL alphas and batch have a meaning
 */
Datum
encoding_banded_ridge_cv(PG_FUNCTION_ARGS)
{
	RidgeOptions options = {.per_target = true};
	BandDraws	draws = {0};
	const Gram *g;
	MemoryContext cxt;
	MemoryContext old;
	Encoder    *e;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	argument_require_not_null(fcinfo, 1, "bands");
	argument_require_not_null(fcinfo, 3, "n_iter");
	argument_require_not_null(fcinfo, 4, "concentration");
	argument_require_not_null(fcinfo, 6, "seed");
	argument_require_not_null(fcinfo, 7, "standardize");
	argument_require_not_null(fcinfo, 8, "scoring");
	g = argument_gram(fcinfo, 0);
	draws.widths = argument_bands(PG_GETARG_ARRAYTYPE_P(1), g->p, &draws.n_bands);
	if (!PG_ARGISNULL(2))
		options.alphas = argument_alphas(PG_GETARG_ARRAYTYPE_P(2), false, &options.n_alphas);
	draws.n_draws = PG_GETARG_INT32(3);
	require_at_least_one(draws.n_draws, "n_iter");
	if (!PG_ARGISNULL(5))
	{
		draws.batch = PG_GETARG_INT32(5);
		require_at_least_one(draws.batch, "n_targets_batch");
	}
	options.standardize = PG_GETARG_BOOL(7);
	options.scoring = argument_scoring(PG_GETARG_TEXT_PP(8));
	options.draws = &draws;

	old = CurrentMemoryContext;
	cxt = AllocSetContextCreate(old, "band scales", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(cxt);
	draws.scales = sample(draws.n_bands, draws.n_draws, PG_GETARG_ARRAYTYPE_P(4), PG_GETARG_INT64(6));
	e = ridge_cv_fit(old, g, &options);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	PG_RETURN_DATUM(EncoderGetDatum(e));
}

/* ---- band_samples ---- */

typedef struct SamplesScan
{
	int			n_bands;
	const double *scales;
} SamplesScan;

Datum
encoding_band_samples(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	SamplesScan *scan;
	Datum		values[2];
	bool		nulls[2] = {false};
	Datum	   *elements;
	int			d;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 2)
			elog(ERROR, "band_samples must return 2 columns");
		call->tuple_desc = BlessTupleDesc(desc);
		scan = palloc(sizeof(SamplesScan));
		scan->n_bands = PG_GETARG_INT32(0);
		require_at_least_one(scan->n_bands, "n_bands");
		require_at_least_one(PG_GETARG_INT32(1), "n_iter");
		scan->scales = sample(scan->n_bands, PG_GETARG_INT32(1), PG_GETARG_ARRAYTYPE_P(2), PG_GETARG_INT64(3));
		call->user_fctx = scan;
		call->max_calls = PG_GETARG_INT32(1);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	d = (int) call->call_cntr;
	elements = palloc(scan->n_bands * sizeof(Datum));
	for (int b = 0; b < scan->n_bands; b++)
		elements[b] = Float8GetDatum(scan->scales[(Size) d * scan->n_bands + b]);
	values[0] = Int32GetDatum(d + 1);
	values[1] = PointerGetDatum(construct_array(elements, scan->n_bands, FLOAT8OID, sizeof(float8),
												FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

/* ---- band_scales ---- */

#define SCALES_COLUMNS 3

Datum
encoding_band_scales(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	const Encoder *e;
	Datum		values[SCALES_COLUMNS];
	bool		nulls[SCALES_COLUMNS] = {false};
	double		scale;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != SCALES_COLUMNS)
			elog(ERROR, "band_scales must return %d columns", SCALES_COLUMNS);
		call->tuple_desc = BlessTupleDesc(desc);
		e = PG_GETARG_ENCODER(0);
		if (e->n_bands == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the encoder has no bands"),
					 errhint("Fit it with banded_ridge_cv.")));
		call->user_fctx = (void *) e;
		call->max_calls = (uint64) e->v * e->n_bands;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	e = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	scale = e->band_scale[call->call_cntr];
	values[0] = Int64GetDatum(call->call_cntr / e->n_bands + 1);
	values[1] = Int32GetDatum(call->call_cntr % e->n_bands + 1);
	values[2] = Float8GetDatum(scale);
	nulls[2] = isnan(scale);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
