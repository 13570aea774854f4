/*
 * fold_scores.c
 *		Held-out scores from sums over the rows of folds.
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

#include "base/memory.h"
#include "stats/fold_scores.h"

/* A prediction that varies 1e-11 times as much as y is a constant and rounding. */
#define FLAT_PREDICTION 1e-22

FoldScores *
fold_scores_new(int n_settings, int nt)
{
	FoldScores *s = palloc0(sizeof(FoldScores));
	Size		n = size_mul(size_mul(n_settings, nt), sizeof(double));

	memory_claim_add(memory_claim(CurrentMemoryContext, "held-out scores"), size_mul(3, n),
					 "Try fewer settings (alphas, steps), or fit fewer targets at a time (gram_targets).");
	s->n_settings = n_settings;
	s->nt = nt;
	s->r = huge_alloc0(Max(1, n));
	s->r2 = huge_alloc0(Max(1, n));
	s->sse = huge_alloc0(Max(1, n));
	s->syy = huge_alloc0(Max(1, nt) * sizeof(double));
	return s;
}

void
fold_scores_add(FoldScores *s, int j, int t, int64 n, double syy, double a1, double a2, double offset)
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
fold_scores_r(const FoldScores *s, int j, int t)
{
	return s->n_scored > 0 ? s->r[(Size) j * s->nt + t] / s->n_scored : NAN;
}

double
fold_scores_r2(const FoldScores *s, int j, int t)
{
	return s->n_scored > 0 ? s->r2[(Size) j * s->nt + t] / s->n_scored : NAN;
}

double
fold_scores_r2_pooled(const FoldScores *s, int j, int t)
{
	return s->syy[t] > 0 ? 1 - s->sse[(Size) j * s->nt + t] / s->syy[t] : 0;
}
