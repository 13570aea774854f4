/*
 * sparse.c
 *		Making and reading sparse vectors.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "search/sparse.h"

Sparse *
sparse_from_datum(Datum d)
{
	Sparse	   *s = (Sparse *) PG_DETOAST_DATUM(d);

	if (s->version != SPARSE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a stored sparse has version %d, this library reads version %d", s->version, SPARSE_VERSION)));
	if (VARSIZE(s) != SPARSE_HEADER_SIZE(s->n) + (Size) s->n * s->dtype)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a stored sparse of %d entries has %zu bytes", s->n, (Size) VARSIZE(s))));
	return s;
}

Size
sparse_max_entries(TensorType dtype)
{
	return (VALUE_MAX_BYTES - SPARSE_HEADER_SIZE(1)) / (sizeof(int32) + dtype);
}

Sparse *
sparse_new_unset(TensorType dtype, int32 width, Size n)
{
	Size		header;
	Size		bytes;
	Sparse	   *s;

	if (n > sparse_max_entries(dtype))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a sparse vector of %zu entries exceeds the maximum of 1 GB", n),
				 errhint(SPARSE_SIZE_HINT)));
	header = SPARSE_HEADER_SIZE(n);
	bytes = header + n * (Size) dtype;
	s = palloc(bytes);
	memset(s, 0, offsetof(Sparse, index));
	memset((char *) s + header - sizeof(int32), 0, sizeof(int32));	/* the padding, if any */
	SET_VARSIZE(s, bytes);
	s->version = SPARSE_VERSION;
	s->dtype = dtype;
	s->width = width;
	s->n = (int32) n;
	return s;
}

/* ---- from pairs ---- */

typedef struct Pair
{
	int32		index;
	double		value;
} Pair;

static int
compare_pairs(const void *a, const void *b)
{
	int32		i = ((const Pair *) a)->index;
	int32		j = ((const Pair *) b)->index;

	CHECK_FOR_INTERRUPTS();
	return (i > j) - (i < j);
}

/* The value as its element type keeps it. */
static double
checked_value(TensorType dtype, int32 index, double value)
{
	double		kept = dtype == TENSOR_FLOAT4 ? (double) (float) value : value;

	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("element %u of a sparse vector is not finite: %g", (uint32) index + 1, value)));
	if (!isfinite(kept))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("element %u of a sparse vector is out of range for type %s", (uint32) index + 1, tensor_type_name(dtype)),
				 errdetail_client("It is %g.", value)));
	return kept;
}

static void
put_value(Sparse *s, Size i, double value)
{
	if (s->dtype == TENSOR_FLOAT4)
		SPARSE_F4(s)[i] = (float) value;
	else
		SPARSE_F8(s)[i] = value;
}

/* From pairs in ascending order, each index once. */
static Sparse *
from_sorted(TensorType dtype, int32 width, Size n, const int32 *index, const double *value)
{
	Size		kept = 0;
	Sparse	   *s;

	for (Size i = 0; i < n; i++)
		kept += checked_value(dtype, index[i], value[i]) != 0;
	s = sparse_new_unset(dtype, width, kept);
	kept = 0;
	for (Size i = 0; i < n; i++)
	{
		double		v = checked_value(dtype, index[i], value[i]);

		if (v == 0)
			continue;
		s->index[kept] = index[i];
		put_value(s, kept++, v);
	}
	return s;
}

Sparse *
sparse_from_pairs(TensorType dtype, int32 width, Size n, const int32 *index, const double *value)
{
	bool		sorted = true;
	Pair	   *pairs;
	int32	   *ascending;
	double	   *values;
	Sparse	   *s;

	for (Size i = 0; i < n; i++)
	{
		if (index[i] < 0 || index[i] >= width)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("an index is not between 1 and the width, %d", width),
					 errdetail_client("It is " INT64_FORMAT ".", (int64) index[i] + 1)));
		sorted &= i == 0 || index[i - 1] < index[i];
	}
	if (sorted)
		return from_sorted(dtype, width, n, index, value);

	pairs = huge_alloc(size_mul(n, sizeof(Pair)));
	for (Size i = 0; i < n; i++)
		pairs[i] = (Pair) {index[i], value[i]};
	qsort(pairs, n, sizeof(Pair), compare_pairs);
	ascending = huge_alloc(size_mul(n, sizeof(int32)));
	values = huge_alloc(size_mul(n, sizeof(double)));
	for (Size i = 0; i < n; i++)
	{
		if (i > 0 && pairs[i].index == pairs[i - 1].index)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("an index is given twice"),
					 errdetail_client("It is %u.", (uint32) pairs[i].index + 1)));
		ascending[i] = pairs[i].index;
		values[i] = pairs[i].value;
	}
	s = from_sorted(dtype, width, n, ascending, values);
	pfree(pairs);
	pfree(ascending);
	pfree(values);
	return s;
}

/* ---- from all elements ---- */

Sparse *
sparse_from_dense_f4(int32 width, const float *x)
{
	Size		n = 0;
	Sparse	   *s;

	for (int32 i = 0; i < width; i++)
		n += x[i] != 0;
	s = sparse_new_unset(TENSOR_FLOAT4, width, n);
	n = 0;
	for (int32 i = 0; i < width; i++)
	{
		if (x[i] == 0)
			continue;
		s->index[n] = i;
		SPARSE_F4(s)[n++] = (float) checked_value(TENSOR_FLOAT4, i, x[i]);
	}
	return s;
}

Sparse *
sparse_from_dense_f8(TensorType dtype, int32 width, const double *x)
{
	Size		n = 0;
	Sparse	   *s;

	for (int32 i = 0; i < width; i++)
		n += checked_value(dtype, i, x[i]) != 0;
	s = sparse_new_unset(dtype, width, n);
	n = 0;
	for (int32 i = 0; i < width; i++)
	{
		double		v = checked_value(dtype, i, x[i]);

		if (v == 0)
			continue;
		s->index[n] = i;
		put_value(s, n++, v);
	}
	return s;
}

/* ---- checks ---- */

void
sparse_require_same_width(const Sparse *a, const Sparse *b)
{
	if (a->width != b->width)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("widths differ: %d and %d", a->width, b->width)));
}

void
sparse_require_typmod(const Sparse *s, int32 typmod)
{
	if (typmod >= 0 && s->width != typmod)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected a sparse vector of width %d, not %d", typmod, s->width)));
}
