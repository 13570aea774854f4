/*
 * assignment.h
 *		One-to-one matching of rows and columns at the least total cost.
 */
#ifndef NEUROENC_ASSIGNMENT_H
#define NEUROENC_ASSIGNMENT_H

#include "postgres.h"

/*
 * cost: m x n, finite or +infinity (an edge that may not be used), not NaN.
 * column[i], of m: the column of row i, -1 where m > n leaves the row without one.
 * False if no matching of min(m, n) pairs avoids the infinite edges.  In
 * CurrentMemoryContext, under a claim of its own; open to interrupts.
 */
extern bool assignment_solve(Size m, Size n, const double *cost, int *column);

#endif							/* NEUROENC_ASSIGNMENT_H */
