/*
 * ridge.h
 *		Ridge regression from a gram: what the files of the solver share.
 *
 *	ridge.c			alphas, groups of targets, the choice of solver and of alpha
 *	ridge_primal.c	eigendecomposition of X'X a training set (p <= n)
 *	ridge_kernel.c	eigendecomposition of XX' (p > n)
 *	ridge_gcv.c		generalized cross-validation, where there are no folds
 *	ridge_sweep.c	held-out scores of many alphas and targets in the eigenbasis
 *	ridge_score.c	the alpha that the held-out scores choose
 *
 * The loss is ||y - Xb||^2 + alpha ||b||^2 with a free intercept (Hoerl and
 * Kennard 1970).
 */
#ifndef NEUROENC_RIDGE_H
#define NEUROENC_RIDGE_H

#include "postgres.h"

#include "encoding/encoder.h"
#include "stats/fold_scores.h"
#include "stats/fold_sums.h"
#include "stats/gram.h"
#include "stats/target_group.h"

/* ---- the job ---- */

typedef struct RidgeJob
{
	const Gram *g;
	const double *cx;			/* the centre that all sums are about */
	const double *cy;
	bool		standardize;
	const double *weight;		/* p: features are multiplied by it after scaling; NULL: by 1 */

	/* what to do: score the alphas, and fit at the chosen or given ones */
	bool		score;
	bool		fit;

	/* scoring */
	int			n_alphas;
	const double *alphas;		/* ascending */
	EncoderScoring scoring;
	bool		use_gcv;		/* no folds */

	/*
	 * score and fit: the best alpha of each target is chosen on the way.
	 * score alone: every target's scores go to the table, n_alphas x v each.
	 * fit alone: enc->alpha says.
	 */
	double	   *table_r;
	double	   *table_r2;
	double	   *table_pooled;

	Encoder    *enc;
	double	   *x_mean;			/* p: mean of x over all rows, where enc->x0 is */
} RidgeJob;

/* ---- ridge.c: what every fit begins and ends with ---- */

/* A job over the gram, its centre in CurrentMemoryContext. */
extern void ridge_start_job(RidgeJob *job, const Gram *g, bool standardize);

/*
 * Mean of x over all rows, absolute, and its scale, p each; returns the trace of
 * X'X about the mean (standardized: n a varying feature).
 */
extern double ridge_describe_features(const RidgeJob *job, double *x_mean, double *x_scale);

/* Ascending, without repetition; palloc'd. */
extern const double *ridge_sorted_alphas(const double *in, int *n);

/* job->enc in a child context of 'parent', without weights. */
extern void ridge_make_encoder(RidgeJob *job, MemoryContext parent, const double *x_mean, const double *x_scale);

/* The scoring asked for, but r2_pooled for r2 where a fold of some target has a single row. */
extern EncoderScoring ridge_scoring(EncoderScoring asked, const TargetGroup *groups, int n_groups);

/* Too few rows for a slope: the mean, or nothing. */
extern void ridge_fit_mean(RidgeJob *job, const TargetGroup *group);

/* ERROR if a weight does not fit the encoder's element type. */
extern void ridge_require_finite_weights(const Encoder *e);

/* ---- ridge.c: a job's groups ---- */

typedef struct RidgePlan
{
	TargetGroup *groups;
	int			n_groups;
	bool	   *use_kernel;		/* a group */
	int64	   *first_row;		/* a cell: where its rows stand in a dual encoder */
	int64		n_rows;			/* of a dual encoder */
	bool		dual;
} RidgePlan;

/* What the job says, for one group by its solver; fewer than 2 rows have their mean. */
extern void ridge_solve_group(RidgeJob *job, const RidgePlan *plan, const TargetGroup *group, bool use_kernel);

/* Tables of scores, n_alphas x v each, NaN, for a job that scores alone. */
extern void ridge_alloc_tables(RidgeJob *job);

/* ---- ridge_score.c ---- */

/* Scores that differ by less are equal but for rounding: then the larger alpha wins. */
#define RIDGE_TIE 1e-11

extern double ridge_score_value(const FoldScores *s, EncoderScoring scoring, int j, int t);

