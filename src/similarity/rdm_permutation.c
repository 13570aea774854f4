/*
 * rdm_permutation.c
 *		Permutation test of two RDMs by relabelling the conditions of one (Mantel
 *		1967; Nili et al. 2014).
 *
 * The distances of an RDM are not exchangeable, its conditions are: rows and
 * columns are permuted together.  Norms, ranks and whitening do not see the order
 * of conditions, so each RDM is prepared once, as square matrices A and B of unit
 * norm, and a permuted value is sum over i <= j of A[perm i, perm j] B[i, j]: m = n
 * (n - 1) / 2 products, 2 m flops over a gather from one row of A at a time, 8 n
 * bytes that stay in the first cache, and a stream of 8 m bytes.  (It is no matrix
 * product: tr(P A P' B) is quadratic in P; with B's eigenvectors it would take n
 * times as many flops.)  Kendall's tau relabels the sorted order, O(m log m).
 *
 * Pairs that are missing wander with their conditions, so then, as for the
 * fidelity of kernels (bures), each permutation is a comparison of its own.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "similarity/bures.h"
#include "similarity/kendall.h"
#include "similarity/rdm_permutation.h"
#include "similarity/whitening.h"
#include "stats/rank.h"
#include "stats/resampling.h"

#define TASK_STEPS		2e6
#define MEMORY_HINT		"Take fewer conditions, by rdm_subset."

typedef struct Permutation
{
	CompareMethod method;
	Size		n;				/* conditions */
	Size		pairs;
	int			n_perm;
	uint64		seed;
	bool		two_sided;
	double		least;			/* a value that is at least this is extreme */

	int			step;			/* permutations a task */
	int64	   *perm;			/* a worker: n */
	int64	   *reached;		/* a worker */

	/* products */
	double	   *a;				/* n x n */
	double	   *b;				/* n x n, i <= j used */

	/* Kendall's tau */
	KendallOrder order[2];
	KendallOrder *permuted;		/* a worker */
	KendallScratch *scratch;	/* a worker */
} Permutation;

static bool
reached(const Permutation *job, double value)
{
	return (job->two_sided ? fabs(value) : value) >= job->least;
}

static void
set_observed(Permutation *job, double value)
{
	job->least = (job->two_sided ? fabs(value) : value) - RESAMPLING_TIE;
}

/* ---- products ---- */

HOT_LOOP static double
gather_dot(const double *row, const int64 *index, const double *b, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size j = 0; j < n; j++)
		sum += row[index[j]] * b[j];
	return sum;
}

static double
permuted_product(const Permutation *job, const int64 *perm)
{
	double		sum = 0;

	for (Size i = 0; i < job->n; i++)
		sum += gather_dot(job->a + perm[i] * job->n, perm + i, job->b + i * job->n + i, job->n - i);
	return sum;
}

static void
product_task(int64 task, int worker, void *arg)
{
	Permutation *job = arg;
	int64	   *perm = job->perm + worker * job->n;
	int64		end = Min(job->n_perm, (task + 1) * job->step);

	for (int64 k = task * job->step; k < end; k++)
	{
		RandomStream stream;

		random_start(&stream, job->seed, k);
		random_permute(&stream, perm, job->n);
		job->reached[worker] += reached(job, permuted_product(job, perm));
	}
}

/* The vector whose products are the method's; false where it is undefined. */
static bool
prepare(const Permutation *job, const double *d, double *vector)
{
	Size		pairs = job->pairs;

	if (job->method == COMPARE_SPEARMAN || job->method == COMPARE_RHO_A)
	{
		RankScratch rank;

		rank_scratch_allocate(&rank, pairs);
		rank_average(&rank, pairs, d, vector, true);
		pfree(rank.word[0]);
		pfree(rank.word[1]);
	}
	else
		memcpy(vector, d, pairs * sizeof(double));
	if (job->method == COMPARE_WHITENED_COSINE || job->method == COMPARE_WHITENED_PEARSON || job->method == COMPARE_CKA)
	{
		double	   *whitened = huge_matrix(1, WHITENED_SIZE(job->n));

		if (job->method == COMPARE_WHITENED_PEARSON && !compare_normalize(pairs, vector, true))
			return false;
		whiten((int) job->n, vector, whitened, true);
		memcpy(vector, whitened, WHITENED_SIZE(job->n) * sizeof(double));
		pfree(whitened);
		return compare_normalize(WHITENED_SIZE(job->n), vector, false);
	}
	memset(vector + pairs, 0, job->n * sizeof(double));
	return compare_normalize(pairs, vector, job->method != COMPARE_COSINE && job->method != COMPARE_EUCLIDEAN);
}

