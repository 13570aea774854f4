/*
 * tensor_agg.c
 *		SQL's element-wise aggregates over rows of tensors: transition, merge,
 *		serialisation and final functions.
 *
 * The state is 'internal': a flat Accumulator in the aggregate's context, changed
 * in place, so that 100,000 groups cost no more than their bytes.  Final
 * functions only read it: a window frame calls them once a row.  A state of
 * LARGE_STATE bytes and more is claimed from neuroenc.memory_limit; below that
 * the claim would cost more than it guards, and work_mem bounds their number.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/memory.h"
#include "tensor/accumulate.h"

#define LARGE_STATE ((Size) 1024 * 1024)

static Accumulator *
state_alloc(MemoryContext cxt, Size bytes)
{
	if (bytes >= LARGE_STATE)
		memory_claim_add(memory_claim(cxt, "element-wise aggregate"), bytes,
						 "Aggregate fewer groups at a time.");
	return MemoryContextAllocHuge(cxt, bytes);
}

static void
require_same_shape(const Accumulator *acc, int ndim, const int32 *dims)
{
	if (acc->ndim != ndim || memcmp(acc->dims, dims, ndim * sizeof(int32)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("tensor shapes differ: %s and %s", tensor_dims_text(acc->ndim, acc->dims),
						tensor_dims_text(ndim, dims)),
				 errdetail("An aggregate over tensors takes rows of one shape.")));
}

static Datum
accumulate(FunctionCallInfo fcinfo, AccumulatorKind kind)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Accumulator *acc = PG_ARGISNULL(0) ? NULL : (Accumulator *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		const Tensor *t = PG_GETARG_TENSOR(1);

		if (acc == NULL)
		{
			if (kind == ACCUMULATE_COUNT)	/* of which the answer is float8 whatever the rows are */
				(void) tensor_check_shape(TENSOR_FLOAT8, t->ndim, t->dims);
			acc = state_alloc(cxt, accumulator_bytes(kind, tensor_size(t)));
			accumulator_start(acc, kind, t);
		}
		require_same_shape(acc, t->ndim, t->dims);
		accumulator_add(acc, t);
	}
	if (acc == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(acc);
}

#define TRANSITION_FUNCTION(name, kind) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return accumulate(fcinfo, kind); \
}

TRANSITION_FUNCTION(tensor_accumulate_sum, ACCUMULATE_SUM)
TRANSITION_FUNCTION(tensor_accumulate_valid, ACCUMULATE_VALID)
TRANSITION_FUNCTION(tensor_accumulate_count, ACCUMULATE_COUNT)
TRANSITION_FUNCTION(tensor_accumulate_min, ACCUMULATE_MIN)
TRANSITION_FUNCTION(tensor_accumulate_max, ACCUMULATE_MAX)
TRANSITION_FUNCTION(tensor_accumulate_moments, ACCUMULATE_MOMENTS)

PG_FUNCTION_INFO_V1(tensor_accumulate_combine);
Datum
tensor_accumulate_combine(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Accumulator *acc = PG_ARGISNULL(0) ? NULL : (Accumulator *) PG_GETARG_POINTER(0);
	Accumulator *other = PG_ARGISNULL(1) ? NULL : (Accumulator *) PG_GETARG_POINTER(1);

	if (other != NULL && acc == NULL)
	{
		Size		bytes = accumulator_bytes(other->kind, (Size) other->n);

		acc = state_alloc(cxt, bytes);
		memcpy(acc, other, bytes);
	}
	else if (other != NULL)
	{
		require_same_shape(acc, other->ndim, other->dims);
		if (acc->kind != other->kind)
			elog(ERROR, "element-wise states of kinds %d and %d cannot be merged",
				 acc->kind, other->kind);
		accumulator_merge(acc, other);
	}
	if (acc == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(acc);
}

PG_FUNCTION_INFO_V1(tensor_accumulate_serialize);
Datum
tensor_accumulate_serialize(PG_FUNCTION_ARGS)
{
	Accumulator *acc = (Accumulator *) PG_GETARG_POINTER(0);
	Size		bytes = accumulator_bytes(acc->kind, (Size) acc->n);
	bytea	   *out;

	aggregate_context(fcinfo);
	if (bytes > VALUE_MAX_BYTES - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an aggregate's state of %zu bytes is too large for a parallel plan", bytes),
				 errhint("SET max_parallel_workers_per_gather = 0.")));
	out = palloc(VARHDRSZ + bytes);
	SET_VARSIZE(out, VARHDRSZ + bytes);
	memcpy(VARDATA(out), acc, bytes);
	PG_RETURN_BYTEA_P(out);
}

PG_FUNCTION_INFO_V1(tensor_accumulate_deserialize);
Datum
tensor_accumulate_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *in = PG_GETARG_BYTEA_PP(0);
	Size		bytes = VARSIZE_ANY_EXHDR(in);
	Accumulator *acc = palloc(Max(bytes, sizeof(Accumulator)));

	aggregate_context(fcinfo);
	memcpy(acc, VARDATA_ANY(in), bytes);
	if (!accumulator_valid(acc, bytes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an element-wise aggregate, of %zu bytes", bytes)));
	PG_RETURN_POINTER(acc);
}

#define FINAL_FUNCTION(name, answer, least_rows) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	const Accumulator *acc; \
\
	aggregate_context(fcinfo); \
	acc = (const Accumulator *) PG_GETARG_POINTER(0); \
	if (acc->rows < (least_rows)) \
		PG_RETURN_NULL(); \
	PG_RETURN_TENSOR(answer(acc)); \
}

FINAL_FUNCTION(tensor_final_sum, accumulator_sum, 1)
FINAL_FUNCTION(tensor_final_mean, accumulator_mean, 1)
FINAL_FUNCTION(tensor_final_extreme, accumulator_extreme, 1)
FINAL_FUNCTION(tensor_final_count, accumulator_count, 1)
FINAL_FUNCTION(tensor_final_variance, accumulator_variance, 2)
FINAL_FUNCTION(tensor_final_stddev, accumulator_stddev, 2)
