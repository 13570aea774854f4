/*
 * ideal_words.c
 *		Ideal words (Trager, Perera, Zancato, Achille, Bhatia and Soatto 2023, Linear
 *		spaces of meanings): x_(z1, .., zk) = u_0 + u_z1 + .. + u_zk as nearly as
 *		least squares can.
 *
 * A factor with L levels has L - 1 columns: column l is 1 in rows of level l, -1 in
 * rows of the last level, so that the levels add up to 0.  With q columns in all the
 * normal equations are q x q, from counts of pairs of levels, and their right side
 * needs sums of the rows by level: n f d additions, q^3 / 3 + 2 q^2 d flops.  Where
 * every combination occurs equally often it is the mean of a level's rows less the
 * mean of all.  The counts are whole numbers, so a pivot that rounding has made of
 * 0 is told from a real one.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/ideal_words.h"
#include "stats/differences.h"

#define LEAST_PIVOT 1e-9		/* of a column's own sum of squares */

/* The columns: the common one, then the levels but the last of each factor. */
typedef struct Columns
{
	Size		q;
	Size	   *first;			/* f: the factor's first column */
	Size	   *first_level;	/* f: its first row of IdealWords.vectors */
	Size		levels;			/* rows of these */
} Columns;

static Size
n_columns(const IdealCells *cells)
{
	Size		q = 1;

	for (int k = 0; k < cells->f; k++)
		q = size_add(q, cells->n_levels[k] - 1);
	return q;
}

Size
ideal_words_scratch(const IdealCells *cells)
{
	Size		q = n_columns(cells);

	return size_mul(size_add(size_mul(q, size_add(q, size_add(cells->d, 1))), size_add(size_mul(3, cells->d), 3 * (Size) cells->f)), sizeof(double));
}

static Columns
lay_out(const IdealCells *cells)
{
	Columns		c = {.q = 1, .levels = 1};

	c.first = huge_alloc(cells->f * sizeof(Size));
	c.first_level = huge_alloc(cells->f * sizeof(Size));
	for (int k = 0; k < cells->f; k++)
	{
		c.first[k] = c.q;
		c.first_level[k] = c.levels;
		c.q += cells->n_levels[k] - 1;
		c.levels += cells->n_levels[k];
	}
	return c;
}

/* The columns of factor k in which a level is not 0: its own, or for the last level all, with -1. */
typedef struct Span
{
	Size		first;
	Size		end;
	double		sign;
} Span;

static Span
span_of(const IdealCells *cells, const Columns *c, int k, int level)
{
	if (level < cells->n_levels[k] - 1)
		return (Span) {c->first[k] + level, c->first[k] + level + 1, 1};
	return (Span) {c->first[k], c->first[k] + cells->n_levels[k] - 1, -1};
}

/* The spans of a cell: the common column, then one a factor. */
static void
spans_of(const IdealCells *cells, const Columns *c, Size cell, Span *spans)
{
	spans[0] = (Span) {0, 1, 1};
	for (int k = 0; k < cells->f; k++)
		spans[k + 1] = span_of(cells, c, k, cells->level[cell * cells->f + k]);
}

/* a (q x q) = D'WD and b (q x d) = D'WX about the mean; weights of the levels too */
static void
set_equations(const IdealCells *cells, const Columns *c, const double *mean, double *a, double *b, IdealWords *out)
{
	Size		d = cells->d;
	Span	   *spans = palloc((cells->f + 1) * sizeof(Span));

	for (Size i = 0; i < cells->n; i++)
	{
		double		w = cells->weight[i];
		const double *x = cells->x + i * d;

		CHECK_FOR_INTERRUPTS();
		spans_of(cells, c, i, spans);
		out->weight[0] += w;
		for (int k = 0; k < cells->f; k++)
			out->weight[c->first_level[k] + cells->level[i * cells->f + k]] += w;
		for (int k = 0; k <= cells->f; k++)
			for (Size row = spans[k].first; row < spans[k].end; row++)
			{
				double		signed_w = w * spans[k].sign;

				for (int l = 0; l <= cells->f; l++)
					for (Size column = spans[l].first; column < spans[l].end; column++)
						a[row * c->q + column] += signed_w * spans[l].sign;
				for (Size j = 0; j < d; j++)
					b[row * d + j] += signed_w * (x[j] - mean[j]);
			}
	}
	pfree(spans);
}

