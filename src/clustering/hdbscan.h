/*
 * hdbscan.h
 *		Clusters by density, of any density (Campello, Moulavi and Sander 2013).
 */
#ifndef NEUROENC_HDBSCAN_H
#define NEUROENC_HDBSCAN_H

#include "postgres.h"

#include "stats/points.h"

typedef struct HdbscanOptions
{
	int			min_cluster_size;	/* >= 2 */
	int			min_samples;	/* >= 1; a row counts itself */
	bool		allow_single_cluster;
} HdbscanOptions;

/*
 * label (n): 1 .. k by size, noise -1; probability (n): how long a row stays in
 * its cluster as the density asked for rises, as a part of how long the cluster's
 * last rows do; 0 for noise.  Each may be NULL.  Returns k.
 */
extern int	hdbscan(const PointRows *rows, const HdbscanOptions *options, int32 *label, double *probability);

/* ---- hdbscan_tree.c: the spanning tree ---- */

/* a joins the rows about b at this mutual reachability distance. */
typedef struct HdbscanEdge
{
	double		weight;
	int32		a;
	int32		b;
} HdbscanEdge;

/* The n - 1 edges of a minimum spanning tree of mutual reachability distances, ascending: edge, room for n. */
extern void hdbscan_tree(const PointRows *rows, int min_samples, HdbscanEdge *edge);

#endif							/* NEUROENC_HDBSCAN_H */
