/*
 * fold_weights.h
 *		What a block of targets (stats/fold_sums.h) leaves in an encoder.
 */
#ifndef NEUROENC_FOLD_WEIGHTS_H
#define NEUROENC_FOLD_WEIGHTS_H

#include "postgres.h"

#include "encoding/ridge.h"

/* Into the encoder: how many rows the block's targets have, their variance, and as y0 their mean. */
extern void fold_describe_targets(const RidgeJob *job, const TargetGroup *group, const TargetSums *b);

/*
 * Into the encoder: the block's weights w (p x nt) of features times inv about
 * their mean, from targets divided by norm (NULL: as they are); y0 moves from
 * there to x0.
 */
extern void fold_store_weights(const RidgeJob *job, const TargetSums *b, const double *w, const double *x_mean,
							   const double *inv, const double *norm);

#endif							/* NEUROENC_FOLD_WEIGHTS_H */
