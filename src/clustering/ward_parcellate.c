/*
 * ward_parcellate.c
 *		Ward's clustering of voxels where only clusters that touch may merge
 *		(Ward 1963; as scikit-learn's AgglomerativeClustering with connectivity).
 *
 * Each cluster keeps the sum of its rows, its size and its neighbours.  Two of
 * them would add |a| |b| / (|a| + |b|) times the squared distance of centroids to
 * the sum of squares; the least one merges.  A chain of nearest neighbours won't
 * do: a merge makes new neighbours, which may be nearer than all before.
 *
 * A pair's cost is computed once, when the later of its clusters is made, and
 * stands in a heap of that cluster's own; one heap over all clusters holds the
 * top of each.  Clusters that are gone are passed over when they come up.  The same
 * array is a cluster's list of neighbours: it has numbers that they had once,
 * which union-find turns into those that live.
 *
 * d flops for each neighbour of each merged cluster, some 20 n d for voxels on a
 * grid.  Data without any smoothness grow one cluster that takes a voxel at a
 * time and has thousands of neighbours: then n times as many.
 *
 * The same merges come in the same order for the same rows: costs that tie go by
 * the clusters' numbers.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "clustering/ward_parcellate.h"

#define MEMORY_HINT "Take a smaller radius, or fewer voxels."

typedef struct Entry
{
	double		cost;
	int32		later;			/* the larger number of the two clusters */
	int32		earlier;
} Entry;

/* Clusters 0 .. n - 1 are voxels, merge i makes n + i.  All arrays of 2 n - k. */
typedef struct Parcels
{
	int			d;
	double	   *sum;			/* n x d, at 'slot' */
	int32	   *slot;
	int32	   *size;
	int32	   *parent;			/* itself while it lives */
	int32	   *mark;			/* the last cluster whose list it was put into */
	Entry	  **list;			/* 'earlier' is a neighbour, by any number that it had */
	int32	   *length;
	int32	   *in_heap;		/* that many at the list's head are a heap, the others have no cost */
	Entry	   *top;			/* a heap: the least of each list */
	int			n_tops;
} Parcels;

static int32
living(int32 *parent, int32 cluster)
{
	while (parent[cluster] != cluster)
	{
		parent[cluster] = parent[parent[cluster]];
		cluster = parent[cluster];
	}
	return cluster;
}

int
ward_parts(const VoxelNeighbours *g)
{
	int32	   *parent = huge_alloc(Max(1, (Size) g->n) * sizeof(int32));
	int			parts = g->n;

	for (int i = 0; i < g->n; i++)
		parent[i] = i;
	for (int i = 0; i < g->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size at = g->start[i]; at < g->start[i + 1] && g->neighbour[at] < i; at++)
		{
			int32		a = living(parent, i);
			int32		b = living(parent, g->neighbour[at]);

			parts -= a != b;
			parent[Max(a, b)] = Min(a, b);
		}
	}
	pfree(parent);
	return parts;
}

/* ---- the heap ---- */

static inline bool
before(const Entry *a, const Entry *b)
{
	if (a->cost != b->cost)
		return a->cost < b->cost;
	return a->later != b->later ? a->later < b->later : a->earlier < b->earlier;
}

