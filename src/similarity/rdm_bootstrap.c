/*
 * rdm_bootstrap.c
 *		The corrected two-factor bootstrap of RDM comparisons.
 *
 * A draw takes as many conditions as there are, and as many subjects, with
 * replacement; pairs of copies of a condition are left out.  The same draws give
 * three series: with both drawn, with the subjects alone, with the conditions
 * alone.  What their variances hold follows from the random effects
 *
 *	y_si,j = a_s + b_i + d_ij + e_si + f_sij
 *
 * of subjects s, conditions i and pairs ij.  With A, B, D, E, F for their shares of
 * the variance of the mean, and counts of variance 1 and mean square 2, a product of
 * k independent counts has variance 2^k - 1, so that but for (n-1)/n
 *
 *	V_subjects = A + E + F, V_conditions = B + 3D + E + 3F,
 *	V_both = A + B + 3D + 3E + 7F.
 *
 * The corrected two-factor bootstrap (Schuett, Kipnis, Diedrichsen and Kriegeskorte
 * 2023, eLife 12:e82566) takes V_both - V_subjects - V_conditions off the sum of the
 * other two, so that no noise is counted with both factors; but D stays counted
 * thrice, and over conditions F as well.  And draws fall short of B by a share of
 * order 1/c, since copies make no pairs and a draw is centred about its own means.
 * The jackknife, (c-1)/c times the sum of squared deviations of the c values with a
 * condition left out, is B + 2D + E + 2F without that fault.  The infinitesimal one
 * (Efron 2014, JASA 109:991; Wager, Hastie and Efron 2014, JMLR 15:1625) is the same
 * from draws: the squared covariances of a series with the conditions' counts, summed,
 * less (c-1)/(n-1) V_conditions, which comes of having n draws only.  What it leaves
 * of V_conditions is D + F, and of one subject's series D + sF, which tells D from F.
 * The variance is then, for s subjects and c conditions,
 *
 *	by_subjects = s/(s-1) V_subjects
 *	by_conditions = jackknife - (D + F)
 *	both = by_subjects + by_conditions
 *		- c/(c-1) (s/(s-1) (V_both - V_subjects - V_conditions) - 2F).
 *
 * The last term, E + F, is kept from 0 to the smaller of the two before it, since
 * each holds it: the result is at least either factor's own and at most their sum.
 * (rsatoolbox bounds it by V_both, which is too small itself for few subjects: by
 * half for two.)  D + F is kept from 0 to a third of V_conditions, F to D + F, and
 * by_conditions above a third of V_conditions.  Where a comparison is not defined
 * without some condition, c/(c-1) times the infinitesimal jackknife stands in.
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
	if (sample->n_pairs == 0 || (compare_whitens(method) && !sample->complete))
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
	const BootstrapFamily *family = family_of(method);
	Size		comparisons = size_mul(sample->n_models, sample->n_data);
	Size		results = size_mul(size_add(3 * (Size) sample->n_models, comparisons), n_draws);

	Assert(family != NULL);
	results = size_add(results, size_mul(2 * (Size) sample->n_conditions + 1, size_add(comparisons, 1)));
	return size_add(family->bytes(sample, method),
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

/* From draw first on, n draws and those past them in a block are all conditions once. */
static void
fill_block(const RdmSample *sample, int first, int n, double *counts)
{
	for (int k = first; k < first + n || k % BOOTSTRAP_LANES != 0; k++)
		for (int c = 0; c < sample->n_conditions; c++)
			counts[((Size) (k / BOOTSTRAP_LANES) * sample->n_conditions + c) * BOOTSTRAP_LANES +
				   k % BOOTSTRAP_LANES] = 1;
}

/* ---- from values to series ---- */

/* Whether what was defined of all conditions is defined in a draw. */
static bool
draw_is_defined(const RdmBootstrap *boot, const double *observed, const double *values)
{
	for (Size i = 0; i < (Size) boot->n_models * boot->n_data; i++)
		if (isnan(values[i]) && !isnan(observed[i]))
			return false;
	return true;
}

/* A draw's values, and their means over subjects, model by model. */
static void
keep_draw(RdmBootstrap *boot, const double *observed, const double *values, const double *share)
{
	Size		comparisons = (Size) boot->n_models * boot->n_data;

	memcpy(boot->value + boot->n * comparisons, values, comparisons * sizeof(double));
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
			boot->value_sum[i] += values[i];
		}
		boot->drawn[BOOTSTRAP_BOTH][at] = both;
		boot->drawn[BOOTSTRAP_SUBJECTS][at] = subjects;
		boot->drawn[BOOTSTRAP_CONDITIONS][at] = conditions;
	}
	boot->n++;
}

