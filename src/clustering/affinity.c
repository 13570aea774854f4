/*
 * affinity.c
 *		Affinities of rows: a dense matrix from products (2 n^2 d flops, or half that
 *		for a matrix of a set with itself), and the graph of nearest rows (n^2 d).
 *
 * Squared distances are |a|^2 + |b|^2 - 2 a.b of rows about their mean, clipped
 * at 0: an error of 1e-16 of the squared norms, which the exponential of a scale
 * that tells the rows apart does not feel.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "clustering/affinity.h"
#include "linalg/linalg.h"
#include "stats/differences.h"
#include "stats/nearest.h"

#define LARGEST		1e150		/* whose square is finite */
#define ROW_CHUNK	64			/* rows of a task */

/* ---- rows ---- */

static void
require_moderate(const PointRows *rows, const double *x)
{
	for (int i = 0; i < rows->n; i++)
	{
		if ((i & 255) == 0)
			CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < rows->d; j++)
			if (fabs(x[(Size) i * rows->d + j]) > LARGEST)
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("element %d of row %d is too large for distances", j + 1, rows->came[i] + 1),
						 errdetail_client("It is %g.", x[(Size) i * rows->d + j])));
	}
}

static void
centre_rows(Size n, Size d, double *x)
{
	double	   *mean = huge_alloc0(d * sizeof(double));

	for (Size i = 0; i < n; i++)
		for (Size j = 0; j < d; j++)
			mean[j] += x[i * d + j] / (double) n;
	for (Size i = 0; i < n; i++)
	{
		if ((i & 255) == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < d; j++)
			x[i * d + j] -= mean[j];
	}
	pfree(mean);
}

static void
scale_rows(const PointRows *rows, double *x)
{
	Size		d = (Size) rows->d;

	for (int i = 0; i < rows->n; i++)
	{
		double	   *row = x + (Size) i * d;
		double		largest = 0;
		double		sum = 0;

		if ((i & 255) == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < d; j++)
			largest = Max(largest, fabs(row[j]));
		if (largest == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("row %d is all zeros: it has no direction", rows->came[i] + 1),
					 errhint("Leave such rows out, or use affinity 'rbf'.")));
		for (Size j = 0; j < d; j++)
			sum += (row[j] / largest) * (row[j] / largest);
		for (Size j = 0; j < d; j++)
			row[j] = row[j] / largest / sqrt(sum);
	}
}

double *
affinity_rows(const PointRows *rows, bool unit)
{
	double	   *x = huge_matrix(rows->n, rows->d);

	point_rows_read_f8(rows, 0, rows->n, x);
	require_moderate(rows, x);
	if (unit)
		scale_rows(rows, x);
	else
		centre_rows(rows->n, rows->d, x);
	return x;
}

void
affinity_norms(Size n, Size d, const double *x, double *norm)
{
	for (Size i = 0; i < n; i++)
	{
		if ((i & 255) == 0)
			CHECK_FOR_INTERRUPTS();
		norm[i] = squared_length(x + i * d, d);
	}
}

/* ---- dense ---- */

/* A row of products becomes affinities. */
HOT_LOOP static void
products_to_affinities(const Affinity *affinity, Size m, double xx, const double *yy, double *row)
{
	if (affinity->kind == AFFINITY_COSINE)
	{
		for (Size j = 0; j < m; j++)
			row[j] = Max(row[j], 0.0);
		return;
	}
	for (Size j = 0; j < m; j++)
		row[j] = -affinity->gamma * Max(xx + yy[j] - 2 * row[j], 0.0);
	for (Size j = 0; j < m; j++)
		row[j] = exp(row[j]);
}

typedef struct Dense
{
	const Affinity *affinity;
	Size		n;
	const double *norm;
	double	   *a;
	double		self;
} Dense;

