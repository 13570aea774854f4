/*
 * semi_nmf.h
 *		Semi-non-negative matrix factorization, X ~ G F, G >= 0, F free.
 */
#ifndef NEUROENC_SEMI_NMF_H
#define NEUROENC_SEMI_NMF_H

#include "clustering/nmf_factors.h"

/* f: X finite, from factors_new; on return left is G' and right F. */
extern void semi_nmf(Factors *f, uint64 seed, int n_init, const FactorsStop *stop);
extern Size semi_nmf_scratch(Size n, Size p, Size k);

#endif							/* NEUROENC_SEMI_NMF_H */
