/*
 * bures.h
 *		The fidelity of two kernels, by their factors.
 */
#ifndef NEUROENC_BURES_H
#define NEUROENC_BURES_H

#include "postgres.h"

/*
 * K (n x n, symmetric) becomes a factor F, 'rank' rows of n, with F'F = K where K
 * has no negative eigenvalue; those are taken as 0.  Returns tr F'F.
 */
extern double bures_factor(int n, double *k, int *rank);

/* Bytes of scratch of the two, beside their arguments. */
extern Size bures_factor_scratch(int n);
extern Size bures_nuclear_scratch(int n);

/* tr (A^1/2 B A^1/2)^1/2 = |F_a F_b'|_*, of two factors */
extern double bures_nuclear(int n, const double *a, int rank_a, const double *b, int rank_b);

/* The fidelity, or the distance, of that and the two traces; NaN where a trace is 0 (fidelity). */
extern double bures_value(bool distance, double trace_a, double trace_b, double nuclear);

#endif							/* NEUROENC_BURES_H */
