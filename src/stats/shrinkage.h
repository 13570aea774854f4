/*
 * shrinkage.h
 *		A covariance's shrinkage as an argument of SQL functions.
 */
#ifndef NEUROENC_SHRINKAGE_H
#define NEUROENC_SHRINKAGE_H

#include "postgres.h"

#include <math.h>

#include "fmgr.h"

/* Argument n, from 0 to 1; NULL is NaN, Ledoit and Wolf's. */
static inline double
shrinkage_argument(FunctionCallInfo fcinfo, int n)
{
	double		shrinkage = PG_ARGISNULL(n) ? NAN : PG_GETARG_FLOAT8(n);

	if (!PG_ARGISNULL(n) && !(shrinkage >= 0 && shrinkage <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shrinkage must be from 0 to 1, not %g", shrinkage)));
	return shrinkage;
}

#endif							/* NEUROENC_SHRINKAGE_H */
