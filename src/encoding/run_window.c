/*
 * run_window.c
 *		What the window functions over the rows of a run share.
 *
 * Rows are taken from the partition in order and only once each, and its mark
 * follows, so the executor may forget what was taken.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "encoding/run_window.h"

const Tensor *
run_read_tensor(Datum datum)
{
	Tensor	   *x = DatumGetTensor(datum);

	tensor_require_vector(x, "x");
	return x;
}

const Tensor *
run_read_float8(Datum datum)
{
	Tensor	   *x = tensor_new_vector(TENSOR_FLOAT8, 1);

	TENSOR_F8(x)[0] = DatumGetFloat8(datum);
	return x;
}

void
run_window_start(RunWindow *w, MemoryContext parent, const char *what, const char *hint)
{
	w->history = run_history_new(parent, what, hint);
	w->scratch = AllocSetContextCreate(parent, "neuroenc run row", ALLOCSET_DEFAULT_SIZES);
	w->ended = false;
}

void
run_window_fetch(RunWindow *w, WindowObject winobj, int64 last, RunReader read)
{
	int64		current = WinGetCurrentPosition(winobj);
	MemoryContext old = MemoryContextSwitchTo(w->scratch);

	while (!w->ended && w->history->next <= last)
	{
		bool		isnull;
		bool		isout;
		Datum		datum;

		CHECK_FOR_INTERRUPTS();
		datum = WinGetFuncArgInPartition(winobj, 0, (int) (w->history->next - current),
										 WINDOW_SEEK_CURRENT, true, &isnull, &isout);
		if (isout)
			w->ended = true;
		else
			run_history_push(w->history, isnull ? NULL : read(datum));
		MemoryContextReset(w->scratch);
	}
	MemoryContextSwitchTo(old);
}

Datum
run_argument(WindowObject winobj, int number, const char *name)
{
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(winobj, number, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
	return value;
}

void
run_check_tr(double tr)
{
	if (!(tr > 0) || isinf(tr))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tr must be positive and finite, not %g", tr),
				 errdetail("tr is the time in seconds from one row to the next.")));
}
