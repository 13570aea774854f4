/*
 * linkage.c
 *		Agglomerative clustering: single by Prim's minimum spanning tree, the others
 *		by the nearest-neighbour chain (Murtagh 1983; Muellner 2011) with the
 *		updates of Lance and Williams (1967).
 *
 * A chain of clusters, each the nearest neighbour of the one before, ends in two
 * that are each other's: they merge, and what is left of the chain stays valid,
 * since a merged cluster is no nearer to any other than the nearer of its parts.
 * n - 1 merges and about 2 n searches of a row of n distances: O(n^2) time over
 * n (n - 1) / 2 doubles.  Every merge and search first gathers a cluster's row
 * from the triangle, half of it from one cache line an element, which is
 * nearly all of the time; so
 *	 - a cluster's nearest neighbour is kept until it merges: the leaves' come from
 *	   one pass over the triangle, a new cluster's from its update;
 *	 - when a fifth of the rows is dropped, the triangle is packed in place.
 *
 * Ties are broken as SciPy does: the chain prefers the cluster it came from, then
 * the lower place; a merged cluster takes the higher of the two places.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "stats/linkage.h"
#include "stats/rdm.h"

#define PACK_BELOW	0.8			/* of the places in use */
#define PACK_LEAST	64

static const char *const method_names[] = {"single", "complete", "average", "ward"};

/* A merge as it was found: a leaf of each side. */
typedef struct Merge
{
	double		height;
	int32		found;
	int32		leaf[2];
} Merge;

typedef struct Tree
{
	LinkageMethod method;
	int			m;				/* places in the triangle */
	int			n_active;
	double	   *distance;		/* condensed, of m places */
	double	   *size;			/* m: leaves of the cluster at this place, 0: none */
	int32	   *leaf;			/* m: one of them */
	int32	   *nearest;		/* m: the nearest place, the lowest of equals; -1: not known */
	double	   *least;			/* m: its distance */
	double	   *row[2];			/* m: gathered rows */
	int32	   *place;			/* m: places in use, while packing */
	int32	   *new_place;		/* m: what becomes of a place */
	int32	   *chain;			/* m */
	int			chain_length;
	Merge	   *merge;
	int			n_merges;
} Tree;

const char *
linkage_method_name(LinkageMethod method)
{
	return method_names[method];
}

LinkageMethod
linkage_method_from_name(const char *name)
{
	for (int i = 0; i < (int) lengthof(method_names); i++)
		if (strcmp(name, method_names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown linkage method \"%s\"", name),
			 errhint("Methods are single, complete, average and ward.")));
}

Size
linkage_distances_bytes(int n)
{
	return size_mul(RDM_PAIRS(n), sizeof(double));
}

Size
linkage_scratch(int n)
{
	return size_mul(n, 4 * sizeof(double) + 5 * sizeof(int32) + sizeof(Merge));
}

/* ---- rows of the triangle ---- */

/* Where row x's distances to the places j > x stand: at [j]. */
static double *
upper_row(const Tree *t, int x)
{
	return t->distance + ((int64) rdm_pair(t->m, x, x + 1) - x - 1);
}

/* Row x: distances to all places, infinite to itself; what stands at unused places means nothing. */
static void
gather_row(const Tree *t, int x, double *row)
{
	Size		at = x - 1;

	for (int i = 0; i < x; at += t->m - i - 2, i++)
		row[i] = t->distance[at];
	row[x] = INFINITY;
	memcpy(row + x + 1, upper_row(t, x) + x + 1, (t->m - x - 1) * sizeof(double));
}

static void
scatter_row(const Tree *t, int x, const double *row)
{
	Size		at = x - 1;

	for (int i = 0; i < x; at += t->m - i - 2, i++)
		t->distance[at] = row[i];
	memcpy(upper_row(t, x) + x + 1, row + x + 1, (t->m - x - 1) * sizeof(double));
}

HOT_LOOP static double
least_of(int m, const double *row, const double *size)
{
	double		least = INFINITY;

#pragma omp simd reduction(min:least)
	for (int i = 0; i < m; i++)
	{
		double		value = size[i] > 0 ? row[i] : INFINITY;

		least = value < least ? value : least;
	}
	return least;
}

/* The nearest place of a gathered row x is noted. */
static void
note_nearest(Tree *t, int x, const double *row)
{
	double		least = least_of(t->m, row, t->size);
	int			i = 0;

	/* x itself is infinite, and all may be: then any other place will do */
	while (i == x || t->size[i] == 0 || row[i] != least)
		i++;
	t->nearest[x] = i;
	t->least[x] = least;
}

