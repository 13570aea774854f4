/*
 * crossnobis.h
 *		Cross-validated squared distances of conditions over folds.
 */
#ifndef NEUROENC_CROSSNOBIS_H
#define NEUROENC_CROSSNOBIS_H

#include "similarity/pairwise.h"

/*
 * out (n (n - 1) / 2, condensed): for each pair of conditions the mean over
 * ordered pairs of different folds, f and g, that have both, of d_f . d_g / m,
 * with d_f the difference of the two patterns in fold f; NaN for a pair that
 * fewer than two folds have.  cell[i * n_folds + f] is condition i's point in
 * fold f, -1 if there is none.
 */
extern void crossnobis(const Points *cells, const int *cell, Size n, Size n_folds, double *out);

#endif							/* NEUROENC_CROSSNOBIS_H */
