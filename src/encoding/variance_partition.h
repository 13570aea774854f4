/*
 * variance_partition.h
 *		What feature spaces explain alone and together.
 */
#ifndef NEUROENC_VARIANCE_PARTITION_H
#define NEUROENC_VARIANCE_PARTITION_H

#include "postgres.h"

#include "encoding/ridge.h"

#define VARIANCE_MAX_BANDS 6

/* Subsets are bit masks, band b is bit b; the masks of n bands are 1 .. 2^n - 1. */
typedef struct VariancePartition
{
	int			n_bands;
	int			n_subsets;		/* 2^n_bands - 1 */
	int			v;
	double	   *r2;				/* n_subsets x v: subset s is row s - 1 */
} VariancePartition;

/* Cross-validated ridge of every subset of the bands, in CurrentMemoryContext. */
extern VariancePartition *variance_partition(const Gram *g, int n_bands, const int *widths,
											 RidgeOptions *options);

/* R2 of all bands minus that of all without the subset. */
extern double variance_unique(const VariancePartition *vp, int subset, int target);

/* What every band of the subset explains and no band outside of it. */
extern double variance_shared(const VariancePartition *vp, int subset, int target);

#endif							/* NEUROENC_VARIANCE_PARTITION_H */
