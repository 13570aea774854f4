/*
 * repeats.h
 *		What repeated measurements say about how well a model could do: noise
 *		ceilings and explainable variance, column by column.
 */
#ifndef NEUROENC_REPEATS_H
#define NEUROENC_REPEATS_H

#include "stats/predictions.h"

/* ---- noise_ceiling.c ---- */

/*
 * Doubles of a state: [0] the stimuli seen, then NOISE_SUMS arrays of v: valid
 * stimuli, sum of 1/n, stimuli with at least 2 repeats, sum of their variances,
 * trials, mean over trials, sum of squares about it.
 */
#define NOISE_SUMS 7
#define NOISE_STATE_SIZE(v) (1 + (Size) NOISE_SUMS * (v))

/* One stimulus: mean (v) and variance (v, ddof 1; NULL if n is 1) of n repeats; NaN = missing */
extern void noise_add(double *state, Size v, const double *mean, const double *variance, double n);

/* dst += src */
extern void noise_merge(double *dst, const double *src, Size v);

/*
 * v each: stimuli and trials counted, NCSNR, and per cent of the variance that is
 * signal in a single trial and in the mean of all trials of a stimulus
 */
extern void noise_ceiling(const double *state, Size v, double *n_stimuli, double *n_trials, double *ncsnr,
						  double *percent_single, double *percent_average);

/* ---- explainable_variance.c ---- */

/*
 * Rows of one vector, labelled (repeat, stimulus), every repeat with the same
 * stimuli once each (checked by the caller), at least 2 repeats; out: v
 */
extern void explainable_variance(const PredictionRows *rows, double *out);

#endif							/* NEUROENC_REPEATS_H */
