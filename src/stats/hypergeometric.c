/*
 * hypergeometric.c
 *		Tails of the hypergeometric distribution.
 *
 * One probability by the saddle-point form of Loader (2000, Fast and Accurate
 * Computation of Binomial Probabilities), the others of the tail by the ratio of
 * neighbours, away from the mode, so that each is smaller than the one before:
 * on the far side of the mode the tail is 1 minus what is left out.  The number
 * of terms is some standard deviations, at most 1e5 at the largest population.
 *
 * The subtlety: logarithms of factorials of 65,536 are 6e5, and differences of
 * such numbers keep ten digits.  The deviance x log(x / m) + m - x is small
 * where its terms are large, and has a series there.
 */
#include "postgres.h"

#include <math.h>

#include "stats/hypergeometric.h"

#define NEGLIGIBLE 1e-18

/* log(n!) - log(sqrt(2 pi n) (n / e)^n), n >= 1 */
static double
stirling_error(double n)
{
	static const double exact[] = {
		0,
		0.08106146679532725821967, 0.04134069595540929409382, 0.02767792568499833914879,
		0.02079067210376509311152, 0.01664469118982119216319, 0.01387612882307074799874,
		0.01189670994589177009506, 0.01041126526197209649748, 0.009255462182712732917729,
		0.008330563433362871256469, 0.007573675487951840794973, 0.006942840107209529865664,
		0.006408994188004207068440, 0.005951370112758847735624, 0.005554733551962801371039
	};
	double		s = 1 / (n * n);

	if (n < (double) lengthof(exact))	/* NOLINT(bugprone-integer-division): a table's length */
		return exact[(int) n];
	return (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s / 1188)))) / n;
}

/* x log(x / m) + m - x, x and m > 0 */
static double
deviance(double x, double m)
{
	double		v = (x - m) / (x + m);
	double		sum = (x - m) * v;
	double		power = 2 * x * v;

	if (fabs(v) > 0.1)
		return x * log(x / m) + m - x;
	for (int j = 3;; j += 2)
	{
		double		before = sum;

		power *= v * v;
		sum += power / j;
		if (sum == before)
			return sum;
	}
}

/* The logarithm of the probability of x successes in n trials, p and q = 1 - p over 0 */
static double
log_binomial(double x, double n, double p, double q)
{
	if (n == 0)
		return 0;
	if (x == 0)
		return n * (p < 0.5 ? log1p(-p) : log(q));
	if (x == n)
		return n * (q < 0.5 ? log1p(-q) : log(p));
	return stirling_error(n) - stirling_error(x) - stirling_error(n - x) - deviance(x, n * p) - deviance(n - x, n * q)
		- 0.5 * (log(2 * M_PI) + log(x) + log1p(-x / n));
}

double
hypergeometric_tail(int64 population, int64 marked, int64 drawn, int64 at_least)
{
	int64		least = Max(0, marked + drawn - population);
	int64		most = Min(marked, drawn);
	double		mode = floor(((double) marked + 1) * ((double) drawn + 1) / ((double) population + 2));
	double		p = (double) drawn / (double) population;
	double		q = (double) (population - drawn) / (double) population;
	bool		above = (double) at_least > mode;
	double		x = (double) (above ? at_least : at_least - 1);
	double		unmarked_left = (double) (population - marked - drawn); /* undrawn and unmarked, at x = 0 */
	double		term;
	double		sum;

	if (at_least <= least)
		return 1;
	if (at_least > most)
		return 0;
	/* now 0 < marked, drawn < population */
	term = exp(log_binomial(x, (double) marked, p, q) +
			   log_binomial((double) drawn - x, (double) (population - marked), p, q) -
			   log_binomial((double) drawn, (double) population, p, q));
	sum = term;
	while (term > sum * NEGLIGIBLE)
	{
		if (above)
		{
			term *= ((double) marked - x) * ((double) drawn - x) / ((x + 1) * (unmarked_left + x + 1));
			x++;
		}
		else
		{
			term *= x * (unmarked_left + x) / (((double) marked - x + 1) * ((double) drawn - x + 1));
			x--;
		}
		sum += term;
	}
	return above ? Min(sum, 1) : Max(1 - sum, 0);
}
