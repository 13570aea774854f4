/*
 * tensor_cast.c
 *		Casts between SQL arrays and tensors.
 *
 * Array to tensor: real[] becomes float4, every other number float8; the array's
 * dimensions are kept, its lower bounds are not; a NULL element becomes NaN; an
 * empty array is the tensor of shape (0).  Arrays without NULLs are copied or
 * converted in one sweep.
 *
 * Tensor to array: as PostgreSQL casts its own numbers.  To integers an element
 * is rounded to nearest, ties to even, and one that is NaN or out of range is an
 * error.  numeric gets the shortest digits that read back to the same element, so
 * that tensor to numeric[] and back is exact (PostgreSQL's own cast from float8
 * keeps 15 digits only).  A tensor without elements becomes {}.
 */
#include "postgres.h"

#include <math.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/lsyscache.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "tensor/decimal.h"
#include "tensor/tensor.h"

/* ---- arrays in ---- */

HOT_LOOP static void
read_int2(const int16 *in, double *out, Size n)
{
	for (Size i = 0; i < n; i++)
		out[i] = in[i];
}

HOT_LOOP static void
read_int4(const int32 *in, double *out, Size n)
{
	for (Size i = 0; i < n; i++)
		out[i] = in[i];
}

HOT_LOOP static void
read_int8(const int64 *in, double *out, Size n)
{
	for (Size i = 0; i < n; i++)
		out[i] = (double) in[i];
}

/* All elements of an array without NULLs, of a fixed-width type */
static void
read_packed(const ArrayType *array, Tensor *t, Size n)
{
	const void *in = ARRAY_ELEMENTS(array);

	switch (ARR_ELEMTYPE(array))
	{
		case FLOAT4OID:
		case FLOAT8OID:
			memcpy(TENSOR_DATA(t), in, n * t->dtype);
			break;
		case INT2OID:
			read_int2(in, TENSOR_F8(t), n);
			break;
		case INT4OID:
			read_int4(in, TENSOR_F8(t), n);
			break;
		default:
			read_int8(in, TENSOR_F8(t), n);
			break;
	}
}

/* Not numeric_float8, whose error has the number in its message. */
static double
numeric_to_double(Numeric number)
{
	double		v = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(number)));

	if (isinf(v) && !numeric_is_inf(number))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a number is out of range for type float8"),
				 errdetail_client("It is %.64s...",
								  DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number))))));
	return v;
}

static double
datum_to_double(Datum value, Oid type)
{
	switch (type)
	{
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case FLOAT8OID:
			return DatumGetFloat8(value);
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		default:
			return numeric_to_double(DatumGetNumeric(value));
	}
}

/* Elements one by one, for NULLs and numeric */
static void
read_each(ArrayType *array, Tensor *t)
{
	Oid			type = ARR_ELEMTYPE(array);
	ArrayIterator elements = array_create_iterator(array, 0, NULL);
	Datum		value;
	bool		isnull;

	for (Size i = 0; array_iterate(elements, &value, &isnull); i++)
	{
		tensor_set(t, i, isnull ? NAN : datum_to_double(value, type));
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	array_free_iterator(elements);
}

PG_FUNCTION_INFO_V1(tensor_from_array);
Datum
tensor_from_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	TensorType	dtype = ARR_ELEMTYPE(array) == FLOAT4OID ? TENSOR_FLOAT4 : TENSOR_FLOAT8;
	int32		nothing = 0;
	Tensor	   *t;

	if (ARR_NDIM(array) == 0)
		PG_RETURN_TENSOR(tensor_new(dtype, 1, &nothing));
	t = tensor_new_unset(dtype, ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_ELEMTYPE(array) == NUMERICOID || ARR_HASNULL(array))
		read_each(array, t);
	else
		read_packed(array, t, tensor_size(t));
	PG_RETURN_TENSOR(t);
}

/* ---- arrays out ---- */

#define ARRAY_HINT "Take it in parts, one a row."

/* Bytes of the smallest numeric among others in an array */
#define NUMERIC_LEAST 8

/* An array of the tensor's shape for elements of a fixed width, which are not set */
static ArrayType *
new_array(const Tensor *t, Oid type, Size width)
{
	Size		n = tensor_size(t);
	Size		header;
	Size		bytes;
	ArrayType  *array;

	if (n == 0)
		return construct_empty_array(type);
	if (t->ndim == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a tensor without dimensions has no array form"),
				 errhint("Use reshape(t, '{1}').")));
	if (t->ndim > MAXDIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a tensor of %d dimensions has no array form", t->ndim),
				 errdetail("An array has at most %d dimensions.", MAXDIM)));
	if (n > MaxArraySize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a tensor of shape %s is too large for an array", tensor_shape_text(t)),
				 errdetail("An array has at most %zu elements.", MaxArraySize),
				 errhint(ARRAY_HINT)));
	header = ARR_OVERHEAD_NONULLS(t->ndim);
	bytes = size_add(header, size_mul(n, width));
	value_require("an array", bytes, ARRAY_HINT);
	array = palloc(bytes);
	memset(array, 0, header);
	SET_VARSIZE(array, bytes);
	array->ndim = t->ndim;
	array->dataoffset = 0;
	array->elemtype = type;
	memcpy(ARR_DIMS(array), t->dims, t->ndim * sizeof(int32));
	for (int d = 0; d < t->ndim; d++)
		ARR_LBOUND(array)[d] = 1;
	return array;
}

