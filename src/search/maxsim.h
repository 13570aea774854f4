/*
 * maxsim.h
 *		Late interaction: how well each vector of a query is met by some vector of
 *		an item.
 */
#ifndef NEUROENC_MAXSIM_H
#define NEUROENC_MAXSIM_H

#include "tensor/tensor.h"

/* A query's vectors, as items are compared with them: narrow is NULL where they came as float8. */
typedef struct MaxsimQuery
{
	Size		q;
	Size		d;
	float	   *narrow;			/* q x d */
	double	   *wide;			/* q x d */
	double	   *squared;		/* q: squared lengths */
	bool		has_nan;
} MaxsimQuery;

/* In CurrentMemoryContext; t is a matrix q x d, or a vector (q = 1). */
extern MaxsimQuery *maxsim_query(const Tensor *t);

/* Bytes of it, and of what maxsim_score claims itself. */
extern Size maxsim_query_bytes(const Tensor *t);

/*
 * The sum over the query's vectors of the largest inner product (or cosine) with
 * a vector of the item, m x d or one vector of d.  With cosine, vectors of zeros
 * are left out on both sides.  NaN where either has a NaN.  False: no vector of
 * either is left.
 */
extern bool maxsim_score(const MaxsimQuery *query, const Tensor *item, bool cosine, double *score);

#endif							/* NEUROENC_MAXSIM_H */
