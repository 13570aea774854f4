/*
 * ridge_primal.c
 *		Ridge from moments: one eigendecomposition of X'X for each training set,
 *		shared by all alphas and targets.
 *
 * Training sums are sums of the other folds (prefix + suffix), never total
 * minus fold.  For k folds, a alphas, p features, v targets:
 *
 *		eigendecompositions		(k + 1) 9 p^3
 *		projections				2 (2 k + 1) p^2 v		(z and e)
 *		scores					a k p^2 v, or 2 a n p v by predicting held-out rows
 *		weights					2 p^2 v
 *
 * Targets go in blocks, so that scratch is about 64 MB beside (2 k + 1) p^2.
 * Large score terms run in float4; then every alpha within SURE of the best is
 * scored again exactly (sweep_pairs) and only those decide (field practice: float4 moves
 * R2 by less than 1e-6, the low rank by less than 1e-5).  For float4 rows the
 * projections do so too, in the directions where an error of the product is not
 * blown up: dividing by lambda + alpha multiplies it by at most 1 / FIRM there.
 *
 * X'Y that was multiplied in float4 is off by about 1e-8 |x| |y|, in directions
 * in which X does not vary too, where it should be 0 and a small alpha would
 * make it large: those are left out.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/convert.h"
#include "base/dispatch.h"
#include "base/progress.h"
#include "encoding/fold_weights.h"
#include "encoding/ridge_primal.h"
#include "linalg/linalg.h"

#define BLOCK_BYTES		((Size) 64 << 20)
#define MAX_BLOCK		2048
#define MIN_BLOCK		32
#define SURE			1e-5
#define FIRM			1e-2	/* (lambda + smallest alpha) / largest lambda */

#define MEMORY_HINT "Fit fewer targets at a time (gram_targets), or fewer features (gram_features)."

/* ---- bases ---- */

/* The basis of sums about the centre, whose X'X it takes over. */
static void
basis_centre(Basis *b, int p, FeatureSums *sums, const RidgeJob *job)
{
	b->n = sums->n;
	b->mean = huge_matrix(1, p);
	b->inv = huge_matrix(1, p);
	b->lambda = huge_matrix(1, p);
	b->qt = sums->sxx;
	fold_centre_features(sums, p, job->standardize, job->weight, b->mean, b->inv);
}

static void
basis_finish(Basis *b, int p)
{
	b->l1 = Max(b->lambda[p - 1], 0);
	if (b->l1 <= 0)
		b->l1 = 1;
	for (int i = 0; i < p; i++)
		b->lambda[i] = Max(b->lambda[i], 0);
}

typedef struct EighJob
{
	int			p;
	Basis	  **bases;
	char	   *work;
	Size		work_bytes;
	int		   *info;
} EighJob;

static void
eigh_task(int64 i, int worker, void *arg)
{
	EighJob    *job = arg;

	job->info[i] = eigh_f8_raw(job->p, job->bases[i]->qt, job->bases[i]->lambda,
							   job->work + worker * job->work_bytes);
}

/* All bases: small ones side by side, each on one thread; large ones one after another. */
static void
decompose(Basis **bases, int n, int p)
{
	EighJob		job = {p, bases, NULL, 0, NULL};

	if (p > EIGH_RAW_MAX)
	{
		for (int i = 0; i < n; i++)
			eigh_f8(p, bases[i]->qt, bases[i]->lambda);
	}
	else
	{
		job.work_bytes = TYPEALIGN(64, eigh_raw_work(p));
		job.work = huge_alloc(size_mul(job.work_bytes, parallel_threads()));
		job.info = palloc0(n * sizeof(int));
		parallel_for(n, 0, eigh_task, &job);
		for (int i = 0; i < n; i++)
			if (job.info[i] != 0)
				ereport(ERROR,
						(errcode(ERRCODE_INTERNAL_ERROR),
						 errmsg("the eigendecomposition of X'X did not converge (info %d)", job.info[i])));
		pfree(job.work);
	}
	for (int i = 0; i < n; i++)
		basis_finish(bases[i], p);
}

