/*
 * record.h
 *		Columns of a row that a function returns.
 */
#ifndef NEUROENC_RECORD_H
#define NEUROENC_RECORD_H

#include "postgres.h"

#include <math.h>

/* A float8 column; NaN is NULL. */
static inline void
record_put_number(Datum *values, bool *nulls, int column, double value)
{
	nulls[column] = isnan(value);
	values[column] = Float8GetDatum(value);
}

#endif							/* NEUROENC_RECORD_H */
