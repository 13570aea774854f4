/*
 * rdm_set_compare.c
 *		All pairs of a set of RDMs.
 *
 * RDMs of the same labels with no pair missing form a group.  In a group each RDM
 * is read, ranked, centred or whitened once, and becomes a vector of unit norm: the
 * matrix of all pairs is then one product, r^2 m flops for r RDMs of m pairs, where
 * single comparisons would rank r - 1 times as often.  Kendall's tau sorts each once
 * and compares pair by pair, bures decomposes each kernel once; euclidean takes the
 * same product, and the differences themselves where they are too small for it.
 * RDMs of different groups, and those with missing pairs, are compared pair by pair
 * over what the two share.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/bures.h"
#include "similarity/kendall.h"
#include "similarity/rdm_kernel.h"
#include "similarity/rdm_set.h"
#include "similarity/whitening.h"
#include "stats/rank.h"

/* A squared difference this small beside the squares has lost half of its digits. */
#define NEAR_EQUAL		1e-7

#define MEMORY_HINT		"Compare fewer RDMs at a time, or fewer conditions, by rdm_subset."

/* ---- groups ---- */

static bool
same_labels(const Rdm *a, const Rdm *b)
{
	return a->n_conditions == b->n_conditions && a->label_bytes == b->label_bytes &&
		memcmp(a->label_end, b->label_end, a->n_conditions * sizeof(int32)) == 0 &&
		memcmp(RDM_LABELS_START(a), RDM_LABELS_START(b), a->label_bytes) == 0;
}

static bool
is_complete(const Rdm *r)
{
	Size		pairs = RDM_PAIRS(r->n_conditions);

	for (Size i = 0; i < pairs; i++)
		if (isnan(RDM_DISTANCES(r)[i]))
			return false;
	return true;
}

/* group[i]: the first RDM of i's group, or -1 if it is compared pair by pair */
static int *
find_groups(const RdmSet *s)
{
	int		   *group = palloc(Max(1, s->n) * sizeof(int));

	for (int i = 0; i < s->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		group[i] = -1;
		if (s->rdms[i]->n_conditions < COMPARE_MIN_CONDITIONS || !is_complete(s->rdms[i]))
			continue;
		group[i] = i;
		for (int j = 0; j < i; j++)
			if (group[j] == j && same_labels(s->rdms[i], s->rdms[j]))
			{
				group[i] = j;
				break;
			}
	}
	return group;
}

/* ---- a group ---- */

typedef struct Group
{
	CompareMethod method;
	const Rdm **rdms;
	int			n;				/* RDMs */
	int			n_conditions;
	Size		m;				/* pairs of conditions */
	Size		length;			/* of a vector */
	bool		interruptible;	/* on the backend's thread, one by one */

	double	   *vectors;		/* n x length */
	bool	   *defined;		/* n */
	RankScratch *rank;			/* one a worker */
	double	  **distances;		/* one a worker, m */

	KendallOrder *order;		/* n */
	KendallScratch *kendall;	/* one a worker */
	double	   *product;		/* n x n */
} Group;

static int
workers(const Group *g)
{
	return g->interruptible ? 1 : parallel_threads();
}

/* Runs tasks 0 .. n - 1 on threads, or one by one where they take long. */
static void
run_tasks(Group *g, const char *stage, int64 n_tasks, ParallelTask task)
{
	progress_begin(stage, (double) n_tasks);
	if (g->interruptible)
		for (int64 i = 0; i < n_tasks; i++)
		{
			task(i, 0, g);
			progress_add(1);
		}
	else
		parallel_for(n_tasks, 1, task, g);
	progress_end();
}

static bool
takes_ranks(CompareMethod method)
{
	return method == COMPARE_SPEARMAN || method == COMPARE_RHO_A;
}

static bool
takes_whitening(CompareMethod method)
{
	return method == COMPARE_WHITENED_COSINE || method == COMPARE_WHITENED_PEARSON || method == COMPARE_CKA;
}

