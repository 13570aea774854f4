/*
 * elementwise.c
 *		Element-by-element arithmetic on tensors, with NumPy's broadcasting.
 *
 * Shapes are aligned at their last dimension; where one operand has 1 (or has
 * run out of dimensions) its value is repeated.  The common shape is folded into
 * as few axes as both operands allow, so that equal shapes, a scalar and a row
 * against a matrix all end in long inner loops with steps 0 or 1.
 *
 * float2 is computed in float4 and rounded once.  Work goes in blocks, with a
 * check for interrupts between them; an operand is copied (converted), block by
 * block, only when its element type is not the one computed in.  Cost: one pass
 * over operands and result.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "tensor/elementwise.h"

/* elements worked on between checks for interrupts */
#define BLOCK 2048

#define REAL float
#define NAME(what) what##_f4
#define REAL_POW powf
#define REAL_FABS fabsf
#define REAL_SQRT sqrtf
#define REAL_EXP expf
#define REAL_LOG logf
#include "tensor/elementwise_loops.h"

#define REAL double
#define NAME(what) what##_f8
#define REAL_POW pow
#define REAL_FABS fabs
#define REAL_SQRT sqrt
#define REAL_EXP exp
#define REAL_LOG log
#include "tensor/elementwise_loops.h"

typedef struct Axis
{
	Size		n;
	Size		step[2];		/* elements from one index to the next, in each operand */
} Axis;

/* The shape that both broadcast to; an ERROR where they don't. */
static int
broadcast_shape(const Tensor *a, const Tensor *b, int32 *dims)
{
	int			ndim = Max(a->ndim, b->ndim);

	for (int back = 1; back <= ndim; back++)
	{
		int32		da = back <= a->ndim ? a->dims[a->ndim - back] : 1;
		int32		db = back <= b->ndim ? b->dims[b->ndim - back] : 1;

		if (da != db && da != 1 && db != 1)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("tensors of shapes %s and %s cannot be combined",
							tensor_shape_text(a), tensor_shape_text(b)),
					 errdetail("Aligned at the last dimension, sizes must be equal or one of them 1.")));
		dims[ndim - back] = da == 1 ? db : da;
	}
	return ndim;
}

/* The axes of the common shape, innermost first, merged where both operands run on. */
static int
broadcast_axes(const Tensor *a, const Tensor *b, int ndim, const int32 *dims, Axis *axes)
{
	const Tensor *operand[2] = {a, b};
	Size		stride[2] = {1, 1};
	int			n_axes = 0;

	for (int back = 1; back <= ndim; back++)
	{
		Axis		axis = {.n = dims[ndim - back]};

		for (int k = 0; k < 2; k++)
		{
			Size		d = back <= operand[k]->ndim ? operand[k]->dims[operand[k]->ndim - back] : 1;

			axis.step[k] = d == 1 ? 0 : stride[k];
			stride[k] *= d;
		}
		if (axis.n == 1)
			continue;
		if (n_axes > 0 &&
			axis.step[0] == axes[n_axes - 1].step[0] * axes[n_axes - 1].n &&
			axis.step[1] == axes[n_axes - 1].step[1] * axes[n_axes - 1].n)
			axes[n_axes - 1].n *= axis.n;
		else
			axes[n_axes++] = axis;
	}
	if (n_axes == 0)
		axes[n_axes++] = (Axis) {.n = 1, .step = {1, 1}};
	return n_axes;
}

/* n elements of an operand (one, for step 0) in the type computed in */
static const float *
operand_f4(const Tensor *t, Size start, Size n, Size step, float *buffer)
{
	if (t->dtype == TENSOR_FLOAT4)
		return TENSOR_F4(t) + start;
	tensor_read_f4(t, start, step ? n : 1, buffer);
	return buffer;
}

static const double *
operand_f8(const Tensor *t, Size start, Size n, Size step, double *buffer)
{
	if (t->dtype == TENSOR_FLOAT8)
		return TENSOR_F8(t) + start;
	tensor_read_f8(t, start, step ? n : 1, buffer);
	return buffer;
}

