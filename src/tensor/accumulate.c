/*
 * accumulate.c
 *		Element-wise sums, counts, extremes and variances over rows.
 *
 * All are kept in float8 whatever the rows' type.  Variances follow Welford
 * (1962): the mean so far and the sum of squared deviations from it, so that
 * neither an offset nor the first row costs digits and a constant column has
 * variance exactly 0; two states are merged by the formula of Chan, Golub and
 * LeVeque (1983).  The state is one flat piece of memory changed in place, which
 * is what keeps many groups cheap.  Cost: one pass over a row and the state.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "tensor/accumulate.h"

/* elements worked on between checks for interrupts */
#define BLOCK 4096

#define REAL float
#define NAME(what) what##_f4
#include "tensor/accumulate_loops.h"

#define REAL double
#define NAME(what) what##_f8
#include "tensor/accumulate_loops.h"

static int
planes_of(AccumulatorKind kind)
{
	return kind == ACCUMULATE_VALID || kind == ACCUMULATE_MOMENTS ? 2 : 1;
}

Size
accumulator_bytes(AccumulatorKind kind, Size n)
{
	return size_add(offsetof(Accumulator, planes), size_mul(size_mul(n, planes_of(kind)), sizeof(double)));
}

void
accumulator_start(Accumulator *acc, AccumulatorKind kind, const Tensor *t)
{
	Size		n = tensor_size(t);
	double		first = kind == ACCUMULATE_MIN ? INFINITY : kind == ACCUMULATE_MAX ? -INFINITY : 0;

	memset(acc, 0, offsetof(Accumulator, planes));
	acc->magic = ACCUMULATOR_MAGIC;
	acc->kind = (uint8) kind;
	acc->dtype = t->dtype;
	acc->ndim = t->ndim;
	if (t->ndim > 0)
		memcpy(acc->dims, t->dims, t->ndim * sizeof(int32));
	acc->n = (int64) n;
	for (Size i = 0; i < n * planes_of(kind); i++)
		acc->planes[i] = first;
}

/* n elements from 'start' on, of one type or the other (the other pointer is NULL) */
static void
add_block(Accumulator *acc, Size start, Size n, const float *f4, const double *f8)
{
	double	   *first = acc->planes + start;
	double	   *second = first + acc->n;	/* of the kinds that have two planes */

	Assert(f4 != NULL || f8 != NULL);

#define TAKE_IN(what, ...) \
	do { \
		if (f8) \
			what##_f8(__VA_ARGS__, f8, n); \
		else \
			what##_f4(__VA_ARGS__, f4, n); \
	} while (0)

	switch ((AccumulatorKind) acc->kind)
	{
		case ACCUMULATE_SUM:
			TAKE_IN(add, first);
			break;
		case ACCUMULATE_VALID:
			TAKE_IN(add_valid, first, second);
			break;
		case ACCUMULATE_COUNT:
			TAKE_IN(count_valid, first);
			break;
		case ACCUMULATE_MIN:
			TAKE_IN(lower, first);
			break;
		case ACCUMULATE_MAX:
			TAKE_IN(raise, first);
			break;
		case ACCUMULATE_MOMENTS:
			TAKE_IN(add_moments, first, second, (double) acc->rows);
			break;
	}
#undef TAKE_IN
}

void
accumulator_add(Accumulator *acc, const Tensor *t)
{
	Size		total = (Size) acc->n;
	float		buffer[BLOCK];

	acc->rows++;
	acc->dtype = (uint8) tensor_common_type(acc->dtype, t->dtype);
	for (Size start = 0; start < total; start += BLOCK)
	{
		Size		n = Min(BLOCK, total - start);

		CHECK_FOR_INTERRUPTS();
		if (t->dtype == TENSOR_FLOAT8)
			add_block(acc, start, n, NULL, TENSOR_F8(t) + start);
		else if (t->dtype == TENSOR_FLOAT4)
			add_block(acc, start, n, TENSOR_F4(t) + start, NULL);
		else
		{
			tensor_read_f4(t, start, n, buffer);
			add_block(acc, start, n, buffer, NULL);
		}
	}
}

