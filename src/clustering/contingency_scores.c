/*
 * contingency_scores.c
 *		How far two labelings agree, from the counts of their pairs.
 *
 * Pairs of rows are counted exactly, in 128 bits: with up to 2^62 rows there are
 * up to 2^124.  Entropies and information are sums of logarithms of ratios that
 * are formed first, so that equal labelings agree exactly.
 */
#include "postgres.h"

#include <math.h>

#include "clustering/contingency_scores.h"

/* ---- pairs of rows ---- */

/* Ordered pairs of two different rows, by which of a and b has them together */
typedef struct RowPairs
{
	__int128	both;
	__int128	a_only;
	__int128	b_only;
	__int128	neither;
} RowPairs;

static __int128
sum_of_squares(const int64 *x, Size n)
{
	__int128	sum = 0;

	for (Size i = 0; i < n; i++)
		sum += (__int128) x[i] * x[i];
	return sum;
}

static RowPairs
row_pairs(const ContingencyTable *t)
{
	__int128	cells = sum_of_squares(t->count, t->n_cells);
	__int128	a = sum_of_squares(t->row_sum, t->n_rows);
	__int128	b = sum_of_squares(t->column_sum, t->n_columns);
	RowPairs	p = {cells - t->n, a - cells, b - cells, (__int128) t->n * t->n - a - b + cells};

	return p;
}

double
contingency_rand_index(const ContingencyTable *t)
{
	RowPairs	p = row_pairs(t);

	if (t->n == 1)
		return 1;
	return (double) (p.both + p.neither) / (double) (p.both + p.neither + p.a_only + p.b_only);
}

/* Hubert and Arabie (1985) */
double
contingency_adjusted_rand(const ContingencyTable *t)
{
	RowPairs	p = row_pairs(t);
	double		both = (double) p.both;
	double		a_only = (double) p.a_only;
	double		b_only = (double) p.b_only;
	double		neither = (double) p.neither;

	if (p.a_only == 0 && p.b_only == 0)
		return 1;
	return 2 * (both * neither - a_only * b_only) /
		((both + a_only) * (a_only + neither) + (both + b_only) * (b_only + neither));
}

double
contingency_fowlkes_mallows(const ContingencyTable *t)
{
	RowPairs	p = row_pairs(t);
	double		both = (double) p.both;

	if (p.both == 0)
		return 0;
	return sqrt(both / (double) (p.both + p.a_only)) * sqrt(both / (double) (p.both + p.b_only));
}

double
contingency_purity(const ContingencyTable *t)
{
	int64	   *largest = huge_alloc0(t->n_columns * sizeof(int64));
	int64		sum = 0;

	for (Size i = 0; i < t->n_cells; i++)
		largest[t->column[i]] = Max(largest[t->column[i]], t->count[i]);
	for (int j = 0; j < t->n_columns; j++)
		sum += largest[j];
	pfree(largest);
	return (double) sum / (double) t->n;
}

/* ---- information, in nats ---- */

static double
entropy(const int64 *sum, int n_labels, int64 n)
{
	double		h = 0;

	for (int i = 0; i < n_labels; i++)
		if (sum[i] > 0)
			h -= sum[i] / (double) n * log(sum[i] / (double) n);
	return h;
}

double
contingency_mutual_info(const ContingencyTable *t)
{
	double		n = (double) t->n;
	double		sum = 0;

	for (Size i = 0; i < t->n_cells; i++)
	{
		double		a = (double) t->row_sum[t->row[i]];
		double		b = (double) t->column_sum[t->column[i]];

		sum += t->count[i] / n * log(t->count[i] / a * (n / b));
	}
	return Max(sum, 0);
}

/* H(a | b) + H(b | a): Meila (2007) */
double
contingency_variation_of_information(const ContingencyTable *t)
{
	double		sum = 0;

	for (Size i = 0; i < t->n_cells; i++)
	{
		double		count = (double) t->count[i];

		sum += count / (double) t->n * (log(t->row_sum[t->row[i]] / count) + log(t->column_sum[t->column[i]] / count));
	}
	return sum;
}

/* ---- information as a share ---- */

/* Of the entropy of these sums; 1 where there is none to explain */
static double
explained(const ContingencyTable *t, const int64 *sum, int n_labels)
{
	double		h = entropy(sum, n_labels, t->n);

	return h > 0 ? Min(contingency_mutual_info(t) / h, 1) : 1;
}

/* Rosenberg and Hirschberg (2007) */
double
contingency_homogeneity(const ContingencyTable *t)
{
	return explained(t, t->row_sum, t->n_rows);
}

double
contingency_completeness(const ContingencyTable *t)
{
	return explained(t, t->column_sum, t->n_columns);
}

double
contingency_v_measure(const ContingencyTable *t)
{
	double		h = contingency_homogeneity(t);
	double		c = contingency_completeness(t);

	return h + c > 0 ? 2 * h * c / (h + c) : 0;
}

static double
mean_entropy(const ContingencyTable *t)
{
	return (entropy(t->row_sum, t->n_rows, t->n) + entropy(t->column_sum, t->n_columns, t->n)) / 2;
}

double
contingency_nmi(const ContingencyTable *t)
{
	double		h = mean_entropy(t);

	return h > 0 ? Min(contingency_mutual_info(t) / h, 1) : 1;
}

static int
labels_that_came(const int64 *sum, int n_labels)
{
	int			n = 0;

	for (int i = 0; i < n_labels; i++)
		n += sum[i] > 0;
	return n;
}

/* Vinh, Epps and Bailey (2010).  Equal partitions are 1 also where chance alone must find them (each row its own). */
double
contingency_ami(const ContingencyTable *t)
{
	Size		n_a = labels_that_came(t->row_sum, t->n_rows);
	Size		n_b = labels_that_came(t->column_sum, t->n_columns);
	double		expected;

	if (t->n_cells == n_a && t->n_cells == n_b)
		return 1;
	expected = contingency_expected_mutual_info(t);
	return (contingency_mutual_info(t) - expected) / (mean_entropy(t) - expected);
}
