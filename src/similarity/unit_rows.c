/*
 * unit_rows.c
 *		Rows of unit length, and their cosines: 2 m k p flops, one product.
 *
 * A row is divided by its largest element first, so that no square leaves the
 * range of float8.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "linalg/linalg.h"
#include "similarity/unit_rows.h"

Size
unit_rows(Size n, Size p, double *x)
{
	Size		first = n;

	for (Size i = 0; i < n; i++)
	{
		double	   *row = x + i * p;
		double		largest = 0;
		double		squares = 0;

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			largest = Max(largest, fabs(row[j]));
		for (Size j = 0; j < p; j++)
		{
			row[j] /= largest;
			squares += row[j] * row[j];
		}
		for (Size j = 0; j < p; j++)
			row[j] /= sqrt(squares);
		if (!isfinite(squares) || p == 0)
			first = Min(first, i);
	}
	return first;
}

void
unit_cosines(Size m, Size k, Size p, const double *x, const double *y, double *out)
{
	if (m == 1)
		gemv_f8(false, k, p, 1, y, p, x, 0, out);
	else
		gemm_f8(false, true, m, k, p, 1, x, p, y, p, 0, out, k);
	for (Size i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < k; j++)
		{
			double		cosine = out[i * k + j];

			out[i * k + j] = cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
		}
	}
}
