/*
 * spectral.h
 *		Spectral clustering: rows in the coordinates of the smoothest functions on
 *		their graph, and labels from those.
 */
#ifndef NEUROENC_SPECTRAL_H
#define NEUROENC_SPECTRAL_H

#include "postgres.h"

#include "linalg/sparse.h"

/*
 * The k largest eigenvalues of inv(D) W, descending (value: k), and their right
 * eigenvectors y (n x k), D the row sums of W: inv(D^1/2) times the eigenvectors
 * of length 1 of inv(D^1/2) W inv(D^1/2), with the signs of spectral_fix_sign.
 *
 * W: symmetric, no element negative, n x n, or sparse; destroyed.  A row of zeros
 * is a component of its own.  1 <= k <= n.
 */
extern void spectral_embedding_dense(int n, double *w, int k, double *value, double *y);
extern void spectral_embedding_sparse(SparseSymmetric *w, int k, double *value, double *y);

/* Columns of y (n x k) get the sign that makes the element of largest size positive, the first of those within 1e-6 of it. */
extern void spectral_fix_sign(int n, int k, double *y);

/* Bytes of scratch, which it claims itself. */
extern Size spectral_embedding_dense_scratch(int n, int k);
extern Size spectral_embedding_sparse_scratch(int n, int k);

/* ---- labels of rows of coordinates: 1 .. k by size, as labels_by_size ---- */

/* k-means of y (n x width), the best of 10 starts; it leaves scratch in CurrentMemoryContext. */
extern void spectral_labels_kmeans(int n, int width, const double *y, int k, int64 seed, int32 *label);

/* Yu and Shi's (2003) rotation of y (n x k) to indicators, the best of 10 starts (spectral_rotation.c). */
extern void spectral_labels_rotation(int n, int k, const double *y, int64 seed, int32 *label);

#endif							/* NEUROENC_SPECTRAL_H */