void
primal_take_sums(Primal *s, FeatureSums *held, FeatureSums *train, FeatureSums *all)
{
	for (int f = 0; f < s->n_folds; f++)
	{
		FoldBasis  *fold = &s->folds[f];

		fold->sx = held[f].sx;
		fold->held = held[f].sxx;
		fold->held_mean = huge_matrix(1, s->p);
		fold->held_inv = huge_matrix(1, s->p);
		basis_centre(&fold->train, s->p, &train[f], s->job);
	}
	if (all)
		basis_centre(&s->all, s->p, all, s->job);
}

/* Every training set's X'X about its mean, and what is held out. */
static void
sum_features(Primal *s)
{
	FeatureSums *held = palloc(Max(1, s->n_folds) * sizeof(FeatureSums));
	FeatureSums *train = palloc(Max(1, s->n_folds) * sizeof(FeatureSums));
	FeatureSums all;

	fold_feature_sums(s->job->g, s->group, s->n_folds, s->job->cx, held, train, &all);
	primal_take_sums(s, held, train, &all);
	pfree(held);
	pfree(train);
}

/* The fold's rows, of the features at hand; out n x p */
static void
read_held_rows(const Primal *s, const FoldBasis *fold, double *out)
{
	const Gram *g = s->job->g;
	Size		n = fold->fold->n;
	double	   *x = s->features ? huge_matrix(n, g->p) : out;

	gram_held_x(g, fold->fold->cells, fold->fold->n_cells, s->job->cx, x);
	if (x == out)
		return;
	for (Size i = 0; i < n; i++)
		for (int j = 0; j < s->p; j++)
			out[i * s->p + j] = x[i * g->p + s->features[j]];
	pfree(x);
}

/* F = Xf Q: the fold's rows in the basis */
static void
held_rows(const Primal *s, FoldBasis *fold)
{
	int			n = (int) fold->fold->n;
	int			p = s->p;
	double	   *x = huge_matrix(n, p);
	double	   *quad = huge_matrix(n, p);

	read_held_rows(s, fold, x);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < p; j++)
			x[(Size) i * p + j] = (x[(Size) i * p + j] - fold->held_mean[j]) * fold->held_inv[j];
	gemm_f8(false, true, n, p, p, 1 / sqrt(fold->train.l1), x, p, fold->train.qt, p, 0, quad, p);
	pfree(x);
	pfree(fold->held);
	fold->held = quad;
	fold->sweep.n_rows = n;
}

/* T: the lower triangle of Q' Xf'Xf Q, diagonal halved */
static void
held_moments(const Primal *s, FoldBasis *fold)
{
	int			p = s->p;
	double	   *half = huge_matrix(p, p);

	fold_centre_and_scale(fold->held, p, fold->fold->n, fold->held_mean, fold->held_inv);
	gemm_f8(false, false, p, p, p, 1, fold->train.qt, p, fold->held, p, 0, half, p);
	gemm_f8(false, true, p, p, p, 1 / fold->train.l1, half, p, fold->train.qt, p, 0, fold->held, p);
	for (int i = 0; i < p; i++)
		fold->held[(Size) i * p + i] /= 2;
	pfree(half);
	fold->sweep.n_rows = p;
}

