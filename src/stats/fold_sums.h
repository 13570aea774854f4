/*
 * fold_sums.h
 *		Sums of x and y by fold, and of the training sets that leaving a fold out
 *		makes: what the solvers from moments have in common.
 *
 * "Held" is a fold that is left out, "train" the others, "all" every row of a
 * group of targets.  With n_folds 0 there is only "all".
 */
#ifndef NEUROENC_FOLD_SUMS_H
#define NEUROENC_FOLD_SUMS_H

#include "postgres.h"

#include "stats/gram.h"
#include "stats/target_group.h"

/* Sums of squares up to here leave float8 room for products, sums and alphas. */
#define FOLD_LARGEST_SS 1e290

/* Sums of x over a set of rows, about the gram's centre. */
typedef struct FeatureSums
{
	int64		n;
	double	   *sx;				/* p */
	double	   *sxx;			/* p x p */
} FeatureSums;

/* Bytes of the sums below, for preflights. */
extern Size fold_feature_bytes(int p, int n_folds);
extern Size fold_target_bytes(int p, int n_folds, int max_targets);

/* Allocates and fills held[n_folds], train[n_folds] and all. */
extern void fold_feature_sums(const Gram *g, const TargetGroup *group, int n_folds, const double *cx,
							  FeatureSums *held, FeatureSums *train, FeatureSums *all);

/*
 * sxx becomes X'X about the mean of features multiplied by inv: 1, or with
 * standardize 1 / standard deviation, times the weight (NULL: 1); 0 for a
 * constant feature.  mean (p) is about the centre.  ERROR if a product is out of range.
 */
extern void fold_centre_features(FeatureSums *s, int p, bool standardize, const double *weight,
								 double *mean, double *inv);

/* m (p x p) = D (m - n mean mean') D with D = diag(inv) */
extern void fold_centre_and_scale(double *m, int p, double n, const double *mean, const double *inv);

/* A block of targets: matrices are p x nt. */
typedef struct TargetSums
{
	int			nt;
	const int  *targets;
	int			p;
	int			n_folds;
	double	  **held;			/* a fold: x'y of the fold */
	double	  **train;			/* a fold: x'y of the others */
	double	   *all;			/* x'y of all */
	double	   *spare;			/* p x nt of room */
	const struct TargetSums *source;	/* whose held and train scoring reads, leaving them as they are; NULL: these */
	const int  *source_rows;	/* p: which features of it */
	double	   *sy;				/* (n_folds + 1) x nt, the last is all */
	double	   *syy;
	double	   *y_norm;			/* nt: sqrt of syy about the mean over all rows, or 1 */
} TargetSums;

extern TargetSums *fold_target_sums_new(int p, int n_folds, int max_targets);

/* Fills a block whose nt and targets are set. */
extern void fold_target_sums(const Gram *g, const TargetGroup *group, const double *cx, const double *cy,
							 TargetSums *b);

/*
 * to (p x nt, may be from) = factor D (from - x_mean sy') with D = diag(inv), then by column / norm;
 * to4 the same in float4; either may be NULL.  rows: which of from, NULL: all.
 */
extern void fold_centre_products(const double *from, const int *rows, double *to, float *to4, int p, int nt,
								 const double *x_mean, const double *inv, const double *sy, const double *norm,
								 double factor);

/* ERROR if a sum of squares of a "feature" or "target" (number from 1) is past FOLD_LARGEST_SS. */
extern void fold_require_range(double ss, const char *what, int number);

#endif							/* NEUROENC_FOLD_SUMS_H */
