/*
 * differences.h
 *		Distances of two rows from their differences, their product, and rows scaled so that squares
 *		of these stay in range.
 */
#ifndef NEUROENC_DIFFERENCES_H
#define NEUROENC_DIFFERENCES_H

#include "postgres.h"

/* |a - b|^2 of two rows of d elements: 0 for equal rows, the same for (b, a). */
extern double squared_difference(const double *a, const double *b, Size d);

/* |x|^2 */
extern double squared_length(const double *x, Size d);

/* a'b */
extern double inner_product(const double *a, const double *b, Size d);

/* The sum of |a - b|. */
extern double absolute_difference(const double *a, const double *b, Size d);

/* Divides x by a power of two, which is exact, so that all elements are in (-1, 1); returns the power. */
extern int	scale_to_one(Size size, double *x);

#endif							/* NEUROENC_DIFFERENCES_H */
