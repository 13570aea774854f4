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

/* Of a count k whose mean is mu: k log(k / mu) - (k - mu) */
static inline double
divergence(double k, double mu)
{
	return k > 0 ? k * log1p((k - mu) / mu) - (k - mu) : mu;
}

typedef struct WeightedMean
{
	double		sum;
	double		weights;
} WeightedMean;

/*
 * Counts from 'from' to 'to' (up or down), the first of weight 'weight', whose
 * successors' weights follow from the ratio of hypergeometric probabilities.
 */
static void
add_tail(WeightedMean *m, double a, double b, double n, double mu, double from, double to, double weight)
{
	bool		up = to >= from;
	double		k = from;

	for (Size i = 0;; i++)
	{
		double		term = weight * divergence(k, mu);

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		m->sum += term;
		m->weights += weight;
		if (k == to || (i > 2 && weight < NEGLIGIBLE && term < NEGLIGIBLE * m->sum))
			return;
		if (up)
			weight *= (a - k) / (k + 1) * ((b - k) / (n - a - b + k + 1));
		else
			weight *= k / (a - k + 1) * ((n - a - b + k) / (b - k + 1));
		k += up ? 1 : -1;
	}
}

/*
 * The same of a count whose deviation is large: with k = mu (1 + x) the divergence is mu (x^2 / 2 - x^3 / 6 + x^4 / 12 - ..),
 * the hypergeometric's third central moment is in closed form, and 3 variance^2 will do for the fourth; the next are 1 / mu^2.
 */
static double
expected_cell_of_many(double a, double b, double n, double mu, double variance)
{
	double		third = variance * ((n - 2 * a) / n) * ((n - 2 * b) / (n - 2));

	return variance / (2 * mu) - third / (6 * mu * mu) + variance * variance / (4 * mu * mu * mu);
}

/* The mean of a cell's count times log(count / mu), sums a and b among n rows. */
static double
expected_cell(int64 a, int64 b, int64 n)
{
	double		mu = (double) a / (double) n * (double) b;
	double		variance = n == 1 ? 0 : mu * ((double) (n - a) / (double) n) * ((double) (n - b) / (double) (n - 1));
	int64		least = a > n - b ? a - (n - b) : 0;
	int64		most = Min(a, b);
	int64		mode = Min(Max((int64) mu, least), most);
	WeightedMean m = {0, 0};

	if (sqrt(variance) > LARGE_DEVIATION)
		return expected_cell_of_many(a, b, n, mu, variance);
	add_tail(&m, (double) a, (double) b, (double) n, mu, (double) mode, (double) most, 1);
	if (mode > least)
	{
		double		k = (double) mode;
		double		ratio = k / ((double) a - k + 1) * (((double) (n - a - b) + k) / ((double) b - k + 1));

		add_tail(&m, (double) a, (double) b, (double) n, mu, k - 1, (double) least, ratio);
	}
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
