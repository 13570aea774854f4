/*
 * qr.h
 *		QR of a tall matrix, for svd.c.
 */
#ifndef NEUROENC_QR_H
#define NEUROENC_QR_H

#include "postgres.h"

/* A = Q R, A column-major m x n, m >= n */
typedef struct TallQr
{
	Size		m,
				n;
	double	   *a;				/* leading dimension m; R above, the reflectors of Q from the diagonal down */
	double	   *tau;			/* n */
} TallQr;

/* Allocates tau, writes R (n x n, column-major, zero below) and leaves Q in A. */
extern void qr_tall(TallQr *qr, double *r);
/* What it adds to progress. */
extern double qr_flops(Size m, Size n);

/* Bytes that it allocates. */
extern Size qr_scratch(Size m, Size n);

/* Reflectors of Q (vectors of length m) */
extern void qr_copy_q(const void *qr, Size first, Size k, double *v);

#endif							/* NEUROENC_QR_H */
