/*
 * discriminative.h
 *		Clusters of neurons by the stimuli that tell them apart.
 */
#ifndef NEUROENC_DISCRIMINATIVE_H
#define NEUROENC_DISCRIMINATIVE_H

#include "postgres.h"

#define DISCRIMINATIVE_MOST_RANGE 500	/* of responses over the temperature: exp must not overflow */

typedef struct Discriminative
{
	Size		n;				/* neurons */
	Size		p;				/* candidate stimuli */
	int			k;				/* clusters, at most n */
	int			m;				/* stimuli of a cluster, at most p */
	double		temperature;
	const double *responses;	/* n x p, finite; max - min at most DISCRIMINATIVE_MOST_RANGE temperatures */
	int32	   *label;			/* n: 1 .. k, the largest cluster 1 */
	int32	   *stimulus;		/* k x m, from 0, the most discriminative first */
	double		objective;
	int			iterations;
} Discriminative;

/* Fills in label and stimulus (allocated by the caller), objective and iterations: the best of n_init starts. */
extern void discriminative_stimuli(Discriminative *d, uint64 seed, int n_init, int max_iter);
extern Size discriminative_scratch(Size n, Size p, int k, int m);

#endif							/* NEUROENC_DISCRIMINATIVE_H */
