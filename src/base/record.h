/*
 * record.h
 *		Numbers that a function returns, alone or as columns of a row.
 */
#ifndef NEUROENC_RECORD_H
#define NEUROENC_RECORD_H

#include "postgres.h"

#include <math.h>

#include "fmgr.h"

/* A float8 column; NaN is NULL. */
static inline void
record_put_number(Datum *values, bool *nulls, int column, double value)
{
	nulls[column] = isnan(value);
	values[column] = Float8GetDatum(value);
}

/* A function's float8 result; NaN is NULL. */
static inline Datum
number_or_null(FunctionCallInfo fcinfo, double value)
{
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

#endif							/* NEUROENC_RECORD_H */
