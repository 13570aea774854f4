/*
 * dbscan.h
 *		Clusters of points that lie densely (Ester, Kriegel, Sander and Xu 1996).
 */
#ifndef NEUROENC_DBSCAN_H
#define NEUROENC_DBSCAN_H

#include "postgres.h"

#include "stats/within.h"

/*
 * label (n): 1 .. k by size, noise -1.  A row is core if at least min_points rows,
 * itself included, are within the radius; core rows within the radius of each
 * other are in one cluster, and another row is in that of the nearest core row
 * within the radius (the first of them in the order of the rows).  Returns k.
 */
extern int	dbscan(const Within *w, int min_points, int32 *label);

/* ---- dbscan_grid.c ---- */

/*
 * The same by a grid, for euclidean distances in up to CELLS_MAX_DIMENSIONS
 * dimensions; labels are any number of a cluster, and -1.  False if the radius
 * is too small a part of the space for a grid: then nothing was done.
 */
extern bool dbscan_grid(const Within *w, int min_points, int32 *label);

#endif							/* NEUROENC_DBSCAN_H */
