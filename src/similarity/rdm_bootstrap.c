/*
 * rdm_bootstrap.c
 *		The corrected two-factor bootstrap of RDM comparisons.
 *
 * A draw takes as many conditions as there are, and as many subjects, with
 * replacement; pairs of copies of a condition are left out.  The same draws give
 * three series: with both drawn, with the subjects alone, with the conditions
 * alone.  Resampling both counts the noise of a subject at a condition thrice, once
 * with either factor and once more, so the variance is put together (Schuett,
 * Kipnis, Diedrichsen and Kriegeskorte 2023, eLife 12:e82566) as
 *
 *	s/(s-1) V_subjects + c/(c-1) V_conditions
 *		- s/(s-1) c/(c-1) (V_both - V_subjects - V_conditions)
 *
 * for s subjects and c conditions.  These factors follow from the random effects
 * y_ij = a_i + b_j + e_ij: the expectations of the three are (s-1)/s (A + E),
 * (c-1)/c (B + E) and the sum of both + (s-1)(c-1)/(s c) E, where A + B + E is the
 * variance of the mean.  The last term, E, is kept from 0 to the smaller of the two
 * before it, since each holds E: the result is at least either factor's own and at
 * most their sum.  (rsatoolbox bounds it by V_both, which is too small itself for
 * few subjects: by half for two.)
 *
 * All subjects are compared in each draw of conditions; draws of subjects weigh
 * these values.  The families of methods are in rdm_bootstrap_*.c.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "similarity/rdm_bootstrap.h"
#include "stats/student.h"

#define BATCH_BYTES		((Size) 32 << 20)	/* of counts and values of the draws evaluated at a time */
#define MAX_BATCH		4096
#define MAX_TRIES		1000	/* at a draw of 3 distinct conditions */

#define MEMORY_HINT "Compare fewer models in one call, or take fewer draws."

static const BootstrapFamily *
family_of(CompareMethod method)
{
	switch (method)
	{
		case COMPARE_COSINE:
		case COMPARE_PEARSON:
		case COMPARE_WHITENED_COSINE:
		case COMPARE_WHITENED_PEARSON:
		case COMPARE_CKA:
			return &bootstrap_sums;
		case COMPARE_SPEARMAN:
		case COMPARE_RHO_A:
			return &bootstrap_ranks;
		case COMPARE_KENDALL_TAU_A:
		case COMPARE_KENDALL_TAU_B:
			return &bootstrap_kendall;
		case COMPARE_BURES:
		case COMPARE_BURES_DISTANCE:
		case COMPARE_EUCLIDEAN:
			break;
	}
	return NULL;
}

bool
rdm_bootstrap_takes(CompareMethod method)
{
	return family_of(method) != NULL;
}

/* ---- the RDMs ---- */

/* Keeps the pairs that are in all vectors (rows of x, pairs apart): closes each up. */
static void
keep_complete(RdmSample *sample, int n_rdms)
{
	Size		pairs = RDM_PAIRS(sample->n_conditions);
	Size		at = 0;

	for (int i = 0; i < sample->n_conditions; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = i + 1; j < sample->n_conditions; j++, at++)
		{
			bool		there = true;

			for (int r = 0; r < n_rdms; r++)
				there &= !isnan(sample->value[r][at]);
			if (!there)
				continue;
			for (int r = 0; r < n_rdms; r++)
				sample->value[r][sample->n_pairs] = sample->value[r][at];
			sample->first[sample->n_pairs] = i;
			sample->second[sample->n_pairs++] = j;
		}
	}
	sample->complete = sample->n_pairs == pairs;
}

static bool
whitens(CompareMethod method)
{
	return method == COMPARE_WHITENED_COSINE || method == COMPARE_WHITENED_PEARSON;
}

RdmSample *
rdm_sample_new(CompareMethod method, const Rdm *const *data, int n_data, const Rdm *const *models, int n_models)
{
	RdmSample  *sample = palloc0(sizeof(RdmSample));
	int			n_rdms = n_data + n_models;
	const Rdm **rdms = palloc(n_rdms * sizeof(Rdm *));
	int		  **index = palloc(n_rdms * sizeof(int *));
	Size		pairs;

	memcpy(rdms, data, n_data * sizeof(Rdm *));
	memcpy(rdms + n_data, models, n_models * sizeof(Rdm *));
	sample->n_data = n_data;
	sample->n_models = n_models;
	sample->n_conditions = rdm_align(rdms, n_rdms, index);
	compare_require_shared(sample->n_conditions, rdms, n_rdms);
	pairs = RDM_PAIRS(sample->n_conditions);
	memory_claim_add(memory_claim(CurrentMemoryContext, "aligned RDMs"),
					 size_mul(pairs, size_add(size_mul(n_rdms, sizeof(double)), 2 * sizeof(int32))), MEMORY_HINT);
	sample->first = huge_alloc(pairs * sizeof(int32));
	sample->second = huge_alloc(pairs * sizeof(int32));
	sample->value = palloc(n_rdms * sizeof(double *));
	for (int r = 0; r < n_rdms; r++)
	{
		sample->value[r] = huge_matrix(1, pairs);
		compare_gather(method, rdms[r], index[r], sample->n_conditions, sample->value[r]);
	}
	keep_complete(sample, n_rdms);
	if (sample->n_pairs == 0 || (whitens(method) && !sample->complete))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%zu of %zu pairs of conditions are missing in some of the RDMs", pairs - sample->n_pairs, pairs),
				 sample->n_pairs == 0 ? errdetail("No pair is left.") :
				 errdetail("The bootstrap of %s needs all pairs.", compare_method_name(method)),
				 errhint("Leave out conditions with missing pairs, by rdm_subset.")));
	return sample;
}

