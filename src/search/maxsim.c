/*
 * maxsim.c
 *		Late interaction (Khattab and Zaharia 2020, ColBERT): the sum over a query's
 *		vectors of the largest inner product with a vector of the item.
 *
 * All inner products of the two are one matrix product, 2 q m d flops, a panel of
 * query vectors at a time.  Of float4 and float2 the product is taken in float4,
 * but only to find the largest: those that its rounding can't tell from it, seldom
 * more than one, are taken again in float8.  So a score does not depend on where
 * in its item a vector stands, nor on how a product was cut.  Where one of the two
 * is float8, or float4 overflows, the product is taken in float8.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/convert.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/maxsim.h"
#include "stats/differences.h"

#define PANEL			64		/* query vectors at a time */
#define MEMORY_HINT		"Pool the vectors (pool_tokens), or split the item."

/* An item as it is compared */
typedef struct Item
{
	Size		m;
	const float *narrow;		/* m x d, or NULL */
	const double *wide;			/* m x d, where it is needed */
	double	   *squared;		/* m */
	float	   *weight;			/* m: of a product, 1 or 1 / length; NaN: left out */
	double		longest;		/* of all lengths, or 1 */
} Item;

static Size
n_vectors(const Tensor *t)
{
	return t->ndim == 2 ? t->dims[0] : 1;
}

static Size
n_elements(const Tensor *t)
{
	return t->dims[t->ndim - 1];
}

/* ---- loops ---- */

HOT_LOOP static double
squared_length_f4(const float *x, Size d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size k = 0; k < d; k++)
		sum += (double) x[k] * x[k];
	return sum;
}

HOT_LOOP static double
product_widened(const float *x, const float *y, Size d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size k = 0; k < d; k++)
		sum += (double) x[k] * y[k];
	return sum;
}

/* The largest of weighted products; a NaN among them is passed over. */
HOT_LOOP static float
largest_weighted(const float *g, const float *weight, Size m)
{
	float		largest = -INFINITY;

#pragma omp simd reduction(max:largest)
	for (Size j = 0; j < m; j++)
	{
		float		s = g[j] * weight[j];

		largest = s > largest ? s : largest;
	}
	return largest;
}

HOT_LOOP static bool
all_finite(const float *g, Size n)
{
	int			bad = 0;

	for (Size j = 0; j < n; j++)
		bad |= !(fabsf(g[j]) < INFINITY);
	return bad == 0;
}

/* ---- the query ---- */

Size
maxsim_query_bytes(const Tensor *t)
{
	return size_add(size_mul(tensor_size(t), sizeof(float) + sizeof(double)), size_mul(n_vectors(t), sizeof(double)));
}

MaxsimQuery *
maxsim_query(const Tensor *t)
{
	MaxsimQuery *query = palloc0(sizeof(MaxsimQuery));
	Size		n = tensor_size(t);

	query->q = n_vectors(t);
	query->d = n_elements(t);
	query->wide = huge_matrix(query->q, query->d);
	query->squared = huge_matrix(1, query->q);
	tensor_read_f8(t, 0, n, query->wide);
	if (t->dtype != TENSOR_FLOAT8)
	{
		query->narrow = huge_alloc(n * sizeof(float));
		tensor_read_f4(t, 0, n, query->narrow);
	}
	for (Size i = 0; i < query->q; i++)
	{
		query->squared[i] = squared_length(query->wide + i * query->d, query->d);
		query->has_nan |= isnan(query->squared[i]);
	}
	return query;
}

/* ---- scores ---- */

/* An inner product, or the cosine that it makes of two squared lengths */
static double
score_of(double product, double qq, double kk, bool cosine)
{
	double		both = qq * kk;
	double		score;

	if (!cosine)
		return product;
	/* the root of a square is exact: a vector is at 1 with itself */
	score = product / (both > 1e-280 && both < 1e300 ? sqrt(both) : sqrt(qq) * sqrt(kk));
	return score < -1 ? -1 : score > 1 ? 1 : score;
}

/* The bound on what a float4 product of d terms is off by, over both lengths */
static double
product_error(Size d)
{
	return 1.01 * FLT_EPSILON / 2 * ((double) d + 8);
}

/* Query vector i, its products with the item being g */
static double
best_narrow(const MaxsimQuery *query, const Item *item, Size i, const float *g, bool cosine)
{
	Size		d = query->d;
	double		margin = 2 * product_error(d) * sqrt(query->squared[i]) * item->longest;
	double		least = largest_weighted(g, item->weight, item->m) - margin;
	double		best = -INFINITY;

	for (Size j = 0; j < item->m; j++)
		if (g[j] * item->weight[j] >= least)
			best = Max(best, score_of(product_widened(query->narrow + i * d, item->narrow + j * d, d),
									  query->squared[i], item->squared[j], cosine));
	return best;
}

static double
best_wide(const MaxsimQuery *query, const Item *item, Size i, const double *g, bool cosine)
{
	double		best = -INFINITY;

	for (Size j = 0; j < item->m; j++)
		if (!isnan(item->weight[j]))
		{
			double		score = score_of(g[j], query->squared[i], item->squared[j], cosine);

			if (isnan(score))
				return score;
			best = Max(best, score);
		}
	return best;
}

