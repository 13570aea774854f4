/*
 * kmeans_lloyd.c
 *		Lloyd's iterations: nearest centres, then the means of their rows.
 *
 * S. P. Lloyd, "Least squares quantization in PCM", IEEE Transactions on
 * Information Theory 28, 1982; I. S. Dhillon and D. S. Modha, Machine Learning
 * 42, 2001, for rows and centres of length 1.
 *
 * Sums of rows are float8, in parts whose sums are added in their order, so that
 * no thread changes a bit.  When few rows have moved, sums are given and taken
 * those rows alone, and added up anew every so often, before that has cost more
 * than adding costs anyway.  Clusters whose rows stay are left as they are.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/kmeans.h"
#include "clustering/kmeans_assign.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define PART_ROWS		2048
#define FEW				0.3			/* of the rows: sums take the moved ones alone */
#define ANEW_EVERY		16			/* iterations */

typedef struct Part
{
	int32		cluster;
	bool		taken;			/* its rows leave the cluster */
	Size		first;			/* in 'order' */
	Size		n;
} Part;

typedef struct Lloyd
{
	const KmeansRows *r;
	KmeansFit  *fit;
	Assignment *a;
	int32	   *before;			/* n: labels of the last iteration, -1 before the first */
	int32	   *order;			/* n: rows by cluster */
	Size	   *start;			/* k + 1: where each begins there */
	bool	   *changed;		/* k: other rows than before */
	double	   *moved;			/* k */
	double	   *old;			/* k x d */
	double	   *sum;			/* k x d: of each cluster's rows */
	Part	   *part;
	double	   *part_sum;		/* parts x d */
} Lloyd;

static Size
most_parts(const KmeansRows *r, int k)
{
	return 2 * (Size) k + r->n / PART_ROWS + 1;
}

/* ---- sums ---- */

static void
count_sizes(Lloyd *l)
{
	memset(l->fit->size, 0, l->fit->k * sizeof(int64));
	for (int i = 0; i < l->r->n; i++)
		l->fit->size[l->fit->label[i]]++;
}

/* Which clusters have other rows than before; how many rows moved. */
static Size
compare_labels(Lloyd *l)
{
	Size		n_moved = 0;

	memset(l->changed, 0, l->fit->k);
	for (int i = 0; i < l->r->n; i++)
		if (l->fit->label[i] != l->before[i])
		{
			n_moved++;
			l->changed[l->fit->label[i]] = true;
			if (l->before[i] >= 0)
				l->changed[l->before[i]] = true;
		}
	return n_moved;
}

/* Rows by 'label', each cluster's in their order, from order[at] on; all, or those that moved.  Makes parts of changed clusters. */
static Size
make_parts(Lloyd *l, const int32 *label, bool all, bool taken, Size at, Size n_parts)
{
	int			k = l->fit->k;
	int			n = l->r->n;
	Size	   *start = l->start;

	memset(start, 0, (k + 1) * sizeof(Size));
	for (int i = 0; i < n; i++)
		if (all || l->fit->label[i] != l->before[i])
			start[label[i] + 1]++;
	start[0] = at;
	for (int j = 0; j < k; j++)
	{
		start[j + 1] += start[j];
		for (Size first = start[j]; l->changed[j] && first < start[j + 1]; first += PART_ROWS)
			l->part[n_parts++] = (Part) {j, taken, first, Min(PART_ROWS, start[j + 1] - first)};
	}
	for (int i = 0; i < n; i++)
		if (all || l->fit->label[i] != l->before[i])
			l->order[start[label[i]]++] = i;
	return n_parts;
}

static void
sum_part(int64 number, int worker, void *arg)
{
	const Lloyd *l = arg;
	const Part *part = &l->part[number];
	double	   *sum = l->part_sum + (Size) number * l->r->d;

	memset(sum, 0, l->r->d * sizeof(double));
	kmeans_add_rows(l->r, l->order + part->first, part->n, sum);
}

/* The sums of changed clusters. */
static void
update_sums(Lloyd *l, Size n_moved, bool anew)
{
	int			d = l->r->d;
	bool		all = anew || n_moved > FEW * l->r->n;
	Size		n_parts = make_parts(l, l->fit->label, all, false, 0, 0);

	if (all)
		for (int j = 0; j < l->fit->k; j++)
		{
			if (l->changed[j])
				memset(l->sum + (Size) j * d, 0, d * sizeof(double));
		}
	else
		n_parts = make_parts(l, l->before, false, true, n_moved, n_parts);
	parallel_for((int64) n_parts, 0, sum_part, l);
	for (Size p = 0; p < n_parts; p++)
	{
		double	   *sum = l->sum + (Size) l->part[p].cluster * d;

		for (int e = 0; e < d; e++)
			sum[e] += l->part[p].taken ? -l->part_sum[p * d + e] : l->part_sum[p * d + e];
	}
}

/* ---- means ---- */

/* A sum becomes a centre; one of directions that cancel out says nothing, and the centre stays. */
static void
set_centre(Lloyd *l, int j)
{
	int			d = l->r->d;
	double	   *centre = l->fit->centre + (Size) j * d;
	const double *sum = l->sum + (Size) j * d;

	if (l->r->scale == NULL)
		for (int e = 0; e < d; e++)
			centre[e] = sum[e] / l->fit->size[j];
	else
	{
		memcpy(centre, sum, d * sizeof(double));
		if (!kmeans_unit(centre, d))
			memcpy(centre, l->old + (Size) j * d, d * sizeof(double));
	}
}

