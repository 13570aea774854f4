/*
 * token_pooling.h
 *		Fewer vectors for an item of many.
 */
#ifndef NEUROENC_TOKEN_POOLING_H
#define NEUROENC_TOKEN_POOLING_H

#include "postgres.h"

/*
 * The n rows of X (n x d, finite) in k clusters, 1 <= k <= n, by Ward's method over
 * their directions: pooled (k x d) has the mean of each cluster's rows, clusters in
 * the order of their first rows.
 */
extern void token_pooling(Size n, Size d, const double *x, Size k, double *pooled);

/* Bytes of scratch that it takes, and claims itself. */
extern Size token_pooling_scratch(Size n, Size d);

#endif							/* NEUROENC_TOKEN_POOLING_H */
