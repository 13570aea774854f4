/*
 * clean.h
 *		Cleaning of a run: slow drifts removed from every column, columns standardized.
 */
#ifndef NEUROENC_CLEAN_H
#define NEUROENC_CLEAN_H

#include "base/memory.h"
#include "encoding/drift_basis.h"
#include "tensor/tensor.h"

/* The rows of one run, a matrix of float4 unless a row is float8. */
typedef struct RunMatrix
{
	MemoryContext cxt;
	MemoryClaim *claim;
	Size		n_rows;
	int64		width;			/* -1 until a row that is not NULL */
	TensorType	held;			/* element type of data */
	void	   *data;			/* n_rows x width; a NULL row is NaN */
	uint8	   *types;			/* of each row as it was given, 0 if NULL */
	bool		missing;		/* is there a NULL row or a NaN? */
} RunMatrix;

/* Room for so many rows, in a child of 'parent'. */
extern RunMatrix *run_matrix_new(MemoryContext parent, Size n_rows);

/* Row i, given in order; NULL for a NULL row.  Raises an error if its width differs. */
extern void run_matrix_set(RunMatrix *m, Size i, const Tensor *row);

/* Row i in the element type it was given in; NULL if it was.  A new tensor. */
extern Tensor *run_matrix_get(const RunMatrix *m, Size i);

/* Remove the drifts, and divide what is left by its standard deviation if asked to, in place. */
extern void run_matrix_clean(RunMatrix *m, const DriftSpec *drifts, bool standardize);

#endif							/* NEUROENC_CLEAN_H */
