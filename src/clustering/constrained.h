/*
 * constrained.h
 *		k-means that is told something: pairs of rows that belong together or
 *		apart, or the clusters of some rows.
 */
#ifndef NEUROENC_CONSTRAINED_H
#define NEUROENC_CONSTRAINED_H

#include "clustering/kmeans.h"

/* Two rows, by their places from 0. */
typedef struct RowPair
{
	int			a,
				b;
} RowPair;

typedef struct PairConstraints
{
	int			n_must;
	const RowPair *must;
	int			n_cannot;
	const RowPair *cannot;
	const int64 *id;			/* of all rows, for errors */
} PairConstraints;

/* ---- cop_kmeans.c ---- */

/* In CurrentMemoryContext; clusters in the order of clustering_order. */
extern KmeansFit *cop_kmeans_fit(const KmeansRows *r, int k, int64 seed, int n_init, const PairConstraints *constraints);

/* ---- cop_assignment.c: clusters for groups of rows, some of which must be apart ---- */

typedef struct Apart Apart;

/* n_groups groups, of which n_pairs pairs must be in different clusters; in CurrentMemoryContext. */
extern Apart *apart_new(int n_groups, int k, int n_pairs, const RowPair *pair);
extern Size apart_bytes(int n_groups, int k, int n_pairs);

typedef enum ApartResult
{
	APART_FOUND,
	APART_NONE,					/* there is no assignment */
	APART_GAVE_UP				/* none was found in as many steps as are taken */
} ApartResult;

/*
 * An assignment from nothing, of small cost[g, j] (n_groups x k): label.  If
 * none is found, *pair is one of those that were in the way.
 */
extern ApartResult apart_construct(Apart *a, const double *cost, int32 *label, int *pair);

/* Lowers the cost of one that satisfies the pairs until no group and no pair that changes places can. */
extern void apart_improve(Apart *a, const double *cost, int32 *label);

/* ---- seeded_kmeans.c ---- */

/*
 * given: n, the cluster of a row from 0, -1 where it is not known.  keep: rows that have one keep
 * it.  Clusters keep the numbers of their given rows; the others take those left, by size.
 */
extern KmeansFit *seeded_kmeans_fit(const KmeansRows *r, int k, int64 seed, const int32 *given, bool keep);

#endif							/* NEUROENC_CONSTRAINED_H */
