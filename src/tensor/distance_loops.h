/*
 * distance_loops.h
 *		The loops of distance.c for one element type: included with REAL and its
 *		name in NAME().  All sums are float8 and may be reordered.
 */

HOT_LOOP static double
NAME(dot) (const REAL *a, const REAL *b, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += (double) a[i] * b[i];
	return sum;
}

HOT_LOOP static double
NAME(difference_squares) (const REAL *a, const REAL *b, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
	{
		double		d = (double) a[i] - b[i];

		sum += d * d;
	}
	return sum;
}

HOT_LOOP static double
NAME(difference_abs) (const REAL *a, const REAL *b, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += fabs((double) a[i] - b[i]);
	return sum;
}

HOT_LOOP static void
NAME(add_products) (const REAL *a, const REAL *b, Size n, Products *p)
{
	double		ab = 0;
	double		aa = 0;
	double		bb = 0;

#pragma omp simd reduction(+:ab, aa, bb)
	for (Size i = 0; i < n; i++)
	{
		double		x = a[i];
		double		y = b[i];

		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	p->ab += ab;
	p->aa += aa;
	p->bb += bb;
}

HOT_LOOP static void
NAME(add_centred_products) (const REAL *a, const REAL *b, Size n, View u, View v, Products *p)
{
	double		ab = 0;
	double		aa = 0;
	double		bb = 0;

#pragma omp simd reduction(+:ab, aa, bb)
	for (Size i = 0; i < n; i++)
	{
		double		x = (a[i] - u.shift) - u.mean;
		double		y = (b[i] - v.shift) - v.mean;

		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	p->ab += ab;
	p->aa += aa;
	p->bb += bb;
}

/* The same about each view's shift alone, and what is left in sum. */
HOT_LOOP static void
NAME(add_shifted_products) (const REAL *a, const REAL *b, Size n, View u, View v, Products *p, double *sum)
{
	double		ab = 0;
	double		aa = 0;
	double		bb = 0;
	double		sum_a = 0;
	double		sum_b = 0;

#pragma omp simd reduction(+:ab, aa, bb, sum_a, sum_b)
	for (Size i = 0; i < n; i++)
	{
		double		x = a[i] - u.shift;
		double		y = b[i] - v.shift;

		ab += x * y;
		aa += x * x;
		bb += y * y;
		sum_a += x;
		sum_b += y;
	}
	p->ab += ab;
	p->aa += aa;
	p->bb += bb;
	sum[0] += sum_a;
	sum[1] += sum_b;
}

/* The squared distance of two views with their norms taken out. */
HOT_LOOP static double
NAME(unit_squares) (const REAL *a, const REAL *b, Size n, View u, View v)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
	{
		double		d = ((a[i] - u.shift) - u.mean) / u.norm - ((b[i] - v.shift) - v.mean) / v.norm;

		sum += d * d;
	}
	return sum;
}

#undef REAL
#undef NAME
