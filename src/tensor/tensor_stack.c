/*
 * tensor_stack.c
 *		stack and tensor_agg: rows of tensors, or of numbers, gathered in order
 *		into one tensor with one dimension more.
 *
 * The rows are copied into one buffer that doubles as it fills, in the widest
 * element type seen; the final function copies what is filled and leaves the
 * buffer as it was, so that window frames work.  The 1 GB limit of a value is
 * checked as the buffer grows, not when the last row is in.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/memory.h"
#include "tensor/tensor.h"

/* claims are not worth their cost below this */
#define LARGE_BUFFER ((Size) 1024 * 1024)

/* the largest tensor there is */
#define MAX_BYTES (VALUE_MAX_BYTES - TENSOR_HEADER_SIZE(TENSOR_MAX_NDIM))

typedef struct Stack
{
	MemoryContext cxt;
	MemoryClaim *claim;			/* NULL while the buffer is small */
	TensorType	dtype;
	int			ndim;			/* of the result */
	int32		dims[TENSOR_MAX_NDIM];	/* of the result; the first is the number of rows */
	Size		row_size;		/* elements a row */
	Size		capacity;		/* bytes */
	char	   *data;
} Stack;

static Stack *
stack_create(FunctionCallInfo fcinfo, TensorType dtype, int row_ndim, const int32 *row_dims)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Stack	   *stack;

	if (row_ndim >= TENSOR_MAX_NDIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("tensors of shape %s cannot be stacked", tensor_dims_text(row_ndim, row_dims)),
				 errdetail("The result would have more than %d dimensions.", TENSOR_MAX_NDIM)));
	stack = MemoryContextAllocZero(cxt, sizeof(Stack));
	stack->cxt = cxt;
	stack->dtype = dtype;
	stack->ndim = row_ndim + 1;
	if (row_ndim > 0)
		memcpy(stack->dims + 1, row_dims, row_ndim * sizeof(int32));
	stack->row_size = tensor_check_shape(dtype, row_ndim, row_dims);
	return stack;
}

/* Makes the buffer hold at least so many bytes. */
static void
stack_reserve(Stack *stack, Size bytes)
{
	Size		capacity;

	if (stack->data != NULL && bytes <= stack->capacity)
		return;
	capacity = Min(MAX_BYTES, Max(bytes, Max(256, stack->capacity * 2)));
	if (stack->claim == NULL && capacity >= LARGE_BUFFER)
	{
		stack->claim = memory_claim(stack->cxt, "stack");
		memory_claim_add(stack->claim, capacity, "Stack fewer rows.");
	}
	else if (stack->claim != NULL)
		memory_claim_add(stack->claim, capacity - stack->capacity, "Stack fewer rows.");
	stack->data = stack->data ? repalloc(stack->data, capacity) :
		MemoryContextAlloc(stack->cxt, capacity);
	stack->capacity = capacity;
}

/* Room for one more row of this element type; returns where it starts, in elements. */
static Size
stack_extend(Stack *stack, TensorType dtype)
{
	Size		filled = size_mul((Size) stack->dims[0], stack->row_size);
	TensorType	common = tensor_common_type(stack->dtype, dtype);
	Size		bytes = size_mul(size_add(filled, stack->row_size), common);

	if (bytes > MAX_BYTES || stack->dims[0] == PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("stacked rows exceed the maximum of 1 GB a tensor"),
				 errdetail("%d rows of %zu %s elements fit; there are more.", stack->dims[0],
						   stack->row_size, tensor_type_name(common)),
				 errhint("Stack fewer rows, or use float2.")));
	if (common != stack->dtype)
	{
		int32		n = (int32) filled;
		Tensor	   *narrow = tensor_new_unset(stack->dtype, 1, &n);
		Tensor	   *wide;

		memcpy(TENSOR_DATA(narrow), stack->data, filled * stack->dtype);
		wide = tensor_as(narrow, common);
		stack_reserve(stack, bytes);
		memcpy(stack->data, TENSOR_DATA(wide), filled * common);
		stack->dtype = common;
		pfree(narrow);
		pfree(wide);
	}
	stack_reserve(stack, bytes);
	stack->dims[0]++;
	return filled;
}

PG_FUNCTION_INFO_V1(tensor_stack_add);
Datum
tensor_stack_add(PG_FUNCTION_ARGS)
{
	Stack	   *stack = PG_ARGISNULL(0) ? NULL : (Stack *) PG_GETARG_POINTER(0);
	const Tensor *t;
	Size		start;

	if (PG_ARGISNULL(1))
	{
		if (stack == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(stack);
	}
	t = PG_GETARG_TENSOR(1);
	if (stack == NULL)
		stack = stack_create(fcinfo, t->dtype, t->ndim, t->dims);
	if (t->ndim != stack->ndim - 1 ||
		memcmp(t->dims, stack->dims + 1, t->ndim * sizeof(int32)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("tensor shapes differ: %s and %s",
						tensor_dims_text(stack->ndim - 1, stack->dims + 1), tensor_shape_text(t)),
				 errdetail("stack takes rows of one shape.")));
	start = stack_extend(stack, t->dtype);
	if (stack->dtype == TENSOR_FLOAT8)
		tensor_read_f8(t, 0, stack->row_size, (double *) stack->data + start);
	else if (stack->dtype == TENSOR_FLOAT4)
		tensor_read_f4(t, 0, stack->row_size, (float *) stack->data + start);
	else
		memcpy((uint16 *) stack->data + start, TENSOR_F2(t), stack->row_size * sizeof(uint16));
	PG_RETURN_POINTER(stack);
}

PG_FUNCTION_INFO_V1(tensor_stack_add_float4);
Datum
tensor_stack_add_float4(PG_FUNCTION_ARGS)
{
	Stack	   *stack = PG_ARGISNULL(0) ? stack_create(fcinfo, TENSOR_FLOAT4, 0, NULL) :
		(Stack *) PG_GETARG_POINTER(0);
	Size		start = stack_extend(stack, TENSOR_FLOAT4);

	((float *) stack->data)[start] = PG_ARGISNULL(1) ? (float) NAN : PG_GETARG_FLOAT4(1);
	PG_RETURN_POINTER(stack);
}

PG_FUNCTION_INFO_V1(tensor_stack_add_float8);
Datum
tensor_stack_add_float8(PG_FUNCTION_ARGS)
{
	Stack	   *stack = PG_ARGISNULL(0) ? stack_create(fcinfo, TENSOR_FLOAT8, 0, NULL) :
		(Stack *) PG_GETARG_POINTER(0);
	Size		start = stack_extend(stack, TENSOR_FLOAT8);

	((double *) stack->data)[start] = PG_ARGISNULL(1) ? (double) NAN : PG_GETARG_FLOAT8(1);
	PG_RETURN_POINTER(stack);
}

PG_FUNCTION_INFO_V1(tensor_stack_final);
Datum
tensor_stack_final(PG_FUNCTION_ARGS)
{
	const Stack *stack = (const Stack *) PG_GETARG_POINTER(0);
	Tensor	   *t;
	Size		bytes;

	(void) aggregate_context(fcinfo);
	t = tensor_new_unset(stack->dtype, stack->ndim, stack->dims);
	bytes = tensor_size(t) * stack->dtype;
	if (bytes > 0)
		memcpy(TENSOR_DATA(t), stack->data, bytes);
	PG_RETURN_TENSOR(t);
}
