/*
 * component_models.c
 *		PLS and PCR over a gram: groups of targets, training sets, scores.
 *
 * Every fold is left out once, and all rows give the model: k + 1 fits.  PCR and
 * PLS target by target take the targets in blocks, and targets that lack rows
 * on the rows they have.  Joint PLS finds components for all targets together:
 * they stay in one block, on the rows that have them all.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "encoding/component_models.h"
#include "encoding/fold_fit.h"
#include "linalg/linalg.h"

#define BLOCK_BYTES ((Size) 128 << 20)
#define MAX_BLOCK	2048

#define MEMORY_HINT "Fit fewer targets at a time (gram_targets), or fewer features (gram_features)."
#define JOINT_HINT	"Fit by target (per_target => true), or fewer features (gram_features)."

typedef struct Components
{
	ComponentModel model;
	int			n_asked;
	int			n_found;		/* on all rows, the most of any target */
	FoldFit    *fit;
	PcrBasis   *basis;			/* PCR: of each training set, the last of all rows */
	double	   *weights;		/* p x nt */
} Components;

static Size
model_bytes(const Components *c, int p, int nt)
{
	switch (c->model)
	{
		case COMPONENTS_PLS_JOINT:
			return pls_joint_bytes(p, nt, c->n_asked);
		case COMPONENTS_PLS_BY_TARGET:
			return pls_by_target_bytes(p, nt, c->n_asked);
		case COMPONENTS_PCR:
			break;
	}
	return size_mul(size_mul(c->n_asked, nt), sizeof(double));
}

/* Weights from training set f, which is n_folds for all rows; xy is destroyed. */
static int
fit_weights(Components *c, int f, const TrainingSet *set, double *xy)
{
	int			p = c->fit->p;
	int			nt = c->fit->b->nt;

	switch (c->model)
	{
		case COMPONENTS_PLS_JOINT:
			return pls_joint(p, nt, set->xx, xy, c->n_asked, c->weights);
		case COMPONENTS_PLS_BY_TARGET:
			return pls_by_target(p, nt, set->xx, xy, c->n_asked, c->weights);
		case COMPONENTS_PCR:
			break;
	}
	pcr_weights(&c->basis[f], p, nt, xy, c->weights);
	return c->basis[f].k;
}

static void
make_bases(Components *c)
{
	FoldFit    *fit = c->fit;

	c->basis = palloc((fit->n_folds + 1) * sizeof(PcrBasis));
	for (int f = 0; f < fit->n_folds; f++)
		c->basis[f] = pcr_basis(fit->p, fit->train[f].xx, c->n_asked);
	c->basis[fit->n_folds] = pcr_basis(fit->p, fit->all.xx, c->n_asked);
}

static void
solve_block(Components *c, int t0, int nt)
{
	FoldFit    *fit = c->fit;
	TargetSums *b = fit->b;
	int			n_found;

	fold_fit_block(fit, t0, nt);
	if (fit->n_folds > 0)
	{
		FoldScores *scores = fold_fit_scores_new(fit, 1);

		for (int f = 0; f < fit->n_folds; f++)
		{
			fit_weights(c, f, &fit->train[f], b->train[f]);
			fold_fit_score(fit, f, c->weights, scores, 0);
			progress_add(nt);
		}
		for (int t = 0; t < nt; t++)
			ridge_scores_put(scores, 0, t, fit->job->enc, b->targets[t]);
	}
	n_found = fit_weights(c, fit->n_folds, &fit->all, b->all);
	c->n_found = Max(c->n_found, n_found);
	fold_fit_store(fit, c->weights);
	progress_add(nt);
}

static int
block_targets(const Components *c, int p, int k, int n_targets)
{
	Size		a_target;

	if (c->model == COMPONENTS_PLS_JOINT)
		return n_targets;
	a_target = fold_target_bytes(p, k, 1) + model_bytes(c, p, 1) + p * sizeof(double);
	return (int) Min((Size) n_targets, Min((Size) MAX_BLOCK, Max((Size) 32, BLOCK_BYTES / a_target)));
}

