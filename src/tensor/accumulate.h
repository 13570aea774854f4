/*
 * accumulate.h
 *		The state of the element-wise aggregates over rows of equal shape.
 */
#ifndef NEUROENC_ACCUMULATE_H
#define NEUROENC_ACCUMULATE_H

#include "tensor/tensor.h"

typedef enum AccumulatorKind
{
	ACCUMULATE_SUM = 1,			/* sums: sum, avg */
	ACCUMULATE_VALID,			/* sums and counts without NaN: nansum, nanavg */
	ACCUMULATE_COUNT,			/* counts without NaN: count_valid */
	ACCUMULATE_MIN,
	ACCUMULATE_MAX,
	ACCUMULATE_MOMENTS			/* means, squared deviations: variance, stddev */
} AccumulatorKind;

/* One piece of memory without pointers: a merge between processes ships its bytes. */
typedef struct Accumulator
{
	uint32		magic;			/* ACCUMULATOR_MAGIC */
	uint8		kind;
	uint8		dtype;			/* the widest of the rows' element types */
	uint8		ndim;
	uint8		zero;
	int32		dims[TENSOR_MAX_NDIM];
	int64		rows;
	int64		n;				/* elements a row */
	double		planes[FLEXIBLE_ARRAY_MEMBER];	/* one or two of n */
} Accumulator;

#define ACCUMULATOR_MAGIC 0x41434331

extern Size accumulator_bytes(AccumulatorKind kind, Size n);

/* Sets up accumulator_bytes() of memory for rows shaped as t, with no row yet. */
extern void accumulator_start(Accumulator *acc, AccumulatorKind kind, const Tensor *t);

/* Takes a row in, which has the accumulator's shape. */
extern void accumulator_add(Accumulator *acc, const Tensor *t);

/* Takes in all that another accumulator of the same kind and shape has. */
extern void accumulator_merge(Accumulator *acc, const Accumulator *other);

/* Whether these bytes, suitably aligned, are an accumulator that may be used. */
extern bool accumulator_valid(const Accumulator *acc, Size bytes);

/* Answers, as tensors; the float2 of a sum or a spread is float4 */
extern Tensor *accumulator_sum(const Accumulator *acc);
extern Tensor *accumulator_mean(const Accumulator *acc);
extern Tensor *accumulator_extreme(const Accumulator *acc);
extern Tensor *accumulator_count(const Accumulator *acc);
extern Tensor *accumulator_variance(const Accumulator *acc);
extern Tensor *accumulator_stddev(const Accumulator *acc);

#endif							/* NEUROENC_ACCUMULATE_H */
