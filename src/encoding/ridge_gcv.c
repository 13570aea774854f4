/*
 * ridge_gcv.c
 *		Generalized cross-validation, for data without folds.
 *
 * GCV(alpha) = (RSS / n) / (1 - df / n)^2 with df = 1 + sum lambda / (lambda +
 * alpha), the intercept counted (Golub, Heath and Wahba 1979, equation 2.3).
 * RSS comes from the eigenvalues and the projections of y, so an alpha costs p
 * flops a target.  Alphas with n - df < 1e-3 n are left out: there GCV is 0/0.
 * The score reported as R2 is 1 - GCV(alpha) / GCV(intercept alone).
 */
#include "postgres.h"

#include <math.h>

#include "encoding/ridge.h"

#define MIN_FREE_SHARE 1e-3

void
ridge_gcv(const RidgeJob *job, int64 n, int n_values, const double *lambda,
		  const double *y2, Size ldy2, const double *syy, const int *targets, int nt, int *chosen)
{
	double	   *best = huge_alloc(Max(1, nt) * sizeof(double));
	double	   *explained = huge_alloc(Max(1, nt) * sizeof(double));

	for (int t = 0; t < nt; t++)
	{
		chosen[t] = job->n_alphas - 1;
		best[t] = NAN;
	}
	for (int j = 0; j < job->n_alphas; j++)
	{
		double		alpha = job->alphas[j];
		double		df = 1;
		double		left;

		for (int i = 0; i < n_values; i++)
			df += lambda[i] / (lambda[i] + alpha);
		left = 1 - df / n;

		memset(explained, 0, nt * sizeof(double));
		for (int i = 0; i < n_values; i++)
		{
			double		keep = alpha / (lambda[i] + alpha);

			for (int t = 0; t < nt; t++)
				explained[t] += y2[i * ldy2 + t] * (1 - keep * keep);
		}
		for (int t = 0; t < nt; t++)
		{
			double		null_score = 1 / ((1 - 1.0 / n) * (1 - 1.0 / n));
			double		r2 = NAN;

			if (left >= MIN_FREE_SHARE)
				r2 = syy[t] > 0
					? 1 - Max(0, 1 - explained[t] / syy[t]) / (left * left) / null_score : 0;
			if (!isnan(r2) && (isnan(best[t]) || r2 >= best[t] - RIDGE_TIE))
			{
				best[t] = isnan(best[t]) ? r2 : Max(best[t], r2);
				chosen[t] = j;
			}
			if (!job->fit)
			{
				Size		at = (Size) j * job->g->v + targets[t];

				job->table_r[at] = NAN;
				job->table_r2[at] = r2;
				job->table_pooled[at] = NAN;
			}
		}
	}
	if (job->fit)
		for (int t = 0; t < nt; t++)
		{
			job->enc->alpha[targets[t]] = job->alphas[chosen[t]];
			job->enc->r2[targets[t]] = best[t];
		}
	pfree(best);
	pfree(explained);
}
