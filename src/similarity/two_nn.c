/*
 * two_nn.c
 *		Intrinsic dimension from two nearest neighbours (Facco, d'Errico, Rodriguez
 *		and Laio 2017).
 *
 * Where the density hardly changes between a point's first and second neighbour,
 * at distances r1 and r2, the ratio mu = r2 / r1 has distribution function
 * 1 - mu^-d, d the dimension of the manifold, whatever the density.  So
 *	 ml    (n - 1) / sum ln mu: maximum likelihood, without its bias
 *	 fit   slope through 0 of -ln(1 - i / n) on ln mu_(i), mu ascending, over all
 *	       but the largest, where noise and edges show (equation 6 and figure 1)
 *
 * The subtlety: a copy of a row would be a neighbour at distance 0, and two
 * copies of another row would be neighbours with mu = 1.  Copies count once.
 * Cost: n^2 p flops of nearest_rows.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#include "base/compare.h"
#include "base/memory.h"
#include "similarity/paired.h"
#include "similarity/two_nn.h"
#include "stats/nearest.h"
#include "stats/predictions.h"

/* ---- copies ---- */

typedef struct RowKey
{
	uint64		hash;
	int64		row;
} RowKey;

static int
compare_keys(const void *a, const void *b)
{
	const RowKey *x = a;
	const RowKey *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* Is the row of key i equal to one of those before it with its hash? */
static bool
is_copy(const RowKey *keys, Size i, const double *x, Size p)
{
	for (Size j = i; j > 0 && keys[j - 1].hash == keys[i].hash; j--)
		if (memcmp(x + keys[j - 1].row * p, x + keys[i].row * p, p * sizeof(double)) == 0)
			return true;
	return false;
}

/* Moves the first of all equal rows together, in their order; returns how many. */
static Size
drop_copies(Size n, Size p, double *x)
{
	RowKey	   *keys = huge_alloc(size_mul(n, sizeof(RowKey)));
	bool	   *copy = huge_alloc0(n);
	Size		kept = 0;

	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		keys[i].row = i;
		keys[i].hash = 0;
		for (Size at = 0; at < p; at += 4096)
			keys[i].hash = hash_bytes_extended((const unsigned char *) (x + i * p + at),
											   (int) (Min(p - at, 4096) * sizeof(double)), keys[i].hash);
	}
	qsort(keys, n, sizeof(RowKey), compare_keys);
	for (Size i = 1; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		copy[keys[i].row] = is_copy(keys, i, x, p);
	}
	for (Size i = 0; i < n; i++)
	{
		if (copy[i])
			continue;
		if (kept < i)
			memcpy(x + kept * p, x + i * p, p * sizeof(double));
		kept++;
	}
	pfree(keys);
	pfree(copy);
	return kept;
}

/* ---- ratios ---- */

/* All elements in [-1, 1], so that their squares stay in range; and -0 becomes 0, so that copies are equal. */
static void
scale_rows(Size n, Size p, double *x)
{
	double		largest = 0;

	for (Size i = 0; i < n * p; i++)
		largest = Max(largest, fabs(x[i]));
	if (largest == 0)
		largest = 1;
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			x[i * p + j] = x[i * p + j] / largest + 0.0;
	}
}

/* ln of the ratios of the second distance to the first, ascending; returns how many (a first of 0 has none). */
static Size
log_ratios(Size n, const double *squared, double *out)
{
	Size		count = 0;

	for (Size i = 0; i < n; i++)
		if (squared[2 * i] > 0)
			out[count++] = 0.5 * log(squared[2 * i + 1] / squared[2 * i]);
	qsort(out, count, sizeof(double), compare_doubles);
	return count;
}

static double
fit_slope(Size n, const double *log_mu, double discard)
{
	Size		used = Min((Size) floor((double) n * (1 - discard)), n - 1);
	double		xx = 0;
	double		xy = 0;

	for (Size i = 0; i < used; i++)
	{
		xx += log_mu[i] * log_mu[i];
		xy += log_mu[i] * -log1p(-(double) (i + 1) / (double) n);
	}
	return xx > 0 ? xy / xx : NAN;
}

Size
two_nn_scratch(Size n)
{
	return size_mul(n, 3 * sizeof(double) + 2 * sizeof(int32) + sizeof(RowKey) + 1);
}

TwoNn
two_nn(Size n, Size p, double *x, double discard)
{
	TwoNn		answer = {.ml = NAN, .fit = NAN};
	Size		distinct;
	int32	   *index;
	double	   *squared;
	double	   *log_mu;
	double		sum = 0;

	scale_rows(n, p, x);
	distinct = drop_copies(n, p, x);
	if (distinct < 3)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("two_nn needs at least 3 different rows, not %zu", distinct)));
	centre_columns(x, distinct, p);
	index = huge_alloc(size_mul(distinct, 2 * sizeof(int32)));
	squared = huge_matrix(distinct, 2);
	log_mu = huge_matrix(1, distinct);
	nearest_rows(distinct, p, x, 2, index, squared);
	answer.n = (int64) log_ratios(distinct, squared, log_mu);
	answer.n_copies = (int64) n - answer.n;
	for (int64 i = 0; i < answer.n; i++)
		sum += log_mu[i];
	if (sum > 0)
	{
		answer.ml = (double) (answer.n - 1) / sum;
		answer.fit = fit_slope((Size) answer.n, log_mu, discard);
	}
	pfree(log_mu);
	pfree(squared);
	pfree(index);
	return answer;
}
