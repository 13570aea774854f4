/*
 * column_state.h
 *		Aggregate states that are float8 tensors: a count, then a number of arrays
 *		of sums, one element a column.
 */
#ifndef NEUROENC_COLUMN_STATE_H
#define NEUROENC_COLUMN_STATE_H

#include "postgres.h"
#include "fmgr.h"

#include "tensor/tensor.h"

typedef struct ColumnStateKind
{
	const char *name;			/* "a column aggregate", for errors */
	int			sums;			/* arrays */
	void		(*merge) (double *dst, const double *src, Size columns);
} ColumnStateKind;

/* Number of columns of a state; an ERROR if it is none of this kind. */
extern Size column_state_columns(const ColumnStateKind *kind, const Tensor *state);

/* The combine function. */
extern Datum column_state_combine(FunctionCallInfo fcinfo, const ColumnStateKind *kind);

#endif							/* NEUROENC_COLUMN_STATE_H */