/* Draws a batch, whole blocks of lanes. */
static int
batch_size(const RdmSample *sample, int n_draws)
{
	Size		draw = ((Size) sample->n_conditions + sample->n_data +
						(Size) sample->n_models * sample->n_data) * sizeof(double);
	Size		blocks = Max(1, Min(MAX_BATCH, BATCH_BYTES / draw) / BOOTSTRAP_LANES);

	return (int) Min(blocks, ((Size) n_draws + BOOTSTRAP_LANES - 1) / BOOTSTRAP_LANES) * BOOTSTRAP_LANES;
}

static Size
batch_doubles(const RdmSample *sample, int batch)
{
	return size_mul(batch, (Size) sample->n_conditions + sample->n_data + (Size) sample->n_models * sample->n_data);
}

Size
rdm_bootstrap_bytes(const RdmSample *sample, CompareMethod method, int n_draws)
{
	Size		results = size_mul(3 * (Size) sample->n_models, n_draws);

	return size_add(family_of(method)->bytes(sample, method),
					size_mul(size_add(results, batch_doubles(sample, batch_size(sample, n_draws))), sizeof(double)));
}

/* ---- draws ---- */

/* One lane of a block: how often each condition is drawn.  Returns the number of draws thrown away. */
static int
draw_conditions(RandomStream *stream, int n, double *count)
{
	for (int tries = 0; tries < MAX_TRIES; tries++)
	{
		int			distinct = 0;

		for (int c = 0; c < n; c++)
			count[(Size) c * BOOTSTRAP_LANES] = 0;
		for (int i = 0; i < n; i++)
		{
			double	   *at = &count[random_below(stream, n) * BOOTSTRAP_LANES];

			distinct += *at == 0;
			*at += 1;
		}
		if (distinct >= 3)
			return tries;
	}
	elog(ERROR, "no draw of %d conditions has 3 distinct ones", n);
}

/* The next n draws: counts of conditions in blocks, shares of subjects in rows. */
static int64
draw_batch(const RdmSample *sample, uint64 seed, int first, int n, double *counts, double *shares)
{
	int64		redrawn = 0;

	for (int k = 0; k < n; k++)
	{
		Size		block = k / BOOTSTRAP_LANES;
		RandomStream stream;

		CHECK_FOR_INTERRUPTS();
		random_start(&stream, seed, (uint64) first + k);
		memset(shares + (Size) k * sample->n_data, 0, sample->n_data * sizeof(double));
		for (int s = 0; s < sample->n_data; s++)
			shares[(Size) k * sample->n_data + random_below(&stream, sample->n_data)] += 1.0 / sample->n_data;
		redrawn += draw_conditions(&stream, sample->n_conditions,
								   counts + block * sample->n_conditions * BOOTSTRAP_LANES + k % BOOTSTRAP_LANES);
	}
	return redrawn;
}

/* Draws past the last of a block are all conditions once. */
static void
fill_block(const RdmSample *sample, int n, double *counts)
{
	for (int k = n; k % BOOTSTRAP_LANES != 0; k++)
		for (int c = 0; c < sample->n_conditions; c++)
			counts[((Size) (k / BOOTSTRAP_LANES) * sample->n_conditions + c) * BOOTSTRAP_LANES +
				   k % BOOTSTRAP_LANES] = 1;
}

/* ---- from values to series ---- */

/* The three values of a draw, model by model; false (nothing is kept) where one is undefined that was defined. */
static bool
keep_draw(RdmBootstrap *boot, const double *observed, const double *values, const double *share)
{
	for (Size i = 0; i < (Size) boot->n_models * boot->n_data; i++)
		if (isnan(values[i]) && !isnan(observed[i]))
			return false;
	for (int k = 0; k < boot->n_models; k++)
	{
		Size		at = (Size) k * boot->n_draws + boot->n;
		double		both = 0;
		double		subjects = 0;
		double		conditions = 0;

		for (int s = 0; s < boot->n_data; s++)
		{
			Size		i = (Size) k * boot->n_data + s;

			both += values[i] * share[s];
			subjects += observed[i] * share[s];
			conditions += values[i] / boot->n_data;
		}
		boot->drawn[BOOTSTRAP_BOTH][at] = both;
		boot->drawn[BOOTSTRAP_SUBJECTS][at] = subjects;
		boot->drawn[BOOTSTRAP_CONDITIONS][at] = conditions;
	}
	boot->n++;
	return true;
}

