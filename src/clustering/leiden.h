/*
 * leiden.h
 *		Communities of a graph.
 */
#ifndef NEUROENC_LEIDEN_H
#define NEUROENC_LEIDEN_H

#include "clustering/edges.h"

typedef struct LeidenOptions
{
	double		resolution;		/* >= 0 */
	int64		seed;
	int			n_iterations;	/* at most so many; < 0: until some in a row bring little */
	int			n_starts;		/* >= 1: the best of them is the answer */
	bool		cpm;			/* the constant Potts model instead of modularity */
} LeidenOptions;

/* community[u], of n nodes: 1 .. k by size, those of one size by their first node.  Returns k. */
extern int	leiden(const MergedEdges *g, const LeidenOptions *options, int32 *community);

#endif							/* NEUROENC_LEIDEN_H */