static void
finish_rows(int64 number, int worker, void *arg)
{
	Dense	   *s = arg;
	Size		first = (Size) number * ROW_CHUNK;

	for (Size i = first; i < Min(s->n, first + ROW_CHUNK); i++)
	{
		products_to_affinities(s->affinity, s->n, s->norm[i], s->norm, s->a + i * s->n);
		s->a[i * s->n + i] = s->self;
	}
}

void
affinity_matrix(const Affinity *affinity, Size n, Size d, const double *x, double self, double *a)
{
	double	   *norm = huge_matrix(1, n);
	Dense		s = {.affinity = affinity, .n = n, .norm = norm, .a = a, .self = self};

	syrk_f8(false, n, d, 1, x, d, 0, a, n);
	for (Size i = 0; i < n; i++)
		norm[i] = a[i * n + i];
	parallel_for((int64) ((n + ROW_CHUNK - 1) / ROW_CHUNK), 0, finish_rows, &s);
	pfree(norm);
}

void
affinity_block_raw(const Affinity *affinity, Size n, Size m, Size d, const double *x, const double *xx,
				   const double *y, const double *yy, double *out)
{
	gemm_f8_raw(false, true, n, m, d, 1, x, d, y, d, 0, out, m);
	for (Size i = 0; i < n; i++)
		products_to_affinities(affinity, m, xx[i], yy, out + i * m);
}

/* ---- nearest ---- */

static int
compare_columns(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return x < y ? -1 : x > y;
}

/* Both directions of each edge, row by row: columns may stand twice, each time worth a half. */
static void
fill_edges(SparseSymmetric *graph, int k, const int32 *index)
{
	Size		n = (Size) graph->n;
	Size	   *next = huge_alloc((n + 1) * sizeof(Size));

	memset(graph->start, 0, (n + 1) * sizeof(Size));
	for (Size i = 0; i < n; i++)
		for (int l = 0; l < k; l++)
		{
			graph->start[i + 1]++;
			graph->start[index[i * k + l] + 1]++;
		}
	for (Size i = 0; i < n; i++)
		graph->start[i + 1] += graph->start[i];
	memcpy(next, graph->start, (n + 1) * sizeof(Size));
	for (Size i = 0; i < n; i++)
		for (int l = 0; l < k; l++)
		{
			int32		j = index[i * k + l];

			graph->column[next[i]++] = j;
			graph->column[next[j]++] = (int32) i;
		}
	pfree(next);
}

/* Columns that stand twice become one. */
static void
join_edges(SparseSymmetric *graph)
{
	Size		written = 0;
	Size		begin = 0;

	for (int i = 0; i < graph->n; i++)
	{
		Size		end = graph->start[i + 1];
		Size		first = written;

		if ((i & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		qsort(graph->column + begin, end - begin, sizeof(int32), compare_columns);
		for (Size e = begin; e < end; e++)
			if (written > first && graph->column[written - 1] == graph->column[e])
				graph->value[written - 1] = 1;
			else
			{
				graph->column[written] = graph->column[e];
				graph->value[written++] = 0.5;
			}
		begin = end;
		graph->start[i + 1] = written;
	}
}

static Size
others(Size n, int neighbors)
{
	return Min((Size) neighbors, n) - 1;
}

Size
affinity_nearest_bytes(Size n, int neighbors)
{
	Size		k = others(n, neighbors);

	return size_add(sparse_bytes((int) n, size_mul(2 * n, k)), size_mul(n, k * sizeof(int32) + sizeof(Size)));
}

SparseSymmetric *
affinity_nearest(Size n, Size d, const double *x, int neighbors)
{
	int			k = (int) others(n, neighbors);
	SparseSymmetric *graph = sparse_new((int) n, 2 * n * (Size) k);
	int32	   *index;

	if (k == 0)
	{
		memset(graph->start, 0, (n + 1) * sizeof(Size));
		return graph;
	}
	index = huge_alloc(n * (Size) k * sizeof(int32));
	nearest_rows(n, d, x, k, index, NULL);
	fill_edges(graph, k, index);
	join_edges(graph);
	pfree(index);
	return graph;
}
