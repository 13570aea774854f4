/*
 * row_order.h
 *		Rows of a matrix in the order of their content, for methods that take a
 *		matrix: what they draw must not depend on the order of its rows.
 */
#ifndef NEUROENC_ROW_ORDER_H
#define NEUROENC_ROW_ORDER_H

#include "postgres.h"

/*
 * Sorts the rows of X (n x p, no NaN) in place, the smaller first element first; order[i] of
 * the result is where row i came from.
 */
extern int32 *row_order(Size n, Size p, double *x);
extern Size row_order_scratch(Size n, Size p);

#endif							/* NEUROENC_ROW_ORDER_H */
