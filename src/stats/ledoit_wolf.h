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
 * The same in two steps, for scatters of several groups about their own means,
 * which add up: xx of the sums becomes the scatter, and sum |x - mean|^4 is
 * returned; then the intensity of n rows' scatter with that sum.
 */
extern double residuals_about_mean(ResidualSums *sums);
extern double ledoit_wolf_intensity(Size p, int64 n, double fourth, const double *scatter);

/* scatter (p x p) becomes ((1 - shrinkage) scatter / n + shrinkage mu I) n / dof, mu the mean variance */
extern void shrink_covariance(Size p, int64 n, double dof, double shrinkage, double *scatter);

/*
 * scatter becomes the inverse of that; returns false if it is singular.
 * Scratch: p x p doubles in CurrentMemoryContext.
 */
extern bool shrunk_precision(Size p, int64 n, double dof, double shrinkage, double *scatter);

#endif							/* NEUROENC_LEDOIT_WOLF_H */
