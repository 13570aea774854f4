/*
 * patterns_rdm.c
 *		From patterns to dissimilarities: which points are compared, and how.
 *
 * Correlation and cosine distances are half the squared distances of unit
 * vectors; Mahalanobis distances are distances of whitened points; all come from
 * the products of pairwise.c.
 *
 * The Poisson divergence of rates x and y is sum (x - y) (ln x - ln y) / m
 * (Schuett et al. 2023, rsatoolbox's calc_rdm_poisson).  Across folds the rates
 * are of the rows outside fold f and the logarithms of those in f, and the mean
 * is over the folds in which a pair has both.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "similarity/crossnobis.h"
#include "similarity/pairwise.h"
#include "similarity/patterns_points.h"
#include "similarity/patterns_rdm.h"

#define MEMORY_HINT "Take fewer conditions or folds at a time."

/* ---- what the answers share ---- */

/* An RDM over the table's conditions, distances unset; scratch answers for its bytes until it is returned. */
static Rdm *
rdm_of_table(const PatternTable *t, RdmMetric metric, MemoryContext scratch)
{
	memory_claim_add(memory_claim(scratch, "rdm"), rdm_bytes(t->labels, t->n, false), MEMORY_HINT);
	return rdm_new(metric, t->labels, t->n, false);
}

/* NaN where one of a pair is not defined (NULL: all are); ERROR where a distance left the range of float8. */
static void
check_distances(Rdm *r, const bool *defined)
{
	Size		n = r->n_conditions;
	double	   *d = RDM_DISTANCES(r);

	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = i + 1; j < n; j++, d++)
		{
			if (defined && !(defined[i] && defined[j]))
				*d = NAN;
			else if (isinf(*d))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("the distance of two conditions is out of range"),
						 errdetail_client("They are \"%s\" and \"%s\".", label_text(rdm_label(r, (int) i)),
										  label_text(rdm_label(r, (int) j))),
						 errhint("Scale the patterns down.")));
		}
	}
}

/* d becomes what the metric makes of a sum of squares. */
static void
from_squares(RdmMetric metric, double *d, Size n)
{
	bool		halve = metric == RDM_CORRELATION || metric == RDM_COSINE;
	bool		root = metric == RDM_EUCLIDEAN || metric == RDM_MAHALANOBIS;

	for (Size i = 0; i < n; i++)
		d[i] = halve ? d[i] / 2 : root ? sqrt(d[i]) : d[i];
}

/* The points that the metric takes squared (or absolute) distances of; defined: n of them. */
static const Points *
points_for_metric(const Points *of, RdmMetric metric, const Tensor *precision, bool *defined)
{
	memset(defined, true, of->n * sizeof(bool));
	if (metric == RDM_CORRELATION || metric == RDM_COSINE)
		return points_of_unit_length(of, metric == RDM_CORRELATION, defined);
	if (precision != NULL)
		return points_whitened(of, precision);
	return of;
}

void
patterns_require_folds(const Patterns *p, const char *what)
{
	if (!p->has_folds)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s compares folds, but these patterns have none", what),
				 errhint("Make them with patterns_agg(label, pattern, fold).")));
}

/* ---- within all rows ---- */

Rdm *
patterns_rdm(const Patterns *p, RdmMetric metric, const Tensor *precision)
{
	MemoryContext scratch = scratch_create("rdm", 0, NULL);
	MemoryContext home = CurrentMemoryContext;
	PatternTable *t;
	Rdm		   *r;
	double	   *d;
	bool	   *defined;
	const Points *points;

	MemoryContextSwitchTo(scratch);
	t = patterns_table(p);
	MemoryContextSwitchTo(home);
	r = rdm_of_table(t, metric, scratch);
	d = RDM_DISTANCES(r);
	MemoryContextSwitchTo(scratch);
	defined = palloc(Max(1, t->n) * sizeof(bool));
	points = points_for_metric(points_of_conditions(t), metric, precision, defined);
	if (metric == RDM_CITYBLOCK)
		pairwise_absolute(points, d);
	else
	{
		pairwise_squares(points, d);
		from_squares(metric, d, RDM_PAIRS(t->n));
	}
	check_distances(r, defined);
	MemoryContextSwitchTo(home);
	MemoryContextDelete(scratch);
	return r;
}

