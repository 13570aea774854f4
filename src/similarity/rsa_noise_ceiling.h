/*
 * rsa_noise_ceiling.h
 *		How well could any model fit the RDMs of these subjects?
 */
#ifndef NEUROENC_RSA_NOISE_CEILING_H
#define NEUROENC_RSA_NOISE_CEILING_H

#include "similarity/compare.h"

typedef struct RsaNoiseCeiling
{
	double		lower;			/* NaN: one subject, or undefined */
	double		upper;
	int			n_conditions;	/* that all RDMs have */
} RsaNoiseCeiling;

/* Whether RDMs can be pooled for the method: not bures, bures_distance, euclidean. */
extern bool rsa_noise_ceiling_takes(CompareMethod method);

/* n >= 1 RDMs; scratch is claimed. */
extern RsaNoiseCeiling rsa_noise_ceiling(CompareMethod method, const Rdm *const *rdms, int n);

#endif							/* NEUROENC_RSA_NOISE_CEILING_H */
