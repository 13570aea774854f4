/*
 * scatter_indices.h
 *		Indices of a clustering from its means: inertia, Calinski and Harabasz's,
 *		Davies and Bouldin's.
 */
#ifndef NEUROENC_SCATTER_INDICES_H
#define NEUROENC_SCATTER_INDICES_H

#include "postgres.h"

#include "clustering/grouped_rows.h"

/* Sum of squared distances of rows to the mean of their cluster. */
extern double scatter_inertia(const GroupedRows *g);

/* Variance between clusters over that inside them; 1 where there is none inside.  2 <= k < n */
extern double scatter_calinski_harabasz(const GroupedRows *g);

/* Mean over clusters of the worst (s_i + s_j) / d_ij, s mean distances to the own mean, d of two means.  k >= 2 */
extern double scatter_davies_bouldin(const GroupedRows *g);

#endif							/* NEUROENC_SCATTER_INDICES_H */
