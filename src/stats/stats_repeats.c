/*
 * stats_repeats.c
 *		SQL glue of the measures from repeats: noise_ceiling,
 *		explainable_variance and cc_norm.
 *
 * The state of noise_ceiling is a float8 tensor (laid out as repeats.h says),
 * changed in place; that of explainable_variance is the rows, a predictions
 * state of one vector and two labels.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "stats/column_state.h"
#include "stats/repeats.h"

PG_FUNCTION_INFO_V1(stats_noise_ceiling_add);
PG_FUNCTION_INFO_V1(stats_noise_ceiling_combine);
PG_FUNCTION_INFO_V1(stats_noise_ceiling);
PG_FUNCTION_INFO_V1(stats_explainable_variance);
PG_FUNCTION_INFO_V1(stats_cc_norm);
PG_FUNCTION_INFO_V1(stats_cc_norm_columns);

/* ---- noise_ceiling ---- */

#define CEILING_COLUMNS 5

static const ColumnStateKind noise_state = {"noise_ceiling", NOISE_SUMS, noise_merge};

static void
check_stimulus(const Tensor *mean, const Tensor *variance, int64 n, bool first, Size v)
{
	tensor_require_vector(mean, "mean");
	if (!first && tensor_size(mean) != v)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("mean has %zu elements, but those before it have %zu", tensor_size(mean), v)));
	if (n < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n must be at least 1"),
				 errdetail_client("It is " INT64_FORMAT ".", n)));
	if (variance == NULL && n > 1)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("variance is NULL, but n is over 1"),
				 errdetail_client("It is " INT64_FORMAT ".", n),
				 errhint("Count the rows that have a response: count(y), not count(*).")));
	if (variance == NULL)
		return;
	tensor_require_vector(variance, "variance");
	tensor_require_same_shape(mean, variance);
	for (Size t = 0; t < tensor_size(variance); t++)
		if (tensor_get(variance, t) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %zu of variance is negative", t + 1),
					 errdetail_client("It is %g.", tensor_get(variance, t))));
}

Datum
stats_noise_ceiling_add(PG_FUNCTION_ARGS)
{
	Tensor	   *state = PG_ARGISNULL(0) ? NULL : PG_GETARG_TENSOR(0);
	Tensor	   *mean;
	Tensor	   *variance;
	int64		n;
	Size		v;

	aggregate_context(fcinfo);
	v = state ? column_state_columns(&noise_state, state) : 0;
	if (PG_ARGISNULL(1) || PG_ARGISNULL(3))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_TENSOR(state);
	}
	mean = PG_GETARG_TENSOR(1);
	variance = PG_ARGISNULL(2) ? NULL : PG_GETARG_TENSOR(2);
	n = PG_GETARG_INT64(3);
	check_stimulus(mean, variance, n, state == NULL, v);
	if (state == NULL)
	{
		v = tensor_size(mean);
		state = tensor_new_vector(TENSOR_FLOAT8, NOISE_STATE_SIZE(v));
	}
	noise_add(TENSOR_F8(state), v, TENSOR_F8(tensor_as(mean, TENSOR_FLOAT8)),
			  n == 1 ? NULL : TENSOR_F8(tensor_as(variance, TENSOR_FLOAT8)), (double) n);
	PG_RETURN_TENSOR(state);
}

Datum
stats_noise_ceiling_combine(PG_FUNCTION_ARGS)
{
	return column_state_combine(fcinfo, &noise_state);
}

Datum
stats_noise_ceiling(PG_FUNCTION_ARGS)
{
	Tensor	   *state = PG_GETARG_TENSOR(0);
	Size		v = column_state_columns(&noise_state, state);
	Tensor	   *out[CEILING_COLUMNS];
	Datum		values[CEILING_COLUMNS];
	bool		nulls[CEILING_COLUMNS] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != CEILING_COLUMNS)
		elog(ERROR, "noise_ceiling must return %d columns", CEILING_COLUMNS);
	for (int c = 0; c < CEILING_COLUMNS; c++)
	{
		out[c] = tensor_new_vector(TENSOR_FLOAT8, v);
		values[c] = PointerGetDatum(out[c]);
	}
	noise_ceiling(TENSOR_F8(state), v, TENSOR_F8(out[0]), TENSOR_F8(out[1]), TENSOR_F8(out[2]),
				  TENSOR_F8(out[3]), TENSOR_F8(out[4]));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ---- explainable_variance ---- */

