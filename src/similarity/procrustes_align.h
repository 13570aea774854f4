/*
 * procrustes_align.h
 *		The similarity transform of one population onto another: arithmetic.
 */
#ifndef NEUROENC_PROCRUSTES_ALIGN_H
#define NEUROENC_PROCRUSTES_ALIGN_H

#include "similarity/paired.h"

/* y is nearest to scale x R + translation */
typedef struct ProcrustesFit
{
	double		scale;
	double		r2;				/* share of y's sum of squares about its mean */
	double	   *rotation;		/* R, p x q */
	double	   *translation;	/* q */
} ProcrustesFit;

/* Fills rotation and translation, which have room; uses up the products.  False where x or y has no common variance. */
extern bool procrustes_align(PairedProducts *products, ProcrustesFit *fit);

#endif							/* NEUROENC_PROCRUSTES_ALIGN_H */