/* Packs the triangle if few of its places are in use: places keep their order. */
static void
pack(Tree *t)
{
	double	   *to = t->distance;
	int			used = 0;

	if (t->m < PACK_LEAST || t->n_active > PACK_BELOW * t->m)
		return;
	for (int i = 0; i < t->m; i++)
		if (t->size[i] > 0)
		{
			t->new_place[i] = used;
			t->place[used++] = i;
		}
	for (int i = 0; i < used; i++)
	{
		const double *from = upper_row(t, t->place[i]);

		CHECK_FOR_INTERRUPTS();
		for (int j = i + 1; j < used; j++)
			*to++ = from[t->place[j]];
	}
	for (int i = 0; i < t->chain_length; i++)
		t->chain[i] = t->new_place[t->chain[i]];
	for (int i = 0; i < used; i++)
	{
		int			old = t->place[i];

		t->size[i] = t->size[old];
		t->leaf[i] = t->leaf[old];
		t->least[i] = t->least[old];
		t->nearest[i] = t->nearest[old] < 0 ? -1 : t->new_place[t->nearest[old]];
	}
	t->m = used;
}

/* ---- the nearest-neighbour chain ---- */

/* Distances i > x of row x: those of them that are nearer to their place, or to x, than all before. */
HOT_LOOP static void
lower_least(int x, int m, const double *row, double *least, int32 *nearest)
{
	for (int i = x + 1; i < m; i++)
	{
		bool		nearer = row[i] < least[i];

		least[i] = nearer ? row[i] : least[i];
		nearest[i] = nearer ? x : nearest[i];
	}
}

/* The nearest neighbours of all leaves in one pass over the triangle. */
static void
find_all_nearest(Tree *t)
{
	for (int i = 0; i < t->m; i++)
	{
		t->least[i] = INFINITY;
		t->nearest[i] = -1;
	}
	for (int x = 0; x + 1 < t->m; x++)
	{
		const double *row = upper_row(t, x);
		double		least;

		if ((x & 63) == 0)
			CHECK_FOR_INTERRUPTS();
		lower_least(x, t->m, row, t->least, t->nearest);
		least = least_of(t->m - x - 1, row + x + 1, t->size + x + 1);
		if (least < t->least[x])
		{
			int			i = x + 1;

			while (row[i] != least)
				i++;
			t->least[x] = least;
			t->nearest[x] = i;
		}
	}
}

/*
 * Row y of the cluster that x and y become.  At unused places it is made of
 * numbers that mean nothing, but not of NaN.
 */
HOT_LOOP static void
merge_rows(LinkageMethod method, int m, double size_x, double size_y, double distance,
		   const double *size, const double *x, double *y)
{
	double		total = size_x + size_y;

	if (method == LINKAGE_COMPLETE)
		for (int i = 0; i < m; i++)
			y[i] = x[i] > y[i] ? x[i] : y[i];
	else if (method == LINKAGE_AVERAGE)
		for (int i = 0; i < m; i++)
			y[i] = (size_x * x[i] + size_y * y[i]) / total;
	else
		for (int i = 0; i < m; i++)
			y[i] = ((size[i] + size_x) * x[i] + (size[i] + size_y) * y[i] - size[i] * distance) / (total + size[i]);
}

/* Nearest neighbours after x and y became y, whose row this is. */
static void
renew_nearest(Tree *t, int x, int y, const double *row)
{
	for (int i = 0; i < t->m; i++)
	{
		if (t->nearest[i] == x || t->nearest[i] == y)
			t->nearest[i] = -1;
		else if (row[i] <= t->least[i] && t->nearest[i] >= 0 && i != y &&
				 (row[i] < t->least[i] || y < t->nearest[i]))	/* equal, or less by rounding */
		{
			t->nearest[i] = y;
			t->least[i] = row[i];
		}
	}
	if (t->n_active > 1)
		note_nearest(t, y, row);
}

static void
merge_places(Tree *t, int a, int b, double distance)
{
	int			x = Min(a, b);
	int			y = Max(a, b);

	t->merge[t->n_merges] = (Merge) {distance, t->n_merges, {t->leaf[x], t->leaf[y]}};
	t->n_merges++;
	gather_row(t, x, t->row[0]);
	gather_row(t, y, t->row[1]);
	merge_rows(t->method, t->m, t->size[x], t->size[y], distance, t->size, t->row[0], t->row[1]);
	scatter_row(t, y, t->row[1]);
	t->size[y] += t->size[x];
	t->size[x] = 0;
	t->n_active--;
	renew_nearest(t, x, y, t->row[1]);
	pack(t);
}

/* Where distances tie, the chain goes back to where it came from. */
static int
next_in_chain(Tree *t)
{
	int			tip = t->chain[t->chain_length - 1];

	if (t->nearest[tip] < 0)
	{
		gather_row(t, tip, t->row[0]);
		note_nearest(t, tip, t->row[0]);
	}
	if (t->chain_length > 1)
	{
		int			before = t->chain[t->chain_length - 2];

		if (t->distance[rdm_pair(t->m, Min(tip, before), Max(tip, before))] <= t->least[tip])
			return before;
	}
	return t->nearest[tip];
}

