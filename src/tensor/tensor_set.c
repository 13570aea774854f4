/*
 * tensor_set.c
 *		Tensors as rows: unnest (elements) and rows (along the first axis).
 *
 * One value a call: the tensor is kept once for the whole scan, a row is copied
 * when it is asked for, and LIMIT stops the work.
 */
#include "postgres.h"

#include "funcapi.h"

#include "tensor/tensor.h"

/* The argument, in the memory of the scan */
static Tensor *
keep_argument(FunctionCallInfo fcinfo, FuncCallContext *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->multi_call_memory_ctx);
	Tensor	   *t = (Tensor *) PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));

	MemoryContextSwitchTo(old);
	scan->user_fctx = t;
	return t;
}

PG_FUNCTION_INFO_V1(tensor_unnest);
Datum
tensor_unnest(PG_FUNCTION_ARGS)
{
	FuncCallContext *scan;
	double		value;

	if (SRF_IS_FIRSTCALL())
	{
		scan = SRF_FIRSTCALL_INIT();
		scan->max_calls = tensor_size(keep_argument(fcinfo, scan));
	}
	scan = SRF_PERCALL_SETUP();
	if (scan->call_cntr >= scan->max_calls)
		SRF_RETURN_DONE(scan);
	/* before the macro, which counts the call first */
	value = tensor_get(scan->user_fctx, scan->call_cntr);
	SRF_RETURN_NEXT(scan, Float8GetDatum(value));
}

PG_FUNCTION_INFO_V1(tensor_rows);
Datum
tensor_rows(PG_FUNCTION_ARGS)
{
	FuncCallContext *scan;
	Tensor	   *t;
	Tensor	   *row;
	Size		bytes;

	if (SRF_IS_FIRSTCALL())
	{
		scan = SRF_FIRSTCALL_INIT();
		t = keep_argument(fcinfo, scan);
		if (t->ndim < 2)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a tensor of shape %s has no rows", tensor_shape_text(t)),
					 errhint("Use unnest for the elements of a vector.")));
		scan->max_calls = (uint64) t->dims[0];
	}
	scan = SRF_PERCALL_SETUP();
	t = scan->user_fctx;
	if (scan->call_cntr >= scan->max_calls)
		SRF_RETURN_DONE(scan);
	row = tensor_new_unset((TensorType) t->dtype, t->ndim - 1, t->dims + 1);
	bytes = tensor_size(row) * row->dtype;
	memcpy(TENSOR_DATA(row), (char *) TENSOR_DATA(t) + scan->call_cntr * bytes, bytes);
	SRF_RETURN_NEXT(scan, PointerGetDatum(row));
}
