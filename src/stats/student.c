/*
 * student.c
 *		Tail probabilities and critical values of Student's t.
 *
 * P(|T| >= |t|) is the regularised incomplete beta function I_x(df / 2, 1 / 2)
 * at x = df / (df + t^2) (DLMF 8.17), by its continued fraction in the form of
 * DiDonato and Morris (1992, equation 9), on the side of the mean where that
 * converges fast; the other side is one minus it.  The relative error is about
 * 1e-12 up to 1e9 degrees of freedom, down to the smallest normal float8.
 *
 * The subtlety: x lies within t^2 / df of 1, so that 1 - x is an argument of
 * its own, x^a is exp(-a log1p(t^2 / df)), and the gamma functions enter as the
 * ratio of two neighbours.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "stats/student.h"

#define MAX_TERMS	10000
#define LARGE_A		30			/* from here on the ratio's series has converged */

/* -log B(a, 1/2) */
static double
minus_log_beta(double a)
{
	double		s = 1 / (a * a);
	double		log_ratio;		/* of Gamma(a + 1/2) to Gamma(a) */

	if (a < LARGE_A)
		log_ratio = lgamma(a + 0.5) - lgamma(a);
	else						/* Stirling's series of both (DLMF 5.11.8), subtracted */
		log_ratio = 0.5 * log(a) - (1.0 / 8 - s * (1.0 / 192 - s * (1.0 / 640 - s * 17 / 14336))) / a;
	return log_ratio - 0.5 * log(M_PI);
}

/* K of I_x(a, b) = x^a y^b / B(a, b) / K, y = 1 - x, for x <= a / (a + b); modified Lentz recurrence */
static double
beta_fraction(double a, double b, double x, double y)
{
	double		lambda = a * y - b * x;
	double		value = a * (lambda + 1) / (a + 1);
	double		c = value;
	double		d = 0;

	for (int n = 1; n < MAX_TERMS; n++)
	{
		double		s = a + 2 * n - 1;
		double		top = (a + n - 1) / s * ((a + b + n - 1) / s) * n * (b - n) * x * x;
		double		bottom = n + n * (b - n) * x / s + (a + n) * (lambda + 1 + n * (1 + y)) / (s + 2);
		double		step;

		d = 1 / (bottom + top * d);
		c = bottom + top / c;
		step = c * d;
		value *= step;
		if (fabs(step - 1) < DBL_EPSILON)
			break;
	}
	return value;
}

double
student_two_sided(double t, double df)
{
	double		a = df / 2;
	double		ratio = fabs(t) / sqrt(df);
	double		square = ratio * ratio;
	double		x = 1 / (1 + square);	/* df / (df + t^2) */
	double		y = isinf(square) ? 1 : square / (1 + square);
	double		log_x = isinf(square) ? -2 * log(ratio) : -log1p(square);
	double		front;

	if (isnan(t) || !(df > 0))
		return NAN;
	if (t == 0)
		return 1;
	if (isinf(t))
		return 0;
	front = exp(minus_log_beta(a) + a * log_x) * sqrt(y);
	if (a * y >= x / 2)
		return Min(1, front / beta_fraction(a, 0.5, x, y));
	return Max(0, 1 - front / beta_fraction(0.5, a, y, x));
}

double
student_critical(double p, double df)
{
	double		low = 0;
	double		high = 1;

	if (!(p > 0 && p < 1) || !(df > 0))
		return NAN;
	while (student_two_sided(high, df) > p)
	{
		low = high;
		high *= 2;
	}
	for (;;)
	{
		double		mid = low + (high - low) / 2;

		if (mid <= low || mid >= high)
			return mid;
		if (student_two_sided(mid, df) > p)
			low = mid;
		else
			high = mid;
	}
}
