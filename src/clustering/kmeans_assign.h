/*
 * kmeans_assign.h
 *		The nearest centre of each row, from scratch or with what the last
 *		assignment told.
 */
#ifndef NEUROENC_KMEANS_ASSIGN_H
#define NEUROENC_KMEANS_ASSIGN_H

#include "postgres.h"

#include "clustering/kmeans.h"
#include "clustering/kmeans_tiles.h"

typedef struct Assignment
{
	const KmeansRows *r;
	int			k;
	const double *centre;		/* k x d, given with each call */
	int32	   *label;			/* n */
	double	   *upper;			/* n: at least the distance to the row's centre; NULL: no bounds are kept */
	double	   *lower;			/* n: at most the distance to every other one */
	TileCentres *tile_centres;
	TileShape	shape;
	char	   *scratch;		/* scratch_bytes a worker */
	Size		scratch_bytes;
} Assignment;

/* In CurrentMemoryContext, which must have assignment_bytes. */
extern Assignment *assignment_new(const KmeansRows *r, int k, int32 *label, bool bounds);
extern Size assignment_bytes(const KmeansRows *r, int k, bool bounds);

/* Every row against every centre: 2 n d k flops. */
extern void assignment_start(Assignment *a, const double *centre);

/* The same answer after the centres have moved by 'moved' (k): rows whose bounds part leave out what they can. */
extern void assignment_again(Assignment *a, const double *centre, const double *moved);

/* A row's centre is another now, and its bounds are unknown. */
extern void assignment_set(Assignment *a, Size i, int32 label);

#endif							/* NEUROENC_KMEANS_ASSIGN_H */
