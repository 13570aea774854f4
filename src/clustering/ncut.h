/*
 * ncut.h
 *		Normalised cuts of many rows: the spectral embedding of landmarks, extended
 *		to all rows.
 */
#ifndef NEUROENC_NCUT_H
#define NEUROENC_NCUT_H

#include "postgres.h"

/* Landmarks of as many rows as this are all rows. */
#define NCUT_EXACT_MAX	5000
#define NCUT_LANDMARKS	1000	/* of more, unless told */

/*
 * Of rows X (n x d, as affinity_rows), affinities exp(-gamma |a - b|^2): y (n x k), the k
 * largest eigenvectors of inv(D) W, of the affinity of all rows where n_landmarks >= n, else
 * extended from so many.  k <= n_landmarks.
 */
extern void ncut_embedding(int n, int d, const double *x, double gamma, int n_landmarks, int k, double *y);

/*
 * Farthest-point sampling: at most m rows, fewer where there are fewer different ones: landmark (m), and
 * owner (n): which landmark is the nearest.  Returns how many.
 */
extern int	ncut_farthest_points(int n, int d, const double *x, int m, int32 *landmark, int32 *owner);

#endif							/* NEUROENC_NCUT_H */
