/*
 * ridge.c
 *		From a gram to an encoder: alphas, groups of targets, the cheapest solver.
 *
 * Each group of targets with the same rows is solved by itself, from moments
 * (ridge_primal.c) or from the kernel of its rows (ridge_kernel.c), whichever
 * takes fewer flops.  With one alpha for all targets there are two rounds: all
 * scores into a table, then the fit at the alpha whose mean score is best.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "encoding/banded.h"
#include "encoding/ridge.h"

#define N_DEFAULT_ALPHAS 20
#define MEAN_BLOCK 16			/* targets with too few rows at a time */

/* ---- what all groups share ---- */

double
ridge_describe_features(const RidgeJob *job, double *x_mean, double *x_scale)
{
	const Gram *g = job->g;
	int		   *cells = gram_all_cells(g);
	double	   *sx = huge_alloc0(g->p * sizeof(double));
	double	   *sxx = huge_alloc0(g->p * sizeof(double));
	double		n = gram_sum_squares_x(g, cells, g->n_cells, job->cx, sx, sxx);
	double		trace = 0;

	for (int j = 0; j < g->p; j++)
	{
		double		ss = gram_centred_squares(n, sx[j], sxx[j]);

		fold_require_range(sxx[j], "feature", j + 1);
		x_mean[j] = job->cx[j] + (n > 0 ? sx[j] / n : 0);
		x_scale[j] = job->standardize && ss > 0 ? sqrt(ss / n) : 1;
		trace += job->standardize ? (ss > 0 ? n : 0) : ss;
	}
	pfree(cells);
	pfree(sx);
	pfree(sxx);
	return trace;
}

/* trace / min(n - 1, p) times 10^-5 .. 10^5 */
static const double *
default_alphas(double trace, int64 n, int p)
{
	double	   *alphas = palloc(N_DEFAULT_ALPHAS * sizeof(double));
	double		scale = trace / Max(1, Min((double) n - 1, p));

	if (!(scale > 0) || !isfinite(scale))
		scale = 1;
	for (int j = 0; j < N_DEFAULT_ALPHAS; j++)
		alphas[j] = scale * pow(10, -5 + 10.0 * j / (N_DEFAULT_ALPHAS - 1));
	return alphas;
}

static int
compare_double(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y;
}

const double *
ridge_sorted_alphas(const double *in, int *n)
{
	double	   *alphas = palloc(*n * sizeof(double));
	int			kept = 0;

	memcpy(alphas, in, *n * sizeof(double));
	qsort(alphas, *n, sizeof(double), compare_double);
	for (int j = 0; j < *n; j++)
		if (kept == 0 || alphas[kept - 1] != alphas[j])
			alphas[kept++] = alphas[j];
	*n = kept;
	return alphas;
}

/* ---- solvers for groups ---- */

static void
plan_dual_rows(const Gram *g, RidgePlan *plan)
{
	int64		n = 0;

	plan->first_row = palloc(Max(1, g->n_cells) * sizeof(int64));
	for (int i = 0; i < g->n_cells; i++)
	{
		plan->first_row[i] = n;
		n += g->cells[i].n_held;
	}
	plan->n_rows = n;
}

static RidgePlan
make_plan(const RidgeJob *job)
{
	RidgePlan	plan;

	plan.groups = target_groups(job->g, &plan.n_groups);
	plan.use_kernel = palloc(plan.n_groups * sizeof(bool));
	plan_dual_rows(job->g, &plan);
	plan.dual = plan.n_rows < job->g->p && (!job->standardize || plan.n_groups == 1);
	for (int i = 0; i < plan.n_groups; i++)
	{
		const TargetGroup *group = &plan.groups[i];

		plan.use_kernel[i] = group->rows_held && group->n >= 2 && group->n < PG_INT32_MAX &&
			ridge_kernel_flops(job, group) < ridge_primal_flops(job, group);
		plan.dual &= plan.use_kernel[i];
	}
	return plan;
}

