/*
 * dbscan.c
 *		Clusters of points that lie densely (Ester, Kriegel, Sander and Xu 1996).
 *
 * One walk over the pairs within the radius (stats/within.c: n^2 d flops of gemm)
 * counts neighbours and unites core rows as soon as both are known to be core.
 * The other pairs are kept: each of them counts for a row that is not yet known
 * to be core, so there are fewer than n min_points.  When all counts are known
 * the kept pairs tell which other core rows are one cluster, and which core row
 * is nearest to a row that is none.
 *
 * Pairs of core rows that are in one cluster already are left out in the walk's
 * vectorised pass, so a radius that is far too large costs no more than a good one.
 *
 * The subtlety is a row at the border of two clusters.  The paper gives it to the
 * cluster that was found first, which depends on the order of rows; here it goes
 * to its nearest core row.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/clustering.h"
#include "clustering/dbscan.h"
#include "clustering/disjoint.h"
#include "voxel/cells.h"

#define MEMORY_HINT "Take fewer rows, a random part of them, or smaller min_points."

typedef struct Walk
{
	const Within *w;
	int			min_points;
	int32	   *count;			/* n: rows found within the radius, itself included */
	int32	   *parent;			/* n: disjoint sets of core rows */
	int32	   *group;			/* n: the set of a core row; a number of its own below 0 for another */
	Size		since;			/* pairs since the groups were brought up to date */
	MemoryClaim *claim;			/* of the pairs */
	Size		n_kept;
	Size		room;
	WithinPair *kept;
} Walk;

static inline bool
is_core(const Walk *walk, int32 i)
{
	return walk->count[i] >= walk->min_points;
}

/* ---- the walk ---- */

static void
make_room(Walk *walk, Size n)
{
	Size		room = Max(walk->n_kept + n, walk->room + walk->room / 2);
	WithinPair *larger;

	if (walk->n_kept + n <= walk->room)
		return;
	memory_claim_add(walk->claim, size_mul(room, sizeof(WithinPair)), MEMORY_HINT);
	larger = huge_alloc(room * sizeof(WithinPair));
	if (walk->kept)
	{
		memcpy(larger, walk->kept, walk->n_kept * sizeof(WithinPair));
		pfree(walk->kept);
		memory_claim_sub(walk->claim, walk->room * sizeof(WithinPair));
	}
	walk->kept = larger;
	walk->room = room;
}

static void
update_groups(Walk *walk)
{
	for (Size i = 0; i < walk->w->n; i++)
		if (is_core(walk, (int32) i))
			walk->group[i] = disjoint_find(walk->parent, (int32) i);
	walk->since = 0;
}

static void
take_pairs(Size n_pairs, const WithinPair *pairs, void *arg)
{
	Walk	   *walk = arg;

	make_room(walk, n_pairs);
	for (Size p = 0; p < n_pairs; p++)
	{
		int32		i = pairs[p].i;
		int32		j = pairs[p].j;

		if (is_core(walk, i) && is_core(walk, j))
			disjoint_unite(walk->parent, i, j);
		else
		{
			walk->count[i]++;
			walk->count[j]++;
			walk->kept[walk->n_kept++] = pairs[p];
		}
	}
	walk->since += n_pairs;
	if (walk->since > walk->w->n / 4)
		update_groups(walk);
}

static void
walk_pairs(Walk *walk)
{
	for (Size i = 0; i < walk->w->n; i++)
	{
		walk->count[i] = 1;
		walk->group[i] = walk->min_points <= 1 ? (int32) i : -1 - (int32) i;
	}
	disjoint_init((int) walk->w->n, walk->parent);
	within_pairs(walk->w, walk->group, take_pairs, walk);
}

/* ---- what the kept pairs tell ---- */

/* May the core row be the nearest of one that is not? */
static void
offer(const Walk *walk, int32 row, int32 core, double *nearest, int32 *nearest_core)
{
	double		distance = within_distance(walk->w, row, core);

	if (distance < nearest[row] || (distance == nearest[row] && core < nearest_core[row]))
	{
		nearest[row] = distance;
		nearest_core[row] = core;
	}
}

static void
label_rows(Walk *walk, int32 *label)
{
	Size		n = walk->w->n;
	double	   *nearest = huge_matrix(1, n);
	int32	   *nearest_core = huge_alloc(n * sizeof(int32));

	for (Size i = 0; i < n; i++)
	{
		nearest[i] = INFINITY;
		nearest_core[i] = -1;
	}
	for (Size p = 0; p < walk->n_kept; p++)
	{
		int32		i = walk->kept[p].i;
		int32		j = walk->kept[p].j;

		if ((p & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (is_core(walk, i) && is_core(walk, j))
			disjoint_unite(walk->parent, i, j);
		else if (is_core(walk, j))
			offer(walk, i, j, nearest, nearest_core);
		else if (is_core(walk, i))
			offer(walk, j, i, nearest, nearest_core);
	}
	for (Size i = 0; i < n; i++)
	{
		int32		core = is_core(walk, (int32) i) ? (int32) i : nearest_core[i];

		label[i] = core < 0 ? -1 : disjoint_find(walk->parent, core);
	}
}

static void
dbscan_pairs(const Within *w, int min_points, int32 *label)
{
	Size		bytes = size_mul(w->n, 4 * sizeof(int32) + sizeof(double));
	MemoryContext scratch = scratch_create("dbscan", bytes, MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Walk		walk = {.w = w, .min_points = min_points};

	walk.count = huge_alloc(w->n * sizeof(int32));
	walk.parent = huge_alloc(w->n * sizeof(int32));
	walk.group = huge_alloc(w->n * sizeof(int32));
	walk.claim = memory_claim(scratch, "dbscan's pairs of neighbours");
	walk_pairs(&walk);
	label_rows(&walk, label);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

int
dbscan(const Within *w, int min_points, int32 *label)
{
	bool		few = w->d <= CELLS_MAX_DIMENSIONS && w->metric == WITHIN_EUCLIDEAN;

	if ((Size) min_points > w->n)
		for (Size i = 0; i < w->n; i++)
			label[i] = -1;
	else if (!few || !dbscan_grid(w, min_points, label))
		dbscan_pairs(w, min_points, label);
	return labels_by_size((int) w->n, label);
}