static void
solve_group(Components *c, RidgeJob *job, const TargetGroup *group)
{
	int			p = job->g->p;
	int			k = fold_fit_n_folds(job, group);
	int			block = block_targets(c, p, k, group->n_targets);
	Size		bytes = size_add(fold_fit_bytes(p, k, block), size_add(model_bytes(c, p, block),
								 size_mul(size_mul(p, block), sizeof(double))));
	MemoryContext scratch;
	MemoryContext old;
	MemoryContext per_block;

	if (c->model == COMPONENTS_PCR)
		bytes = size_add(bytes, size_add(eigh_scratch(p),
										 size_mul(size_mul(c->n_asked, p), (k + 1) * sizeof(double))));
	scratch = scratch_create(c->model == COMPONENTS_PCR ? "pcr" : "pls", bytes,
							 c->model == COMPONENTS_PLS_JOINT ? JOINT_HINT : MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	per_block = AllocSetContextCreate(scratch, "components block", ALLOCSET_DEFAULT_SIZES);
	c->fit = fold_fit_new(job, group, block);
	c->fit->one_norm = c->model == COMPONENTS_PLS_JOINT;
	c->weights = huge_matrix(p, block);
	if (c->model == COMPONENTS_PCR)
		make_bases(c);
	for (int t0 = 0; t0 < group->n_targets; t0 += block)
	{
		MemoryContextSwitchTo(per_block);
		solve_block(c, t0, Min(block, group->n_targets - t0));
		MemoryContextReset(per_block);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

static TargetGroup *
joint_group(const Gram *g)
{
	TargetGroup *group = target_complete_group(g);

	if (group->n < 2 && gram_n(g) >= 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("joint PLS needs rows that have every target, but there are " INT64_FORMAT " of " INT64_FORMAT,
						group->n, gram_n(g)),
				 errhint("Leave out the targets that lack most rows (gram_targets), or fit by target (per_target => true).")));
	return group;
}

/* One factor for all features, which changes no component, brings products of products into range. */
static const double *
one_scale(int p, double trace)
{
	double	   *weight = huge_matrix(1, p);

	for (int j = 0; j < p; j++)
		weight[j] = trace > 0 ? sqrt(p / trace) : 1;
	return weight;
}

Encoder *
component_model_fit(MemoryContext parent, const Gram *g, ComponentModel model, int n_components)
{
	MemoryContext scratch = scratch_create("components", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x_mean = huge_alloc(g->p * sizeof(double));
	double	   *x_scale = huge_alloc(g->p * sizeof(double));
	Components	c = {.model = model, .n_asked = n_components};
	RidgeJob	job;
	TargetGroup *groups;
	int			n_groups = 1;
	double		trace;
	Encoder    *e;

	ridge_start_job(&job, g, false);
	trace = ridge_describe_features(&job, x_mean, x_scale);
	job.weight = one_scale(g->p, trace);
	groups = model == COMPONENTS_PLS_JOINT ? joint_group(g) : target_groups(g, &n_groups);
	ridge_make_encoder(&job, parent, x_mean, x_scale);
	e = job.enc;
	encoder_alloc_primal(e);
	e->model = model == COMPONENTS_PCR ? ENCODER_PCR : ENCODER_PLS;
	e->per_target = model == COMPONENTS_PLS_BY_TARGET;
	e->scores = e->n_folds >= 2 ? ENCODER_SCORES_CV : ENCODER_SCORES_NONE;
	e->scoring_asked = ENCODER_SCORING_R2;
	e->scoring = ridge_scoring(ENCODER_SCORING_R2, groups, n_groups);

	progress_begin(model == COMPONENTS_PCR ? "pcr: targets" : "pls: targets",
				   (double) g->v * (e->scores == ENCODER_SCORES_CV ? e->n_folds + 1 : 1));
	for (int i = 0; i < n_groups; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (groups[i].n < 2)
			ridge_fit_mean(&job, &groups[i]);
		else
			solve_group(&c, &job, &groups[i]);
	}
	progress_end();
	e->n_components = Max(1, c.n_found);
	ridge_require_finite_weights(e);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return e;
}