/* Where the group's rows stand in a dual encoder. */
static int64 *
dual_rows(const Gram *g, const RidgePlan *plan, const TargetGroup *group)
{
	int64	   *rows = huge_alloc(Max(1, group->n) * sizeof(int64));
	int64		n = 0;

	for (int i = 0; i < group->n_cells; i++)
		for (int64 r = 0; r < g->cells[group->cells[i]].n_held; r++)
			rows[n++] = plan->first_row[group->cells[i]] + r;
	return rows;
}

void
ridge_fit_mean(RidgeJob *job, const TargetGroup *group)
{
	double		sums[2 * MEAN_BLOCK];
	Size		unused_bytes = size_mul(size_mul(job->g->p, MEAN_BLOCK), sizeof(double));
	MemoryContext scratch;
	double	   *unused;

	if (!job->fit)
		return;
	scratch = scratch_create("ridge means", unused_bytes, NULL);
	unused = MemoryContextAllocHuge(scratch, unused_bytes);
	for (int t0 = 0; t0 < group->n_targets; t0 += MEAN_BLOCK)
	{
		const int  *targets = group->targets + t0;
		int			nt = Min(MEAN_BLOCK, group->n_targets - t0);

		CHECK_FOR_INTERRUPTS();
		memset(sums, 0, sizeof(sums));
		memset(unused, 0, (Size) job->g->p * nt * sizeof(double));
		gram_sum_xy(job->g, group->cells, group->n_cells, job->cx, job->cy, targets, nt,
					sums, sums + MEAN_BLOCK, unused, nt);
		for (int t = 0; t < nt; t++)
		{
			job->enc->target_n[targets[t]] = group->n;
			job->enc->y0[targets[t]] = group->n > 0 ? job->cy[targets[t]] + sums[t] : NAN;
			job->enc->alpha[targets[t]] = NAN;
		}
	}
	MemoryContextDelete(scratch);
}

void
ridge_solve_group(RidgeJob *job, const RidgePlan *plan, const TargetGroup *group, bool use_kernel)
{
	CHECK_FOR_INTERRUPTS();
	if (group->n < 2)
		ridge_fit_mean(job, group);
	else if (use_kernel)
	{
		int64	   *rows = dual_rows(job->g, plan, group);

		ridge_kernel(job, group, rows);
		pfree(rows);
	}
	else
		ridge_primal(job, group);
}

static void
solve_groups(RidgeJob *job, const RidgePlan *plan)
{
	for (int i = 0; i < plan->n_groups; i++)
		ridge_solve_group(job, plan, &plan->groups[i], plan->use_kernel[i]);
}

/* ---- one alpha for all targets ---- */

/* The alpha whose score, averaged over targets, is best; ties to the larger. */
static int
best_common_alpha(const RidgeJob *job)
{
	const double *table = job->scoring == ENCODER_SCORING_R ? job->table_r
		: job->scoring == ENCODER_SCORING_R2 ? job->table_r2 : job->table_pooled;
	int			best = job->n_alphas - 1;
	double		best_mean = -INFINITY;

	if (job->enc->scores == ENCODER_SCORES_GCV)
		table = job->table_r2;
	for (int j = 0; j < job->n_alphas; j++)
	{
		double		sum = 0;
		int			n = 0;

		for (int t = 0; t < job->g->v; t++)
		{
			double		value = table[(Size) j * job->g->v + t];

			if (!isnan(value))
			{
				sum += value;
				n++;
			}
		}
		if (n > 0 && sum / n >= best_mean - RIDGE_TIE)
		{
			best = j;
			best_mean = Max(best_mean, sum / n);
		}
	}
	return best;
}

