/*
 * ward_parcellate.h
 *		Ward's clustering of voxels where only clusters that touch may merge.
 */
#ifndef NEUROENC_WARD_PARCELLATE_H
#define NEUROENC_WARD_PARCELLATE_H

#include "postgres.h"

#include "voxel/neighbours.h"

/* How many parts the graph has that no path joins. */
extern int	ward_parts(const VoxelNeighbours *g);

/*
 * Merges until k clusters are left; k is at least the graph's parts.  x: n x d,
 * best about its mean, destroyed.  label[i]: a number below n, the same for the
 * voxels of a cluster.  Claims ward_parcellate_scratch itself.
 */
extern void ward_parcellate(int d, double *x, const VoxelNeighbours *g, int k, int32 *label);
extern Size ward_parcellate_scratch(const VoxelNeighbours *g, int k);

#endif							/* NEUROENC_WARD_PARCELLATE_H */
