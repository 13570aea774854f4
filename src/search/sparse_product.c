/*
 * sparse_product.c
 *		What two sparse vectors have in common.
 *
 * Indices that both have are found a batch at a time, by a merge without
 * branches: which list steps depends on the data and would be guessed wrong every
 * other time.  It steps by blocks of eight, all pairs of which are compared at
 * once: 64 comparisons are eight instructions of AVX2.  Where one list is more
 * than GALLOP times longer, each index of the short one is looked up in it by
 * doubling steps and bisection, na log(nb / na) (Bentley and Yao 1976).
 *
 * Sums are float8.  Where squares of float8 values leave its range, they are
 * taken of the values over the largest.  Distances are made of squares and the
 * inner product; where that would lose digits they sum squares of differences, so
 * that equal vectors are at 0 exactly.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "search/sparse_product.h"

#define BATCH	256
#define BLOCK	8
#define GALLOP	16

/* Over this cosine, 1 - cosine has lost digits; under this share of |a|^2 + |b|^2, so has |a - b|^2. */
#define NEARLY_PARALLEL 0.9
#define NEARLY_EQUAL	0.1

/* Sums of squares outside are not exact. */
#define SQUARES_MIN 1e-280
#define SQUARES_MAX 1e280

/* ---- indices that both have ---- */

typedef struct Common
{
	const Sparse *a;
	const Sparse *b;
	int32		i;				/* where the search stands in a and b */
	int32		j;
	int			n;				/* found by the last call of next_batch */
	int32		at_a[BATCH];
	int32		at_b[BATCH];
} Common;

static void
common_start(Common *c, const Sparse *a, const Sparse *b)
{
	c->a = a;
	c->b = b;
	c->i = 0;
	c->j = 0;
}

/* Of a[0 .. 7] and b[0 .. 7]: some index is in both */
static inline bool
blocks_meet(const int32 *a, const int32 *b)
{
	uint32		hit[BLOCK] = {0};
	uint32		any = 0;

	for (int k = 0; k < BLOCK; k++)
	{
#pragma omp simd
		for (int l = 0; l < BLOCK; l++)
			hit[l] |= a[l] == b[k] ? ~0u : 0;
	}
#pragma omp simd reduction(|:any)
	for (int l = 0; l < BLOCK; l++)
		any |= hit[l];
	return any != 0;
}

HOT_LOOP static void
merge_batch(Common *c)
{
	const int32 *a = c->a->index;
	const int32 *b = c->b->index;
	int32		na = c->a->n;
	int32		nb = c->b->n;
	int32		i = c->i;
	int32		j = c->j;
	int			n = 0;

	while (i <= na - BLOCK && j <= nb - BLOCK && n <= BATCH - BLOCK)
	{
		int32		x = a[i + BLOCK - 1];
		int32		y = b[j + BLOCK - 1];

		if (blocks_meet(a + i, b + j))
			for (int k = 0; k < BLOCK; k++)
				for (int l = 0; l < BLOCK; l++)
					if (a[i + k] == b[j + l])
					{
						c->at_a[n] = i + k;
						c->at_b[n++] = j + l;
					}
		i += (x <= y) * BLOCK;
		j += (y <= x) * BLOCK;
	}
	while (i < na && j < nb && n < BATCH)
	{
		int32		x = a[i];
		int32		y = b[j];

		c->at_a[n] = i;
		c->at_b[n] = j;
		n += x == y;
		i += x <= y;
		j += y <= x;
	}
	c->i = i;
	c->j = j;
	c->n = n;
}

