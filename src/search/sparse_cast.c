/*
 * sparse_cast.c
 *		SQL's ways of making sparse vectors and of looking into them.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/rows.h"
#include "search/sparse.h"
#include "search/sparse_product.h"

#define LARGE_TENSOR ((Size) 1 << 20)	/* what a few bytes become counts from here on */

/* ---- tensors ---- */

PG_FUNCTION_INFO_V1(sparse_from_tensor);
Datum
sparse_from_tensor(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	int32		width;

	if (t->ndim != 1 || t->dims[0] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a tensor of shape %s can't become a sparse vector, it takes a vector of one or more elements",
						tensor_shape_text(t))));
	width = t->dims[0];
	if (t->dtype == TENSOR_FLOAT8)
		PG_RETURN_SPARSE(sparse_from_dense_f8(TENSOR_FLOAT8, width, TENSOR_F8(t)));
	t = tensor_as(t, TENSOR_FLOAT4);
	PG_RETURN_SPARSE(sparse_from_dense_f4(width, TENSOR_F4(t)));
}

PG_FUNCTION_INFO_V1(sparse_to_tensor);
Datum
sparse_to_tensor(PG_FUNCTION_ARGS)
{
	const Sparse *s = PG_GETARG_SPARSE(0);
	Size		bytes = size_mul(s->width, s->dtype);
	Tensor	   *t;

	if (bytes >= LARGE_TENSOR && bytes <= VALUE_MAX_BYTES)	/* else tensor_new has an error */
		memory_claim_add(memory_claim(CurrentMemoryContext, "tensor of a sparse vector"), bytes, NULL);
	t = tensor_new((TensorType) s->dtype, 1, &s->width);
	for (int32 i = 0; i < s->n; i++)
	{
		if (s->dtype == TENSOR_FLOAT4)
			TENSOR_F4(t)[s->index[i]] = SPARSE_F4(s)[i];
		else
			TENSOR_F8(t)[s->index[i]] = SPARSE_F8(s)[i];
	}
	PG_RETURN_TENSOR(t);
}

/* ---- arrays ---- */

/* The elements of an array argument without NULLs, whatever its dimensions */
static ArrayType *
array_argument(FunctionCallInfo fcinfo, int argument, const char *what, int *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argument);

	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", what)));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return array;
}

/* Indices that count from 1 as indices that count from 0 */
static int32 *
indices_argument(FunctionCallInfo fcinfo, int argument, int *n)
{
	ArrayType  *array = array_argument(fcinfo, argument, "indices", n);
	const int32 *given = ARRAY_ELEMENTS(array);
	int32	   *index = huge_alloc(size_mul(Max(*n, 1), sizeof(int32)));

	for (int i = 0; i < *n; i++)
	{
		if (given[i] < 1)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %d of the array of indices must be at least 1", i + 1),
					 errdetail_client("It is %d.", given[i])));
		index[i] = given[i] - 1;
	}
	return index;
}

static int32
width_argument(FunctionCallInfo fcinfo, int argument)
{
	int32		width = PG_GETARG_INT32(argument);

	if (width < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("width must be positive, not %d", width)));
	return width;
}

/* (indices int[], vals float8[], width int, dtype text) */
PG_FUNCTION_INFO_V1(sparse_from_entries);
Datum
sparse_from_entries(PG_FUNCTION_ARGS)
{
	int			n;
	int			n_values;
	int32	   *index = indices_argument(fcinfo, 0, &n);
	ArrayType  *vals = array_argument(fcinfo, 1, "vals", &n_values);
	int32		width = width_argument(fcinfo, 2);
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(3));
	TensorType	dtype = tensor_type_from_name(name);

	if (n != n_values)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d indices, but %d values", n, n_values)));
	if (dtype == TENSOR_FLOAT2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("values of a sparse vector are float4 or float8, not %s", name)));
	PG_RETURN_SPARSE(sparse_from_pairs(dtype, width, (Size) n, index, (const double *) ARRAY_ELEMENTS(vals)));
}

