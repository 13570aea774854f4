/*
 * aggregate.c
 *		What transition, combine and final functions share.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/expandeddatum.h"

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

Datum
aggregate_hand_on(Datum state)
{
	void	   *pointer;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(state)))
		return state;
	pointer = palloc(EXPANDED_POINTER_SIZE);
	memcpy(pointer, DatumGetPointer(state), EXPANDED_POINTER_SIZE);
	return PointerGetDatum(pointer);
}
