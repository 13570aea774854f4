/*
 * grouped_rows.c
 *		Labelled points, cluster by cluster.
 *
 * A counting sort by label, one pass that finds the largest element and one that
 * takes off the mean.  The subtlety is range: elements may be up to 1e308, and
 * squares of them must not overflow, so all are scaled by a power of two, which
 * costs no digit.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "clustering/grouped_rows.h"
#include "stats/differences.h"

#define ROWS_AT_ONCE 1024

/* Counts, then places: rows of label l go to start[cluster of l]. */
static void
group(const PointRows *r, GroupedRows *g)
{
	int		   *next = huge_alloc0(size_mul(r->n_labels + 1, sizeof(int)));

	for (int i = 0; i < r->n; i++)
		if (r->label[i] >= 0)
		{
			next[r->label[i]]++;
			g->n++;
		}
	g->start = huge_alloc(size_mul((Size) Min(r->n_labels, g->n) + 1, sizeof(int)));
	g->label = huge_alloc(size_mul((Size) Min(r->n_labels, g->n) + 1, sizeof(int)));
	g->start[0] = 0;
	for (int l = 0; l < r->n_labels; l++)
	{
		int			size = next[l];

		next[l] = g->start[g->k];
		if (size == 0)
			continue;
		g->label[g->k] = l;
		g->start[++g->k] = next[l] + size;
	}
	g->from = huge_alloc(Max(1, size_mul(g->n, sizeof(int32))));
	g->group = huge_alloc(Max(1, size_mul(g->n, sizeof(int32))));
	for (int i = 0; i < r->n; i++)
		if (r->label[i] >= 0)
			g->from[next[r->label[i]]++] = i;
	for (int c = 0; c < g->k; c++)
		for (int i = g->start[c]; i < g->start[c + 1]; i++)
			g->group[i] = c;
	pfree(next);
}

/* ---- elements ---- */

HOT_LOOP static double
largest(const double *x, Size n)
{
	double		most = 0;

#pragma omp simd reduction(max:most)
	for (Size i = 0; i < n; i++)
		most = Max(most, fabs(x[i]));
	return most;
}

HOT_LOOP static void
multiply(double *x, Size n, double by)
{
	for (Size i = 0; i < n; i++)
		x[i] *= by;
}

HOT_LOOP static void
add_to(double *restrict sum, const double *restrict x, Size n)
{
	for (Size i = 0; i < n; i++)
		sum[i] += x[i];
}

HOT_LOOP static void
subtract_from(double *restrict x, const double *restrict mean, Size n)
{
	for (Size i = 0; i < n; i++)
		x[i] -= mean[i];
}

/* In two steps, so that no square leaves the range. */
static void
scale_to_unit(double *x, Size d)
{
	double		most = largest(x, d);

	if (most == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a row is all zeros, which has no cosine with others"),
				 errhint("Leave it out, or take another metric.")));
	multiply(x, d, ldexp(1, -ilogb(most)));
	multiply(x, d, 1 / sqrt(squared_length(x, d)));
}

/* Of rows first .. end - 1. */
static void
mean_of_rows(const double *x, int first, int end, Size d, double *mean)
{
	memset(mean, 0, d * sizeof(double));
	for (int i = first; i < end; i++)
	{
		if (i % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		add_to(mean, x + (Size) i * d, d);
	}
	for (Size j = 0; j < d; j++)
		mean[j] /= Max(end - first, 1);
}

static void
centre(GroupedRows *g)
{
	Size		d = g->d;
	double		most = 0;
	int			power;
	double	   *mean = huge_matrix(1, d);

	for (int i = 0; i < g->n; i++)
		most = Max(most, largest(g->x + (Size) i * d, d));
	power = most > 0 ? ilogb(most) + 1 : 0;
	g->scale = ldexp(1, power);
	for (int i = 0; i < g->n; i++)
	{
		if (i % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < d; j++)
			g->x[(Size) i * d + j] = ldexp(g->x[(Size) i * d + j], -power);
	}
	mean_of_rows(g->x, 0, g->n, d, mean);
	for (int i = 0; i < g->n; i++)
		subtract_from(g->x + (Size) i * d, mean, d);
	pfree(mean);
}

GroupedRows *
grouped_rows(const PointRows *r, bool unit)
{
	GroupedRows *g = palloc0(sizeof(GroupedRows));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "rows by cluster");
	Size		per_row = size_add(size_mul(r->d, sizeof(double)), 2 * sizeof(int32));

	memory_claim_add(claim, size_add(size_mul(r->n, per_row), size_mul(r->n_labels, 3 * sizeof(int))), "Take fewer rows, a random part of them.");
	g->d = r->d;
	group(r, g);
	g->x = huge_matrix(Max(1, g->n), Max(1, g->d));
	for (int i = 0; i < g->n; i++)
	{
		double	   *row = g->x + (Size) i * g->d;

		if (i % ROWS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		point_rows_read_f8(r, g->from[i], 1, row);
		if (unit)
			scale_to_unit(row, g->d);
	}
	centre(g);
	return g;
}

/* ---- means ---- */

GroupMeans *
group_means(const GroupedRows *g)
{
	GroupMeans *m = palloc(sizeof(GroupMeans));
	Size		d = g->d;

	memory_claim_add(memory_claim(CurrentMemoryContext, "means of clusters"),
					 size_mul(g->k, size_mul(size_add(d, 2), sizeof(double))), NULL);
	m->mean = huge_matrix(g->k, d);
	m->squares = huge_alloc0(size_mul(g->k, sizeof(double)));
	m->distances = huge_alloc0(size_mul(g->k, sizeof(double)));
	for (int c = 0; c < g->k; c++)
	{
		double	   *mean = m->mean + c * d;

		mean_of_rows(g->x, g->start[c], g->start[c + 1], d, mean);
		for (int i = g->start[c]; i < g->start[c + 1]; i++)
		{
			double		squared = squared_difference(g->x + (Size) i * d, mean, d);

			if (i % ROWS_AT_ONCE == 0)
				CHECK_FOR_INTERRUPTS();
			m->squares[c] += squared;
			m->distances[c] += sqrt(squared);
		}
	}
	return m;
}
