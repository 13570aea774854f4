/*
 * moran.h
 *		Spatial autocorrelation of a map (Moran 1950).
 */
#ifndef NEUROENC_MORAN_H
#define NEUROENC_MORAN_H

#include "postgres.h"

#include "voxel/voxel.h"

typedef struct Moran
{
	int64		n_pairs;		/* of neighbours */
	double		i;
	double		expected;		/* mean and variance of I when the values are dealt to the voxels at random */
	double		variance;
	double		z;
	double		p;				/* two-sided, from the normal distribution */
} Moran;

/* Neighbours are voxels at most radius apart, weight 1.  What is not defined is NaN. */
extern Moran moran_i(int n, const Voxel *v, const double *value, double radius);

#endif							/* NEUROENC_MORAN_H */