/* ---- across folds ---- */

Rdm *
patterns_crossnobis(const Patterns *p, const Tensor *precision)
{
	MemoryContext scratch = scratch_create("crossnobis", 0, NULL);
	MemoryContext home = CurrentMemoryContext;
	PatternTable *t;
	Rdm		   *r;
	const Points *cells;

	MemoryContextSwitchTo(scratch);
	t = patterns_table(p);
	MemoryContextSwitchTo(home);
	r = rdm_of_table(t, RDM_CROSSNOBIS, scratch);
	MemoryContextSwitchTo(scratch);
	cells = points_of_cells(t);
	if (precision)
		cells = points_whitened(cells, precision);
	crossnobis(cells, pattern_table_cells_by_fold(t), t->n, t->n_folds, RDM_DISTANCES(r));
	check_distances(r, NULL);
	MemoryContextSwitchTo(home);
	MemoryContextDelete(scratch);
	return r;
}

/* The conditions that fold f has, and the points of their cells. */
static Size
conditions_of_fold(const PatternTable *t, const int *cell, int f, int *conditions, int *points)
{
	Size		n = 0;

	for (int i = 0; i < t->n; i++)
		if (cell[(Size) i * t->n_folds + f] >= 0)
		{
			conditions[n] = i;
			points[n++] = cell[(Size) i * t->n_folds + f];
		}
	return n;
}

void
patterns_crossed(const PatternTable *t, RdmMetric metric, double *d)
{
	Size		n = t->n;
	MemoryContext scratch = scratch_create("rdm_crossed", size_mul(size_mul(n, n), sizeof(double) + sizeof(int32)),
										   MEMORY_HINT);
	MemoryContext home = MemoryContextSwitchTo(scratch);
	const int  *cell = pattern_table_cells_by_fold(t);
	bool	   *defined = palloc(Max(1, t->n_cells) * sizeof(bool));
	const Points *points = points_for_metric(points_of_cells(t), metric, NULL, defined);
	int		   *rows = palloc(n * sizeof(int));
	int		   *row_points = palloc(n * sizeof(int));
	int		   *columns = palloc(n * sizeof(int));
	int		   *column_points = palloc(n * sizeof(int));
	double	   *part = huge_matrix(n, n);
	int32	   *count = huge_alloc0(n * n * sizeof(int32));

	memset(d, 0, n * n * sizeof(double));
	for (int f = 0; f < t->n_folds; f++)
	{
		Size		n_rows = conditions_of_fold(t, cell, f, rows, row_points);

		for (int g = f + 1; g < t->n_folds; g++)
		{
			Size		n_columns = conditions_of_fold(t, cell, g, columns, column_points);
			const Points *a = points_subset(points, row_points, n_rows);
			const Points *b = points_subset(points, column_points, n_columns);

			if (metric == RDM_CITYBLOCK)
				pairwise_absolute_between(a, b, part);
			else
			{
				pairwise_squares_between(a, b, part);
				from_squares(metric, part, n_rows * n_columns);
			}
			for (Size i = 0; i < n_rows; i++)
				for (Size j = 0; j < n_columns; j++)
				{
					Size		at = rows[i] * n + columns[j];

					if (!defined[row_points[i]] || !defined[column_points[j]])
						continue;
					d[at] += part[i * n_columns + j];
					count[at]++;
				}
			CHECK_FOR_INTERRUPTS();
		}
	}
	for (Size i = 0; i < n * n; i++)
		d[i] = count[i] > 0 ? d[i] / count[i] : NAN;
	MemoryContextSwitchTo(home);
	MemoryContextDelete(scratch);
}

/* ---- Poisson rates ---- */

static void
require_positive_rates(const Points *rates)
{
	double		least = points_least(rates);

	if (!(least > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rates must be positive"),
				 errdetail_client("The least is %g.", least),
				 errhint("Patterns are counts or rates, not negative; with rates of 0 the prior must not be 0.")));
}