/* All of value 1 */
static Sparse *
ones(int32 width, int n, const int32 *index)
{
	double	   *one = huge_alloc(size_mul(Max(n, 1), sizeof(double)));

	for (int i = 0; i < n; i++)
		one[i] = 1;
	return sparse_from_pairs(TENSOR_FLOAT4, width, (Size) n, index, one);
}

/* (indices int[], width int) */
PG_FUNCTION_INFO_V1(sparse_sdr);
Datum
sparse_sdr(PG_FUNCTION_ARGS)
{
	int			n;
	int32	   *index = indices_argument(fcinfo, 0, &n);

	PG_RETURN_SPARSE(ones(width_argument(fcinfo, 1), n, index));
}

/* (VARIADIC indices int[]): as wide as its greatest index */
PG_FUNCTION_INFO_V1(sparse_active_at);
Datum
sparse_active_at(PG_FUNCTION_ARGS)
{
	int			n;
	int32	   *index = indices_argument(fcinfo, 0, &n);
	int32		greatest = 0;

	for (int i = 0; i < n; i++)
		greatest = Max(greatest, index[i]);
	PG_RETURN_SPARSE(ones(greatest + 1, n, index));
}

/* ---- looking in ---- */

PG_FUNCTION_INFO_V1(sparse_width);
Datum
sparse_width(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_SPARSE(0)->width);
}

PG_FUNCTION_INFO_V1(sparse_n_active);
Datum
sparse_n_active(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_SPARSE(0)->n);
}

PG_FUNCTION_INFO_V1(sparse_active);
Datum
sparse_active(PG_FUNCTION_ARGS)
{
	const Sparse *s = PG_GETARG_SPARSE(0);
	Size		bytes = ARR_OVERHEAD_NONULLS(1) + (Size) s->n * sizeof(int32);
	ArrayType  *array;

	if (s->n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT4OID));
	array = palloc0(bytes);
	SET_VARSIZE(array, bytes);
	array->ndim = 1;
	array->elemtype = INT4OID;
	ARR_DIMS(array)[0] = s->n;
	ARR_LBOUND(array)[0] = 1;
	for (int32 i = 0; i < s->n; i++)
		((int32 *) ARRAY_ELEMENTS(array))[i] = s->index[i] + 1;
	PG_RETURN_ARRAYTYPE_P(array);
}

static ResultRows *
make_entries(FunctionCallInfo fcinfo)
{
	const Sparse *s = PG_GETARG_SPARSE(0);
	ResultRows *rows = result_rows_new(s->n, 2);

	for (int32 i = 0; i < s->n; i++)
	{
		rows->values[2 * (Size) i] = Int32GetDatum(s->index[i] + 1);
		rows->values[2 * (Size) i + 1] = Float8GetDatum(sparse_value(s, i));
	}
	return rows;
}

PG_FUNCTION_INFO_V1(sparse_entries);
Datum
sparse_entries(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_entries);
}

/* (s, index) */
PG_FUNCTION_INFO_V1(sparse_activation);
Datum
sparse_activation(PG_FUNCTION_ARGS)
{
	const Sparse *s = PG_GETARG_SPARSE(0);
	int32		wanted = PG_GETARG_INT32(1);
	int32		low = 0;
	int32		high = s->n;

	if (wanted < 1 || wanted > s->width)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("index %d is not between 1 and the width, %d", wanted, s->width)));
	while (low < high)
	{
		int32		middle = low + (high - low) / 2;

		if (s->index[middle] < wanted - 1)
			low = middle + 1;
		else
			high = middle;
	}
	PG_RETURN_FLOAT8(low < s->n && s->index[low] == wanted - 1 ? sparse_value(s, low) : 0);
}

/* (s, p) */
PG_FUNCTION_INFO_V1(sparse_vector_norm);
Datum
sparse_vector_norm(PG_FUNCTION_ARGS)
{
	double		p = PG_GETARG_FLOAT8(1);

	if (!(p >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("p must not be negative"), errdetail_client("It is %g.", p)));
	PG_RETURN_FLOAT8(sparse_norm(PG_GETARG_SPARSE(0), p));
}
