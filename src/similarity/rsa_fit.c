/*
 * rsa_fit.c
 *		A weighted sum of model RDMs, fitted and cross-validated over conditions.
 *
 * Squared distances of concatenated features add, so an RDM of re-weighted feature
 * sets is a sum of their RDMs with weights that are not negative (Khaligh-Razavi
 * and Kriegeskorte 2014; Jozwik, Kriegeskorte and Mur 2016).  The weights minimise
 * the squared error over pairs, in the metric of the method: through the origin for
 * cosine, about the means (a free intercept) for pearson, by V^-1 for the whitened
 * ones; up to a factor that is the sum with the largest value of the method.
 *
 * Folds split the conditions, not the pairs: weights come from the pairs of the
 * other conditions, the score from the pairs of two held-out ones, so that no
 * condition is on both sides.
 *
 * Cost: m k^2 flops a fold (m pairs, k models), and the active sets of nnls.c.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "similarity/rdm_kernel.h"
#include "similarity/rsa_fit.h"
#include "similarity/whitening.h"
#include "stats/nnls.h"

typedef struct Fit
{
	CompareMethod method;
	Size		n;				/* conditions */
	int			n_models;
	const double *const *d;
	double	   *x;				/* (1 + n_models) x length: the vectors of a set of conditions */
	Size		length;
	double	   *gram;			/* n_models x n_models */
	double	   *cross;			/* n_models */
} Fit;

bool
rsa_fit_takes(CompareMethod method)
{
	return method == COMPARE_PEARSON || method == COMPARE_COSINE ||
		method == COMPARE_WHITENED_PEARSON || method == COMPARE_WHITENED_COSINE;
}

static bool
centres(CompareMethod method)
{
	return method == COMPARE_PEARSON || method == COMPARE_WHITENED_PEARSON;
}

/* Whether all RDMs have the pair. */
static bool
is_there(const Fit *fit, Size pair)
{
	for (int r = 0; r <= fit->n_models; r++)
		if (isnan(fit->d[r][pair]))
			return false;
	return true;
}

static void
subtract_mean(double *x, Size n)
{
	double		mean = 0;

	for (Size i = 0; i < n; i++)
		mean += x[i] / n;
	for (Size i = 0; i < n; i++)
		x[i] -= mean;
}

/* x = the vectors over the pairs of some conditions (ascending), in the method's metric. */
static void
take_conditions(Fit *fit, const int *condition, Size m)
{
	Size		stride = compare_whitens(fit->method) ? WHITENED_SIZE(m) : RDM_PAIRS(m);
	Size		length = 0;

	for (Size i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = i + 1; j < m; j++)
		{
			Size		pair = rdm_pair(fit->n, condition[i], condition[j]);

			if (!is_there(fit, pair))
				continue;
			for (int r = 0; r <= fit->n_models; r++)
				fit->x[r * stride + length] = fit->d[r][pair];
			length++;
		}
	}
	for (int r = 0; r <= fit->n_models; r++)
	{
		double	   *x = fit->x + r * stride;
		double	   *pairs = fit->x + (1 + fit->n_models) * stride;

		if (centres(fit->method) && length > 0)
			subtract_mean(x, length);
		if (!compare_whitens(fit->method))
		{
			/* closed up where pairs are missing */
			memmove(fit->x + r * length, x, length * sizeof(double));
			continue;
		}
		memcpy(pairs, x, length * sizeof(double));
		whiten((int) m, pairs, x, true);
	}
	fit->length = compare_whitens(fit->method) ? stride : length;
}

static void
fit_weights(Fit *fit, double *weight)
{
	Size		k = fit->n_models;
	const double *models = fit->x + fit->length;

	syrk_f8(false, k, fit->length, 1.0, models, fit->length, 0.0, fit->gram, k);
	gemm_f8(false, true, k, 1, fit->length, 1.0, models, fit->length, fit->x, fit->length, 0.0, fit->cross, 1);
	nnls(k, fit->gram, fit->cross, weight);
}

/* Agreement of data and the weighted sum over the pairs taken; NaN for data without spread, 0 for such a sum. */
static double
agreement(Fit *fit, const double *weight)
{
	double	   *predicted = fit->x + (1 + fit->n_models) * fit->length;
	double	   *data = fit->x;

	gemm_f8(false, false, 1, fit->length, fit->n_models, 1.0, weight, fit->n_models,
			fit->x + fit->length, fit->length, 0.0, predicted, fit->length);
	if (!compare_normalize(fit->length, data, false))
		return NAN;
	if (!compare_normalize(fit->length, predicted, false))
		return 0;
	return Max(-1.0, Min(1.0, compare_dot(fit->length, data, predicted)));
}

static void
score_fold(Fit *fit, const int *fold_of, int fold, RsaFit *result, double *weight)
{
	int		   *condition = palloc(fit->n * sizeof(int));
	Size		m;
	double		score;

	for (int side = 0; side < 2; side++)
	{
		m = 0;
		for (Size i = 0; i < fit->n; i++)
			if ((fold_of[i] == fold) == (side == 1))
				condition[m++] = (int) i;
		take_conditions(fit, condition, m);
		if (side == 0)
			fit_weights(fit, weight);
	}
	score = agreement(fit, weight);
	for (int k = 0; k < fit->n_models; k++)
		result->fold_weight[k] += weight[k];
	if (!isnan(score))
	{
		result->score += score;
		result->n_scored++;
	}
	pfree(condition);
}