/*
 * Fold f: the conditions that have rows both in it and outside.  test: their
 * cells in the fold; train: their other cells, in 'others'.
 */
static Size
split_fold(const PatternTable *t, int f, int *conditions, PatternMean *test, PatternMean *train,
		   const PatternCell **others)
{
	Size		n = 0;

	for (int i = 0; i < t->n; i++)
	{
		const PatternCell **first = others;

		test[n].cells = NULL;
		for (int c = t->start[i]; c < t->start[i + 1]; c++)
			if (t->cells[c]->fold == t->folds[f])
				test[n] = (PatternMean) {t->cells + c, 1};
			else
				*others++ = t->cells[c];
		if (test[n].cells == NULL || others == first)
		{
			others = first;
			continue;
		}
		train[n] = (PatternMean) {first, (int) (others - first)};
		conditions[n++] = i;
	}
	return n;
}

/* d (condensed over the table's conditions) = the mean over folds */
static void
poisson_across_folds(const PatternTable *t, double prior_lambda, double prior_weight, double *d)
{
	Size		n = t->n;
	Size		pairs = RDM_PAIRS(n);
	int		   *conditions = palloc(n * sizeof(int));
	PatternMean *test = palloc(n * sizeof(PatternMean));
	PatternMean *train = palloc(n * sizeof(PatternMean));
	const PatternCell **others = huge_alloc(t->n_cells * sizeof(PatternCell *));
	double	   *part;
	int32	   *count;

	memory_claim_add(memory_claim(CurrentMemoryContext, "poisson_rdm"),
					 size_mul(pairs, sizeof(double) + sizeof(int32)), MEMORY_HINT);
	part = huge_alloc(pairs * sizeof(double));
	count = huge_alloc0(pairs * sizeof(int32));
	memset(d, 0, pairs * sizeof(double));
	for (int f = 0; f < t->n_folds; f++)
	{
		Size		m = split_fold(t, f, conditions, test, train, others);
		const double *from = part;
		const Points *rates = points_of_rates(points_of_means(train, m, t->n_channels), prior_lambda, prior_weight);
		const Points *tested = points_of_means(test, m, t->n_channels);

		pairwise_products(rates, points_of_log_rates(tested, prior_lambda, prior_weight), part);
		for (Size i = 0; i < m; i++)
			for (Size j = i + 1; j < m; j++)
			{
				Size		at = rdm_pair(n, conditions[i], conditions[j]);

				d[at] += *from++;
				count[at]++;
			}
		CHECK_FOR_INTERRUPTS();
	}
	for (Size i = 0; i < pairs; i++)
		d[i] = count[i] > 0 ? d[i] / count[i] : NAN;
}

Rdm *
patterns_poisson(const Patterns *p, double prior_lambda, double prior_weight, bool crossvalidate)
{
	MemoryContext scratch = scratch_create("poisson_rdm", 0, NULL);
	MemoryContext home = CurrentMemoryContext;
	PatternTable *t;
	const Points *rates;
	Rdm		   *r;

	MemoryContextSwitchTo(scratch);
	t = patterns_table(p);
	MemoryContextSwitchTo(home);
	r = rdm_of_table(t, RDM_POISSON, scratch);
	MemoryContextSwitchTo(scratch);
	rates = points_of_rates(points_of_conditions(t), prior_lambda, prior_weight);
	if (crossvalidate)
	{
		require_positive_rates(points_of_rates(points_of_cells(t), prior_lambda, prior_weight));
		poisson_across_folds(t, prior_lambda, prior_weight, RDM_DISTANCES(r));
	}
	else
	{
		require_positive_rates(rates);
		pairwise_products(rates, points_of_log_rates(points_of_conditions(t), prior_lambda, prior_weight),
						  RDM_DISTANCES(r));
	}
	for (Size i = 0; i < RDM_PAIRS(t->n); i++)
		RDM_DISTANCES(r)[i] /= p->n_channels;
	check_distances(r, NULL);
	MemoryContextSwitchTo(home);
	MemoryContextDelete(scratch);
	return r;
}