static void
merge_moments(Accumulator *acc, const Accumulator *other)
{
	Size		n = (Size) acc->n;
	double	   *mean = acc->planes;
	double	   *squares = acc->planes + n;
	double		rows = (double) acc->rows + (double) other->rows;
	double		share = (double) other->rows / rows;

	for (Size i = 0; i < n; i++)
	{
		double		apart = other->planes[i] - mean[i];

		mean[i] += apart * share;
		squares[i] += other->planes[n + i] + apart * apart * share * (double) acc->rows;
	}
}

void
accumulator_merge(Accumulator *acc, const Accumulator *other)
{
	Size		n = (Size) acc->n;

	switch ((AccumulatorKind) acc->kind)
	{
		case ACCUMULATE_SUM:
		case ACCUMULATE_VALID:
		case ACCUMULATE_COUNT:
			add_f8(acc->planes, other->planes, n * planes_of(acc->kind));
			break;
		case ACCUMULATE_MIN:
			lower_f8(acc->planes, other->planes, n);
			break;
		case ACCUMULATE_MAX:
			raise_f8(acc->planes, other->planes, n);
			break;
		case ACCUMULATE_MOMENTS:
			merge_moments(acc, other);
			break;
	}
	acc->rows += other->rows;
	acc->dtype = (uint8) tensor_common_type(acc->dtype, other->dtype);
}

bool
accumulator_valid(const Accumulator *acc, Size bytes)
{
	int64		n = 1;

	if (bytes < offsetof(Accumulator, planes) || acc->magic != ACCUMULATOR_MAGIC ||
		acc->kind < ACCUMULATE_SUM || acc->kind > ACCUMULATE_MOMENTS || acc->zero != 0 ||
		(acc->dtype != TENSOR_FLOAT2 && acc->dtype != TENSOR_FLOAT4 && acc->dtype != TENSOR_FLOAT8) ||
		acc->ndim > TENSOR_MAX_NDIM || acc->rows < 1)
		return false;
	tensor_check_shape(acc->dtype, acc->ndim, acc->dims);
	for (int d = 0; d < acc->ndim; d++)
		n *= acc->dims[d];
	return acc->n == n && bytes == accumulator_bytes(acc->kind, (Size) n);
}

/* ---- answers ---- */

static TensorType
answer_type(const Accumulator *acc)
{
	return acc->dtype == TENSOR_FLOAT8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4;
}

static Tensor *
plane_as(const Accumulator *acc, int plane, TensorType dtype)
{
	Tensor	   *t = tensor_new_unset(dtype, acc->ndim, acc->dims);

	tensor_write_f8(t, 0, (Size) acc->n, acc->planes + plane * acc->n);
	return t;
}

Tensor *
accumulator_sum(const Accumulator *acc)
{
	return plane_as(acc, 0, answer_type(acc));
}

Tensor *
accumulator_extreme(const Accumulator *acc)
{
	return plane_as(acc, 0, acc->dtype);
}

Tensor *
accumulator_count(const Accumulator *acc)
{
	return plane_as(acc, 0, TENSOR_FLOAT8);
}

/* value(acc, i) for every element, as a tensor */
static Tensor *
each_element(const Accumulator *acc, double (*value) (const Accumulator *acc, Size i))
{
	Tensor	   *t = tensor_new_unset(answer_type(acc), acc->ndim, acc->dims);
	Size		total = (Size) acc->n;
	double		buffer[BLOCK];

	for (Size start = 0; start < total; start += BLOCK)
	{
		Size		n = Min(BLOCK, total - start);

		CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < n; i++)
			buffer[i] = value(acc, start + i);
		tensor_write_f8(t, start, n, buffer);
	}
	return t;
}

static double
mean_of_rows(const Accumulator *acc, Size i)
{
	return acc->planes[i] / (double) acc->rows;
}

static double
mean_of_valid(const Accumulator *acc, Size i)
{
	return acc->planes[i] / acc->planes[acc->n + i];
}

static double
variance(const Accumulator *acc, Size i)
{
	return acc->planes[acc->n + i] / (double) (acc->rows - 1);
}

static double
stddev(const Accumulator *acc, Size i)
{
	return sqrt(variance(acc, i));
}

Tensor *
accumulator_mean(const Accumulator *acc)
{
	return each_element(acc, acc->kind == ACCUMULATE_VALID ? mean_of_valid : mean_of_rows);
}

Tensor *
accumulator_variance(const Accumulator *acc)
{
	return each_element(acc, variance);
}

Tensor *
accumulator_stddev(const Accumulator *acc)
{
	return each_element(acc, stddev);
}
