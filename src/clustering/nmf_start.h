/*
 * nmf_start.h
 *		Where factorizations start from.
 */
#ifndef NEUROENC_NMF_START_H
#define NEUROENC_NMF_START_H

#include "postgres.h"

#include "base/random.h"

typedef enum NmfInit
{
	NMF_NNDSVD = 0,
	NMF_NNDSVDA = 1,			/* its zeros filled with the mean of X */
	NMF_RANDOM = 2
} NmfInit;

/*
 * W' (k x n) and H (k x p) >= 0 to start from, X (n x p) >= 0 and finite: by NNDSVD,
 * or |normal| of 'random', scaled to the mean of X, which is also what components
 * past the rank of X get.
 */
extern void nmf_start(Size n, Size p, const double *x, Size k, NmfInit init, uint64 seed, RandomStream *random,
					  double *w, double *h);
extern Size nmf_start_scratch(Size n, Size p, Size k, NmfInit init);

/* Absolute values of normals times 'scale'. */
extern void nmf_start_random(Size n, double scale, RandomStream *random, double *x);

#endif							/* NEUROENC_NMF_START_H */
