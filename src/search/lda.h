/*
 * lda.h
 *		Fisher's linear discriminants from sums by class; factors are covariance_factor's.
 */
#ifndef NEUROENC_LDA_H
#define NEUROENC_LDA_H

#include "postgres.h"

#include "search/class_sums.h"

/*
 * covariance (p x p) = the covariance of rows about the mean of their class (divided by n), after
 * shrinking; returns the shrinkage, which is Ledoit and Wolf's where NaN is asked for.
 */
extern double lda_within(const ClassSums *s, double shrinkage, double *covariance);

/*
 * The axes along which classes are farthest apart: directions (min(classes - 1, p) x p), each w with
 * w' covariance w = 1, and how many times the variance between the classes' means is that within
 * them, descending.  Returns how many differ from 0.
 */
extern int lda_directions(const ClassSums *s, const double *factor, double *directions, double *separation);

/* Bytes of scratch in CurrentMemoryContext that lda_within and lda_directions take besides their arguments. */
extern Size lda_scratch(const ClassSums *s);

#endif							/* NEUROENC_LDA_H */
