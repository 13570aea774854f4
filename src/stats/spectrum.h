/*
 * spectrum.h
 *		Eigenvalues of sums of squares and products, and what one number says of
 *		them: effective rank, participation ratio, decay.
 */
#ifndef NEUROENC_SPECTRUM_H
#define NEUROENC_SPECTRUM_H

#include "postgres.h"

/* The trace of a (n x n), sums of squares; ERROR where it leaves float8 no room for a decomposition. */
extern double spectrum_trace(Size n, const double *a);

/* ERROR unless every element of a (n x n) is finite. */
extern void spectrum_require_finite(Size n, const double *a);

/* An eigenvalue that is not greater is a rounding error: n rows of p features, the largest eigenvalue. */
extern double spectrum_cut(double largest, Size n, Size p);

/*
 * The k largest eigenvalues of a (order x order, symmetric, positive
 * semidefinite up to rounding, destroyed), descending; those past the rank of
 * n rows of p features are 0.
 */
extern void spectrum_eigenvalues(Size order, double *a, Size n, Size p, Size k, double *values);

/* ---- n weights, none negative; NaN where all are 0 ---- */

/* exp of the entropy of the weights' shares of their sum */
extern double spectrum_effective_rank(Size n, const double *weights);

/* squared sum over sum of squares */
extern double spectrum_participation_ratio(Size n, const double *weights);

/* Minus the least-squares slope of ln values[i - 1] on ln i, i from first to last; values are positive there. */
extern double spectrum_decay(const double *values, Size first, Size last);

#endif							/* NEUROENC_SPECTRUM_H */
