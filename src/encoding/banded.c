/*
 * banded.c
 *		Banded ridge by random search (Dupre la Tour, Eickenberg, Nunez-Elizalde
 *		and Gallant 2022): Dirichlet draws, the best of them for each target, and
 *		the fit over all rows.
 *
 * From moments a draw costs what banded_primal.c says; from the kernel (p > n)
 * what ridge_kernel.c says, the kernel of the re-weighted features included.
 * The fit costs a decomposition a distinct draw that some target chose (9 p^3,
 * or n^2 p + 9 n^3), and 4 p^2 flops a target.
 *
 * A draw replaces the best one only if its score is larger by more than
 * rounding: of equal draws the first stays, so a target that no weighting helps
 * keeps equal scales.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/random.h"
#include "encoding/banded.h"

/* ---- draws ---- */

/*
 * Logarithm of a gamma variate of the given shape (Marsaglia and Tsang 2000; a
 * shape below 1 by way of shape + 1): at shape 0.1 the variate itself underflows.
 */
static double
log_gamma_variate(RandomStream *r, double shape)
{
	double		boost = shape < 1 ? log(1 - random_double(r)) / shape : 0;
	double		d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
	double		c = 1 / sqrt(9 * d);

	for (;;)
	{
		double		x = random_gaussian(r);
		double		v = (1 + c * x) * (1 + c * x) * (1 + c * x);
		double		u = 1 - random_double(r);

		if (v > 0 && log(u) < 0.5 * x * x + d - d * v + d * log(v))
			return log(d) + log(v) + boost;
	}
}

static void
sample_scales(RandomStream *r, int n_bands, double concentration, double *scales)
{
	double		largest = -INFINITY;
	double		sum = 0;

	for (int b = 0; b < n_bands; b++)
	{
		scales[b] = log_gamma_variate(r, concentration);
		largest = Max(largest, scales[b]);
	}
	for (int b = 0; b < n_bands; b++)
	{
		scales[b] = exp(scales[b] - largest);
		sum += scales[b];
	}
	for (int b = 0; b < n_bands; b++)
		scales[b] *= n_bands / sum;
}

void
banded_sample(int n_bands, int n_draws, int n_concentrations, const double *concentration, uint64 seed,
			  double *scales)
{
	for (int b = 0; b < n_bands && n_draws > 0; b++)
		scales[b] = 1;
	for (int i = 1; i < n_draws; i++)
	{
		RandomStream r;

		CHECK_FOR_INTERRUPTS();
		random_start(&r, seed, i);
		sample_scales(&r, n_bands, concentration[(i - 1) % n_concentrations], scales + (Size) i * n_bands);
	}
}

/* What the features are multiplied by: p roots of their bands' scales. */
static void
feature_weights(const BandDraws *draws, int draw, double *weight)
{
	for (int b = 0; b < draws->n_bands; b++)
	{
		double		root = sqrt(draws->scales[(Size) draw * draws->n_bands + b]);

		for (int j = 0; j < draws->widths[b]; j++)
			*weight++ = root;
	}
}

/* ---- the search ---- */

void
banded_offer(BandedSearch *search, int draw, int target, const BandedOffer *offer)
{
	Encoder    *e = search->job->enc;

	if (search->table)
		search->table[(Size) draw * search->job->g->v + target] = offer->score;
	if (isnan(offer->score) ||
		(search->draw[target] >= 0 && offer->score <= search->score[target] + RIDGE_TIE))
		return;
	search->draw[target] = draw;
	search->score[target] = offer->score;
	e->alpha[target] = offer->alpha;
	e->r[target] = offer->r;
	e->r2[target] = offer->r2;
	e->r2_pooled[target] = offer->r2_pooled;
}

/* A target's scores of all alphas, in the job's tables, as one offer of the draw. */
static void
offer_from_tables(BandedSearch *search, int draw, int target)
{
	const RidgeJob *job = search->job;
	bool		gcv = job->enc->scores == ENCODER_SCORES_GCV;
	const double *table = gcv || job->scoring == ENCODER_SCORING_R2 ? job->table_r2
		: job->scoring == ENCODER_SCORING_R ? job->table_r : job->table_pooled;
	int			best = -1;
	double		score = NAN;
	Size		at;

	for (int j = 0; j < job->n_alphas; j++)
	{
		double		value = table[(Size) j * job->g->v + target];

		if (!isnan(value) && (best < 0 || value >= score - RIDGE_TIE))
		{
			score = best < 0 ? value : Max(value, score);
			best = j;
		}
	}
	if (best < 0)
		return;
	at = (Size) best * job->g->v + target;
	banded_offer(search, draw, target, &(BandedOffer) {score, job->alphas[best], job->table_r[at],
				 job->table_r2[at], job->table_pooled[at]});
}

