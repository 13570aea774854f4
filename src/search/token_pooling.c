/*
 * token_pooling.c
 *		Hierarchical token pooling (Clavie, Chaffin and Adams 2024): the vectors of
 *		an item in clusters, and the mean of each.
 *
 * Clusters are Ward's, over the vectors' directions: the squared distance of two
 * unit vectors is 2 (1 - cos), so the least sum of squares within clusters is the
 * greatest agreement in cosine.  (The authors' code runs Ward over the rows of the
 * matrix of cosine distances, as if they were points.)  The tree is cut after
 * n - k merges.  Vectors of zeros have no direction: they stay at 0, and go
 * together.
 *
 * 3 n^2 d / 2 flops for the distances, O(n^2) for the tree.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "search/token_pooling.h"
#include "stats/differences.h"
#include "stats/linkage.h"
#include "stats/rdm.h"

#define MEMORY_HINT		"Split the item, and pool its parts."

Size
token_pooling_scratch(Size n, Size d)
{
	Size		panels = size_mul(size_add(linkage_panels_size(n, d), d), sizeof(double));

	/* distances; merges; clusters of rows and of merges */
	return size_add(size_add(panels, linkage_distances_bytes((int) n)), size_mul(n, 64));
}

/* Directions of the rows, in panels; unit: d of scratch */
static double *
directions(Size n, Size d, const double *x, double *unit)
{
	double	   *panels = huge_alloc0(Max(1, linkage_panels_size(n, d) * sizeof(double)));

	for (Size i = 0; i < n; i++)
	{
		double		length = sqrt(squared_length(x + i * d, d));

		for (Size j = 0; j < d; j++)
			unit[j] = length > 0 ? x[i * d + j] / length : 0;
		linkage_panels_put(panels, i, d, unit);
	}
	return panels;
}

/* number[i]: the cluster of row i after n - k merges, counted by first rows */
static void
cut_tree(Size n, Size k, const int32 *pair, int32 *number)
{
	int32	   *above = huge_alloc((2 * n - k) * sizeof(int32));
	int32	   *given = huge_alloc((2 * n - k) * sizeof(int32));
	int32		next = 0;

	for (Size c = 0; c < 2 * n - k; c++)
		above[c] = given[c] = -1;
	for (Size i = 0; i < n - k; i++)
		above[pair[2 * i]] = above[pair[2 * i + 1]] = (int32) (n + i);
	for (Size c = 2 * n - k; c-- > 0;)
		above[c] = above[c] < 0 ? (int32) c : above[above[c]];
	for (Size i = 0; i < n; i++)
	{
		if (given[above[i]] < 0)
			given[above[i]] = next++;
		number[i] = given[above[i]];
	}
	Assert((Size) next == k);
}

static void
means(Size n, Size d, const double *x, Size k, const int32 *number, double *pooled)
{
	int32	   *size = huge_alloc0(k * sizeof(int32));

	memset(pooled, 0, k * d * sizeof(double));
	for (Size i = 0; i < n; i++)
	{
		double	   *to = pooled + number[i] * d;

		size[number[i]]++;
		for (Size j = 0; j < d; j++)
			to[j] += x[i * d + j];
	}
	for (Size c = 0; c < k; c++)
		for (Size j = 0; j < d; j++)
			pooled[c * d + j] /= size[c];
}

void
token_pooling(Size n, Size d, const double *x, Size k, double *pooled)
{
	MemoryContext scratch = scratch_create("pool_tokens", token_pooling_scratch(n, d), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int32	   *number = huge_alloc0(n * sizeof(int32));

	if (n > 1)
	{
		double	   *panels = directions(n, d, x, huge_matrix(1, d));
		double	   *distance = huge_alloc(linkage_distances_bytes((int) n));
		int32	   *pair = huge_alloc(2 * (n - 1) * sizeof(int32));

		linkage_distances(n, d, panels, true, distance);
		linkage_tree(LINKAGE_WARD, (int) n, distance, pair, huge_matrix(1, n - 1));
		cut_tree(n, k, pair, number);
	}
	means(n, d, x, k, number, pooled);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
