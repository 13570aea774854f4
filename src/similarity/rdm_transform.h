/*
 * rdm_transform.h
 *		Ranks, scales and clipped values of the distances of an RDM.
 *
 * All work in place on n distances in any order, of which NaN are missing: they
 * stay, and count for nothing.
 */
#ifndef NEUROENC_RDM_TRANSFORM_H
#define NEUROENC_RDM_TRANSFORM_H

#include "postgres.h"

typedef enum DistanceScale
{
	SCALE_UNIT,					/* over the root of the sum of squares; all 0: as they are */
	SCALE_MAX,					/* over the largest */
	SCALE_MINMAX,				/* smallest 0, largest 1 */
	SCALE_ZSCORE,				/* mean 0, standard deviation 1 (ddof 0) */
	SCALE_SQRT,					/* root; of a negative one 0 */
	SCALE_POSITIVE				/* 0 if negative */
} DistanceScale;

/* Average ranks, 1 to the number present. */
extern void distances_rank(Size n, double *d);

/* A constant has no range or deviation and becomes 0; ERROR where SCALE_MAX has no positive distance to divide by. */
extern void distances_scale(Size n, double *d, DistanceScale scale);

/*
 * 0 up to the 'lower' quantile, 1 from the 'upper' on, linear between; 0 <= lower
 * <= upper <= 1.  If both quantiles are one value: 0 up to it, 1 above.
 */
extern void distances_clip(Size n, double *d, double lower, double upper);

/* Bytes of scratch of ranking and clipping, for preflights. */
extern Size distances_scratch(Size n);

#endif							/* NEUROENC_RDM_TRANSFORM_H */
