/*
 * compare.c
 *		How alike two RDMs of the same conditions are.
 *
 * Every similarity is a product of two vectors of unit norm, so that a set of RDMs
 * is compared by one matrix product (rdm_set_compare.c): what differs is how a vector
 * is made of the distances.  They are centred or not, ranked or not (rank.c),
 * whitened or not (whitening.c).  Kendall's tau (kendall.c) and the fidelity of
 * kernels (bures.c) are of another kind.
 *
 * A vector that is constant, to the bit, has no correlation; one that is constant
 * but for rounding has, as in SciPy.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "similarity/bures.h"
#include "similarity/compare.h"
#include "similarity/kendall.h"
#include "similarity/rdm_kernel.h"
#include "similarity/whitening.h"
#include "stats/rank.h"

#define SUM_BLOCK	4096		/* products that are summed before they are added to the rest */
#define PARALLEL_MIN_PAIRS ((Size) 1 << 14) /* of which two vectors are sorted by two threads */
#define LIMIT_HINT	"Take fewer conditions, by rdm_subset."

/* ---- names ---- */

static const char *const method_names[] = {
	"pearson", "spearman", "rho_a", "kendall_tau_a", "kendall_tau_b", "cosine", "whitened_cosine", "whitened_pearson",
	"cka", "bures", "bures_distance", "euclidean"
};

CompareMethod
compare_method_from_name(const char *name)
{
	for (int i = 0; i < (int) lengthof(method_names); i++)
		if (strcmp(name, method_names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("method \"%s\" is not known", name),
			 errhint("Methods are pearson, spearman, rho_a, kendall_tau_a, kendall_tau_b, cosine, whitened_cosine, whitened_pearson, cka, bures, bures_distance and euclidean.")));
}

const char *
compare_method_name(CompareMethod method)
{
	return method_names[method];
}

/* cka, bures and bures_distance: of kernels, so no pair may be missing, and some metrics are squared first */
static bool
compare_by_kernel(CompareMethod method)
{
	return method == COMPARE_CKA || method == COMPARE_BURES || method == COMPARE_BURES_DISTANCE;
}

bool
compare_is_distance(CompareMethod method)
{
	return method == COMPARE_BURES_DISTANCE || method == COMPARE_EUCLIDEAN;
}

bool
compare_whitens(CompareMethod method)
{
	return method == COMPARE_WHITENED_COSINE || method == COMPARE_WHITENED_PEARSON;
}

/* ---- vectors ---- */

HOT_LOOP static double
dot_block(Size m, const double *a, const double *b)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < m; i++)
		sum += a[i] * b[i];
	return sum;
}

double
compare_dot(Size m, const double *a, const double *b)
{
	double		sum = 0;

	for (Size i = 0; i < m; i += SUM_BLOCK)
		sum += dot_block(Min(SUM_BLOCK, m - i), a + i, b + i);
	return sum;
}

HOT_LOOP static double
sum_block(Size m, const double *x)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < m; i++)
		sum += x[i];
	return sum;
}

static double
mean_of(Size m, const double *x)
{
	double		sum = 0;

	for (Size i = 0; i < m; i += SUM_BLOCK)
		sum += sum_block(Min(SUM_BLOCK, m - i), x + i);
	return sum / (double) m;
}

static void
subtract(Size m, double *x, double value)
{
	for (Size i = 0; i < m; i++)
		x[i] -= value;
}

static void
scale(Size m, double *x, double factor)
{
	for (Size i = 0; i < m; i++)
		x[i] *= factor;
}

bool
compare_normalize(Size m, double *x, bool centre)
{
	double		least = m > 0 ? x[0] : 0;
	double		most = least;
	double		largest;
	double		norm;

	for (Size i = 1; i < m; i++)
	{
		least = Min(least, x[i]);
		most = Max(most, x[i]);
	}
	largest = Max(fabs(least), fabs(most));
	if (largest == 0 || (centre && least == most))
		return false;
	/* squares must neither overflow nor vanish */
	if (largest > 1e100 || largest < 1e-100)
		scale(m, x, 1 / largest);
	if (centre)
		subtract(m, x, mean_of(m, x));
	norm = sqrt(compare_dot(m, x, x));
	if (norm == 0)
		return false;
	scale(m, x, 1 / norm);
	return true;
}

