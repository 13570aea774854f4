/*
 * resampling.h
 *		Tests of predictions by permuting, swapping and resampling blocks of rows.
 *
 * Draw k of a call takes stream k of its seed, so the draws are the same for all
 * targets, on any plan and any number of threads.
 */
#ifndef NEUROENC_RESAMPLING_H
#define NEUROENC_RESAMPLING_H

#include "stats/predictions.h"

/* A permuted statistic counts as reached within this much: equal values that were summed in another order. */
#define RESAMPLING_TIE 1e-10

/* ---- permutation.c: blocks of y against those of the prediction ---- */

/* Blocks that have a partner of the same number of rows; the others stay in place. */
extern int	permutable_blocks(const PredictionRows *rows);

/* out: v each; NaN where r is not defined */
extern void permutation_test(const PredictionRows *rows, int n_perm, uint64 seed, bool two_sided,
							 double *r, double *p, double *p_fwe);

/* ---- swap_test.c: predictions a and b by block ---- */
extern void compare_test(const PredictionRows *rows, int n_perm, uint64 seed, bool two_sided,
						 double *r_a, double *r_b, double *difference, double *p);

/* ---- bootstrap.c: blocks drawn with replacement ---- */
extern void bootstrap_r(const PredictionRows *rows, int n_boot, double level, uint64 seed,
						double *r, double *low, double *high);

#endif							/* NEUROENC_RESAMPLING_H */
