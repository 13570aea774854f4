/*
 * column_state.c
 *		Checking and merging aggregate states that are float8 tensors of sums by
 *		column.
 */
#include "postgres.h"

#include "base/aggregate.h"
#include "stats/column_state.h"

Size
column_state_columns(const ColumnStateKind *kind, const Tensor *state)
{
	if (state->dtype != TENSOR_FLOAT8 || state->ndim != 1 || state->dims[0] < 1 ||
		(state->dims[0] - 1) % kind->sums != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a %s tensor of shape %s is not the state of %s",
						tensor_type_name(state->dtype), tensor_shape_text(state), kind->name)));
	return (Size) (state->dims[0] - 1) / kind->sums;
}

Datum
column_state_combine(FunctionCallInfo fcinfo, const ColumnStateKind *kind)
{
	Tensor	   *dst;
	Tensor	   *src;
	Size		columns;

	aggregate_context(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	src = PG_GETARG_TENSOR(1);
	columns = column_state_columns(kind, src);
	if (PG_ARGISNULL(0))
		PG_RETURN_TENSOR(src);	/* the executor copies it */
	dst = PG_GETARG_TENSOR(0);
	if (column_state_columns(kind, dst) != columns)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("some rows have %zu columns, others %zu", column_state_columns(kind, dst), columns)));
	kind->merge(TENSOR_F8(dst), TENSOR_F8(src), columns);
	PG_RETURN_TENSOR(dst);
}
