/*
 * similarity_trials.c
 *		SQL functions over trials: the aggregates that make them, +, counts, and
 *		stochastic_shape_distance.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "base/aggregate.h"
#include "linalg/linalg.h"
#include "similarity/paired.h"
#include "similarity/stochastic_shape.h"
#include "similarity/trials.h"
#include "stats/spectrum.h"

PG_FUNCTION_INFO_V1(trials_add_text);
PG_FUNCTION_INFO_V1(trials_add_bigint);
PG_FUNCTION_INFO_V1(trials_add_two_text);
PG_FUNCTION_INFO_V1(trials_add_two_bigint);
PG_FUNCTION_INFO_V1(trials_add_two_text_alpha);
PG_FUNCTION_INFO_V1(trials_add_two_bigint_alpha);
PG_FUNCTION_INFO_V1(trials_labels);
PG_FUNCTION_INFO_V1(trials_n_samples);
PG_FUNCTION_INFO_V1(trials_stochastic_shape);
PG_FUNCTION_INFO_V1(trials_stochastic_shape_final);

#define MEMORY_HINT "Take fewer units or fewer conditions."

/* ---- aggregates ---- */

static double
checked_alpha(double alpha)
{
	if (!(alpha >= 0 && alpha <= 2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be from 0 to 2, not %g", alpha),
				 errdetail("At 0 covariances alone count, at 1 the distance is 2-Wasserstein, at 2 means alone count.")));
	return alpha;
}

/* Arguments after the state: label, a response a population (NULL: none in this row), and alpha if there is one. */
static Datum
add_row(FunctionCallInfo fcinfo, bool is_bigint, int n_populations, bool has_alpha)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Trials	   *t = state_running(&trials_kind, fcinfo, cxt);
	Label		label;

	if (PG_ARGISNULL(1) || (has_alpha && PG_ARGISNULL(4)))
		return state_return(fcinfo, t);
	if (PG_ARGISNULL(2) && (n_populations == 1 || PG_ARGISNULL(3)))
		return state_return(fcinfo, t);
	label = label_argument(fcinfo, 1, is_bigint);
	if (t == NULL)
		t = trials_new(cxt, n_populations);
	if (has_alpha)
		trials_set_option(t, checked_alpha(PG_GETARG_FLOAT8(4)));
	for (int k = 0; k < n_populations; k++)
		if (!PG_ARGISNULL(2 + k))
			trials_add(t, label, k, PG_GETARG_TENSOR(2 + k));
	return state_return(fcinfo, t);
}

Datum
trials_add_text(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, 1, false);
}

Datum
trials_add_bigint(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, 1, false);
}

Datum
trials_add_two_text(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, 2, false);
}

Datum
trials_add_two_bigint(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, 2, false);
}

Datum
trials_add_two_text_alpha(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, 2, true);
}

Datum
trials_add_two_bigint_alpha(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, 2, true);
}

/* ---- counts ---- */

Datum
trials_labels(PG_FUNCTION_ARGS)
{
	const Trials *t = PG_GETARG_TRIALS(0);
	int		   *order = palloc(Max(1, t->labels->n) * sizeof(int));
	Label	   *labels = palloc(Max(1, t->labels->n) * sizeof(Label));

	labels_sort(t->labels->label, t->labels->n, order);
	for (int i = 0; i < t->labels->n; i++)
		labels[i] = t->labels->label[order[i]];
	PG_RETURN_ARRAYTYPE_P(labels_array(labels, t->labels->n));
}

Datum
trials_n_samples(PG_FUNCTION_ARGS)
{
	const Trials *t = PG_GETARG_TRIALS(0);

	PG_RETURN_INT64(t->gram[0] ? gram_n(t->gram[0]) : 0);
}

/* ---- stochastic_shape_distance ---- */

/* cell[l]: where in the gram the trials of label number l are, -1 if there are none */
static int *
cells_of_labels(const Trials *t, const Gram *g)
{
	int		   *cell = huge_alloc(Max(1, (Size) t->labels->n) * sizeof(int));

	for (int l = 0; l < t->labels->n; l++)
		cell[l] = -1;
	for (int c = 0; c < g->n_cells; c++)
		if (gram_cell_n(&g->cells[c]) > 0)
			cell[g->cells[c].fold] = c;
	return cell;
}

/* Conditions that both have trials of, in the order of their labels: their cells in either gram. */
static int
shared_conditions(const Trials *a, const Gram *g, const Trials *b, const Gram *h, int **in_g, int **in_h)
{
	int		   *order_a = huge_alloc(Max(1, (Size) a->labels->n) * sizeof(int));
	int		   *order_b = huge_alloc(Max(1, (Size) b->labels->n) * sizeof(int));
	int		   *cell_a = cells_of_labels(a, g);
	int		   *cell_b = cells_of_labels(b, h);
	int			i = 0;
	int			j = 0;
	int			n = 0;

	labels_sort(a->labels->label, a->labels->n, order_a);
	labels_sort(b->labels->label, b->labels->n, order_b);
	*in_g = huge_alloc(Max(1, (Size) a->labels->n) * sizeof(int));
	*in_h = huge_alloc(Max(1, (Size) a->labels->n) * sizeof(int));
	while (i < a->labels->n && j < b->labels->n)
	{
		int			order = label_compare(a->labels->label[order_a[i]], b->labels->label[order_b[j]]);

		if (order == 0 && cell_a[order_a[i]] >= 0 && cell_b[order_b[j]] >= 0)
		{
			(*in_g)[n] = cell_a[order_a[i]];
			(*in_h)[n++] = cell_b[order_b[j]];
		}
		i += order <= 0;
		j += order >= 0;
	}
	return n;
}

