/*
 * scaling.c
 *		Scaling of a matrix whose squares would overflow or underflow.
 *
 * The safe range is LAPACK's: from sqrt(m) to sqrt(1 / m), m the least normal
 * number over the machine precision.  The factor is a power of two, so scaling
 * loses no bit of a normal number.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "linalg/scaling.h"

#define PART (Size) (1 << 22)	/* elements between checks for interrupts */

HOT_LOOP static double
largest(Size n, const double *a)
{
	double		most = 0;

	for (Size i = 0; i < n; i++)
	{
		double		x = fabs(a[i]);

		most = x > most ? x : most;
	}
	return most;
}

HOT_LOOP static void
multiply(Size n, double *a, double factor)
{
	for (Size i = 0; i < n; i++)
		a[i] *= factor;
}

double
scale_to_safe(Size n, double *a)
{
	double		least = sqrt(DBL_MIN / DBL_EPSILON);
	double		most = 0;
	double		factor;

	for (Size i = 0; i < n; i += PART)
	{
		most = Max(most, largest(Min(PART, n - i), a + i));
		CHECK_FOR_INTERRUPTS();
	}
	if (most == 0 || (most >= least && most <= 1.0 / least))
		return 1.0;
	factor = exp2(rint(log2((most < least ? least : 1.0 / least) / most)));
	if (most * factor > 1.0 / least)
		factor *= 0.5;
	for (Size i = 0; i < n; i += PART)
	{
		multiply(Min(PART, n - i), a + i, factor);
		CHECK_FOR_INTERRUPTS();
	}
	return factor;
}

void
scale_back(Size n, double *values, double factor)
{
	if (factor == 1.0)
		return;
	for (Size i = 0; i < n; i++)
		values[i] /= factor;
}
