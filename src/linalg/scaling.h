/*
 * scaling.h
 *		Keeps decompositions away from overflow and underflow, as LAPACK's
 *		drivers do: squares of elements must be representable.
 */
#ifndef NEUROENC_SCALING_H
#define NEUROENC_SCALING_H

#include "postgres.h"

/* Scales A in place if its largest element is extreme; returns the factor, 1 if none was needed. */
extern double scale_to_safe(Size n, double *a);

/* Divides the n values by the factor. */
extern void scale_back(Size n, double *values, double factor);

#endif							/* NEUROENC_SCALING_H */
