/*
 * fold_fit.h
 *		The frame of solvers that fit weights from moments: what a training set
 *		is, what is held out, how weights are scored and stored.
 *
 * A solver sees each training set (every fold's others, and all rows) as X'X
 * and X'Y about means, features scaled as the job says and targets divided by
 * their norm (TargetSums.y_norm; one_norm: by the largest of the block, so that
 * they keep their proportions); its weights (p x nt) are in the same units.
 */
#ifndef NEUROENC_FOLD_FIT_H
#define NEUROENC_FOLD_FIT_H

#include "postgres.h"

#include "stats/fold_sums.h"
#include "encoding/ridge.h"

typedef struct TrainingSet
{
	int64		n;
	double	   *xx;				/* p x p */
	double	   *mean;			/* p: of x, about the gram's centre */
	double	   *inv;			/* p: 1 / scale, 0 for a constant feature */
} TrainingSet;

typedef struct HeldFold
{
	const TargetFold *fold;
	double	   *xx;				/* p x p, about the fold's mean, in the training set's scales */
	double	   *mean;			/* p */
	double	   *inv;			/* p: the training set's, 0 for what is constant in the fold */
	double	   *shift;			/* p: the fold's mean less the training set's, scaled */
} HeldFold;

typedef struct FoldFit
{
	RidgeJob   *job;
	const TargetGroup *group;
	int			p;
	int			n_folds;		/* 0: no scores */
	int			n_scored;		/* folds with 2 rows or more */
	bool		one_norm;		/* a block's targets are all divided by the largest norm */
	TrainingSet *train;			/* n_folds */
	HeldFold   *held;			/* n_folds */
	TrainingSet all;
	TargetSums *b;				/* the block: train, held and all are centred and scaled */
} FoldFit;

/* Folds that a group is scored by: none if it has rows in one only, or the gram has no folds. */
extern int	fold_fit_n_folds(const RidgeJob *job, const TargetGroup *group);

/* Bytes of a frame, for preflights. */
extern Size fold_fit_bytes(int p, int n_folds, int max_targets);

/* In CurrentMemoryContext. */
extern FoldFit *fold_fit_new(RidgeJob *job, const TargetGroup *group, int max_targets);

/* The block of targets t0 .. t0 + nt - 1 of the group. */
extern void fold_fit_block(FoldFit *fit, int t0, int nt);

/* The block's scores for so many settings of the model, all 0. */
extern FoldScores *fold_fit_scores_new(const FoldFit *fit, int n_settings);

/* Adds what fold f says of its others' weights (p x nt); they are setting j.  Uses b->spare. */
extern void fold_fit_score(FoldFit *fit, int f, const double *w, FoldScores *scores, int j);

/* The block's weights from all rows, and what describes its targets, into the encoder. */
extern void fold_fit_store(const FoldFit *fit, const double *w);

#endif							/* NEUROENC_FOLD_FIT_H */
