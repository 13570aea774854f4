/*
 * tensor_product.c
 *		SQL's matmul.
 *
 * float2 is multiplied in float4 and rounded once.  Operands that need another
 * element type are converted whole; with the result they are claimed from the
 * memory budget before anything is allocated.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "tensor/tensor.h"

/* A matmul's shapes: op(A) is m x k, op(B) k x n */
typedef struct Product
{
	Size		m;
	Size		n;
	Size		k;
	int			ndim;			/* of the result */
	int32		dims[2];
} Product;

static Product
product_of(const Tensor *a, const Tensor *b)
{
	Product		p = {.m = 1, .n = 1};

	if (a->ndim < 1 || b->ndim < 1 || a->ndim > 2 || b->ndim > 2 || a->ndim + b->ndim < 3)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("matmul takes two matrices, or a matrix and a vector, not tensors of shapes %s and %s",
						tensor_shape_text(a), tensor_shape_text(b)),
				 a->ndim == 1 && b->ndim == 1 ?
				 errhint("The product of two vectors is dot(a, b).") : 0));
	p.k = a->dims[a->ndim - 1];
	if (p.k != (Size) b->dims[0])
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("tensors of shapes %s and %s cannot be multiplied",
						tensor_shape_text(a), tensor_shape_text(b)),
				 errdetail("The last dimension of the first must equal the first dimension of the second.")));
	if (a->ndim == 2)
	{
		p.m = a->dims[0];
		p.dims[p.ndim++] = a->dims[0];
	}
	if (b->ndim == 2)
	{
		p.n = b->dims[1];
		p.dims[p.ndim++] = b->dims[1];
	}
	return p;
}

static Size
conversion_bytes(const Tensor *t, TensorType dtype)
{
	return t->dtype == dtype ? 0 : size_mul(tensor_size(t), dtype);
}

PG_FUNCTION_INFO_V1(tensor_matmul);
Datum
tensor_matmul(PG_FUNCTION_ARGS)
{
	const Tensor *a = PG_GETARG_TENSOR(0);
	const Tensor *b = PG_GETARG_TENSOR(1);
	Product		p = product_of(a, b);
	TensorType	dtype = tensor_common_type(a->dtype, b->dtype);
	TensorType	work = dtype == TENSOR_FLOAT8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4;
	Size		elements = tensor_check_shape(dtype, p.ndim, p.dims);
	Size		bytes = size_mul(elements, dtype);
	Tensor	   *c;
	Tensor	   *result;
	MemoryContext scratch;
	MemoryContext old;

	bytes = size_add(bytes, conversion_bytes(a, work));
	bytes = size_add(bytes, conversion_bytes(b, work));
	if (dtype != work)
		bytes = size_add(bytes, size_mul(elements, work));
	scratch = scratch_create("matmul", bytes, "Multiply fewer rows at a time.");

	result = tensor_new(dtype, p.ndim, p.dims);
	if (elements > 0 && p.k > 0)
	{
		old = MemoryContextSwitchTo(scratch);
		a = tensor_as(a, work);
		b = tensor_as(b, work);
		c = dtype == work ? result : tensor_new(work, p.ndim, p.dims);
		if (work == TENSOR_FLOAT8)
			gemm_f8(false, false, p.m, p.n, p.k, 1, TENSOR_F8(a), p.k, TENSOR_F8(b), p.n,
					0, TENSOR_F8(c), p.n);
		else
			gemm_f4(false, false, p.m, p.n, p.k, 1, TENSOR_F4(a), p.k, TENSOR_F4(b), p.n,
					0, TENSOR_F4(c), p.n);
		if (c != result)
			tensor_write_f4(result, 0, elements, TENSOR_F4(c));
		MemoryContextSwitchTo(old);
	}
	MemoryContextDelete(scratch);
	PG_RETURN_TENSOR(result);
}
