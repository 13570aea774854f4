/*
 * aggregate.c
 *		What transition and combine functions share.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"

MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext cxt;

	if (!AggCheckCallContext(fcinfo, &cxt))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this function is a step of an aggregate and can't be called by itself")));
	return cxt;
}
