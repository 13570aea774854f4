/*
 * symv.h
 *		Symmetric matrix times vector, shared by threads, for eigen.c.
 */
#ifndef NEUROENC_SYMV_H
#define NEUROENC_SYMV_H

#include "postgres.h"

#define SYMV_GROUPS 16			/* partial sums */

/*
 * y = A x, A n x n column-major of which only the lower triangle is read.
 * partial: SYMV_GROUPS x n doubles of scratch.  Open to interrupts.
 */
extern void symv(Size n, const double *a, Size lda, const double *x, double *y, double *partial);

#endif							/* NEUROENC_SYMV_H */
