/*
 * bidiagonal.c
 *		Householder bidiagonalisation in panels.
 *
 * Dongarra, Sorensen and Hammarling 1989, as in LAPACK's dgebrd and dlabrd: a
 * panel of PANEL columns and rows is reduced with two matrix-vector products
 * over the rest of A for each, giving X and Y such that the rest is still to be
 * changed by -V Y' - X U'; that is done by gemm.  4 m n^2 - 4/3 n^3 flops, half
 * of them bound by memory.  The two large products are shared by threads and
 * end at interrupts; all else on a panel is small.
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/bidiagonal.h"
#include "linalg/blas.h"
#include "linalg/householder.h"
#include "linalg/linalg.h"

#define PANEL 32

/* y = alpha op(A) x + beta y, A column-major m x n; nothing if A is empty */
static void
mv(int trans, Size m, Size n, double alpha, const double *a, Size lda, const double *x, Size incx,
   double beta, double *y, Size incy)
{
	if (m > 0 && n > 0)
		blas.dgemv(COL_MAJOR, trans, blas_int(m), blas_int(n), alpha, a, blas_int(lda),
				   x, blas_int(incx), beta, y, blas_int(incy));
}

/* The reflector that maps x (n elements, stride inc) to a multiple of the first axis: beta
 * returned, 1 and the rest of v left in x. */
static double
reflector(Size n, double *x, Size inc, double *tau)
{
	int			length = blas_int(n);
	int			stride = blas_int(inc);
	double		beta;

	blas.dlarfg(&length, x, n > 1 ? x + inc : x, &stride, tau);
	beta = x[0];
	x[0] = 1.0;
	return beta;
}

/* Columns and rows p .. p + k - 1.  X has m rows, Y n, both a column for each. */
static void
reduce_panel(const Bidiagonal *b, Size p, Size k, double *x_panel, double *y_panel)
{
	Size		ld = b->m;
	Size		ldy = b->n;
	Size		m = b->m - p;
	Size		n = b->n - p;
	double	   *a = b->a + p * ld + p;
	double	   *x = x_panel + p;
	double	   *y = y_panel + p;

	for (Size i = 0; i < k; i++)
	{
		Size		right = n - i - 1;
		Size		below = m - i - 1;
		double	   *column = a + i * ld + i;
		double	   *rest = a + (i + 1) * ld;	/* row 0 of the columns to the right */
		double	   *row = rest + i;
		double	   *yi = y + i * ldy;
		double	   *xi = x + i * ld;

		mv(NO_TRANS, m - i, i, -1.0, a + i, ld, y + i, ldy, 1.0, column, 1);
		mv(NO_TRANS, m - i, i, -1.0, x + i, ld, a + i * ld, 1, 1.0, column, 1);
		b->d[p + i] = reflector(m - i, column, 1, &b->tauq[p + i]);
		if (right == 0)
			return;

		panel_gemv(true, m - i, right, row, ld, column, 1, yi + i + 1);
		mv(TRANS, m - i, i, 1.0, a + i, ld, column, 1, 0.0, yi, 1);
		mv(NO_TRANS, right, i, -1.0, y + i + 1, ldy, yi, 1, 1.0, yi + i + 1, 1);
		mv(TRANS, m - i, i, 1.0, x + i, ld, column, 1, 0.0, yi, 1);
		mv(TRANS, i, right, -1.0, rest, ld, yi, 1, 1.0, yi + i + 1, 1);
		blas.dscal(blas_int(right), b->tauq[p + i], yi + i + 1, 1);

		mv(NO_TRANS, right, i + 1, -1.0, y + i + 1, ldy, a + i, ld, 1.0, row, ld);
		mv(TRANS, i, right, -1.0, rest, ld, x + i, ld, 1.0, row, ld);
		b->e[p + i] = reflector(right, row, ld, &b->taup[p + i]);

		panel_gemv(false, below, right, row + 1, ld, row, ld, xi + i + 1);
		mv(TRANS, right, i + 1, 1.0, y + i + 1, ldy, row, ld, 0.0, xi, 1);
		mv(NO_TRANS, below, i + 1, -1.0, a + i + 1, ld, xi, 1, 1.0, xi + i + 1, 1);
		mv(NO_TRANS, i, right, 1.0, rest, ld, row, ld, 0.0, xi, 1);
		mv(NO_TRANS, below, i, -1.0, x + i + 1, ld, xi, 1, 1.0, xi + i + 1, 1);
		blas.dscal(blas_int(below), b->taup[p + i], xi + i + 1, 1);
	}
}

/* The rest: A -= V Y' + X U'.  Row-major it is the transposes: A' -= Y V' + U' X'. */
static void
update_rest(const Bidiagonal *b, Size p, Size k, const double *x, const double *y)
{
	Size		ld = b->m;
	Size		next = p + k;
	Size		m = b->m - next;
	Size		n = b->n - next;
	double	   *a = b->a + next * ld + next;

	gemm_f8(true, false, n, m, k, -1.0, y + next, b->n, b->a + p * ld + next, ld, 1.0, a, ld);
	gemm_f8(false, false, n, m, k, -1.0, b->a + next * ld + p, ld, x + next, ld, 1.0, a, ld);
}

Size
bidiagonal_scratch(Size m, Size n)
{
	return (4 * n + Min(PANEL, n) * (m + n)) * sizeof(double);
}

static double
panel_flops(Size m, Size n, Size p)
{
	return 8.0 * (double) (m - p) * (double) (n - p) * (double) Min(PANEL, n - p);
}

double
bidiagonal_flops(Size m, Size n)
{
	double		flops = 0;

	for (Size p = 0; p < n; p += PANEL)
		flops += panel_flops(m, n, p);
	return flops;
}

void
bidiagonalise(Bidiagonal *b)
{
	Size		n = b->n;
	double	   *x = huge_alloc(b->m * Min(PANEL, n) * sizeof(double));
	double	   *y = huge_alloc(n * Min(PANEL, n) * sizeof(double));

	b->d = huge_alloc(n * sizeof(double));
	b->e = huge_alloc(n * sizeof(double));
	b->tauq = huge_alloc(n * sizeof(double));
	b->taup = huge_alloc(n * sizeof(double));
	for (Size p = 0; p < n; p += PANEL)
	{
		Size		k = Min(PANEL, n - p);

		reduce_panel(b, p, k, x, y);
		if (p + k < n)
			update_rest(b, p, k, x, y);
		progress_add(panel_flops(b->m, n, p));
	}
	pfree(y);
	pfree(x);
}

void
bidiagonal_copy_q(const void *source, Size first, Size k, double *v)
{
	const Bidiagonal *b = source;
	Size		length = b->m - first;

	for (Size j = 0; j < k; j++)
	{
		memset(v + j * length, 0, j * sizeof(double));
		memcpy(v + j * length + j, b->a + (first + j) * b->m + first + j,
			   (length - j) * sizeof(double));
	}
}

void
bidiagonal_copy_p(const void *source, Size first, Size k, double *v)
{
	const Bidiagonal *b = source;
	Size		length = b->n - 1 - first;

	for (Size j = 0; j < k; j++)
	{
		const double *row = b->a + (first + 1) * b->m + first + j;

		memset(v + j * length, 0, j * sizeof(double));
		for (Size c = j; c < length; c++)
			v[j * length + c] = row[c * b->m];
	}
}