/* Draw by draw through the group's own solver: from the kernel, or without folds. */
static void
search_by_tables(BandedSearch *search, const RidgePlan *plan, const TargetGroup *group, bool use_kernel)
{
	RidgeJob   *job = search->job;
	double	   *weight = huge_matrix(1, job->g->p);

	if (job->table_r == NULL)
		ridge_alloc_tables(job);
	for (int d = 0; d < search->draws->n_draws; d++)
	{
		feature_weights(search->draws, d, weight);
		job->weight = weight;
		ridge_solve_group(job, plan, group, use_kernel);
		for (int t = 0; t < group->n_targets; t++)
			offer_from_tables(search, d, group->targets[t]);
	}
	job->weight = NULL;
	pfree(weight);
}

static void
search_group(BandedSearch *search, const RidgePlan *plan, const TargetGroup *group, bool use_kernel)
{
	if (group->n < 2)
		return;
	if (use_kernel || group->n_folds < 2)
		search_by_tables(search, plan, group, use_kernel);
	else
		banded_primal(search, group);
}

static void
start_search(BandedSearch *search, RidgeJob *job, const BandDraws *draws)
{
	int			v = job->g->v;

	*search = (BandedSearch) {.job = job, .draws = draws};
	search->draw = huge_alloc(v * sizeof(int));
	search->score = huge_alloc(v * sizeof(double));
	for (int t = 0; t < v; t++)
	{
		search->draw[t] = -1;
		search->score[t] = -INFINITY;
	}
	job->score = true;
	job->fit = false;
}

void
banded_scores(RidgeJob *job, const RidgePlan *plan, const BandDraws *draws, double *table)
{
	BandedSearch search;

	start_search(&search, job, draws);
	search.table = table;
	for (int i = 0; i < plan->n_groups; i++)
		search_group(&search, plan, &plan->groups[i], plan->use_kernel[i]);
}

/* ---- the fit ---- */

/* The targets of the group that chose this draw, ascending; targets has room for all. */
static int
targets_of(const BandedSearch *search, const TargetGroup *group, int draw, int *targets)
{
	int			n = 0;

	for (int t = 0; t < group->n_targets; t++)
		if (Max(0, search->draw[group->targets[t]]) == draw)
			targets[n++] = group->targets[t];
	return n;
}

static void
fit_group(BandedSearch *search, const RidgePlan *plan, const TargetGroup *group, bool use_kernel)
{
	RidgeJob   *job = search->job;
	const BandDraws *draws = search->draws;
	TargetGroup	part = *group;
	double	   *weight = huge_matrix(1, job->g->p);

	part.targets = huge_alloc(group->n_targets * sizeof(int));
	job->score = false;
	job->fit = true;
	for (int d = 0; d < draws->n_draws; d++)
	{
		CHECK_FOR_INTERRUPTS();
		part.n_targets = targets_of(search, group, d, part.targets);
		if (part.n_targets == 0)
			continue;
		feature_weights(draws, d, weight);
		job->weight = weight;
		ridge_solve_group(job, plan, &part, use_kernel);
		for (int t = 0; t < part.n_targets && group->n >= 2; t++)
			memcpy(job->enc->band_scale + (Size) part.targets[t] * draws->n_bands,
				   draws->scales + (Size) d * draws->n_bands, draws->n_bands * sizeof(double));
	}
	job->score = true;
	job->fit = false;
	job->weight = NULL;
	pfree(part.targets);
	pfree(weight);
}

void
banded_fit(RidgeJob *job, const RidgePlan *plan, const BandDraws *draws)
{
	BandedSearch search;

	start_search(&search, job, draws);
	for (int i = 0; i < plan->n_groups; i++)
	{
		search_group(&search, plan, &plan->groups[i], plan->use_kernel[i]);
		fit_group(&search, plan, &plan->groups[i], plan->use_kernel[i]);
	}
}
