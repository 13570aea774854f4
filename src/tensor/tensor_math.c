/*
 * tensor_math.c
 *		SQL's element-wise arithmetic on tensors: + - * /, power, abs, sqrt, exp,
 *		ln, clip, l2_normalize and zscore.
 *
 * Two tensors give the wider of their element types; a scalar is rounded to the
 * tensor's own type (float4 for float2), as NumPy does with Python's numbers.
 *
 * Arguments that were fetched out of line are freed: an expression holds its
 * results until the row is done, and copies of a stored tensor would double that.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "base/client_detail.h"
#include "tensor/elementwise.h"
#include "tensor/reduce.h"

/* A number as an operand against a tensor of this element type */
static const Tensor *
scalar_operand(double value, TensorType dtype)
{
	Tensor	   *t = tensor_new(dtype == TENSOR_FLOAT8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4, 0, NULL);

	tensor_set(t, 0, value);
	return t;
}

static Datum
tensor_tensor(FunctionCallInfo fcinfo, BinaryOp op)
{
	Tensor	   *a = PG_GETARG_TENSOR(0);
	Tensor	   *b = PG_GETARG_TENSOR(1);
	Tensor	   *out = elementwise_binary(op, a, b, tensor_common_type(a->dtype, b->dtype));

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_TENSOR(out);
}

static Datum
tensor_scalar(FunctionCallInfo fcinfo, BinaryOp op)
{
	Tensor	   *a = PG_GETARG_TENSOR(0);
	Tensor	   *out = elementwise_binary(op, a, scalar_operand(PG_GETARG_FLOAT8(1), a->dtype), a->dtype);

	PG_FREE_IF_COPY(a, 0);
	PG_RETURN_TENSOR(out);
}

static Datum
scalar_tensor(FunctionCallInfo fcinfo, BinaryOp op)
{
	Tensor	   *b = PG_GETARG_TENSOR(1);
	Tensor	   *out = elementwise_binary(op, scalar_operand(PG_GETARG_FLOAT8(0), b->dtype), b, b->dtype);

	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_TENSOR(out);
}

#define BINARY_FUNCTION(name, form, op) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return form(fcinfo, op); \
}

BINARY_FUNCTION(tensor_add, tensor_tensor, BINARY_ADD)
BINARY_FUNCTION(tensor_add_scalar, tensor_scalar, BINARY_ADD)
BINARY_FUNCTION(tensor_scalar_add, scalar_tensor, BINARY_ADD)
BINARY_FUNCTION(tensor_subtract, tensor_tensor, BINARY_SUBTRACT)
BINARY_FUNCTION(tensor_subtract_scalar, tensor_scalar, BINARY_SUBTRACT)
BINARY_FUNCTION(tensor_scalar_subtract, scalar_tensor, BINARY_SUBTRACT)
BINARY_FUNCTION(tensor_multiply, tensor_tensor, BINARY_MULTIPLY)
BINARY_FUNCTION(tensor_multiply_scalar, tensor_scalar, BINARY_MULTIPLY)
BINARY_FUNCTION(tensor_scalar_multiply, scalar_tensor, BINARY_MULTIPLY)
BINARY_FUNCTION(tensor_divide, tensor_tensor, BINARY_DIVIDE)
BINARY_FUNCTION(tensor_divide_scalar, tensor_scalar, BINARY_DIVIDE)
BINARY_FUNCTION(tensor_scalar_divide, scalar_tensor, BINARY_DIVIDE)
BINARY_FUNCTION(tensor_power, tensor_tensor, BINARY_POWER)
BINARY_FUNCTION(tensor_power_scalar, tensor_scalar, BINARY_POWER)

static Datum
tensor_alone(FunctionCallInfo fcinfo, UnaryOp op)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	Tensor	   *out = elementwise_unary(op, t, 0, 0);

	PG_FREE_IF_COPY(t, 0);
	PG_RETURN_TENSOR(out);
}

#define UNARY_FUNCTION(name, op) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return tensor_alone(fcinfo, op); \
}

UNARY_FUNCTION(tensor_negate, UNARY_NEGATE)
UNARY_FUNCTION(tensor_abs, UNARY_ABS)
UNARY_FUNCTION(tensor_sqrt, UNARY_SQRT)
UNARY_FUNCTION(tensor_exp, UNARY_EXP)
UNARY_FUNCTION(tensor_ln, UNARY_LN)

PG_FUNCTION_INFO_V1(tensor_clip);
Datum
tensor_clip(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	double		lo = PG_GETARG_FLOAT8(1);
	double		hi = PG_GETARG_FLOAT8(2);
	Tensor	   *out;

	if (!(lo <= hi))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("clip's bounds are not in order"),
				 errdetail_client("They are %g and %g.", lo, hi),
				 errhint("Use -infinity or infinity for no bound.")));
	out = elementwise_unary(UNARY_CLIP, t, lo, hi);
	PG_FREE_IF_COPY(t, 0);
	PG_RETURN_TENSOR(out);
}

PG_FUNCTION_INFO_V1(tensor_l2_normalize);
Datum
tensor_l2_normalize(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	Tensor	   *out = elementwise_standardize(t, 0, 0, reduce_norm(t, 2));

	PG_FREE_IF_COPY(t, 0);
	PG_RETURN_TENSOR(out);
}

PG_FUNCTION_INFO_V1(tensor_zscore);
Datum
tensor_zscore(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	Spread		s = {0};
	Tensor	   *out;

	if (tensor_size(t) > 0)
		s = reduce_spread(t);
	out = elementwise_standardize(t, s.shift, s.mean, s.sd);
	PG_FREE_IF_COPY(t, 0);
	PG_RETURN_TENSOR(out);
}
