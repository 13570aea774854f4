/*
 * cop_kmeans.c
 *		k-means in which some pairs of rows must be together and some apart.
 *
 * K. Wagstaff, C. Cardie, S. Rogers and S. Schroedl, "Constrained k-means
 * clustering with background knowledge", ICML 2001.  Rows that must be together,
 * and what follows from it (union-find), become one point of their mean and
 * weight.  A turn assigns points so that those of a cannot-link pair are apart
 * (cop_assignment.c: theirs takes rows in turn and fails at the first that has no
 * cluster), then takes means.  An assignment comes from nothing, as theirs, and
 * also from the one before by moves that lower the cost; the cheaper one counts, so
 * that the sum of squared distances falls each turn.  Centres start as k-means
 * leaves them.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/progress.h"
#include "clustering/centre_distances.h"
#include "clustering/constrained.h"

#define MAX_TURNS 300

typedef struct Cop
{
	const KmeansRows *r;
	int			k;
	const PairConstraints *constraints;
	int		   *group;			/* n: of each row; groups are numbered by their first row */
	int			n_groups;
	double	   *weight;			/* n_groups: rows */
	double	   *mean;			/* n_groups x d */
	const KmeansRows *points;	/* the means */
	Apart	   *apart;
	double	   *cost;			/* n_groups x k */
	int32	   *label;			/* n_groups */
	int32	   *other;			/* n_groups: another assignment */
	int64	   *members;		/* k: groups of a cluster */
	double	   *mass;			/* k: rows of a cluster */
} Cop;

/* ---- groups ---- */

static int
root_of(int *parent, int i)
{
	while (parent[i] != i)
		i = parent[i] = parent[parent[i]];
	return i;
}

static void
make_groups(Cop *c)
{
	int			n = c->r->n;
	int		   *parent = huge_alloc((Size) n * sizeof(int));

	for (int i = 0; i < n; i++)
		parent[i] = i;
	for (int p = 0; p < c->constraints->n_must; p++)
	{
		int			a = root_of(parent, c->constraints->must[p].a);
		int			b = root_of(parent, c->constraints->must[p].b);

		parent[Max(a, b)] = Min(a, b);
	}
	c->n_groups = 0;
	for (int i = 0; i < n; i++)
	{
		int			root = root_of(parent, i);

		c->group[i] = root == i ? c->n_groups++ : c->group[root];
	}
	pfree(parent);
}

static void
require_consistent(const Cop *c)
{
	const PairConstraints *constraints = c->constraints;

	for (int p = 0; p < constraints->n_cannot; p++)
	{
		RowPair		pair = constraints->cannot[p];

		if (c->group[pair.a] == c->group[pair.b])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("two rows must be together and must be apart"),
					 errdetail_client("cannot_link has the pair " INT64_FORMAT ", " INT64_FORMAT
									  ", and the pairs of must_link join its rows, directly or through others.",
									  constraints->id[pair.a], constraints->id[pair.b])));
	}
	if (c->n_groups < c->k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d, but must_link leaves only %d groups of rows", c->k, c->n_groups),
				 errhint("Take a smaller k.")));
}

static void
make_points(Cop *c)
{
	Size		d = c->r->d;

	c->weight = huge_alloc0((Size) c->n_groups * sizeof(double));
	c->mean = huge_alloc0((Size) c->n_groups * d * sizeof(double));
	for (int32 i = 0; i < c->r->n; i++)
	{
		kmeans_add_rows(c->r, &i, 1, c->mean + c->group[i] * d);
		c->weight[c->group[i]]++;
	}
	for (int g = 0; g < c->n_groups; g++)
		for (Size e = 0; e < d; e++)
			c->mean[g * d + e] /= c->weight[g];
	c->points = kmeans_rows_of(c->n_groups, c->r->d, TENSOR_FLOAT8, c->mean, NULL, false);
}

static void
make_apart(Cop *c)
{
	int			n_pairs = c->constraints->n_cannot;
	RowPair    *pair = huge_alloc(Max(1, (Size) n_pairs) * sizeof(RowPair));

	for (int p = 0; p < n_pairs; p++)
		pair[p] = (RowPair) {c->group[c->constraints->cannot[p].a], c->group[c->constraints->cannot[p].b]};
	c->apart = apart_new(c->n_groups, c->k, n_pairs, pair);
	pfree(pair);
}

/* ---- turns ---- */

static void
set_cost(Cop *c, const double *centre)
{
	centre_distances(c->points, c->k, centre, c->cost);
	for (int g = 0; g < c->n_groups; g++)
		for (int j = 0; j < c->k; j++)
			c->cost[(Size) g * c->k + j] *= c->weight[g];
}

static double
total_cost(const Cop *c, const int32 *label)
{
	double		total = 0;

	for (int g = 0; g < c->n_groups; g++)
		total += c->cost[(Size) g * c->k + label[g]];
	return total;
}

static void
count_members(Cop *c)
{
	memset(c->members, 0, c->k * sizeof(int64));
	for (int g = 0; g < c->n_groups; g++)
		c->members[c->label[g]]++;
}

/* A cluster without rows takes the group that costs most where it is and is not alone: none is barred from it. */
static void
fill_empty(Cop *c)
{
	count_members(c);
	for (int j = 0; j < c->k; j++)
	{
		int			costly = -1;

		if (c->members[j] > 0)
			continue;
		for (int g = 0; g < c->n_groups; g++)
			if (c->members[c->label[g]] > 1 &&
				(costly < 0 || c->cost[(Size) g * c->k + c->label[g]] > c->cost[(Size) costly * c->k + c->label[costly]]))
				costly = g;
		c->members[c->label[costly]]--;
		c->members[j]++;
		c->label[costly] = j;
		c->cost[(Size) costly * c->k + j] = 0;	/* it is the centre */
	}
}

