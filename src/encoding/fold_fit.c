/*
 * fold_fit.c
 *		The frame of solvers that fit weights from moments.
 *
 * With G, C the held-out fold's X'X and X'Y about its own means, W the weights
 * and s the difference of the feature means, the held-out sums are
 *
 *		sum (yhat - mean)^2			= diag(W' G W)
 *		sum (y - mean)(yhat - mean)	= diag(W' C)
 *		mean yhat - training mean	= W' s
 *
 * so that scores need no row: 2 p^2 flops a target, setting and fold, exact but
 * for rounding.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "encoding/fold_fit.h"
#include "encoding/fold_weights.h"
#include "linalg/linalg.h"

int
fold_fit_n_folds(const RidgeJob *job, const TargetGroup *group)
{
	return job->g->has_folds && group->n_folds >= 2 ? group->n_folds : 0;
}

Size
fold_fit_bytes(int p, int n_folds, int max_targets)
{
	return size_add(fold_feature_bytes(p, n_folds), fold_target_bytes(p, n_folds, max_targets));
}

static TrainingSet
training_set(const FoldFit *fit, FeatureSums *sums)
{
	TrainingSet set;

	set.n = sums->n;
	set.xx = sums->sxx;
	set.mean = huge_matrix(1, fit->p);
	set.inv = huge_matrix(1, fit->p);
	fold_centre_features(sums, fit->p, fit->job->standardize, fit->job->weight, set.mean, set.inv);
	return set;
}

static HeldFold
held_fold(const FoldFit *fit, const TargetFold *fold, const TrainingSet *train, FeatureSums *sums)
{
	int			p = fit->p;
	HeldFold	held;

	held.fold = fold;
	held.xx = sums->sxx;
	held.mean = huge_matrix(1, p);
	held.inv = huge_matrix(1, p);
	held.shift = huge_matrix(1, p);
	for (int j = 0; j < p; j++)
	{
		double		ss = gram_centred_squares(sums->n, sums->sx[j], sums->sxx[(Size) j * p + j]);

		held.mean[j] = sums->sx[j] / sums->n;
		held.inv[j] = ss > 0 ? train->inv[j] : 0;
		held.shift[j] = (held.mean[j] - train->mean[j]) * train->inv[j];
	}
	fold_centre_and_scale(held.xx, p, sums->n, held.mean, held.inv);
	return held;
}

FoldFit *
fold_fit_new(RidgeJob *job, const TargetGroup *group, int max_targets)
{
	FoldFit    *fit = palloc0(sizeof(FoldFit));
	FeatureSums *held;
	FeatureSums *train;
	FeatureSums all;

	fit->job = job;
	fit->group = group;
	fit->p = job->g->p;
	fit->n_folds = fold_fit_n_folds(job, group);
	held = palloc(Max(1, fit->n_folds) * sizeof(FeatureSums));
	train = palloc(Max(1, fit->n_folds) * sizeof(FeatureSums));
	fold_feature_sums(job->g, group, fit->n_folds, job->cx, held, train, &all);
	fit->train = palloc(Max(1, fit->n_folds) * sizeof(TrainingSet));
	fit->held = palloc(Max(1, fit->n_folds) * sizeof(HeldFold));
	for (int f = 0; f < fit->n_folds; f++)
	{
		fit->train[f] = training_set(fit, &train[f]);
		fit->held[f] = held_fold(fit, &group->folds[f], &fit->train[f], &held[f]);
		fit->n_scored += group->folds[f].n >= 2;
		CHECK_FOR_INTERRUPTS();
	}
	fit->all = training_set(fit, &all);
	fit->b = fold_target_sums_new(fit->p, fit->n_folds, max_targets);
	return fit;
}

static void
equal_norms(TargetSums *b)
{
	double		largest = 0;

	for (int t = 0; t < b->nt; t++)
		largest = Max(largest, b->y_norm[t]);
	for (int t = 0; t < b->nt; t++)
		b->y_norm[t] = largest;
}

void
fold_fit_block(FoldFit *fit, int t0, int nt)
{
	TargetSums *b = fit->b;
	const double *sy_all;
	double	   *sy_train = huge_matrix(1, nt);

	b->nt = nt;
	b->targets = fit->group->targets + t0;
	fold_target_sums(fit->job->g, fit->group, fit->job->cx, fit->job->cy, b);
	if (fit->one_norm)
		equal_norms(b);
	sy_all = b->sy + (Size) fit->n_folds * nt;
	for (int f = 0; f < fit->n_folds; f++)
	{
		const double *sy = b->sy + (Size) f * nt;

		for (int t = 0; t < nt; t++)
			sy_train[t] = sy_all[t] - sy[t];
		fold_centre_products(b->train[f], NULL, b->train[f], NULL, fit->p, nt, fit->train[f].mean, fit->train[f].inv, sy_train,
							 b->y_norm, 1);
		fold_centre_products(b->held[f], NULL, b->held[f], NULL, fit->p, nt, fit->held[f].mean, fit->held[f].inv, sy,
							 b->y_norm, 1);
	}
	fold_centre_products(b->all, NULL, b->all, NULL, fit->p, nt, fit->all.mean, fit->all.inv, sy_all, b->y_norm, 1);
	pfree(sy_train);
}

FoldScores *
fold_fit_scores_new(const FoldFit *fit, int n_settings)
{
	const TargetSums *b = fit->b;
	FoldScores *scores = fold_scores_new(n_settings, b->nt);
	const double *sy = b->sy + (Size) fit->n_folds * b->nt;
	const double *syy = b->syy + (Size) fit->n_folds * b->nt;

	scores->n_scored = fit->n_scored;
	for (int t = 0; t < b->nt; t++)
		scores->syy[t] = gram_centred_squares(fit->group->n, sy[t], syy[t]);
	return scores;
}

/* a += x o y by element */
HOT_LOOP static void
add_products(const double *x, const double *y, int n, double *a)
{
	for (int t = 0; t < n; t++)
		a[t] += x[t] * y[t];
}

