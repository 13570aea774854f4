/*
 * class_sums.h
 *		The class_sums state: rows of vectors summed by their class.
 *
 * Without products it keeps the number of rows and the mean of each class, and
 * how far rows are from it: what mean differences and ideal words need.  With
 * products each class is a residuals state (stats/residuals.h): what the
 * within-class covariance and its shrinkage need.
 */
#ifndef NEUROENC_CLASS_SUMS_H
#define NEUROENC_CLASS_SUMS_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "stats/label.h"
#include "stats/residuals.h"
#include "tensor/tensor.h"

#define CLASS_SUMS_MAX_FEATURES (1 << 26)

/* The rows of one class. */
typedef struct ClassSum
{
	int64		n;				/* without products: rows */
	double		squares;		/* sum of |x - centre|^2 */
	double	   *sum;			/* p: sum of x - centre */
	Residuals  *residuals;		/* with products: all of it, and the three above are not used */
} ClassSum;

typedef struct ClassSums
{
	StateHeader hdr;			/* must be first */
	int			p;
	bool		products;
	LabelSet   *labels;
	int			max_classes;
	ClassSum   *classes;		/* one a label, in the order of the labels */
	double	   *centre;			/* p, the first row; NULL with products */
	double	   *row;			/* p: scratch */
	int64		n;				/* rows of all classes */
	MemoryClaim *claim;
} ClassSums;

/* ---- class_sums.c ---- */

/* An empty state whose context is a child of 'parent'; p >= 1. */
extern ClassSums *class_sums_new(MemoryContext parent, int p, bool products);

/* One row: a finite vector of p; errors name the row's ordinal and the element. */
extern void class_sums_add(ClassSums *s, Label label, const Tensor *x);

/* dst += src, which may be dst.  ERROR when features differ, or one has products and the other not. */
extern void class_sums_merge(ClassSums *dst, const ClassSums *src);
extern ClassSums *class_sums_copy(MemoryContext parent, const ClassSums *s);

/* Classes are counted from 0 in the order in which their labels came. */
static inline int
class_sums_classes(const ClassSums *s)
{
	return s->labels->n;
}

extern int64 class_sums_n(const ClassSums *s, int class);

/* mean: p */
extern void class_sums_mean(const ClassSums *s, int class, double *mean);

/* Sum of |x - mean|^2 over the class's rows, without products. */
extern double class_sums_squares(const ClassSums *s, int class);

/* difference (p) = mean of class 'positive' minus mean of 'negative', or, where that is -1, of all other rows */
extern void class_sums_difference(const ClassSums *s, int positive, int negative, double *difference);

/* ---- class_sums_io.c ---- */

#define PG_GETARG_CLASS_SUMS(n) ((const ClassSums *) state_from_datum(&class_sums_kind, PG_GETARG_DATUM(n)))

extern const StateKind class_sums_kind;

#endif							/* NEUROENC_CLASS_SUMS_H */
