/*
 * repeated_argument.c
 *		A tensor that comes with every row of an aggregate, but is one value.
 *
 * It may have many megabytes, so it is looked at once a state.  In later rows it
 * is enough that the argument is a constant or a parameter (a sub-select), which
 * can't change within an aggregate; that it is the same toast pointer; or else
 * that it holds the same bytes.
 */
#include "postgres.h"
#include "fmgr.h"
#include "nodes/primnodes.h"

#include "base/memory.h"
#include "search/repeated_argument.h"

/* Past this, a value that lies where the last one lay is compared in part. */
#define COMPARE_BYTES		65536
#define SAMPLES				64
#define SAMPLE_BYTES		64

/* fn_extra: what is known of the call */
typedef struct RepeatedCall
{
	bool		constant;		/* the argument is a constant or a parameter */
} RepeatedCall;

static bool
is_constant(FunctionCallInfo fcinfo, int n)
{
	RepeatedCall *call = fcinfo->flinfo->fn_extra;
	Aggref	   *aggref;

	if (call)
		return call->constant;
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(RepeatedCall));
	aggref = AggGetAggref(fcinfo);
	if (aggref && list_length(aggref->args) >= n)
	{
		Node	   *argument = (Node *) ((TargetEntry *) list_nth(aggref->args, n - 1))->expr;

		call->constant = IsA(argument, Const) || IsA(argument, Param);
	}
	fcinfo->flinfo->fn_extra = call;
	return call->constant;
}

/* Does a value at the same address still hold the same?  All of it if it is short. */
static bool
same_in_place(const char *a, const char *b, Size n)
{
	if (n <= COMPARE_BYTES)
		return memcmp(a, b, n) == 0;
	for (Size i = 0; i < SAMPLES; i++)
	{
		Size		at = (n - SAMPLE_BYTES) / (SAMPLES - 1) * i;

		if (memcmp(a + at, b + at, SAMPLE_BYTES) != 0)
			return false;
	}
	return true;
}

static bool
same_value(RepeatedArgument *r, Datum argument)
{
	struct varlena *raw = (struct varlena *) DatumGetPointer(argument);
	Size		n = VARSIZE(r->given) - VARHDRSZ;
	bool		same;

	if (VARATT_IS_EXTERNAL_ONDISK(raw))
	{
		if (r->stored && memcmp(r->pointer, raw, REPEATED_POINTER_SIZE) == 0)
			return true;
		memcpy(r->pointer, raw, REPEATED_POINTER_SIZE);
		r->stored = true;
	}
	if (VARATT_IS_EXTENDED(raw) && !VARATT_IS_SHORT(raw))
		raw = (struct varlena *) DatumGetTensor(argument);
	else if (raw == r->address && VARSIZE_ANY_EXHDR(raw) == n)
		return same_in_place(VARDATA_ANY(raw), VARDATA(r->given), n);
	same = VARSIZE_ANY_EXHDR(raw) == n && memcmp(VARDATA_ANY(raw), VARDATA(r->given), n) == 0;
	r->address = DatumGetPointer(argument);
	return same;
}

void
repeated_argument_keep(RepeatedArgument *r, const Tensor *t)
{
	r->given = huge_alloc(VARSIZE(t));
	memcpy(r->given, t, VARSIZE(t));
}

void
repeated_argument_seen(RepeatedArgument *r, FunctionCallInfo fcinfo, int n)
{
	r->address = PG_GETARG_POINTER(n);
	r->stored = VARATT_IS_EXTERNAL_ONDISK(PG_GETARG_POINTER(n));
	if (r->stored)
		memcpy(r->pointer, PG_GETARG_POINTER(n), REPEATED_POINTER_SIZE);
}

void
repeated_argument_require(RepeatedArgument *r, FunctionCallInfo fcinfo, int n, const char *what)
{
	if (!is_constant(fcinfo, n) && !same_value(r, PG_GETARG_DATUM(n)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s must be the same in every row", what)));
}
