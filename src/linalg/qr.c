/*
 * qr.c
 *		Householder QR of a tall matrix, recursive in blocks of columns.
 *
 * A block of columns is halved until LEAF columns are left (Elmroth and
 * Gustavson 2000): the left half is factored, its reflectors are applied to the
 * right half by gemm, the right half is factored.  So a matrix of a million
 * rows isn't read once for each column of the block.  2 m n^2 flops.
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/blas.h"
#include "linalg/householder.h"
#include "linalg/linalg.h"
#include "linalg/qr.h"

#define BLOCK	128
#define LONG	65536			/* rows from which blocks are narrower, for V's memory */
#define LEAF	4

typedef struct Work
{
	TallQr	   *qr;
	double	   *v;				/* block x m */
	double	   *t;				/* block x block */
	double	   *scratch;		/* 2 block n */
} Work;

/* Applies reflector 'column' to columns column + 1 + number. */
typedef struct Apply
{
	const TallQr *qr;
	Size		column;
} Apply;

static void
apply_reflector(int64 number, int worker, void *arg)
{
	Apply	   *apply = arg;
	const TallQr *qr = apply->qr;
	Size		c = apply->column;
	int			length = blas_int(qr->m - c);
	const double *v = qr->a + c * qr->m + c;
	double	   *x = qr->a + (c + 1 + (Size) number) * qr->m + c;

	blas.daxpy(length, -qr->tau[c] * blas.ddot(length, v, 1, x, 1), v, 1, x, 1);
}

/* Columns first .. first + k - 1, one at a time; the reflectors get their leading 1, R goes to r. */
static void
factor_leaf(TallQr *qr, Size first, Size k, double *r)
{
	for (Size c = first; c < first + k; c++)
	{
		double	   *x = qr->a + c * qr->m + c;
		int			length = blas_int(qr->m - c);
		int			one = 1;
		Apply		apply = {.qr = qr, .column = c};

		blas.dlarfg(&length, x, length > 1 ? x + 1 : x, &one, &qr->tau[c]);
		r[c * qr->n + c] = x[0];
		x[0] = 1.0;
		parallel_for((int64) (first + k - c - 1), 0, apply_reflector, &apply);
	}
}

void
qr_copy_q(const void *source, Size first, Size k, double *v)
{
	const TallQr *qr = source;
	Size		length = qr->m - first;

	for (Size j = 0; j < k; j++)
	{
		memset(v + j * length, 0, j * sizeof(double));
		memcpy(v + j * length + j, qr->a + (first + j) * qr->m + first + j,
			   (length - j) * sizeof(double));
	}
}

/* Applies reflectors first .. first + k - 1, in reverse, to the 'count' columns after them. */
static void
apply_to_right(const Work *w, Size first, Size k, Size count)
{
	TallQr	   *qr = w->qr;
	Size		length = qr->m - first;

	if (count == 0)
		return;
	qr_copy_q(qr, first, k, w->v);
	householder_form_t(k, length, w->v, qr->tau + first, w->t);
	householder_apply_block(true, count, length, k, w->v, w->t, VECTORS_IN_ROWS,
							qr->a + (first + k) * qr->m + first, qr->m, w->scratch);
}

static void
factor(const Work *w, Size first, Size k, double *r)
{
	Size		half = k / 2;

	if (k <= LEAF)
	{
		factor_leaf(w->qr, first, k, r);
		return;
	}
	factor(w, first, half, r);
	apply_to_right(w, first, half, k - half);
	factor(w, first + half, k - half, r);
}

static Size
block_width(Size m, Size n)
{
	return Min(n, m < LONG ? BLOCK : BLOCK / 4);
}

Size
qr_scratch(Size m, Size n)
{
	Size		block = block_width(m, n);

	return (n + block * m + block * block + 2 * block * n) * sizeof(double);
}

static double
panel_flops(Size m, Size n, Size first, Size k)
{
	return 4.0 * (double) (m - first) * (double) (n - first) * (double) k;
}

double
qr_flops(Size m, Size n)
{
	Size		block = block_width(m, n);
	double		flops = 0;

	for (Size first = 0; first < n; first += block)
		flops += panel_flops(m, n, first, Min(block, n - first));
	return flops;
}

void
qr_tall(TallQr *qr, double *r)
{
	Size		n = qr->n;
	Size		block = block_width(qr->m, n);
	Work		w = {.qr = qr};

	qr->tau = huge_alloc(n * sizeof(double));
	w.v = huge_alloc(block * qr->m * sizeof(double));
	w.t = huge_alloc(block * block * sizeof(double));
	w.scratch = huge_alloc(2 * block * n * sizeof(double));
	memset(r, 0, n * n * sizeof(double));
	for (Size first = 0; first < n; first += block)
	{
		Size		k = Min(block, n - first);

		factor(&w, first, k, r);
		apply_to_right(&w, first, k, n - first - k);
		progress_add(panel_flops(qr->m, n, first, k));
	}
	for (Size c = 0; c < n; c++)
		memcpy(r + c * n, qr->a + c * qr->m, c * sizeof(double));
	pfree(w.scratch);
	pfree(w.t);
	pfree(w.v);
}
