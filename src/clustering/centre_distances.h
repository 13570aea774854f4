/*
 * centre_distances.h
 *		Squared distances of rows to all centres, as a matrix: what methods need
 *		that don't give each row its nearest.
 */
#ifndef NEUROENC_CENTRE_DISTANCES_H
#define NEUROENC_CENTRE_DISTANCES_H

#include "clustering/kmeans.h"

/* out: n x k, none below 0; good to rounding of the squared norms about the rows' mean. */
extern void centre_distances(const KmeansRows *r, int k, const double *centre, double *out);

/* Bytes of scratch, which it claims itself. */
extern Size centre_distances_bytes(const KmeansRows *r, int k);

#endif							/* NEUROENC_CENTRE_DISTANCES_H */
