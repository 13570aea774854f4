/*
 * nmf_update.h
 *		The step that non-negative factorizations share: least squares with one
 *		non-negative factor free.
 */
#ifndef NEUROENC_NMF_UPDATE_H
#define NEUROENC_NMF_UPDATE_H

#include "postgres.h"

/*
 * Lowers |X - F' B|^2 over F >= 0 (k x n) by sweeps of coordinate descent, from
 * gram = B B' (k x k, both triangles) and target = B X' (k x n).  A row of F
 * whose row of B is zero stays as it is.  At most max_sweeps sweeps.
 */
extern void nmf_update(Size k, Size n, const double *gram, const double *target, int max_sweeps, double *f);

/*
 * How many sweeps are worth it where the target cost 'flops_per_column' a column of F:
 * up to a quarter of that again.
 */
extern int	nmf_sweeps(Size k, double flops_per_column);

#endif							/* NEUROENC_NMF_UPDATE_H */
