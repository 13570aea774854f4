/*
 * alignment.h
 *		Two populations to be aligned, in whichever form they came: rows, centred
 *		products (moments), or centred kernels (of RDMs).
 *
 * Measures take what they need from the form there is: rows give the others,
 * moments and kernels give the singular values and directions of each population
 * (Factors), by squares: what rows resolve to 1e-15 of the largest singular
 * value, these resolve to 1e-7.
 *
 * Numbers are scaled by powers of two, which no scale-free measure sees and
 * which keep squares of squares in range: the population itself is scale_x
 * times what is stored here.
 */
#ifndef NEUROENC_ALIGNMENT_H
#define NEUROENC_ALIGNMENT_H

#include "postgres.h"

#include "base/memory.h"

typedef struct Alignment
{
	Size		n;				/* rows, conditions */
	Size		p;				/* units of x, of y; 0: unknown (kernels) */
	Size		q;
	double		scale_x;
	double		scale_y;
	double	   *x;				/* n x p, n x q, centred; or NULL */
	double	   *y;
	double	   *xx;				/* p x p, q x q, p x q; or NULL */
	double	   *yy;
	double	   *xy;
	double	   *kx;				/* n x n; or NULL */
	double	   *ky;
	MemoryClaim *claim;
} Alignment;

/* One population: X = U diag(s) V', its first r components. */
typedef struct Factor
{
	Size		r;				/* its rank */
	double	   *s;				/* r, descending; of what is stored */
	double	   *u;				/* n x r, row stride ldu; NULL from moments */
	Size		ldu;
	double	   *vt;				/* r x p; NULL from kernels */
} Factor;

typedef struct Factors
{
	Factor		x;
	Factor		y;
	double	   *m;				/* Ux' Uy, x.r x y.r: its singular values are the canonical correlations */
} Factors;

/* ---- making; matrices live in CurrentMemoryContext, claimed ---- */

extern Alignment *alignment_new(Size n, Size p, Size q);
extern double *alignment_matrix(Alignment *a, Size rows, Size columns);

/* To be called when the form is complete: scales it. */
extern void alignment_scale(Alignment *a);

/* ---- from rows to the other forms ---- */
extern void alignment_need_products(Alignment *a);
extern void alignment_need_kernels(Alignment *a);

/* Uses up the rows, products or kernels. */
extern Factors alignment_factors(Alignment *a);

/* u diag(g), n x r: coordinates of the rows in a factor's components */
extern double *factor_coordinates(Alignment *a, const Factor *f, const double *g);

/* ---- sums over n elements, interruptible ---- */
extern double dot_product(const double *a, const double *b, Size n);

#endif							/* NEUROENC_ALIGNMENT_H */
