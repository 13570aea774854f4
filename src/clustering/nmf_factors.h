/*
 * nmf_factors.h
 *		A matrix as a product of two, by alternating least squares: what nmf and
 *		semi_nmf share.
 */
#ifndef NEUROENC_NMF_FACTORS_H
#define NEUROENC_NMF_FACTORS_H

#include "postgres.h"

/* X ~ left' right, left >= 0 */
typedef struct Factors
{
	Size		n;
	Size		p;
	Size		k;
	const double *x;			/* n x p, its largest element near 1 */
	double		xx;				/* |X|^2 */
	double	   *left;			/* k x n */
	double	   *right;			/* k x p */
	double		error;			/* |X - left' right| */
	int			iterations;
	double	   *product;		/* k x max(n, p) */
	double	   *gram_left;		/* k x k */
	double	   *gram_right;		/* k x k */
} Factors;

/* When to stop: after max_iter, or where SPAN iterations lower the error by at most tol of it. */
typedef struct FactorsStop
{
	int			max_iter;
	double		tol;
} FactorsStop;

#define FACTORS_SPAN 10

/* Errors so far, for the rule above: call with each iteration's (from 1); true to stop. */
typedef struct ErrorHistory
{
	double		error[FACTORS_SPAN];
} ErrorHistory;
extern bool factors_settled(ErrorHistory *history, const FactorsStop *stop, int iteration, double error);

/* Sets start number i into left and right. */
typedef void (*FactorsStart) (Factors *f, int i, void *arg);

/* right from the product left X (k x p, in f->product) and gram_left = left left'; must not raise the error */
typedef void (*FactorsRight) (Factors *f);

/* x: the largest element by size is in [.5, 1] */
extern Factors *factors_new(Size n, Size p, Size k, const double *x);
extern Size factors_scratch(Size n, Size p, Size k);

/*
 * The best of n_init starts, each alternated until it stops, in its normal form:
 * rows of right of unit length, components by the length of their row of left, the largest
 * first; one that is not used is zero in both.
 */
extern void factors_best(Factors *f, int n_init, FactorsStart start, FactorsRight right, const FactorsStop *stop,
						 const char *stage, void *arg);

/* ---- for ntf too ---- */

/* |X - left' right|, summed from the residuals; of f only n, p, k, x and the factors are read. */
extern double factors_residual(const Factors *f);
extern Size factors_residual_scratch(Size n, Size p);

extern double factors_dot(Size n, const double *a, const double *b);
extern void factors_scale(Size n, double *row, double factor);

/* Components by size, the largest first; those of one size as they were. */
typedef struct Component
{
	Size		t;
	double		size;
} Component;
extern void factors_sort(Size k, Component *order);

/* Puts rows (k x n) in that order, by way of scratch (k x n). */
extern void factors_reorder(Size k, Size n, double *rows, const Component *order, double *scratch);

#endif							/* NEUROENC_NMF_FACTORS_H */