static double *
nan_table(const RidgeJob *job)
{
	Size		n = size_mul(job->n_alphas, job->g->v);
	double	   *table;

	memory_claim_add(memory_claim(CurrentMemoryContext, "scores of the alphas"), size_mul(n, sizeof(double)),
					 "Try fewer alphas, or fit fewer targets at a time (gram_targets).");
	table = huge_alloc(size_mul(n, sizeof(double)));
	for (Size i = 0; i < n; i++)
		table[i] = NAN;
	return table;
}

void
ridge_alloc_tables(RidgeJob *job)
{
	job->table_r = nan_table(job);
	job->table_r2 = nan_table(job);
	job->table_pooled = nan_table(job);
}

static void
choose_common_alpha(RidgeJob *job, const RidgePlan *plan)
{
	int			v = job->g->v;
	int			best;

	job->fit = false;
	ridge_alloc_tables(job);
	solve_groups(job, plan);
	best = best_common_alpha(job);
	for (int t = 0; t < v; t++)
	{
		job->enc->alpha[t] = job->alphas[best];
		job->enc->r[t] = job->table_r[(Size) best * v + t];
		job->enc->r2[t] = job->table_r2[(Size) best * v + t];
		job->enc->r2_pooled[t] = job->table_pooled[(Size) best * v + t];
	}
	job->score = false;
	job->fit = true;
}

/* ---- entrances ---- */

EncoderScoring
ridge_scoring(EncoderScoring asked, const TargetGroup *groups, int n_groups)
{
	for (int i = 0; i < n_groups && asked == ENCODER_SCORING_R2; i++)
		for (int f = 0; f < groups[i].n_folds; f++)
			if (groups[i].folds[f].n < 2)
				return ENCODER_SCORING_R2_POOLED;
	return asked;
}

