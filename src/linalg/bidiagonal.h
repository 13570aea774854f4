/*
 * bidiagonal.h
 *		Reduction of a tall matrix to bidiagonal form, for svd.c.
 */
#ifndef NEUROENC_BIDIAGONAL_H
#define NEUROENC_BIDIAGONAL_H

#include "postgres.h"

/* A = Q B P', A column-major m x n, m >= n >= 1, B upper bidiagonal. */
typedef struct Bidiagonal
{
	Size		m,
				n;
	double	   *a;				/* leading dimension m; holds the reflectors of Q and P in the end */
	double	   *d;				/* n: diagonal of B */
	double	   *e;				/* n - 1: above it */
	double	   *tauq;			/* n */
	double	   *taup;			/* n - 1 */
} Bidiagonal;

/* Allocates all but A, and reduces A; calls progress_add(8 / 3 n^3-like flops). */
extern void bidiagonalise(Bidiagonal *b);
/* What it adds to progress. */
extern double bidiagonal_flops(Size m, Size n);

/* Bytes that it allocates. */
extern Size bidiagonal_scratch(Size m, Size n);

/* Reflectors of Q (vectors of length m) and P (length n - 1: element 0 is left alone). */
extern void bidiagonal_copy_q(const void *b, Size first, Size k, double *v);
extern void bidiagonal_copy_p(const void *b, Size first, Size k, double *v);

#endif							/* NEUROENC_BIDIAGONAL_H */
