/*
 * explain_clusters.h
 *		Clusters in words: the few half-spaces, each of one feature, that hold a
 *		cluster and little else.
 */
#ifndef NEUROENC_EXPLAIN_CLUSTERS_H
#define NEUROENC_EXPLAIN_CLUSTERS_H

#include "postgres.h"

#include "stats/points.h"

/* A term of a cluster's rule: x[feature] <= threshold, or > threshold. */
typedef struct HalfSpace
{
	int			label;			/* which of the rows' labels the cluster has */
	int			term;			/* from 1 */
	int			feature;		/* from 0 */
	bool		above;
	double		threshold;
	/* of this term and those before it together */
	double		accuracy;		/* balanced: the mean of the shares of rows judged rightly, the cluster's and the others */
	double		recall;			/* share of the cluster's rows inside */
	double		purity;			/* share of the rows inside that are the cluster's */
} HalfSpace;

/*
 * The rules of all clusters that have rows (two or more do), in the order of their labels: at most
 * max_terms a cluster, each of which adds at least min_gain (the first to .5).
 * Returns how many terms there are; *terms in CurrentMemoryContext.
 */
extern Size explain_clusters(const PointRows *rows, int max_terms, double min_gain, HalfSpace **terms);

#endif							/* NEUROENC_EXPLAIN_CLUSTERS_H */
