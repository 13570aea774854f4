/*
 * whitening.h
 *		Dissimilarities in the metric of their own sampling covariance.
 */
#ifndef NEUROENC_WHITENING_H
#define NEUROENC_WHITENING_H

#include "postgres.h"

/* Length of a whitened vector of n conditions. */
#define WHITENED_SIZE(n) ((Size) (n) * ((Size) (n) + 1) / 2)

/*
 * The complete dissimilarities d (condensed) of n conditions become w, such that
 * w_a' w_b = a' V^-1 b; w: WHITENED_SIZE(n), not d.  Looks for interrupts unless
 * in a thread: interruptible false.
 */
extern void whiten(int n, const double *d, double *w, bool interruptible);

/*
 * product: a' V^-1 a, a' V^-1 b and b' V^-1 b with V restricted to the pairs where
 * both are not NaN, each vector's mean over them subtracted first if 'centre'.
 */
extern void whitened_products(int n, const double *a, const double *b, bool centre, double product[3]);

#endif							/* NEUROENC_WHITENING_H */
