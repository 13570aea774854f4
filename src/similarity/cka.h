/*
 * cka.h
 *		Centred kernel alignment: the cosine of two centred kernels.
 *
 * NaN where it is not defined: a population that is constant, too few rows.
 */
#ifndef NEUROENC_CKA_H
#define NEUROENC_CKA_H

#include "similarity/alignment.h"

/* Linear kernels, the biased estimate of HSIC (Gretton et al. 2005; Kornblith et al. 2019); the RV coefficient. */
extern double cka_linear(Alignment *a);

/* Linear kernels, the unbiased estimate (Song et al. 2012): from rows or kernels; at least 4 rows. */
extern double cka_debiased(Alignment *a);

/* Kernels exp(-d^2 / (2 sigma^2)), biased: from rows or kernels (whose distances are then meant). */
extern double cka_rbf(Alignment *a, double sigma);

#endif							/* NEUROENC_CKA_H */
