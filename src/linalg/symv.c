/*
 * symv.c
 *		Symmetric matrix times vector, from one triangle.
 *
 * Half of a tridiagonalisation is this, and bound by memory: 4 n^2 bytes, each
 * read once.  Columns are taken four at a time; an element a(r, c) adds a x(c)
 * to y(r) and a x(r) to y(c) while it is in a register.  For threads, columns
 * are in groups of about equal area, each with a sum y of its own; the sums are
 * added in order, so the result has the same bits at any number of threads.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "linalg/blas.h"
#include "linalg/linalg.h"
#include "linalg/symv.h"

#define DIRECT_MAX	1024		/* one dsymv call, in cache */
#define COLUMNS		4
#define LANES		8

typedef double Lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

typedef struct Symv
{
	Size		n;
	const double *a;
	Size		lda;
	const double *x;
	double	   *partial;		/* SYMV_GROUPS x n */
	Size		first[SYMV_GROUPS + 1];
} Symv;

/*
 * For n rows of the four columns at a: y += A xc, and sums += A' x.
 */
HOT_LOOP static void
four_columns(Size n, const double *a, Size lda, const double *xc, const double *x,
			 double *y, double *sums)
{
	const double *a0 = a;
	const double *a1 = a + lda;
	const double *a2 = a + 2 * lda;
	const double *a3 = a + 3 * lda;
	Lanes		s0 = {0},
				s1 = {0},
				s2 = {0},
				s3 = {0};
	Size		r = 0;

	for (; r + LANES <= n; r += LANES)
	{
		Lanes		c0 = *(const Lanes *) (a0 + r);
		Lanes		c1 = *(const Lanes *) (a1 + r);
		Lanes		c2 = *(const Lanes *) (a2 + r);
		Lanes		c3 = *(const Lanes *) (a3 + r);
		Lanes		xr = *(const Lanes *) (x + r);

		*(Lanes *) (y + r) += c0 * xc[0] + c1 * xc[1] + c2 * xc[2] + c3 * xc[3];
		s0 += c0 * xr;
		s1 += c1 * xr;
		s2 += c2 * xr;
		s3 += c3 * xr;
	}
	for (; r < n; r++)
	{
		y[r] += a0[r] * xc[0] + a1[r] * xc[1] + a2[r] * xc[2] + a3[r] * xc[3];
		s0[0] += a0[r] * x[r];
		s1[0] += a1[r] * x[r];
		s2[0] += a2[r] * x[r];
		s3[0] += a3[r] * x[r];
	}
	for (int i = 0; i < LANES; i++)
	{
		sums[0] += s0[i];
		sums[1] += s1[i];
		sums[2] += s2[i];
		sums[3] += s3[i];
	}
}

/* One column, and so the triangle at the diagonal: rows c .. end - 1. */
static void
column(const Symv *s, Size c, Size end, double *y)
{
	const double *a = s->a + c * s->lda;

	y[c] += a[c] * s->x[c];
	for (Size r = c + 1; r < end; r++)
	{
		y[r] += a[r] * s->x[c];
		y[c] += a[r] * s->x[r];
	}
}

static void
symv_group(int64 group, int worker, void *arg)
{
	Symv	   *s = arg;
	double	   *y = s->partial + (Size) group * s->n;
	Size		end = s->first[group + 1];

	memset(y + s->first[group], 0, (s->n - s->first[group]) * sizeof(double));
	for (Size c = s->first[group]; c < end; c += COLUMNS)
	{
		Size		below = c + COLUMNS;

		if (below > end)
		{
			for (; c < end; c++)
				column(s, c, s->n, y);
			break;
		}
		for (Size i = c; i < below; i++)
			column(s, i, below, y);
		four_columns(s->n - below, s->a + c * s->lda + below, s->lda, s->x + c, s->x + below,
					 y + below, y + c);
	}
}

void
symv(Size n, const double *a, Size lda, const double *x, double *y, double *partial)
{
	Symv		s = {.n = n, .a = a, .lda = lda, .x = x, .partial = partial};

	if (n <= DIRECT_MAX)
	{
		blas.dsymv(COL_MAJOR, LOWER, blas_int(n), 1.0, a, blas_int(lda), x, 1, 0.0, y, 1);
		return;
	}
	for (int g = 0; g < SYMV_GROUPS; g++)
		s.first[g] = (Size) ((double) n * (1.0 - sqrt(1.0 - (double) g / SYMV_GROUPS))) /
			COLUMNS * COLUMNS;
	s.first[SYMV_GROUPS] = n;
	parallel_for(SYMV_GROUPS, 0, symv_group, &s);
	memcpy(y, partial, n * sizeof(double));
	for (int g = 1; g < SYMV_GROUPS; g++)
		blas.daxpy(blas_int(n - s.first[g]), 1.0, partial + (Size) g * n + s.first[g], 1,
				   y + s.first[g], 1);
}
