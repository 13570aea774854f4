/*
 * column_corr.c
 *		Pearson's r and R2 of p pairs of columns in one pass over the rows.
 *
 * Sums are taken about a provisional mean, at first a column's first value.
 * When the number of rows is a power of 16 the sums are translated to the mean
 * so far, exactly (Chan, Golub and LeVeque 1983), so that an odd first row
 * costs no digits later; merging translates to the mean of the larger part.
 * Squared errors are summed as they are: they cancel nothing.  9 p doubles,
 * about 15 p flops a row.
 *
 * A row where a or b is NaN is missing for that column alone.  A column that is
 * constant has deviations of exactly zero, so that it is recognised without a
 * tolerance.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "base/dispatch.h"
#include "stats/columns.h"

/* The arrays of a state, p doubles each. */
typedef struct Sums
{
	double	   *n;
	double	   *mean_a;
	double	   *mean_b;
	double	   *a;
	double	   *b;
	double	   *aa;
	double	   *bb;
	double	   *ab;
	double	   *error;
} Sums;

static Sums
sums_of(const double *state, Size p)
{
	double	   *s = (double *) state + 1;

	return (Sums) {
		s, s + p, s + 2 * p, s + 3 * p, s + 4 * p, s + 5 * p, s + 6 * p, s + 7 * p, s + 8 * p
	};
}

HOT_LOOP
static void
add_row(Size p, const double *restrict a, const double *restrict b,
		double *restrict n, double *restrict mean_a, double *restrict mean_b,
		double *restrict sa, double *restrict sb, double *restrict saa, double *restrict sbb,
		double *restrict sab, double *restrict error)
{
	for (Size i = 0; i < p; i++)
	{
		bool		valid = !isnan(a[i]) & !isnan(b[i]);
		bool		first = valid & (n[i] == 0);
		double		ma = first ? a[i] : mean_a[i];
		double		mb = first ? b[i] : mean_b[i];
		double		da = valid ? a[i] - ma : 0;
		double		db = valid ? b[i] - mb : 0;
		double		e = valid ? a[i] - b[i] : 0;

		mean_a[i] = ma;
		mean_b[i] = mb;
		n[i] += valid ? 1 : 0;
		sa[i] += da;
		sb[i] += db;
		saa[i] += da * da;
		sbb[i] += db * db;
		sab[i] += da * db;
		error[i] += e * e;
	}
}

/* Move the sums of column i to the provisional means (ma, mb). */
static void
translate(Sums s, Size i, double ma, double mb)
{
	double		da = s.mean_a[i] - ma;
	double		db = s.mean_b[i] - mb;
	double		n = s.n[i];

	s.aa[i] += da * (2 * s.a[i] + n * da);
	s.bb[i] += db * (2 * s.b[i] + n * db);
	s.ab[i] += da * s.b[i] + db * s.a[i] + n * da * db;
	s.a[i] += n * da;
	s.b[i] += n * db;
	s.mean_a[i] = ma;
	s.mean_b[i] = mb;
}

static bool
is_power_of_16(double rows)
{
	int			exponent;

	return rows >= 16 && frexp(rows, &exponent) == 0.5 && (exponent - 1) % 4 == 0;
}

void
column_moments_add(double *state, Size p, const double *a, const double *b)
{
	Sums		s = sums_of(state, p);

	add_row(p, a, b, s.n, s.mean_a, s.mean_b, s.a, s.b, s.aa, s.bb, s.ab, s.error);
	state[0] += 1;
	if (is_power_of_16(state[0]))
		for (Size i = 0; i < p; i++)
			if (s.n[i] > 0)
				translate(s, i, s.mean_a[i] + s.a[i] / s.n[i], s.mean_b[i] + s.b[i] / s.n[i]);
}

void
column_moments_merge(double *dst, const double *src, Size p)
{
	Sums		d = sums_of(dst, p);
	Sums		s = sums_of(src, p);

	dst[0] += src[0];
	for (Size i = 0; i < p; i++)
	{
		double		column[COLUMN_STATE_SIZE(1)];
		Sums		t = sums_of(column, 1);

		if (s.n[i] == 0)
			continue;
		for (Size k = 0; k < COLUMN_SUMS; k++)
			column[1 + k] = src[1 + k * p + i];
		if (d.n[i] < t.n[0])
			translate(d, i, t.mean_a[0], t.mean_b[0]);
		else
			translate(t, 0, d.mean_a[i], d.mean_b[i]);
		d.n[i] += t.n[0];
		d.a[i] += t.a[0];
		d.b[i] += t.b[0];
		d.aa[i] += t.aa[0];
		d.bb[i] += t.bb[0];
		d.ab[i] += t.ab[0];
		d.error[i] += t.error[0];
	}
}

double
column_pearson(double aa, double bb, double ab)
{
	double		product = aa * bb;
	double		norm;

	if (aa <= 0 || bb <= 0)
		return 0;
	/* one root of the product is exact for exact linear relations, but may leave the range */
	norm = product >= DBL_MIN && product <= DBL_MAX ? sqrt(product) : sqrt(aa) * sqrt(bb);
	return Max(-1.0, Min(1.0, ab / norm));
}

void
column_moments_corr(const double *state, Size p, double *out)
{
	Sums		s = sums_of(state, p);

	for (Size i = 0; i < p; i++)
	{
		double		n = s.n[i];
		double		aa = s.aa[i] - s.a[i] * s.a[i] / n;
		double		bb = s.bb[i] - s.b[i] * s.b[i] / n;
		double		ab = s.ab[i] - s.a[i] * s.b[i] / n;

		if (n < 2 || !isfinite(aa) || !isfinite(bb))
			out[i] = NAN;
		else
			out[i] = column_pearson(aa, bb, ab);
	}
}

void
column_moments_r2(const double *state, Size p, double *out)
{
	Sums		s = sums_of(state, p);

	for (Size i = 0; i < p; i++)
	{
		double		n = s.n[i];
		double		aa = s.aa[i] - s.a[i] * s.a[i] / n;

		if (n < 2 || !isfinite(aa) || !isfinite(s.error[i]))
			out[i] = NAN;
		else if (aa <= 0)
			out[i] = 0;
		else
			out[i] = 1 - s.error[i] / aa;
	}
}