/* A draw that is thrown away is zero in all sums over a batch. */
static void
clear_draw(const RdmBootstrap *boot, double *count, double *values)
{
	memset(values, 0, (Size) boot->n_models * boot->n_data * sizeof(double));
	for (int c = 0; c < boot->n_conditions; c++)
		count[(Size) c * BOOTSTRAP_LANES] = 0;
}

/* Sums of counts, and of counts times values, over the n draws of a batch. */
static void
add_counts(RdmBootstrap *boot, const double *counts, const double *values, int n)
{
	Size		comparisons = (Size) boot->n_models * boot->n_data;

	for (int first = 0; first < n; first += BOOTSTRAP_LANES)
	{
		const double *count = counts + (Size) first * boot->n_conditions;
		int			lanes = Min(BOOTSTRAP_LANES, n - first);

		for (int c = 0; c < boot->n_conditions; c++)
			for (int l = 0; l < lanes; l++)
				boot->count_sum[c] += count[(Size) c * BOOTSTRAP_LANES + l];
		gemm_f8(false, false, boot->n_conditions, comparisons, lanes,
				1.0, count, BOOTSTRAP_LANES, values + first * comparisons, comparisons,
				1.0, boot->product_sum, comparisons);
	}
}

static RdmBootstrap *
new_result(const RdmSample *sample, int n_draws)
{
	RdmBootstrap *boot = palloc0(sizeof(RdmBootstrap));
	Size		comparisons = (Size) sample->n_models * sample->n_data;

	boot->n_conditions = sample->n_conditions;
	boot->n_data = sample->n_data;
	boot->n_models = sample->n_models;
	boot->n_draws = n_draws;
	boot->estimate = palloc0(sample->n_models * sizeof(double));
	for (int i = 0; i < 3; i++)
		boot->drawn[i] = huge_matrix(sample->n_models, n_draws);
	boot->value = huge_matrix(n_draws, comparisons);
	boot->value_sum = huge_alloc0(comparisons * sizeof(double));
	boot->product_sum = huge_alloc0(size_mul(comparisons, sample->n_conditions * sizeof(double)));
	boot->left_out = huge_matrix(sample->n_conditions, comparisons);
	boot->count_sum = huge_alloc0(sample->n_conditions * sizeof(double));
	return boot;
}

