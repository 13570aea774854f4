/*
 * encoding_fir.c
 *		SQL glue of fir(): a window function over the rows of a run.
 */
#include "postgres.h"
#include "fmgr.h"
#include "catalog/pg_type.h"
#include "utils/array.h"

#include "encoding/fir.h"
#include "encoding/run_window.h"

/* One partition's state; zeroed at its first row. */
typedef struct FirPartition
{
	RunWindow	window;
	ArrayType  *array;			/* the delays as given, to see that they stay the same */
	int			n_delays;
	int32	   *delays;
	int32		back;			/* the longest delay, 0 if all look ahead */
	int32		ahead;			/* the furthest look ahead, 0 if none does */
} FirPartition;

#define FIR_MAX_DELAY 1000000000

static void
fir_set_delays(FirPartition *part, ArrayType *array)
{
	MemoryContext cxt = part->window.history->cxt;
	Size		size = VARSIZE(array);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	Datum	   *elements;

	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("delays must hold at least one delay")));
	if (ARR_NDIM(array) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("delays must be one-dimensional, not %d-dimensional", ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("delays must not contain nulls")));

	part->array = MemoryContextAllocHuge(cxt, size);
	memcpy(part->array, array, size);
	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, NULL, &n);
	part->n_delays = n;
	part->delays = MemoryContextAlloc(cxt, n * sizeof(int32));
	for (int i = 0; i < n; i++)
	{
		int32		delay = DatumGetInt32(elements[i]);

		if (delay > FIR_MAX_DELAY || delay < -FIR_MAX_DELAY)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("delay %d is out of range", delay),
					 errdetail("Delays are rows, from %d to %d.", -FIR_MAX_DELAY, FIR_MAX_DELAY)));
		part->delays[i] = delay;
		part->back = Max(part->back, delay);
		part->ahead = Max(part->ahead, -delay);
	}
}

/* The state of this partition, with the delays of this row checked. */
static FirPartition *
fir_partition(WindowObject winobj)
{
	FirPartition *part = WinGetPartitionLocalMemory(winobj, sizeof(FirPartition));
	ArrayType  *array = DatumGetArrayTypeP(run_argument(winobj, 1, "delays"));

	if (part->window.history == NULL)
	{
		run_window_start(&part->window, GetMemoryChunkContext(part), "fir",
						 "Rows are held from the longest delay to the furthest look ahead: use nearer delays, or narrower rows.");
		fir_set_delays(part, array);
	}
	else if (VARSIZE(array) != VARSIZE(part->array) ||
			 memcmp(array, part->array, VARSIZE(array)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("delays must be the same for all rows of a run"),
				 errdetail("Row " INT64_FORMAT " of the run has others than its first row.",
						   WinGetCurrentPosition(winobj) + 1)));
	return part;
}

static Datum
fir_window(FunctionCallInfo fcinfo, RunReader read)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	int64		at = WinGetCurrentPosition(winobj);
	FirPartition *part = fir_partition(winobj);
	RunHistory *h = part->window.history;
	Tensor	   *out = NULL;

	run_window_fetch(&part->window, winobj, at + part->ahead, read);
	run_history_trim(h, at - part->back);
	if (run_history_row(h, at) != NULL)
		out = fir_row(h, at, part->n_delays, part->delays);
	if (out == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TENSOR(out);
}

PG_FUNCTION_INFO_V1(encoding_fir);
Datum
encoding_fir(PG_FUNCTION_ARGS)
{
	return fir_window(fcinfo, run_read_tensor);
}

PG_FUNCTION_INFO_V1(encoding_fir_float8);
Datum
encoding_fir_float8(PG_FUNCTION_ARGS)
{
	return fir_window(fcinfo, run_read_float8);
}
