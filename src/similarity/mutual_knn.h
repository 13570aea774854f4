/*
 * mutual_knn.h
 *		Overlap of nearest neighbours in two representations.
 */
#ifndef NEUROENC_MUTUAL_KNN_H
#define NEUROENC_MUTUAL_KNN_H

#include "postgres.h"

/*
 * Of x (n x p) and y (n x q), destroyed; 1 <= k < n.  ERROR that names the row
 * (from 1) of x or y that is all zeros.
 */
extern double mutual_knn_rows(Size n, Size p, double *x, Size q, double *y, int k);

/* Of distances among the same m conditions, m x m each */
extern double mutual_knn_distances(Size m, const double *a, const double *b, int k);

/* Bytes of scratch beside x and y and what nearest_rows claims itself. */
extern Size mutual_knn_scratch(Size n, int k);

#endif							/* NEUROENC_MUTUAL_KNN_H */