static void
sift_down(Entry *heap, Size n, Size at)
{
	Entry		entry = heap[at];

	for (Size child = 2 * at + 1; child < n; child = 2 * at + 1)
	{
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (!before(&heap[child], &entry))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = entry;
}

static void
make_heap(Entry *heap, Size n)
{
	for (Size at = n / 2; at-- > 0;)
		sift_down(heap, n, at);
}

static inline bool
is_living(const Parcels *p, int32 cluster)
{
	return p->parent[cluster] == cluster;
}

static void
push_top(Parcels *p, Entry entry)
{
	int			at = p->n_tops++;

	while (at > 0 && before(&entry, &p->top[(at - 1) / 2]))
	{
		p->top[at] = p->top[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	p->top[at] = entry;
}

static Entry
pop_top(Parcels *p)
{
	Entry		top = p->top[0];

	p->top[0] = p->top[--p->n_tops];
	if (p->n_tops > 1)
		sift_down(p->top, p->n_tops, 0);
	return top;
}

/* The least cost of c with an earlier cluster that lives goes to the heap of all. */
static void
offer(Parcels *p, int32 c)
{
	Entry	   *list = p->list[c];

	while (p->in_heap[c] > 0 && !is_living(p, list[0].earlier))
	{
		Entry		gone = list[0];
		int32		last = --p->in_heap[c];

		list[0] = list[last];
		list[last] = gone;
		if (last > 1)
			sift_down(list, last, 0);
	}
	if (p->in_heap[c] > 0)
		push_top(p, list[0]);
}

/* ---- clusters ---- */

HOT_LOOP static double
squared_distance_of_means(int d, const double *a, double per_a, const double *b, double per_b)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (int i = 0; i < d; i++)
	{
		double		difference = a[i] * per_a - b[i] * per_b;

		sum += difference * difference;
	}
	return sum;
}

static Entry
entry_of(const Parcels *p, int32 a, int32 b)
{
	double		size_a = p->size[a];
	double		size_b = p->size[b];
	double		squared = squared_distance_of_means(p->d, p->sum + (Size) p->slot[a] * p->d, 1 / size_a,
													p->sum + (Size) p->slot[b] * p->d, 1 / size_b);

	return (Entry) {size_a * size_b / (size_a + size_b) * squared, Max(a, b), Min(a, b)};
}

HOT_LOOP static void
add_row(int d, double *to, const double *from)
{
	for (int i = 0; i < d; i++)
		to[i] += from[i];
}

/* Living neighbours of a list go to the list of c, each once. */
static void
join_list(Parcels *p, int32 c, int32 from)
{
	for (int32 i = 0; i < p->length[from]; i++)
	{
		int32		other = living(p->parent, p->list[from][i].earlier);

		if (other == c || p->mark[other] == c)
			continue;
		p->mark[other] = c;
		p->list[c][p->length[c]++] = entry_of(p, c, other);
	}
}

static void
merge(Parcels *p, int32 c, int32 a, int32 b)
{
	p->parent[a] = p->parent[b] = c;
	p->size[c] = p->size[a] + p->size[b];
	p->slot[c] = p->slot[a];
	add_row(p->d, p->sum + (Size) p->slot[a] * p->d, p->sum + (Size) p->slot[b] * p->d);
	p->list[c] = huge_alloc(((Size) p->length[a] + p->length[b]) * sizeof(Entry));
	join_list(p, c, a);
	join_list(p, c, b);
	pfree(p->list[a]);
	pfree(p->list[b]);
	p->in_heap[c] = p->length[c];
	make_heap(p->list[c], p->length[c]);
	offer(p, c);
}

/* Voxel i's list: the costs of those before it are a heap, those after it have i in theirs. */
static void
list_voxel(Parcels *p, const VoxelNeighbours *g, int32 i)
{
	const int32 *neighbour = g->neighbour + g->start[i];

	p->length[i] = (int32) (g->start[i + 1] - g->start[i]);
	p->list[i] = huge_alloc(Max(1, (Size) p->length[i]) * sizeof(Entry));
	for (int32 at = 0; at < p->length[i]; at++)
		if (neighbour[at] < i)
			p->list[i][p->in_heap[i]++] = entry_of(p, i, neighbour[at]);
		else
			p->list[i][at] = (Entry) {0, i, neighbour[at]};
	make_heap(p->list[i], p->in_heap[i]);
	offer(p, i);
}

static Parcels
voxels_alone(int d, double *x, const VoxelNeighbours *g, int k)
{
	Size		n_clusters = 2 * (Size) g->n - k;
	Parcels		p = {.d = d, .sum = x};

	p.slot = huge_alloc(n_clusters * sizeof(int32));
	p.size = huge_alloc(n_clusters * sizeof(int32));
	p.parent = huge_alloc(n_clusters * sizeof(int32));
	p.mark = huge_alloc(n_clusters * sizeof(int32));
	p.length = huge_alloc0(n_clusters * sizeof(int32));
	p.in_heap = huge_alloc0(n_clusters * sizeof(int32));
	p.list = huge_alloc(n_clusters * sizeof(Entry *));
	p.top = huge_alloc(n_clusters * sizeof(Entry));
	for (Size i = 0; i < n_clusters; i++)
	{
		p.parent[i] = (int32) i;
		p.mark[i] = -1;
	}
	for (int i = 0; i < g->n; i++)
	{
		p.slot[i] = i;
		p.size[i] = 1;
	}
	for (int i = 0; i < g->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		list_voxel(&p, g, i);
	}
	return p;
}

/* Lists only get shorter as clusters merge, but for the one that is being made. */
Size
ward_parcellate_scratch(const VoxelNeighbours *g, int k)
{
	Size		per_cluster = 6 * sizeof(int32) + sizeof(Entry *) + sizeof(Entry);
	Size		lists = size_add(size_mul(2 * g->start[g->n], sizeof(Entry)), size_mul(g->n, 4 * sizeof(Entry)));

	return size_add(size_mul(2 * (Size) g->n - k, per_cluster), lists);
}

void
ward_parcellate(int d, double *x, const VoxelNeighbours *g, int k, int32 *label)
{
	int			n = g->n;
	MemoryContext scratch = scratch_create("ward_parcellate", ward_parcellate_scratch(g, k), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Parcels		p = voxels_alone(d, x, g, k);
	int32	   *leader;

	progress_begin("ward_parcellate", n - k);
	for (int32 c = n; c < 2 * n - k;)
	{
		Entry		least = pop_top(&p);

		CHECK_FOR_INTERRUPTS();
		if (!is_living(&p, least.later))
			continue;
		if (!is_living(&p, least.earlier))
		{
			offer(&p, least.later);
			continue;
		}
		merge(&p, c++, least.later, least.earlier);
		progress_add(1);
	}
	progress_end();
	leader = p.mark;
	for (int i = n - 1; i >= 0; i--)
		leader[living(p.parent, i)] = i;
	for (int i = 0; i < n; i++)
		label[i] = leader[living(p.parent, i)];
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