/* Each comparison with one condition left out, condition by condition. */
static void
leave_out(const BootstrapFamily *family, BootstrapWork *work, int batch, double *counts, double *left_out)
{
	Size		conditions = work->sample->n_conditions;
	Size		comparisons = (Size) work->sample->n_models * work->sample->n_data;

	for (Size first = 0; first < conditions; first += batch)
	{
		int			n = (int) Min((Size) batch, conditions - first);

		fill_block(work->sample, 0, n, counts);
		for (int k = 0; k < n; k++)
			counts[((k / BOOTSTRAP_LANES) * conditions + first + k) * BOOTSTRAP_LANES + k % BOOTSTRAP_LANES] = 0;
		family->evaluate(work, counts, n, left_out + first * comparisons);
	}
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

	Assert(family != NULL);
	family->begin(&work);
	fill_block(sample, 0, 1, counts);
	family->evaluate(&work, counts, 1, observed);
	for (Size i = 0; i < comparisons; i++)
		boot->estimate[i / sample->n_data] += observed[i] / sample->n_data;

	progress_begin("rdm_bootstrap", (double) n_draws + sample->n_conditions);
	leave_out(family, &work, batch, counts, boot->left_out);
	for (int first = 0; first < n_draws; first += batch)
	{
		int			n = Min(batch, n_draws - first);

		boot->redrawn += draw_batch(sample, seed, first, n, counts, shares);
		fill_block(sample, n, 0, counts);
		family->evaluate(&work, counts, n, values);
		for (int k = 0; k < n; k++)
		{
			double	   *value = values + k * comparisons;
			double	   *count = counts + (Size) (k / BOOTSTRAP_LANES) * sample->n_conditions * BOOTSTRAP_LANES;

			if (draw_is_defined(boot, observed, value))
				keep_draw(boot, observed, value, shares + (Size) k * sample->n_data);
			else
			{
				clear_draw(boot, count + k % BOOTSTRAP_LANES, value);
				boot->redrawn++;
			}
		}
		add_counts(boot, counts, values, n);
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

/* Sum of the squared covariances of a mean over subjects with the counts; subject -1: the mean over all. */
static double
linear_variance(const RdmBootstrap *boot, int a, int b, int subject)
{
	Size		comparisons = (Size) boot->n_models * boot->n_data;
	int			first = Max(0, subject);
	int			last = subject < 0 ? boot->n_data : subject + 1;
	double		variance = 0;

	for (int c = 0; c < boot->n_conditions; c++)
	{
		const double *product = boot->product_sum + c * comparisons;
		double		count = boot->count_sum[c] / boot->n;
		double		sum = 0;

		for (int s = first; s < last; s++)
		{
			Size		x = (Size) a * boot->n_data + s;
			Size		y = (Size) b * boot->n_data + s;

			sum += product[x] - count * boot->value_sum[x];
			if (b >= 0)
				sum -= product[y] - count * boot->value_sum[y];
		}
		sum /= (boot->n - 1.0) * (last - first);
		variance += sum * sum;
	}
	return variance;
}

/* Mean over subjects of the variance of a subject's own series. */
static double
subject_variance(const RdmBootstrap *boot, int a, int b)
{
	Size		x = (Size) a * boot->n_data;
	Size		y = (Size) b * boot->n_data;
	const double *value = boot->value;
	const double *sum = boot->value_sum;
	double		square = 0;

	for (int k = 0; k < boot->n; k++, value += (Size) boot->n_models * boot->n_data)
		for (int s = 0; s < boot->n_data; s++)
		{
			double		d = value[x + s] - sum[x + s] / boot->n;

			if (b >= 0)
				d -= value[y + s] - sum[y + s] / boot->n;
			square += d * d;
		}
	return square / (boot->n - 1.0) / boot->n_data;
}

/* NaN where the comparison is not defined without some condition */
static double
jackknife_variance(const RdmBootstrap *boot, int a, int b)
{
	Size		comparisons = (Size) boot->n_models * boot->n_data;
	double		n = boot->n_conditions;
	double		sum = 0;
	double		square = 0;

	for (int c = 0; c < boot->n_conditions; c++)
	{
		const double *x = boot->left_out + c * comparisons + (Size) a * boot->n_data;
		const double *y = boot->left_out + c * comparisons + (Size) Max(b, 0) * boot->n_data;
		double		d = (b < 0 ? 0 : boot->estimate[b]) - boot->estimate[a];

		for (int s = 0; s < boot->n_data; s++)
			d += (x[s] - (b < 0 ? 0 : y[s])) / boot->n_data;
		sum += d;
		square += d * d;
	}
	return (n - 1) / n * Max(0, square - sum * sum / n);
}

/* D + F of the head comment, and F, of a series over draws of conditions with a variance. */
static void
pair_variance(const RdmBootstrap *boot, int a, int b, double variance, double *pairs, double *of_subjects)
{
	double		sampling = 1 + (boot->n_conditions - 1) / (boot->n - 1.0);
	double		of_one = subject_variance(boot, a, b) * sampling;

	for (int s = 0; s < boot->n_data; s++)
		of_one -= linear_variance(boot, a, b, s) / boot->n_data;
	*pairs = variance * sampling - linear_variance(boot, a, b, -1);
	*of_subjects = boot->n_data < 2 ? 0 : (of_one - *pairs) / (boot->n_data - 1);
	*pairs = Max(0, Min(*pairs, variance / 3));
	*of_subjects = Max(0, Min(*of_subjects, *pairs));
}

BootstrapInterval
rdm_bootstrap_interval(const RdmBootstrap *boot, int a, int b, BootstrapOver over, double level)
{
	double		s = boot->n_data;
	double		c = boot->n_conditions;
	double		by_subjects = 0;
	double		by_conditions = 0;
	double		of_conditions = 0;
	double		pairs;
	double		of_subjects = 0;
	double		variance;
	BootstrapInterval interval;
	double		estimate = boot->estimate[a] - (b < 0 ? 0 : boot->estimate[b]);
	double		half;

	if (over != BOOTSTRAP_CONDITIONS)
		by_subjects = s / (s - 1) * series_variance(boot, BOOTSTRAP_SUBJECTS, a, b);
	if (over != BOOTSTRAP_SUBJECTS)
	{
		of_conditions = series_variance(boot, BOOTSTRAP_CONDITIONS, a, b);
		pair_variance(boot, a, b, of_conditions, &pairs, &of_subjects);
		by_conditions = jackknife_variance(boot, a, b);
		if (isnan(by_conditions))
			by_conditions = c / (c - 1) * (of_conditions - pairs);
		by_conditions = Max(by_conditions - pairs, of_conditions / 3);
	}
	variance = by_subjects + by_conditions;
	if (over == BOOTSTRAP_BOTH)
	{
		double		both = series_variance(boot, BOOTSTRAP_BOTH, a, b);
		double		excess = s / (s - 1) * (both - of_conditions) - by_subjects;
		double		shared = c / (c - 1) * (excess - 2 * of_subjects);

		variance -= Max(0, Min(shared, Min(by_subjects, by_conditions)));
	}
	interval.df = (over == BOOTSTRAP_SUBJECTS ? s : over == BOOTSTRAP_CONDITIONS ? c : Min(s, c)) - 1;
	interval.se = sqrt(variance);
	half = student_critical(1 - level, interval.df) * interval.se;
	interval.low = estimate - half;
	interval.high = estimate + half;
	return interval;
}
