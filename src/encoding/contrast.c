/*
 * contrast.c
 *		t-tests of a contrast c of the weights b of least squares with an intercept
 *		(the general linear model; Friston et al. 1995).
 *
 * With X'X and X'y about the means, h = c'(X'X)^- c and df = n - 1 - rank X,
 *
 *		t = c'b / sqrt(s2 h),  s2 = (y'y - b'X'y) / df,
 *
 * which does not depend on the generalised inverse as long as c is in the row
 * space of X (estimable; Searle 1971, section 5.4).  Features are divided by
 * their standard deviations and X'X decomposed once for all targets with the
 * same rows: 9 p^3 flops, then 2 p^2 a target.
 *
 * The subtlety: the residual sum is a difference.  Where it is below ROUNDING
 * of y'y it has no digits left and counts as 0: then t is infinite, or not
 * defined if the effect is rounding too.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "encoding/contrast.h"
#include "stats/fold_sums.h"
#include "encoding/ridge.h"
#include "linalg/linalg.h"
#include "stats/student.h"

#define BLOCK_BYTES		((Size) 64 << 20)
#define MAX_BLOCK		4096
#define RANK_TOLERANCE	1e-12	/* eigenvalues, of the largest */
#define OUTSIDE			1e-14	/* the share of c outside the row space that is rounding */
#define ROUNDING		1e-12

#define MEMORY_HINT "Test fewer targets at a time (gram_targets), or fewer features (gram_features)."

/* X'X of a group of targets in its eigenbasis, eigenvalues ascending, and the contrast in it. */
typedef struct Design
{
	int			p;
	int64		n;
	double	   *mean;			/* p: of x, about the centre */
	double	   *inv;			/* p: 1 / standard deviation, 0 for a constant */
	double	   *qt;				/* p x p: rows are eigenvectors */
	double	   *lambda;			/* p */
	int			null;			/* eigenvalues that are 0 */
	bool		estimable;
	double		h;
	double	   *by_xy;			/* p: (X'X)^- c, so that the effect is by_xy'X'y */
} Design;

static void
design_read(Design *d, const Gram *g, const TargetGroup *group, const double *cx)
{
	FeatureSums sums;
	double		smallest;

	fold_feature_sums(g, group, 0, cx, NULL, NULL, &sums);
	d->n = sums.n;
	d->mean = huge_matrix(1, d->p);
	d->inv = huge_matrix(1, d->p);
	d->lambda = huge_matrix(1, d->p);
	d->by_xy = huge_matrix(1, d->p);
	fold_centre_features(&sums, d->p, true, NULL, d->mean, d->inv);
	d->qt = sums.sxx;
	eigh_f8(d->p, d->qt, d->lambda);
	smallest = Max(0, d->lambda[d->p - 1]) * RANK_TOLERANCE;
	d->null = 0;
	while (d->null < d->p && d->lambda[d->null] <= smallest)
		d->null++;
}

static void
design_contrast(Design *d, const double *c)
{
	int			p = d->p;
	double	   *scaled = huge_matrix(1, p);
	double	   *u = huge_matrix(1, p);	/* c in the eigenbasis */
	double		size = 0;
	double		outside = 0;

	d->estimable = true;
	for (int j = 0; j < p; j++)
	{
		scaled[j] = c[j] * d->inv[j];
		size += scaled[j] * scaled[j];
		if (c[j] != 0 && d->inv[j] == 0)
			d->estimable = false;
	}
	gemv_f8(false, p, p, 1, d->qt, p, scaled, 0, u);
	d->h = 0;
	for (int i = 0; i < p; i++)
	{
		if (i < d->null)
		{
			outside += u[i] * u[i];
			u[i] = 0;
			continue;
		}
		d->h += u[i] * u[i] / d->lambda[i];
		u[i] /= d->lambda[i];
	}
	if (outside > OUTSIDE * size)
		d->estimable = false;
	gemv_f8(true, p, p, 1, d->qt, p, u, 0, d->by_xy);
	pfree(scaled);
	pfree(u);
}

