/*
 * ridge_primal.h
 *		Ridge from moments in steps, for searches over many weightings of the
 *		features of one gram (banded_primal.c); ridge_primal.c has the algorithm.
 */
#ifndef NEUROENC_RIDGE_PRIMAL_H
#define NEUROENC_RIDGE_PRIMAL_H

#include "postgres.h"

#include "stats/fold_sums.h"
#include "encoding/ridge.h"

/* X'X of a set of rows in its eigenbasis: features scaled by inv (0: constant there). */
typedef struct Basis
{
	int64		n;
	double	   *mean;			/* p: of x, about the centre */
	double	   *inv;			/* p: 1 / scale */
	double	   *qt;				/* p x p: rows are eigenvectors; before eigh: scaled X'X */
	double	   *lambda;			/* p, ascending */
	double		l1;				/* the largest, or 1 */
} Basis;

/* A fold: the basis of the others, and the fold itself in it. */
typedef struct FoldBasis
{
	const TargetFold *fold;
	Basis		train;
	double	   *held_mean;		/* p */
	double	   *held_inv;		/* p: train.inv, but 0 for what is constant in the fold: its rounding predicts nothing */
	double	   *sx;				/* p, then unused */
	double	   *held;			/* p x p: the fold's sums; then quad of the sweep */
	int			first_firm;		/* eigenvectors from here on project in float4 (if the block has room for it) */
	float	   *firm;			/* p x (p - first_firm): those, in columns */
	SweepFold	sweep;
} FoldBasis;

typedef struct Primal
{
	RidgeJob   *job;
	const TargetGroup *group;
	int			p;
	const int  *features;		/* p: which of the gram's, 0-based; NULL: all */
	bool		score;			/* by folds */
	int			n_folds;		/* 0 unless scored by folds */
	FoldBasis  *folds;
	Basis		all;
	bool		float4;
	int			max_block;
} Primal;

/* What a job needs, in CurrentMemoryContext; the folds are still empty. */
extern void primal_start(Primal *s, RidgeJob *job, const TargetGroup *group);

/* Takes over the sums about the centre, of each fold, its others, and all (NULL: not wanted). */
extern void primal_take_sums(Primal *s, FeatureSums *held, FeatureSums *train, FeatureSums *all);

/* From those to eigenbases, and to the held-out folds in them. */
extern void primal_prepare(Primal *s);

/* Scores of all alphas and targets of a block; its sums by fold are overwritten. */
extern FoldScores *primal_score_all(const Primal *s, TargetSums *b);

/*
 * Then the best alpha of each target, whose scores are exact; -1 if no score is
 * a number, or if none comes near the target's floor (NULL: no floor).
 */
extern void primal_choose(const Primal *s, const TargetSums *b, FoldScores *scores, const double *floor,
						  int *chosen);

/* Flops of the held-out scores of all alphas and targets of the group. */
extern double primal_sweep_flops(const RidgeJob *job, const TargetGroup *group);

/* Score terms of more flops than this run in float4. */
#define PRIMAL_FLOAT4_FLOPS 2e10

/* Bytes of all bases. */
extern Size primal_bases_bytes(const Primal *s);

#endif							/* NEUROENC_RIDGE_PRIMAL_H */
