/*
 * ridge_score.c
 *		Held-out scores: sums over folds, and the alpha they choose.
 *
 * By fold, against that fold's own mean: R2 = 1 - SSE / SYY and Pearson's r;
 * the score is the plain mean over the folds of two rows or more.  Pooled R2
 * is 1 - sum SSE / SYY over all rows about their mean.  A fold in which the
 * target is constant scores R2 = 0 and r = 0; a constant prediction, which is
 * never constant to the last bit, r = 0.
 * A sum of squares below float8's normal range has lost its digits: constant.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "encoding/ridge.h"

/* A prediction that varies 1e-11 times as much as y is a constant and rounding. */
#define FLAT_PREDICTION 1e-22

RidgeScores *
ridge_scores_new(int n_alphas, int nt)
{
	RidgeScores *s = palloc0(sizeof(RidgeScores));
	Size		n = size_mul(size_mul(n_alphas, nt), sizeof(double));

	memory_claim_add(memory_claim(CurrentMemoryContext, "scores of the alphas"), size_mul(3, n),
					 "Try fewer alphas, or fit fewer targets at a time (gram_targets).");
	s->n_alphas = n_alphas;
	s->nt = nt;
	s->r = huge_alloc0(Max(1, n));
	s->r2 = huge_alloc0(Max(1, n));
	s->sse = huge_alloc0(Max(1, n));
	s->syy = huge_alloc0(Max(1, nt) * sizeof(double));
	return s;
}

void
ridge_require_range(double ss, const char *what, int number)
{
	if (ss <= RIDGE_LARGEST_SS)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the sum of squares of %s %d is out of range", what, number),
			 errdetail("The largest that is handled is %g.", RIDGE_LARGEST_SS),
			 errhint("Scale the %s down.", what)));
}

void
ridge_scores_add(RidgeScores *s, int j, int t, int64 n, double syy, double a1, double a2, double offset)
{
	Size		at = (Size) j * s->nt + t;
	double		sse = Max(0, syy - 2 * a1 + a2) + n * offset * offset;

	s->sse[at] += sse;
	if (n < 2 || syy < DBL_MIN)
		return;
	s->r2[at] += 1 - sse / syy;
	if (a2 > FLAT_PREDICTION * syy && a2 >= DBL_MIN)
	{
		double		r = a1 / sqrt(syy) / sqrt(a2);

		s->r[at] += Min(1, Max(-1, r));
	}
}

double
ridge_score_value(const RidgeScores *s, EncoderScoring scoring, int j, int t)
{
	Size		at = (Size) j * s->nt + t;

	switch (scoring)
	{
		case ENCODER_SCORING_R:
			return s->n_scored > 0 ? s->r[at] / s->n_scored : NAN;
		case ENCODER_SCORING_R2:
			return s->n_scored > 0 ? s->r2[at] / s->n_scored : NAN;
		default:
			return s->syy[t] > 0 ? 1 - s->sse[at] / s->syy[t] : 0;
	}
}

int
ridge_scores_best(const RidgeScores *s, EncoderScoring scoring, int t)
{
	int			best = -1;
	double		best_value = 0;

	for (int j = 0; j < s->n_alphas; j++)
	{
		double		value = ridge_score_value(s, scoring, j, t);

		if (!isnan(value) && (best < 0 || value >= best_value - RIDGE_TIE))
		{
			best_value = best < 0 ? value : Max(value, best_value);
			best = j;
		}
	}
	return best;
}

void
ridge_scores_to_table(const RidgeJob *job, const RidgeScores *s, const int *targets)
{
	for (int j = 0; j < s->n_alphas; j++)
		for (int t = 0; t < s->nt; t++)
		{
			Size		at = (Size) j * job->g->v + targets[t];

			job->table_r[at] = ridge_score_value(s, ENCODER_SCORING_R, j, t);
			job->table_r2[at] = ridge_score_value(s, ENCODER_SCORING_R2, j, t);
			job->table_pooled[at] = ridge_score_value(s, ENCODER_SCORING_R2_POOLED, j, t);
		}
}

void
ridge_scores_put(const RidgeScores *s, int j, int t, Encoder *e, int target)
{
	e->r[target] = ridge_score_value(s, ENCODER_SCORING_R, j, t);
	e->r2[target] = ridge_score_value(s, ENCODER_SCORING_R2, j, t);
	e->r2_pooled[target] = ridge_score_value(s, ENCODER_SCORING_R2_POOLED, j, t);
}

void
ridge_scores_to_encoder(const RidgeJob *job, const RidgeScores *s, const int *targets,
						const int *chosen)
{
	Encoder    *e = job->enc;

	for (int t = 0; t < s->nt; t++)
	{
		int			j = chosen[t];

		if (j < 0)
			continue;
		e->alpha[targets[t]] = job->alphas[j];
		ridge_scores_put(s, j, t, e, targets[t]);
	}
}
