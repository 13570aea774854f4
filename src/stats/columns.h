/*
 * columns.h
 *		Agreement of two tensors, column by column, over rows: Pearson's and
 *		Spearman's r and R2.
 */
#ifndef NEUROENC_COLUMNS_H
#define NEUROENC_COLUMNS_H

#include "base/memory.h"
#include "tensor/tensor.h"

/* ---- column_corr.c: moments of p pairs of columns ---- */

/*
 * Doubles of a state: [0] the rows seen, then COLUMN_SUMS arrays of p:
 * valid rows n, provisional means of a and b, and about these the sums of
 * a, b, aa, bb, ab; last the sum of (a - b)^2.
 */
#define COLUMN_SUMS 9
#define COLUMN_STATE_SIZE(p) (1 + (Size) COLUMN_SUMS * (p))

extern void column_moments_add(double *state, Size p, const double *a, const double *b);

/* dst += src */
extern void column_moments_merge(double *dst, const double *src, Size p);

/* out: p; NaN for fewer than two valid rows or infinite values, 0 for a constant column */
extern void column_moments_corr(const double *state, Size p, double *out);
extern void column_moments_r2(const double *state, Size p, double *out);

/* r of centred sums of squares and products, 0 if one of the squares is */
extern double column_pearson(double aa, double bb, double ab);

/* ---- column_spearman.c: the rows themselves ---- */

/* Consecutive rows of one element type. */
typedef struct ColumnBlock
{
	struct ColumnBlock *next;
	TensorType	dtype;			/* float4 or float8 */
	Size		n;
	Size		capacity;
	void	   *rows;			/* capacity x 2p: a, then b */
} ColumnBlock;

typedef struct ColumnRows
{
	MemoryContext cxt;
	MemoryClaim *claim;
	Size		p;
	Size		n;
	Size		bytes;			/* of all rows */
	ColumnBlock *first;
	ColumnBlock *last;
} ColumnRows;

extern ColumnRows *column_rows_new(MemoryContext cxt, Size p);

/* Room for one more row of this type at the end; the caller fills its 2p elements. */
extern void *column_rows_add(ColumnRows *rows, TensorType dtype);

/* dst += src, which is not changed */
extern void column_rows_merge(ColumnRows *dst, const ColumnRows *src);

/* out: p; as column_moments_corr, of the ranks among a column's valid rows, ties averaged */
extern void column_rows_spearman(const ColumnRows *rows, double *out);

#endif							/* NEUROENC_COLUMNS_H */
