/*
 * compare_partial.h
 *		How alike two RDMs are beside what others explain of both.
 */
#ifndef NEUROENC_COMPARE_PARTIAL_H
#define NEUROENC_COMPARE_PARTIAL_H

#include "similarity/compare.h"

/* pearson, spearman, and kendall_tau_b of one control; ERROR on another method or number */
extern void compare_partial_check(CompareMethod method, int n_controls);

/*
 * x: 2 + n_controls vectors of the m pairs of the same conditions, a, b and the
 * controls, one after the other; a pair that is NaN in any is left out.
 * Destroyed.  NaN where a or b has no spread beside the controls.
 */
extern double compare_partial(CompareMethod method, Size m, double *x, int n_controls);

/* Bytes of scratch that it takes beside x. */
extern Size compare_partial_scratch(CompareMethod method, Size m);

#endif							/* NEUROENC_COMPARE_PARTIAL_H */