/* explained[t] += z[t]^2 / lambda */
HOT_LOOP static void
add_explained(const double *z, double lambda, int nt, double *explained)
{
	for (int t = 0; t < nt; t++)
		explained[t] += z[t] * z[t] / lambda;
}

/* effect and share of y'y that X does not explain, for y of length 1 */
static void
test_target(const Design *d, double effect, double left, double norm, int target, ContrastTest *test)
{
	int64		df = d->n - 1 - (d->p - d->null);

	test->effect[target] = effect * norm;
	test->df[target] = Max(df, 0);
	if (df <= 0)
		return;
	if (left > ROUNDING)
		test->t[target] = effect / sqrt(left / df * d->h);
	else if (fabs(effect) > sqrt(ROUNDING * d->h))
		test->t[target] = copysign(INFINITY, effect);
	test->p[target] = student_two_sided(test->t[target], df);
}

static void
test_block(const Design *d, const Gram *g, const TargetGroup *group, const double *cx, const double *cy,
		   TargetSums *b, ContrastTest *test)
{
	int			p = d->p;
	int			nt = b->nt;
	double	   *effect = huge_matrix(1, nt);
	double	   *explained = huge_alloc0(nt * sizeof(double));

	fold_target_sums(g, group, cx, cy, b);
	fold_centre_products(b->all, NULL, b->all, NULL, p, nt, d->mean, d->inv, b->sy, b->y_norm, 1);
	gemv_f8(true, nt, p, 1, b->all, nt, d->by_xy, 0, effect);
	gemm_f8(false, false, p - d->null, nt, p, 1, d->qt + (Size) d->null * p, p, b->all, nt, 0, b->spare, nt);
	for (int i = 0; i < p - d->null; i++)
		add_explained(b->spare + (Size) i * nt, d->lambda[d->null + i], nt, explained);
	for (int t = 0; t < nt; t++)
	{
		bool		constant = gram_centred_squares(d->n, b->sy[t], b->syy[t]) <= 0;

		test_target(d, effect[t], constant ? 0 : 1 - explained[t], b->y_norm[t], b->targets[t], test);
	}
	pfree(effect);
	pfree(explained);
}

/* Returns the rank if the contrast can't be estimated, else -1. */
static int
test_group(const Gram *g, const TargetGroup *group, const double *cx, const double *cy, const double *c,
		   ContrastTest *test)
{
	int			p = g->p;
	Size		fits = BLOCK_BYTES / (2 * (Size) p * sizeof(double));
	int			block = (int) Min((Size) group->n_targets, Min((Size) MAX_BLOCK, Max((Size) 32, fits)));
	MemoryContext scratch = scratch_create("contrast", size_add(fold_feature_bytes(p, 0),
		size_add(fold_target_bytes(p, 0, block), eigh_scratch(p))), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Design		d = {.p = p};
	int			rank;

	design_read(&d, g, group, cx);
	design_contrast(&d, c);
	rank = d.estimable ? -1 : p - d.null;
	if (d.estimable)
	{
		TargetSums *b = fold_target_sums_new(p, 0, block);

		for (int t0 = 0; t0 < group->n_targets; t0 += block)
		{
			b->nt = Min(block, group->n_targets - t0);
			b->targets = group->targets + t0;
			test_block(&d, g, group, cx, cy, b, test);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return rank;
}

int
contrast_test(const Gram *g, const double *c, ContrastTest *test)
{
	double	   *cx = huge_matrix(1, g->p);
	double	   *cy = huge_matrix(1, g->v);
	int			n_groups;
	TargetGroup *groups = target_groups(g, &n_groups);
	bool		estimated = false;
	int			most = 0;

	for (int t = 0; t < g->v; t++)
	{
		test->effect[t] = test->t[t] = test->p[t] = NAN;
		test->df[t] = 0;
	}
	gram_get_centre(g, cx, cy);
	for (int i = 0; i < n_groups; i++)
	{
		int			rank;

		CHECK_FOR_INTERRUPTS();
		if (groups[i].n < 2)
			continue;
		rank = test_group(g, &groups[i], cx, cy, c, test);
		if (rank < 0)
			estimated = true;
		most = Max(most, rank);
	}
	pfree(cx);
	pfree(cy);
	return estimated ? -1 : most;
}
