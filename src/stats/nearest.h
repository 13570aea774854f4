/*
 * nearest.h
 *		The nearest rows of a matrix for each of its rows, exact.
 */
#ifndef NEUROENC_NEAREST_H
#define NEUROENC_NEAREST_H

#include "postgres.h"

/*
 * The k nearest other rows of each row of X (n x d, no element over 1e150, best
 * about its mean; 1 <= k < n), by euclidean distance, ascending, the lower index first
 * where two are equal: index n x k, squared n x k (NULL: not wanted).
 */
extern void nearest_rows(Size n, Size d, const double *x, int k, int32 *index, double *squared);

/* Bytes of scratch that it takes, and claims itself. */
extern Size nearest_scratch(Size n, Size d, int k);

/* The k smallest of n distances, the one at 'self' left out: their indices, ascending in distance, ties by index. */
extern void nearest_smallest(Size n, const double *distance, Size self, int k, int32 *index, double *smallest);

#endif							/* NEUROENC_NEAREST_H */