static bool
none_missing(Size m, const double *x)
{
	for (Size i = 0; i < m; i++)
		if (isnan(x[i]))
			return false;
	return true;
}

Size
compare_valid(Size m, const double *a, const double *b, double *out_a, double *out_b)
{
	Size		n = 0;

	for (Size i = 0; i < m; i++)
	{
		double		x = a[i];
		double		y = b[i];

		out_a[n] = x;
		out_b[n] = y;
		n += !isnan(x) && !isnan(y);
	}
	return n;
}

static double
cosine(Size m, double *a, double *b, bool centre)
{
	double		product;

	if (!compare_normalize(m, a, centre) || !compare_normalize(m, b, centre))
		return NAN;
	CHECK_FOR_INTERRUPTS();
	product = compare_dot(m, a, b);
	return Max(-1.0, Min(1.0, product));
}

static double
distance(Size m, double *a, const double *b)
{
	for (Size i = 0; i < m; i++)
		a[i] -= b[i];
	return sqrt(compare_dot(m, a, a));
}

/* ---- ranks ---- */

/* Two vectors that are ranked or sorted, each by a thread where they are long and there are two. */
typedef struct Ranking
{
	Size		m;
	const double *values[2];
	bool		parallel;
	RankScratch scratch[2];		/* the same if not parallel */
	double	   *ranks[2];
	double		ties[2];		/* sum(t^3 - t) over groups of t tied values */
	KendallOrder order[2];
} Ranking;

static bool
rank_in_parallel(Size m)
{
	return m >= PARALLEL_MIN_PAIRS && m <= COMPARE_MAX_PAIRS_UNINTERRUPTED && parallel_threads() > 1;
}

static Ranking
ranking_new(Size m, const double *a, const double *b)
{
	Ranking		r = {.m = m, .values = {a, b}, .parallel = rank_in_parallel(m)};

	rank_scratch_allocate(&r.scratch[0], m);
	r.scratch[1] = r.scratch[0];
	if (r.parallel)
		rank_scratch_allocate(&r.scratch[1], m);
	return r;
}

static void
for_both(Ranking *r, ParallelTask task)
{
	if (r->parallel)
		parallel_for(2, 0, task, r);
	else
		for (int i = 0; i < 2; i++)
			task(i, 0, r);
}

static void
rank_task(int64 i, int worker, void *arg)
{
	Ranking    *r = arg;

	r->ties[i] = rank_average(&r->scratch[i], r->m, r->values[i], r->ranks[i], !r->parallel);
}

static void
order_task(int64 i, int worker, void *arg)
{
	Ranking    *r = arg;

	kendall_order(&r->order[i], r->m, r->values[i], &r->scratch[i], !r->parallel);
}

/* sum(t^3 - t) is what ties take from twelve times the sum of squares of centred ranks. */
static double
compare_ranks(CompareMethod method, Size m, const double *a, const double *b)
{
	double		all = (double) m * (double) m * (double) m - (double) m;
	Ranking		r = ranking_new(m, a, b);
	double		product;

	if (m < 2)
		return NAN;
	for (int i = 0; i < 2; i++)
		r.ranks[i] = huge_matrix(1, m);
	for_both(&r, rank_task);
	if (method == COMPARE_SPEARMAN && (r.ties[0] == all || r.ties[1] == all))
		return NAN;
	for (int i = 0; i < 2; i++)
		subtract(m, r.ranks[i], 0.5 * ((double) m + 1));
	product = 12 * compare_dot(m, r.ranks[0], r.ranks[1]);
	if (method == COMPARE_RHO_A)
		return product / all;
	product /= sqrt(all - r.ties[0]) * sqrt(all - r.ties[1]);
	return Max(-1.0, Min(1.0, product));
}

static double
kendall(CompareMethod method, Size m, const double *a, const double *b)
{
	Ranking		r = ranking_new(m, a, b);
	KendallScratch scratch;

	for (int i = 0; i < 2; i++)
		kendall_order_allocate(&r.order[i], m);
	for_both(&r, order_task);
	kendall_scratch_allocate(&scratch, m);
	return method == COMPARE_KENDALL_TAU_A ? kendall_tau_a(&r.order[0], &r.order[1], &scratch, true)
		: kendall_tau_b(&r.order[0], &r.order[1], &scratch, true);
}

