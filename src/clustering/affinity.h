/*
 * affinity.h
 *		How alike rows are: weights of a graph whose nodes are the rows.
 */
#ifndef NEUROENC_AFFINITY_H
#define NEUROENC_AFFINITY_H

#include "postgres.h"

#include "linalg/sparse.h"
#include "stats/points.h"

typedef enum AffinityKind
{
	AFFINITY_RBF,				/* exp(-gamma |a - b|^2) */
	AFFINITY_COSINE				/* a.b of rows of length 1, 0 where it is negative */
} AffinityKind;

typedef struct Affinity
{
	AffinityKind kind;
	double		gamma;
} Affinity;

/*
 * Rows as float8 (n x d, in CurrentMemoryContext, not claimed) in the form that
 * products want: about their mean, or of length 1.  ERROR on elements over 1e150,
 * and on a row of zeros where it should have length 1, by its ordinal.
 */
extern double *affinity_rows(const PointRows *rows, bool unit);

/* |row|^2 of n rows */
extern void affinity_norms(Size n, Size d, const double *x, double *norm);

/* a (n x n): the affinities of the rows of X (n x d); 'self' on the diagonal.  Exactly symmetric. */
extern void affinity_matrix(const Affinity *affinity, Size n, Size d, const double *x, double self, double *a);

/*
 * out (n x m): those of rows X (n x d) with rows Y (m x d); xx, yy squared norms.
 * For a parallel_for task: about 2 n m d flops at once.
 */
extern void affinity_block_raw(const Affinity *affinity, Size n, Size m, Size d, const double *x, const double *xx,
							   const double *y, const double *yy, double *out);

/*
 * The graph of the 'neighbors' nearest rows of each, itself counted (2 <= neighbors): A + A' over 2, A 1 where a row is among
 * another's nearest; zero diagonal.  In CurrentMemoryContext.
 */
extern SparseSymmetric *affinity_nearest(Size n, Size d, const double *x, int neighbors);
extern Size affinity_nearest_bytes(Size n, int neighbors);

#endif							/* NEUROENC_AFFINITY_H */
