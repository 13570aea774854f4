/*
 * sparse.h
 *		Sparse symmetric matrices: products, connected components, and the Cholesky
 *		factor of one whose graph is long rather than wide.
 */
#ifndef NEUROENC_SPARSE_H
#define NEUROENC_SPARSE_H

#include "postgres.h"

typedef struct SparseSymmetric
{
	int			n;
	Size	   *start;			/* n + 1: row i has entries start[i] .. start[i + 1] - 1 */
	int32	   *column;			/* ascending in a row; both triangles */
	double	   *value;
} SparseSymmetric;

/* Room for a matrix of so many entries, in CurrentMemoryContext. */
extern SparseSymmetric *sparse_new(int n, Size entries);
extern Size sparse_bytes(int n, Size entries);

/* Y = X A, X and Y b x n: a SymmetricProduct of linalg.h, 'a' being the matrix. */
extern void sparse_product(void *a, Size b, const double *x, double *y);
extern Size sparse_product_scratch(int n, Size b);

/* The components of the graph of the entries, by their first rows: component[i], from 0.  Returns how many. */
extern int	sparse_components(const SparseSymmetric *a, int32 *component);

/* ---- level_cholesky.c ---- */

typedef struct LevelCholesky LevelCholesky;

/* What a factor would cost.  O(entries). */
extern void level_cholesky_cost(const SparseSymmetric *a, double *flops, Size *bytes);

/*
 * Factors shift I - A, which must be positive definite (NULL if it is not), in
 * CurrentMemoryContext, level_cholesky_cost bytes.
 */
extern LevelCholesky *level_cholesky_new(const SparseSymmetric *a, double shift);

/* Y = X inv(shift I - A), X and Y b x n: a SymmetricProduct. */
extern void level_cholesky_solve(void *factor, Size b, const double *x, double *y);

#endif							/* NEUROENC_SPARSE_H */
