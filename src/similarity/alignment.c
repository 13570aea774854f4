/*
 * alignment.c
 *		The forms of two populations, and their singular values and directions.
 *
 * From rows a thin SVD each, O(n p min(n, p)), singular values below
 * max(n, p) epsilon times the first taken for 0; from moments or kernels a
 * symmetric eigenproblem each, 9 p^3 or 9 n^3, eigenvalues below 1e-10 times the
 * first taken for 0: their own error is 1e-16 of the first, so that what is kept
 * is good to 1e-6.  Negative eigenvalues (RDMs that are not euclidean) go too.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "similarity/alignment.h"

#define RANK_EIGENVALUE 1e-10
#define STRETCH			((Size) 1 << 20)	/* elements between checks for interrupts */

Alignment *
alignment_new(Size n, Size p, Size q)
{
	Alignment  *a = palloc0(sizeof(Alignment));

	a->n = n;
	a->p = p;
	a->q = q;
	a->scale_x = a->scale_y = 1;
	a->claim = memory_claim(CurrentMemoryContext, "alignment");
	return a;
}

double *
alignment_matrix(Alignment *a, Size rows, Size columns)
{
	memory_claim_add(a->claim, size_mul(size_mul(rows, columns), sizeof(double)),
					 "Use fewer units (a random projection keeps distances), or grams instead of rows.");
	return huge_matrix(Max(rows, 1), Max(columns, 1));
}

/* ---- sums ---- */

HOT_LOOP static double
dot_stretch(const double *restrict a, const double *restrict b, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

double
dot_product(const double *a, const double *b, Size n)
{
	double		sum = 0;

	for (Size i = 0; i < n; i += STRETCH)
	{
		CHECK_FOR_INTERRUPTS();
		sum += dot_stretch(a + i, b + i, Min(STRETCH, n - i));
	}
	return sum;
}

/* ---- scaling ---- */

static int
exponent_of_largest(const double *a, Size n)
{
	double		largest = 0;
	int			exponent;

	for (Size i = 0; i < n; i++)
	{
		double		size = fabs(a[i]);

		if (!(size <= DBL_MAX))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("squares of the responses are out of range")));
		largest = Max(largest, size);
	}
	if (largest == 0)
		return 0;
	frexp(largest, &exponent);
	return exponent;
}

static void
scale_by(double *a, Size n, int exponent)
{
	double		half = ldexp(1, exponent / 2);	/* in two steps: 2^exponent may be out of range */
	double		rest = ldexp(1, exponent - exponent / 2);

	for (Size i = 0; i < n && exponent != 0; i++)
		a[i] = a[i] * half * rest;
}

/* Scales a population's rows, or its squares (products or kernel); returns the exponent of its scale. */
static int
scale_population(double *rows, Size n_rows, double *squares, Size n_squares)
{
	int			exponent;

	if (rows)
	{
		exponent = exponent_of_largest(rows, n_rows);
		scale_by(rows, n_rows, -exponent);
		return exponent;
	}
	exponent = exponent_of_largest(squares, n_squares);
	exponent = exponent > 0 ? (exponent + 1) / 2 : exponent / 2;
	scale_by(squares, n_squares, -2 * exponent);
	return exponent;
}

void
alignment_scale(Alignment *a)
{
	Size		kk = a->n * a->n;
	int			ex = scale_population(a->x, a->n * a->p, a->kx ? a->kx : a->xx, a->kx ? kk : a->p * a->p);
	int			ey = scale_population(a->y, a->n * a->q, a->ky ? a->ky : a->yy, a->ky ? kk : a->q * a->q);

	if (a->xy)
		scale_by(a->xy, a->p * a->q, -ex - ey);
	a->scale_x = ldexp(1, ex);
	a->scale_y = ldexp(1, ey);
}

/* ---- products and kernels of rows ---- */

void
alignment_need_products(Alignment *a)
{
	if (a->xx)
		return;
	a->xx = alignment_matrix(a, a->p, a->p);
	a->yy = alignment_matrix(a, a->q, a->q);
	a->xy = alignment_matrix(a, a->p, a->q);
	syrk_f8(true, a->p, a->n, 1, a->x, a->p, 0, a->xx, a->p);
	syrk_f8(true, a->q, a->n, 1, a->y, a->q, 0, a->yy, a->q);
	gemm_f8(true, false, a->p, a->q, a->n, 1, a->x, a->p, a->y, a->q, 0, a->xy, a->q);
}