static void
nearest_neighbour_chain(Tree *t)
{
	find_all_nearest(t);
	while (t->n_active > 1)
	{
		int			next;

		CHECK_FOR_INTERRUPTS();
		if (t->chain_length == 0)
		{
			int			first = 0;

			while (t->size[first] == 0)
				first++;
			t->chain[t->chain_length++] = first;
		}
		next = next_in_chain(t);
		if (t->chain_length > 1 && next == t->chain[t->chain_length - 2])
		{
			int			tip = t->chain[t->chain_length - 1];

			t->chain_length -= 2;
			progress_add(t->n_active);
			merge_places(t, tip, next, t->distance[rdm_pair(t->m, Min(tip, next), Max(tip, next))]);
		}
		else
			t->chain[t->chain_length++] = next;
	}
}

/* ---- the minimum spanning tree ---- */

HOT_LOOP static void
lower_to(int m, const double *row, double *least)
{
	for (int i = 0; i < m; i++)
		least[i] = row[i] < least[i] ? row[i] : least[i];
}

/*
 * Leaves in the order in which Prim's algorithm takes them: those that are joined
 * below any height are neighbours in it, so each is merged with the one before.
 */
static void
spanning_tree(Tree *t)
{
	int			x = 0;

	for (int i = 0; i < t->m; i++)
	{
		t->least[i] = INFINITY;
		t->nearest[i] = -1;
	}
	while (t->n_active > 1)
	{
		int32		leaf = t->leaf[x];

		CHECK_FOR_INTERRUPTS();
		gather_row(t, x, t->row[0]);
		lower_to(t->m, t->row[0], t->least);
		t->size[x] = 0;
		progress_add(t->n_active--);
		pack(t);
		x = 0;
		for (double least = least_of(t->m, t->least, t->size); t->size[x] == 0 || t->least[x] != least;)
			x++;
		t->merge[t->n_merges] = (Merge) {t->least[x], t->n_merges, {leaf, t->leaf[x]}};
		t->n_merges++;
	}
}

/* ---- numbering the merges ---- */

static int
compare_merges(const void *a, const void *b)
{
	const Merge *x = a;
	const Merge *y = b;

	if (x->height != y->height)
		return x->height < y->height ? -1 : 1;
	return x->found < y->found ? -1 : x->found > y->found;
}

static int32
root_of(int32 *parent, int32 node)
{
	while (parent[node] != node)
	{
		parent[node] = parent[parent[node]];
		node = parent[node];
	}
	return node;
}

static void
number_merges(int n, Merge *merge, int32 *pair, double *height)
{
	int32	   *parent = huge_alloc(2 * (Size) n * sizeof(int32));

	qsort(merge, n - 1, sizeof(Merge), compare_merges);
	for (int i = 0; i < 2 * n; i++)
		parent[i] = i;
	for (int i = 0; i < n - 1; i++)
	{
		int32		a = root_of(parent, merge[i].leaf[0]);
		int32		b = root_of(parent, merge[i].leaf[1]);

		pair[2 * (Size) i] = Min(a, b);
		pair[2 * i + 1] = Max(a, b);
		height[i] = merge[i].height;
		parent[a] = parent[b] = n + i;
	}
	pfree(parent);
}

void
linkage_tree(LinkageMethod method, int n, double *distance, int32 *pair, double *height)
{
	MemoryContext scratch = scratch_create("linkage", linkage_scratch(n), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Tree		t = {.method = method, .m = n, .n_active = n, .distance = distance};

	t.size = huge_matrix(1, n);
	t.least = huge_matrix(1, n);
	t.row[0] = huge_matrix(1, n);
	t.row[1] = huge_matrix(1, n);
	t.leaf = huge_alloc((Size) n * sizeof(int32));
	t.nearest = huge_alloc((Size) n * sizeof(int32));
	t.place = huge_alloc((Size) n * sizeof(int32));
	t.new_place = huge_alloc((Size) n * sizeof(int32));
	t.chain = huge_alloc((Size) n * sizeof(int32));
	t.merge = huge_alloc((Size) n * sizeof(Merge));
	for (int i = 0; i < n; i++)
	{
		t.size[i] = 1;
		t.leaf[i] = i;
	}
	progress_begin("linkage", (double) n * (n + 1) / 2 - 1);	/* n + (n - 1) + ... + 2 */
	if (method == LINKAGE_SINGLE)
		spanning_tree(&t);
	else
		nearest_neighbour_chain(&t);
	progress_end();
	if (method == LINKAGE_WARD)
		for (int i = 0; i < n - 1; i++)
			t.merge[i].height = sqrt(t.merge[i].height) + 0.0;	/* -0 becomes 0 */
	number_merges(n, t.merge, pair, height);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
