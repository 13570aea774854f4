/*
 * tensor_construct.c
 *		Tensors from nothing: zeros, ones, filled, eye, arange, logspace,
 *		random_normal, random_uniform.
 *
 * arange has ceil((stop - start) / step) elements start + i * step, as NumPy's;
 * logspace is 10 to the power of n equally spaced exponents, both ends exact.
 * Random element i is draw i of stream 0 of the seed (base/random.h), whatever
 * the shape.  The subtlety: a uniform draw just under 1 would round to 1 in a
 * narrower type, so draws are cut, not rounded, to the type's precision.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/random.h"
#include "tensor/tensor.h"

/* Elements between two looks at the interrupt flag */
#define CHUNK 65536

static Tensor *
new_of_shape(ArrayType *shape, const char *dtype)
{
	int32		dims[TENSOR_MAX_NDIM];
	int			ndim = tensor_dims_from_array(shape, dims, "shape");

	return tensor_new(tensor_type_from_name(dtype), ndim, dims);
}

static void
fill(Tensor *t, double value)
{
	Size		n = tensor_size(t);

	for (Size i = 0; i < n; i++)
	{
		tensor_set(t, i, value);
		if (i % CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

static double
finite_argument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		v = PG_GETARG_FLOAT8(arg);

	if (!isfinite(v))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be finite, not %g", name, v)));
	return v;
}

PG_FUNCTION_INFO_V1(tensor_zeros);
Datum
tensor_zeros(PG_FUNCTION_ARGS)
{
	PG_RETURN_TENSOR(
		new_of_shape(PG_GETARG_ARRAYTYPE_P(0), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

PG_FUNCTION_INFO_V1(tensor_ones);
Datum
tensor_ones(PG_FUNCTION_ARGS)
{
	Tensor	   *t = new_of_shape(PG_GETARG_ARRAYTYPE_P(0), text_to_cstring(PG_GETARG_TEXT_PP(1)));

	fill(t, 1);
	PG_RETURN_TENSOR(t);
}

PG_FUNCTION_INFO_V1(tensor_filled);
Datum
tensor_filled(PG_FUNCTION_ARGS)
{
	double		value = PG_GETARG_FLOAT8(1);
	Tensor	   *t = new_of_shape(PG_GETARG_ARRAYTYPE_P(0), text_to_cstring(PG_GETARG_TEXT_PP(2)));
	Tensor	   *one = tensor_new(TENSOR_FLOAT8, 0, NULL);

	tensor_set(one, 0, value);
	tensor_as_checked(one, (TensorType) t->dtype);
	fill(t, value);
	PG_RETURN_TENSOR(t);
}

PG_FUNCTION_INFO_V1(tensor_eye);
Datum
tensor_eye(PG_FUNCTION_ARGS)
{
	int32		n = PG_GETARG_INT32(0);
	int32		dims[2] = {n, n};
	Tensor	   *t = tensor_new(tensor_type_from_name(text_to_cstring(PG_GETARG_TEXT_PP(1))), 2, dims);

	for (Size i = 0; i < (Size) n; i++)
		tensor_set(t, i * (Size) n + i, 1);
	PG_RETURN_TENSOR(t);
}

PG_FUNCTION_INFO_V1(tensor_arange);
Datum
tensor_arange(PG_FUNCTION_ARGS)
{
	double		start = finite_argument(fcinfo, 0, "start");
	double		stop = finite_argument(fcinfo, 1, "stop");
	double		step = finite_argument(fcinfo, 2, "step");
	TensorType	dtype = tensor_type_from_name(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	double		length;
	Tensor	   *t;

	if (step == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("step must not be zero")));
	length = ceil((stop - start) / step);
	if (!(length < PG_INT32_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a range has too many elements: it exceeds the maximum of 1 GB"),
				 errdetail_client("It has %g.", length),
				 errhint(TENSOR_SIZE_HINT)));
	t = tensor_new_vector(TENSOR_FLOAT8, length > 0 ? (Size) length : 0);
	for (Size i = 0; i < tensor_size(t); i++)
		TENSOR_F8(t)[i] = start + (double) i * step;
	PG_RETURN_TENSOR(tensor_as_checked(t, dtype));
}

PG_FUNCTION_INFO_V1(tensor_logspace);
Datum
tensor_logspace(PG_FUNCTION_ARGS)
{
	double		a = finite_argument(fcinfo, 0, "the first exponent");
	double		b = finite_argument(fcinfo, 1, "the last exponent");
	int32		n = PG_GETARG_INT32(2);
	TensorType	dtype = tensor_type_from_name(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	Tensor	   *t = tensor_new(TENSOR_FLOAT8, 1, &n);

	for (int32 i = 0; i < n; i++)
	{
		double		exponent = (i == 0) ? a : (i == n - 1) ? b : a + i * ((b - a) / (n - 1));

		TENSOR_F8(t)[i] = pow(10, exponent);
		if (isinf(TENSOR_F8(t)[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a power of 10 is out of range"),
					 errdetail_client("The exponent is %g.", exponent)));
		if (i % CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_TENSOR(tensor_as_checked(t, dtype));
}

PG_FUNCTION_INFO_V1(tensor_random_normal);
Datum
tensor_random_normal(PG_FUNCTION_ARGS)
{
	Tensor	   *t = new_of_shape(PG_GETARG_ARRAYTYPE_P(0), text_to_cstring(PG_GETARG_TEXT_PP(2)));
	Size		n = tensor_size(t);
	RandomStream r;

	random_start(&r, (uint64) PG_GETARG_INT64(1), 0);
	for (Size i = 0; i < n; i++)
	{
		tensor_set(t, i, random_gaussian(&r));
		if (i % CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_TENSOR(t);
}

PG_FUNCTION_INFO_V1(tensor_random_uniform);
Datum
tensor_random_uniform(PG_FUNCTION_ARGS)
{
	Tensor	   *t = new_of_shape(PG_GETARG_ARRAYTYPE_P(0), text_to_cstring(PG_GETARG_TEXT_PP(2)));
	Size		n = tensor_size(t);
	double		steps = t->dtype == TENSOR_FLOAT8 ? 0x1p53 : t->dtype == TENSOR_FLOAT4 ? 0x1p24 : 0x1p11;
	RandomStream r;

	random_start(&r, (uint64) PG_GETARG_INT64(1), 0);
	for (Size i = 0; i < n; i++)
	{
		tensor_set(t, i, floor(random_double(&r) * steps) / steps);
		if (i % CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_TENSOR(t);
}