/* The best alpha of target t: ties to the larger; -1 if no score is a number. */
extern int	ridge_scores_best(const FoldScores *s, EncoderScoring scoring, int t);

/* The scores of (alpha j, target t) as those of an encoder's target. */
extern void ridge_scores_put(const FoldScores *s, int j, int t, Encoder *e, int target);

/* Block scores to the job's table, or the chosen alpha's to the encoder. */
extern void ridge_scores_to_table(const RidgeJob *job, const FoldScores *s, const int *targets);
extern void ridge_scores_to_encoder(const RidgeJob *job, const FoldScores *s, const int *targets,
									const int *chosen);

/* ---- ridge_sweep.c ---- */

/*
 * A training set's eigenbasis and what the held-out fold looks like in it, all
 * in units in which the largest eigenvalue is 1 (ridge_sweep.c).
 */
typedef struct SweepFold
{
	int			p;
	const double *lambda;		/* p, 0 .. 1 */
	bool		predict;		/* which of the two quad is */
	int			n_rows;			/* rows of quad */
	const double *quad;			/* T (p x p, lower, diagonal halved): A2 = 2 u'T u; or F (n_rows x p): A2 = |F u|^2 */
	const float *quad4;			/* the same in float4, for float4 sweeps */
	const double *d;			/* p: held-out minus training mean of x */
	int			n_alphas;
	const double *alphas;		/* ascending */
} SweepFold;

/* One (alpha, target): see fold_scores_add; a3 = d'u. */
typedef struct SweepValue
{
	double		a1;
	double		a2;
	double		a3;
} SweepValue;

/*
 * Every alpha for every target of a block: z and e are p x nt, values n_alphas
 * x nt.  In float4, low_rank lets fewer combinations stand for all alphas where
 * that pays.
 */
extern void sweep_all(const SweepFold *f, const double *z, const double *e, int nt,
					  bool float4, bool low_rank, SweepValue *values);

/*
 * Only the n_pairs (target[i], alpha[i]), indexes both, exact: in float8, but
 * with float4 for a2, a sum of squares, whose error is then 1e-7 of it.
 */
extern void sweep_pairs(const SweepFold *f, const double *z, const double *e, int nt,
						bool float4, int n_pairs, const int *target, const int *alpha, SweepValue *values);

/* Flops of the held-out quadratic form of one target and alpha. */
extern double sweep_flops(int p, int64 n_rows, bool predict);

/* ---- solvers ---- */
extern void ridge_primal(RidgeJob *job, const TargetGroup *group);
extern double ridge_primal_flops(const RidgeJob *job, const TargetGroup *group);
extern void ridge_kernel(RidgeJob *job, const TargetGroup *group, const int64 *dual_row);
extern double ridge_kernel_flops(const RidgeJob *job, const TargetGroup *group);

/* GCV from the eigenvalues and the squared projections of y on them; ridge_gcv.c. */
extern void ridge_gcv(const RidgeJob *job, int64 n, int n_values, const double *lambda,
					  const double *y2, Size ldy2, const double *syy, const int *targets, int nt,
					  int *chosen);

/* ---- ridge.c: what SQL calls ---- */

typedef struct RidgeOptions
{
	int			n_alphas;		/* 0: the default grid */
	const double *alphas;
	bool		per_target;
	bool		standardize;
	EncoderScoring scoring;
	const struct BandDraws *draws;	/* banded ridge (banded.h), or NULL */
} RidgeOptions;

/* Cross-validated fit; the encoder is in a child context of 'parent'. */
extern Encoder *ridge_cv_fit(MemoryContext parent, const Gram *g, const RidgeOptions *options);

/*
 * The same without the fit: the score of every draw of the options and target
 * at its best alpha, table n_draws x v.
 */
extern void ridge_cv_scores(const Gram *g, const RidgeOptions *options, double *table);

/* Fit at one alpha (n_alphas 1) or at one a target (n_alphas v). */
extern Encoder *ridge_fit(MemoryContext parent, const Gram *g, int n_alphas, const double *alphas,
						  bool standardize);

#endif							/* NEUROENC_RIDGE_H */