/* Trials of a condition whose rows are its factor: fewer than their covariance has */
static bool
rows_are_factor(const Gram *g, const GramCell *cell)
{
	return cell->moments == NULL && cell->n_held <= g->p;
}

static Size
most_factor_rows(const Gram *g, const int *cells, int n)
{
	Size		rows = 0;

	for (int i = 0; i < n; i++)
		rows += Min(gram_cell_n(&g->cells[cells[i]]), g->p);
	return rows;
}

static Size
moments_bytes(const Gram *g, const int *cells, int n)
{
	Size		rows = size_add(most_factor_rows(g, cells, n), size_add(n, size_add(g->p, 4)));

	return size_mul(size_mul(rows, g->p), sizeof(double));
}

/*
 * Mean and factor of one condition, rows at 'factor'; returns how many.  One
 * trial has no covariance, and no row.
 */
static Size
condition_moments(const Gram *g, int cell, double *mean, double *factor, double *scatter, double *values)
{
	Size		p = (Size) g->p;
	Size		n = (Size) gram_cell_n(&g->cells[cell]);
	double	   *sum = values;
	double		cut;
	Size		rank = 0;

	memset(mean, 0, p * sizeof(double));
	memset(sum, 0, p * sizeof(double));
	if (g->cells[cell].moments)
		memcpy(mean, g->cx, p * sizeof(double));
	gram_sum_xx(g, &cell, 1, mean, sum, NULL);
	for (Size j = 0; j < p; j++)
		mean[j] += sum[j] / (double) n;
	if (n < 2)
		return 0;
	if (rows_are_factor(g, &g->cells[cell]))
	{
		gram_held_x(g, &cell, 1, mean, factor);
		centre_columns(factor, n, p);
		for (Size i = 0; i < n * p; i++)
			factor[i] /= sqrt((double) (n - 1));
		return n;
	}
	memset(scatter, 0, p * p * sizeof(double));
	memset(sum, 0, p * sizeof(double));
	gram_sum_xx(g, &cell, 1, mean, sum, scatter);
	for (Size i = 0; i < p; i++)
		for (Size j = 0; j < p; j++)
			scatter[i * p + j] -= sum[i] * sum[j] / (double) n;
	spectrum_require_finite(p, scatter);
	eigh_f8(p, scatter, values);
	cut = spectrum_cut(values[p - 1], n, p);
	for (Size i = p; i-- > 0 && values[i] > cut; rank++)
		for (Size j = 0; j < p; j++)
			factor[rank * p + j] = sqrt(values[i] / (double) (n - 1)) * scatter[i * p + j];
	return rank;
}

static ConditionMoments
moments_of(const Gram *g, const int *cells, int n)
{
	Size		p = (Size) g->p;
	ConditionMoments m = {.n = n, .p = p};
	double	   *scatter = huge_matrix(p, p);
	double	   *values = huge_matrix(1, p);

	m.mean = huge_matrix(n, p);
	m.first = huge_alloc(((Size) n + 1) * sizeof(Size));
	m.factor = huge_matrix(most_factor_rows(g, cells, n), p);
	m.first[0] = 0;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		m.first[i + 1] = m.first[i] + condition_moments(g, cells[i], m.mean + i * p, m.factor + m.first[i] * p,
														scatter, values);
	}
	pfree(scatter);
	pfree(values);
	return m;
}

static double
distance_between(const Trials *a, const Gram *g, const Trials *b, const Gram *h, double alpha, int64 seed)
{
	int		   *in_g = NULL;
	int		   *in_h = NULL;
	int			n = g && h ? shared_conditions(a, g, b, h, &in_g, &in_h) : 0;
	MemoryContext scratch;
	MemoryContext old;
	ConditionMoments x;
	ConditionMoments y;
	double		distance;

	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no condition has trials of both populations")));
	scratch = scratch_create("stochastic_shape_distance",
							 size_add(moments_bytes(g, in_g, n), moments_bytes(h, in_h, n)), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	x = moments_of(g, in_g, n);
	y = moments_of(h, in_h, n);
	distance = stochastic_shape_distance(&x, &y, alpha, seed);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return distance;
}

/* (trials, trials, alpha, seed): the first population of each */
Datum
trials_stochastic_shape(PG_FUNCTION_ARGS)
{
	const Trials *a = PG_GETARG_TRIALS(0);
	const Trials *b = PG_GETARG_TRIALS(1);

	PG_RETURN_FLOAT8(distance_between(a, a->gram[0], b, b->gram[0], checked_alpha(PG_GETARG_FLOAT8(2)),
									  PG_GETARG_INT64(3)));
}

/* Final function: the two populations of one state */
Datum
trials_stochastic_shape_final(PG_FUNCTION_ARGS)
{
	const Trials *t = PG_GETARG_TRIALS(0);

	if (t->n_populations != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the trials are of one population")));
	PG_RETURN_FLOAT8(distance_between(t, t->gram[0], t, t->gram[1], t->has_option ? checked_alpha(t->option) : 1, 0));
}
