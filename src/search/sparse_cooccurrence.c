/*
 * sparse_cooccurrence.c
 *		The aggregate cooccurrence over sparse vectors: which features are active
 *		together.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "base/aggregate.h"
#include "search/sparse.h"
#include "stats/cooccurrence.h"

/* A feature of zero is not active, so the threshold can't be below it. */
static double
threshold_argument(FunctionCallInfo fcinfo, int n)
{
	double		threshold;

	if (PG_NARGS() <= n)
		return 0;
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("threshold must not be NULL")));
	threshold = PG_GETARG_FLOAT8(n);
	if (!(threshold >= 0 && threshold < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold must be finite and not negative, not %g", threshold)));
	return threshold;
}

static Cooccurrence *
start(MemoryContext cxt, const Sparse *code, double threshold)
{
	if (code->width > COOCCURRENCE_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cooccurrence takes at most %d features, not %d", COOCCURRENCE_MAX_FEATURES, code->width)));
	return cooccurrence_new(cxt, code->width, threshold);
}

static void
require_like_before(const Cooccurrence *c, const Sparse *code, double threshold)
{
	if (c->threshold != threshold)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold must be the same in every row")));
	if (c->p != code->width)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row " INT64_FORMAT " has width %d, but the rows before it have %d", c->n + 1, code->width, c->p)));
}

/* (state, code[, threshold]) */
PG_FUNCTION_INFO_V1(sparse_cooccurrence_add);
Datum
sparse_cooccurrence_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Cooccurrence *c = state_running(&cooccurrence_kind, fcinfo, cxt);
	double		threshold = threshold_argument(fcinfo, 2);
	const Sparse *code;
	int			n = 0;

	if (PG_ARGISNULL(1))
		return state_return(fcinfo, c);
	code = PG_GETARG_SPARSE(1);
	if (c == NULL)
		c = start(cxt, code, threshold);
	require_like_before(c, code, threshold);
	for (int32 i = 0; i < code->n; i++)
	{
		c->active[n] = code->index[i];
		n += sparse_value(code, i) > threshold;
	}
	cooccurrence_add_active(c, n, c->active);
	return state_return(fcinfo, c);
}
