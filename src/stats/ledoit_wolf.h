/*
 * ledoit_wolf.h
 *		Shrunk covariances and their inverses.
 */
#ifndef NEUROENC_LEDOIT_WOLF_H
#define NEUROENC_LEDOIT_WOLF_H

#include "stats/residuals.h"

/*
 * Ledoit and Wolf's shrinkage intensity, from 0 to 1: the share of the identity
 * (times the mean variance) that has the least expected squared error.  xx of
 * the sums becomes the scatter, sum (x - mean)(x - mean)'.
 */
extern double ledoit_wolf(ResidualSums *sums);

/*
 * scatter (p x p) becomes the inverse of ((1 - shrinkage) scatter / n + shrinkage
 * mu I) n / dof, mu the mean variance; returns false if that is singular.
 * Scratch: p x p doubles in CurrentMemoryContext.
 */
extern bool shrunk_precision(Size p, int64 n, double dof, double shrinkage, double *scatter);

#endif							/* NEUROENC_LEDOIT_WOLF_H */
