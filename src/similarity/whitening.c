/*
 * whitening.c
 *		Dissimilarities in the metric of their own sampling covariance.
 *
 * Estimates of squared distances share conditions, so they covary.  With noise that
 * is alike and independent over conditions the covariance of those of pairs p and q
 * is, up to a factor, V[p, q] = 4 if p = q, 1 if they share a condition, else 0
 * (Diedrichsen, Berlot, Mur, Schuett, Shahbazi and Kriegeskorte 2020, eq. 15 with
 * sigma_k = I).  V is m x m, m = n (n - 1) / 2, and is never formed: with B the m x n
 * incidence of pairs and conditions V = 2 I + B B', and by Woodbury's identity
 *
 *	 V^-1 = 1/2 (I - B M^-1 B'),  M = 2 I + B'B  (n x n)
 *
 * All pairs there: B'B = (n - 2) I + 11', and V^-1 d turns out to be half of the
 * double-centred matrix of d, so that a' V^-1 b = 1/4 <J A J, J B J>: four n^2 flops,
 * and the whitened cosine of squared euclidean distances is the linear CKA.  The
 * constant vector is an eigenvector of V, so subtracting the mean is projecting it
 * out in this metric too.  Pairs missing: B has their rows left out, M is 2 I plus
 * the signless Laplacian of the graph of pairs, positive definite, and is solved by
 * Cholesky, n^3 / 3 flops.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/compare.h"
#include "similarity/whitening.h"

/* sum[i]: over the pairs of condition i; n long.  NaN is left out. */
static void
condition_sums(Size n, const double *d, double *sum, bool interruptible)
{
	Size		pair = 0;

	memset(sum, 0, n * sizeof(double));
	for (Size i = 0; i < n; i++)
	{
		double		of_row = 0;

		breathe(interruptible, i << 10);
		for (Size j = i + 1; j < n; j++, pair++)
			if (!isnan(d[pair]))
			{
				of_row += d[pair];
				sum[j] += d[pair];
			}
		sum[i] += of_row;
	}
}

void
whiten(int n_conditions, const double *d, double *w, bool interruptible)
{
	Size		n = n_conditions;
	Size		pairs = RDM_PAIRS(n);
	double	   *mean = w + pairs;
	double		grand_mean = 0;

	condition_sums(n, d, mean, interruptible);
	for (Size i = 0; i < n; i++)
	{
		mean[i] /= (double) n;
		grand_mean += mean[i] / (double) n;
	}
	for (Size i = 0; i < n; i++)
	{
		breathe(interruptible, i << 10);
		for (Size j = i + 1; j < n; j++)
			*w++ = M_SQRT1_2 * (*d++ - mean[i] - mean[j] + grand_mean);
	}
	/* the diagonal counts once, the pairs twice; over w's end, where the means were */
	for (Size i = 0; i < n; i++)
		mean[i] = 0.5 * (grand_mean - 2 * mean[i]);
}

/* ---- missing pairs ---- */

/* L of M = 2 I + B'B = L L', of the pairs that are not NaN in d */
static double *
pair_graph(Size n, const double *d)
{
	double	   *m = huge_alloc0(size_mul(n * n, sizeof(double)));

	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		m[i * n + i] += 2;
		for (Size j = i + 1; j < n; j++, d++)
			if (!isnan(*d))
			{
				m[i * n + i] += 1;
				m[j * n + j] += 1;
				m[i * n + j] = m[j * n + i] = 1;
			}
	}
	if (cholesky_f8(n, m, n) != 0)
		elog(ERROR, "the graph of %zu conditions is not positive definite", n);
	return m;
}

/* a' b over all pairs, less z_a' z_b, z = L^-1 B' a; NaN pairs are 0 */
static double
woodbury_product(Size pairs, Size n, const double *a, const double *b, const double *z, int ka, int kb)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += z[2 * i + ka] * z[2 * i + kb];
	return 0.5 * (compare_dot(pairs, a, b) - sum);
}

/* x without its mean where x and other are there, 0 elsewhere */
static void
masked_copy(Size pairs, const double *x, const double *other, bool centre, double *out)
{
	double		sum = 0;
	Size		n_valid = 0;
	double		mean;

	for (Size i = 0; i < pairs; i++)
		if (!isnan(x[i]) && !isnan(other[i]))
		{
			sum += x[i];
			n_valid++;
		}
	mean = centre && n_valid > 0 ? sum / (double) n_valid : 0;
	for (Size i = 0; i < pairs; i++)
		out[i] = isnan(x[i]) || isnan(other[i]) ? NAN : x[i] - mean;
}

static void
nan_to_zero(Size n, double *x)
{
	for (Size i = 0; i < n; i++)
		x[i] = isnan(x[i]) ? 0 : x[i];
}

void
whitened_products(int n_conditions, const double *a, const double *b, bool centre, double product[3])
{
	Size		n = n_conditions;
	Size		pairs = RDM_PAIRS(n);
	MemoryContext scratch = scratch_create("neuroenc whitening",
										   size_mul(size_add(size_mul(2, pairs), size_mul(n, n + 4)), sizeof(double)),
										   "Missing pairs need a matrix of conditions squared: leave conditions with missing pairs out, by rdm_subset.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x = huge_matrix(1, pairs);
	double	   *y = huge_matrix(1, pairs);
	double	   *sum = huge_matrix(2, n);
	double	   *z = huge_matrix(n, 2);
	double	   *l;

	masked_copy(pairs, a, b, centre, x);
	CHECK_FOR_INTERRUPTS();
	masked_copy(pairs, b, a, centre, y);
	condition_sums(n, x, sum, true);
	condition_sums(n, y, sum + n, true);
	for (Size i = 0; i < n; i++)
	{
		z[2 * i] = sum[i];
		z[2 * i + 1] = sum[n + i];
	}
	l = pair_graph(n, x);
	trsm_lower_f8(false, n, 2, l, n, z, 2);
	nan_to_zero(pairs, x);
	nan_to_zero(pairs, y);
	product[0] = woodbury_product(pairs, n, x, x, z, 0, 0);
	product[1] = woodbury_product(pairs, n, x, y, z, 0, 1);
	product[2] = woodbury_product(pairs, n, y, y, z, 1, 1);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
