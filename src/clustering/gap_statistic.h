/*
 * gap_statistic.h
 *		The gap statistic: how many clusters are there?
 */
#ifndef NEUROENC_GAP_STATISTIC_H
#define NEUROENC_GAP_STATISTIC_H

#include "postgres.h"

#include "stats/points.h"

typedef struct GapOptions
{
	int			k_max;			/* from 1; fewer than the rows that differ */
	int64		seed;
	int			n_reference;
	int			n_init;			/* starts of each k-means */
} GapOptions;

/* Of k = 1 .. k_max clusters */
typedef struct Gap
{
	double		log_w;			/* log of the sum of squared distances to the nearest centre */
	double		expected;		/* its mean over references */
	double		gap;			/* expected - log_w */
	double		se;				/* of the gap: standard deviation over references times sqrt(1 + 1 / n_reference) */
} Gap;

/* gap: k_max */
extern void gap_statistic(const PointRows *rows, const GapOptions *options, Gap *gap);

/* The least k whose gap is at least the next one less its se; k_max if there is none. */
extern int	gap_chosen(const Gap *gap, int k_max);

#endif							/* NEUROENC_GAP_STATISTIC_H */