/* Weights of an extreme ratio of y to x may not fit their element type; nothing is stored that predicts infinity. */
static void
require_finite(const void *matrix, TensorType type, Size rows, Size columns, const char *what)
{
	for (Size i = 0; i < rows; i++)
	{
		for (Size j = 0; j < columns; j++)
		{
			Size		at = i * columns + j;

			if (!isfinite(type == TENSOR_FLOAT4 ? ((const float *) matrix)[at] : ((const double *) matrix)[at]))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("the %s %zu for target %zu is out of range for type %s", what, i + 1, j + 1,
								type == TENSOR_FLOAT4 ? "float4" : "float8"),
						 errhint("Scale the features or the responses%s.",
								 type == TENSOR_FLOAT4 ? ", or give them as float8" : "")));
		}
		if ((i & 63) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

void
ridge_require_finite_weights(const Encoder *e)
{
	if (e->dual)
		require_finite(e->coef, e->wtype, e->n_dual, e->v, "dual coefficient");
	else
		require_finite(e->weights, e->wtype, e->p, e->v, "weight of feature");
}

void
ridge_start_job(RidgeJob *job, const Gram *g, bool standardize)
{
	double	   *cx = huge_alloc(g->p * sizeof(double));
	double	   *cy = huge_alloc(Max(1, g->v) * sizeof(double));

	memset(job, 0, sizeof(RidgeJob));
	gram_get_centre(g, cx, cy);
	job->g = g;
	job->cx = cx;
	job->cy = cy;
	job->standardize = standardize;
}

void
ridge_make_encoder(RidgeJob *job, MemoryContext parent, const double *x_mean, const double *x_scale)
{
	const Gram *g = job->g;
	int			n_folds;
	Encoder    *e = encoder_new(parent, g->p, g->v, job->n_alphas, job->alphas,
								g->has_float8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4);

	gram_fold_ids(g, &n_folds);
	e->n = gram_n(g);
	e->n_folds = g->has_folds ? n_folds : 0;
	e->standardize = job->standardize;
	memcpy(e->x0, x_mean, g->p * sizeof(double));
	memcpy(e->x_scale, x_scale, g->p * sizeof(double));
	job->enc = e;
}

static void
alloc_weights(RidgeJob *job, const RidgePlan *plan)
{
	if (plan->dual)
	{
		encoder_alloc_dual(job->enc, plan->n_rows);
		memset(job->enc->scale2, 0, job->enc->p * sizeof(double));
	}
	else
		encoder_alloc_primal(job->enc);
}

/* A job that scores and fits, with its encoder, which has no weights yet. */
static void
start_cv(RidgeJob *job, RidgePlan *plan, MemoryContext parent, const Gram *g, const RidgeOptions *options)
{
	double	   *x_mean = huge_alloc(g->p * sizeof(double));
	double	   *x_scale = huge_alloc(g->p * sizeof(double));
	double		trace;

	ridge_start_job(job, g, options->standardize);
	trace = ridge_describe_features(job, x_mean, x_scale);
	job->n_alphas = options->n_alphas > 0 ? options->n_alphas : N_DEFAULT_ALPHAS;
	job->alphas = options->n_alphas > 0 ? ridge_sorted_alphas(options->alphas, &job->n_alphas)
		: default_alphas(trace, gram_n(g), g->p);
	job->score = true;
	job->fit = true;
	ridge_make_encoder(job, parent, x_mean, x_scale);
	*plan = make_plan(job);

	job->enc->per_target = options->per_target;
	job->enc->scores = job->enc->n_folds >= 2 ? ENCODER_SCORES_CV : ENCODER_SCORES_GCV;
	job->enc->scoring_asked = options->scoring;
	job->enc->scoring = ridge_scoring(options->scoring, plan->groups, plan->n_groups);
	job->scoring = job->enc->scoring;
}

Encoder *
ridge_cv_fit(MemoryContext parent, const Gram *g, const RidgeOptions *options)
{
	MemoryContext scratch = scratch_create("ridge_cv", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	RidgeJob	job;
	RidgePlan	plan;

	start_cv(&job, &plan, parent, g, options);
	if (options->draws)
	{
		plan.dual = false;		/* coefficients of the rows differ by band */
		encoder_alloc_bands(job.enc, options->draws->n_bands, options->draws->widths);
		job.enc->model = ENCODER_BANDED_RIDGE;
	}
	alloc_weights(&job, &plan);
	if (options->draws)
		banded_fit(&job, &plan, options->draws);
	else
	{
		if (!options->per_target)
			choose_common_alpha(&job, &plan);
		solve_groups(&job, &plan);
	}
	ridge_require_finite_weights(job.enc);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return job.enc;
}

void
ridge_cv_scores(const Gram *g, const RidgeOptions *options, double *table)
{
	MemoryContext scratch = scratch_create("ridge_cv", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	RidgeJob	job;
	RidgePlan	plan;

	start_cv(&job, &plan, scratch, g, options);
	for (Size i = 0; i < (Size) options->draws->n_draws * g->v; i++)
		table[i] = NAN;
	banded_scores(&job, &plan, options->draws, table);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

Encoder *
ridge_fit(MemoryContext parent, const Gram *g, int n_alphas, const double *alphas, bool standardize)
{
	MemoryContext scratch = scratch_create("ridge", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x_mean = huge_alloc(g->p * sizeof(double));
	double	   *x_scale = huge_alloc(g->p * sizeof(double));
	RidgeJob	job;
	RidgePlan	plan;

	ridge_start_job(&job, g, standardize);
	ridge_describe_features(&job, x_mean, x_scale);
	job.n_alphas = n_alphas;
	job.alphas = ridge_sorted_alphas(alphas, &job.n_alphas);
	job.fit = true;
	ridge_make_encoder(&job, parent, x_mean, x_scale);
	plan = make_plan(&job);
	alloc_weights(&job, &plan);
	job.enc->per_target = n_alphas > 1;
	job.enc->scores = ENCODER_SCORES_NONE;
	for (int t = 0; t < g->v; t++)
		job.enc->alpha[t] = alphas[n_alphas == 1 ? 0 : t];
	solve_groups(&job, &plan);
	ridge_require_finite_weights(job.enc);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return job.enc;
}
