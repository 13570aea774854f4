/*
 * kmeans_scan.h
 *		The two best centres of rows, without storing a score.
 */
#ifndef NEUROENC_KMEANS_SCAN_H
#define NEUROENC_KMEANS_SCAN_H

#include "postgres.h"

/* The largest and the second largest score of a row, and the centre of the largest. */
typedef struct Best
{
	double		best;
	double		second;
	int32		where;
} Best;

/* Centres in panels, each element of all centres of a panel side by side. */
typedef struct ScanCentres
{
	int			k;
	int			d;
	float	   *panel;			/* panels x d x width */
	float	   *half;			/* panels x width, infinite where there is no centre */
} ScanCentres;

/* Whether this processor has the vectors that make it faster than a product and a look at it, for rows of d. */
extern bool scan_pays(int d);

extern Size scan_centres_bytes(int k, int d);
extern ScanCentres *scan_centres_new(int k, int d);

/* From float4 centres k x d and their half |c|^2. */
extern void scan_centres_set(ScanCentres *s, const float *centre, const float *half);

/* Bytes of a thread's scratch for n rows of d. */
extern Size scan_scratch_bytes(int n, int d);

/* found[i] of n rows (n x d): of x.c - |c|^2 / 2, summed by element in float4; from any thread. */
extern void scan_rows(const ScanCentres *s, const float *rows, int n, Best *found, void *scratch);

#endif							/* NEUROENC_KMEANS_SCAN_H */
