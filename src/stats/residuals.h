/*
 * residuals.h
 *		The residuals state: sums from which their covariance and its
 *		Ledoit-Wolf shrinkage are exact.
 *
 * Besides n, the mean and X'X, the shrinkage needs sum_k |x_k - mean|^4 over the
 * rows, and the mean is known only at the end.  With sums about any centre,
 *
 *	 s = sum y		q = sum |y|^2 y		f = sum |y|^4		y = x - centre
 *
 * it is exact: |y + t|^4 expands in f, q, X'X, s and n.  So p + 1 numbers more
 * than a covariance make the state single-pass and additive: merging translates
 * one state to the other's centre.
 */
#ifndef NEUROENC_RESIDUALS_H
#define NEUROENC_RESIDUALS_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state.h"
#include "tensor/tensor.h"

#define RESIDUALS_MAX_CHANNELS 100000	/* 80 GB of X'X */

/* Sums over n rows about the centre. */
typedef struct ResidualSums
{
	int			p;
	int64		n;
	double	   *centre;			/* p; NULL: no sums yet, n is 0 */
	double	   *s;				/* p: sum y */
	double	   *q;				/* p: sum |y|^2 y */
	double		f;				/* sum |y|^4 */
	double	   *xx;				/* p x p, both triangles: sum y y' */
} ResidualSums;

typedef struct Residuals
{
	StateHeader hdr;			/* must be first */
	ResidualSums	sums;			/* of all rows but those held */
	int			n_held;
	int			max_held;
	double	   *held;			/* max_held x p: rows that wait for a block */
	double		shrinkage;		/* asked for by the rows; NaN: Ledoit and Wolf's */
	MemoryClaim *claim;
} Residuals;

/* An empty state whose context is a child of 'parent'. */
extern Residuals *residuals_new(MemoryContext parent, int p);

/* One row: a finite vector of p; errors name the row's ordinal and the element. */
extern void residuals_add_row(Residuals *r, const Tensor *residual);

/* dst += src. ERROR when the channels or the shrinkages differ. */
extern void residuals_merge(Residuals *dst, const Residuals *src);
extern Residuals *residuals_copy(MemoryContext parent, const Residuals *r);

/* The shrinkage that the rows ask for (NaN: Ledoit and Wolf's): ERROR if it was another before. */
extern void residuals_set_shrinkage(Residuals *r, double shrinkage);

extern int64 residuals_n(const Residuals *r);

/* Their mean (p); there must be rows. */
extern void residuals_mean(const Residuals *r, double *mean);

/* Sums over all rows, in CurrentMemoryContext, X'X among them: the caller's to change. */
extern ResidualSums residuals_sums(const Residuals *r);

extern const StateKind residuals_kind;

#define PG_GETARG_RESIDUALS(n) ((const Residuals *) state_from_datum(&residuals_kind, PG_GETARG_DATUM(n)))

#endif							/* NEUROENC_RESIDUALS_H */
