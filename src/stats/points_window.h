/*
 * points_window.h
 *		Window functions that answer every row of a partition at once: labels of
 *		clusters, embeddings.
 *
 * The first call of a partition collects its rows (argument 'tensor_argument';
 * rows where it is NULL are left out and answer NULL), runs the method once and
 * keeps its answer; the calls after that return their row's.
 */
#ifndef NEUROENC_POINTS_WINDOW_H
#define NEUROENC_POINTS_WINDOW_H

#include "postgres.h"
#include "fmgr.h"

#include "stats/points.h"

/* An answer a row, in the order of PointRows: one of the three is set. */
typedef struct PointsAnswer
{
	int32	   *label;			/* n: int4 results */
	double	   *number;			/* n: float8 results, NaN for NULL */
	double	   *vector;			/* n x width: float8 tensors */
	int			width;
} PointsAnswer;

/*
 * The method.  Options are read by the functions below.  It runs in a context
 * that lives as long as the partition: allocate the answer there, and the rest
 * in a scratch context.
 */
typedef void (*PointsMethod) (FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer);

/*
 * The body of such a window function.  Arguments from 'first_option' on are
 * options, the same in every row (checked; an ERROR says which is not).
 */
extern Datum points_window(FunctionCallInfo fcinfo, int tensor_argument, int first_option, PointsMethod method);

/* Option number 'argument' (from 0, as in PG_GETARG) in the first row; NULL is an ERROR that names it. */
extern Datum points_window_option(FunctionCallInfo fcinfo, int argument, const char *name);

/* The same where NULL is a value. */
extern bool points_window_option_is_null(FunctionCallInfo fcinfo, int argument);

/*
 * Another argument of the row that rows->came[i] tells of (a voxel, a partial label); NULL where it is.  Ask for the
 * rows in the order of points_window_order: a window that is on disk is read from its start otherwise, for every row.
 */
extern Datum points_window_beside(FunctionCallInfo fcinfo, const PointRows *rows, int i, int argument, bool *isnull);

/* The rows in the order in which they came, n of them, palloc'd. */
extern int32 *points_window_order(const PointRows *rows);

#endif							/* NEUROENC_POINTS_WINDOW_H */
