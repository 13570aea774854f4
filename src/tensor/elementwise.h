/*
 * elementwise.h
 *		Element-by-element arithmetic on tensors.
 */
#ifndef NEUROENC_ELEMENTWISE_H
#define NEUROENC_ELEMENTWISE_H

#include "tensor/tensor.h"

typedef enum BinaryOp
{
	BINARY_ADD,
	BINARY_SUBTRACT,
	BINARY_MULTIPLY,
	BINARY_DIVIDE,
	BINARY_POWER
} BinaryOp;

typedef enum UnaryOp
{
	UNARY_NEGATE,
	UNARY_ABS,
	UNARY_SQRT,
	UNARY_EXP,
	UNARY_LN,
	UNARY_CLIP					/* to [lo, hi] */
} UnaryOp;

/* a op b with NumPy's broadcasting, as a new tensor of this element type */
extern Tensor *elementwise_binary(BinaryOp op, const Tensor *a, const Tensor *b, TensorType dtype);

/* op(t), of t's element type; lo and hi are for UNARY_CLIP */
extern Tensor *elementwise_unary(UnaryOp op, const Tensor *t, double lo, double hi);

/* ((t - shift) - mean) / scale, computed in float8; scale 0 gives zeros */
extern Tensor *elementwise_standardize(const Tensor *t, double shift, double mean, double scale);

#endif							/* NEUROENC_ELEMENTWISE_H */
