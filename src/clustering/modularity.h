/*
 * modularity.h
 *		The modularity of a partition of a graph's nodes.
 */
#ifndef NEUROENC_MODULARITY_H
#define NEUROENC_MODULARITY_H

#include "clustering/edges.h"

/*
 * Q = sum over communities of in / W - resolution (K / 2W)^2, W the weight of all
 * edges, 'in' that inside the community, K the sum of its nodes' strengths (an
 * edge from a node to itself counts twice there); NaN where W is 0.  community: n
 * numbers below n, NULL where every node is one of its own.
 */
extern double modularity(const MergedEdges *g, const int32 *community, double resolution);

/* strength[u]: the sum of u's weights, those of an edge to itself twice; n */
extern void node_strengths(const MergedEdges *g, double *strength);

#endif							/* NEUROENC_MODULARITY_H */
