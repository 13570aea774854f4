/*
 * accumulate_loops.h
 *		The loops of accumulate.c that read rows of one element type: included
 *		with REAL and its name in NAME().
 */

HOT_LOOP static void
NAME(add) (double *restrict sum, const REAL *restrict x, Size n)
{
	for (Size i = 0; i < n; i++)
		sum[i] += x[i];
}

HOT_LOOP static void
NAME(add_valid) (double *restrict sum, double *restrict count, const REAL *restrict x, Size n)
{
	for (Size i = 0; i < n; i++)
	{
		bool		valid = x[i] == x[i];

		sum[i] += valid ? x[i] : 0;
		count[i] += valid ? 1 : 0;
	}
}

HOT_LOOP static void
NAME(count_valid) (double *restrict count, const REAL *restrict x, Size n)
{
	for (Size i = 0; i < n; i++)
		count[i] += x[i] == x[i] ? 1 : 0;
}

/* the second comparison lets a NaN in; the first keeps it there */
HOT_LOOP static void
NAME(lower) (double *restrict min, const REAL *restrict x, Size n)
{
	for (Size i = 0; i < n; i++)
	{
		double		v = x[i];

		min[i] = (v < min[i]) | (v != v) ? v : min[i];
	}
}

HOT_LOOP static void
NAME(raise) (double *restrict max, const REAL *restrict x, Size n)
{
	for (Size i = 0; i < n; i++)
	{
		double		v = x[i];

		max[i] = (v > max[i]) | (v != v) ? v : max[i];
	}
}

/* rows is the number of rows with this one */
HOT_LOOP static void
NAME(add_moments) (double *restrict mean, double *restrict squares, double rows,
				   const REAL *restrict x, Size n)
{
	const double share = 1 / rows;

	for (Size i = 0; i < n; i++)
	{
		double		before = x[i] - mean[i];

		mean[i] += before * share;
		squares[i] += before * (x[i] - mean[i]);
	}
}

#undef REAL
#undef NAME
