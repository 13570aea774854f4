/*
 * fold_weights.c
 *		What a block of targets leaves in an encoder: rows, variance, weights and
 *		the prediction at x0.
 */
#include "postgres.h"

#include <math.h>

#include "encoding/fold_weights.h"
#include "linalg/linalg.h"

void
fold_describe_targets(const RidgeJob *job, const TargetGroup *group, const TargetSums *b)
{
	Encoder    *e = job->enc;
	double		n = group->n;
	const double *sy = b->sy + (Size) b->n_folds * b->nt;
	const double *syy = b->syy + (Size) b->n_folds * b->nt;

	for (int t = 0; t < b->nt; t++)
	{
		int			target = b->targets[t];

		e->target_n[target] = group->n;
		e->y0[target] = job->cy[target] + sy[t] / n;
		e->variance[target] = n > 1 ? gram_centred_squares(n, sy[t], syy[t]) / (n - 1) : NAN;
	}
}

typedef struct StoreWeights
{
	Encoder    *e;
	const TargetSums *b;
	const double *w;
	const double *inv;
	const double *norm;			/* nt */
} StoreWeights;

static void
store_task(int64 j, int worker, void *arg)
{
	const StoreWeights *job = arg;
	const TargetSums *b = job->b;
	const double *row = job->w + (Size) j * b->nt;
	double		inv = job->inv[j];
	Size		at = (Size) j * job->e->v;

	if (job->e->wtype == TENSOR_FLOAT4)
		for (int t = 0; t < b->nt; t++)
			((float *) job->e->weights)[at + b->targets[t]] = (float) (row[t] * inv * job->norm[t]);
	else
		for (int t = 0; t < b->nt; t++)
			((double *) job->e->weights)[at + b->targets[t]] = row[t] * inv * job->norm[t];
}

void
fold_store_weights(const RidgeJob *job, const TargetSums *b, const double *w, const double *x_mean,
				   const double *inv, const double *norm)
{
	Encoder    *e = job->enc;
	double	   *from_mean = huge_matrix(1, e->p);
	double	   *y0 = huge_matrix(1, b->nt);
	double	   *ones = huge_matrix(1, b->nt);
	StoreWeights store = {e, b, w, inv, norm ? norm : ones};

	for (int t = 0; t < b->nt; t++)
		ones[t] = 1;
	for (int j = 0; j < e->p; j++)
		from_mean[j] = (e->x0[j] - (job->cx[j] + x_mean[j])) * inv[j];
	parallel_for(e->p, 0, store_task, &store);
	gemv_f8(true, b->nt, e->p, 1, w, b->nt, from_mean, 0, y0);
	for (int t = 0; t < b->nt; t++)
		e->y0[b->targets[t]] += y0[t] * store.norm[t];
	pfree(from_mean);
	pfree(y0);
	pfree(ones);
}