void
alignment_need_kernels(Alignment *a)
{
	if (a->kx)
		return;
	a->kx = alignment_matrix(a, a->n, a->n);
	a->ky = alignment_matrix(a, a->n, a->n);
	syrk_f8(false, a->n, a->p, 1, a->x, a->p, 0, a->kx, a->n);
	syrk_f8(false, a->n, a->q, 1, a->y, a->q, 0, a->ky, a->n);
}

/* ---- factors ---- */

static Factor
factor_of_rows(Alignment *a, double *x, Size n, Size p)
{
	Size		most = Min(n, p);
	Factor		f = {0, alignment_matrix(a, 1, most), alignment_matrix(a, n, most), most,
	alignment_matrix(a, most, p)};

	svd_f8(n, p, x, f.s, f.u, f.vt);
	while (f.r < most && f.s[f.r] > Max(n, p) * DBL_EPSILON * f.s[0])
		f.r++;
	return f;
}

/* The eigenvectors (rows) and roots of the eigenvalues of a (n x n), largest first. */
static Factor
factor_of_squares(Alignment *a, double *squares, Size n)
{
	double	   *w = alignment_matrix(a, 1, n);
	Factor		f = {0, alignment_matrix(a, 1, n), NULL, 0, NULL};

	eigh_f8(n, squares, w);
	while (f.r < n && w[n - 1 - f.r] > RANK_EIGENVALUE * w[n - 1])
		f.r++;
	f.vt = alignment_matrix(a, f.r, n);
	for (Size i = 0; i < f.r; i++)
	{
		f.s[i] = sqrt(w[n - 1 - i]);
		memcpy(f.vt + i * n, squares + (n - 1 - i) * n, n * sizeof(double));
	}
	return f;
}

/* The eigenvectors of a kernel are U, as columns. */
static Factor
factor_of_kernel(Alignment *a, double *kernel, Size n)
{
	Factor		f = factor_of_squares(a, kernel, n);

	f.ldu = f.r;
	f.u = alignment_matrix(a, n, f.r);
	for (Size i = 0; i < f.r; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size k = 0; k < n; k++)
			f.u[k * f.r + i] = f.vt[i * n + k];
	}
	f.vt = NULL;
	return f;
}

/* Ux' Uy = diag(1/sx) Vx' X'Y Vy diag(1/sy) */
static void
overlap_of_products(Alignment *a, Factors *f)
{
	double	   *half = alignment_matrix(a, f->x.r, a->q);

	gemm_f8(false, false, f->x.r, a->q, a->p, 1, f->x.vt, a->p, a->xy, a->q, 0, half, a->q);
	gemm_f8(false, true, f->x.r, f->y.r, a->q, 1, half, a->q, f->y.vt, a->q, 0, f->m, f->y.r);
	for (Size i = 0; i < f->x.r; i++)
		for (Size j = 0; j < f->y.r; j++)
			f->m[i * f->y.r + j] /= f->x.s[i] * f->y.s[j];
}

Factors
alignment_factors(Alignment *a)
{
	Factors		f;

	if (a->x)
	{
		f.x = factor_of_rows(a, a->x, a->n, a->p);
		f.y = factor_of_rows(a, a->y, a->n, a->q);
	}
	else if (a->kx)
	{
		f.x = factor_of_kernel(a, a->kx, a->n);
		f.y = factor_of_kernel(a, a->ky, a->n);
	}
	else
	{
		f.x = factor_of_squares(a, a->xx, a->p);
		f.y = factor_of_squares(a, a->yy, a->q);
	}
	f.m = alignment_matrix(a, f.x.r, f.y.r);
	if (f.x.r == 0 || f.y.r == 0)
		return f;
	if (f.x.u)
		gemm_f8(true, false, f.x.r, f.y.r, a->n, 1, f.x.u, f.x.ldu, f.y.u, f.y.ldu, 0, f.m, f.y.r);
	else
		overlap_of_products(a, &f);
	return f;
}

double *
factor_coordinates(Alignment *a, const Factor *f, const double *g)
{
	double	   *out = alignment_matrix(a, a->n, f->r);

	for (Size k = 0; k < a->n; k++)
	{
		if ((k & 255) == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < f->r; i++)
			out[k * f->r + i] = f->u[k * f->ldu + i] * g[i];
	}
	return out;
}
