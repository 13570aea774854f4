/*
 * silhouette.h
 *		Silhouettes of labelled rows.
 */
#ifndef NEUROENC_SILHOUETTE_H
#define NEUROENC_SILHOUETTE_H

#include "postgres.h"

#include "clustering/grouped_rows.h"

/*
 * (b - a) / max(a, b) of each row, from euclidean distances: a is its mean
 * distance to the other rows of its cluster, b the least mean distance to the
 * rows of another; 0 in a cluster of one row, and where a and b are 0.  k >= 2;
 * value: n, in the order of g.
 */
extern void silhouette_values(const GroupedRows *g, double *value);

/* The same from squared euclidean distances; of rows of unit length these are 2 (1 - cosine). */
extern void silhouette_values_squared(const GroupedRows *g, double *value);

#endif							/* NEUROENC_SILHOUETTE_H */