/* ---- whitened ---- */

static double
whitened(int n, const double *a, const double *b, bool complete, bool centre)
{
	double		product[3];
	double		cosine_of;

	if (complete)
	{
		double	   *w[2];

		for (int k = 0; k < 2; k++)
		{
			const double *d = k == 0 ? a : b;
			Size		pairs = RDM_PAIRS(n);
			double	   *centred = NULL;

			w[k] = huge_matrix(1, WHITENED_SIZE(n));
			if (centre)
			{
				centred = huge_matrix(1, pairs);
				memcpy(centred, d, pairs * sizeof(double));
				if (!compare_normalize(pairs, centred, true))
					return NAN;
				d = centred;
			}
			whiten(n, d, w[k], true);
			if (centred)
				pfree(centred);
		}
		return cosine(WHITENED_SIZE(n), w[0], w[1], false);
	}
	whitened_products(n, a, b, centre, product);
	if (!(product[0] > 0 && product[2] > 0))
		return NAN;
	cosine_of = product[1] / (sqrt(product[0]) * sqrt(product[2]));
	return Max(-1.0, Min(1.0, cosine_of));
}

/* ---- two vectors ---- */

/* Methods that read the vectors and leave them as they are */
static bool
reads_only(CompareMethod method)
{
	return method != COMPARE_PEARSON && method != COMPARE_COSINE && method != COMPARE_EUCLIDEAN;
}

/* Bytes that compare_distances takes for the method. */
static Size
scratch_bytes(CompareMethod method, int n, bool complete)
{
	Size		m = RDM_PAIRS(n);
	Size		vectors = size_mul(2 * sizeof(double), m);
	Size		copies = complete && reads_only(method) ? 0 : vectors;
	Size		sorting = size_mul(rank_in_parallel(m) ? 2 : 1, rank_scratch_bytes(m));

	switch (method)
	{
		case COMPARE_SPEARMAN:
		case COMPARE_RHO_A:
			return size_add(copies, size_add(vectors, sorting));
		case COMPARE_KENDALL_TAU_A:
		case COMPARE_KENDALL_TAU_B:
			return size_add(size_add(copies, sorting),
							size_add(size_mul(2, kendall_order_bytes(m)), kendall_scratch_bytes(m)));
		case COMPARE_WHITENED_COSINE:
		case COMPARE_WHITENED_PEARSON:
		case COMPARE_CKA:
			return complete ? size_mul(3 * sizeof(double), WHITENED_SIZE(n)) : 0;
		default:
			return copies;
	}
}

/* Vectors of m pairs without a missing one; pearson, cosine and euclidean change them. */
static double
compare_complete(CompareMethod method, Size m, double *a, double *b)
{
	switch (method)
	{
		case COMPARE_PEARSON:
			return cosine(m, a, b, true);
		case COMPARE_COSINE:
			return cosine(m, a, b, false);
		case COMPARE_EUCLIDEAN:
			return distance(m, a, b);
		case COMPARE_SPEARMAN:
		case COMPARE_RHO_A:
			return compare_ranks(method, m, a, b);
		case COMPARE_KENDALL_TAU_A:
		case COMPARE_KENDALL_TAU_B:
			return kendall(method, m, a, b);
		default:
			elog(ERROR, "method \"%s\" does not compare vectors", compare_method_name(method));
	}
}

static double
compare_in_scratch(CompareMethod method, int n, const double *a, const double *b, bool complete)
{
	Size		m = RDM_PAIRS(n);
	double	   *x;
	double	   *y;

	if (method == COMPARE_WHITENED_COSINE || method == COMPARE_WHITENED_PEARSON || method == COMPARE_CKA)
		return whitened(n, a, b, complete, method == COMPARE_WHITENED_PEARSON);
	/* fresh memory costs as much as a pass over it */
	if (complete && reads_only(method))
		return compare_complete(method, m, (double *) a, (double *) b);
	x = huge_matrix(1, m);
	y = huge_matrix(1, m);
	m = compare_valid(m, a, b, x, y);
	CHECK_FOR_INTERRUPTS();
	return m == 0 ? NAN : compare_complete(method, m, x, y);
}

