/*
 * sum_tree.h
 *		The sums x_a + x_c of all pairs of rows, in a tree of boxes, for parallelograms.c.
 */
#ifndef NEUROENC_SUM_TREE_H
#define NEUROENC_SUM_TREE_H

#include "postgres.h"

#define SUM_AXES	8			/* most axes along which sums are compared */
#define SUM_CUT_AXES 4			/* of them, that nodes are cut along: with more no box would be narrow */
#define SUM_LEAF	64			/* most sums of a leaf */

/* A pair of rows, a < c. */
typedef struct SumPair
{
	int32		a;
	int32		c;
} SumPair;

/* What a node's sums span: their coordinates, and the lengths of their diagonals x_a - x_c. */
typedef struct SumBox
{
	float		low[SUM_AXES];
	float		high[SUM_AXES];
	float		shortest;
	float		longest;
} SumBox;

/*
 * A complete binary tree over m pairs: node 1 is the root, nodes 2 i and 2 i + 1 are below node i, and
 * node i of level t (2^t <= i < 2^(t + 1)) holds pairs m b / 2^t .. m (b + 1) / 2^t - 1, b = i - 2^t.
 */
typedef struct SumTree
{
	Size		m;
	int			axes;
	int			levels;			/* the leaves are level 'levels' */
	SumPair    *pairs;			/* m, in the order of the leaves */
	float	   *coordinates;	/* axes x m: of the sums, in that order */
	float	   *diagonal;		/* m: |x_a - x_c| */
	SumBox	   *boxes;			/* 2^(levels + 1), from 1 */
} SumTree;

/* Of n rows with these coordinates (n x axes); squared is n x n, their squared distances.  In CurrentMemoryContext. */
extern SumTree *sum_tree_new(Size n, int axes, const float *coordinates, const double *squared);
extern Size sum_tree_bytes(Size n, int axes);

static inline Size
sum_tree_first(const SumTree *t, int level, Size b)
{
	return (Size) (((unsigned __int128) t->m * b) >> level);
}

/* The least squared distance that sums of the two can have. */
static inline float
sum_boxes_distance(const SumBox *a, const SumBox *b, int axes)
{
	float		sum = 0;

	for (int k = 0; k < axes; k++)
	{
		float		gap = Max(0, Max(a->low[k] - b->high[k], b->low[k] - a->high[k]));

		sum += gap * gap;
	}
	return sum;
}

#endif							/* NEUROENC_SUM_TREE_H */