static bool
takes_kendall(CompareMethod method)
{
	return method == COMPARE_KENDALL_TAU_A || method == COMPARE_KENDALL_TAU_B;
}

/* Ranks less their mean, such that the product of two is rho_a. */
static void
scale_ranks(Size m, double *x)
{
	double		mean = 0.5 * ((double) m + 1);
	double		scale = sqrt(12 / ((double) m * ((double) m * (double) m - 1)));

	for (Size i = 0; i < m; i++)
		x[i] = (x[i] - mean) * scale;
}

static bool
whitened_vector(const Group *g, double *d, const Rdm *r, double *w)
{
	memcpy(d, RDM_DISTANCES(r), g->m * sizeof(double));
	if (g->method == COMPARE_CKA && rdm_kernel_squares(r->metric))
		for (Size i = 0; i < g->m; i++)
			d[i] *= d[i];
	if (g->method == COMPARE_WHITENED_PEARSON && !compare_normalize(g->m, d, true))
		return false;
	whiten(g->n_conditions, d, w, g->interruptible);
	return compare_normalize(g->length, w, false);
}

/* The vector of RDM i. */
static void
vector_task(int64 i, int worker, void *arg)
{
	Group	   *g = arg;
	const Rdm  *r = g->rdms[i];
	double	   *x = g->vectors + (Size) i * g->length;

	if (takes_whitening(g->method))
	{
		g->defined[i] = whitened_vector(g, g->distances[worker], r, x);
		return;
	}
	if (takes_ranks(g->method))
		rank_average(&g->rank[worker], g->m, RDM_DISTANCES(r), x, g->interruptible);
	else
		memcpy(x, RDM_DISTANCES(r), g->m * sizeof(double));
	g->defined[i] = true;
	if (g->method == COMPARE_RHO_A)
		scale_ranks(g->m, x);
	else if (g->method != COMPARE_EUCLIDEAN)
		g->defined[i] = compare_normalize(g->m, x, g->method != COMPARE_COSINE);
}

/* |x_i - x_j| of the products of both with themselves and each other. */
static double
vector_distance(const Group *g, int i, int j)
{
	const double *x = g->vectors + (Size) i * g->length;
	const double *y = g->vectors + (Size) j * g->length;
	double		squares = g->product[(Size) i * g->n + i] + g->product[(Size) j * g->n + j];
	double		squared = squares - 2 * g->product[(Size) i * g->n + j];

	if (squared > NEAR_EQUAL * squares)
		return sqrt(squared);
	squared = 0;
	for (Size k = 0; k < g->length; k++)
		squared += (x[k] - y[k]) * (x[k] - y[k]);
	return sqrt(squared);
}

static double
vector_value(const Group *g, int i, int j)
{
	if (!g->defined[i] || !g->defined[j])
		return NAN;
	if (g->method == COMPARE_EUCLIDEAN)
		return i == j ? 0 : vector_distance(g, i, j);
	if (i == j && g->method != COMPARE_RHO_A)
		return 1;
	return Max(-1.0, Min(1.0, g->product[(Size) i * g->n + j]));
}

static void
allocate_worker_scratch(Group *g)
{
	int			n_workers = workers(g);

	g->rank = palloc0(n_workers * sizeof(RankScratch));
	g->distances = palloc0(n_workers * sizeof(double *));
	g->kendall = palloc0(n_workers * sizeof(KendallScratch));
	for (int w = 0; w < n_workers; w++)
	{
		if (takes_ranks(g->method) || takes_kendall(g->method))
			rank_scratch_allocate(&g->rank[w], g->m);
		if (takes_whitening(g->method))
			g->distances[w] = huge_matrix(1, g->m);
		if (takes_kendall(g->method))
			kendall_scratch_allocate(&g->kendall[w], g->m);
	}
}

