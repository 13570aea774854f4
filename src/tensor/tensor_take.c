/*
 * tensor_take.c
 *		Picking along the first axis: take, mask, scatter.
 *
 * An item is an element of a vector, a row of a matrix, and so on.  Indexes count
 * from 1, as SQL's.  Each result is one pass of copies.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "utils/array.h"

#include "base/memory.h"
#include "tensor/tensor.h"

/* Bytes of one item along the first axis */
static Size
item_bytes(const Tensor *t)
{
	Size		bytes = t->dtype;

	for (int d = 1; d < t->ndim; d++)
		bytes *= (Size) t->dims[d];
	return bytes;
}

static void
require_axis(const Tensor *t)
{
	if (t->ndim == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a tensor without dimensions has no first axis")));
}

static Tensor *
new_with_items(const Tensor *like, int32 items)
{
	int32		dims[TENSOR_MAX_NDIM];

	memcpy(dims, like->dims, like->ndim * sizeof(int32));
	dims[0] = items;
	return tensor_new(like->dtype, like->ndim, dims);
}

/* An int[] of indexes, each in 1 .. limit; returns their number */
static int
read_indexes(ArrayType *array, int32 limit, const int32 **indexes)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	Assert(ARR_ELEMTYPE(array) == INT4OID);
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("indexes must not contain NULLs")));
	*indexes = ARRAY_ELEMENTS(array);
	for (int i = 0; i < n; i++)
		if ((*indexes)[i] < 1 || (*indexes)[i] > limit)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("index %d is not between 1 and %d", (*indexes)[i], limit)));
	return n;
}

PG_FUNCTION_INFO_V1(tensor_take);
Datum
tensor_take(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	const int32 *indexes;
	Size		bytes;
	Tensor	   *result;
	int			n;

	require_axis(t);
	n = read_indexes(PG_GETARG_ARRAYTYPE_P(1), t->dims[0], &indexes);
	bytes = item_bytes(t);
	result = new_with_items(t, n);
	for (int i = 0; i < n; i++)
		memcpy((char *) TENSOR_DATA(result) + i * bytes,
			   (char *) TENSOR_DATA(t) + (Size) (indexes[i] - 1) * bytes, bytes);
	PG_RETURN_TENSOR(result);
}

PG_FUNCTION_INFO_V1(tensor_mask);
Datum
tensor_mask(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	bool	   *keep = palloc0(Max(n, 1));
	const bool *values = ARRAY_ELEMENTS(array);
	const bits8 *valid = ARR_NULLBITMAP(array);
	int32		kept = 0;
	Size		bytes;
	char	   *out;
	Tensor	   *result;

	require_axis(t);
	if (n != t->dims[0])
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a mask of %d elements does not fit a tensor of shape %s", n,
						tensor_shape_text(t))));
	for (int i = 0; i < n; i++)
	{
		/* NULLs take no place among the values */
		keep[i] = (valid == NULL || !att_isnull(i, valid)) && *values++;
		kept += keep[i];
	}
	bytes = item_bytes(t);
	result = new_with_items(t, kept);
	out = TENSOR_DATA(result);
	for (int i = 0; i < n; i++)
		if (keep[i])
		{
			memcpy(out, (char *) TENSOR_DATA(t) + i * bytes, bytes);
			out += bytes;
		}
	PG_RETURN_TENSOR(result);
}

PG_FUNCTION_INFO_V1(tensor_scatter);
Datum
tensor_scatter(PG_FUNCTION_ARGS)
{
	Tensor	   *values = PG_GETARG_TENSOR(0);
	int32		size = PG_GETARG_INT32(2);
	const int32 *indexes;
	Tensor	   *result;
	Size		bytes;
	bool	   *filled;
	int			n;

	require_axis(values);
	result = new_with_items(values, size);
	n = read_indexes(PG_GETARG_ARRAYTYPE_P(1), size, &indexes);
	if (n != values->dims[0])
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%d indexes do not fit a tensor of shape %s", n, tensor_shape_text(values))));
	bytes = item_bytes(values);
	filled = palloc_extended(Max(size, 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < n; i++)
	{
		int32		place = indexes[i] - 1;

		if (filled[place])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("index %d occurs more than once", indexes[i])));
		filled[place] = true;
		memcpy((char *) TENSOR_DATA(result) + place * bytes,
			   (char *) TENSOR_DATA(values) + i * bytes, bytes);
	}
	PG_RETURN_TENSOR(result);
}
