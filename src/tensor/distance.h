/*
 * distance.h
 *		Inner product and distances between two tensors of equal shape and of the
 *		same element type, float4 or float8.
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
