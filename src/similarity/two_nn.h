/*
 * two_nn.h
 *		Intrinsic dimension from two nearest neighbours.
 */
#ifndef NEUROENC_TWO_NN_H
#define NEUROENC_TWO_NN_H

#include "postgres.h"

typedef struct TwoNn
{
	double		ml;				/* NaN where every ratio is 1 */
	double		fit;
	int64		n;				/* rows that took part */
	int64		n_copies;		/* rows left out as copies of others */
} TwoNn;

/* x n x p, finite, destroyed.  'discard' in [0, 1): the share of the largest ratios that the fit leaves out. */
extern TwoNn two_nn(Size n, Size p, double *x, double discard);

/* Bytes of scratch beside x and what nearest_rows claims itself. */
extern Size two_nn_scratch(Size n);

#endif							/* NEUROENC_TWO_NN_H */
