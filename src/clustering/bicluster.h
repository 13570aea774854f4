/*
 * bicluster.h
 *		Spectral co-clustering: rows and columns of a matrix of counts or weights in
 *		groups that belong together.
 */
#ifndef NEUROENC_BICLUSTER_H
#define NEUROENC_BICLUSTER_H

#include "postgres.h"

/*
 * Labels 1 .. k, the largest first (rows and columns counted), of the rows (m) and then the
 * columns (n) of A (m x n, finite, no element negative; destroyed); -1 where all is 0.
 * 1 <= k <= the rows, and the columns, that are not all 0.
 */
extern void bicluster(int m, int n, double *a, int k, int64 seed, int32 *label);

/* Bytes of scratch, which it claims itself. */
extern Size bicluster_scratch(int m, int n, int k);

#endif							/* NEUROENC_BICLUSTER_H */
