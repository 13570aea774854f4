/*
 * balanced_assignment.c
 *		Rows assigned to clusters of equal size at the least total cost, exactly.
 *
 * A flow of least cost with few sinks (Tokuyama and Nakano 1995, the Hitchcock
 * problem with k << n): each row takes the cluster of least cost plus price, and
 * then, while a cluster has too many rows, one is passed on along a shortest path
 * to one that has too few.  A path goes from cluster to cluster; its step from a
 * to b costs what the row of a loses that loses least, which a heap of each pair
 * (a, b) has at its top.  Prices keep the steps' lengths from being negative, so a
 * path is one Dijkstra over the clusters: k^2.  Moving a row is k pushes of log n.
 * Altogether n k for the heaps, and k^2 + k log n for each row that the prices
 * given leave in the wrong cluster; 24 n k bytes.
 *
 * The subtlety is which clusters have one row more when k does not divide n: a
 * last node stands for "the rest", with an arc from each cluster that may carry
 * 'low' rows or one more.  It takes part in paths, so that choice is exact as well.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "clustering/balanced.h"

typedef struct Move
{
	double		cost;			/* of the row in the other cluster less in its own */
	int32		row;
} Move;

/* The cheapest on top.  Moves of rows that have left are dropped when they come up. */
typedef struct MoveHeap
{
	int64		n;
	int64		capacity;
	Move	   *move;
} MoveHeap;

typedef struct Flow
{
	int			n;
	int			k;
	const double *cost;			/* n x k */
	int32	   *label;			/* n */
	int			low;			/* rows of a cluster, */
	int			high;			/* or these */
	int		   *kept;			/* k: rows that a cluster keeps: low or high */
	int64	   *excess;			/* k + 1: rows to be passed on; < 0: to be had */
	double	   *price;			/* k + 1 */
	MoveHeap   *heap;			/* k x k */
	int64		pushed;			/* since the heaps were made */
	MemoryContext heaps;
	/* of one search */
	double	   *distance;		/* k + 1 */
	bool	   *settled;
	int		   *previous;
	int32	   *via;			/* the row that would move */
} Flow;

/* ---- heaps ---- */

static inline bool
before(const Move *a, const Move *b)
{
	return a->cost < b->cost || (a->cost == b->cost && a->row < b->row);
}

static void
sift_down(MoveHeap *h, int64 i)
{
	Move		move = h->move[i];

	for (;;)
	{
		int64		child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && before(&h->move[child + 1], &h->move[child]))
			child++;
		if (!before(&h->move[child], &move))
			break;
		h->move[i] = h->move[child];
		i = child;
	}
	h->move[i] = move;
}

static void
append(MoveHeap *h, Move move)
{
	if (h->n == h->capacity)
	{
		h->capacity += h->capacity / 4 + 16;
		h->move = repalloc_huge(h->move, h->capacity * sizeof(Move));
	}
	h->move[h->n++] = move;
}

static void
push(MoveHeap *h, Move move)
{
	int64		i;

	append(h, move);
	for (i = h->n - 1; i > 0 && before(&move, &h->move[(i - 1) / 2]); i = (i - 1) / 2)
		h->move[i] = h->move[(i - 1) / 2];
	h->move[i] = move;
}

/* The cheapest move from a to b; NULL: a is empty. */
static const Move *
cheapest(Flow *f, int a, int b)
{
	MoveHeap   *h = &f->heap[(Size) a * f->k + b];

	while (h->n > 0 && f->label[h->move[0].row] != a)
	{
		h->move[0] = h->move[--h->n];
		if (h->n > 0)
			sift_down(h, 0);
	}
	return h->n > 0 ? &h->move[0] : NULL;
}

static Move
move_to(const Flow *f, int row, int b)
{
	const double *cost = f->cost + (Size) row * f->k;

	return (Move) {cost[b] - cost[f->label[row]], row};
}

static void
make_heaps(Flow *f)
{
	int64	   *size = palloc0(f->k * sizeof(int64));
	MemoryContext old = MemoryContextSwitchTo(f->heaps);

	MemoryContextReset(f->heaps);
	for (int i = 0; i < f->n; i++)
		size[f->label[i]]++;
	f->heap = huge_alloc0((Size) f->k * f->k * sizeof(MoveHeap));
	for (int a = 0; a < f->k; a++)
		for (int b = 0; b < f->k; b++)
		{
			MoveHeap   *h = &f->heap[(Size) a * f->k + b];

			h->capacity = a == b ? 1 : size[a] + 1;
			h->move = huge_alloc(h->capacity * sizeof(Move));
		}
	for (int i = 0; i < f->n; i++)
	{
		if ((i & 0xff) == 0)
			CHECK_FOR_INTERRUPTS();
		for (int b = 0; b < f->k; b++)
			if (b != f->label[i])
				append(&f->heap[(Size) f->label[i] * f->k + b], move_to(f, i, b));
	}
	for (Size pair = 0; pair < (Size) f->k * f->k; pair++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 i = f->heap[pair].n / 2; i-- > 0;)
			sift_down(&f->heap[pair], i);
	}
	f->pushed = 0;
	MemoryContextSwitchTo(old);
	pfree(size);
}

static void
move_row(Flow *f, int row, int to)
{
	f->label[row] = to;
	for (int b = 0; b < f->k; b++)
		if (b != to)
			push(&f->heap[(Size) to * f->k + b], move_to(f, row, b));
	f->pushed += f->k;
}

