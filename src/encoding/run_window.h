/*
 * run_window.h
 *		What the window functions over the rows of a run share.
 */
#ifndef NEUROENC_RUN_WINDOW_H
#define NEUROENC_RUN_WINDOW_H

#include "windowapi.h"

#include "encoding/run_history.h"

/* How x is read: a tensor column or a float8 column, as a tensor of rank 1 */
typedef const Tensor *(*RunReader) (Datum x);

extern const Tensor *run_read_tensor(Datum x);
extern const Tensor *run_read_float8(Datum x);

/* The rows of a partition, taken in order and once each. */
typedef struct RunWindow
{
	RunHistory *history;
	MemoryContext scratch;		/* of reading one row */
	bool		ended;			/* the history reaches the last row */
} RunWindow;

extern void run_window_start(RunWindow *w, MemoryContext parent, const char *what, const char *hint);

/* Take rows of argument 0 until 'last', or the last of the partition, is held. */
extern void run_window_fetch(RunWindow *w, WindowObject winobj, int64 last, RunReader read);

/* ERROR unless tr, the seconds from one row to the next, is positive and finite */
extern void run_check_tr(double tr);

/* An argument's value in the current row; NULL is an error that names it. */
extern Datum run_argument(WindowObject winobj, int number, const char *name);

#endif							/* NEUROENC_RUN_WINDOW_H */
