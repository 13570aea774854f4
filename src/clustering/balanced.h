/*
 * balanced.h
 *		k-means with clusters of equal size.
 */
#ifndef NEUROENC_BALANCED_H
#define NEUROENC_BALANCED_H

#include "clustering/kmeans.h"

/* ---- balanced_assignment.c ---- */

/*
 * The assignment of n rows to k clusters of n / k rows, rounded down or up, of
 * least total cost[i, j] (n x k, finite).  label: n, from 0.  price: k + 1 numbers,
 * zeros at first; what it leaves there makes the next one, of similar costs, fast.
 */
extern void balanced_assign(int n, int k, const double *cost, double *price, int32 *label);

/* Bytes of scratch, which it claims itself. */
extern Size balanced_assign_bytes(int n, int k);

/* ---- balanced.c ---- */

/* In CurrentMemoryContext; clusters in the order of clustering_order. */
extern KmeansFit *balanced_fit(const KmeansRows *r, int k, int64 seed, int n_init);

#endif							/* NEUROENC_BALANCED_H */
