/*
 * predictions_rows.c
 *		The rows of a predictions state in the order of their labels, and tiles of
 *		their columns.
 *
 * The tests work on a few targets at a time: a tile is gathered across all
 * rows, in float8, so that everything after runs in the cache.  A gather reads
 * a cache line or two a row.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "stats/predictions.h"

Size
predictions_rows_bytes(const Predictions *p)
{
	return size_mul(p->n + 1, sizeof(PredictionRow) + sizeof(int));
}

static int
compare_rows(const void *a, const void *b)
{
	const PredictionRow *x = a;
	const PredictionRow *y = b;

	for (int k = 0; k < PREDICTIONS_MAX_LABELS; k++)
		if (x->label[k] != y->label[k])
			return x->label[k] < y->label[k] ? -1 : 1;
	return 0;
}

PredictionRows *
predictions_rows(const Predictions *p)
{
	PredictionRows *rows = palloc0(sizeof(PredictionRows));
	PredictionRow *row;
	bool		sorted = true;

	rows->n = (int) p->n;
	rows->v = p->v;
	rows->n_vectors = p->n_vectors;
	rows->n_labels = p->n_labels;
	rows->row = row = huge_alloc0(Max(1, size_mul(p->n, sizeof(PredictionRow))));
	for (const PredictionChunk *chunk = p->first; chunk; chunk = chunk->next)
		for (int i = 0; i < chunk->n; i++, row++)
		{
			for (int k = 0; k < p->n_labels; k++)
				row->label[k] = chunk->labels[(Size) i * p->n_labels + k];
			row->values = (const char *) chunk->values + (Size) i * p->n_vectors * p->v * chunk->dtype;
			row->dtype = chunk->dtype;
			sorted = sorted && (row == rows->row || compare_rows(row - 1, row) <= 0);
		}
	CHECK_FOR_INTERRUPTS();
	if (!sorted)
		qsort(rows->row, rows->n, sizeof(PredictionRow), compare_rows);
	CHECK_FOR_INTERRUPTS();

	rows->start = huge_alloc(size_mul(p->n + 1, sizeof(int)));
	for (int i = 0; i < rows->n; i++)
		if (i == 0 || rows->row[i].label[0] != rows->row[i - 1].label[0])
			rows->start[rows->n_blocks++] = i;
	rows->start[rows->n_blocks] = rows->n;
	return rows;
}

void
predictions_gather(const PredictionRows *rows, int r0, int n, int k, int first, int count,
				   double *out, Size ldout)
{
	Size		at = (Size) k * rows->v + first;

	for (int i = 0; i < n; i++)
	{
		const PredictionRow *row = &rows->row[r0 + i];
		double	   *to = out + i * ldout;

		if (row->dtype == TENSOR_FLOAT4)
		{
			const float *from = (const float *) row->values + at;

			for (int t = 0; t < count; t++)
				to[t] = from[t];
		}
		else
			memcpy(to, (const double *) row->values + at, count * sizeof(double));
	}
}

HOT_LOOP static void
flag_nan_f4(const float *values, bool *which, int v)
{
	for (int t = 0; t < v; t++)
		which[t] |= values[t] != values[t];
}

HOT_LOOP static void
flag_nan_f8(const double *values, bool *which, int v)
{
	for (int t = 0; t < v; t++)
		which[t] |= values[t] != values[t];
}

void
predictions_missing(const PredictionRows *rows, bool *which)
{
	memset(which, 0, rows->v * sizeof(bool));
	for (int i = 0; i < rows->n; i++)
	{
		const PredictionRow *row = &rows->row[i];

		CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < rows->n_vectors; k++)
			if (row->dtype == TENSOR_FLOAT4)
				flag_nan_f4((const float *) row->values + (Size) k * rows->v, which, rows->v);
			else
				flag_nan_f8((const double *) row->values + (Size) k * rows->v, which, rows->v);
	}
}

/* columns_standardize, for m <= COLUMNS_AT_ONCE; inlined for tiles with and without missing values */
static inline __attribute__((always_inline)) void
standardize(double *x, const double *valid, int n, int m, Size ld, int *count)
{
	double		first[COLUMNS_AT_ONCE] = {0};
	double		sum[COLUMNS_AT_ONCE] = {0};
	double		largest[COLUMNS_AT_ONCE] = {0};
	double		squares[COLUMNS_AT_ONCE] = {0};

	for (int t = 0; t < m; t++)
		count[t] = 0;
	/* about the first value, so that a constant is 0 exactly */
	for (int i = 0; i < n; i++)
		for (int t = 0; t < m; t++)
		{
			bool		has = valid == NULL || valid[i * ld + t] != 0;
			double		value = x[i * ld + t];

			first[t] = has & (count[t] == 0) ? value : first[t];
			value = has ? value - first[t] : 0;
			x[i * ld + t] = value;
			sum[t] += value;
			count[t] += has;
		}
	for (int t = 0; t < m; t++)
		sum[t] /= Max(count[t], 1);
	for (int i = 0; i < n; i++)
		for (int t = 0; t < m; t++)
		{
			bool		has = valid == NULL || valid[i * ld + t] != 0;
			double		value = has ? x[i * ld + t] - sum[t] : 0;
			double		size = fabs(value);

			x[i * ld + t] = value;
			largest[t] = size > largest[t] ? size : largest[t];
		}
	/* in two steps, so that no square leaves the range */
	for (int t = 0; t < m; t++)
		largest[t] = largest[t] >= DBL_MIN ? 1 / largest[t] : 0;
	for (int i = 0; i < n; i++)
		for (int t = 0; t < m; t++)
		{
			x[i * ld + t] *= largest[t];
			squares[t] += x[i * ld + t] * x[i * ld + t];
		}
	for (int t = 0; t < m; t++)
		squares[t] = squares[t] > 0 ? 1 / sqrt(squares[t]) : 0;
	for (int i = 0; i < n; i++)
		for (int t = 0; t < m; t++)
			x[i * ld + t] *= squares[t];
}

HOT_LOOP static void
standardize_all(double *x, int n, int m, Size ld, int *count)
{
	standardize(x, NULL, n, m, ld, count);
}

HOT_LOOP static void
standardize_valid(double *x, const double *valid, int n, int m, Size ld, int *count)
{
	standardize(x, valid, n, m, ld, count);
}

void
columns_standardize(double *x, const double *valid, int n, int m, Size ld, int *count)
{
	Assert(m <= COLUMNS_AT_ONCE);
	if (valid == NULL)
		standardize_all(x, n, m, ld, count);
	else
		standardize_valid(x, valid, n, m, ld, count);
}