/* ---- the first flow ---- */

HOT_LOOP static int
cheapest_cluster(const double *cost, const double *price, int k)
{
	int			best = 0;

	for (int j = 1; j < k; j++)
		if (cost[j] + price[j] < cost[best] + price[best])
			best = j;
	return best;
}

/* What the prices say: each row's cluster, and what each cluster keeps. */
static void
first_flow(Flow *f)
{
	int64		kept = 0;

	memset(f->excess, 0, (f->k + 1) * sizeof(int64));
	for (int i = 0; i < f->n; i++)
	{
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		f->label[i] = cheapest_cluster(f->cost + (Size) i * f->k, f->price, f->k);
		f->excess[f->label[i]]++;
	}
	for (int j = 0; j < f->k; j++)
	{
		double		above = f->price[j] - f->price[f->k];

		f->kept[j] = above > 0 ? f->high : above < 0 ? f->low : (int) Min(Max(f->excess[j], f->low), f->high);
		f->excess[j] -= f->kept[j];
		kept += f->kept[j];
	}
	f->excess[f->k] = kept - f->n;
}

/* ---- paths ---- */

static void
reach(Flow *f, int from, int to, double length, int32 via)
{
	double		distance = f->distance[from] + Max(length, 0);

	if (!f->settled[to] && distance < f->distance[to])
	{
		f->distance[to] = distance;
		f->previous[to] = from;
		f->via[to] = via;
	}
}

static void
reach_from(Flow *f, int a)
{
	int			rest = f->k;

	if (a == rest)
	{
		for (int j = 0; j < f->k; j++)
			if (f->kept[j] > f->low)
				reach(f, rest, j, f->price[j] - f->price[rest], -1);
		return;
	}
	for (int b = 0; b < f->k; b++)
	{
		const Move *move;

		if (f->settled[b])
			continue;
		move = cheapest(f, a, b);
		if (move == NULL)
			break;
		reach(f, a, b, move->cost + f->price[b] - f->price[a], move->row);
	}
	if (f->kept[a] < f->high)
		reach(f, a, rest, f->price[rest] - f->price[a], -1);
}

static int
nearest_open(const Flow *f)
{
	int			found = -1;

	for (int j = 0; j <= f->k; j++)
		if (!f->settled[j] && f->distance[j] < INFINITY && (found < 0 || f->distance[j] < f->distance[found]))
			found = j;
	return found;
}

/* The nearest node that is to have rows, with prices moved so that the path to it is of length 0; -1: all is done. */
static int
find_path(Flow *f)
{
	bool		any = false;
	int			node;

	for (int j = 0; j <= f->k; j++)
	{
		f->settled[j] = false;
		f->previous[j] = -1;
		f->distance[j] = f->excess[j] > 0 ? 0 : INFINITY;
		any |= f->excess[j] > 0;
	}
	if (!any)
		return -1;
	while ((node = nearest_open(f)) >= 0 && f->excess[node] >= 0)
	{
		f->settled[node] = true;
		reach_from(f, node);
	}
	if (node < 0)
		elog(ERROR, "a cluster with too many rows has no way out");
	for (int j = 0; j <= f->k; j++)
		if (f->settled[j])
			f->price[j] += f->distance[node] - f->distance[j];
	return node;
}

/* One row more for 'node', from the far end of its path on. */
static void
pass_on(Flow *f, int node)
{
	f->excess[node]++;
	while (f->previous[node] >= 0)
	{
		int			from = f->previous[node];

		if (node == f->k)
			f->kept[from]++;
		else if (from == f->k)
			f->kept[node]--;
		else
			move_row(f, f->via[node], node);
		node = from;
	}
	f->excess[node]--;
}

/* ---- the whole ---- */

Size
balanced_assign_bytes(int n, int k)
{
	Size		pairs = size_mul(k, k);
	Size		moves = size_add(size_mul(n, k), pairs);	/* and half as many for those that come */

	return size_add(size_mul(moves, sizeof(Move) * 3 / 2), size_mul(pairs, sizeof(MoveHeap) + 64));
}

void
balanced_assign(int n, int k, const double *cost, double *price, int32 *label)
{
	MemoryContext scratch = scratch_create("assignment to clusters of equal size", balanced_assign_bytes(n, k),
										   "Take fewer rows or clusters.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Flow		f = {.n = n, .k = k, .cost = cost, .price = price, .label = label, .low = n / k, .high = n / k + (n % k > 0)};
	int			node;

	f.kept = palloc(k * sizeof(int));
	f.excess = palloc((k + 1) * sizeof(int64));
	f.distance = palloc((k + 1) * sizeof(double));
	f.settled = palloc((k + 1) * sizeof(bool));
	f.previous = palloc((k + 1) * sizeof(int));
	f.via = palloc((k + 1) * sizeof(int32));
	f.heaps = AllocSetContextCreate(scratch, "neuroenc moves", ALLOCSET_DEFAULT_SIZES);
	first_flow(&f);
	make_heaps(&f);
	while ((node = find_path(&f)) >= 0)
	{
		CHECK_FOR_INTERRUPTS();
		pass_on(&f, node);
		if (f.pushed > (int64) n * k / 4 + 1000)
			make_heaps(&f);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
