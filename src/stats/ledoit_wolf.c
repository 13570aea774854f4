/*
 * ledoit_wolf.c
 *		Covariances shrunk to a multiple of the identity (Ledoit and Wolf 2004),
 *		as scikit-learn's LedoitWolf, and their inverses.
 *
 * With S the covariance (ddof 0), mu = tr S / p:
 *	 delta = (sum S_ij^2 - p mu^2) / p			how far S is from mu I
 *	 beta = (sum_k |x_k|^4 / n - sum S_ij^2) / (p n)	the error of S
 *	 shrinkage = min(beta, delta) / delta
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "stats/differences.h"
#include "stats/ledoit_wolf.h"

static double
trace(Size p, const double *a)
{
	double		sum = 0;

	for (Size i = 0; i < p; i++)
		sum += a[i * p + i];
	return sum;
}

static void
scatter_about_mean(Size p, int64 n, const double *s, double *xx)
{
	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			xx[i * p + j] -= s[i] * s[j] / (double) n;
	}
}

/* sum |y - m|^4 with m the mean of y: |y - m|^2 = |y|^2 - 2 y.m + |m|^2, squared and summed */
static double
fourth_moment_about_mean(const ResidualSums *sums)
{
	Size		p = sums->p;
	double		n = (double) sums->n;
	double	   *xx_s = palloc(p * sizeof(double));
	double		ss = squared_length(sums->s, p) / (n * n);	/* |m|^2 */
	double		moment;

	gemv_f8(false, p, p, 1, sums->xx, p, sums->s, 0, xx_s);
	moment = sums->f - 4 * inner_product(sums->q, sums->s, p) / n + 4 * inner_product(sums->s, xx_s, p) / (n * n) +
		2 * ss * trace(p, sums->xx) - 3 * n * ss * ss;
	pfree(xx_s);
	return moment;
}

double
residuals_about_mean(ResidualSums *sums)
{
	double		fourth = fourth_moment_about_mean(sums);

	scatter_about_mean(sums->p, sums->n, sums->s, sums->xx);
	return fourth;
}

double
ledoit_wolf_intensity(Size p, int64 n_rows, double fourth, const double *scatter)
{
	double		n = (double) n_rows;
	double		squares = 0;
	double		mu;
	double		delta;
	double		beta;

	if (p == 1)
		return 0;
	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		squares += squared_length(scatter + i * p, p);
	}
	squares /= n * n;
	mu = trace(p, scatter) / (n * (double) p);
	delta = (squares - (double) p * mu * mu) / (double) p;
	beta = (fourth / n - squares) / ((double) p * n);
	if (!(delta > 0))
		return beta > 0 ? 1 : 0;
	return Max(0, Min(beta, delta)) / delta;
}

double
ledoit_wolf(ResidualSums *sums)
{
	double		fourth = residuals_about_mean(sums);

	return ledoit_wolf_intensity(sums->p, sums->n, fourth, sums->xx);
}

void
shrink_covariance(Size p, int64 n, double dof, double shrinkage, double *scatter)
{
	double		mu = trace(p, scatter) / ((double) n * (double) p);
	double		scale = (double) n / dof;

	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			scatter[i * p + j] *= (1 - shrinkage) / dof;
		scatter[i * p + i] += shrinkage * mu * scale;
	}
}

bool
shrunk_precision(Size p, int64 n, double dof, double shrinkage, double *scatter)
{
	double	   *inverse = huge_alloc0(size_mul(p, p) * sizeof(double));

	for (Size i = 0; i < p; i++)
		inverse[i * p + i] = 1;
	shrink_covariance(p, n, dof, shrinkage, scatter);
	if (cholesky_f8(p, scatter, p) != 0)
		return false;
	trsm_lower_f8(false, p, p, scatter, p, inverse, p);
	syrk_f8(true, p, p, 1, inverse, p, 0, scatter, p);
	pfree(inverse);
	return true;
}
