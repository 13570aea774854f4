/*
 * cca.c
 *		Canonical correlation analysis (Hotelling 1936; by SVD, Bjorck and Golub 1973).
 *
 * With X = Ux Sx Vx' and Y = Uy Sy Vy', the canonical correlations are the singular
 * values of M = Ux' Uy, and the canonical variates of x are H = Ux P, P the left
 * singular vectors of M.  PWCCA weights correlation i by a_i = sum_j |h_i' x_j| over
 * the units j: row i of P' Sx Vx', in absolute value.
 *
 * The subtlety: where correlations are equal, their variates are any basis of a
 * subspace, and the a_i depend on the basis that a library happens to give.  With
 * n < p + q the first p + q - n + 1 of them are all 1, so that published values
 * differ in the third digit.  Here equal correlations get the mean of their
 * weights over all bases: |h'x| of a random unit vector h of an m-dimensional
 * space has mean c_m |projection of x|, c_m = G(m/2) / (sqrt(pi) G((m+1)/2)).
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "linalg/linalg.h"
#include "similarity/cca.h"

#define EQUAL_CORRELATIONS 1e-7

/* M of the first kx and ky components, for svd_f8, which uses it up */
static double *
overlap(Alignment *a, const Factors *f, Size kx, Size ky)
{
	double	   *m = alignment_matrix(a, kx, ky);

	for (Size i = 0; i < kx; i++)
		memcpy(m + i * ky, f->m + i * f->y.r, ky * sizeof(double));
	return m;
}

static void
clip_correlations(double *rho, Size n)
{
	for (Size i = 0; i < n; i++)
		rho[i] = Min(rho[i], 1);
}

double *
canonical_correlations(Alignment *a, const Factors *f, Size kx, Size ky)
{
	Size		n = Min(kx, ky);
	double	   *rho = alignment_matrix(a, 1, n);

	if (n > 0)
		svd_f8(kx, ky, overlap(a, f, kx, ky), rho, NULL, NULL);
	clip_correlations(rho, n);
	return rho;
}

static double
mean_correlation(Alignment *a, const Factors *f, Size kx, Size ky)
{
	Size		n = Min(kx, ky);
	double	   *rho = canonical_correlations(a, f, kx, ky);
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += rho[i];
	return n == 0 ? NAN : sum / n;
}

double
cca_mean(Alignment *a)
{
	Factors		f = alignment_factors(a);

	return mean_correlation(a, &f, f.x.r, f.y.r);
}

/* ---- SVCCA ---- */

static Size
components(const Factor *f, double variance, Size k)
{
	double		total = 0;
	double		sum = 0;

	if (k > 0)
		return Min(k, f->r);
	for (Size i = 0; i < f->r; i++)
		total += f->s[i] * f->s[i];
	for (k = 0; k < f->r && sum < variance * total; k++)
		sum += f->s[k] * f->s[k];
	return k;
}

double
svcca(Alignment *a, double variance, Size k)
{
	Factors		f = alignment_factors(a);

	return mean_correlation(a, &f, components(&f.x, variance, k), components(&f.y, variance, k));
}

/* ---- PWCCA ---- */

/* Sum over units of the mean of |h'x| over the bases of a space of m variates: projections m x p */
static double
mean_weight(const double *projections, Size m, Size p)
{
	double		sum = 0;
	double		c = m * exp(lgamma(m / 2.0) - lgamma((m + 1) / 2.0)) / sqrt(M_PI);

	for (Size j = 0; j < p; j++)
	{
		double		squares = 0;

		for (Size i = 0; i < m; i++)
			squares += projections[i * p + j] * projections[i * p + j];
		sum += sqrt(squares);
	}
	return c * sum;
}

double
pwcca(Alignment *a)
{
	Factors		f = alignment_factors(a);
	Size		rx = f.x.r;
	Size		n = Min(rx, f.y.r);
	double	   *rho = alignment_matrix(a, 1, n);
	double	   *left = alignment_matrix(a, rx, n);
	double	   *right = alignment_matrix(a, n, f.y.r);
	double	   *projections = alignment_matrix(a, n, a->p);
	double		weights = 0;
	double		sum = 0;

	if (n == 0)
		return NAN;
	svd_f8(rx, f.y.r, overlap(a, &f, rx, f.y.r), rho, left, right);
	clip_correlations(rho, n);
	for (Size i = 0; i < rx; i++)
		for (Size j = 0; j < n; j++)
			left[i * n + j] *= f.x.s[i];
	gemm_f8(true, false, n, a->p, rx, 1, left, n, f.x.vt, a->p, 0, projections, a->p);
	for (Size first = 0, end; first < n; first = end)
	{
		double		weight;
		double		of_group = 0;

		CHECK_FOR_INTERRUPTS();
		for (end = first; end < n && rho[first] - rho[end] < EQUAL_CORRELATIONS; end++)
			of_group += rho[end];
		weight = mean_weight(projections + first * a->p, end - first, a->p);
		weights += weight;
		sum += weight * of_group / (end - first);
	}
	return sum / weights;
}
