/*
 * cross_gram.h
 *		The cross_gram state: what correlations of x with y take, and no more.
 *
 * A gram without X'X: n, sums, sums of squares and X'Y about a provisional mean,
 * for two populations of thousands of units.  Rows wait in a block and are folded
 * in by a matrix product; moments of two states are added exactly (Chan, Golub
 * and LeVeque 1983).
 */
#ifndef NEUROENC_CROSS_GRAM_H
#define NEUROENC_CROSS_GRAM_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state.h"
#include "tensor/tensor.h"

typedef struct CrossGram
{
	StateHeader hdr;			/* must be first */
	int			p;				/* units of x */
	int			q;				/* units of y */

	/* moments of n rows about the centre (cx, cy); NULL while n is 0 */
	int64		n;
	double	   *cx,
			   *sx,
			   *sxx;			/* p each */
	double	   *cy,
			   *sy,
			   *syy;			/* q each */
	double	   *sxy;			/* p x q */

	/* rows that wait */
	TensorType	type;			/* float4 or float8, what products are made in; never goes back to float4 */
	int			n_waiting;
	int			capacity;
	void	   *x;				/* capacity x p */
	void	   *y;				/* capacity x q */
	MemoryClaim *claim;
} CrossGram;

/* An empty state whose context is a child of 'parent'. */
extern CrossGram *cross_gram_new(MemoryContext parent, int p, int q);

/* One row: finite vectors of p and q elements; errors name the row (from 1), x or y, and the element. */
extern void cross_gram_add_row(CrossGram *g, const Tensor *x, const Tensor *y);

/* Folds the rows that wait into the moments and gives back their room.  The value stays what it was. */
extern void cross_gram_settle(CrossGram *g);

/* Moments, zero, about a centre that is the caller's to set. */
extern void cross_gram_make_moments(CrossGram *g);

/* dst += src, both settled by it. ERROR when the units differ in number. */
extern void cross_gram_merge(CrossGram *dst, CrossGram *src);

/* Rows, those that wait included. */
extern int64 cross_gram_n(const CrossGram *g);

/* From a datum, settled: all rows are in the moments.  Read only: do not change it. */
extern const CrossGram *DatumGetCrossGram(Datum d);
#define PG_GETARG_CROSS_GRAM(n) DatumGetCrossGram(PG_GETARG_DATUM(n))

extern const StateKind cross_gram_kind;

#endif							/* NEUROENC_CROSS_GRAM_H */
