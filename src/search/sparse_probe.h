/*
 * sparse_probe.h
 *		Probes: is a class to be read from a few features?
 */
#ifndef NEUROENC_SPARSE_PROBE_H
#define NEUROENC_SPARSE_PROBE_H

#include "postgres.h"

#include "search/feature_ranking.h"

typedef struct ProbeOptions
{
	RankingMethod method;
	double		alpha;			/* of the probes, on features of mean 0 and deviation 1 in the training set */
	bool		balanced;
} ProbeOptions;

/* How a probe does on the fold that it has not seen. */
typedef struct ProbeScore
{
	int64		hits;			/* class 1, and found */
	int64		false_alarms;
	int64		misses;
	int64		rejections;
} ProbeScore;

typedef struct Probes
{
	int			k_max;
	int32	   *feature;		/* sets x k_max, best first: of each training set, last of all rows */
	double	   *rank_score;		/* sets x k_max */
	ProbeScore *score;			/* n_ks x n_folds */
	double	   *weight;			/* k_max: of the probe of k_max features on all rows, by their rank */
} Probes;

/*
 * Probes of rows of two classes, of class 1, for each number of features (1 .. d), ks.
 * In CurrentMemoryContext.
 */
extern Probes *sparse_probes(const LogisticRows *rows, int n_ks, const int *ks, const ProbeOptions *options);

/* 2 hits / (2 hits + false alarms + misses); NaN where there is nothing to find and nothing was found */
extern double probe_f1(const ProbeScore *s);
extern double probe_accuracy(const ProbeScore *s);

#endif							/* NEUROENC_SPARSE_PROBE_H */
