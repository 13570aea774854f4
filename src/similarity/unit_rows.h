/*
 * unit_rows.h
 *		Rows of unit length.
 */
#ifndef NEUROENC_UNIT_ROWS_H
#define NEUROENC_UNIT_ROWS_H

#include "postgres.h"

/*
 * Scales each row of x (n x p) to length 1; one that is all zeros, or not
 * finite, becomes NaN.  Returns the first such row, n if there is none.
 */
extern Size unit_rows(Size n, Size p, double *x);

/* out (m x k) = cosines of the rows of x (m x p) with those of y (k x p), both of unit length or NaN */
extern void unit_cosines(Size m, Size k, Size p, const double *x, const double *y, double *out);

#endif							/* NEUROENC_UNIT_ROWS_H */