/* The first of index[from .. n - 1] that is not less than x */
static int32
gallop(const int32 *index, int32 from, int32 n, int32 x)
{
	int32		low = from;		/* all before are less */
	int64		step = 1;
	int32		high;

	while (low < n && index[Min(low + step, n) - 1] < x)
	{
		low = (int32) Min(low + step, n);
		step *= 2;
	}
	high = (int32) Min(low + step, n);
	while (low < high)
	{
		int32		middle = low + (high - low) / 2;

		if (index[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* merge_batch, where one of the lists is much longer */
static void
gallop_batch(Common *c)
{
	bool		a_short = c->a->n < c->b->n;
	const Sparse *few = a_short ? c->a : c->b;
	const Sparse *many = a_short ? c->b : c->a;
	int32		i = a_short ? c->i : c->j;
	int32		j = a_short ? c->j : c->i;
	int32	   *at_few = a_short ? c->at_a : c->at_b;
	int32	   *at_many = a_short ? c->at_b : c->at_a;
	int			n = 0;

	while (i < few->n && j < many->n && n < BATCH)
	{
		j = gallop(many->index, j, many->n, few->index[i]);
		if (j < many->n && many->index[j] == few->index[i])
		{
			at_few[n] = i;
			at_many[n++] = j++;
		}
		i++;
	}
	c->i = a_short ? i : j;
	c->j = a_short ? j : i;
	c->n = n;
}

/* Some more of them, in ascending order; false when there are none left */
static bool
next_batch(Common *c)
{
	CHECK_FOR_INTERRUPTS();
	if ((int64) c->a->n * GALLOP < c->b->n || (int64) c->b->n * GALLOP < c->a->n)
		gallop_batch(c);
	else
		merge_batch(c);
	return c->n > 0;
}

int32
sparse_overlap(const Sparse *a, const Sparse *b, int32 enough)
{
	Common		c;
	int32		n = 0;

	common_start(&c, a, b);
	while (n < enough && next_batch(&c))
		n += c.n;
	return Min(n, enough);
}

/* ---- products and distances ---- */

/* The sum of products of the values, those of a times scale_a and b times scale_b */
static double
scaled_dot(const Sparse *a, double scale_a, const Sparse *b, double scale_b)
{
	Common		c;
	double		sum = 0;

	common_start(&c, a, b);
	while (next_batch(&c))
		for (int k = 0; k < c.n; k++)
			sum += (sparse_value(a, c.at_a[k]) * scale_a) * (sparse_value(b, c.at_b[k]) * scale_b);
	return sum;
}

double
sparse_dot(const Sparse *a, const Sparse *b)
{
	return scaled_dot(a, 1, b, 1);
}

double
sparse_dot_dense(const Sparse *a, const Tensor *dense)
{
	double		sum = 0;

	switch ((TensorType) dense->dtype)
	{
		case TENSOR_FLOAT2:
			for (int32 i = 0; i < a->n; i++)
				sum += sparse_value(a, i) * half_to_float(TENSOR_F2(dense)[a->index[i]]);
			break;
		case TENSOR_FLOAT4:
			for (int32 i = 0; i < a->n; i++)
				sum += sparse_value(a, i) * TENSOR_F4(dense)[a->index[i]];
			break;
		case TENSOR_FLOAT8:
			for (int32 i = 0; i < a->n; i++)
				sum += sparse_value(a, i) * TENSOR_F8(dense)[a->index[i]];
			break;
	}
	return sum;
}

static double
largest(const Sparse *s)
{
	double		max = 0;

	for (int32 i = 0; i < s->n; i++)
		max = Max(max, fabs(sparse_value(s, i)));
	return max;
}

HOT_LOOP static double
squares_f4(const float *x, int32 n, double scale)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (int32 i = 0; i < n; i++)
		sum += (x[i] * scale) * (x[i] * scale);
	return sum;
}

HOT_LOOP static double
squares_f8(const double *x, int32 n, double scale)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (int32 i = 0; i < n; i++)
		sum += (x[i] * scale) * (x[i] * scale);
	return sum;
}

static double
squares(const Sparse *s, double scale)
{
	return s->dtype == TENSOR_FLOAT4 ? squares_f4(SPARSE_F4(s), s->n, scale) : squares_f8(SPARSE_F8(s), s->n, scale);
}

/* What values up to max are multiplied by to be about 1; finite also for the least values there are */
static double
scale_of(double max)
{
	return 1 / Max(max, 1e-300);
}

static bool
in_range(double squares)
{
	return squares >= SQUARES_MIN && squares <= SQUARES_MAX;
}

double
sparse_norm(const Sparse *s, double p)
{
	double		max;
	double		sum = 0;

	if (p == 0 || s->n == 0)
		return s->n;
	max = largest(s);
	if (isinf(p))
		return max;
	for (int32 i = 0; i < s->n; i++)
	{
		double		x = fabs(sparse_value(s, i)) / max;

		sum += p == 2 ? x * x : p == 1 ? x : pow(x, p);
	}
	return max * (p == 2 ? sqrt(sum) : p == 1 ? sum : pow(sum, 1 / p));
}

/* The sum of squared differences of a times scale_a over norm_a and the same of b, over the indices that either has */
static double
difference_squares(const Sparse *a, double scale_a, double norm_a, const Sparse *b, double scale_b, double norm_b)
{
	int32		i = 0;
	int32		j = 0;
	double		unit_a = 1 / norm_a;
	double		unit_b = 1 / norm_b;
	double		sum = 0;

	while (i < a->n || j < b->n)
	{
		int32		x = i < a->n ? a->index[i] : PG_INT32_MAX;
		int32		y = j < b->n ? b->index[j] : PG_INT32_MAX;
		double		u = x <= y ? sparse_value(a, i) * scale_a * unit_a : 0;
		double		v = y <= x ? sparse_value(b, j) * scale_b * unit_b : 0;

		sum += (u - v) * (u - v);
		i += x <= y;
		j += y <= x;
	}
	return sum;
}

double
sparse_l2_distance(const Sparse *a, const Sparse *b)
{
	double		total = squares(a, 1) + squares(b, 1);
	double		sum;
	double		scale;

	if (in_range(total))
	{
		sum = total - 2 * sparse_dot(a, b);
		if (sum > NEARLY_EQUAL * total)
			return sqrt(sum);
		sum = difference_squares(a, 1, 1, b, 1, 1);
		if (in_range(sum))
			return sqrt(sum);
	}
	scale = scale_of(Max(largest(a), largest(b)));
	return sqrt(difference_squares(a, scale, 1, b, scale, 1)) / scale;
}

double
sparse_cosine_distance(const Sparse *a, const Sparse *b)
{
	double		scale_a = 1;
	double		scale_b = 1;
	double		norm_a = squares(a, 1);
	double		norm_b = squares(b, 1);
	double		cosine;

	if (a->n == 0 || b->n == 0)
		return NAN;
	if (!in_range(norm_a) || !in_range(norm_b))
	{
		scale_a = scale_of(largest(a));
		scale_b = scale_of(largest(b));
		norm_a = squares(a, scale_a);
		norm_b = squares(b, scale_b);
	}
	norm_a = sqrt(norm_a);
	norm_b = sqrt(norm_b);
	cosine = scaled_dot(a, scale_a, b, scale_b) / norm_a / norm_b;
	if (cosine > NEARLY_PARALLEL)
		return difference_squares(a, scale_a, norm_a, b, scale_b, norm_b) / 2;
	return 1 - Max(cosine, -1);
}

double
sparse_weighted_jaccard(const Sparse *a, const Sparse *b)
{
	double		scale = scale_of(Max(largest(a), largest(b)));
	double		least = 0;
	double		greatest = 0;
	int32		i = 0;
	int32		j = 0;

	while (i < a->n || j < b->n)
	{
		int32		x = i < a->n ? a->index[i] : PG_INT32_MAX;
		int32		y = j < b->n ? b->index[j] : PG_INT32_MAX;
		double		u = x <= y ? sparse_value(a, i) * scale : 0;
		double		v = y <= x ? sparse_value(b, j) * scale : 0;

		least += Min(u, v);
		greatest += Max(u, v);
		i += x <= y;
		j += y <= x;
	}
	return a->n + b->n > 0 ? least / greatest : NAN;
}

/* ---- union ---- */

Sparse *
sparse_union(const Sparse *a, const Sparse *b)
{
	Size		n = (Size) a->n + b->n - sparse_overlap(a, b, PG_INT32_MAX);
	Sparse	   *s = sparse_new_unset(TENSOR_FLOAT4, a->width, n);
	int32		i = 0;
	int32		j = 0;

	for (Size k = 0; k < n; k++)
	{
		int32		x = i < a->n ? a->index[i] : PG_INT32_MAX;
		int32		y = j < b->n ? b->index[j] : PG_INT32_MAX;

		s->index[k] = Min(x, y);
		SPARSE_F4(s)[k] = 1;
		i += x <= y;
		j += y <= x;
	}
	return s;
}
