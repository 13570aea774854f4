/*
 * tensor.c
 *		Making tensors, reading and writing their elements, and the checks that
 *		every function over tensors shares.  No fmgr here; the layout is drawn in
 *		tensor.h.
 *
 * A shape is checked once, in tensor_check_shape, before anything is allocated.
 * Dimensions of 0 do not excuse the others: their product must fit too, so that
 * a tensor of shape (0, n) may be transposed or summed without a second look.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/client_detail.h"
#include "base/convert.h"
#include "base/memory.h"
#include "tensor/tensor.h"

/* Elements converted at a time where a conversion takes two steps */
#define CHUNK 512

/* Bytes cleared between two looks at the interrupt flag */
#define ZERO_BLOCK ((Size) 16 * 1024 * 1024)

/* ---- shapes ---- */

char *
tensor_dims_text(int ndim, const int32 *dims)
{
	StringInfoData s;

	initStringInfo(&s);
	appendStringInfoChar(&s, '(');
	for (int d = 0; d < ndim; d++)
		appendStringInfo(&s, "%s%d", d > 0 ? ", " : "", dims[d]);
	appendStringInfoChar(&s, ')');
	return s.data;
}

char *
tensor_shape_text(const Tensor *t)
{
	return tensor_dims_text(t->ndim, t->dims);
}

Size
tensor_check_shape(TensorType dtype, int ndim, const int32 *dims)
{
	Size		limit = (VALUE_MAX_BYTES - TENSOR_HEADER_SIZE(TENSOR_MAX_NDIM)) / (Size) dtype;
	Size		n = 1;
	bool		empty = false;

	if (ndim < 0 || ndim > TENSOR_MAX_NDIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a tensor of %d dimensions exceeds the maximum of %d", ndim,
						TENSOR_MAX_NDIM)));
	for (int d = 0; d < ndim; d++)
	{
		if (dims[d] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("dimension %d of a tensor is negative: %d", d + 1, dims[d])));
		if (dims[d] == 0)
			empty = true;
		else if (n > limit / (Size) dims[d])
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a %s tensor of shape %s exceeds the maximum of 1 GB",
							tensor_type_name(dtype), tensor_dims_text(ndim, dims)),
					 errhint(TENSOR_SIZE_HINT)));
		else
			n *= (Size) dims[d];
	}
	return empty ? 0 : n;
}

Size
tensor_size(const Tensor *t)
{
	Size		n = 1;

	Assert(t->version == TENSOR_VERSION);
	for (int d = 0; d < t->ndim; d++)
		n *= (Size) t->dims[d];
	return n;
}

/* ---- making ---- */

Tensor *
tensor_new_unset(TensorType dtype, int ndim, const int32 *dims)
{
	Size		n = tensor_check_shape(dtype, ndim, dims);
	Size		header = TENSOR_HEADER_SIZE(ndim);
	Size		bytes = header + n * (Size) dtype;
	Tensor	   *t;

	memory_require("a tensor", bytes, TENSOR_SIZE_HINT);
	t = palloc(bytes);
	memset(t, 0, header);		/* the padding too: equal tensors are equal bytes */
	SET_VARSIZE(t, bytes);
	t->version = TENSOR_VERSION;
	t->dtype = (uint8) dtype;
	t->ndim = (uint8) ndim;
	if (ndim > 0)
		memcpy(t->dims, dims, ndim * sizeof(int32));
	return t;
}

Tensor *
tensor_new(TensorType dtype, int ndim, const int32 *dims)
{
	Tensor	   *t = tensor_new_unset(dtype, ndim, dims);
	char	   *data = TENSOR_DATA(t);
	Size		bytes = VARSIZE(t) - TENSOR_HEADER_SIZE(ndim);

	/* the first touch of a gigabyte can take seconds */
	for (Size start = 0; start < bytes; start += ZERO_BLOCK)
	{
		CHECK_FOR_INTERRUPTS();
		memset(data + start, 0, Min(ZERO_BLOCK, bytes - start));
	}
	return t;
}

/* A length as an int32 dimension, or the error that a shape of this length would get. */
static int32
dimension_of(Size n)
{
	if (n > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a tensor dimension of %zu exceeds the maximum of 1 GB", n),
				 errhint(TENSOR_SIZE_HINT)));
	return (int32) n;
}

Tensor *
tensor_new_vector(TensorType dtype, Size n)
{
	int32		dims[1];

	dims[0] = dimension_of(n);
	return tensor_new(dtype, 1, dims);
}

Tensor *
tensor_new_matrix(TensorType dtype, Size rows, Size cols)
{
	int32		dims[2];

	dims[0] = dimension_of(rows);
	dims[1] = dimension_of(cols);
	return tensor_new(dtype, 2, dims);
}

/* ---- element types ---- */

const char *
tensor_type_name(TensorType dtype)
{
	switch (dtype)
	{
		case TENSOR_FLOAT2:
			return "float2";
		case TENSOR_FLOAT4:
			return "float4";
		case TENSOR_FLOAT8:
			return "float8";
	}
	elog(ERROR, "unknown tensor element type code %d", (int) dtype);
	return NULL;				/* keep the compiler quiet */
}

TensorType
tensor_type_from_name(const char *name)
{
	if (strcmp(name, "float4") == 0)
		return TENSOR_FLOAT4;
	if (strcmp(name, "float8") == 0)
		return TENSOR_FLOAT8;
	if (strcmp(name, "float2") == 0)
		return TENSOR_FLOAT2;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown tensor element type \"%s\"", name),
			 errhint("The element types are float2, float4 and float8.")));
	return TENSOR_FLOAT4;		/* keep the compiler quiet */
}

