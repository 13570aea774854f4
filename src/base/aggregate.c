/*
 * aggregate.c
 *		What transition, combine and final functions share.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/execnodes.h"
#include "utils/expandeddatum.h"
#include "utils/lsyscache.h"

#include "base/aggregate.h"
#include "base/progress.h"

#define MAX_FED 8

/* A transition function in a query, until that ends. */
typedef struct Fed
{
	const FmgrInfo *step;		/* NULL: free */
	int64		rows;
	MemoryContextCallback at_end;
} Fed;

static Fed	fed[MAX_FED];

static void
forget_fed(void *arg)
{
	((Fed *) arg)->step = NULL;
}

/* The entry of a transition function; NULL where there are too many. */
static Fed *
find_fed(const FmgrInfo *step)
{
	Fed		   *found = NULL;

	for (int i = 0; i < MAX_FED; i++)
	{
		if (fed[i].step == step)
			return &fed[i];
		if (fed[i].step == NULL)
			found = &fed[i];
	}
	if (found)
	{
		found->step = step;
		found->rows = 0;
		found->at_end = (MemoryContextCallback) {.func = forget_fed, .arg = found};
		MemoryContextRegisterResetCallback(step->fn_mcxt, &found->at_end);
	}
	return found;
}

/* Counts the rows that an aggregate is given and tells them, as no one knows how many will come. */
static void
count_row(FunctionCallInfo fcinfo)
{
	Fed		   *f;

	if (((AggState *) fcinfo->context)->curperagg != NULL)	/* a final function */
		return;
	f = find_fed(fcinfo->flinfo);
	if (f == NULL)
		return;
	f->rows++;
	if (progress_due())
		progress_tell_rows(get_func_name(AggGetAggref(fcinfo)->aggfnoid), f->rows);
}

MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext cxt;
	int			kind = AggCheckCallContext(fcinfo, &cxt);

	if (kind == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this function is a step of an aggregate and can't be called by itself")));
	if (kind == AGG_CONTEXT_AGGREGATE && neuroenc_progress > 0)
		count_row(fcinfo);
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
