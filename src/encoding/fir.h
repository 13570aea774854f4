/*
 * fir.h
 *		Finite impulse response features: the rows of a run that delays still reach.
 */
#ifndef NEUROENC_FIR_H
#define NEUROENC_FIR_H

#include "base/memory.h"
#include "tensor/tensor.h"

/* Rows first .. next - 1 of one run, in a circular buffer; NULL for a NULL row. */
typedef struct FirHistory
{
	MemoryContext cxt;
	MemoryClaim *claim;
	Tensor	  **rows;			/* position i is in rows[i % capacity] */
	Size		capacity;
	int64		first;
	int64		next;
	int32		width;			/* elements of a row, -1 until one is known */
} FirHistory;

/* An empty history that lives in a child of 'parent'. */
extern FirHistory *fir_history_new(MemoryContext parent);

/* Append the next row, copied; NULL for a NULL row.  Raises an error if its width differs. */
extern void fir_history_push(FirHistory *h, const Tensor *row);

/* Forget the rows before this position. */
extern void fir_history_trim(FirHistory *h, int64 before);

/*
 * The copies of row 'at' (held, not NULL) delayed by each of delays, one after
 * another, in the element type of that row; zeros where a delay leaves the
 * run.  NULL if a row that it draws on is NULL.  Every row of the run within
 * reach of the delays must be held.
 */
extern Tensor *fir_row(const FirHistory *h, int64 at, int n_delays, const int32 *delays);

#endif							/* NEUROENC_FIR_H */
