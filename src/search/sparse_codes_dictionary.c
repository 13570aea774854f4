/*
 * sparse_codes_dictionary.c
 *		SQL glue of dictionary learning.
 */
#include "postgres.h"
#include "fmgr.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "search/dictionary.h"
#include "search/sparse_codes.h"
#include "stats/points.h"
#include "tensor/tensor.h"

#define HINT "Learn from a sample of the rows, or fewer atoms."

PG_FUNCTION_INFO_V1(search_dictionary_learn_matrix);
PG_FUNCTION_INFO_V1(search_dictionary_learn_points);

/* Arguments: rows, k, alpha, seed, batch_size, max_iter, tol, n_init */
static DictionaryOptions
options_arguments(FunctionCallInfo fcinfo)
{
	DictionaryOptions o = {
		.k = PG_GETARG_INT32(1),
		.alpha = PG_GETARG_FLOAT8(2),
		.seed = (uint64) PG_GETARG_INT64(3),
		.batch_size = PG_GETARG_INT32(4),
		.max_iter = PG_GETARG_INT32(5),
		.tol = PG_GETARG_FLOAT8(6),
		.n_init = PG_GETARG_INT32(7)
	};
	const struct
	{
		const char *what;
		int			value;
	}			counts[] = {{"k", o.k}, {"batch_size", o.batch_size}, {"max_iter", o.max_iter}, {"n_init", o.n_init}};

	for (int i = 0; i < (int) lengthof(counts); i++)
		if (counts[i].value < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be at least 1, not %d", counts[i].what, counts[i].value)));
	if (!(o.alpha >= 0 && o.alpha < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be finite and not negative, not %g", o.alpha)));
	if (!(o.tol >= 0 && o.tol < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tol must be from 0 to below 1, not %g", o.tol)));
	return o;
}

/* Points without ids, in CurrentMemoryContext. */
static Points *
points_of_matrix(const Tensor *t)
{
	Points	   *p = points_new(CurrentMemoryContext, POINTS_ALONE, NULL);
	TensorType	dtype = codes_dtype(t);
	Tensor	   *row;

	tensor_require_matrix(t, "matrix");
	row = tensor_new_vector(dtype, (Size) t->dims[1]);
	for (Size i = 0; i < (Size) t->dims[0]; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (dtype == TENSOR_FLOAT4)
			tensor_read_f4(t, i * (Size) t->dims[1], (Size) t->dims[1], TENSOR_F4(row));
		else
			tensor_read_f8(t, i * (Size) t->dims[1], (Size) t->dims[1], TENSOR_F8(row));
		points_add(p, row);
	}
	return p;
}

/* (dictionary, objective, n_active, iterations) */
static Datum
learn(FunctionCallInfo fcinfo, const Points *p, DictionaryOptions *options, MemoryContext before)
{
	PointRows  *rows = points_rows_f8(p);
	Dictionary *found;
	Tensor	   *atoms;
	Datum		values[4];
	bool		nulls[4] = {false};
	TupleDesc	desc;

	if (point_rows_distinct(rows, options->k) < options->k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d, but there are only %d distinct rows", options->k, point_rows_distinct(rows, options->k))));
	for (Size i = 0; i < (Size) rows->n * (Size) rows->d; i++)
		if (!(fabs(POINT_ROWS_F8(rows)[i]) < 1e150))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("elements must be below 1e150"),
					 errdetail_client("One is %g.", POINT_ROWS_F8(rows)[i])));
	options->batch_size = Min(options->batch_size, rows->n);
	memory_claim_add(memory_claim(CurrentMemoryContext, "dictionary_learn"),
					 dictionary_learn_bytes((Size) rows->n, (Size) rows->d, options), HINT);
	found = dictionary_learn((Size) rows->n, (Size) rows->d, POINT_ROWS_F8(rows), options);

	MemoryContextSwitchTo(before);
	atoms = tensor_new_matrix(TENSOR_FLOAT8, (Size) options->k, (Size) rows->d);
	memcpy(TENSOR_F8(atoms), found->atom, (Size) options->k * (Size) rows->d * sizeof(double));
	values[0] = PointerGetDatum(atoms);
	values[1] = Float8GetDatum(found->objective);
	values[2] = Float8GetDatum(found->active);
	values[3] = Int32GetDatum(found->iterations);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 4)
		elog(ERROR, "a dictionary must be returned in 4 columns");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

static Datum
learn_in_scratch(FunctionCallInfo fcinfo, bool points)
{
	DictionaryOptions options = options_arguments(fcinfo);
	MemoryContext scratch = scratch_create("dictionary_learn", 0, NULL);
	MemoryContext before = MemoryContextSwitchTo(scratch);
	Datum		result;

	result = learn(fcinfo, points ? PG_GETARG_POINTS(0) : points_of_matrix(PG_GETARG_TENSOR(0)), &options, before);
	MemoryContextDelete(scratch);
	return result;
}

Datum
search_dictionary_learn_matrix(PG_FUNCTION_ARGS)
{
	return learn_in_scratch(fcinfo, false);
}

Datum
search_dictionary_learn_points(PG_FUNCTION_ARGS)
{
	return learn_in_scratch(fcinfo, true);
}
