/*
 * class_rows.h
 *		Points with labels, and with folds, as rows of classes.
 */
#ifndef NEUROENC_CLASS_ROWS_H
#define NEUROENC_CLASS_ROWS_H

#include "postgres.h"

#include "search/logistic.h"
#include "stats/points.h"

typedef struct ClassRows
{
	const Label *labels;		/* of the classes */
	int64	   *fold;			/* values of the folds, ascending; NULL without */
	LogisticRows rows;			/* fit_intercept is set, balanced is not */
} ClassRows;

/*
 * In CurrentMemoryContext, claimed.  ERROR without labels, rows or a second class;
 * and 'with_folds' without folds, a second fold, or where all rows of a
 * class are in one fold.
 */
extern ClassRows *class_rows(const Points *p, bool with_folds);

#endif							/* NEUROENC_CLASS_ROWS_H */
