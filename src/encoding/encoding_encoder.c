/*
 * encoding_encoder.c
 *		SQL functions that read a fitted encoder: targets, weights, encoder_info.
 *
 * targets() gives one row a call.  Weights, where they are asked for, are
 * unpacked for a block of targets at a time and copied out of the block column
 * by column; a block stays small enough for the cache, because its columns are
 * read across.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/record.h"
#include "encoding/encoder.h"
#include "tensor/tensor.h"

#define WEIGHTS_HINT "Read them target by target: targets(encoder, weights => true)."

PG_FUNCTION_INFO_V1(encoding_targets);
PG_FUNCTION_INFO_V1(encoding_targets_ids);
PG_FUNCTION_INFO_V1(encoding_weights);
PG_FUNCTION_INFO_V1(encoding_encoder_info);

/* ---- targets ---- */

#define TARGETS_COLUMNS 9

typedef struct TargetsScan
{
	const Encoder *e;
	int64	   *ids;			/* v names, or NULL: 1 .. v */
	double	   *intercepts;		/* v */
	bool		with_weights;
	int			block;			/* targets unpacked at a time */
	int			first;			/* the block's first, -1: none yet */
	double	   *weights;		/* p x block */
	double	   *column;			/* p: one target's weights */
} TargetsScan;

/* A bigint[] with a name for each target, none NULL. */
static int64 *
target_ids(ArrayType *array, int v)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int64	   *ids;

	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, &n);
	if (n != v)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d ids for %d targets", n, v),
				 errhint("Give one id for each target, in the order of the elements of y.")));
	ids = huge_alloc(n * sizeof(int64));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of ids is NULL", i + 1)));
		ids[i] = DatumGetInt64(elements[i]);
	}
	pfree(elements);
	pfree(nulls);
	return ids;
}

static void
prepare_weights(TargetsScan *scan)
{
	const Encoder *e = scan->e;
	Size		cached = ((Size) 4 << 20) / (e->p * sizeof(double));

	scan->with_weights = true;
	scan->first = -1;
	scan->block = (int) Min((Size) e->v, Max(cached, (Size) (e->dual ? 256 : 16)));
	memory_claim_add(memory_claim(CurrentMemoryContext, "targets"),
					 size_mul(size_mul(e->p, scan->block + 1), sizeof(double)), NULL);
	scan->weights = huge_alloc(size_mul(size_mul(e->p, scan->block), sizeof(double)));
	scan->column = huge_alloc(e->p * sizeof(double));
}

/* What all calls share; in the memory of the scan. */
static void
start_targets(FunctionCallInfo fcinfo, FuncCallContext *call, bool has_ids)
{
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	TargetsScan *scan = palloc0(sizeof(TargetsScan));
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != TARGETS_COLUMNS)
		elog(ERROR, "targets must return %d columns", TARGETS_COLUMNS);
	call->tuple_desc = BlessTupleDesc(desc);
	scan->e = PG_GETARG_ENCODER(0);
	if (has_ids)
		scan->ids = target_ids(PG_GETARG_ARRAYTYPE_P(1), scan->e->v);
	scan->intercepts = huge_alloc(scan->e->v * sizeof(double));
	encoder_intercepts(scan->e, scan->intercepts);
	if (PG_GETARG_BOOL(has_ids ? 2 : 1))
		prepare_weights(scan);
	call->user_fctx = scan;
	call->max_calls = scan->e->v;
	MemoryContextSwitchTo(old);
}

static Tensor *
target_weights(TargetsScan *scan, int t)
{
	const Encoder *e = scan->e;
	Tensor	   *w = tensor_new_vector(e->wtype, e->p);
	int			nt;

	if (scan->first < 0 || t >= scan->first + scan->block)
	{
		scan->first = t;
		encoder_weights(e, t, Min(scan->block, e->v - t), scan->weights);
	}
	nt = Min(scan->block, e->v - scan->first);
	for (int j = 0; j < e->p; j++)
		scan->column[j] = scan->weights[(Size) j * nt + t - scan->first];
	tensor_write_f8(w, 0, e->p, scan->column);
	return w;
}

static Datum
next_target(FunctionCallInfo fcinfo, bool has_ids)
{
	FuncCallContext *call;
	TargetsScan *scan;
	Datum		values[TARGETS_COLUMNS];
	bool		nulls[TARGETS_COLUMNS] = {false};
	Datum		row;
	int			t;

	if (SRF_IS_FIRSTCALL())
		start_targets(fcinfo, SRF_FIRSTCALL_INIT(), has_ids);
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	t = (int) call->call_cntr;
	values[0] = Int64GetDatum(scan->ids ? scan->ids[t] : t + 1);
	values[1] = Int64GetDatum(scan->e->target_n[t]);
	record_put_number(values, nulls, 2, scan->e->variance[t]);
	record_put_number(values, nulls, 3, scan->e->alpha[t]);
	record_put_number(values, nulls, 4, scan->e->r[t]);
	record_put_number(values, nulls, 5, scan->e->r2[t]);
	record_put_number(values, nulls, 6, scan->e->r2_pooled[t]);
	record_put_number(values, nulls, 7, scan->intercepts[t]);
	nulls[8] = !scan->with_weights;
	values[8] = scan->with_weights ? PointerGetDatum(target_weights(scan, t)) : (Datum) 0;
	row = HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls));
	SRF_RETURN_NEXT(call, row);
}

