/*
 * rsa_noise_ceiling.c
 *		How well could any model fit the RDMs of these subjects?
 *
 * Nili et al. (2014).  The RDM with the highest mean similarity to all subjects is
 * their pooled mean, each RDM first brought to the form that the method compares: of
 * unit norm (cosine), centred and of unit norm (pearson), ranks (spearman, and an
 * approximation for rho_a and Kendall's tau), of unit norm in the metric V^-1
 * (whitened).  Its mean similarity is the upper bound: no RDM does better on
 * these subjects, as it was fitted to them.  The lower bound compares each subject
 * with the mean of the others: a true model does at least so well.
 *
 * Pairs that one subject misses are left out of all.  Cost: two comparisons a subject.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "similarity/rsa_noise_ceiling.h"
#include "similarity/whitening.h"
#include "stats/rank.h"

#define MEMORY_HINT "Take fewer conditions, by rdm_subset."

typedef struct Pool
{
	CompareMethod method;
	int			n_conditions;
	Size		pairs;
	bool		complete;		/* no pair is missing */
	double	   *valid;			/* pairs: a vector without its missing pairs */
	double	   *other;			/* WHITENED_SIZE(n_conditions): its ranks, or whitened */
	RankScratch rank;
} Pool;

bool
rsa_noise_ceiling_takes(CompareMethod method)
{
	return method != COMPARE_BURES && !compare_is_distance(method);
}

/* Marks pairs that one of the vectors misses as missing in all; returns whether there are none. */
static bool
share_missing(double *x, int n, Size pairs)
{
	bool		complete = true;

	for (Size p = 0; p < pairs; p++)
	{
		bool		there = true;

		for (int s = 0; s < n; s++)
			there &= !isnan(x[s * pairs + p]);
		if (there)
			continue;
		complete = false;
		for (int s = 0; s < n; s++)
			x[s * pairs + p] = NAN;
	}
	return complete;
}

/* ---- the forms that are pooled ---- */

static bool
ranks(CompareMethod method)
{
	return method == COMPARE_SPEARMAN || method == COMPARE_RHO_A ||
		method == COMPARE_KENDALL_TAU_A || method == COMPARE_KENDALL_TAU_B;
}

static double
whitened_norm(Pool *pool, const double *x)
{
	double		product[3];

	if (!pool->complete)
	{
		whitened_products(pool->n_conditions, x, x, false, product);
		return sqrt(product[0]);
	}
	whiten(pool->n_conditions, x, pool->other, true);
	return sqrt(compare_dot(WHITENED_SIZE(pool->n_conditions), pool->other, pool->other));
}

/* form = x as it is pooled, NaN where x is.  A constant is as it comes: its comparisons are undefined. */
static void
make_form(Pool *pool, const double *x, double *form)
{
	Size		n = compare_valid(pool->pairs, x, x, pool->valid, pool->valid);
	const double *from = pool->valid;
	double		norm = 1;

	if (ranks(pool->method))
	{
		rank_average(&pool->rank, n, pool->valid, pool->other, true);
		from = pool->other;
	}
	else
		compare_normalize(n, pool->valid, pool->method == COMPARE_PEARSON || pool->method == COMPARE_WHITENED_PEARSON);
	for (Size p = 0; p < pool->pairs; p++)
		form[p] = isnan(x[p]) ? NAN : *from++;
	if (compare_whitens(pool->method) || pool->method == COMPARE_CKA)
		norm = whitened_norm(pool, form);
	for (Size p = 0; p < pool->pairs; p++)
		form[p] /= norm;
}

/* ---- the bounds ---- */

static Size
scratch_bytes(int n_rdms, int n_conditions)
{
	Size		pairs = RDM_PAIRS(n_conditions);

	return size_add(size_mul(size_add(size_mul(2 * (Size) n_rdms + 3, pairs), WHITENED_SIZE(n_conditions)), sizeof(double)),
					rank_scratch_bytes(pairs));
}

static RsaNoiseCeiling
bounds(Pool *pool, const double *x, int n)
{
	RsaNoiseCeiling ceiling = {0, 0, pool->n_conditions};
	Size		pairs = pool->pairs;
	double	   *form = huge_matrix(n, pairs);
	double	   *sum = huge_alloc0(pairs * sizeof(double));
	double	   *others = huge_matrix(1, pairs);

	for (int s = 0; s < n; s++)
	{
		make_form(pool, x + s * pairs, form + s * pairs);
		for (Size p = 0; p < pairs; p++)
			sum[p] += form[s * pairs + p];
	}
	for (int s = 0; s < n; s++)
	{
		for (Size p = 0; p < pairs; p++)
			others[p] = sum[p] - form[s * pairs + p];
		ceiling.upper += compare_distances(pool->method, pool->n_conditions, sum, x + s * pairs) / n;
		ceiling.lower += n == 1 ? NAN :
			compare_distances(pool->method, pool->n_conditions, others, x + s * pairs) / n;
	}
	return ceiling;
}

RsaNoiseCeiling
rsa_noise_ceiling(CompareMethod method, const Rdm *const *rdms, int n)
{
	int		  **index = palloc(n * sizeof(int *));
	Pool		pool = {.method = method, .n_conditions = rdm_align(rdms, n, index)};
	RsaNoiseCeiling ceiling;
	MemoryContext scratch;
	MemoryContext old;
	double	   *x;

	compare_require_shared(pool.n_conditions, rdms, n);
	pool.pairs = RDM_PAIRS(pool.n_conditions);
	scratch = scratch_create("rsa_noise_ceiling", scratch_bytes(n, pool.n_conditions), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	pool.valid = huge_matrix(1, pool.pairs);
	pool.other = huge_matrix(1, WHITENED_SIZE(pool.n_conditions));
	rank_scratch_allocate(&pool.rank, pool.pairs);
	x = huge_matrix(n, pool.pairs);
	for (int s = 0; s < n; s++)
		compare_gather(method, rdms[s], index[s], pool.n_conditions, x + s * pool.pairs);
	pool.complete = share_missing(x, n, pool.pairs);
	ceiling = bounds(&pool, x, n);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return ceiling;
}