HOT_LOOP static void
add_multiple(const double *x, double factor, int n, double *a)
{
	for (int t = 0; t < n; t++)
		a[t] += x[t] * factor;
}

void
fold_fit_score(FoldFit *fit, int f, const double *w, FoldScores *scores, int j)
{
	const TargetSums *b = fit->b;
	const HeldFold *held = &fit->held[f];
	int			p = fit->p;
	int			nt = b->nt;
	int64		n = held->fold->n;
	const double *sy = b->sy + (Size) f * nt;
	const double *syy = b->syy + (Size) f * nt;
	const double *sy_all = b->sy + (Size) fit->n_folds * nt;
	double	   *sums = huge_alloc0(3 * (Size) nt * sizeof(double));
	double	   *a1 = sums;
	double	   *a2 = a1 + nt;
	double	   *a3 = a2 + nt;

	gemm_f8(false, false, p, nt, p, 1, held->xx, p, w, nt, 0, b->spare, nt);
	for (int i = 0; i < p; i++)
	{
		const double *row = w + (Size) i * nt;

		add_products(row, b->held[f] + (Size) i * nt, nt, a1);
		add_products(row, b->spare + (Size) i * nt, nt, a2);
		add_multiple(row, held->shift[i], nt, a3);
	}
	for (int t = 0; t < nt; t++)
	{
		double		norm = b->y_norm[t];
		double		mean = sy[t] / n;
		double		train_mean = (sy_all[t] - sy[t]) / fit->train[f].n;

		fold_scores_add(scores, j, t, n, gram_centred_squares(n, sy[t], syy[t]), a1[t] * norm * norm,
						 Max(0, a2[t]) * norm * norm, mean - train_mean - a3[t] * norm);
	}
	pfree(sums);
}

void
fold_fit_store(const FoldFit *fit, const double *w)
{
	fold_describe_targets(fit->job, fit->group, fit->b);
	fold_store_weights(fit->job, fit->b, w, fit->all.mean, fit->all.inv, fit->b->y_norm);
}
