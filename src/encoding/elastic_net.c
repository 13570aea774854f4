/*
 * elastic_net.c
 *		Lasso and elastic net, cross-validated, by coordinate descent on the Gram
 *		matrix (stats/lasso.c).
 *
 * The loss is scikit-learn's (and glmnet's): with n the rows of the training set,
 *
 *		||y - Xb||^2 / (2 n) + alpha l1_ratio ||b||_1 + alpha (1 - l1_ratio) / 2 ||b||^2
 *
 * A target goes down the alphas from the largest, each solution the start of
 * the next (Friedman, Hastie and Tibshirani 2010).
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "encoding/elastic_net.h"
#include "encoding/fold_fit.h"
#include "linalg/linalg.h"
#include "stats/lasso.h"

#define N_DEFAULT_ALPHAS	100
#define SMALLEST_SHARE		1e-3	/* of the default alphas: of the largest */
#define BLOCK_BYTES			((Size) 64 << 20)
#define MAX_BLOCK			1024

#define MEMORY_HINT "Fit fewer targets at a time (gram_targets), or fewer features (gram_features)."

/* ---- a block ---- */

typedef struct ElasticNet
{
	const ElasticNetOptions *options;
	FoldFit    *fit;
	int			n_alphas;
	const double *alphas;		/* n_alphas, ascending; NULL: a grid a target */
	double	   *alpha_max;		/* a target of the block: the least alpha without weights, all rows */
	Lasso	   *lasso;
	double	   *columns;		/* p x nt: weights as scores and the encoder want them */
	int64		n_fits;
	int64		n_failed;
} ElasticNet;

static double
alpha_of(const ElasticNet *en, int j, int t)
{
	if (en->alphas)
		return en->alphas[j];
	if (en->n_alphas == 1)
		return en->alpha_max[t];
	return en->alpha_max[t] * pow(SMALLEST_SHARE, (double) (en->n_alphas - 1 - j) / (en->n_alphas - 1));
}

static void
transpose(const double *in, int rows, int columns, double *out)
{
	for (int i0 = 0; i0 < rows; i0 += 16)
		for (int j = 0; j < columns; j++)
			for (int i = i0; i < Min(rows, i0 + 16); i++)
				out[(Size) j * rows + i] = in[(Size) i * columns + j];
}

/* A training set's sums with the block (p x nt) and its y's sums of squares, at weights 0. */
static void
start_path(ElasticNet *en, const TrainingSet *set, const double *xy, int fold)
{
	const TargetSums *b = en->fit->b;
	Lasso	   *s = en->lasso;
	int			k = en->fit->n_folds;

	s->xx = set->xx;
	s->nt = b->nt;
	transpose(xy, s->p, s->nt, s->xy);
	memset(s->weights, 0, (Size) s->nt * s->p * sizeof(double));
	memcpy(s->gradient, s->xy, (Size) s->nt * s->p * sizeof(double));
	for (int t = 0; t < s->nt; t++)
	{
		double		sy = b->sy[(Size) k * b->nt + t];
		double		syy = b->syy[(Size) k * b->nt + t];

		if (fold >= 0)
		{
			sy -= b->sy[(Size) fold * b->nt + t];
			syy -= b->syy[(Size) fold * b->nt + t];
		}
		s->yy[t] = gram_centred_squares(set->n, sy, syy) / (b->y_norm[t] * b->y_norm[t]);
	}
}

/* Solutions of the targets that are pending at alpha j, from where they stand. */
static void
solve_alpha(ElasticNet *en, const TrainingSet *set, int j)
{
	Lasso	   *s = en->lasso;
	double		ratio = en->options->l1_ratio;

	for (int k = 0; k < s->n_pending; k++)
	{
		int			t = s->pending[k];
		double		penalty = set->n * alpha_of(en, j, t);

		s->l1[t] = penalty * ratio / en->fit->b->y_norm[t];
		s->l2[t] = penalty * (1 - ratio);
	}
	en->n_fits += s->n_pending;
	en->n_failed += lasso_solve(s);
}

static void
score_fold(ElasticNet *en, int f, FoldScores *scores)
{
	FoldFit    *fit = en->fit;
	Lasso	   *s = en->lasso;

	start_path(en, &fit->train[f], fit->b->train[f], f);
	for (int j = en->n_alphas - 1; j >= 0; j--)
	{
		for (int t = 0; t < s->nt; t++)
			s->pending[t] = t;
		s->n_pending = s->nt;
		solve_alpha(en, &fit->train[f], j);
		transpose(s->weights, s->nt, s->p, en->columns);
		fold_fit_score(fit, f, en->columns, scores, j);
		progress_add(s->nt);
	}
}

/* On all rows, each target down to its own alpha. */
static void
fit_chosen(ElasticNet *en, const int *chosen)
{
	FoldFit    *fit = en->fit;
	Lasso	   *s = en->lasso;

	start_path(en, &fit->all, fit->b->all, -1);
	for (int j = en->n_alphas - 1; j >= 0; j--)
	{
		s->n_pending = 0;
		for (int t = 0; t < s->nt; t++)
			if (chosen[t] <= j)
				s->pending[s->n_pending++] = t;
		progress_add(s->nt);
		solve_alpha(en, &fit->all, j);
	}
	transpose(s->weights, s->nt, s->p, en->columns);
	fold_fit_store(fit, en->columns);
}

