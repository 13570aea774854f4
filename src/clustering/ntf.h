/*
 * ntf.h
 *		Non-negative tensor factorization: a 3-way tensor as a sum of non-negative
 *		rank-one terms (canonical polyadic, CP).
 */
#ifndef NEUROENC_NTF_H
#define NEUROENC_NTF_H

#include "clustering/nmf_factors.h"

/* T (I x J x K) ~ sum over r of weight_r a_r o b_r o c_r */
typedef struct Ntf
{
	Size		dims[3];
	Size		rank;
	const double *t;			/* >= 0, its largest element near 1 */
	double	   *factor[3];		/* rank x dims[m], rows of unit length or zero */
	double	   *weight;			/* rank, descending */
	double		error;			/* |T - sum| */
	int			iterations;
} Ntf;

/*
 * dims, rank and t are given; the rest is allocated and computed: the best of
 * n_init starts, the first from singular vectors of the unfoldings, the further ones random.
 */
extern void ntf(Ntf *n, uint64 seed, int n_init, const FactorsStop *stop);
extern Size ntf_scratch(const Ntf *n);

#endif							/* NEUROENC_NTF_H */
