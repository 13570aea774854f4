/*
 * lasso.h
 *		Lasso and elastic net of many targets over the same features, from their
 *		Gram matrix.
 */
#ifndef NEUROENC_LASSO_H
#define NEUROENC_LASSO_H

#include "postgres.h"

/*
 * For each target y the weights b that minimise
 *
 *		||y - Xb||^2 / 2 + l1 ||b||_1 + l2 / 2 ||b||^2
 *
 * Matrices are nt x p.
 */
typedef struct Lasso
{
	int			p;
	int			nt;				/* targets at hand, at most those of lasso_new */
	const double *xx;			/* p x p */
	double	   *xy;
	double	   *weights;		/* where to start from, and the answer */
	double	   *gradient;		/* xy - xx weights, also at the start */
	double	   *yy;				/* nt: y's sum of squares */
	double	   *l1;				/* nt */
	double	   *l2;
	int			max_iter;		/* cycles of coordinate descent */
	double		tol;			/* duality gap over yy */

	int			n_pending;
	int		   *pending;		/* targets to solve; lost by it */
	bool	   *failed;			/* nt: max_iter did not do */

	/* lasso.c's own */
	int		   *cycles;			/* nt: done */
	double	   *goal;			/* nt: the working set's duality gap that ends its cycles */
	bool	   *solved;			/* nt */
	char	   *scratch;
	Size		scratch_bytes;	/* a worker */
} Lasso;

/* Room for up to nt targets in CurrentMemoryContext, of lasso_bytes; p, max_iter, tol and xx are to be set. */
extern Lasso *lasso_new(int p, int nt);
extern Size lasso_bytes(int p, int nt);

/* Solves the pending targets on neuroenc.threads threads; returns how many failed. */
extern int	lasso_solve(Lasso *s);

#endif							/* NEUROENC_LASSO_H */
