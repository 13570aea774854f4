/*
 * cholesky.c
 *		Cholesky factorisation and triangular solves, by blocks.
 *
 * Right-looking: factor a diagonal block (LAPACK's dpotrf), solve the rows
 * below it, subtract their product from the rest (a triangle of gemm tiles).
 * n^3 / 3 flops, nearly all of them in tiles that threads share and that end at
 * an interrupt.  A row-major lower triangle is a column-major upper one, which
 * is what LAPACK is told.
 */
#include "postgres.h"

#include <math.h>

#include "linalg/blas.h"
#include "linalg/linalg.h"
#include "linalg/parallel.h"

#define BLOCK			256
#define ROWS_OF_TASK	256
#define COLUMNS_OF_TASK 512

/* Solves with a diagonal block, in parts of the other dimension. */
typedef struct Solve
{
	const double *l;
	Size		ldl;
	Size		n;				/* order of the block */
	double	   *b;
	Size		ldb;
	Size		m;				/* the other dimension of B */
	bool		trans;
} Solve;

/* B (m x n) = B inv(L'), a part of its rows */
static void
solve_rows(int64 number, int worker, void *arg)
{
	Solve	   *s = arg;
	Size		first = (Size) number * ROWS_OF_TASK;

	blas.dtrsm(ROW_MAJOR, RIGHT, LOWER, TRANS, NON_UNIT,
			   blas_int(Min(ROWS_OF_TASK, s->m - first)), blas_int(s->n), 1.0,
			   s->l, blas_int(s->ldl), s->b + first * s->ldb, blas_int(s->ldb));
}

/* B (n x m) = inv(op(L)) B, a part of its columns */
static void
solve_columns(int64 number, int worker, void *arg)
{
	Solve	   *s = arg;
	Size		first = (Size) number * COLUMNS_OF_TASK;

	blas.dtrsm(ROW_MAJOR, LEFT, LOWER, s->trans ? TRANS : NO_TRANS, NON_UNIT,
			   blas_int(s->n), blas_int(Min(COLUMNS_OF_TASK, s->m - first)), 1.0,
			   s->l, blas_int(s->ldl), s->b + first, blas_int(s->ldb));
}

static int64
parts(Size n, Size part)
{
	return (int64) ((n + part - 1) / part);
}

/* Factors a diagonal block; as cholesky_f8. */
static Size
factor_block(Size n, double *a, Size lda)
{
	int			order = blas_int(n);
	int			ld = blas_int(lda);
	int			info;

	blas.dpotrf("U", &order, a, &ld, &info, 1);
	if (info != 0)
		return (Size) info;
	for (Size i = 0; i < n; i++)
		if (!(a[i * lda + i] > 0) || isinf(a[i * lda + i]))
			return i + 1;		/* overflow: OpenBLAS lets NaN pass */
	return 0;
}

Size
cholesky_f8(Size n, double *a, Size lda)
{
	blas_keep_single();
	for (Size i = 0; i < n; i += BLOCK)
	{
		Size		order = Min(BLOCK, n - i);
		Size		below = n - i - order;
		double	   *diagonal = a + i * lda + i;
		double	   *panel = diagonal + order * lda;
		Size		info = factor_block(order, diagonal, lda);
		Solve		s = {.l = diagonal, .ldl = lda, .n = order, .b = panel, .ldb = lda, .m = below};

		if (info != 0)
			return i + info;
		parallel_for(parts(below, ROWS_OF_TASK), 0, solve_rows, &s);
		syrk_lower_f8(false, below, order, -1.0, panel, lda, 1.0, panel + order, lda);
	}
	for (Size i = 0; i < n; i++)
		memset(a + i * lda + i + 1, 0, (n - i - 1) * sizeof(double));
	return 0;
}

void
trsm_lower_f8(bool trans, Size n, Size m, const double *l, Size ldl, double *b, Size ldb)
{
	Size		blocks = (n + BLOCK - 1) / BLOCK;

	for (Size step = 0; step < blocks; step++)
	{
		Size		i = (trans ? blocks - 1 - step : step) * BLOCK;
		Size		order = Min(BLOCK, n - i);
		double	   *mine = b + i * ldb;
		Solve		s = {.l = l + i * ldl + i, .ldl = ldl, .n = order, .b = mine, .ldb = ldb,
		.m = m, .trans = trans};

		parallel_for(parts(m, COLUMNS_OF_TASK), 0, solve_columns, &s);
		if (trans)
			gemm_f8(true, false, i, m, order, -1.0, l + i * ldl, ldl, mine, ldb, 1.0, b, ldb);
		else
			gemm_f8(false, false, n - i - order, m, order, -1.0, l + (i + order) * ldl + i, ldl,
					mine, ldb, 1.0, b + (i + order) * ldb, ldb);
	}
}

void
trsm_rows_f8_raw(Size n, Size m, const double *l, Size ldl, double *b, Size ldb)
{
	if (n == 0 || m == 0)
		return;
	blas.dtrsm(ROW_MAJOR, RIGHT, LOWER, TRANS, NON_UNIT, blas_int(m), blas_int(n), 1.0,
			   l, blas_int(ldl), b, blas_int(ldb));
}
