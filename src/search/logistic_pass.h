/*
 * logistic_pass.h
 *		One pass over the rows for several logistic regressions at once.
 */
#ifndef NEUROENC_LOGISTIC_PASS_H
#define NEUROENC_LOGISTIC_PASS_H

#include "postgres.h"

#include "search/logistic_solver.h"

typedef enum LogisticAsk
{
	LOGISTIC_EVALUATE,			/* loss and gradient at the vectors given */
	LOGISTIC_CURVATURE			/* the Hessian at the point of the last evaluation, times the vectors given */
} LogisticAsk;

/* Sums over the rows of an evaluation. */
typedef struct LogisticSums
{
	double		loss;			/* of the rows fitted */
	double		held_loss;		/* of those held out, and the weight of what is right there */
	double		held_right;
} LogisticSums;

/* What a pass does for one regression. */
typedef struct LogisticAsked
{
	LogisticAsk ask;
	int			held_out;
	const double *class_weight; /* n_classes */
	double	   *proba;			/* n x outputs: set by an evaluation, read for curvature */
	LogisticSums sums;			/* set by an evaluation */
	double	   *variance;		/* outputs: the same, sums of weight times p (1 - p) */
} LogisticAsked;

typedef struct LogisticPass LogisticPass;

/* For at most max_problems regressions at a time, in CurrentMemoryContext. */
extern LogisticPass *logistic_pass_new(const LogisticBasis *b, int max_problems);
extern Size logistic_pass_bytes(const LogisticRows *rows, Size r, int max_problems);

/*
 * Vector a of 'asked' is u + a outputs r (outputs x r); out, the same shape:
 * gradients or products.  Without the penalty.
 */
extern void logistic_pass(LogisticPass *p, int n, LogisticAsked *const *asked, const double *u, double *out);

/* Flops of all passes so far. */
extern double logistic_pass_flops(const LogisticPass *p);

#endif							/* NEUROENC_LOGISTIC_PASS_H */
