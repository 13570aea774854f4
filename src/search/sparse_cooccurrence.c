/*
 * sparse_cooccurrence.c
 *		The aggregate cooccurrence over sparse vectors: which features are active
 *		together.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "search/sparse.h"
#include "stats/cooccurrence.h"

/* (state, code[, threshold]) */
PG_FUNCTION_INFO_V1(sparse_cooccurrence_add);
Datum
sparse_cooccurrence_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Cooccurrence *c = state_running(&cooccurrence_kind, fcinfo, cxt);
	double		threshold = cooccurrence_threshold_argument(fcinfo, 2, false); /* a feature of zero is not active */
	const Sparse *code;
	int			n = 0;

	if (PG_ARGISNULL(1))
		return state_return(fcinfo, c);
	code = PG_GETARG_SPARSE(1);
	c = cooccurrence_of_row(c, cxt, code->width, threshold);
	if (c->p != code->width)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row " INT64_FORMAT " has width %d, but the rows before it have %d", c->n + 1, code->width, c->p)));
	for (int32 i = 0; i < code->n; i++)
	{
		c->active[n] = code->index[i];
		n += sparse_value(code, i) > threshold;
	}
	cooccurrence_add_active(c, n, c->active);
	return state_return(fcinfo, c);
}
