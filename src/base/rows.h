/*
 * rows.h
 *		Set-returning functions whose rows are few, all made at the first call.
 */
#ifndef NEUROENC_ROWS_H
#define NEUROENC_ROWS_H

#include "postgres.h"
#include "fmgr.h"

typedef struct ResultRows
{
	int64		n;
	int			n_columns;
	Datum	   *values;			/* n x n_columns */
	bool	   *nulls;			/* the same */
} ResultRows;

/* n rows in CurrentMemoryContext, no column NULL. */
extern ResultRows *result_rows_new(int64 n, int n_columns);

/*
 * The body of such a function.  'make' is called once, in a context that lives
 * as long as the scan; what a row's values point to must live there.
 */
typedef ResultRows *(*ResultRowsFunction) (FunctionCallInfo fcinfo);
extern Datum result_rows_next(FunctionCallInfo fcinfo, ResultRowsFunction make);

#endif							/* NEUROENC_ROWS_H */
