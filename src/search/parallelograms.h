/*
 * parallelograms.h
 *		Four rows that make a parallelogram: the same step from one pair to another.
 */
#ifndef NEUROENC_PARALLELOGRAMS_H
#define NEUROENC_PARALLELOGRAMS_H

#include "postgres.h"

#include "base/memory.h"

/* Its corners in turn, so that a - b and d - c are alike; rows from 0, a the least, b < d. */
typedef struct Parallelogram
{
	int32		a;
	int32		b;
	int32		c;
	int32		d;
	double		error;			/* |(a - b) - (d - c)|, of the mean length of the shorter pair of opposite sides */
} Parallelogram;

typedef struct ParallelogramList
{
	Size		n;
	Size		room;
	Parallelogram *items;		/* by error, then by corners */
	MemoryClaim *claim;
} ParallelogramList;

#define PARALLELOGRAMS_MAX_ROWS	50000

/*
 * All parallelograms of n rows (n x d, finite) with an error up to 'tolerance', from 0 to 1, whose sides meet
 * at an angle with a sine over that error (and over 1e-6).  In CurrentMemoryContext, claimed for its life.
 */
extern ParallelogramList *parallelograms_find(Size n, Size d, const double *x, double tolerance);

#endif							/* NEUROENC_PARALLELOGRAMS_H */