Datum
encoding_targets(PG_FUNCTION_ARGS)
{
	return next_target(fcinfo, false);
}

Datum
encoding_targets_ids(PG_FUNCTION_ARGS)
{
	return next_target(fcinfo, true);
}

/* ---- weights ---- */

Datum
encoding_weights(PG_FUNCTION_ARGS)
{
	const Encoder *e = PG_GETARG_ENCODER(0);
	Size		bytes = size_mul(size_mul(e->p, e->v), e->wtype);
	Tensor	   *out;
	int			block = Min(e->v, 256);
	double	   *w;

	if (bytes > VALUE_MAX_BYTES - TENSOR_HEADER_SIZE(TENSOR_MAX_NDIM))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the weights of %d features and %d targets take %zu bytes: a value is at most 1 GB",
						e->p, e->v, bytes),
				 errhint(WEIGHTS_HINT)));
	out = tensor_new_matrix(e->wtype, e->p, e->v);
	if (!e->dual)
	{
		memcpy(TENSOR_DATA(out), e->weights, bytes);
		PG_RETURN_TENSOR(out);
	}
	w = huge_alloc(size_mul(size_mul(e->p, block), sizeof(double)));
	for (int t0 = 0; t0 < e->v; t0 += block)
	{
		int			nt = Min(block, e->v - t0);

		encoder_weights(e, t0, nt, w);
		for (int j = 0; j < e->p; j++)
			tensor_write_f8(out, (Size) j * e->v + t0, nt, w + (Size) j * nt);
	}
	pfree(w);
	PG_RETURN_TENSOR(out);
}

/* ---- encoder_info ---- */

#define INFO_COLUMNS 19

static const char *
model_name(EncoderModel model)
{
	switch (model)
	{
		case ENCODER_RIDGE:
			return "ridge";
		case ENCODER_BANDED_RIDGE:
			return "banded ridge";
		case ENCODER_ELASTIC_NET:
			return "elastic net";
		case ENCODER_PLS:
			return "pls";
		case ENCODER_PCR:
			return "pcr";
		case ENCODER_RIDGE_PRIOR:
			return "ridge with prior";
	}
	return "unknown";
}

static const char *
scores_name(EncoderScores scores)
{
	return scores == ENCODER_SCORES_CV ? "cv" : scores == ENCODER_SCORES_GCV ? "gcv" : "none";
}

static const char *
scoring_name(EncoderScoring scoring)
{
	return scoring == ENCODER_SCORING_R2 ? "r2" : scoring == ENCODER_SCORING_R ? "r" : "r2_pooled";
}

static const char *
solver_name(EncoderSolver solver)
{
	return solver == ENCODER_SOLVER_STATISTICS ? "statistics"
		: solver == ENCODER_SOLVER_PREDICT ? "predict" : "kernel";
}

static Datum
float8_array(const double *values, int n)
{
	Datum	   *elements = palloc(Max(1, n) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

static Datum
int_array(const int *values, int n)
{
	Datum	   *elements = palloc(Max(1, n) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = Int32GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

Datum
encoding_encoder_info(PG_FUNCTION_ARGS)
{
	const Encoder *e = PG_GETARG_ENCODER(0);
	bool		by_folds = e->scores == ENCODER_SCORES_CV;
	Datum		values[INFO_COLUMNS];
	bool		nulls[INFO_COLUMNS] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != INFO_COLUMNS)
		elog(ERROR, "encoder_info must return %d columns", INFO_COLUMNS);
	values[0] = Int64GetDatum(e->n);
	values[1] = Int32GetDatum(e->p);
	values[2] = Int32GetDatum(e->v);
	values[3] = Int32GetDatum(e->n_folds);
	values[4] = CStringGetTextDatum(model_name(e->model));
	values[5] = CStringGetTextDatum(scores_name(e->scores));
	values[6] = CStringGetTextDatum(scoring_name(e->scoring));
	values[7] = CStringGetTextDatum(scoring_name(e->scoring_asked));
	values[8] = CStringGetTextDatum(solver_name(e->solver));
	nulls[6] = nulls[8] = !by_folds;
	nulls[7] = e->scores == ENCODER_SCORES_NONE;
	values[9] = BoolGetDatum(e->per_target);
	values[10] = BoolGetDatum(e->standardize);
	values[11] = float8_array(e->alphas, e->n_alphas);
	record_put_number(values, nulls, 12, e->l1_ratio);
	values[13] = Int32GetDatum(e->n_components);
	nulls[13] = e->n_components == 0;
	values[14] = int_array(e->bands, e->n_bands);
	nulls[14] = e->n_bands == 0;
	record_put_number(values, nulls, 15, e->prior_strength);
	values[16] = CStringGetTextDatum(e->dual ? "dual" : "primal");
	values[17] = CStringGetTextDatum(tensor_type_name(e->wtype));
	values[18] = Int64GetDatum(state_stored_size(e));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