/* Rows are sorted by (repeat, stimulus): every repeat must have the stimuli of the first, once each. */
static void
require_grid(const PredictionRows *rows)
{
	int			n_stimuli = rows->start[1];

	if (rows->n_blocks < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is only one repeat, and what is explainable is what repeats have in common"),
				 errdetail_client("It is repeat " INT64_FORMAT ".", rows->row[0].label[0])));
	for (int b = 0; b < rows->n_blocks; b++)
	{
		const PredictionRow *row = rows->row + rows->start[b];
		int			n = rows->start[b + 1] - rows->start[b];

		for (int i = 0; i < Min(n, n_stimuli); i++)
		{
			int64		want = rows->row[i].label[1];
			int64		have = row[i].label[1];

			if (i > 0 && have == row[i - 1].label[1])
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("a stimulus comes twice in one repeat"),
						 errdetail_client("It is stimulus " INT64_FORMAT " in repeat " INT64_FORMAT ".", have, row[i].label[0])));
			if (have != want)
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("a stimulus is in one repeat and not in another"),
						 errdetail_client("Stimulus " INT64_FORMAT " is in repeat " INT64_FORMAT " and not in repeat " INT64_FORMAT ".",
										  Min(have, want), have < want ? row[i].label[0] : rows->row[i].label[0],
								have < want ? rows->row[i].label[0] : row[i].label[0]),
						 errhint("Take the stimuli that all repeats have, or noise_ceiling, which needs no full design.")));
		}
		if (n != n_stimuli)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("one repeat has %d rows, another has %d", n, n_stimuli),
					 errdetail_client("They are repeats " INT64_FORMAT " and " INT64_FORMAT ".", row[0].label[0],
									  rows->row[0].label[0]),
					 errhint("Take the stimuli that all repeats have, or noise_ceiling, which needs no full design.")));
	}
}

Datum
stats_explainable_variance(PG_FUNCTION_ARGS)
{
	const Predictions *p = PG_GETARG_PREDICTIONS(0);
	Tensor	   *out;
	PredictionRows *rows;
	MemoryContext cxt;
	MemoryContext old;

	if (p->n_vectors != 1 || p->n_labels != 2 || p->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the state is not one of explainable_variance")));
	out = tensor_new_vector(TENSOR_FLOAT8, p->v);
	cxt = scratch_create("explainable_variance rows", predictions_rows_bytes(p), NULL);
	old = MemoryContextSwitchTo(cxt);
	rows = predictions_rows(p);
	require_grid(rows);
	explainable_variance(rows, TENSOR_F8(out));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
	PG_RETURN_TENSOR(out);
}

/* ---- cc_norm ---- */

/* r over the root of the ceiling; NaN where nothing is explainable */
static double
normalized(double r, double ceiling)
{
	if (ceiling > 1 + 1e-6)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a ceiling is over 1"),
				 errdetail_client("It is %g.", ceiling),
				 errhint("It is a fraction of variance: divide per cent by 100.")));
	return ceiling > 0 ? r / sqrt(ceiling) : NAN;
}

Datum
stats_cc_norm(PG_FUNCTION_ARGS)
{
	double		value = normalized(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1));

	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

Datum
stats_cc_norm_columns(PG_FUNCTION_ARGS)
{
	Tensor	   *r = PG_GETARG_TENSOR(0);
	Tensor	   *ceiling = PG_GETARG_TENSOR(1);
	Tensor	   *out;

	tensor_require_same_shape(r, ceiling);
	out = tensor_new(TENSOR_FLOAT8, r->ndim, r->dims);
	for (Size i = 0; i < tensor_size(r); i++)
		TENSOR_F8(out)[i] = normalized(tensor_get(r, i), tensor_get(ceiling, i));
	PG_RETURN_TENSOR(out);
}
