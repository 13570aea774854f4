/*
 * random_projection.h
 *		A sparse random matrix R (k x d) that keeps lengths in the mean.
 */
#ifndef NEUROENC_RANDOM_PROJECTION_H
#define NEUROENC_RANDOM_PROJECTION_H

#include "base/memory.h"

typedef struct RandomProjection
{
	Size		d;				/* columns: width of x */
	Size		k;				/* rows: width of the result */
	uint64		seed;
	double		scale;			/* of each entry that is not zero */
	Size	   *start;			/* d + 1: where column j's entries begin */
	int32	   *entry;			/* row of a positive entry, ~row of a negative one */
} RandomProjection;

/* In CurrentMemoryContext, with its memory claimed there; d and k below 2^31. */
extern RandomProjection *random_projection_new(Size d, Size k, uint64 seed);

/* out (k) = R x; all NaN if x (d) holds a NaN or an infinity. */
extern void random_projection_apply(const RandomProjection *r, const double *x, double *out);

#endif							/* NEUROENC_RANDOM_PROJECTION_H */
