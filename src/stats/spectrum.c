/*
 * spectrum.c
 *		Eigenvalues of sums of squares and products, and what one number says of
 *		them.
 *
 *	 effective rank        exp(-sum q ln q), q the weights' shares (Roy and
 *	                       Vetterli 2007; RankMe, Garrido et al. 2023)
 *	 participation ratio   (sum w)^2 / sum w^2
 *	 decay                 the power law's exponent, by least squares in logarithms
 *	                       (Stringer et al. 2019; alpha-ReQ, Agrawal et al. 2022)
 *
 * Eigenvalues past the rank of the data are rounding errors, about epsilon times
 * the largest.  A sum over them would be harmless, but their square roots, which
 * are singular values, are about 1e-8 of the first and many: so they are set to 0.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "stats/spectrum.h"

#define LARGEST_SUM 1e300		/* leaves float8 room for the decomposition */

double
spectrum_trace(Size n, const double *a)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += a[i * (n + 1)];
	if (!(sum < LARGEST_SUM))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sum of squares of the features is out of range"),
				 errdetail("The largest that is handled is %g.", LARGEST_SUM),
				 errhint("Scale the features down.")));
	return sum;
}

void
spectrum_require_finite(Size n, const double *a)
{
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < n; j++)
			if (!isfinite(a[i * n + j]))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("the products of the features are out of range"),
						 errhint("Scale the features down.")));
	}
}

double
spectrum_cut(double largest, Size n, Size p)
{
	return Max(largest * (double) Max(n, p) * DBL_EPSILON, 0);
}

void
spectrum_eigenvalues(Size order, double *a, Size n, Size p, Size k, double *values)
{
	double	   *ascending = huge_alloc(order * sizeof(double));
	double		cut;

	spectrum_trace(order, a);
	spectrum_require_finite(order, a);
	eigvalsh_f8(order, a, ascending);
	cut = spectrum_cut(ascending[order - 1], n, p);
	for (Size i = 0; i < k; i++)
		values[i] = ascending[order - 1 - i] > cut ? ascending[order - 1 - i] : 0;
	pfree(ascending);
}

static double
sum_of(Size n, const double *weights)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += weights[i];
	return sum;
}

double
spectrum_effective_rank(Size n, const double *weights)
{
	double		sum = sum_of(n, weights);
	double		entropy = 0;

	if (!(sum > 0))
		return NAN;
	for (Size i = 0; i < n; i++)
		if (weights[i] > 0)
			entropy -= weights[i] / sum * log(weights[i] / sum);
	return exp(entropy);
}

double
spectrum_participation_ratio(Size n, const double *weights)
{
	double		sum = sum_of(n, weights);
	double		squares = 0;

	if (!(sum > 0))
		return NAN;
	for (Size i = 0; i < n; i++)
		squares += weights[i] / sum * (weights[i] / sum);
	return 1 / squares;
}

double
spectrum_decay(const double *values, Size first, Size last)
{
	double		n = (double) (last - first + 1);
	double		mean_x = 0;
	double		mean_y = 0;
	double		xx = 0;
	double		xy = 0;

	for (Size i = first; i <= last; i++)
	{
		mean_x += log((double) i) / n;
		mean_y += log(values[i - 1]) / n;
	}
	for (Size i = first; i <= last; i++)
	{
		double		x = log((double) i) - mean_x;

		xx += x * x;
		xy += x * (log(values[i - 1]) - mean_y);
	}
	return -xy / xx;
}