/* A vector of pairs and of the diagonal as a square matrix. */
static void
make_square(Size n, const double *vector, double *out)
{
	const double *diagonal = vector + RDM_PAIRS(n);

	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		out[i * n + i] = diagonal[i];
		for (Size j = i + 1; j < n; j++)
			out[i * n + j] = out[j * n + i] = *vector++;
	}
}

static bool
prepare_products(Permutation *job, const double *a, const double *b)
{
	double	   *vector = huge_matrix(1, WHITENED_SIZE(job->n));

	job->a = huge_matrix(job->n, job->n);
	job->b = huge_matrix(job->n, job->n);
	if (!prepare(job, a, vector))
		return false;
	make_square(job->n, vector, job->a);
	if (!prepare(job, b, vector))
		return false;
	make_square(job->n, vector, job->b);
	pfree(vector);
	return true;
}

/* ---- Kendall's tau ---- */

static double
tau(const Permutation *job, const KendallOrder *a, KendallScratch *scratch)
{
	return job->method == COMPARE_KENDALL_TAU_A ? kendall_tau_a(a, &job->order[1], scratch, false)
		: kendall_tau_b(a, &job->order[1], scratch, false);
}

/* Pair (i, j) of the permuted RDM is pair (perm i, perm j): 'order' holds the inverse for a moment. */
static void
permute_order(const Permutation *job, const int64 *perm, uint32 *moved, KendallOrder *out)
{
	const KendallOrder *a = &job->order[0];
	Size		n = job->n;
	Size		at = 0;

	for (Size i = 0; i < n; i++)
		for (Size j = i + 1; j < n; j++, at++)
		{
			Size		low = Min(perm[i], perm[j]);
			Size		from = rdm_pair(n, low, perm[i] + perm[j] - low);

			out->first[at] = a->first[from];
			moved[from] = (uint32) at;
		}
	for (Size k = 0; k < job->pairs; k++)
		out->order[k] = moved[a->order[k]];
	out->n = a->n;
	out->tied = a->tied;
}

static void
kendall_task(int64 k, int worker, void *arg)
{
	Permutation *job = arg;
	int64	   *perm = job->perm + worker * job->n;
	RandomStream stream;

	random_start(&stream, job->seed, k);
	random_permute(&stream, perm, job->n);
	permute_order(job, perm, job->scratch[worker].next, &job->permuted[worker]);
	job->reached[worker] += reached(job, tau(job, &job->permuted[worker], &job->scratch[worker]));
}

static void
prepare_kendall(Permutation *job, const double *a, const double *b)
{
	int			workers = parallel_threads();
	RankScratch rank;

	rank_scratch_allocate(&rank, job->pairs);
	for (int k = 0; k < 2; k++)
	{
		kendall_order_allocate(&job->order[k], job->pairs);
		kendall_order(&job->order[k], job->pairs, k == 0 ? a : b, &rank, true);
	}
	job->permuted = palloc(workers * sizeof(KendallOrder));
	job->scratch = palloc(workers * sizeof(KendallScratch));
	for (int w = 0; w < workers; w++)
	{
		kendall_order_allocate(&job->permuted[w], job->pairs);
		kendall_scratch_allocate(&job->scratch[w], job->pairs);
	}
}

/* ---- one comparison a permutation ---- */

static int64
compare_each(Permutation *job, const double *a, const double *b)
{
	double	   *moved = huge_matrix(1, job->pairs);
	int64		n_reached = 0;

	for (int k = 0; k < job->n_perm; k++)
	{
		RandomStream stream;
		double		value;
		Size		at = 0;

		random_start(&stream, job->seed, k);
		random_permute(&stream, job->perm, job->n);
		for (Size i = 0; i < job->n; i++)
			for (Size j = i + 1; j < job->n; j++, at++)
			{
				Size		low = Min(job->perm[i], job->perm[j]);

				moved[at] = a[rdm_pair(job->n, low, job->perm[i] + job->perm[j] - low)];
			}
		value = compare_distances(job->method, (int) job->n, moved, b);
		if (job->method == COMPARE_EUCLIDEAN)
			value = -value;
		n_reached += !isnan(value) && reached(job, value);
		progress_add(1);
	}
	return n_reached;
}