/* The centres of changed clusters; 'moved', and the sum of its squares. */
static double
update_centres(Lloyd *l)
{
	int			k = l->fit->k;
	int			d = l->r->d;
	double		total = 0;

	memcpy(l->old, l->fit->centre, (Size) k * d * sizeof(double));
	for (int j = 0; j < k; j++)
	{
		double		squared = 0;

		if (l->changed[j] && l->fit->size[j] > 0)
		{
			set_centre(l, j);
			squared = squared_difference(l->old + (Size) j * d, l->fit->centre + (Size) j * d, d);
		}
		l->moved[j] = sqrt(squared) * (1 + assignment_slack(l->r));
		total += squared;
	}
	return total;
}

/* ---- clusters without rows ---- */

/* The row farthest from its centre, of clusters that keep another. */
static int
farthest_row(const Lloyd *l, const double *squared)
{
	int			farthest = -1;

	for (int i = 0; i < l->r->n; i++)
		if (l->fit->size[l->fit->label[i]] > 1 && (farthest < 0 || squared[i] > squared[farthest]))
			farthest = i;
	return farthest;
}

static void
fill_empty(Lloyd *l)
{
	double	   *squared = NULL;

	for (int j = 0; j < l->fit->k; j++)
	{
		int			row;

		if (l->fit->size[j] > 0)
			continue;
		if (squared == NULL)
		{
			squared = huge_matrix(1, l->r->n);
			kmeans_squares(l->r, l->fit->centre, l->fit->label, squared);
		}
		CHECK_FOR_INTERRUPTS();
		row = farthest_row(l, squared);
		if (row < 0)
			break;
		l->fit->size[l->fit->label[row]]--;
		l->fit->size[j]++;
		assignment_set(l->a, row, j);
		squared[row] = -1;
	}
	if (squared)
		pfree(squared);
}

/* ---- iterations ---- */

static void
finish_fit(Lloyd *l)
{
	double	   *squared = huge_matrix(1, l->r->n);

	kmeans_squares(l->r, l->fit->centre, l->fit->label, squared);
	l->fit->inertia = 0;
	for (int i = 0; i < l->r->n; i++)
		l->fit->inertia += squared[i];
	if (l->r->scale)
		l->fit->inertia /= 2;	/* |x - c|^2 = 2 (1 - cosine) of lengths 1 */
	pfree(squared);
	count_sizes(l);
}

static Size
lloyd_bytes(const KmeansRows *r, int k)
{
	Size		bytes = assignment_bytes(r, k, true);
	Size		parts = most_parts(r, k);

	bytes = size_add(bytes, size_mul(r->n, 2 * sizeof(int32) + sizeof(double)));
	bytes = size_add(bytes, size_mul(parts, size_add(sizeof(Part), size_mul(r->d, sizeof(double)))));
	return size_add(bytes, size_mul(k, size_add(size_mul(r->d, 2 * sizeof(double)), 32)));
}

void
kmeans_lloyd(const KmeansRows *r, int max_iter, double tol, KmeansFit *fit)
{
	MemoryContext scratch = scratch_create("k-means", lloyd_bytes(r, fit->k), "Take fewer rows: a sample fits a model that labels the others.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Size		parts = most_parts(r, fit->k);
	Lloyd		l = {.r = r, .fit = fit};
	bool		settled = false;

	l.a = assignment_new(r, fit->k, fit->label, true);
	l.before = huge_alloc((Size) r->n * sizeof(int32));
	l.order = huge_alloc((Size) r->n * sizeof(int32));
	l.start = huge_alloc(((Size) fit->k + 1) * sizeof(Size));
	l.changed = huge_alloc(fit->k);
	l.moved = huge_matrix(1, fit->k);
	l.old = huge_matrix(fit->k, r->d);
	l.part = huge_alloc(parts * sizeof(Part));
	l.sum = huge_alloc0(size_mul(size_mul(fit->k, r->d), sizeof(double)));
	l.part_sum = huge_matrix(parts, r->d);
	for (int i = 0; i < r->n; i++)
		l.before[i] = -1;
	l.a->work = 1;
	progress_begin("iterations", max_iter);
	assignment_start(l.a, fit->centre);
	for (fit->iterations = 1;; fit->iterations++)
	{
		Size		n_moved;
		double		total;

		count_sizes(&l);
		fill_empty(&l);
		n_moved = compare_labels(&l);
		settled = n_moved == 0;
		if (settled)
			break;
		update_sums(&l, n_moved, fit->iterations % ANEW_EVERY == 1);
		memcpy(l.before, fit->label, (Size) r->n * sizeof(int32));
		total = update_centres(&l);
		settled = total <= tol * r->variance;
		if (!settled && fit->iterations >= max_iter)
			break;
		assignment_again(l.a, fit->centre, l.moved);
		if (settled)
			break;
	}
	progress_skip();
	progress_end();
	fit->converged = settled;
	finish_fit(&l);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
