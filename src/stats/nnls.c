/*
 * nnls.c
 *		Non-negative least squares by active sets (Lawson and Hanson 1974, chapter
 *		23), over the normal equations (Bro and de Jong 1997), so that the rows of
 *		the problem are read once, by a matrix product.
 *
 * A step lets the column in whose gradient is steepest, solves over the columns
 * that are in, and, where a weight would turn negative, goes only as far as the
 * first zero and takes that column out.  Columns are scaled to unit norm first.  A
 * column that those that are in explain (a pivot of Cholesky's that is rounding)
 * stays out.
 *
 * Cost: a Cholesky, p^3 / 3 flops for p columns in, a step; about as many steps as
 * columns end up in.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "stats/nnls.h"

#define DEPENDENT	1e-12		/* squared pivot of a column of unit norm */
#define NO_GRADIENT 1e-13		/* of the largest in c */

typedef struct ActiveSet
{
	Size		k;
	Size		n_in;
	double	   *g;				/* k x k, unit diagonal */
	double	   *c;				/* k */
	double	   *scale;			/* k; 0 for a column of zeros */
	double	   *x;				/* k */
	Size	   *in;				/* n_in, in the order they came */
	bool	   *barred;			/* k: in, zero, or found dependent since the last step */
	double	   *l;				/* n_in x n_in */
	double	   *s;				/* n_in: unconstrained solution */
} ActiveSet;

/* s over the columns that are in; false where the last of them depends on the others. */
static bool
solve(ActiveSet *a)
{
	Size		n = a->n_in;

	for (Size i = 0; i < n; i++)
	{
		for (Size j = 0; j < n; j++)
			a->l[i * n + j] = a->g[a->in[i] * a->k + a->in[j]];
		a->s[i] = a->c[a->in[i]];
	}
	if (n > 0 && (cholesky_f8(n, a->l, n) != 0 || a->l[n * n - 1] * a->l[n * n - 1] < DEPENDENT))
		return false;
	trsm_lower_f8(false, n, 1, a->l, n, a->s, 1);
	trsm_lower_f8(true, n, 1, a->l, n, a->s, 1);
	return true;
}

/* The column to let in: the largest gradient c - G x of those that are out; k for none. */
static Size
steepest(const ActiveSet *a, double least)
{
	Size		found = a->k;

	for (Size j = 0; j < a->k; j++)
	{
		double		gradient = a->c[j];

		if (a->barred[j])
			continue;
		for (Size i = 0; i < a->n_in; i++)
			gradient -= a->g[j * a->k + a->in[i]] * a->x[a->in[i]];
		if (gradient > least)
		{
			least = gradient;
			found = j;
		}
	}
	return found;
}

/* From x toward s as far as no weight is negative; columns that reach 0 go out.  Returns whether s was reached. */
static bool
advance(ActiveSet *a)
{
	double		step = 1;
	Size		none = a->n_in;
	Size		first = none;
	Size		kept = 0;

	for (Size i = 0; i < a->n_in; i++)
	{
		double		x = a->x[a->in[i]];

		if (a->s[i] <= 0 && x / (x - a->s[i]) < step)
		{
			step = x / (x - a->s[i]);
			first = i;
		}
	}
	for (Size i = 0; i < a->n_in; i++)
	{
		Size		j = a->in[i];

		a->x[j] += step * (a->s[i] - a->x[j]);
		if (first < none && (i == first || a->x[j] <= 0))
		{
			a->x[j] = 0;
			a->barred[j] = false;
		}
		else
			a->in[kept++] = j;
	}
	a->n_in = kept;
	return first == none;
}

static void
load(ActiveSet *a, Size k, const double *g, const double *c)
{
	*a = (ActiveSet) {.k = k};
	a->g = huge_matrix(k, k);
	a->l = huge_matrix(k, k);
	a->c = huge_alloc(k * sizeof(double));
	a->scale = huge_alloc(k * sizeof(double));
	a->x = huge_alloc0(k * sizeof(double));
	a->s = huge_alloc(k * sizeof(double));
	a->in = huge_alloc(k * sizeof(Size));
	a->barred = huge_alloc0(k * sizeof(bool));
	for (Size i = 0; i < k; i++)
		a->scale[i] = g[i * k + i] > 0 ? 1 / sqrt(g[i * k + i]) : 0;
	for (Size i = 0; i < k; i++)
	{
		for (Size j = 0; j < k; j++)
			a->g[i * k + j] = g[i * k + j] * a->scale[i] * a->scale[j];
		a->c[i] = c[i] * a->scale[i];
		a->barred[i] = a->scale[i] == 0;
	}
}

void
nnls(Size k, const double *g, const double *c, double *x)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "nnls", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	ActiveSet	a;
	double		least = 0;
	Size		j;

	load(&a, k, g, c);
	for (Size i = 0; i < k; i++)
		least = Max(least, NO_GRADIENT * fabs(a.c[i]));
	for (Size steps = 0; steps < 10 * (k + 1) && (j = steepest(&a, least)) < k; steps++)
	{
		CHECK_FOR_INTERRUPTS();
		a.barred[j] = true;
		a.in[a.n_in++] = j;
		/* not even its own weight would be positive: rounding */
		if (!solve(&a) || a.s[a.n_in - 1] <= 0)
		{
			a.n_in--;
			continue;
		}
		while (!advance(&a))
			if (!solve(&a))
				break;
		for (Size i = 0; i < k; i++)
			a.barred[i] = a.scale[i] == 0;
		for (Size i = 0; i < a.n_in; i++)
			a.barred[a.in[i]] = true;
	}
	for (Size i = 0; i < k; i++)
		x[i] = a.x[i] * a.scale[i];
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
