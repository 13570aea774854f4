/*
 * similarity_patterns.c
 *		SQL functions over patterns: the aggregates that make them, + and counts.
 *
 * The aggregates' state is the expanded object itself, in a context that is a
 * direct child of the aggregate's; transitions hand on the same pointer.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "similarity/patterns.h"

PG_FUNCTION_INFO_V1(patterns_add_text);
PG_FUNCTION_INFO_V1(patterns_add_bigint);
PG_FUNCTION_INFO_V1(patterns_add_text_metric);
PG_FUNCTION_INFO_V1(patterns_add_bigint_metric);
PG_FUNCTION_INFO_V1(patterns_add_text_precision);
PG_FUNCTION_INFO_V1(patterns_add_bigint_precision);
PG_FUNCTION_INFO_V1(patterns_add_text_fold);
PG_FUNCTION_INFO_V1(patterns_add_bigint_fold);
PG_FUNCTION_INFO_V1(patterns_add_text_fold_metric);
PG_FUNCTION_INFO_V1(patterns_add_bigint_fold_metric);
PG_FUNCTION_INFO_V1(patterns_add_text_fold_precision);
PG_FUNCTION_INFO_V1(patterns_add_bigint_fold_precision);
PG_FUNCTION_INFO_V1(patterns_labels);
PG_FUNCTION_INFO_V1(patterns_folds);
PG_FUNCTION_INFO_V1(patterns_n_conditions);
PG_FUNCTION_INFO_V1(patterns_n_channels);
PG_FUNCTION_INFO_V1(patterns_n_samples);

STATE_IO_FUNCTIONS(patterns, patterns_kind)
STATE_MERGE_FUNCTIONS(patterns, patterns_kind)

/* ---- aggregates ---- */

typedef enum LastArgument
{
	NOTHING,
	METRIC,
	PRECISION
} LastArgument;

/* What the row asks for in its last argument, in a state before the row is added. */
static void
set_last_argument(Patterns *p, FunctionCallInfo fcinfo, int number, LastArgument last)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of row " INT64_FORMAT " is NULL", last == METRIC ? "the metric" : "prec", p->n_rows + 1)));
	if (last == METRIC)
		patterns_set_metric(p, patterns_metric_from_name(text_to_cstring(PG_GETARG_TEXT_PP(number))));
	else
		patterns_set_precision(p, PG_GETARG_DATUM(number));
}

/* Arguments after the state: label, pattern, the fold if any, and what 'last' says. */
static Datum
add_row(FunctionCallInfo fcinfo, bool is_bigint, bool has_fold, LastArgument last)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Patterns   *p = state_running(&patterns_kind, fcinfo, cxt);
	const Tensor *pattern;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (has_fold && PG_ARGISNULL(3)))
		return state_return(fcinfo, p);
	pattern = PG_GETARG_TENSOR(2);
	if (p == NULL)
	{
		if (tensor_size(pattern) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("the pattern of row 1 has no channels")));
		p = patterns_new(cxt, (int) Min(tensor_size(pattern), PG_INT32_MAX), has_fold);
	}
	else if (p->has_folds != has_fold)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the patterns have %s, the row has %s", p->has_folds ? "folds" : "no folds",
						has_fold ? "one" : "none")));
	if (last != NOTHING)
		set_last_argument(p, fcinfo, 3 + has_fold, last);
	patterns_add_row(p, label_argument(fcinfo, 1, is_bigint), pattern, has_fold ? PG_GETARG_INT64(3) : 0);
	return state_return(fcinfo, p);
}

Datum
patterns_add_text(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, false, NOTHING);
}

Datum
patterns_add_bigint(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, false, NOTHING);
}

Datum
patterns_add_text_metric(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, false, METRIC);
}

Datum
patterns_add_bigint_metric(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, false, METRIC);
}

Datum
patterns_add_text_precision(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, false, PRECISION);
}

Datum
patterns_add_bigint_precision(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, false, PRECISION);
}

Datum
patterns_add_text_fold(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, true, NOTHING);
}

Datum
patterns_add_bigint_fold(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, true, NOTHING);
}

Datum
patterns_add_text_fold_metric(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, true, METRIC);
}

Datum
patterns_add_bigint_fold_metric(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, true, METRIC);
}

Datum
patterns_add_text_fold_precision(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, true, PRECISION);
}

Datum
patterns_add_bigint_fold_precision(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, true, PRECISION);
}

/* ---- what they hold ---- */

Datum
patterns_labels(PG_FUNCTION_ARGS)
{
	PatternTable *t = patterns_table(PG_GETARG_PATTERNS(0));

	PG_RETURN_ARRAYTYPE_P(labels_array(t->labels, t->n));
}

Datum
patterns_folds(PG_FUNCTION_ARGS)
{
	const Patterns *p = PG_GETARG_PATTERNS(0);
	PatternTable *t;
	Datum	   *elements;

	if (!p->has_folds)
		PG_RETURN_NULL();
	t = patterns_table(p);
	elements = palloc(t->n_folds * sizeof(Datum));
	for (int f = 0; f < t->n_folds; f++)
		elements[f] = Int64GetDatum(t->folds[f]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, t->n_folds, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

Datum
patterns_n_conditions(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_PATTERNS(0)->n_labels);
}

Datum
patterns_n_channels(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_PATTERNS(0)->n_channels);
}

Datum
patterns_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_PATTERNS(0)->n_rows);
}