/* a becomes its factor; returns -1, or the factor whose columns the earlier ones tell. */
static int
factor(const IdealCells *cells, const Columns *c, double *a)
{
	double	   *own = huge_alloc(c->q * sizeof(double));
	Size		bad;

	for (Size j = 0; j < c->q; j++)
		own[j] = a[j * c->q + j];
	bad = cholesky_f8(c->q, a, c->q);
	for (Size j = 0; bad == 0 && j < c->q; j++)
		if (!(a[j * c->q + j] * a[j * c->q + j] > LEAST_PIVOT * own[j]))
			bad = j + 1;
	pfree(own);
	if (bad == 0)
		return -1;
	for (int k = cells->f - 1; k > 0; k--)
		if (bad - 1 >= c->first[k])
			return k;
	return 0;
}

/* The last level of each factor is minus the others' sum. */
static void
spread(const IdealCells *cells, const Columns *c, const double *b, double *vectors)
{
	Size		d = cells->d;

	memcpy(vectors, b, d * sizeof(double));
	for (int k = 0; k < cells->f; k++)
	{
		int			most = cells->n_levels[k] - 1;
		double	   *last = vectors + (c->first_level[k] + most) * d;

		memset(last, 0, d * sizeof(double));
		for (int level = 0; level < most; level++)
		{
			double	   *row = vectors + (c->first_level[k] + level) * d;

			CHECK_FOR_INTERRUPTS();
			memcpy(row, b + (c->first[k] + level) * d, d * sizeof(double));
			for (Size j = 0; j < d; j++)
				last[j] -= row[j];
		}
	}
}

/* Share of the rows' squares about their mean that the sums of words make; vectors[0] is about the mean too */
static double
share_explained(const IdealCells *cells, const Columns *c, const double *mean, const double *vectors)
{
	Size		d = cells->d;
	double	   *sum = huge_alloc(d * sizeof(double));
	double		residual = cells->squares;
	double		total = cells->squares;

	for (Size i = 0; i < cells->n; i++)
	{
		const double *x = cells->x + i * d;

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < d; j++)
			sum[j] = mean[j] + vectors[j];
		for (int k = 0; k < cells->f; k++)
		{
			const double *word = vectors + (c->first_level[k] + cells->level[i * cells->f + k]) * d;

			for (Size j = 0; j < d; j++)
				sum[j] += word[j];
		}
		residual += cells->weight[i] * squared_difference(x, sum, d);
		total += cells->weight[i] * squared_difference(x, mean, d);
	}
	pfree(sum);
	return total > 0 ? 1 - residual / total : NAN;
}

int
ideal_words_fit(const IdealCells *cells, IdealWords *out)
{
	Columns		c = lay_out(cells);
	Size		d = cells->d;
	double	   *a = huge_alloc0(c.q * c.q * sizeof(double));
	double	   *b = huge_alloc0(c.q * d * sizeof(double));
	double	   *mean = huge_alloc0(d * sizeof(double));
	double		n = 0;
	int			confounded;

	for (Size i = 0; i < cells->n; i++)
		n += cells->weight[i];
	for (Size i = 0; i < cells->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < d; j++)
			mean[j] += cells->weight[i] / n * cells->x[i * d + j];
	}
	memset(out->weight, 0, c.levels * sizeof(double));
	set_equations(cells, &c, mean, a, b, out);
	confounded = factor(cells, &c, a);
	if (confounded >= 0)
		return confounded;
	trsm_lower_f8(false, c.q, d, a, c.q, b, d);
	trsm_lower_f8(true, c.q, d, a, c.q, b, d);
	spread(cells, &c, b, out->vectors);
	out->r2 = share_explained(cells, &c, mean, out->vectors);
	for (Size j = 0; j < d; j++)
		out->vectors[j] += mean[j];
	return -1;
}
