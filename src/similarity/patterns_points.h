/*
 * patterns_points.h
 *		Patterns as points that distances are taken of: means, unit vectors,
 *		whitened, rates.
 *
 * Each is a view that converts as it is read; all live in CurrentMemoryContext.
 */
#ifndef NEUROENC_PATTERNS_POINTS_H
#define NEUROENC_PATTERNS_POINTS_H

#include "similarity/pairwise.h"
#include "similarity/patterns.h"

/* The mean of each condition over all its rows. */
extern const Points *points_of_conditions(const PatternTable *t);

/* The mean of each cell. */
extern const Points *points_of_cells(const PatternTable *t);

/* Points of these indices. */
extern const Points *points_subset(const Points *of, const int *index, Size n);

/* One point each: the mean over the rows of a list of cells. */
typedef struct PatternMean
{
	const PatternCell *const *cells;
	int			n_cells;
} PatternMean;

extern const Points *points_of_means(const PatternMean *means, Size n, Size m);

/*
 * Points scaled to length 1, with 'centre' after their own mean was taken off:
 * |u_i - u_j|^2 / 2 is 1 - cosine, or 1 - r.  defined[i] is false for a point
 * without a direction (zero, or constant with 'centre'), which then is 0.
 */
extern const Points *points_of_unit_length(const Points *of, bool centre, bool *defined);

/*
 * Points whose squared distances are d' S d, S the precision (checked): times
 * sqrt(S) where it is a vector, and z = L' x, S = L L', where it is a matrix,
 * which takes m^2 + n m doubles and 2 n m^2 flops.  ERROR if S has a negative
 * eigenvalue.
 */
extern const Points *points_whitened(const Points *of, const Tensor *precision);

/* (x + lambda weight) / (1 + weight), the rate under a gamma prior, and its logarithm */
extern const Points *points_of_rates(const Points *of, double prior_lambda, double prior_weight);
extern const Points *points_of_log_rates(const Points *of, double prior_lambda, double prior_weight);

/* The least element of any point. */
extern double points_least(const Points *of);

#endif							/* NEUROENC_PATTERNS_POINTS_H */
