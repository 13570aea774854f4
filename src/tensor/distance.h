/*
 * distance.h
 *		Inner product and distances between two tensors of equal shape, both of
 *		float8 or neither (float2 and float4 in any mix).
 */
#ifndef NEUROENC_DISTANCE_H
#define NEUROENC_DISTANCE_H

#include "tensor/tensor.h"

extern double distance_dot(const Tensor *a, const Tensor *b);
extern double distance_l2(const Tensor *a, const Tensor *b);
extern double distance_l1(const Tensor *a, const Tensor *b);
extern double distance_cosine(const Tensor *a, const Tensor *b);
extern double distance_correlation(const Tensor *a, const Tensor *b);

#endif							/* NEUROENC_DISTANCE_H */
