/*
 * differences.c
 *		Distances of two rows from their differences: what decides where products
 *		of rows would lose digits.  One place, so that the same two rows have the
 *		same distance everywhere.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/progress.h"
#include "stats/differences.h"

HOT_LOOP double
squared_difference(const double *a, const double *b, Size d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size k = 0; k < d; k++)
		sum += (a[k] - b[k]) * (a[k] - b[k]);
	return sum;
}

HOT_LOOP double
squared_length(const double *x, Size d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size k = 0; k < d; k++)
		sum += x[k] * x[k];
	return sum;
}

HOT_LOOP double
inner_product(const double *a, const double *b, Size d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size k = 0; k < d; k++)
		sum += a[k] * b[k];
	return sum;
}

HOT_LOOP double
absolute_difference(const double *a, const double *b, Size d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size k = 0; k < d; k++)
		sum += fabs(a[k] - b[k]);
	return sum;
}

int
scale_to_one(Size size, double *x)
{
	double		largest = 0;
	int			power = 0;

	for (Size i = 0; i < size; i++)
	{
		breathe(true, i);
		largest = Max(largest, fabs(x[i]));
	}
	(void) frexp(largest, &power);
	for (Size i = 0; i < size; i++)
	{
		breathe(true, i);
		x[i] = ldexp(x[i], -power);
	}
	return power;
}