/* Fidelity of kernels (destroyed): a's factor is relabelled. */
static int64
compare_kernels(Permutation *job, double *a, double *b, double *observed)
{
	int			n = (int) job->n;
	bool		distance = job->method == COMPARE_BURES_DISTANCE;
	int			rank_a,
				rank_b;
	double		trace_a = bures_factor(n, a, &rank_a);
	double		trace_b = bures_factor(n, b, &rank_b);
	double	   *moved = huge_matrix(job->n, job->n);
	int64		n_reached = 0;

	*observed = bures_value(distance, trace_a, trace_b, bures_nuclear(n, a, rank_a, b, rank_b));
	if (isnan(*observed))
		return 0;
	set_observed(job, distance ? -*observed : *observed);
	for (int k = 0; k < job->n_perm; k++)
	{
		RandomStream stream;
		double		value;

		random_start(&stream, job->seed, k);
		random_permute(&stream, job->perm, job->n);
		for (Size r = 0; r < (Size) rank_a; r++)
			for (Size j = 0; j < job->n; j++)
				moved[r * job->n + j] = a[r * job->n + job->perm[j]];
		value = bures_value(distance, trace_a, trace_b, bures_nuclear(n, moved, rank_a, b, rank_b));
		n_reached += reached(job, distance ? -value : value);
		progress_add(1);
	}
	return n_reached;
}

/* ---- the test ---- */

static bool
any_missing(Size m, const double *d)
{
	for (Size i = 0; i < m; i++)
		if (isnan(d[i]))
			return true;
	return false;
}

static bool
is_kendall(CompareMethod method)
{
	return method == COMPARE_KENDALL_TAU_A || method == COMPARE_KENDALL_TAU_B;
}

static bool
is_bures(CompareMethod method)
{
	return method == COMPARE_BURES || method == COMPARE_BURES_DISTANCE;
}

static Size
scratch_bytes(const Permutation *job, bool missing)
{
	int			workers = parallel_threads();
	Size		bytes = size_mul(workers, size_mul(job->n, sizeof(int64)));

	if (is_bures(job->method))
		return size_add(size_add(bytes, size_mul(size_mul(job->n, job->n), sizeof(double))),
						Max(bures_factor_scratch((int) job->n), bures_nuclear_scratch((int) job->n)));
	if (missing)
		return size_add(bytes, size_mul(job->pairs, sizeof(double)));
	bytes = size_add(bytes, rank_scratch_bytes(job->pairs));
	if (is_kendall(job->method))
		return size_add(bytes, size_add(size_mul(2 + workers, kendall_order_bytes(job->pairs)),
										size_mul(workers, kendall_scratch_bytes(job->pairs))));
	return size_add(bytes, size_mul(size_mul(3 * job->n, job->n + 1), sizeof(double)));
}

/* Counts the permutations that reach the observed value, which must be defined. */
static int64
count_reached(Permutation *job, const double *a, const double *b, bool missing, double observed)
{
	int64		n_reached = 0;
	int			n_tasks = (job->n_perm + job->step - 1) / job->step;

	if (missing)
	{
		set_observed(job, job->method == COMPARE_EUCLIDEAN ? -observed : observed);
		return compare_each(job, a, b);
	}
	if (is_kendall(job->method))
	{
		prepare_kendall(job, a, b);
		set_observed(job, tau(job, &job->order[0], &job->scratch[0]));
		parallel_for(job->n_perm, 1, kendall_task, job);
	}
	else if (prepare_products(job, a, b))
	{
		for (Size i = 0; i < job->n; i++)
			job->perm[i] = (int64) i;
		set_observed(job, permuted_product(job, job->perm));
		parallel_for(n_tasks, (double) job->n_perm / n_tasks, product_task, job);
	}
	else
		return job->n_perm;		/* a constant, whose rho_a or distance no order changes */
	for (int w = 0; w < parallel_threads(); w++)
		n_reached += job->reached[w];
	return n_reached;
}

RdmPermutation
rdm_permutation(CompareMethod method, int n, double *a, double *b, int n_perm, uint64 seed, bool two_sided)
{
	Permutation job = {.method = method, .n = n, .pairs = RDM_PAIRS(n), .n_perm = n_perm,
	.seed = seed, .two_sided = two_sided};
	RdmPermutation result = {.p = NAN};
	bool		missing = !is_bures(method) && (any_missing(job.pairs, a) || any_missing(job.pairs, b));
	MemoryContext scratch = scratch_create("rdm_permutation_test", scratch_bytes(&job, missing), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	job.perm = huge_alloc(size_mul(parallel_threads(), n * sizeof(int64)));
	job.reached = palloc0(parallel_threads() * sizeof(int64));
	job.step = (int) Max(1, TASK_STEPS / (double) job.pairs);
	progress_begin("rdm_permutation_test", n_perm);
	if (is_bures(method))
		result.n_reached = compare_kernels(&job, a, b, &result.value);
	else
	{
		result.value = compare_distances(method, n, a, b);
		if (!isnan(result.value))
			result.n_reached = count_reached(&job, a, b, missing, result.value);
	}
	if (isnan(result.value) || result.n_reached == n_perm)
		progress_skip();
	progress_end();
	if (!isnan(result.value))
		result.p = (1.0 + (double) result.n_reached) / (1.0 + n_perm);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return result;
}
