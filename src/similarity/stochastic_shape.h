/*
 * stochastic_shape.h
 *		Distance of two noisy populations' responses to the same conditions.
 */
#ifndef NEUROENC_STOCHASTIC_SHAPE_H
#define NEUROENC_STOCHASTIC_SHAPE_H

#include "postgres.h"

/*
 * Means and covariances of n conditions: the covariance of condition i is F'F, F
 * the rows first[i] .. first[i + 1] - 1 of 'factor'.
 */
typedef struct ConditionMoments
{
	int			n;
	Size		p;				/* units */
	double	   *mean;			/* n x p */
	Size	   *first;			/* n + 1 */
	double	   *factor;			/* first[n] x p */
} ConditionMoments;

/* x and y have the same n; both are scaled here and so destroyed.  alpha from 0 to 2. */
extern double stochastic_shape_distance(ConditionMoments *x, ConditionMoments *y, double alpha, int64 seed);

#endif							/* NEUROENC_STOCHASTIC_SHAPE_H */
