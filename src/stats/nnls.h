/*
 * nnls.h
 *		Non-negative least squares.
 */
#ifndef NEUROENC_NNLS_H
#define NEUROENC_NNLS_H

#include "postgres.h"

/*
 * x (k) >= 0 that minimises |A x - y|^2, from G = A'A (k x k, both triangles) and
 * c = A'y.  A column of zeros, and one that others explain, gets 0.  Allocates
 * NNLS_SCRATCH(k) bytes in CurrentMemoryContext and frees them.
 */
extern void nnls(Size k, const double *g, const double *c, double *x);

#define NNLS_SCRATCH(k) (((Size) (k) * 2 + 6) * (Size) (k) * sizeof(double))

#endif							/* NEUROENC_NNLS_H */
