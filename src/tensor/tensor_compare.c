/*
 * tensor_compare.c
 *		The total order of tensors, for =, <, btree, and a hash that agrees.
 *
 * As SQL arrays: the first element that differs decides, then the number of
 * elements, then the rank, then the dimensions.  Elements compare as float8
 * values whatever their type: NaN equals NaN and is greater than any number, -0
 * equals 0.  So float4 [0.5] equals float8 [0.5], and float4 [0.1] does not equal
 * float8 [0.1].  The hash therefore runs over the float8 values with one NaN and
 * one zero.
 *
 * Elements are read in chunks; equal bytes of equal types are passed over by
 * memcmp, so that equality costs little more than reading.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#include "base/dispatch.h"
#include "tensor/tensor.h"

#define CHUNK 512

/* -1, 0, 1 of the first n elements */
static int
compare_elements(const Tensor *a, const Tensor *b, Size n)
{
	double		x[CHUNK];
	double		y[CHUNK];

	for (Size start = 0; start < n; start += CHUNK)
	{
		Size		m = Min(CHUNK, n - start);

		if (a->dtype == b->dtype &&
			memcmp((const char *) TENSOR_DATA(a) + start * a->dtype,
				   (const char *) TENSOR_DATA(b) + start * b->dtype, m * a->dtype) == 0)
			continue;
		tensor_read_f8(a, start, m, x);
		tensor_read_f8(b, start, m, y);
		for (Size i = 0; i < m; i++)
		{
			if (x[i] == y[i])
				continue;
			if (isnan(x[i]))
			{
				if (!isnan(y[i]))
					return 1;
			}
			else if (isnan(y[i]) || x[i] < y[i])
				return -1;
			else
				return 1;
		}
		CHECK_FOR_INTERRUPTS();
	}
	return 0;
}

static int
compare(const Tensor *a, const Tensor *b)
{
	Size		na = tensor_size(a);
	Size		nb = tensor_size(b);
	int			order = compare_elements(a, b, Min(na, nb));

	if (order != 0)
		return order;
	if (na != nb)
		return na < nb ? -1 : 1;
	if (a->ndim != b->ndim)
		return a->ndim < b->ndim ? -1 : 1;
	for (int d = 0; d < a->ndim; d++)
		if (a->dims[d] != b->dims[d])
			return a->dims[d] < b->dims[d] ? -1 : 1;
	return 0;
}

static bool
same_shape(const Tensor *a, const Tensor *b)
{
	return a->ndim == b->ndim && memcmp(a->dims, b->dims, a->ndim * sizeof(int32)) == 0;
}

HOT_LOOP static void
canonical(double *v, Size n)
{
	for (Size i = 0; i < n; i++)
	{
		v[i] += 0.0;			/* -0 becomes 0 */
		v[i] = v[i] == v[i] ? v[i] : NAN;
	}
}

static uint64
hash(const Tensor *t, uint64 seed)
{
	Size		n = tensor_size(t);
	uint64		h = hash_bytes_extended((const unsigned char *) t->dims, (int) (t->ndim * sizeof(int32)), seed);
	double		v[CHUNK];

	for (Size start = 0; start < n; start += CHUNK)
	{
		Size		m = Min(CHUNK, n - start);

		tensor_read_f8(t, start, m, v);
		canonical(v, m);
		h = hash_bytes_extended((const unsigned char *) v, (int) (m * sizeof(double)), h);
		CHECK_FOR_INTERRUPTS();
	}
	return h;
}

/* ---- SQL ---- */

PG_FUNCTION_INFO_V1(tensor_eq);
Datum
tensor_eq(PG_FUNCTION_ARGS)
{
	Tensor	   *a = PG_GETARG_TENSOR(0);
	Tensor	   *b = PG_GETARG_TENSOR(1);
	bool		equal = same_shape(a, b) && compare_elements(a, b, tensor_size(a)) == 0;

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_BOOL(equal);
}

PG_FUNCTION_INFO_V1(tensor_ne);
Datum
tensor_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!DatumGetBool(tensor_eq(fcinfo)));
}

/* btree wants its support function not to leak: an index build compares millions of pairs */
PG_FUNCTION_INFO_V1(tensor_cmp);
Datum
tensor_cmp(PG_FUNCTION_ARGS)
{
	Tensor	   *a = PG_GETARG_TENSOR(0);
	Tensor	   *b = PG_GETARG_TENSOR(1);
	int			order = compare(a, b);

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_INT32(order);
}

PG_FUNCTION_INFO_V1(tensor_lt);
Datum
tensor_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(tensor_cmp(fcinfo)) < 0);
}

PG_FUNCTION_INFO_V1(tensor_le);
Datum
tensor_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(tensor_cmp(fcinfo)) <= 0);
}

PG_FUNCTION_INFO_V1(tensor_gt);
Datum
tensor_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(tensor_cmp(fcinfo)) > 0);
}

PG_FUNCTION_INFO_V1(tensor_ge);
Datum
tensor_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(DatumGetInt32(tensor_cmp(fcinfo)) >= 0);
}

PG_FUNCTION_INFO_V1(tensor_hash);
Datum
tensor_hash(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	uint32		h = (uint32) hash(t, 0);

	PG_FREE_IF_COPY(t, 0);
	PG_RETURN_INT32((int32) h);
}

PG_FUNCTION_INFO_V1(tensor_hash_extended);
Datum
tensor_hash_extended(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	uint64		h = hash(t, (uint64) PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(t, 0);
	PG_RETURN_INT64((int64) h);
}
