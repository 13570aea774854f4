/*
 * neighbours.h
 *		Which voxels lie within a radius of each other.
 */
#ifndef NEUROENC_NEIGHBOURS_H
#define NEUROENC_NEIGHBOURS_H

#include "postgres.h"

#include "voxel/voxel.h"

typedef struct VoxelNeighbours
{
	int			n;
	Size	   *start;			/* n + 1: voxel i's are start[i] .. start[i + 1] - 1 */
	int32	   *neighbour;		/* ascending for each voxel, which is not its own; each pair stands twice */
} VoxelNeighbours;

/*
 * All pairs of the n voxels whose distance (voxel_separation) is at most radius
 * (>= 0, may be infinite), by cells of the radius' size: time and 4 bytes for
 * each pair, both ways.  In CurrentMemoryContext, claimed for its life.  Voxels
 * that are the same point are neighbours.
 */
extern VoxelNeighbours *voxel_neighbours(int n, const Voxel *v, double radius);

#endif							/* NEUROENC_NEIGHBOURS_H */
