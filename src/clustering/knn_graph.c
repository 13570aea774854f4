/*
 * knn_graph.c
 *		The graph of nearest neighbours: two rows are joined where one of them is
 *		among the k nearest of the other.
 *
 * Neighbours are exact (stats/nearest.h: n^2 d flops of gemm).  Cosine distance
 * of u and v of length 1 is |u - v|^2 / 2, so that one search serves both
 * metrics.  Of rows equally near the one that comes first in the order of content,
 * then id, is taken, so that the graph does not depend on the order of rows.
 *
 * Jaccard weights (Levine et al. 2015, PhenoGraph): of the neighbourhoods of the
 * two rows, the row itself and its k nearest, what is in both over what is in
 * either.  With the row itself in it, no edge has weight 0.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "clustering/knn_graph.h"
#include "stats/nearest.h"

#define MEMORY_HINT "Take fewer rows, a random part of them."

/* ---- rows ---- */

/* All elements in [-1, 1], so that their squares stay in range; returns what they were divided by. */
static double
scale_rows(Size n, double *x)
{
	double		largest = 0;

	for (Size i = 0; i < n; i++)
		largest = Max(largest, fabs(x[i]));
	if (largest < 1e-100 || largest > 1e100)
	{
		largest = largest > 0 ? largest : 1;
		for (Size i = 0; i < n; i++)
			x[i] /= largest;
		return largest;
	}
	return 1;
}

static void
centre(Size n, Size d, double *x)
{
	double	   *mean = huge_alloc0(d * sizeof(double));

	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < d; j++)
			mean[j] += x[i * d + j];
	}
	for (Size j = 0; j < d; j++)
		mean[j] /= (double) n;
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < d; j++)
			x[i * d + j] -= mean[j];
	}
	pfree(mean);
}

static void
unit_length(const PointRows *rows)
{
	Size		d = rows->d;

	for (int i = 0; i < rows->n; i++)
	{
		double	   *x = POINT_ROWS_F8(rows) + i * d;
		double		norm = 0;

		CHECK_FOR_INTERRUPTS();
		scale_rows(d, x);
		for (Size j = 0; j < d; j++)
			norm += x[j] * x[j];
		if (norm == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("a row is all zeros: it has no cosine with another"),
					 errdetail_client("Its id is " INT64_FORMAT ".", rows->id[i])));
		norm = sqrt(norm);
		for (Size j = 0; j < d; j++)
			x[j] /= norm;
	}
}

/* ---- edges ---- */

typedef struct Neighbours
{
	int			k;
	const int32 *index;			/* n x k */
	const int32 *sorted;		/* n x (k + 1): each row itself and its neighbours, ascending; for jaccard */
} Neighbours;

static bool
is_neighbour(const Neighbours *nb, Size of, int32 which)
{
	for (int l = 0; l < nb->k; l++)
		if (nb->index[of * nb->k + l] == which)
			return true;
	return false;
}

/* Insertion sort: k is small, and lists of neighbours are short. */
static void
sort_neighbourhoods(Size n, int k, const int32 *index, int32 *sorted)
{
	for (Size i = 0; i < n; i++)
	{
		int32	   *list = sorted + i * (k + 1);

		if ((i & 0xff) == 0)
			CHECK_FOR_INTERRUPTS();
		list[0] = (int32) i;
		for (int l = 0; l < k; l++)
		{
			int			at = l + 1;

			for (; at > 0 && list[at - 1] > index[i * k + l]; at--)
				list[at] = list[at - 1];
			list[at] = index[i * k + l];
		}
	}
}

static double
jaccard(const Neighbours *nb, Size i, Size j)
{
	int			n = nb->k + 1;
	const int32 *a = nb->sorted + i * n;
	const int32 *b = nb->sorted + j * n;
	int			shared = 0;

	for (int s = 0, t = 0; s < n && t < n;)
	{
		shared += a[s] == b[t];
		if (a[s] <= b[t])
			s++;
		else
			t++;
	}
	return (double) shared / (2 * n - shared);
}

void
knn_graph(PointRows *rows, int k, KnnMetric metric, KnnWeight weight, Edges *e)
{
	Size		n = rows->n;
	double	   *x = POINT_ROWS_F8(rows);
	Size		places = size_mul(n, k);
	double		unit = 1;
	int32	   *index;
	int32	   *sorted = NULL;
	double	   *squared = NULL;
	Neighbours	nb;

	memory_claim_add(memory_claim(CurrentMemoryContext, "knn_graph"),
					 size_mul(size_add(places, n), 2 * sizeof(int32) + sizeof(double)), MEMORY_HINT);
	index = huge_alloc(places * sizeof(int32));
	if (weight == KNN_DISTANCE)
		squared = huge_alloc(places * sizeof(double));
	if (metric == KNN_COSINE)
		unit_length(rows);
	else
		unit = scale_rows(n * rows->d, x);
	centre(n, rows->d, x);
	nearest_rows(n, rows->d, x, k, index, squared);
	if (weight == KNN_JACCARD)
	{
		sorted = huge_alloc((places + n) * sizeof(int32));
		sort_neighbourhoods(n, k, index, sorted);
	}
	nb = (Neighbours) {k, index, sorted};
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int l = 0; l < k; l++)
		{
			Size		j = index[i * k + l];
			double		w = 1;

			if (j < i && is_neighbour(&nb, j, (int32) i))
				continue;
			if (weight == KNN_JACCARD)
				w = jaccard(&nb, i, j);
			else if (weight == KNN_DISTANCE)
				w = metric == KNN_COSINE ? squared[i * k + l] / 2 : unit * sqrt(squared[i * k + l]);
			edges_add(e, rows->id[i], rows->id[j], w);
		}
	}
}