static void
prepare_sweep(const Primal *s, FoldBasis *fold)
{
	int			p = s->p;
	int			a = s->job->n_alphas;
	double		root = sqrt(fold->train.l1);
	double	   *lambda = huge_matrix(1, p);
	double	   *alphas = huge_matrix(1, a);
	double	   *d = huge_matrix(1, p);
	double	   *difference = huge_matrix(1, p);

	for (int j = 0; j < p; j++)
	{
		double		ss = gram_centred_squares(fold->fold->n, fold->sx[j], fold->held[(Size) j * p + j]);

		fold->held_mean[j] = fold->sx[j] / fold->fold->n;
		fold->held_inv[j] = ss > 0 ? fold->train.inv[j] : 0;
		difference[j] = (fold->held_mean[j] - fold->train.mean[j]) * fold->train.inv[j] / root;
		lambda[j] = fold->train.lambda[j] / fold->train.l1;
	}
	for (int j = 0; j < a; j++)
		alphas[j] = s->job->alphas[j] / fold->train.l1;
	gemv_f8(false, p, p, 1, fold->train.qt, p, difference, 0, d);
	pfree(difference);

	fold->sweep.p = p;
	fold->sweep.lambda = lambda;
	fold->sweep.n_alphas = a;
	fold->sweep.alphas = alphas;
	fold->sweep.d = d;
	fold->sweep.predict = s->group->rows_held && 2.0 * fold->fold->n < p;
	if (fold->sweep.predict)
		held_rows(s, fold);
	else
		held_moments(s, fold);
	fold->sweep.quad = fold->held;
	fold->sweep.quad4 = NULL;
	if (s->float4)
	{
		Size		n = (Size) fold->sweep.n_rows * p;
		float	   *quad4 = huge_alloc(Max(1, n * sizeof(float)));

		narrow_doubles(fold->held, quad4, n);
		fold->sweep.quad4 = quad4;
	}
	if (fold->sweep.predict)
		s->job->enc->solver = ENCODER_SOLVER_PREDICT;
}

static void
prepare_firm(const Primal *s, FoldBasis *fold)
{
	int			p = s->p;
	int			n;

	fold->first_firm = 0;
	while (fold->first_firm < p &&
		   (s->job->g->has_float8 || fold->sweep.lambda[fold->first_firm] + fold->sweep.alphas[0] < FIRM))
		fold->first_firm++;
	n = p - fold->first_firm;
	fold->firm = huge_alloc(Max(1, (Size) p * n) * sizeof(float));
	for (int i = 0; i < n; i++)
		for (int j = 0; j < p; j++)
			fold->firm[(Size) j * n + i] = (float) fold->train.qt[(Size) (fold->first_firm + i) * p + j];
}

