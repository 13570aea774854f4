/*
 * patterns_table.c
 *		The cells of a patterns state in the order of their labels and folds.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/convert.h"
#include "base/dispatch.h"
#include "similarity/patterns.h"

typedef struct SortedCell
{
	int			condition;
	const PatternCell *cell;
} SortedCell;

static int
compare_cells(const void *a, const void *b)
{
	const SortedCell *x = a;
	const SortedCell *y = b;

	if (x->condition != y->condition)
		return x->condition < y->condition ? -1 : 1;
	return x->cell->fold < y->cell->fold ? -1 : x->cell->fold > y->cell->fold;
}

static int
compare_folds(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

PatternTable *
patterns_table(const Patterns *p)
{
	PatternTable *t = palloc0(sizeof(PatternTable));
	int		   *order = palloc(Max(1, p->n_labels) * sizeof(int));
	int		   *condition = palloc(Max(1, p->n_labels) * sizeof(int));
	SortedCell *sorted = huge_alloc(Max(1, (Size) p->n_cells) * sizeof(SortedCell));

	t->n_channels = p->n_channels;
	t->n = p->n_labels;
	t->n_cells = p->n_cells;
	t->labels = huge_alloc(Max(1, (Size) t->n) * sizeof(Label));
	t->folds = huge_alloc(Max(1, (Size) t->n_cells) * sizeof(int64));
	t->cells = huge_alloc(Max(1, (Size) t->n_cells) * sizeof(PatternCell *));
	t->start = huge_alloc(((Size) t->n + 1) * sizeof(int));
	labels_sort(p->labels, t->n, order);
	for (int i = 0; i < t->n; i++)
	{
		t->labels[i] = p->labels[order[i]];
		condition[order[i]] = i;
	}
	for (int c = 0; c < t->n_cells; c++)
	{
		sorted[c] = (SortedCell) {condition[p->cells[c].label], &p->cells[c]};
		t->folds[c] = p->cells[c].fold;
	}
	qsort(sorted, t->n_cells, sizeof(SortedCell), compare_cells);
	for (int c = t->n_cells - 1; c >= 0; c--)
	{
		t->cells[c] = sorted[c].cell;
		t->start[sorted[c].condition] = c;
	}
	t->start[t->n] = t->n_cells;
	qsort(t->folds, t->n_cells, sizeof(int64), compare_folds);
	for (int c = 0; c < t->n_cells; c++)
		if (c == 0 || t->folds[c] != t->folds[t->n_folds - 1])
			t->folds[t->n_folds++] = t->folds[c];
	pfree(sorted);
	pfree(condition);
	pfree(order);
	return t;
}

int *
pattern_table_cells_by_fold(const PatternTable *t)
{
	int		   *cell = huge_alloc(Max(1, size_mul(size_mul(t->n, t->n_folds), sizeof(int))));

	for (int i = 0; i < t->n; i++)
	{
		int			at = t->start[i];

		CHECK_FOR_INTERRUPTS();
		for (int f = 0; f < t->n_folds; f++)
			cell[(Size) i * t->n_folds + f] =
				at < t->start[i + 1] && t->cells[at]->fold == t->folds[f] ? at++ : -1;
	}
	return cell;
}

/* ---- means ---- */

HOT_LOOP static void
add_floats(double *sum, const float *x, Size n)
{
	for (Size i = 0; i < n; i++)
		sum[i] += x[i];
}

HOT_LOOP static void
add_doubles(double *sum, const double *x, Size n)
{
	for (Size i = 0; i < n; i++)
		sum[i] += x[i];
}

void
pattern_add(double *sum, const void *values, TensorType dtype, Size n)
{
	if (dtype == TENSOR_FLOAT4)
		add_floats(sum, values, n);
	else
		add_doubles(sum, values, n);
}

/* A division, and not a product with 1 / n: the mean of equal values is that value. */
HOT_LOOP static void
divide(double *x, double by, Size n)
{
	for (Size i = 0; i < n; i++)
		x[i] /= by;
}

void
pattern_mean(const PatternCell *const *cells, int n_cells, Size first, Size count, double *out)
{
	int64		n = 0;

	for (int c = 0; c < n_cells; c++)
	{
		TensorType	dtype = cells[c]->dtype;
		const void *values = (const char *) cells[c]->values + first * dtype;

		n += cells[c]->n;
		if (c > 0)
			pattern_add(out, values, dtype, count);
		else if (dtype == TENSOR_FLOAT4)
			widen_floats(values, out, count);
		else
			memcpy(out, values, count * sizeof(double));
	}
	if (n > 1)
		divide(out, (double) n, count);
}