static void
compare_vectors(Group *g)
{
	g->vectors = huge_matrix(g->n, g->length);
	g->defined = palloc(g->n * sizeof(bool));
	run_tasks(g, "rdm_similarity: vectors", g->n, vector_task);
	syrk_f8(false, g->n, g->length, 1, g->vectors, g->length, 0, g->product, g->n);
	/* values in place of products: those of a pair take its own and the diagonal's */
	for (int i = 0; i < g->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = i + 1; j < g->n; j++)
			g->product[(Size) j * g->n + i] = vector_value(g, i, j);
	}
	for (int i = 0; i < g->n; i++)
	{
		for (int j = i + 1; j < g->n; j++)
			g->product[(Size) i * g->n + j] = g->product[(Size) j * g->n + i];
		g->product[(Size) i * g->n + i] = vector_value(g, i, i);
	}
}

/* ---- Kendall ---- */

static void
order_task(int64 i, int worker, void *arg)
{
	Group	   *g = arg;

	kendall_order(&g->order[i], g->m, RDM_DISTANCES(g->rdms[i]), &g->rank[worker], g->interruptible);
}

/* Pair number t of i >= j, counted by rows. */
static void
kendall_task(int64 t, int worker, void *arg)
{
	Group	   *g = arg;
	int64		i = (int64) ((sqrt(8.0 * (double) t + 1) - 1) / 2);
	int64		j;
	double		tau;

	while (i * (i + 1) / 2 > t)
		i--;
	while ((i + 1) * (i + 2) / 2 <= t)
		i++;
	j = t - i * (i + 1) / 2;
	tau = g->method == COMPARE_KENDALL_TAU_A
		? kendall_tau_a(&g->order[i], &g->order[j], &g->kendall[worker], g->interruptible)
		: kendall_tau_b(&g->order[i], &g->order[j], &g->kendall[worker], g->interruptible);
	g->product[i * g->n + j] = g->product[j * g->n + i] = tau;
}

static void
compare_kendall(Group *g)
{
	g->order = palloc(g->n * sizeof(KendallOrder));
	for (int i = 0; i < g->n; i++)
		kendall_order_allocate(&g->order[i], g->m);
	run_tasks(g, "rdm_similarity: sorting", g->n, order_task);
	run_tasks(g, "rdm_similarity: pairs", (int64) g->n * (g->n + 1) / 2, kendall_task);
}

/* ---- bures ---- */

static void
compare_kernels(Group *g)
{
	Size		size = size_mul(g->n_conditions, g->n_conditions);
	double	   *factors = huge_matrix(g->n, size);
	double	   *trace = palloc(g->n * sizeof(double));
	int		   *rank = palloc(g->n * sizeof(int));
	bool		distance = g->method == COMPARE_BURES_DISTANCE;

	progress_begin("rdm_similarity: kernels", g->n);
	for (int i = 0; i < g->n; i++)
	{
		rdm_kernel(g->rdms[i], NULL, g->n_conditions, factors + i * size);
		trace[i] = bures_factor(g->n_conditions, factors + i * size, &rank[i]);
		progress_add(1);
	}
	progress_end();
	progress_begin("rdm_similarity: pairs", (double) g->n * (g->n - 1) / 2);
	for (int i = 0; i < g->n; i++)
	{
		g->product[(Size) i * g->n + i] = distance ? 0 : trace[i] > 0 ? 1 : NAN;
		for (int j = 0; j < i; j++)
		{
			double		nuclear = bures_nuclear(g->n_conditions, factors + i * size, rank[i], factors + j * size, rank[j]);

			g->product[(Size) i * g->n + j] = g->product[(Size) j * g->n + i] =
				bures_value(distance, trace[i], trace[j], nuclear);
			progress_add(1);
		}
	}
	progress_end();
}