static void
set_means(Cop *c, double *centre)
{
	Size		d = c->r->d;

	memset(centre, 0, c->k * d * sizeof(double));
	memset(c->mass, 0, c->k * sizeof(double));
	for (int g = 0; g < c->n_groups; g++)
	{
		double	   *mine = centre + c->label[g] * d;

		for (Size e = 0; e < d; e++)
			mine[e] += c->weight[g] * c->mean[g * d + e];
		c->mass[c->label[g]] += c->weight[g];
	}
	for (int j = 0; j < c->k; j++)
		for (Size e = 0; e < d; e++)
			centre[j * d + e] /= c->mass[j];
}

/* From centres until no group moves.  Not APART_FOUND: none was found, for *pair. */
static ApartResult
turns(Cop *c, KmeansFit *fit, int *pair)
{
	double		before = INFINITY;
	ApartResult result;

	set_cost(c, fit->centre);
	result = apart_construct(c->apart, c->cost, c->label, pair);
	if (result != APART_FOUND)
		return result;
	for (fit->iterations = 1;; fit->iterations++)
	{
		double		total;
		int			ignored;

		apart_improve(c->apart, c->cost, c->label);
		if (fit->iterations > 1 && c->constraints->n_cannot > 0 &&
			apart_construct(c->apart, c->cost, c->other, &ignored) == APART_FOUND)
		{
			apart_improve(c->apart, c->cost, c->other);
			if (total_cost(c, c->other) < total_cost(c, c->label))
				memcpy(c->label, c->other, (Size) c->n_groups * sizeof(int32));
		}
		fill_empty(c);
		total = total_cost(c, c->label);
		fit->converged = !(total < before);
		if (fit->converged || fit->iterations == MAX_TURNS)
			break;
		before = total;
		set_means(c, fit->centre);
		set_cost(c, fit->centre);
		CHECK_FOR_INTERRUPTS();
	}
	set_means(c, fit->centre);
	return APART_FOUND;
}

/* The rows' labels, sizes and inertia. */
static void
finish(const Cop *c, KmeansFit *fit)
{
	double	   *squared = huge_matrix(1, c->r->n);

	memset(fit->size, 0, c->k * sizeof(int64));
	for (int i = 0; i < c->r->n; i++)
	{
		fit->label[i] = c->label[c->group[i]];
		fit->size[fit->label[i]]++;
	}
	kmeans_squares(c->r, fit->centre, fit->label, squared);
	fit->inertia = 0;
	for (int i = 0; i < c->r->n; i++)
		fit->inertia += squared[i];
	pfree(squared);
}

_Noreturn static void
report_infeasible(const Cop *c, ApartResult result, int pair)
{
	RowPair		rows = c->constraints->cannot[pair];

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 result == APART_NONE ? errmsg("no assignment to %d clusters satisfies the constraints", c->k)
			 : errmsg("no assignment to %d clusters that satisfies the constraints was found", c->k),
			 errdetail_client("Rows " INT64_FORMAT " and " INT64_FORMAT
							  " must be apart, but one of them is barred from every cluster by other rows.",
							  c->constraints->id[rows.a], c->constraints->id[rows.b]),
			 errhint("Take a larger k, or drop constraints.")));
}

/* ---- the whole ---- */

static Size
cop_bytes(const KmeansRows *r, int k, const PairConstraints *constraints)
{
	Size		a_row = size_mul(size_add(r->d, size_add(k, 3)), sizeof(double));

	return size_add(size_mul(r->n, size_add(a_row, 4 * sizeof(int32))),
					apart_bytes(r->n, k, constraints->n_cannot));
}

KmeansFit *
cop_kmeans_fit(const KmeansRows *r, int k, int64 seed, int n_init, const PairConstraints *constraints)
{
	KmeansOptions options = kmeans_options(k, seed);
	Cop			c = {.r = r, .k = k, .constraints = constraints};
	ApartResult result = APART_GAVE_UP;
	int			pair = -1;
	KmeansFit  *best;
	KmeansFit  *trial;
	bool		found = false;
	MemoryContext scratch;
	MemoryContext old;

	memory_claim_add(memory_claim(CurrentMemoryContext, "cop_kmeans"), size_mul(2, kmeans_fit_bytes(r->n, r->d, k)), NULL);
	best = kmeans_fit_new(r->n, r->d, k);
	trial = kmeans_fit_new(r->n, r->d, k);
	scratch = scratch_create("cop_kmeans", cop_bytes(r, k, constraints), "Take fewer rows or clusters.");
	old = MemoryContextSwitchTo(scratch);
	c.group = huge_alloc((Size) r->n * sizeof(int));
	make_groups(&c);
	require_consistent(&c);
	make_points(&c);
	make_apart(&c);
	c.cost = huge_matrix(c.n_groups, k);
	c.label = huge_alloc((Size) c.n_groups * sizeof(int32));
	c.other = huge_alloc((Size) c.n_groups * sizeof(int32));
	c.members = huge_alloc((Size) k * sizeof(int64));
	c.mass = huge_matrix(1, k);
	progress_begin("cop_kmeans", n_init);
	for (int start = 0; start < n_init && result != APART_NONE; start++)
	{
		kmeans_start(r, &options, start, trial);
		result = turns(&c, trial, &pair);
		progress_add(1);
		if (result != APART_FOUND)
			continue;
		finish(&c, trial);
		if (!found || trial->inertia < best->inertia)
		{
			KmeansFit  *swap = best;

			best = trial;
			trial = swap;
		}
		found = true;
	}
	progress_skip();
	progress_end();
	if (!found)
		report_infeasible(&c, result, pair);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	kmeans_renumber(best, r->n, r->d);
	return best;
}