static RdmBootstrap *
new_result(const RdmSample *sample, int n_draws)
{
	RdmBootstrap *boot = palloc0(sizeof(RdmBootstrap));

	boot->n_conditions = sample->n_conditions;
	boot->n_data = sample->n_data;
	boot->n_models = sample->n_models;
	boot->n_draws = n_draws;
	boot->estimate = palloc0(sample->n_models * sizeof(double));
	for (int i = 0; i < 3; i++)
		boot->drawn[i] = huge_matrix(sample->n_models, n_draws);
	return boot;
}

RdmBootstrap *
rdm_bootstrap(const RdmSample *sample, CompareMethod method, int n_draws, uint64 seed)
{
	const BootstrapFamily *family = family_of(method);
	RdmBootstrap *boot = new_result(sample, n_draws);
	Size		comparisons = (Size) sample->n_models * sample->n_data;
	int			batch = batch_size(sample, n_draws);
	BootstrapWork work = {.sample = sample, .method = method};
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "rdm_bootstrap", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *counts = huge_alloc(size_mul(size_mul(batch, sample->n_conditions), sizeof(double)));
	double	   *shares = huge_matrix(batch, sample->n_data);
	double	   *values = huge_matrix(batch, comparisons);
	double	   *observed = huge_matrix(1, comparisons);

	family->begin(&work);
	fill_block(sample, 1, counts);
	for (int c = 0; c < sample->n_conditions; c++)
		counts[(Size) c * BOOTSTRAP_LANES] = 1;
	family->evaluate(&work, counts, 1, observed);
	for (Size i = 0; i < comparisons; i++)
		boot->estimate[i / sample->n_data] += observed[i] / sample->n_data;

	progress_begin("rdm_bootstrap", n_draws);
	for (int first = 0; first < n_draws; first += batch)
	{
		int			n = Min(batch, n_draws - first);

		boot->redrawn += draw_batch(sample, seed, first, n, counts, shares);
		fill_block(sample, n, counts);
		family->evaluate(&work, counts, n, values);
		for (int k = 0; k < n; k++)
			if (!keep_draw(boot, observed, values + k * comparisons, shares + (Size) k * sample->n_data))
				boot->redrawn++;
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return boot;
}

/* ---- intervals ---- */

/* Variance of one series: of model a, or of a - b; NaN for fewer than 2 draws. */
static double
series_variance(const RdmBootstrap *boot, BootstrapOver over, int a, int b)
{
	const double *x = boot->drawn[over] + a * boot->n_draws;
	const double *y = b < 0 ? NULL : boot->drawn[over] + b * boot->n_draws;
	double		mean = 0;
	double		square = 0;

	for (int k = 0; k < boot->n; k++)
		mean += (x[k] - (y ? y[k] : 0)) / boot->n;
	for (int k = 0; k < boot->n; k++)
	{
		double		d = x[k] - (y ? y[k] : 0) - mean;

		square += d * d;
	}
	return boot->n < 2 ? NAN : square / (boot->n - 1);
}

BootstrapInterval
rdm_bootstrap_interval(const RdmBootstrap *boot, int a, int b, BootstrapOver over, double level)
{
	double		s = boot->n_data;
	double		c = boot->n_conditions;
	double		by_subjects = 0;
	double		by_conditions = 0;
	double		variance;
	BootstrapInterval interval;
	double		estimate = boot->estimate[a] - (b < 0 ? 0 : boot->estimate[b]);
	double		half;

	if (over != BOOTSTRAP_CONDITIONS)
		by_subjects = s / (s - 1) * series_variance(boot, BOOTSTRAP_SUBJECTS, a, b);
	if (over != BOOTSTRAP_SUBJECTS)
		by_conditions = c / (c - 1) * series_variance(boot, BOOTSTRAP_CONDITIONS, a, b);
	variance = by_subjects + by_conditions;
	if (over == BOOTSTRAP_BOTH)
	{
		double		both = series_variance(boot, BOOTSTRAP_BOTH, a, b);
		double		excess = both - by_subjects * (s - 1) / s - by_conditions * (c - 1) / c;
		double		shared = s / (s - 1) * c / (c - 1) * excess;

		variance -= Max(0, Min(shared, Min(by_subjects, by_conditions)));
	}
	interval.df = (over == BOOTSTRAP_SUBJECTS ? s : over == BOOTSTRAP_CONDITIONS ? c : Min(s, c)) - 1;
	interval.se = sqrt(variance);
	half = student_critical(1 - level, interval.df) * interval.se;
	interval.low = estimate - half;
	interval.high = estimate + half;
	return interval;
}
