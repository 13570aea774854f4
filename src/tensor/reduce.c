/*
 * reduce.c
 *		One number from all elements of a tensor: sums, spread, extremes, norms.
 *
 * Elements are taken in blocks, converted where they are float2, with a check
 * for interrupts between blocks.  Sums run in float8 in vector lanes inside a
 * block and from block to block, so that rounding grows with the square root of
 * what a plain loop gives, at worst; float4 sums are then as good as NumPy's in
 * float64.  The spread is two passes about the first element: a constant tensor
 * has spread exactly 0, and an offset of 1e4 or 1e8 costs no digits.  A 2-norm or
 * a spread that leaves float8's range is done again with elements scaled by the
 * largest.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "tensor/reduce.h"

/* elements a block */
#define BLOCK 4096

#define REAL float
#define NAME(what) what##_f4
#include "tensor/reduce_loops.h"

#define REAL double
#define NAME(what) what##_f8
#include "tensor/reduce_loops.h"

/* A walk over a tensor's elements, a block at a time */
typedef struct Blocks
{
	const Tensor *t;
	Size		total;
	Size		start;			/* of the block */
	Size		n;				/* its elements */
	const float *f4;			/* them, where the type is not float8 */
	const double *f8;			/* them, where it is */
	float		buffer[BLOCK];
} Blocks;

static void
blocks_start(Blocks *b, const Tensor *t)
{
	b->t = t;
	b->total = tensor_size(t);
	b->start = 0;
	b->n = 0;
	b->f4 = NULL;
	b->f8 = NULL;
}

static bool
blocks_next(Blocks *b)
{
	CHECK_FOR_INTERRUPTS();
	b->start += b->n;
	b->n = Min(BLOCK, b->total - b->start);
	if (b->n == 0)
		return false;
	if (b->t->dtype == TENSOR_FLOAT8)
		b->f8 = TENSOR_F8(b->t) + b->start;
	else if (b->t->dtype == TENSOR_FLOAT4)
		b->f4 = TENSOR_F4(b->t) + b->start;
	else
	{
		tensor_read_f4(b->t, b->start, b->n, b->buffer);
		b->f4 = b->buffer;
	}
	Assert(b->f4 != NULL || b->f8 != NULL);
	return true;
}

#define EACH_BLOCK(t, b) \
	for (blocks_start(&(b), t); blocks_next(&(b));)

/* what_f4 or what_f8 of the block */
#define OF_BLOCK(what, b, ...) \
	((b).f8 ? what##_f8((b).f8, (b).n __VA_ARGS__) : what##_f4((b).f4, (b).n __VA_ARGS__))

#define COMMA ,

double
reduce_sum(const Tensor *t)
{
	Blocks		b;
	double		sum = 0;

	EACH_BLOCK(t, b)
		sum += OF_BLOCK(sum, b);
	return sum;
}

Extremes
reduce_extremes(const Tensor *t)
{
	Extremes	e = {INFINITY, -INFINITY, 0};
	Blocks		b;

	EACH_BLOCK(t, b)
	{
		if (b.f8)
			extremes_f8(b.f8, b.n, &e);
		else
			extremes_f4(b.f4, b.n, &e);
	}
	return e;
}

Size
reduce_find(const Tensor *t, double value)
{
	Blocks		b;

	EACH_BLOCK(t, b)
	{
		Size		i = OF_BLOCK(find, b, COMMA value);

		if (i < b.n)
			return b.start + i;
	}
	return b.total;
}

static double
sum_squares(const Tensor *t, double shift, double mean, double scale)
{
	Blocks		b;
	double		sum = 0;

	EACH_BLOCK(t, b)
		sum += OF_BLOCK(sum_squares, b, COMMA shift COMMA mean COMMA scale);
	return sum;
}

/* max |x|, NaN if there is one */
static double
largest(const Tensor *t)
{
	Extremes	e = reduce_extremes(t);

	if (e.nans > 0)
		return NAN;
	return tensor_size(t) == 0 ? 0 : Max(fabs(e.min), fabs(e.max));
}

/* The root of the sum of ((x - shift) - mean)^2 over n, whatever the scale of x */
static double
root_mean_square(const Tensor *t, double shift, double mean, double n)
{
	double		sum = sum_squares(t, shift, mean, 1);
	double		max;
	double		scale;

	/* outside these bounds squares may have overflowed or lost digits */
	if ((sum > 1e-280 && sum < 1e300) || isnan(sum))
		return sqrt(sum / n);
	max = largest(t);
	if (max == 0 || !isfinite(max))
		return max;
	/* a power of two near 1 / max, kept finite for a subnormal max */
	scale = ldexp(1, -Max(ilogb(max), -1000));
	return sqrt(sum_squares(t, shift, mean, scale) / n) / scale;
}

Spread
reduce_spread(const Tensor *t)
{
	Spread		s;
	Blocks		b;
	double		sum = 0;
	double		n = (double) tensor_size(t);

	s.shift = tensor_get(t, 0);
	EACH_BLOCK(t, b)
		sum += OF_BLOCK(sum_about, b, COMMA s.shift);
	s.mean = sum / n;
	s.sd = root_mean_square(t, s.shift, s.mean, n);
	return s;
}

static double
norm_p(const Tensor *t, double p)
{
	double		max = largest(t);
	double		sum = 0;
	Blocks		b;

	if (max == 0 || !isfinite(max))
		return max;
	EACH_BLOCK(t, b)
		sum += OF_BLOCK(sum_powers, b, COMMA p COMMA max);
	return max * pow(sum, 1 / p);
}

double
reduce_norm(const Tensor *t, double p)
{
	Blocks		b;
	double		sum = 0;

	if (p == 2)
		return root_mean_square(t, 0, 0, 1);
	if (isinf(p))
		return largest(t);
	if (p != 0 && p != 1)
		return norm_p(t, p);
	if (p == 1)
		EACH_BLOCK(t, b)
			sum += OF_BLOCK(sum_abs, b);
	else
		EACH_BLOCK(t, b)
			for (Size i = 0; i < b.n; i++)
				sum += b.f8 ? b.f8[i] != 0 : b.f4[i] != 0;
	return sum;
}
