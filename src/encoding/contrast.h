/*
 * contrast.h
 *		t-tests of a contrast of the weights of least squares, target by target.
 */
#ifndef NEUROENC_CONTRAST_H
#define NEUROENC_CONTRAST_H

#include "postgres.h"

#include "stats/gram.h"

/* By target, v each; NaN where not defined. */
typedef struct ContrastTest
{
	double	   *effect;			/* c'b */
	double	   *t;
	double	   *p;				/* two-sided */
	int64	   *df;				/* rows less 1 less the rank */
} ContrastTest;

/*
 * c is of g->p finite numbers, not all 0.  Returns the most features of any
 * group of targets that are not collinear (the rank), or -1 if the contrast can
 * be estimated for some target.
 */
extern int	contrast_test(const Gram *g, const double *c, ContrastTest *test);

#endif							/* NEUROENC_CONTRAST_H */