PG_FUNCTION_INFO_V1(tensor_to_real);
Datum
tensor_to_real(PG_FUNCTION_ARGS)
{
	Tensor	   *t = tensor_as_checked(PG_GETARG_TENSOR(0), TENSOR_FLOAT4);
	ArrayType  *array = new_array(t, FLOAT4OID, sizeof(float));

	memcpy(ARRAY_ELEMENTS(array), TENSOR_F4(t), tensor_size(t) * sizeof(float));
	PG_RETURN_ARRAYTYPE_P(array);
}

PG_FUNCTION_INFO_V1(tensor_to_double);
Datum
tensor_to_double(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	ArrayType  *array = new_array(t, FLOAT8OID, sizeof(double));

	tensor_read_f8(t, 0, tensor_size(t), ARRAY_ELEMENTS(array));
	PG_RETURN_ARRAYTYPE_P(array);
}

/* Element i rounded, if it lies in [low, high) */
static double
integer_element(const Tensor *t, Size i, double low, double high, const char *type)
{
	double		v = tensor_get(t, i);
	double		rounded = rint(v);

	if (i % 65536 == 0)
		CHECK_FOR_INTERRUPTS();
	if (!(rounded >= low && rounded < high))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("element %zu of a tensor is out of range for type %s", i + 1, type), errdetail_client("It is %g.", v)));
	return rounded;
}

PG_FUNCTION_INFO_V1(tensor_to_smallint);
Datum
tensor_to_smallint(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	ArrayType  *array = new_array(t, INT2OID, sizeof(int16));
	int16	   *out = ARRAY_ELEMENTS(array);

	for (Size i = 0; i < tensor_size(t); i++)
		out[i] = (int16) integer_element(t, i, -32768.0, 32768.0, "smallint");
	PG_RETURN_ARRAYTYPE_P(array);
}

PG_FUNCTION_INFO_V1(tensor_to_integer);
Datum
tensor_to_integer(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	ArrayType  *array = new_array(t, INT4OID, sizeof(int32));
	int32	   *out = ARRAY_ELEMENTS(array);

	for (Size i = 0; i < tensor_size(t); i++)
		out[i] = (int32) integer_element(t, i, -0x1p31, 0x1p31, "integer");
	PG_RETURN_ARRAYTYPE_P(array);
}

PG_FUNCTION_INFO_V1(tensor_to_bigint);
Datum
tensor_to_bigint(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	ArrayType  *array = new_array(t, INT8OID, sizeof(int64));
	int64	   *out = ARRAY_ELEMENTS(array);

	for (Size i = 0; i < tensor_size(t); i++)
		out[i] = (int64) integer_element(t, i, -0x1p63, 0x1p63, "bigint");
	PG_RETURN_ARRAYTYPE_P(array);
}

PG_FUNCTION_INFO_V1(tensor_to_numeric);
Datum
tensor_to_numeric(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	Size		n = tensor_size(t);
	ArrayType  *shape = new_array(t, NUMERICOID, 1);	/* its checks, dims and bounds */
	Size		bytes = VARSIZE(shape) - n;
	Datum	   *values;

	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(shape);
	value_require("an array", size_add(bytes, size_mul(n, NUMERIC_LEAST)), ARRAY_HINT);
	memory_claim_add(memory_claim(CurrentMemoryContext, "array of numeric"), size_mul(n, sizeof(Datum) + (Size) 4 * NUMERIC_LEAST), ARRAY_HINT);
	values = palloc_extended(n * sizeof(Datum), MCXT_ALLOC_HUGE);
	for (Size i = 0; i < n; i++)
	{
		char		text[DECIMAL_MAX_CHARS + 1];

		text[decimal_print((TensorType) t->dtype, TENSOR_DATA(t), i, text)] = '\0';
		values[i] = DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
										Int32GetDatum(-1));
		bytes += INTALIGN(VARSIZE_ANY(DatumGetPointer(values[i])));
		if (i % 65536 == 0)
		{
			CHECK_FOR_INTERRUPTS();
			value_require("an array", bytes, ARRAY_HINT);
		}
	}
	value_require("an array", bytes, ARRAY_HINT);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(values, NULL, t->ndim, ARR_DIMS(shape), ARR_LBOUND(shape),
											 NUMERICOID, -1, false, TYPALIGN_INT));
}