void
primal_prepare(Primal *s)
{
	Basis	  **bases = palloc((s->n_folds + 1) * sizeof(Basis *));
	int			n = 0;

	for (int f = 0; f < s->n_folds; f++)
		bases[n++] = &s->folds[f].train;
	if (s->job->fit || s->n_folds == 0)
		bases[n++] = &s->all;
	decompose(bases, n, s->p);
	for (int f = 0; f < s->n_folds; f++)
	{
		prepare_sweep(s, &s->folds[f]);
		if (s->float4)
			prepare_firm(s, &s->folds[f]);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(bases);
}

/* ---- blocks of targets ---- */

/* Eigenvalues up to this are rounding. */
static double
rounding_of_eigenvalues(const Basis *basis, int p)
{
	return basis->lambda[p - 1] * p * 2.220446049250313e-16;
}

/* z (p x nt) = 0 in the directions that X lacks, where the products are not exact. */
static void
drop_null_directions(const Primal *s, const Basis *basis, double *z, int nt)
{
	double		rounding = rounding_of_eigenvalues(basis, s->p);

	for (int i = 0; i < s->p && s->job->g->products_float4 && basis->lambda[i] <= rounding; i++)
		memset(z + (Size) i * nt, 0, nt * sizeof(double));
}

/* m (p x nt, centred; m4: a copy, or NULL) in the fold's basis; what m pointed to is the spare then. */
static void
rotate(const Primal *s, TargetSums *b, const FoldBasis *fold, double **m, const float *m4)
{
	int			p = s->p;
	int			nt = b->nt;
	int			first = m4 ? fold->first_firm : p;
	double	   *out = b->spare;

	gemm_f8(false, false, first, nt, p, 1, fold->train.qt, p, *m, nt, 0, out, nt);
	if (first < p)
		gemm_f4_accumulate(p - first, nt, p, fold->firm, p - first, m4, nt, false, out + (Size) first * nt, nt);
	b->spare = *m;
	*m = out;
}

/* The block's sums about means, in the fold's basis and units: train becomes z, held e; m4: room of p x nt, or NULL. */
static void
project(const Primal *s, TargetSums *b, int f, float *m4)
{
	const FoldBasis *fold = &s->folds[f];
	int			p = s->p;
	int			nt = b->nt;
	double		unit = 1 / sqrt(fold->train.l1);
	const double *sy_held = b->sy + (Size) f * nt;
	const double *sy_all = b->sy + (Size) s->n_folds * nt;
	double	   *sy_train = palloc(nt * sizeof(double));
	const TargetSums *from = b->source ? b->source : b;
	bool		float4_alone = m4 && fold->first_firm == 0;

	for (int t = 0; t < nt; t++)
		sy_train[t] = sy_all[t] - sy_held[t];
	fold_centre_products(from->train[f], b->source_rows, float4_alone ? NULL : b->train[f], m4, p, nt,
						 fold->train.mean, fold->train.inv, sy_train, b->y_norm, unit);
	rotate(s, b, fold, &b->train[f], m4);
	drop_null_directions(s, &fold->train, b->train[f], nt);
	fold_centre_products(from->held[f], b->source_rows, float4_alone ? NULL : b->held[f], m4, p, nt,
						 fold->held_mean, fold->train.inv, sy_held, b->y_norm, unit);
	rotate(s, b, fold, &b->held[f], m4);
	pfree(sy_train);
}

/* A fold's part of the score of column i of 'to', alpha row j, from a sweep value of target t. */
static void
add_value(const Primal *s, const TargetSums *b, int f, const SweepValue *value, FoldScores *to, int j,
		  int i, int t)
{
	const FoldBasis *fold = &s->folds[f];
	int			nt = b->nt;
	double		n = fold->fold->n;
	double		sy = b->sy[(Size) f * nt + t];
	double		sy_train = b->sy[(Size) s->n_folds * nt + t] - sy;
	double		norm = b->y_norm[t];

	fold_scores_add(to, j, i, fold->fold->n,
					 gram_centred_squares(n, sy, b->syy[(Size) f * nt + t]),
					 value->a1 * norm * norm, value->a2 * norm * norm,
					 sy / n - sy_train / fold->train.n - value->a3 * norm);
}

static int
count_scored(const Primal *s)
{
	int			n = 0;

	for (int f = 0; f < s->n_folds; f++)
		n += s->folds[f].fold->n >= 2;
	return n;
}

static FoldScores *
new_scores(const Primal *s, const TargetSums *b, int n_alphas, int n_columns, const int *target)
{
	FoldScores *scores = fold_scores_new(n_alphas, n_columns);

	scores->n_scored = count_scored(s);
	for (int i = 0; i < n_columns; i++)
	{
		int			t = target ? target[i] : i;

		scores->syy[i] = gram_centred_squares(s->group->n, b->sy[(Size) s->n_folds * b->nt + t],
										  b->syy[(Size) s->n_folds * b->nt + t]);
	}
	return scores;
}

/* Scores of all alphas and targets of the block. */
FoldScores *
primal_score_all(const Primal *s, TargetSums *b)
{
	int			a = s->job->n_alphas;
	FoldScores *scores = new_scores(s, b, a, b->nt, NULL);
	Size		bytes = size_mul(size_mul(a, b->nt), sizeof(SweepValue));
	Size		float4_bytes = s->float4 ? size_mul(size_mul(s->p, b->nt), sizeof(float)) : 0;
	SweepValue *values;
	float	   *centred4;

	memory_claim_add(memory_claim(CurrentMemoryContext, "scores of the alphas"), size_add(bytes, float4_bytes),
					 MEMORY_HINT);
	values = huge_alloc(bytes);
	centred4 = s->float4 ? huge_alloc(float4_bytes) : NULL;
	for (int f = 0; f < s->n_folds; f++)
	{
		project(s, b, f, centred4);
		sweep_all(&s->folds[f].sweep, b->train[f], b->held[f], b->nt, s->float4,
				  s->job->scoring != ENCODER_SCORING_R, values);
		for (int j = 0; j < a; j++)
			for (int t = 0; t < b->nt; t++)
				add_value(s, b, f, &values[(Size) j * b->nt + t], scores, j, t, t);
		progress_add(1);
	}
	pfree(values);
	if (centred4)
		pfree(centred4);
	return scores;
}

/*
 * The (target, alpha) pairs whose score is within SURE of their target's best,
 * by target; none where that can't reach the target's floor.
 */
static int
contenders(const FoldScores *scores, EncoderScoring scoring, const double *floor, int *target, int *alpha)
{
	int			n = 0;

	for (int t = 0; t < scores->nt; t++)
	{
		int			best = ridge_scores_best(scores, scoring, t);
		double		value = best < 0 ? 0 : ridge_score_value(scores, scoring, best, t);
		double		bar = value - SURE;

		if (best < 0 || (floor && value < floor[t] - SURE))
			continue;
		for (int j = 0; j < scores->n_settings; j++)
			if (ridge_score_value(scores, scoring, j, t) >= bar)
			{
				target[n] = t;
				alpha[n++] = j;
			}
	}
	return n;
}

/*
 * The contenders scored again in float8: their sums replace the float4 ones,
 * and chosen is the best of them (pairs are by target, alphas ascending, so a
 * tie goes to the larger alpha).
 */
static void
choose_among_contenders(const Primal *s, const TargetSums *b, FoldScores *scores, const double *floor,
						int *chosen)
{
	EncoderScoring scoring = s->job->scoring;
	Size		max = (Size) scores->n_settings * b->nt;
	int		   *target = huge_alloc(max * sizeof(int));
	int		   *alpha = huge_alloc(max * sizeof(int));
	int			n = contenders(scores, scoring, floor, target, alpha);
	FoldScores *exact = new_scores(s, b, 1, n, target);
	SweepValue *values = huge_alloc(Max(1, n) * sizeof(SweepValue));
	double		best = 0;

	for (int f = 0; f < s->n_folds; f++)
	{
		sweep_pairs(&s->folds[f].sweep, b->train[f], b->held[f], b->nt, !s->job->g->has_float8, n, target,
					alpha, values);
		for (int i = 0; i < n; i++)
			add_value(s, b, f, &values[i], exact, 0, i, target[i]);
	}
	for (int t = 0; t < b->nt; t++)
		chosen[t] = -1;
	for (int i = 0; i < n; i++)
	{
		double		value = ridge_score_value(exact, scoring, 0, i);
		Size		at = (Size) alpha[i] * b->nt + target[i];

		scores->r[at] = exact->r[i];
		scores->r2[at] = exact->r2[i];
		scores->sse[at] = exact->sse[i];
		if (chosen[target[i]] < 0 || value >= best - RIDGE_TIE)
		{
			best = chosen[target[i]] < 0 ? value : Max(value, best);
			chosen[target[i]] = alpha[i];
		}
	}
}

void
primal_choose(const Primal *s, const TargetSums *b, FoldScores *scores, const double *floor, int *chosen)
{
	if (s->float4)
		choose_among_contenders(s, b, scores, floor, chosen);
	else
		for (int t = 0; t < b->nt; t++)
			chosen[t] = ridge_scores_best(scores, s->job->scoring, t);
}

static void
score_block(Primal *s, TargetSums *b)
{
	FoldScores *scores = primal_score_all(s, b);
	int		   *chosen;

	if (!s->job->fit)
	{
		ridge_scores_to_table(s->job, scores, b->targets);
		return;
	}
	chosen = palloc(b->nt * sizeof(int));
	primal_choose(s, b, scores, NULL, chosen);
	ridge_scores_to_encoder(s->job, scores, b->targets, chosen);
}

/* ---- the fit over all rows ---- */

/* all (p x nt) = Q' x'y about means, scaled */
static void
project_all(const Primal *s, TargetSums *b, double *ones)
{
	const double *sy = b->sy + (Size) s->n_folds * b->nt;

	for (int t = 0; t < b->nt; t++)
		ones[t] = 1;
	fold_centre_products(b->all, NULL, b->all, NULL, s->p, b->nt, s->all.mean, s->all.inv, sy, ones, 1);
	gemm_f8(false, false, s->p, b->nt, s->p, 1, s->all.qt, s->p, b->all, b->nt, 0, b->spare, b->nt);
	memcpy(b->all, b->spare, (Size) s->p * b->nt * sizeof(double));
	drop_null_directions(s, &s->all, b->all, b->nt);
}

static void
gcv_block(Primal *s, TargetSums *b)
{
	int		   *chosen = palloc(b->nt * sizeof(int));
	double	   *syy = palloc(b->nt * sizeof(double));
	double		smallest = rounding_of_eigenvalues(&s->all, s->p);

	for (int t = 0; t < b->nt; t++)
		syy[t] = gram_centred_squares(s->group->n, b->sy[t], b->syy[t]);
	for (int i = 0; i < s->p; i++)
		for (int t = 0; t < b->nt; t++)
		{
			double		z = b->all[(Size) i * b->nt + t];

			b->spare[(Size) i * b->nt + t] = s->all.lambda[i] > smallest ? z * z / s->all.lambda[i] : 0;
		}
	ridge_gcv(s->job, s->group->n, s->p, s->all.lambda, b->spare, b->nt, syy, b->targets, b->nt, chosen);
}

typedef struct FitBlock
{
	const Primal *s;
	TargetSums *b;
	double		smallest;		/* eigenvalues below are rounding */
	const double *alpha;		/* by target of the block */
} FitBlock;

HOT_LOOP static void
shrink_row(double *row, int nt, double lambda, const double *alpha, double smallest)
{
	for (int t = 0; t < nt; t++)
	{
		double		bottom = lambda + alpha[t];

		row[t] = bottom > smallest ? row[t] / bottom : 0;
	}
}

static void
shrink_task(int64 i, int worker, void *arg)
{
	FitBlock   *job = arg;
	TargetSums *b = job->b;

	shrink_row(b->all + (Size) i * b->nt, b->nt, job->s->all.lambda[i], job->alpha, job->smallest);
}

/* Weights and the value at x0 from all (projected); alphas are in the encoder. */
static void
fit_block(Primal *s, TargetSums *b)
{
	Encoder    *e = s->job->enc;
	int			p = s->p;
	double	   *alpha = palloc(b->nt * sizeof(double));
	FitBlock	job = {s, b, rounding_of_eigenvalues(&s->all, s->p), alpha};

	for (int t = 0; t < b->nt; t++)
		alpha[t] = e->alpha[b->targets[t]];
	parallel_for(p, 0, shrink_task, &job);
	gemm_f8(true, false, p, b->nt, p, 1, s->all.qt, p, b->all, b->nt, 0, b->spare, b->nt);
	fold_store_weights(s->job, b, b->spare, s->all.mean, s->all.inv, NULL);
}

static void
solve_block(Primal *s, TargetSums *b)
{
	RidgeJob   *job = s->job;
	double	   *ones = palloc(b->nt * sizeof(double));

	fold_target_sums(job->g, s->group, job->cx, job->cy, b);
	if (s->n_folds > 0)
		score_block(s, b);
	else
		progress_add(1);
	if (job->fit || s->n_folds == 0)
		project_all(s, b, ones);
	if (s->score && s->n_folds == 0)
		gcv_block(s, b);
	if (job->fit)
	{
		fold_describe_targets(job, s->group, b);
		fit_block(s, b);
	}
	pfree(ones);
}

/* ---- the entrance ---- */

static bool
scored_by_folds(const RidgeJob *job, const TargetGroup *group)
{
	return job->score && group->n_folds >= 2;
}

double
ridge_primal_flops(const RidgeJob *job, const TargetGroup *group)
{
	int			n_features = job->g->p;
	double		p = n_features;
	double		v = group->n_targets;
	double		n = group->rows_held ? group->n : 0;
	double		k = scored_by_folds(job, group) ? group->n_folds : 0;
	double		flops = n * p * p + 2 * n * p * v + (k + 1) * 9 * p * p * p + 2 * (2 * k + 2) * p * p * v;

	for (int f = 0; f < (int) k; f++)
		flops += job->n_alphas * v *
			sweep_flops(n_features, group->folds[f].n, group->rows_held && 2.0 * group->folds[f].n < p);
	return flops;
}

double
primal_sweep_flops(const RidgeJob *job, const TargetGroup *group)
{
	int			p = job->g->p;
	double		flops = 0;

	for (int f = 0; f < group->n_folds; f++)
		flops += job->n_alphas * (double) group->n_targets *
			sweep_flops(p, group->folds[f].n, group->rows_held && 2.0 * group->folds[f].n < p);
	return flops;
}

static int
block_targets(const Primal *s)
{
	Size		a_target = (2 * (Size) s->n_folds + 2) * s->p * sizeof(double);
	Size		fits = BLOCK_BYTES / Max(a_target, 1);

	return (int) Min((Size) s->group->n_targets, Min((Size) MAX_BLOCK, Max((Size) MIN_BLOCK, fits)));
}

Size
primal_bases_bytes(const Primal *s)
{
	return size_mul(size_mul(size_mul(s->p, s->p), sizeof(double)), 3 * (Size) s->n_folds + 3);
}

void
primal_start(Primal *s, RidgeJob *job, const TargetGroup *group)
{
	*s = (Primal) {.job = job, .group = group, .p = job->g->p, .score = job->score};
	s->n_folds = scored_by_folds(job, group) ? group->n_folds : 0;
	s->float4 = job->fit && s->n_folds > 0 && primal_sweep_flops(job, group) > PRIMAL_FLOAT4_FLOPS;
	s->max_block = block_targets(s);
	s->folds = palloc0(Max(1, s->n_folds) * sizeof(FoldBasis));
	for (int f = 0; f < s->n_folds; f++)
		s->folds[f].fold = &group->folds[f];
}

void
ridge_primal(RidgeJob *job, const TargetGroup *group)
{
	Primal		s;
	MemoryContext scratch;
	MemoryContext old;
	MemoryContext per_block;
	TargetSums *b;
	int			n_blocks;

	primal_start(&s, job, group);
	scratch = scratch_create("ridge", size_add(primal_bases_bytes(&s),
											   fold_target_bytes(s.p, s.n_folds, s.max_block)), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	sum_features(&s);
	primal_prepare(&s);

	b = fold_target_sums_new(s.p, s.n_folds, s.max_block);
	per_block = AllocSetContextCreate(scratch, "ridge block", ALLOCSET_DEFAULT_SIZES);
	n_blocks = (group->n_targets + s.max_block - 1) / s.max_block;
	progress_begin("ridge: targets", (double) n_blocks * Max(1, s.n_folds));
	for (int t0 = 0; t0 < group->n_targets; t0 += s.max_block)
	{
		b->nt = Min(s.max_block, group->n_targets - t0);
		b->targets = group->targets + t0;
		MemoryContextSwitchTo(per_block);
		solve_block(&s, b);
		MemoryContextReset(per_block);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	pfree(s.folds);
}
