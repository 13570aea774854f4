/*
 * orthonormal.h
 *		Orthonormal rows.
 */
#ifndef NEUROENC_ORTHONORMAL_H
#define NEUROENC_ORTHONORMAL_H

#include "postgres.h"

/*
 * A (k x n, row-major, k <= n, finite, rank k) becomes Q of A = R Q: rows that
 * are orthonormal, R lower triangular with a positive diagonal, as Gram-Schmidt
 * makes them.  Of Gaussian rows that is uniform over all such Q (Mezzadri 2007).
 */
extern void orthonormal_rows_f8(Size k, Size n, double *a);

/* Bytes of scratch that it takes, for preflights. */
extern Size orthonormal_scratch(Size k, Size n);

#endif							/* NEUROENC_ORTHONORMAL_H */
