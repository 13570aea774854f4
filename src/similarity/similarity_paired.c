/*
 * similarity_paired.c
 *		SQL functions over paired states: the aggregates that make them, +, counts.
 *
 * Transition functions come in two kinds, for measures that need the rows and
 * for those that moments are enough for, and each without an option, with a
 * real one (a sigma) and with a count (a k).
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "similarity/paired.h"

PG_FUNCTION_INFO_V1(paired_add_rows);
PG_FUNCTION_INFO_V1(paired_add_rows_real);
PG_FUNCTION_INFO_V1(paired_add_rows_count);
PG_FUNCTION_INFO_V1(paired_add_sums);
PG_FUNCTION_INFO_V1(paired_add_sums_real);
PG_FUNCTION_INFO_V1(paired_add_sums_count);
PG_FUNCTION_INFO_V1(paired_n_samples);
PG_FUNCTION_INFO_V1(paired_n_x);
PG_FUNCTION_INFO_V1(paired_n_y);

static void
require_elements(const Tensor *t, const char *what)
{
	if (tensor_size(t) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s of row 1 has no elements", what)));
}

/* The state with its row; NULL where the row has a NULL and there was none before. */
static Paired *
add_row(FunctionCallInfo fcinfo, bool keep_rows, const double *option)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Paired	   *s = state_running(&paired_kind, fcinfo, cxt);
	Tensor	   *x;
	Tensor	   *y;

	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			return s;
	x = PG_GETARG_TENSOR(1);
	y = PG_GETARG_TENSOR(2);
	if (s == NULL)
	{
		require_elements(x, "x");
		require_elements(y, "y");
		s = paired_new(cxt, (int) tensor_size(x), (int) tensor_size(y), keep_rows);
	}
	if (option)
		paired_set_option(s, *option);
	paired_add_row(s, x, y);
	return s;
}

static Datum
add_with_real(FunctionCallInfo fcinfo, bool keep_rows)
{
	double		option = PG_ARGISNULL(3) ? 0 : PG_GETARG_FLOAT8(3);

	return state_return(fcinfo, add_row(fcinfo, keep_rows, &option));
}

static Datum
add_with_count(FunctionCallInfo fcinfo, bool keep_rows)
{
	double		option = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3);

	return state_return(fcinfo, add_row(fcinfo, keep_rows, &option));
}

Datum
paired_add_rows(PG_FUNCTION_ARGS)
{
	return state_return(fcinfo, add_row(fcinfo, true, NULL));
}

Datum
paired_add_rows_real(PG_FUNCTION_ARGS)
{
	return add_with_real(fcinfo, true);
}

Datum
paired_add_rows_count(PG_FUNCTION_ARGS)
{
	return add_with_count(fcinfo, true);
}

Datum
paired_add_sums(PG_FUNCTION_ARGS)
{
	return state_return(fcinfo, add_row(fcinfo, false, NULL));
}

Datum
paired_add_sums_real(PG_FUNCTION_ARGS)
{
	return add_with_real(fcinfo, false);
}

Datum
paired_add_sums_count(PG_FUNCTION_ARGS)
{
	return add_with_count(fcinfo, false);
}

STATE_MERGE_FUNCTIONS(paired, paired_kind)

/* ---- counts ---- */

Datum
paired_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(paired_n(PG_GETARG_PAIRED(0)));
}

Datum
paired_n_x(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_PAIRED(0)->p);
}

Datum
paired_n_y(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_PAIRED(0)->q);
}