/* ---- the RDMs ---- */

#define MEMORY_HINT "Take fewer conditions, by rdm_subset, or fewer models."
#define MIN_FOLD	3

static void
require_folds(int n_conditions, int n_folds)
{
	if (n_folds < 2 || n_conditions / MIN_FOLD < n_folds)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_folds is %d, but the RDMs share %d conditions", n_folds, n_conditions),
				 errdetail("There must be at least 2 folds, and at least %d conditions in each.", MIN_FOLD)));
}

static void
require_complete(const Fit *fit)
{
	Size		pairs = RDM_PAIRS(fit->n);
	Size		missing = 0;

	for (Size p = 0; p < pairs; p++)
		missing += !is_there(fit, p);
	if (missing > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%zu of %zu pairs of conditions are missing in some of the RDMs", missing, pairs),
				 errdetail("A fit by %s needs all pairs.", compare_method_name(fit->method)),
				 errhint("Leave out conditions with missing pairs, by rdm_subset.")));
}

/* The shared conditions' distances, data first. */
static double **
gather(const Rdm *const *rdms, int n_rdms, int *const *index, int n_conditions, bool squared)
{
	double	  **d = palloc(n_rdms * sizeof(double *));
	Size		pairs = RDM_PAIRS(n_conditions);

	for (int r = 0; r < n_rdms; r++)
	{
		d[r] = huge_matrix(1, pairs);
		rdm_gather(rdms[r], index[r], n_conditions, d[r]);
		if (squared && rdm_kernel_squares(rdms[r]->metric))
			for (Size p = 0; p < pairs; p++)
				d[r][p] *= d[r][p];
	}
	return d;
}

static RsaFit *
new_result(int n_models, int n_conditions)
{
	RsaFit	   *result = palloc0(sizeof(RsaFit));

	result->weight = palloc(n_models * sizeof(double));
	result->fold_weight = palloc0(n_models * sizeof(double));
	result->n_conditions = n_conditions;
	return result;
}

static int *
draw_folds(int n_conditions, int n_folds, uint64 seed)
{
	int		   *fold_of = palloc(n_conditions * sizeof(int));
	int64	   *perm = palloc(n_conditions * sizeof(int64));
	RandomStream stream;

	random_start(&stream, seed, 0);
	random_permute(&stream, perm, n_conditions);
	for (int i = 0; i < n_conditions; i++)
		fold_of[perm[i]] = i % n_folds;
	return fold_of;
}

RsaFit *
rsa_fit(CompareMethod method, const Rdm *data, const Rdm *const *models, int n_models,
		int n_folds, uint64 seed, bool squared)
{
	int			n_rdms = 1 + n_models;
	const Rdm **rdms = palloc(n_rdms * sizeof(Rdm *));
	int		  **index = palloc(n_rdms * sizeof(int *));
	Fit			fit = {.method = method, .n_models = n_models};
	RsaFit	   *result;
	double	   *weight;
	int		   *fold_of;
	int		   *all;
	MemoryContext scratch;
	MemoryContext old;
	Size		k = n_models;

	rdms[0] = data;
	memcpy(rdms + 1, models, n_models * sizeof(Rdm *));
	fit.n = rdm_align(rdms, n_rdms, index);
	compare_require_shared((int) fit.n, rdms, n_rdms);
	require_folds((int) fit.n, n_folds);
	result = new_result(n_models, (int) fit.n);
	scratch = scratch_create("rsa_fit",
							 size_add(size_mul(size_mul(2 * k + 3, WHITENED_SIZE(fit.n)), sizeof(double)),
									  size_add(size_mul(size_mul(k, k + 4), sizeof(double)), NNLS_SCRATCH(k))), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	fit.d = (const double *const *) gather(rdms, n_rdms, index, (int) fit.n, squared);
	if (compare_whitens(method))
		require_complete(&fit);
	fit.x = huge_matrix(k + 2, WHITENED_SIZE(fit.n));
	fit.gram = huge_matrix(k, k);
	fit.cross = palloc(k * sizeof(double));
	weight = palloc(k * sizeof(double));

	fold_of = draw_folds((int) fit.n, n_folds, seed);
	for (int fold = 0; fold < n_folds; fold++)
		score_fold(&fit, fold_of, fold, result, weight);
	for (int i = 0; i < n_models; i++)
		result->fold_weight[i] /= n_folds;
	result->score = result->n_scored > 0 ? result->score / result->n_scored : NAN;

	all = palloc(fit.n * sizeof(int));
	for (Size i = 0; i < fit.n; i++)
		all[i] = (int) i;
	take_conditions(&fit, all, fit.n);
	fit_weights(&fit, result->weight);
	result->fit = agreement(&fit, result->weight);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return result;
}
