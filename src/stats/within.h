/*
 * within.h
 *		All pairs of rows that lie within a radius of each other, exact.
 */
#ifndef NEUROENC_WITHIN_H
#define NEUROENC_WITHIN_H

#include "postgres.h"

#include "stats/points.h"

typedef enum WithinMetric
{
	WITHIN_EUCLIDEAN,
	WITHIN_COSINE,				/* 1 - cos; no row may be 0 */
	WITHIN_CITYBLOCK
} WithinMetric;

/*
 * The rows as they are compared: times a power of two that brings them into
 * [-1, 1], and the radius with them; for cosine the rows' directions, whose
 * euclidean distance is sqrt(2 (1 - cos)), and the radius sqrt(2 radius).
 */
typedef struct Within
{
	Size		n;
	Size		d;
	WithinMetric metric;		/* of the two that are left, euclidean and cityblock */
	double		radius;
	double	   *x;				/* n x d */
} Within;

typedef struct WithinPair
{
	int32		i;
	int32		j;				/* > i */
} WithinPair;

/* In CurrentMemoryContext, claimed for its life.  ERROR for a row without direction, where that is needed. */
extern Within *within_new(const PointRows *rows, WithinMetric metric, double radius);

/* The distance that is compared with w->radius: for euclidean the root of a plain sum of squared differences. */
extern double within_distance(const Within *w, int i, int j);

/*
 * Every pair with a distance <= radius and group[i] != group[j] (n of them), a
 * tile of rows by rows at a time and no pair twice: 'take' is called on the
 * backend thread, in an order that does not depend on the number of threads.
 * It may change the groups (that the pairs at hand differed was true some tiles ago).
 */
typedef void (*WithinTake) (Size n_pairs, const WithinPair *pairs, void *arg);
extern void within_pairs(const Within *w, const int32 *group, WithinTake take, void *arg);

#endif							/* NEUROENC_WITHIN_H */
