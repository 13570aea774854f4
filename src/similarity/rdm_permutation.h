/*
 * rdm_permutation.h
 *		Mantel's test: is one RDM's order of conditions related to another's?
 */
#ifndef NEUROENC_RDM_PERMUTATION_H
#define NEUROENC_RDM_PERMUTATION_H

#include "similarity/compare.h"

typedef struct RdmPermutation
{
	double		value;			/* of the RDMs as they are */
	double		p;
	int64		n_reached;		/* permutations that are at least as extreme */
} RdmPermutation;

/*
 * a and b: of n conditions, what compare_gather gives, NaN = missing; for bures and
 * bures_distance the kernels, n x n, which are destroyed.  Large values are extreme;
 * of distances (compare_is_distance) small ones; with two_sided, large absolute ones.
 * Permutation k takes stream k of seed.
 */
extern RdmPermutation rdm_permutation(CompareMethod method, int n, double *a, double *b,
									  int n_perm, uint64 seed, bool two_sided);

#endif							/* NEUROENC_RDM_PERMUTATION_H */