static Size
group_bytes(const Group *g)
{
	Size		n_workers = workers(g);
	Size		n = g->n_conditions;
	Size		bytes = size_mul(size_mul(g->n, g->n), sizeof(double));

	if (takes_kendall(g->method))
		return size_add(size_add(bytes, size_mul(g->n, kendall_order_bytes(g->m))),
						size_mul(n_workers, size_add(rank_scratch_bytes(g->m), kendall_scratch_bytes(g->m))));
	if (g->method == COMPARE_BURES || g->method == COMPARE_BURES_DISTANCE)
		return size_add(size_add(bytes, size_mul(g->n, size_mul(n * n, sizeof(double)))),
						Max(bures_factor_scratch(g->n_conditions), bures_nuclear_scratch(g->n_conditions)));
	bytes = size_add(bytes, size_mul(g->n, size_mul(g->length, sizeof(double))));
	if (takes_ranks(g->method))
		bytes = size_add(bytes, size_mul(n_workers, rank_scratch_bytes(g->m)));
	if (takes_whitening(g->method))
		bytes = size_add(bytes, size_mul(n_workers, size_mul(g->m, sizeof(double))));
	return bytes;
}

/* The n members of a set, complete and of the same labels, to their places in out. */
static void
compare_group(const RdmSet *s, const int *members, int n, double *out)
{
	Group		g = {.method = s->method, .n = n};
	MemoryContext scratch,
				old;

	g.n_conditions = s->rdms[members[0]]->n_conditions;
	g.m = RDM_PAIRS(g.n_conditions);
	g.length = takes_whitening(g.method) ? WHITENED_SIZE(g.n_conditions) : g.m;
	g.interruptible = g.m > COMPARE_MAX_PAIRS_UNINTERRUPTED;
	scratch = scratch_create("neuroenc rdm_similarity", group_bytes(&g), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	g.rdms = palloc(n * sizeof(Rdm *));
	for (int i = 0; i < n; i++)
		g.rdms[i] = s->rdms[members[i]];
	g.product = huge_matrix(n, n);
	allocate_worker_scratch(&g);
	if (takes_kendall(g.method))
		compare_kendall(&g);
	else if (g.method == COMPARE_BURES || g.method == COMPARE_BURES_DISTANCE)
		compare_kernels(&g);
	else
		compare_vectors(&g);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			out[(Size) members[i] * s->n + members[j]] = g.product[(Size) i * n + j];
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* ---- pair by pair ---- */

static double
compare_pair(const RdmSet *s, int i, int j)
{
	const Rdm  *rdms[2] = {s->rdms[i], s->rdms[j]};
	int		   *index[2];
	int			m = rdm_align(rdms, 2, index);
	double		value;

	if (m < COMPARE_MIN_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("two RDMs share %d condition%s, at least %d are needed", m, m == 1 ? "" : "s", COMPARE_MIN_CONDITIONS),
				 errdetail_client("\"%s\" and \"%s\" have %d and %d, aligned by their labels.", label_text(s->labels[i]),
								  label_text(s->labels[j]), rdms[0]->n_conditions, rdms[1]->n_conditions)));
	if (i == j && compare_is_distance(s->method))
		value = 0;
	else
		value = compare_rdms(s->method, rdms[0], index[0], rdms[1], index[1], m);
	pfree(index[0]);
	pfree(index[1]);
	return value;
}

void
rdm_set_compare(const RdmSet *s, double *out)
{
	int		   *group = find_groups(s);
	int		   *members = palloc(Max(1, s->n) * sizeof(int));

	for (int i = 0; i < s->n; i++)
	{
		int			n = 0;

		for (int j = i; j < s->n && group[i] == i; j++)
			if (group[j] == i)
				members[n++] = j;
		if (n > 0)
			compare_group(s, members, n, out);
	}
	for (int i = 0; i < s->n; i++)
		for (int j = 0; j <= i; j++)
			if (group[i] < 0 || group[i] != group[j])
			{
				CHECK_FOR_INTERRUPTS();
				out[(Size) i * s->n + j] = out[(Size) j * s->n + i] = compare_pair(s, i, j);
			}
	pfree(group);
	pfree(members);
}
