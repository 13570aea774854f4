/*
 * lanczos.c
 *		The largest eigenvalue of a symmetric matrix and its eigenvector.
 *
 * Lanczos iteration with full reorthogonalisation (Golub and Van Loan 2013,
 * section 10.3) from a random start, 2 n^2 + 4 n m flops at step m; mostly 10 to
 * 40 steps reach rounding.  What STEPS steps do not settle (a gap near 0) is
 * left to the complete decomposition, as are small matrices.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "linalg/linalg.h"

#define SMALL		48
#define STEPS		64
#define CHECK_EVERY 8

Size
eigh_top_scratch(Size n)
{
	Size		whole = size_add(size_mul(size_mul(n, n), sizeof(double)), eigh_scratch(n));

	return size_add(whole, size_mul(size_mul(STEPS + 2, n), sizeof(double)));
}

static double
norm_of(const double *x, Size n)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += x[i] * x[i];
	return sqrt(sum);
}

static double
whole_decomposition(Size n, const double *a, double *x)
{
	double	   *copy = huge_matrix(n, n);
	double	   *w = huge_matrix(1, n);
	double		top;

	memcpy(copy, a, n * n * sizeof(double));
	eigh_f8(n, copy, w);
	memcpy(x, copy + (n - 1) * n, n * sizeof(double));
	top = w[n - 1];
	pfree(copy);
	pfree(w);
	return top;
}

/* The largest eigenvalue of the m x m tridiagonal matrix and its vector s. */
static double
ritz(int m, const double *diagonal, const double *beside, double *s)
{
	double		t[STEPS * STEPS];
	double		w[STEPS];

	memset(t, 0, sizeof(t));
	for (int i = 0; i < m; i++)
	{
		t[i * m + i] = diagonal[i];
		if (i + 1 < m)
			t[i * m + i + 1] = t[(i + 1) * m + i] = beside[i];
	}
	eigh_f8(m, t, w);
	memcpy(s, t + (Size) (m - 1) * m, m * sizeof(double));
	return w[m - 1];
}

double
eigh_top_f8(Size n, const double *a, double *x)
{
	double		diagonal[STEPS];
	double		beside[STEPS];
	double		s[STEPS];
	double		top = 0;
	double	   *v;				/* STEPS x n: the orthonormal vectors */
	double	   *y;
	double	   *dots;
	double		scale;
	RandomStream random;
	bool		settled = false;
	int			m = 0;

	if (n <= SMALL)
		return whole_decomposition(n, a, x);

	v = huge_matrix(STEPS, n);
	y = huge_matrix(1, n);
	dots = palloc(STEPS * sizeof(double));
	random_start(&random, 0, n);
	for (Size i = 0; i < n; i++)
		v[i] = random_gaussian(&random);
	scale = norm_of(v, n);
	for (Size i = 0; i < n; i++)
		v[i] /= scale;
	while (m < STEPS && !settled)
	{
		CHECK_FOR_INTERRUPTS();
		gemv_f8(false, n, n, 1, a, n, v + m * n, 0, y);
		for (int twice = 0; twice < 2; twice++)
		{
			gemv_f8(false, m + 1, n, 1, v, n, y, 0, dots);
			if (twice == 0)
				diagonal[m] = dots[m];
			gemv_f8(true, n, m + 1, -1, v, n, dots, 1, y);
		}
		beside[m] = norm_of(y, n);
		m++;
		if (m % CHECK_EVERY == 0 || beside[m - 1] <= DBL_EPSILON * fabs(top))
		{
			top = ritz(m, diagonal, beside, s);
			settled = fabs(beside[m - 1] * s[m - 1]) <= DBL_EPSILON * fabs(top);
		}
		if (m < STEPS && !settled)
			for (Size i = 0; i < n; i++)
				v[m * n + i] = y[i] / beside[m - 1];
	}
	if (settled)
		gemv_f8(true, n, m, 1, v, n, s, 0, x);
	pfree(v);
	pfree(y);
	pfree(dots);
	return settled ? top : whole_decomposition(n, a, x);
}
