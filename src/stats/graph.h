/*
 * graph.h
 *		Undirected weighted graphs: neighbours and shortest paths.
 */
#ifndef NEUROENC_GRAPH_H
#define NEUROENC_GRAPH_H

#include "postgres.h"

typedef struct GraphEdge
{
	int			a;				/* a < b */
	int			b;
	double		weight;			/* length, >= 0 */
} GraphEdge;

typedef struct Graph
{
	int			n;				/* nodes */
	Size		n_edges;
	GraphEdge  *edge;			/* n_edges, by a, then b */
	Size	   *start;			/* n + 1: node u's are start[u] .. start[u + 1] - 1 */
	int		   *neighbour;		/* 2 n_edges, ascending for each node */
	Size	   *via;			/* 2 n_edges: the edge to the neighbour */
} Graph;

/*
 * A graph of these edges (a /= b, each pair once, in any order; sorted in place
 * and kept) in CurrentMemoryContext.
 */
extern Graph *graph_new(int n, GraphEdge *edges, Size n_edges);
extern Size graph_bytes(int n, Size n_edges);

extern int	graph_compare_edges(const void *a, const void *b);

#define GRAPH_DEGREE(g, u) ((int) ((g)->start[(u) + 1] - (g)->start[u]))

/*
 * Lengths of the shortest paths between all nodes, by the edges' present
 * weights: distance n x n, infinite where there is none.
 */
extern void graph_all_distances(const Graph *g, double *distance);
extern Size graph_all_distances_scratch(int n);

#endif							/* NEUROENC_GRAPH_H */