double
compare_distances(CompareMethod method, int n, const double *a, const double *b)
{
	bool		complete = none_missing(RDM_PAIRS(n), a) && none_missing(RDM_PAIRS(n), b);
	MemoryContext scratch = scratch_create("neuroenc rdm_compare", scratch_bytes(method, n, complete), LIMIT_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double		value = compare_in_scratch(method, n, a, b, complete);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return value;
}

/* ---- two RDMs ---- */

void
compare_require_shared(int n_shared, const Rdm *const *rdms, int n_rdms)
{
	int			least = rdms[0]->n_conditions;
	int			most = least;

	if (n_shared >= COMPARE_MIN_CONDITIONS)
		return;
	for (int i = 1; i < n_rdms; i++)
	{
		least = Min(least, rdms[i]->n_conditions);
		most = Max(most, rdms[i]->n_conditions);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the %d RDMs share %d condition%s, at least %d are needed", n_rdms, n_shared,
					n_shared == 1 ? "" : "s", COMPARE_MIN_CONDITIONS),
			 errdetail("They have %d to %d conditions each, aligned by their labels.", least, most)));
}

static double
compare_bures(bool is_distance, const Rdm *a, const int *index_a, const Rdm *b, const int *index_b, int m)
{
	const Rdm  *rdms[2] = {a, b};
	const int  *index[2] = {index_a, index_b};
	double	   *kernel[2];
	double		trace[2];
	int			rank[2];

	for (int k = 0; k < 2; k++)
	{
		kernel[k] = huge_matrix(m, m);
		rdm_kernel(rdms[k], index[k], m, kernel[k]);
		trace[k] = bures_factor(m, kernel[k], &rank[k]);
	}
	return bures_value(is_distance, trace[0], trace[1], bures_nuclear(m, kernel[0], rank[0], kernel[1], rank[1]));
}

void
compare_gather(CompareMethod method, const Rdm *r, const int *index, int m, double *out)
{
	Size		pairs = RDM_PAIRS(m);
	Size		missing = 0;

	rdm_gather(r, index, m, out);
	if (!compare_by_kernel(method))
		return;
	for (Size i = 0; i < pairs; i++)
		missing += isnan(out[i]);
	if (missing > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs all pairs: %zu of %zu missing", compare_method_name(method), missing, pairs),
				 errhint("Leave conditions with missing pairs out, by rdm_subset, or use a method that leaves pairs out, such as whitened_cosine.")));
	if (rdm_kernel_squares(r->metric))
		for (Size i = 0; i < pairs; i++)
			out[i] *= out[i];
}

/* As compare_gather, without a copy where all of an RDM is compared as it is. */
static const double *
distances_of(CompareMethod method, const Rdm *r, const int *index, int m)
{
	double	   *out;

	if (m == r->n_conditions && !compare_by_kernel(method))
		return RDM_DISTANCES(r);
	out = huge_matrix(1, RDM_PAIRS(m));
	compare_gather(method, r, index, m, out);
	return out;
}

double
compare_rdms(CompareMethod method, const Rdm *a, const int *index_a, const Rdm *b, const int *index_b, int m)
{
	bool		bures = method == COMPARE_BURES || method == COMPARE_BURES_DISTANCE;
	Size		bytes = bures
		? size_add(size_mul(2 * sizeof(double), size_mul(m, m)), Max(bures_factor_scratch(m), bures_nuclear_scratch(m)))
		: size_mul(2 * sizeof(double), RDM_PAIRS(m));
	MemoryContext scratch = scratch_create("neuroenc rdm_compare", bytes, LIMIT_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double		value;

	if (bures)
		value = compare_bures(method == COMPARE_BURES_DISTANCE, a, index_a, b, index_b, m);
	else
	{
		const double *x = distances_of(method, a, index_a, m);
		const double *y = distances_of(method, b, index_b, m);

		value = compare_distances(method, m, x, y);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return value;
}
