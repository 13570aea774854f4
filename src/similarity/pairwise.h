/*
 * pairwise.h
 *		Distances of all pairs of points from one matrix product.
 */
#ifndef NEUROENC_PAIRWISE_H
#define NEUROENC_PAIRWISE_H

#include "postgres.h"

/*
 * n points in m dimensions, read a stretch of dimensions at a time, so that
 * they need not be held in float8.  read() writes dimensions first .. first +
 * count - 1 of point i; it runs on any thread and calls nothing of PostgreSQL.
 */
typedef struct Points
{
	Size		n;
	Size		m;
	void		(*read) (const void *source, Size i, Size first, Size count, double *out);
	const void *source;
} Points;

/* Dimensions that a reader's callers take at once at most, where they read point by point. */
#define POINTS_STRETCH 1024

/*
 * Condensed distances (n (n - 1) / 2, in SciPy's order) of all pairs i < j of x:
 *	 squares	sum (x_i - x_j)^2
 *	 absolute	sum |x_i - x_j|
 *	 products	sum (x_i - x_j) (y_i - y_j)
 * Identical points have distance 0 exactly.  Scratch is claimed inside.
 */
extern void pairwise_squares(const Points *x, double *out);
extern void pairwise_absolute(const Points *x, double *out);
extern void pairwise_products(const Points *x, const Points *y, double *out);

/* The same of each point of a with each of b: out a->n x b->n. */
extern void pairwise_squares_between(const Points *a, const Points *b, double *out);
extern void pairwise_absolute_between(const Points *a, const Points *b, double *out);

#endif							/* NEUROENC_PAIRWISE_H */
