/*
 * reduce.h
 *		One number from all elements of a tensor.
 */
#ifndef NEUROENC_REDUCE_H
#define NEUROENC_REDUCE_H

#include "tensor/tensor.h"

typedef struct Extremes
{
	double		min;			/* of the elements that are not NaN */
	double		max;
	Size		nans;
} Extremes;

/* Mean and spread of the elements: shift + mean, the standard deviation with divisor n */
typedef struct Spread
{
	double		shift;			/* the first element */
	double		mean;			/* of what remains after the shift */
	double		sd;				/* exactly 0 where all elements are equal */
} Spread;

extern double reduce_sum(const Tensor *t);
extern Extremes reduce_extremes(const Tensor *t);

/* Index (from 0) of the first element that is this value, or the first NaN for NaN. */
extern Size reduce_find(const Tensor *t, double value);

/* Needs at least one element. */
extern Spread reduce_spread(const Tensor *t);

/* The p-norm of the elements: p > 0, infinity too; p = 0 counts those that are not 0. */
extern double reduce_norm(const Tensor *t, double p);

#endif							/* NEUROENC_REDUCE_H */
