/*
 * knn_graph.h
 *		Graphs that join each row to its nearest rows.
 */
#ifndef NEUROENC_KNN_GRAPH_H
#define NEUROENC_KNN_GRAPH_H

#include "clustering/edges.h"
#include "stats/points.h"

/* Kept in the options of stored points: never renumber. */
typedef enum KnnMetric
{
	KNN_EUCLIDEAN = 0,
	KNN_COSINE = 1
} KnnMetric;

typedef enum KnnWeight
{
	KNN_CONNECTIVITY = 0,		/* 1 */
	KNN_DISTANCE = 1,
	KNN_JACCARD = 2				/* shared neighbours */
} KnnWeight;

/*
 * The edges between rows (float8, with ids; their values are destroyed) of which
 * one at least is among the k nearest of the other, 1 <= k < n, into e.
 */
extern void knn_graph(PointRows *rows, int k, KnnMetric metric, KnnWeight weight, Edges *e);

#endif							/* NEUROENC_KNN_GRAPH_H */
