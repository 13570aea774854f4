/*
 * stats_predictions.c
 *		SQL functions over predictions: the aggregates that make them, +, counts.
 *
 * The aggregates' state is the expanded object itself, in a context that is a
 * direct child of the aggregate's; transitions hand on the same pointer.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "stats/predictions.h"

PG_FUNCTION_INFO_V1(predictions_add_pair);
PG_FUNCTION_INFO_V1(predictions_add_pair_position);
PG_FUNCTION_INFO_V1(predictions_add_two);
PG_FUNCTION_INFO_V1(predictions_add_two_position);
PG_FUNCTION_INFO_V1(predictions_add_repeat);
PG_FUNCTION_INFO_V1(predictions_n_samples);
PG_FUNCTION_INFO_V1(predictions_n_targets);
PG_FUNCTION_INFO_V1(predictions_n_blocks);

/* ---- aggregates ---- */

/* Arguments after the state: vectors, then labels; a row with a NULL is skipped. */
static Datum
add_row(FunctionCallInfo fcinfo, int n_vectors, int n_labels)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Predictions *p = state_running(&predictions_kind, fcinfo, cxt);
	Tensor	   *vectors[PREDICTIONS_MAX_VECTORS];
	int64		labels[PREDICTIONS_MAX_LABELS];

	for (int i = 1; i <= n_vectors + n_labels; i++)
		if (PG_ARGISNULL(i))
			return state_return(fcinfo, p);
	for (int k = 0; k < n_vectors; k++)
		vectors[k] = PG_GETARG_TENSOR(1 + k);
	for (int k = 0; k < n_labels; k++)
		labels[k] = PG_GETARG_INT64(1 + n_vectors + k);
	if (p == NULL)
	{
		Size		v = tensor_size(vectors[0]);

		if (v == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("argument 1 of row 1 has no elements")));
		p = predictions_new(cxt, &predictions_owner, n_vectors, n_labels, (int) v);
	}
	else if (p->n_vectors != n_vectors || p->n_labels != n_labels)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the predictions have %d vectors and %d labels a row, not %d and %d",
						p->n_vectors, p->n_labels, n_vectors, n_labels)));
	predictions_add_row(p, vectors, labels);
	return state_return(fcinfo, p);
}

/* (predicted, y, block), and (predicted, actual, item) of identification */
Datum
predictions_add_pair(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, 2, 1);
}

/* (predicted, y, block, t) */
Datum
predictions_add_pair_position(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, 2, 2);
}

/* (predicted a, predicted b, y, block) */
Datum
predictions_add_two(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, 3, 1);
}

/* (predicted a, predicted b, y, block, t) */
Datum
predictions_add_two_position(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, 3, 2);
}

/* (y, stimulus, repeat) of explainable_variance: the repeat is the first label */
Datum
predictions_add_repeat(PG_FUNCTION_ARGS)
{
	NullableDatum stimulus = fcinfo->args[2];

	fcinfo->args[2] = fcinfo->args[3];
	fcinfo->args[3] = stimulus;
	return add_row(fcinfo, 1, 2);
}

STATE_MERGE_FUNCTIONS(predictions, predictions_kind)

/* ---- counts ---- */

Datum
predictions_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_PREDICTIONS(0)->n);
}

Datum
predictions_n_targets(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_PREDICTIONS(0)->v);
}

Datum
predictions_n_blocks(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(predictions_rows(PG_GETARG_PREDICTIONS(0))->n_blocks);
}