static void
find_alpha_max(ElasticNet *en)
{
	const FoldFit *fit = en->fit;
	const TargetSums *b = fit->b;

	memset(en->alpha_max, 0, b->nt * sizeof(double));
	for (int i = 0; i < fit->p; i++)
		for (int t = 0; t < b->nt; t++)
			en->alpha_max[t] = Max(en->alpha_max[t], fabs(b->all[(Size) i * b->nt + t]));
	for (int t = 0; t < b->nt; t++)
		en->alpha_max[t] *= b->y_norm[t] / fit->all.n / en->options->l1_ratio;
}

static void
store_scores(ElasticNet *en, const FoldScores *scores, const int *chosen)
{
	Encoder    *e = en->fit->job->enc;

	for (int t = 0; t < scores->nt; t++)
	{
		int			target = en->fit->b->targets[t];
		double		alpha = alpha_of(en, chosen[t], t);

		e->alpha[target] = alpha > 0 ? alpha : NAN;
		ridge_scores_put(scores, chosen[t], t, e, target);
	}
}

static void
solve_block(ElasticNet *en, int t0, int nt)
{
	FoldFit    *fit = en->fit;
	FoldScores *scores;
	int		   *chosen = palloc(nt * sizeof(int));

	fold_fit_block(fit, t0, nt);
	find_alpha_max(en);
	scores = fold_fit_scores_new(fit, en->n_alphas);
	for (int f = 0; f < fit->n_folds; f++)
		score_fold(en, f, scores);
	for (int t = 0; t < nt; t++)
		chosen[t] = Max(0, ridge_scores_best(scores, fit->job->scoring, t));
	store_scores(en, scores, chosen);
	fit_chosen(en, chosen);
}

/* ---- groups ---- */

/* Of a block of targets, with their weights as columns */
static Size
block_bytes(int p, int nt)
{
	return size_add(lasso_bytes(p, nt), size_mul(size_mul(p, nt), sizeof(double)));
}

static void
solve_group(ElasticNet *en, RidgeJob *job, const TargetGroup *group)
{
	int			p = job->g->p;
	int			k = fold_fit_n_folds(job, group);
	Size		a_target = fold_target_bytes(p, k, 1) + block_bytes(p, 1) - block_bytes(p, 0);
	int			block = (int) Min((Size) group->n_targets,
								  Min((Size) MAX_BLOCK, Max((Size) 32, BLOCK_BYTES / a_target)));
	MemoryContext scratch = scratch_create("elastic net", size_add(fold_fit_bytes(p, k, block),
																   block_bytes(p, block)), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	MemoryContext per_block = AllocSetContextCreate(scratch, "elastic net block", ALLOCSET_DEFAULT_SIZES);

	en->fit = fold_fit_new(job, group, block);
	en->alpha_max = huge_matrix(1, block);
	en->columns = huge_matrix(p, block);
	en->lasso = lasso_new(p, block);
	en->lasso->max_iter = en->options->max_iter;
	en->lasso->tol = en->options->tol;
	for (int t0 = 0; t0 < group->n_targets; t0 += block)
	{
		MemoryContextSwitchTo(per_block);
		solve_block(en, t0, Min(block, group->n_targets - t0));
		MemoryContextReset(per_block);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

Encoder *
elastic_net_cv_fit(MemoryContext parent, const Gram *g, const ElasticNetOptions *options,
				   int64 *n_fits, int64 *n_failed)
{
	MemoryContext scratch = scratch_create("elastic_net_cv", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x_mean = huge_alloc(g->p * sizeof(double));
	double	   *x_scale = huge_alloc(g->p * sizeof(double));
	ElasticNet	en = {.options = options, .n_alphas = N_DEFAULT_ALPHAS};
	RidgeJob	job;
	TargetGroup *groups;
	int			n_groups;

	ridge_start_job(&job, g, options->standardize);
	ridge_describe_features(&job, x_mean, x_scale);
	if (options->n_alphas > 0)
	{
		job.n_alphas = options->n_alphas;
		en.alphas = job.alphas = ridge_sorted_alphas(options->alphas, &job.n_alphas);
		en.n_alphas = job.n_alphas;
	}
	groups = target_groups(g, &n_groups);
	ridge_make_encoder(&job, parent, x_mean, x_scale);
	encoder_alloc_primal(job.enc);
	job.enc->model = ENCODER_ELASTIC_NET;
	job.enc->l1_ratio = options->l1_ratio;
	job.enc->per_target = true;
	job.enc->scores = ENCODER_SCORES_CV;
	job.enc->scoring_asked = options->scoring;
	job.enc->scoring = job.scoring = ridge_scoring(options->scoring, groups, n_groups);
	job.fit = true;

	progress_begin("elastic net: targets", (double) g->v * en.n_alphas * (job.enc->n_folds + 1));
	for (int i = 0; i < n_groups; i++)
	{
		int			folds = groups[i].n_folds < 2 ? -1 : groups[i].n_folds;

		CHECK_FOR_INTERRUPTS();
		if (groups[i].n_folds < 2)
			ridge_fit_mean(&job, &groups[i]);
		else
			solve_group(&en, &job, &groups[i]);
		progress_add((double) groups[i].n_targets * en.n_alphas * (job.enc->n_folds - folds));	/* not there */
	}
	progress_end();
	ridge_require_finite_weights(job.enc);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	*n_fits = en.n_fits;
	*n_failed = en.n_failed;
	return job.enc;
}
