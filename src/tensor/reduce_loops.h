/*
 * reduce_loops.h
 *		The loops of reduce.c for one element type: included with REAL and its
 *		name in NAME().  All sums are float8 and may be reordered.
 */

HOT_LOOP static double
NAME(sum) (const REAL *x, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

HOT_LOOP static double
NAME(sum_about) (const REAL *x, Size n, double shift)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += x[i] - shift;
	return sum;
}

/* sum of (((x - shift) - mean) * scale)^2 */
HOT_LOOP static double
NAME(sum_squares) (const REAL *x, Size n, double shift, double mean, double scale)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
	{
		double		d = ((x[i] - shift) - mean) * scale;

		sum += d * d;
	}
	return sum;
}

HOT_LOOP static double
NAME(sum_abs) (const REAL *x, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += fabs((double) x[i]);
	return sum;
}

/* sum of (|x| / max)^p */
static double
NAME(sum_powers) (const REAL *x, Size n, double p, double max)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += pow(fabs((double) x[i]) / max, p);
	return sum;
}

HOT_LOOP static void
NAME(extremes) (const REAL *x, Size n, Extremes *e)
{
	REAL		low = (REAL) INFINITY;
	REAL		high = (REAL) -INFINITY;
	Size		nans = 0;

#pragma omp simd reduction(min:low) reduction(max:high) reduction(+:nans)
	for (Size i = 0; i < n; i++)
	{
		REAL		for_low = x[i] == x[i] ? x[i] : (REAL) INFINITY;
		REAL		for_high = x[i] == x[i] ? x[i] : (REAL) -INFINITY;

		low = for_low < low ? for_low : low;
		high = for_high > high ? for_high : high;
		nans += x[i] != x[i];
	}
	e->min = Min(e->min, (double) low);
	e->max = Max(e->max, (double) high);
	e->nans += nans;
}

static Size
NAME(find) (const REAL *x, Size n, double value)
{
	Size		i = 0;

	if (isnan(value))
		while (i < n && !isnan(x[i]))
			i++;
	else
		while (i < n && x[i] != value)
			i++;
	return i;
}

#undef REAL
#undef NAME
