/*
 * nmf.h
 *		Non-negative matrix factorization, X ~ W H.
 */
#ifndef NEUROENC_NMF_H
#define NEUROENC_NMF_H

#include "clustering/nmf_factors.h"
#include "clustering/nmf_start.h"

/*
 * f: X >= 0 and finite, from factors_new; on return left is W' and right H.  The
 * first of n_init starts is 'init', the further ones are random.
 */
extern void nmf(Factors *f, NmfInit init, uint64 seed, int n_init, const FactorsStop *stop);
extern Size nmf_scratch(Size n, Size p, Size k, NmfInit init);

#endif							/* NEUROENC_NMF_H */
