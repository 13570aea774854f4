/*
 * ridge_score.c
 *		Held-out scores of ridge (stats/fold_scores.c), and the alpha they choose.
 */
#include "postgres.h"

#include <math.h>

#include "encoding/ridge.h"

double
ridge_score_value(const FoldScores *s, EncoderScoring scoring, int j, int t)
{
	switch (scoring)
	{
		case ENCODER_SCORING_R:
			return fold_scores_r(s, j, t);
		case ENCODER_SCORING_R2:
			return fold_scores_r2(s, j, t);
		default:
			return fold_scores_r2_pooled(s, j, t);
	}
}

int
ridge_scores_best(const FoldScores *s, EncoderScoring scoring, int t)
{
	int			best = -1;
	double		best_value = 0;

	for (int j = 0; j < s->n_settings; j++)
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
ridge_scores_to_table(const RidgeJob *job, const FoldScores *s, const int *targets)
{
	for (int j = 0; j < s->n_settings; j++)
		for (int t = 0; t < s->nt; t++)
		{
			Size		at = (Size) j * job->g->v + targets[t];

			job->table_r[at] = ridge_score_value(s, ENCODER_SCORING_R, j, t);
			job->table_r2[at] = ridge_score_value(s, ENCODER_SCORING_R2, j, t);
			job->table_pooled[at] = ridge_score_value(s, ENCODER_SCORING_R2_POOLED, j, t);
		}
}

void
ridge_scores_put(const FoldScores *s, int j, int t, Encoder *e, int target)
{
	e->r[target] = ridge_score_value(s, ENCODER_SCORING_R, j, t);
	e->r2[target] = ridge_score_value(s, ENCODER_SCORING_R2, j, t);
	e->r2_pooled[target] = ridge_score_value(s, ENCODER_SCORING_R2_POOLED, j, t);
}

void
ridge_scores_to_encoder(const RidgeJob *job, const FoldScores *s, const int *targets,
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
