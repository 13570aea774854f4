/*
 * points_window.c
 *		Window functions over the points of a partition.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "windowapi.h"

#include "stats/points_window.h"

#define MAX_ARGUMENTS 16

/* Zeroed at the partition's first row. */
typedef struct PointsPartition
{
	bool		answered;
	int			n_arguments;
	bool		constant[MAX_ARGUMENTS];	/* the planner knows that it is the same for all rows */
	int16		length[MAX_ARGUMENTS];
	bool		by_value[MAX_ARGUMENTS];
	bool		null[MAX_ARGUMENTS];	/* options of the first row */
	Datum		option[MAX_ARGUMENTS];
	int32	   *position;		/* of each row that has a point: its place in the partition */
	int32	   *answer_of;		/* of each row of the partition: its place in the answer, -1: it has no point */
	PointsAnswer answer;
} PointsPartition;

/* ---- options ---- */

static void
keep_options(FunctionCallInfo fcinfo, PointsPartition *part, int first_option, MemoryContext cxt)
{
	WindowObject w = PG_WINDOW_OBJECT();
	MemoryContext old = MemoryContextSwitchTo(cxt);

	part->n_arguments = PG_NARGS();
	Assert(part->n_arguments <= MAX_ARGUMENTS);
	for (int i = first_option; i < part->n_arguments; i++)
	{
		char		align;
		Datum		value = WinGetFuncArgCurrent(w, i, &part->null[i]);

		get_typlenbyvalalign(get_fn_expr_argtype(fcinfo->flinfo, i), &part->length[i], &part->by_value[i], &align);
		part->constant[i] = get_fn_expr_arg_stable(fcinfo->flinfo, i);
		if (part->null[i])
			continue;
		if (part->length[i] == -1)
			value = PointerGetDatum(PG_DETOAST_DATUM(value));
		part->option[i] = datumCopy(value, part->by_value[i], part->length[i]);
	}
	MemoryContextSwitchTo(old);
}

static void
require_same_options(FunctionCallInfo fcinfo, const PointsPartition *part, int first_option)
{
	for (int i = first_option; i < part->n_arguments; i++)
	{
		bool		isnull;
		Datum		value;

		if (part->constant[i])
			continue;
		value = WinGetFuncArgCurrent(PG_WINDOW_OBJECT(), i, &isnull);
		if (!isnull && part->length[i] == -1)
			value = PointerGetDatum(PG_DETOAST_DATUM(value));
		if (isnull != part->null[i] ||
			(!isnull && !datumIsEqual(value, part->option[i], part->by_value[i], part->length[i])))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument %d must be the same in all rows of a partition", i + 1),
					 errdetail("Row " INT64_FORMAT " of the partition has another value than its first row.",
							   WinGetCurrentPosition(PG_WINDOW_OBJECT()) + 1)));
	}
}

static PointsPartition *
partition(FunctionCallInfo fcinfo)
{
	return WinGetPartitionLocalMemory(PG_WINDOW_OBJECT(), sizeof(PointsPartition));
}

bool
points_window_option_is_null(FunctionCallInfo fcinfo, int argument)
{
	return partition(fcinfo)->null[argument];
}

Datum
points_window_option(FunctionCallInfo fcinfo, int argument, const char *name)
{
	const PointsPartition *part = partition(fcinfo);

	if (part->null[argument])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
	return part->option[argument];
}

Datum
points_window_beside(FunctionCallInfo fcinfo, const PointRows *rows, int i, int argument, bool *isnull)
{
	const PointsPartition *part = partition(fcinfo);
	bool		isout;

	return WinGetFuncArgInPartition(PG_WINDOW_OBJECT(), argument, part->position[rows->came[i]],
									WINDOW_SEEK_HEAD, false, isnull, &isout);
}

int32 *
points_window_order(const PointRows *rows)
{
	int32	   *order = huge_alloc(Max(1, (Size) rows->n) * sizeof(int32));

	for (int i = 0; i < rows->n; i++)
		order[rows->came[i]] = i;
	return order;
}

/* ---- the partition ---- */

static Points *
collect(FunctionCallInfo fcinfo, PointsPartition *part, int n_rows, int tensor_argument, MemoryContext cxt)
{
	WindowObject w = PG_WINDOW_OBJECT();
	Points	   *points = points_new(cxt, POINTS_ALONE, NULL);
	MemoryContext scratch = AllocSetContextCreate(cxt, "neuroenc window row", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	for (int i = 0; i < n_rows; i++)
	{
		bool		isnull;
		bool		isout;
		Datum		t;

		CHECK_FOR_INTERRUPTS();
		t = WinGetFuncArgInPartition(w, tensor_argument, i, WINDOW_SEEK_HEAD, false, &isnull, &isout);
		if (isnull)
			continue;
		part->position[points_n(points)] = i;
		points_add(points, DatumGetTensor(t));
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return points;
}

static void
answer_partition(FunctionCallInfo fcinfo, PointsPartition *part, int tensor_argument, PointsMethod method, MemoryContext cxt)
{
	int64		n_rows = WinGetPartitionRowCount(PG_WINDOW_OBJECT());
	MemoryClaim *claim = memory_claim(cxt, "the rows of a window");
	MemoryContext work = AllocSetContextCreate(cxt, "neuroenc window points", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	Points	   *points;
	PointRows  *rows;

	if (n_rows > PREDICTIONS_MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a partition of " INT64_FORMAT " rows is too large", n_rows)));
	memory_claim_add(claim, size_mul(n_rows, 2 * sizeof(int32)), NULL);
	part->position = huge_alloc(Max(1, n_rows) * sizeof(int32));
	part->answer_of = huge_alloc(Max(1, n_rows) * sizeof(int32));
	points = collect(fcinfo, part, (int) n_rows, tensor_argument, work);
	MemoryContextSwitchTo(work);
	rows = points_rows(points);
	MemoryContextDelete(STATE_CONTEXT(points));
	MemoryContextSwitchTo(cxt);
	for (int64 i = 0; i < n_rows; i++)
		part->answer_of[i] = -1;
	for (int i = 0; i < rows->n; i++)
		part->answer_of[part->position[rows->came[i]]] = i;
	if (rows->n > 0)
		method(fcinfo, rows, &part->answer);
	MemoryContextDelete(work);
	MemoryContextSwitchTo(old);
}

/* ---- one row ---- */

static Datum
vector_at(const PointsAnswer *a, int i)
{
	Tensor	   *t = tensor_new_vector(TENSOR_FLOAT8, a->width);

	tensor_write_f8(t, 0, a->width, a->vector + (Size) i * a->width);
	return PointerGetDatum(t);
}

Datum
points_window(FunctionCallInfo fcinfo, int tensor_argument, int first_option, PointsMethod method)
{
	PointsPartition *part = partition(fcinfo);
	int			i;

	if (!part->answered)
	{
		MemoryContext cxt = GetMemoryChunkContext(part);

		keep_options(fcinfo, part, first_option, cxt);
		answer_partition(fcinfo, part, tensor_argument, method, cxt);
		part->answered = true;
	}
	else
		require_same_options(fcinfo, part, first_option);
	i = part->answer_of[WinGetCurrentPosition(PG_WINDOW_OBJECT())];
	if (i < 0 || (part->answer.number && isnan(part->answer.number[i])))
		PG_RETURN_NULL();
	if (part->answer.label)
		PG_RETURN_INT32(part->answer.label[i]);
	if (part->answer.number)
		PG_RETURN_FLOAT8(part->answer.number[i]);
	return vector_at(&part->answer, i);
}
