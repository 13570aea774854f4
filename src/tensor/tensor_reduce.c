/*
 * tensor_reduce.c
 *		SQL's numbers over all elements of a tensor: sum_of, mean_of, std_of,
 *		min_of, max_of, argmin, argmax, nan_count and norm.
 *
 * NaN propagates as in NumPy.  An empty tensor has sum 0 and no mean, spread or
 * extreme: NULL.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "base/client_detail.h"
#include "tensor/reduce.h"

PG_FUNCTION_INFO_V1(tensor_sum_of);
Datum
tensor_sum_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(reduce_sum(PG_GETARG_TENSOR(0)));
}

PG_FUNCTION_INFO_V1(tensor_mean_of);
Datum
tensor_mean_of(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	Size		n = tensor_size(t);

	if (n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(reduce_sum(t) / (double) n);
}

PG_FUNCTION_INFO_V1(tensor_std_of);
Datum
tensor_std_of(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);

	if (tensor_size(t) == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(reduce_spread(t).sd);
}

PG_FUNCTION_INFO_V1(tensor_nan_count);
Datum
tensor_nan_count(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) reduce_extremes(PG_GETARG_TENSOR(0)).nans);
}

/* The least or the greatest element of a tensor that has one; NaN if there is a NaN. */
static double
extreme(const Tensor *t, bool greatest)
{
	Extremes	e = reduce_extremes(t);

	if (e.nans > 0)
		return NAN;
	return greatest ? e.max : e.min;
}

static Datum
extreme_value(FunctionCallInfo fcinfo, bool greatest)
{
	const Tensor *t = PG_GETARG_TENSOR(0);

	if (tensor_size(t) == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(extreme(t, greatest));
}

static Datum
extreme_position(FunctionCallInfo fcinfo, bool greatest)
{
	const Tensor *t = PG_GETARG_TENSOR(0);

	if (tensor_size(t) == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32((int32) reduce_find(t, extreme(t, greatest)) + 1);
}

PG_FUNCTION_INFO_V1(tensor_min_of);
Datum
tensor_min_of(PG_FUNCTION_ARGS)
{
	return extreme_value(fcinfo, false);
}

PG_FUNCTION_INFO_V1(tensor_max_of);
Datum
tensor_max_of(PG_FUNCTION_ARGS)
{
	return extreme_value(fcinfo, true);
}

PG_FUNCTION_INFO_V1(tensor_argmin);
Datum
tensor_argmin(PG_FUNCTION_ARGS)
{
	return extreme_position(fcinfo, false);
}

PG_FUNCTION_INFO_V1(tensor_argmax);
Datum
tensor_argmax(PG_FUNCTION_ARGS)
{
	return extreme_position(fcinfo, true);
}

PG_FUNCTION_INFO_V1(tensor_norm);
Datum
tensor_norm(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	double		p = PG_GETARG_FLOAT8(1);

	if (!(p >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("norm's p must not be negative"), errdetail_client("It is %g.", p)));
	PG_RETURN_FLOAT8(reduce_norm(t, p));
}