TensorType
tensor_common_type(TensorType a, TensorType b)
{
	return a > b ? a : b;
}

/* ---- elements ---- */

double
tensor_get(const Tensor *t, Size i)
{
	switch ((TensorType) t->dtype)
	{
		case TENSOR_FLOAT2:
			return half_to_float(TENSOR_F2(t)[i]);
		case TENSOR_FLOAT4:
			return TENSOR_F4(t)[i];
		case TENSOR_FLOAT8:
			return TENSOR_F8(t)[i];
	}
	return NAN;
}

void
tensor_set(Tensor *t, Size i, double value)
{
	switch ((TensorType) t->dtype)
	{
		case TENSOR_FLOAT2:
			TENSOR_F2(t)[i] = double_to_half(value);
			break;
		case TENSOR_FLOAT4:
			TENSOR_F4(t)[i] = (float) value;
			break;
		case TENSOR_FLOAT8:
			TENSOR_F8(t)[i] = value;
			break;
	}
}

void
tensor_read_f4(const Tensor *t, Size start, Size n, float *out)
{
	switch ((TensorType) t->dtype)
	{
		case TENSOR_FLOAT2:
			half_to_float_n(TENSOR_F2(t) + start, out, n);
			break;
		case TENSOR_FLOAT4:
			memcpy(out, TENSOR_F4(t) + start, n * sizeof(float));
			break;
		case TENSOR_FLOAT8:
			narrow_doubles(TENSOR_F8(t) + start, out, n);
			break;
	}
}

void
tensor_read_f8(const Tensor *t, Size start, Size n, double *out)
{
	switch ((TensorType) t->dtype)
	{
		case TENSOR_FLOAT2:
			for (Size i = 0; i < n; i += CHUNK)
			{
				float		chunk[CHUNK];
				Size		m = Min(CHUNK, n - i);

				half_to_float_n(TENSOR_F2(t) + start + i, chunk, m);
				widen_floats(chunk, out + i, m);
			}
			break;
		case TENSOR_FLOAT4:
			widen_floats(TENSOR_F4(t) + start, out, n);
			break;
		case TENSOR_FLOAT8:
			memcpy(out, TENSOR_F8(t) + start, n * sizeof(double));
			break;
	}
}

void
tensor_write_f4(Tensor *t, Size start, Size n, const float *in)
{
	switch ((TensorType) t->dtype)
	{
		case TENSOR_FLOAT2:
			float_to_half_n(in, TENSOR_F2(t) + start, n);
			break;
		case TENSOR_FLOAT4:
			memcpy(TENSOR_F4(t) + start, in, n * sizeof(float));
			break;
		case TENSOR_FLOAT8:
			widen_floats(in, TENSOR_F8(t) + start, n);
			break;
	}
}

void
tensor_write_f8(Tensor *t, Size start, Size n, const double *in)
{
	switch ((TensorType) t->dtype)
	{
		case TENSOR_FLOAT2:
			for (Size i = 0; i < n; i++)
				TENSOR_F2(t)[start + i] = double_to_half(in[i]);
			break;
		case TENSOR_FLOAT4:
			narrow_doubles(in, TENSOR_F4(t) + start, n);
			break;
		case TENSOR_FLOAT8:
			memcpy(TENSOR_F8(t) + start, in, n * sizeof(double));
			break;
	}
}

Tensor *
tensor_as(const Tensor *t, TensorType dtype)
{
	Size		n = tensor_size(t);
	Tensor	   *out;

	if (t->dtype == dtype)
		return (Tensor *) t;
	out = tensor_new_unset(dtype, t->ndim, t->dims);
	if (dtype == TENSOR_FLOAT8)
		tensor_read_f8(t, 0, n, TENSOR_F8(out));
	else if (dtype == TENSOR_FLOAT4)
		tensor_read_f4(t, 0, n, TENSOR_F4(out));
	else if (t->dtype == TENSOR_FLOAT4)
		tensor_write_f4(out, 0, n, TENSOR_F4(t));
	else
		tensor_write_f8(out, 0, n, TENSOR_F8(t));
	return out;
}

Tensor *
tensor_as_checked(const Tensor *t, TensorType dtype)
{
	Tensor	   *out = tensor_as(t, dtype);

	if ((TensorType) t->dtype > dtype)
	{
		Size		n = tensor_size(t);

		for (Size i = 0; i < n; i++)
		{
			if (i % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
			if (isinf(tensor_get(out, i)) && !isinf(tensor_get(t, i)))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("element %zu of a tensor is out of range for type %s", i + 1, tensor_type_name(dtype)),
						 errdetail_client("It is %g.", tensor_get(t, i))));
		}
	}
	return out;
}

/* ---- checks ---- */

void
tensor_require_vector(const Tensor *t, const char *what)
{
	if (t->ndim != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a vector, not a tensor of shape %s", what,
						tensor_shape_text(t))));
}

void
tensor_require_matrix(const Tensor *t, const char *what)
{
	if (t->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a matrix, not a tensor of shape %s", what,
						tensor_shape_text(t))));
}

void
tensor_require_same_shape(const Tensor *a, const Tensor *b)
{
	if (a->ndim != b->ndim || memcmp(a->dims, b->dims, a->ndim * sizeof(int32)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("tensor shapes differ: %s and %s", tensor_shape_text(a),
						tensor_shape_text(b))));
}
