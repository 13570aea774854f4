/*
 * similarity_rdm_average.c
 *		The aggregate avg(rdm): transition, merge and final functions.
 *
 * The state is of type rdm, flat, and changed in place, which keeps many groups
 * cheap; when its conditions grow it is replaced, and the executor copies the
 * new one into the aggregate's context.  Large states are claimed from
 * neuroenc.memory_limit; of small ones work_mem bounds the number.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "base/memory.h"
#include "similarity/rdm_average.h"

PG_FUNCTION_INFO_V1(rdm_average_add);
PG_FUNCTION_INFO_V1(rdm_average_combine);
PG_FUNCTION_INFO_V1(rdm_average_final);

/* A state of 'before' bytes is about to be replaced by a copy of one of 'after'. */
static void
claim_growth(MemoryContext cxt, Size before, Size after)
{
	if (after >= RDM_SUMS_CLAIMED)
		memory_claim_add(memory_claim(cxt, "avg(rdm)"), before < RDM_SUMS_CLAIMED ? after : after - before,
						 RDM_SUMS_HINT);
}

/* Sums, which have counts: what a user's own aggregate begins with may be any rdm. */
static Rdm *
sums_argument(FunctionCallInfo fcinfo, int n)
{
	Rdm		   *sums = unconstify(Rdm *, PG_GETARG_RDM(n));	/* the executor's own copy, if it is the state */

	if (!(sums->flags & RDM_HAS_COUNTS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an rdm without counts is no state of a mean")));
	return sums;
}

static Datum
take_in(FunctionCallInfo fcinfo, bool of_sums)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Rdm		   *sums = PG_ARGISNULL(0) ? NULL : sums_argument(fcinfo, 0);
	Rdm		   *after = sums;

	if (!PG_ARGISNULL(1))
	{
		const Rdm  *other = of_sums ? sums_argument(fcinfo, 1) : PG_GETARG_RDM(1);

		if (sums)
			after = rdm_sums_add(sums, other, of_sums);
		else if (!of_sums)
			after = rdm_sums_of(other);
		else
		{
			after = palloc(VARSIZE(other));
			memcpy(after, other, VARSIZE(other));
		}
		if (after != sums)
			claim_growth(cxt, sums ? VARSIZE(sums) : 0, VARSIZE(after));
	}
	if (after == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(after);
}

Datum
rdm_average_add(PG_FUNCTION_ARGS)
{
	return take_in(fcinfo, false);
}

Datum
rdm_average_combine(PG_FUNCTION_ARGS)
{
	return take_in(fcinfo, true);
}

Datum
rdm_average_final(PG_FUNCTION_ARGS)
{
	aggregate_context(fcinfo);
	PG_RETURN_POINTER(rdm_sums_mean(sums_argument(fcinfo, 0)));
}
