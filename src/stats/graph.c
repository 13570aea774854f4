/*
 * graph.c
 *		Undirected weighted graphs: neighbours and shortest paths.
 *
 * Neighbours lie node after node (compressed rows).  Shortest paths are one
 * Dijkstra a node over a binary heap, O(n (e + n) log n) in all, the nodes shared
 * by threads.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "linalg/linalg.h"
#include "stats/graph.h"

int
graph_compare_edges(const void *a, const void *b)
{
	const GraphEdge *x = a;
	const GraphEdge *y = b;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

Size
graph_bytes(int n, Size n_edges)
{
	return size_add(size_mul(n_edges, sizeof(GraphEdge) + 2 * (sizeof(int) + sizeof(Size))),
					((Size) n + 2) * 2 * sizeof(Size));
}

static void
add_neighbour(Graph *g, Size *filled, int u, int v, Size edge)
{
	Size		at = g->start[u] + filled[u]++;

	g->neighbour[at] = v;
	g->via[at] = edge;
}

Graph *
graph_new(int n, GraphEdge *edges, Size n_edges)
{
	Graph	   *g = palloc(sizeof(Graph));
	Size	   *filled = huge_alloc0(((Size) n + 1) * sizeof(Size));

	qsort(edges, n_edges, sizeof(GraphEdge), graph_compare_edges);
	g->n = n;
	g->n_edges = n_edges;
	g->edge = edges;
	g->start = huge_alloc0(((Size) n + 2) * sizeof(Size));
	g->neighbour = huge_alloc(Max(1, 2 * n_edges) * sizeof(int));
	g->via = huge_alloc(Max(1, 2 * n_edges) * sizeof(Size));
	for (Size e = 0; e < n_edges; e++)
	{
		g->start[edges[e].a + 1]++;
		g->start[edges[e].b + 1]++;
	}
	for (int u = 0; u < n; u++)
		g->start[u + 1] += g->start[u];
	/* edges are sorted: a node's lesser neighbours come in order by b's list, its greater ones by a's */
	for (Size e = 0; e < n_edges; e++)
		add_neighbour(g, filled, edges[e].b, edges[e].a, e);
	for (Size e = 0; e < n_edges; e++)
		add_neighbour(g, filled, edges[e].a, edges[e].b, e);
	pfree(filled);
	return g;
}

/* ---- shortest paths from one node ---- */

/* A heap of nodes by distance; place says where a node is, -1: not yet or no more. */
typedef struct Heap
{
	int			n;
	int		   *node;
	int		   *place;
	const double *key;
} Heap;

static void
heap_put(Heap *h, int at, int node)
{
	h->node[at] = node;
	h->place[node] = at;
}

static void
heap_raise(Heap *h, int node)
{
	int			at = h->place[node];

	if (at < 0)
		at = h->n++;
	while (at > 0 && h->key[h->node[(at - 1) / 2]] > h->key[node])
	{
		heap_put(h, at, h->node[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(h, at, node);
}

static int
heap_pop(Heap *h)
{
	int			top = h->node[0];
	int			last = h->node[--h->n];
	int			at = 0;

	h->place[top] = -1;
	if (h->n == 0)
		return top;
	for (;;)
	{
		int			child = 2 * at + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && h->key[h->node[child + 1]] < h->key[h->node[child]])
			child++;
		if (h->key[h->node[child]] >= h->key[last])
			break;
		heap_put(h, at, h->node[child]);
		at = child;
	}
	heap_put(h, at, last);
	return top;
}

typedef struct PathsJob
{
	const Graph *g;
	double	   *distance;		/* n x n */
	int		   *scratch;		/* a worker: 2 n */
} PathsJob;

static void
paths_from(int64 source, int worker, void *arg)
{
	PathsJob   *job = arg;
	const Graph *g = job->g;
	double	   *distance = job->distance + (Size) source * g->n;
	int		   *scratch = job->scratch + (Size) worker * 2 * g->n;
	Heap		heap = {0, scratch, scratch + g->n, distance};

	for (int u = 0; u < g->n; u++)
	{
		distance[u] = INFINITY;
		heap.place[u] = -1;
	}
	distance[source] = 0;
	heap_raise(&heap, (int) source);
	while (heap.n > 0)
	{
		int			u = heap_pop(&heap);

		for (Size k = g->start[u]; k < g->start[u + 1]; k++)
		{
			int			v = g->neighbour[k];
			double		d = distance[u] + g->edge[g->via[k]].weight;

			if (d < distance[v])
			{
				distance[v] = d;
				heap_raise(&heap, v);
			}
		}
	}
}

Size
graph_all_distances_scratch(int n)
{
	return size_mul(size_mul(2 * sizeof(int), n), parallel_threads());
}

void
graph_all_distances(const Graph *g, double *distance)
{
	PathsJob	job = {g, distance, huge_alloc(Max(1, graph_all_distances_scratch(g->n)))};

	parallel_for(g->n, 0, paths_from, &job);
	pfree(job.scratch);
}
