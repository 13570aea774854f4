/*
 * fold_scores.h
 *		Held-out scores from sums over the rows of folds: R2, r, pooled R2.
 */
#ifndef NEUROENC_FOLD_SCORES_H
#define NEUROENC_FOLD_SCORES_H

#include "postgres.h"

/* Sums over folds for the settings of a model (alphas, sets of features: rows) and the targets (columns) of a block. */
typedef struct FoldScores
{
	int			n_settings;
	int			nt;
	double	   *r;				/* n_settings x nt: sum of r over folds with 2 rows or more */
	double	   *r2;				/* ... of R2 */
	double	   *sse;			/* sum of squared errors */
	int			n_scored;		/* folds with 2 rows or more */
	double	   *syy;			/* nt: sum of squares of y about its mean over all rows */
} FoldScores;

extern FoldScores *fold_scores_new(int n_settings, int nt);

/*
 * A fold's part of the score of (setting j, target t): the held-out sums
 * syy = sum (y - hy)^2, a1 = sum (y - hy)(yhat - mean yhat), a2 = sum (yhat -
 * mean yhat)^2, offset = hy - mean yhat.
 */
extern void fold_scores_add(FoldScores *s, int j, int t, int64 n, double syy, double a1, double a2,
							double offset);

/* The scores of (setting j, target t); NaN where no fold has 2 rows (not pooled R2). */
extern double fold_scores_r(const FoldScores *s, int j, int t);
extern double fold_scores_r2(const FoldScores *s, int j, int t);
extern double fold_scores_r2_pooled(const FoldScores *s, int j, int t);

#endif							/* NEUROENC_FOLD_SCORES_H */
