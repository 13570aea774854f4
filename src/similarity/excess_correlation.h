/*
 * excess_correlation.h
 *		How much better units match units than a random rotation of them.
 */
#ifndef NEUROENC_EXCESS_CORRELATION_H
#define NEUROENC_EXCESS_CORRELATION_H

#include "postgres.h"

#include "stats/gram.h"

typedef struct ExcessCorrelation
{
	int			partner;		/* feature of the largest r, -1: none */
	double		r;				/* NaN: none */
	double		rotated;		/* the largest r with a feature of the rotated x */
} ExcessCorrelation;

/*
 * For each target of g (complete, v > 0): out has v.  The rotation is a function
 * of p and seed alone.
 */
extern void excess_correlation(const Gram *g, uint64 seed, ExcessCorrelation *out);

#endif							/* NEUROENC_EXCESS_CORRELATION_H */
