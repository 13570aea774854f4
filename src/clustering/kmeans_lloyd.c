/*
 * kmeans_lloyd.c
 *		Lloyd's iterations: nearest centres, then the means of their rows.
 *
 * S. P. Lloyd, "Least squares quantization in PCM", IEEE Transactions on
 * Information Theory 28, 1982; I. S. Dhillon and D. S. Modha, Machine Learning
 * 42, 2001, for rows and centres of length 1.
 *
 * A mean is a function of its cluster's rows alone: they are added in their
 * order, in parts whose sums are added in order, so it depends on no thread, and
 * does not drift as one that rows are taken from and given to would.  Clusters
 * whose rows stay are left as they are.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/kmeans.h"
#include "clustering/kmeans_assign.h"
#include "linalg/linalg.h"

#define PART_ROWS		2048

typedef struct Part
{
	int32		cluster;
	Size		first;			/* in 'order' */
	Size		n;
} Part;

typedef struct Lloyd
{
	const KmeansRows *r;
	KmeansFit  *fit;
	Assignment *a;
	int32	   *before;			/* n: labels of the last iteration */
	int32	   *order;			/* n: rows by cluster */
	Size	   *start;			/* k + 1: where each begins there */
	bool	   *changed;		/* k: other rows than before */
	double	   *moved;			/* k */
	double	   *old;			/* k x d */
	Part	   *part;
	double	   *sums;			/* parts x d */
} Lloyd;

static Size
most_parts(const KmeansRows *r, int k)
{
	return (Size) k + r->n / PART_ROWS;
}

/* ---- means ---- */

/* Which clusters have other rows than before; false if none. */
static bool
compare_labels(Lloyd *l)
{
	bool		any = false;

	for (int i = 0; i < l->r->n; i++)
		if (l->fit->label[i] != l->before[i])
		{
			any = true;
			l->changed[l->fit->label[i]] = true;
			if (l->before[i] >= 0)
				l->changed[l->before[i]] = true;
		}
	return any;
}

/* Rows by cluster, each in the order of rows; sizes. */
static void
sort_by_cluster(Lloyd *l)
{
	int			k = l->fit->k;
	Size		at = 0;

	memset(l->fit->size, 0, k * sizeof(int64));
	for (int i = 0; i < l->r->n; i++)
		l->fit->size[l->fit->label[i]]++;
	for (int j = 0; j < k; j++)
	{
		l->start[j] = at;
		at += l->fit->size[j];
	}
	for (int i = 0; i < l->r->n; i++)
		l->order[l->start[l->fit->label[i]]++] = i;
	for (int j = k; j > 0; j--)
		l->start[j] = l->start[j - 1];
	l->start[0] = 0;
}

static void
sum_part(int64 number, int worker, void *arg)
{
	const Lloyd *l = arg;
	const Part *part = &l->part[number];
	double	   *sum = l->sums + (Size) number * l->r->d;

	memset(sum, 0, l->r->d * sizeof(double));
	kmeans_add_rows(l->r, l->order + part->first, part->n, sum);
}

static Size
make_parts(Lloyd *l)
{
	Size		n = 0;

	for (int j = 0; j < l->fit->k; j++)
		for (Size first = l->start[j]; l->changed[j] && first < l->start[j + 1]; first += PART_ROWS)
			l->part[n++] = (Part) {j, first, Min(PART_ROWS, l->start[j + 1] - first)};
	return n;
}

/* A sum becomes a centre; one of directions that cancel out says nothing, and the centre stays. */
static void
set_centre(Lloyd *l, int j, double *sum)
{
	double	   *centre = l->fit->centre + (Size) j * l->r->d;
	int			d = l->r->d;

	if (l->r->scale == NULL)
		for (int e = 0; e < d; e++)
			centre[e] = sum[e] / l->fit->size[j];
	else if (kmeans_unit(sum, d))
		memcpy(centre, sum, d * sizeof(double));
}

/* The centres of changed clusters; 'moved', and the sum of its squares. */
static double
update_centres(Lloyd *l)
{
	int			k = l->fit->k;
	int			d = l->r->d;
	Size		n_parts = make_parts(l);
	double		total = 0;

	memcpy(l->old, l->fit->centre, (Size) k * d * sizeof(double));
	parallel_for(n_parts, 0, sum_part, l);
	for (Size p = 0; p < n_parts;)
	{
		int			j = l->part[p].cluster;
		double	   *sum = l->sums + p * d;

		for (p++; p < n_parts && l->part[p].cluster == j; p++)
			for (int e = 0; e < d; e++)
				sum[e] += l->sums[p * d + e];
		set_centre(l, j, sum);
	}
	for (int j = 0; j < k; j++)
	{
		double		squared = l->changed[j] ? kmeans_squared(l->old + (Size) j * d, l->fit->centre + (Size) j * d, d) : 0;

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
		l->changed[l->fit->label[row]] = true;
		l->changed[j] = true;
		assignment_set(l->a, row, j);
		squared[row] = -1;
	}
	if (squared)
	{
		pfree(squared);
		sort_by_cluster(l);
	}
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
	sort_by_cluster(l);
}

static Size
lloyd_bytes(const KmeansRows *r, int k)
{
	Size		bytes = assignment_bytes(r, k, true);
	Size		parts = most_parts(r, k);

	bytes = size_add(bytes, size_mul(r->n, 2 * sizeof(int32) + sizeof(double)));
	bytes = size_add(bytes, size_mul(parts, size_add(sizeof(Part), size_mul(r->d, sizeof(double)))));
	return size_add(bytes, size_mul(k, size_add(size_mul(r->d, sizeof(double)), 32)));
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
	l.sums = huge_matrix(parts, r->d);
	for (int i = 0; i < r->n; i++)
		l.before[i] = -1;
	fit->converged = false;
	assignment_start(l.a, fit->centre);
	for (fit->iterations = 1;; fit->iterations++)
	{
		double		total;

		memset(l.changed, 0, fit->k);
		settled = !compare_labels(&l);
		if (settled)
			break;
		sort_by_cluster(&l);
		fill_empty(&l);
		memcpy(l.before, fit->label, (Size) r->n * sizeof(int32));
		total = update_centres(&l);
		assignment_again(l.a, fit->centre, l.moved);
		settled = total <= tol * r->variance;
		if (settled || fit->iterations >= max_iter)
			break;
		CHECK_FOR_INTERRUPTS();
	}
	fit->converged = settled;
	finish_fit(&l);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
