/*
 * stats_points.c
 *		SQL functions over points: the aggregates that make them, +, counts.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "stats/points.h"

PG_FUNCTION_INFO_V1(points_add_alone);
PG_FUNCTION_INFO_V1(points_add_with_id);
PG_FUNCTION_INFO_V1(points_add_with_text);
PG_FUNCTION_INFO_V1(points_add_with_bigint);
PG_FUNCTION_INFO_V1(points_add_with_text_and_fold);
PG_FUNCTION_INFO_V1(points_add_with_bigint_and_fold);
PG_FUNCTION_INFO_V1(points_n_samples);
PG_FUNCTION_INFO_V1(points_n_dimensions);

Datum
points_transition(FunctionCallInfo fcinfo, int tensor_argument, int key_argument, PointsKey key,
				  bool bigint_label, const PointsOptions *options)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Points	   *p = state_running(&points_kind, fcinfo, cxt);
	static const PointsOptions none = {0};

	if (PG_ARGISNULL(tensor_argument) || (key_argument >= 0 && PG_ARGISNULL(key_argument)) ||
		(key == POINTS_LABEL_FOLD && PG_ARGISNULL(key_argument + 1)))
		return state_return(fcinfo, p);
	if (p == NULL)
		p = points_new(cxt, key, options);
	else
		points_require_options(p, options ? options : &none);
	if (key == POINTS_ID)
		points_add_id(p, PG_GETARG_INT64(key_argument), PG_GETARG_TENSOR(tensor_argument));
	else if (key == POINTS_LABEL)
		points_add_label(p, label_argument(fcinfo, key_argument, bigint_label), PG_GETARG_TENSOR(tensor_argument));
	else if (key == POINTS_LABEL_FOLD)
		points_add_label_fold(p, label_argument(fcinfo, key_argument, bigint_label), PG_GETARG_INT64(key_argument + 1),
							  PG_GETARG_TENSOR(tensor_argument));
	else
		points_add(p, PG_GETARG_TENSOR(tensor_argument));
	return state_return(fcinfo, p);
}

/* (t) */
Datum
points_add_alone(PG_FUNCTION_ARGS)
{
	return points_transition(fcinfo, 1, -1, POINTS_ALONE, false, NULL);
}

/* (id, t) */
Datum
points_add_with_id(PG_FUNCTION_ARGS)
{
	return points_transition(fcinfo, 2, 1, POINTS_ID, false, NULL);
}

/* (t, label) */
Datum
points_add_with_text(PG_FUNCTION_ARGS)
{
	return points_transition(fcinfo, 1, 2, POINTS_LABEL, false, NULL);
}

Datum
points_add_with_bigint(PG_FUNCTION_ARGS)
{
	return points_transition(fcinfo, 1, 2, POINTS_LABEL, true, NULL);
}

/* (t, label, fold) */
Datum
points_add_with_text_and_fold(PG_FUNCTION_ARGS)
{
	return points_transition(fcinfo, 1, 2, POINTS_LABEL_FOLD, false, NULL);
}

Datum
points_add_with_bigint_and_fold(PG_FUNCTION_ARGS)
{
	return points_transition(fcinfo, 1, 2, POINTS_LABEL_FOLD, true, NULL);
}

Datum
points_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(points_n(PG_GETARG_POINTS(0)));
}

Datum
points_n_dimensions(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(points_dimensions(PG_GETARG_POINTS(0)));
}
