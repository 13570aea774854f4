/*
 * lu.c
 *		General linear systems: LU factorisation with partial pivoting.
 *
 * Right-looking by panels: LAPACK's dgetrf on a tall panel, its row exchanges
 * on the other columns, a triangular solve, and a product subtracted from the
 * rest.  2/3 n^3 flops, nearly all in gemm tiles.
 *
 * LAPACK sees row-major A as A', so what is factored is A' = P L U, and A x = b
 * is solved as x = P inv(L') inv(U') b.  U' is the row-major lower triangle of
 * what is left in A, L' the upper one with a unit diagonal.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/blas.h"
#include "linalg/linalg.h"

#define PANEL			128
#define COLUMNS_OF_TASK 256

typedef struct Factors
{
	Size		n;
	double	   *a;
	int		   *exchanged;		/* row i was exchanged with this one, 0-based */
	Size		p,				/* this panel */
				k;
} Factors;

/* Of the panel's pivots, on the columns before and after it; then U's part of those after. */
static void
exchange_and_solve(int64 number, int worker, void *arg)
{
	Factors    *f = arg;
	Size		first = (Size) number * COLUMNS_OF_TASK;
	Size		end = Min(f->n, first + COLUMNS_OF_TASK);
	Size		after;

	for (Size c = first; c < end; c++)
	{
		double	   *column = f->a + c * f->n;

		if (c >= f->p && c < f->p + f->k)
			continue;
		for (Size i = f->p; i < f->p + f->k; i++)
		{
			double		swap = column[i];

			column[i] = column[f->exchanged[i]];
			column[f->exchanged[i]] = swap;
		}
	}
	after = Max(first, f->p + f->k);
	if (after < end)
		blas.dtrsm(COL_MAJOR, LEFT, LOWER, NO_TRANS, UNIT, blas_int(f->k), blas_int(end - after),
				   1.0, f->a + f->p * f->n + f->p, blas_int(f->n),
				   f->a + after * f->n + f->p, blas_int(f->n));
}

/* Returns 0, or k > 0 when U's diagonal element k is zero or not finite. */
static Size
factor(Factors *f)
{
	Size		n = f->n;
	int			ld = blas_int(n);

	for (Size p = 0; p < n; p += PANEL)
	{
		Size		k = Min(PANEL, n - p);
		Size		next = p + k;
		int			rows = blas_int(n - p);
		int			columns = blas_int(k);
		int			info;

		blas.dgetrf(&rows, &columns, f->a + p * n + p, &ld, f->exchanged + p, &info);
		if (info != 0)
			return p + (Size) info;
		for (Size i = p; i < next; i++)
		{
			f->exchanged[i] += (int) p - 1; /* Fortran's count, from the panel's top */
			if (!isfinite(f->a[i * n + i]))
				return i + 1;
		}
		f->p = p;
		f->k = k;
		parallel_for((int64) ((n + COLUMNS_OF_TASK - 1) / COLUMNS_OF_TASK), 0,
					 exchange_and_solve, f);
		gemm_f8(false, false, n - next, n - next, k, -1.0, f->a + next * n + p, n,
				f->a + p * n + next, n, 1.0, f->a + next * n + next, n);
	}
	return 0;
}

/* B = inv(T) B, T row-major upper with unit diagonal, by panels from the last */
static void
solve_unit_upper(Size n, Size m, const double *t, double *b)
{
	for (Size end = n; end > 0;)
	{
		Size		p = (end - 1) / PANEL * PANEL;
		Size		k = end - p;

		for (Size c = 0; c < m; c += COLUMNS_OF_TASK)
		{
			blas.dtrsm(ROW_MAJOR, LEFT, UPPER, NO_TRANS, UNIT, blas_int(k),
					   blas_int(Min(COLUMNS_OF_TASK, m - c)), 1.0, t + p * n + p, blas_int(n),
					   b + p * m + c, blas_int(m));
			CHECK_FOR_INTERRUPTS();
		}
		gemm_f8(false, false, p, m, k, -1.0, t + p, n, b + p * m, m, 1.0, b, m);
		end = p;
	}
}

Size
solve_f8(Size n, Size m, double *a, double *b)
{
	Factors		f = {.n = n, .a = a, .exchanged = palloc(Max(n, 1) * sizeof(int))};
	Size		info;

	blas_keep_single();
	info = factor(&f);
	if (info == 0)
	{
		trsm_lower_f8(false, n, m, a, n, b, m);
		solve_unit_upper(n, m, a, b);
		for (Size i = n; i-- > 0;)
		{
			double	   *one = b + i * m;
			double	   *other = b + (Size) f.exchanged[i] * m;

			for (Size c = 0; c < m && one != other; c++)
			{
				double		swap = one[c];

				one[c] = other[c];
				other[c] = swap;
			}
		}
	}
	pfree(f.exchanged);
	return info;
}
