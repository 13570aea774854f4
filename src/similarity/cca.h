/*
 * cca.h
 *		Canonical correlation analysis and the measures made of it.
 *
 * NaN where they are not defined: a population that is constant.
 */
#ifndef NEUROENC_CCA_H
#define NEUROENC_CCA_H

#include "similarity/alignment.h"

/*
 * Canonical correlations, descending, between the first kx and ky components of
 * the two: Min(kx, ky) of them, palloc'd.
 */
extern double *canonical_correlations(Alignment *a, const Factors *f, Size kx, Size ky);

/* Mean over the smaller of the two ranks. */
extern double cca_mean(Alignment *a);

/*
 * Singular vector CCA (Raghu et al. 2017): mean canonical correlation of the
 * first k components of each, k = 0: as many as reach this share of the squared
 * singular values.
 */
extern double svcca(Alignment *a, double variance, Size k);

/* Projection weighted CCA (Morcos, Raghu and Bengio 2018), weighted by x. From rows or products. */
extern double pwcca(Alignment *a);

#endif							/* NEUROENC_CCA_H */