/* One run of n elements along the innermost axis. */
static void
binary_run(BinaryOp op, const Tensor *a, Size at_a, Size step_a, const Tensor *b, Size at_b,
		   Size step_b, Tensor *out, Size at, Size n)
{
	union
	{
		float		f4[BLOCK];
		double		f8[BLOCK];
	}			buffer_a, buffer_b, buffer_out;

	for (Size done = 0; done < n; done += BLOCK)
	{
		Size		m = Min(BLOCK, n - done);
		Size		from_a = at_a + done * step_a;
		Size		from_b = at_b + done * step_b;

		CHECK_FOR_INTERRUPTS();
		if (out->dtype == TENSOR_FLOAT8)
			binary_f8(op, m, operand_f8(a, from_a, m, step_a, buffer_a.f8), (int) step_a,
					  operand_f8(b, from_b, m, step_b, buffer_b.f8), (int) step_b,
					  TENSOR_F8(out) + at + done);
		else
		{
			bool		direct = out->dtype == TENSOR_FLOAT4;

			binary_f4(op, m, operand_f4(a, from_a, m, step_a, buffer_a.f4), (int) step_a,
					  operand_f4(b, from_b, m, step_b, buffer_b.f4), (int) step_b,
					  direct ? TENSOR_F4(out) + at + done : buffer_out.f4);
			if (!direct)
				tensor_write_f4(out, at + done, m, buffer_out.f4);
		}
	}
}

Tensor *
elementwise_binary(BinaryOp op, const Tensor *a, const Tensor *b, TensorType dtype)
{
	int32		dims[TENSOR_MAX_NDIM] = {0};
	Axis		axes[TENSOR_MAX_NDIM];
	Size		index[TENSOR_MAX_NDIM] = {0};
	int			ndim = broadcast_shape(a, b, dims);
	Tensor	   *out = tensor_new_unset(dtype, ndim, dims);
	Size		total = tensor_size(out);
	int			n_axes = broadcast_axes(a, b, ndim, dims, axes);
	Size		at_a = 0;
	Size		at_b = 0;

	for (Size at = 0; at < total; at += axes[0].n)
	{
		binary_run(op, a, at_a, axes[0].step[0], b, at_b, axes[0].step[1], out, at, axes[0].n);

		/* the next index of the outer axes, as an odometer turns */
		for (int k = 1; k < n_axes; k++)
		{
			at_a += axes[k].step[0];
			at_b += axes[k].step[1];
			if (++index[k] < axes[k].n)
				break;
			at_a -= axes[k].step[0] * axes[k].n;
			at_b -= axes[k].step[1] * axes[k].n;
			index[k] = 0;
		}
	}
	return out;
}

Tensor *
elementwise_unary(UnaryOp op, const Tensor *t, double lo, double hi)
{
	Tensor	   *out = tensor_new_unset(t->dtype, t->ndim, t->dims);
	Size		n = tensor_size(t);
	float		buffer[BLOCK];

	for (Size done = 0; done < n; done += BLOCK)
	{
		Size		m = Min(BLOCK, n - done);

		CHECK_FOR_INTERRUPTS();
		if (t->dtype == TENSOR_FLOAT8)
			unary_f8(op, m, TENSOR_F8(t) + done, lo, hi, TENSOR_F8(out) + done);
		else if (t->dtype == TENSOR_FLOAT4)
			unary_f4(op, m, TENSOR_F4(t) + done, (float) lo, (float) hi, TENSOR_F4(out) + done);
		else
		{
			float		result[BLOCK];

			tensor_read_f4(t, done, m, buffer);
			unary_f4(op, m, buffer, (float) lo, (float) hi, result);
			tensor_write_f4(out, done, m, result);
		}
	}
	return out;
}

HOT_LOOP static void
standardize_block(double *x, Size n, double shift, double mean, double scale)
{
	for (Size i = 0; i < n; i++)
		x[i] = ((x[i] - shift) - mean) / scale;
}

Tensor *
elementwise_standardize(const Tensor *t, double shift, double mean, double scale)
{
	Tensor	   *out = tensor_new_unset(t->dtype, t->ndim, t->dims);
	Size		n = tensor_size(t);
	double		buffer[BLOCK];

	if (scale == 0)
		memset(TENSOR_DATA(out), 0, n * (Size) t->dtype);
	for (Size done = 0; scale != 0 && done < n; done += BLOCK)
	{
		Size		m = Min(BLOCK, n - done);

		CHECK_FOR_INTERRUPTS();
		tensor_read_f8(t, done, m, buffer);
		standardize_block(buffer, m, shift, mean, scale);
		tensor_write_f8(out, done, m, buffer);
	}
	return out;
}