/* Whether a vector of the query counts */
static bool
counts(const MaxsimQuery *query, Size i, bool cosine)
{
	return !cosine || query->squared[i] > 0;
}

/* g: PANEL x m of scratch.  False: a product left the range of float4. */
static bool
sum_narrow(const MaxsimQuery *query, const Item *item, bool cosine, float *g, double *sum)
{
	*sum = 0;
	for (Size first = 0; first < query->q; first += PANEL)
	{
		Size		n = Min(PANEL, query->q - first);

		CHECK_FOR_INTERRUPTS();
		gemm_f4(false, true, n, item->m, query->d, 1, query->narrow + first * query->d, query->d, item->narrow, query->d, 0, g, item->m);
		if (!all_finite(g, n * item->m))
			return false;
		for (Size i = 0; i < n; i++)
			if (counts(query, first + i, cosine))
				*sum += best_narrow(query, item, first + i, g + i * item->m, cosine);
	}
	return true;
}

static void
sum_wide(const MaxsimQuery *query, const Item *item, bool cosine, double *g, double *sum)
{
	*sum = 0;
	for (Size first = 0; first < query->q; first += PANEL)
	{
		Size		n = Min(PANEL, query->q - first);

		CHECK_FOR_INTERRUPTS();
		gemm_f8(false, true, n, item->m, query->d, 1, query->wide + first * query->d, query->d, item->wide, query->d, 0, g, item->m);
		for (Size i = 0; i < n; i++)
			if (counts(query, first + i, cosine))
				*sum += best_wide(query, item, first + i, g + i * item->m, cosine);
	}
}

/* The item's elements, in float4 if both it and the query can be compared so */
static Item
read_item(const MaxsimQuery *query, const Tensor *t)
{
	Item		item = {.m = n_vectors(t)};
	Size		n = tensor_size(t);

	if (query->narrow == NULL || t->dtype == TENSOR_FLOAT8)
	{
		double	   *wide = huge_matrix(item.m, query->d);

		tensor_read_f8(t, 0, n, wide);
		item.wide = wide;
	}
	else if (t->dtype == TENSOR_FLOAT4)
		item.narrow = TENSOR_F4(t);
	else
	{
		float	   *narrow = huge_alloc(n * sizeof(float));

		tensor_read_f4(t, 0, n, narrow);
		item.narrow = narrow;
	}
	return item;
}

/* Lengths and weights.  Returns how many vectors count; *has_nan: one of all has a NaN. */
static Size
weigh_item(Item *item, Size d, bool cosine, bool *has_nan)
{
	Size		n = 0;

	item->squared = huge_matrix(1, item->m);
	item->weight = huge_alloc(item->m * sizeof(float));
	for (Size j = 0; j < item->m; j++)
	{
		double		squared = item->narrow ? squared_length_f4(item->narrow + j * d, d) : squared_length(item->wide + j * d, d);

		*has_nan |= isnan(squared);
		item->squared[j] = squared;
		item->weight[j] = !cosine ? 1 : squared > 0 ? (float) (1 / sqrt(squared)) : NAN;
		n += !isnan(item->weight[j]);
		item->longest = Max(item->longest, sqrt(squared));
	}
	if (cosine)
		item->longest = 1;
	return n;
}

/* Whether the query has a vector that counts */
static bool
has_vectors(const MaxsimQuery *query, bool cosine)
{
	for (Size i = 0; i < query->q; i++)
		if (counts(query, i, cosine))
			return true;
	return false;
}

/* In the scratch context */
static bool
score_item(const MaxsimQuery *query, const Tensor *t, bool cosine, double *score)
{
	Item		item = read_item(query, t);
	bool		has_nan = query->has_nan;
	Size		n = weigh_item(&item, query->d, cosine, &has_nan);
	Size		products = size_mul(Min(PANEL, query->q), item.m);

	if (has_nan)
		*score = NAN;
	else if (n == 0 || !has_vectors(query, cosine))
		return false;
	else if (item.narrow == NULL || !sum_narrow(query, &item, cosine, huge_alloc(products * sizeof(float)), score))
	{
		if (item.wide == NULL)
		{
			double	   *wide = huge_matrix(item.m, query->d);

			widen_floats(item.narrow, wide, item.m * query->d);
			item.wide = wide;
		}
		sum_wide(query, &item, cosine, huge_alloc(products * sizeof(double)), score);
	}
	return true;
}

bool
maxsim_score(const MaxsimQuery *query, const Tensor *item, bool cosine, double *score)
{
	Size		m = n_vectors(item);
	Size		elements = size_mul(tensor_size(item), sizeof(float) + sizeof(double));
	Size		products = size_mul(size_mul(Min(PANEL, query->q), m), sizeof(float) + sizeof(double));
	MemoryContext scratch = scratch_create("maxsim", size_add(size_add(elements, products), size_mul(m, 12)), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	bool		found = score_item(query, item, cosine, score);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return found;
}
