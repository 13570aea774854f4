/*
 * run_history.h
 *		The rows of a run that a window function sliding over it still reaches.
 */
#ifndef NEUROENC_RUN_HISTORY_H
#define NEUROENC_RUN_HISTORY_H

#include "base/memory.h"
#include "tensor/tensor.h"

/* Rows first .. next - 1 of one run, in a circular buffer; NULL for a NULL row. */
typedef struct RunHistory
{
	MemoryContext cxt;
	MemoryClaim *claim;
	const char *hint;
	Tensor	  **rows;			/* position i is in rows[i % capacity] */
	Size		capacity;
	int64		first;
	int64		next;
	int32		width;			/* elements of a row, -1 until one is known */
} RunHistory;

/* An empty history in a child of 'parent'; what (a literal) and hint: for the memory limit's error */
extern RunHistory *run_history_new(MemoryContext parent, const char *what, const char *hint);

/* Append the next row, copied; NULL for a NULL row.  Raises an error if its width differs. */
extern void run_history_push(RunHistory *h, const Tensor *row);

/* Forget the rows before this position. */
extern void run_history_trim(RunHistory *h, int64 before);

/* The row at a position that is held */
static inline const Tensor *
run_history_row(const RunHistory *h, int64 at)
{
	return h->rows[at % (int64) h->capacity];
}

#endif							/* NEUROENC_RUN_HISTORY_H */
