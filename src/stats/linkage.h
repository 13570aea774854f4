/*
 * linkage.h
 *		Agglomerative clustering of n leaves from the distances of all pairs.
 */
#ifndef NEUROENC_LINKAGE_H
#define NEUROENC_LINKAGE_H

#include "postgres.h"

/* Stored: never renumber. */
typedef enum LinkageMethod
{
	LINKAGE_SINGLE = 0,			/* the least distance of a pair of two clusters */
	LINKAGE_COMPLETE = 1,		/* the largest */
	LINKAGE_AVERAGE = 2,		/* the mean */
	LINKAGE_WARD = 3			/* sqrt(2 n m / (n + m)) times the distance of the centroids */
} LinkageMethod;

/* "single" and back (ERROR listing them on any other word) */
extern const char *linkage_method_name(LinkageMethod method);
extern LinkageMethod linkage_method_from_name(const char *name);

/* Bytes of the distances of n leaves, and of what linkage_tree claims itself. */
extern Size linkage_distances_bytes(int n);
extern Size linkage_scratch(int n);

/*
 * The n - 1 merges in the order of their height (those of equal height in the
 * order in which they were found).  Distances are in SciPy's condensed order
 * (stats/rdm.h), of ward their squares, none of them NaN; they are destroyed.
 * Leaves are 0 .. n - 1, merge i makes cluster n + i: pair (n - 1) x 2, the
 * smaller number first; height n - 1.
 */
extern void linkage_tree(LinkageMethod method, int n, double *distance, int32 *pair, double *height);

/* ---- linkage_distances.c ---- */

#define LINKAGE_PANEL	8

/* Doubles of n rows of d in panels: LINKAGE_PANEL rows at a time, element k of each side by side. */
extern Size linkage_panels_size(Size n, Size d);

/* Writes row i into the panels. */
static inline void
linkage_panels_put(double *panels, Size i, Size d, const double *row)
{
	double	   *to = panels + i / LINKAGE_PANEL * LINKAGE_PANEL * d + i % LINKAGE_PANEL;

	for (Size k = 0; k < d; k++)
		to[k * LINKAGE_PANEL] = row[k];
}

/* Euclidean distances of all pairs of rows, or their squares, in condensed order. */
extern void linkage_distances(Size n, Size d, const double *panels, bool squared, double *distance);

#endif							/* NEUROENC_LINKAGE_H */
