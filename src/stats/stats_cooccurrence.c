/*
 * stats_cooccurrence.c
 *		What the transition functions of cooccurrence share, whatever their rows are.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "stats/cooccurrence.h"

double
cooccurrence_threshold_argument(FunctionCallInfo fcinfo, int n, bool may_be_negative)
{
	double		threshold;

	if (PG_NARGS() <= n)
		return 0;
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("threshold must not be NULL")));
	threshold = PG_GETARG_FLOAT8(n);
	if (!isfinite(threshold) || (threshold < 0 && !may_be_negative))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold must be finite%s, not %g", may_be_negative ? "" : " and not negative", threshold)));
	return threshold;
}

Cooccurrence *
cooccurrence_of_row(Cooccurrence *running, MemoryContext cxt, Size p, double threshold)
{
	if (running == NULL)
	{
		if (p > COOCCURRENCE_MAX_FEATURES)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("cooccurrence takes at most %d features, not %zu", COOCCURRENCE_MAX_FEATURES, p)));
		return cooccurrence_new(cxt, (int) p, threshold);
	}
	if (running->threshold != threshold)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold must be the same in every row")));
	return running;
}
