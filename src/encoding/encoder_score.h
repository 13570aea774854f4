/*
 * encoder_score.h
 *		Scores of an encoder on the data of a gram.
 */
#ifndef NEUROENC_ENCODER_SCORE_H
#define NEUROENC_ENCODER_SCORE_H

#include "postgres.h"

#include "encoding/encoder.h"
#include "stats/gram.h"

/*
 * By target, v each: the rows of g that have it, Pearson's r and R2 of the
 * predictions, NaN with fewer than 2 rows.  Dimensions are equal.
 */
extern void encoder_score(const Encoder *e, const Gram *g, int64 *n, double *r, double *r2);

/*
 * R2 split into the intercept's part and the bands' (widths that sum to p):
 * (n_bands + 1) x v, a target's sum is its R2 above.
 */
extern void encoder_split_r2(const Encoder *e, const Gram *g, int n_bands, const int *bands, double *split);

#endif							/* NEUROENC_ENCODER_SCORE_H */
