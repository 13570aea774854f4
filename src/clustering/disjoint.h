/*
 * disjoint.h
 *		Disjoint sets of 0 .. n - 1 that grow together (Tarjan 1975): by the smaller
 *		root, with path halving, so that which root a set has does not depend on
 *		the order of the unions.
 */
#ifndef NEUROENC_DISJOINT_H
#define NEUROENC_DISJOINT_H

#include "postgres.h"

static inline void
disjoint_init(int n, int32 *parent)
{
	for (int i = 0; i < n; i++)
		parent[i] = i;
}

/* The least of i's set. */
static inline int32
disjoint_find(int32 *parent, int32 i)
{
	while (parent[i] != i)
	{
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

/* Unites the sets of i and j; false if they were one already. */
static inline bool
disjoint_unite(int32 *parent, int32 i, int32 j)
{
	i = disjoint_find(parent, i);
	j = disjoint_find(parent, j);
	if (i == j)
		return false;
	parent[Max(i, j)] = Min(i, j);
	return true;
}

#endif							/* NEUROENC_DISJOINT_H */
