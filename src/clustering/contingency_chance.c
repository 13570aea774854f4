/*
 * contingency_chance.c
 *		The mutual information of two labelings that chance alone would give.
 *
 * With the sums of rows and columns fixed and all arrangements equally likely, a
 * cell's count is hypergeometric (Vinh, Epps and Bailey 2010, eq. 24).  A cell's
 * share depends on its two sums alone, so that only pairs of different sums are
 * computed, each as often as it comes.  Probabilities are taken from the mode
 * outwards by their ratios and divided by their sum: no logarithm of a factorial,
 * whose digits would not do for 1e9 rows.  About 20 standard deviations of the
 * count for each pair of sums, or a series where they are many.
 *
 * The subtlety: n log(n / mu) has a mean far smaller than its values.  Since the mean of
 * n - mu is 0, n log(n / mu) - (n - mu) has the same mean and is nowhere
 * negative.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "clustering/contingency_scores.h"

/* Past this standard deviation of a count the series about its mean is exact to 1e-12. */
#define LARGE_DEVIATION 1e3
#define NEGLIGIBLE 1e-20

/* A sum, and how many labels have it */
typedef struct Multiple
{
	int64		sum;
	int64		times;
} Multiple;

static int
compare_sums(const void *a, const void *b)
{
	int64		x = ((const Multiple *) a)->sum;
	int64		y = ((const Multiple *) b)->sum;

	return x < y ? -1 : x > y;
}

/* The different sums that are not 0; returns how many. */
static int
different_sums(const int64 *sum, int n_labels, Multiple *out)
{
	int			n = 0;
	int			last = 0;

	for (int i = 0; i < n_labels; i++)
		if (sum[i] > 0)
			out[n++] = (Multiple) {sum[i], 1};
	qsort(out, n, sizeof(Multiple), compare_sums);
	for (int i = 1; i < n; i++)
		if (out[i].sum == out[last].sum)
			out[last].times++;
		else
			out[++last] = out[i];
	return n > 0 ? last + 1 : 0;
}

/* Of a count mu + d whose mean is mu: (mu + d) log((mu + d) / mu) - d */
static inline double
divergence(double mu, double d)
{
	double		x = d / mu;

	if (fabs(x) < 1e-3)			/* the difference of nearly equal numbers would be lost */
		return d * x * (1.0 / 2 + x * (-1.0 / 6 + x * (1.0 / 12 + x * (-1.0 / 20 + x / 30))));
	return mu + d > 0 ? (mu + d) * log1p(x) - d : mu;
}

/*
 * A hypergeometric count j: how many of 'a' rows are among 'b', both at most half of all, 'rest' in neither if none is in
 * both.  The cell is this one, or one that has more by as much as this has less (sign -1).
 */
typedef struct Cell
{
	double		a;
	double		b;
	double		rest;
	double		mean;			/* of j */
	double		mu;				/* of the cell */
	double		sign;
} Cell;

typedef struct WeightedMean
{
	double		sum;
	double		weights;
} WeightedMean;

/*
 * Counts j from 'from' to 'to' (up or down), the first of weight 'weight', whose
 * successors' weights follow from the ratio of hypergeometric probabilities.
 */
static void
add_tail(WeightedMean *m, const Cell *c, double from, double to, double weight)
{
	bool		up = to >= from;
	double		j = from;

	for (Size i = 0;; i++)
	{
		double		term = weight * divergence(c->mu, c->sign * (j - c->mean));

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		m->sum += term;
		m->weights += weight;
		if (j == to || (i > 2 && weight < NEGLIGIBLE && term < NEGLIGIBLE * m->sum))
			return;
		if (up)
			weight *= (c->a - j) / (j + 1) * ((c->b - j) / (c->rest + j + 1));
		else
			weight *= j / (c->a - j + 1) * ((c->rest + j) / (c->b - j + 1));
		j += up ? 1 : -1;
	}
}

/*
 * The mean of a cell's count times log(count / mu) where its deviation is large: with d = mu x the divergence is
 * mu (x^2 / 2 - x^3 / 6 + x^4 / 12 - ..), the hypergeometric's third central moment is in closed form, and 3 variance^2 will
 * do for the fourth; the next are 1 / mu^2.
 */
static double
expected_cell_of_many(double a, double b, double n, double mu, double variance)
{
	double		third = variance * ((n - 2 * a) / n) * ((n - 2 * b) / (n - 2));

	return variance / (2 * mu) - third / (6 * mu * mu) + variance * variance / (4 * mu * mu * mu);
}

/* The same of any cell, sums a and b among n rows.  The count that is summed over is that of the smallest of the four cells. */
static double
expected_cell(int64 a, int64 b, int64 n)
{
	double		mu = (double) a / (double) n * (double) b;
	double		variance = n == 1 ? 0 : mu * ((double) (n - a) / (double) n) * ((double) (n - b) / (double) (n - 1));
	int64		fewer_a = Min(a, n - a);
	int64		fewer_b = Min(b, n - b);
	Cell		c = {.a = (double) fewer_a, .b = (double) fewer_b, .rest = (double) (n - fewer_a - fewer_b), .mu = mu};
	double		mode;
	WeightedMean m = {0, 0};

	if (sqrt(variance) > LARGE_DEVIATION)
		return expected_cell_of_many((double) a, (double) b, (double) n, mu, variance);
	c.mean = c.a / (double) n * c.b;
	c.sign = (a == fewer_a) == (b == fewer_b) ? 1 : -1;
	mode = Min(floor(c.mean), Min(c.a, c.b));
	add_tail(&m, &c, mode, Min(c.a, c.b), 1);
	if (mode > 0)
		add_tail(&m, &c, mode - 1, 0, mode / (c.a - mode + 1) * ((c.rest + mode) / (c.b - mode + 1)));
	return m.sum / m.weights;
}

double
contingency_expected_mutual_info(const ContingencyTable *t)
{
	Multiple   *a = huge_alloc(size_mul(t->n_rows, sizeof(Multiple)));
	Multiple   *b = huge_alloc(size_mul(t->n_columns, sizeof(Multiple)));
	int			n_a = different_sums(t->row_sum, t->n_rows, a);
	int			n_b = different_sums(t->column_sum, t->n_columns, b);
	double		sum = 0;

	for (int i = 0; i < n_a; i++)
		for (int j = 0; j < n_b; j++)
			sum += (double) a[i].times * (double) b[j].times * expected_cell(a[i].sum, b[j].sum, t->n);
	pfree(a);
	pfree(b);
	return sum / (double) t->n;
}
