/*
 * ollivier_ricci.c
 *		Ollivier-Ricci curvature of a graph's edges (Ollivier 2009; lazy walks as
 *		Lin, Lu and Yau 2011).
 *
 * An edge is curved positively where the neighbourhoods of its ends are closer
 * to one another than its ends are.  How close is the Wasserstein-1 distance of
 * the two neighbourhoods over shortest paths, solved exactly by the network
 * simplex, an edge a task.  n Dijkstras, then a problem of at most the ends'
 * degrees an edge; 8 n^2 bytes.
 *
 * The subtlety: masses are multiplied by both degrees, which makes them whole
 * numbers for alpha 0 and halves for alpha .5, and what both ends have at the
 * same node stays there, as it may where costs are a metric.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "similarity/ollivier_ricci.h"
#include "stats/transport.h"

#define LARGE_PROBLEM 200		/* nodes a side: not in a task, which could not be interrupted */
#define NO_MASS		1e-12		/* of the whole */

/* ---- the graph of an RDM ---- */

typedef struct Neighbour
{
	double		distance;
	int			node;
} Neighbour;

static int
compare_neighbours(const void *a, const void *b)
{
	const Neighbour *x = a;
	const Neighbour *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Others of condition i that it has a distance to, the nearest first; returns their number. */
static int
neighbours_of(const Rdm *r, int i, Neighbour *others)
{
	Size		n = r->n_conditions;
	const double *d = RDM_DISTANCES(r);
	int			count = 0;

	for (Size j = 0; j < n; j++)
	{
		double		distance;

		if (j == (Size) i)
			continue;
		distance = d[rdm_pair(n, Min(j, (Size) i), Max(j, (Size) i))];
		if (distance < 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("a distance is negative, but lengths of paths need distances that are not"),
					 errdetail_client("That of \"%s\" and \"%s\" is %g.", label_text(rdm_label(r, i)),
									  label_text(rdm_label(r, (int) j)), distance)));
		if (!isnan(distance))
			others[count++] = (Neighbour) {distance, (int) j};
	}
	qsort(others, count, sizeof(Neighbour), compare_neighbours);
	return count;
}

Graph *
nearest_neighbour_graph(const Rdm *r, int k)
{
	int			n = r->n_conditions;
	Size		most = size_mul(n, Min(k, n));
	GraphEdge  *edges = huge_alloc(Max(1, most) * sizeof(GraphEdge));
	Neighbour  *others = huge_alloc(Max(1, n) * sizeof(Neighbour));
	Size		n_edges = 0;
	Size		kept = 0;

	for (int i = 0; i < n; i++)
	{
		int			count = Min(k, neighbours_of(r, i, others));

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < count; j++)
			edges[n_edges++] = (GraphEdge) {Min(i, others[j].node), Max(i, others[j].node), others[j].distance};
	}
	qsort(edges, n_edges, sizeof(GraphEdge), graph_compare_edges);
	for (Size e = 0; e < n_edges; e++)
		if (kept == 0 || graph_compare_edges(&edges[kept - 1], &edges[e]) != 0)
			edges[kept++] = edges[e];
	pfree(others);
	return graph_new(n, edges, kept);
}

/* ---- curvature of one edge ---- */

/* A worker's memory for problems of at most 'most' nodes a side. */
typedef struct Bench
{
	double	   *mass;			/* n, 0 between edges */
	int		   *touched;		/* 2 most: nodes that an end has mass at */
	int		   *source;			/* most */
	int		   *sink;			/* most */
	double	   *supply;			/* most */
	double	   *demand;			/* most */
	double	   *cost;			/* most x most */
	Transport  *transport;
} Bench;

typedef struct CurvatureJob
{
	const Graph *g;
	double		alpha;
	const double *distance;
	double	   *kappa;
	int			most;
	Bench	   *bench;			/* a worker */
	bool		interruptible;
} CurvatureJob;

/* Adds to the masses that of the walk from u, times 'sign' and the degrees of both ends; returns nodes touched. */
static int
add_walk(const Graph *g, Bench *bench, int n_touched, int u, double alpha, double other_degree, double sign)
{
	double		degree = GRAPH_DEGREE(g, u);

	bench->mass[u] += sign * alpha * degree * other_degree;
	bench->touched[n_touched++] = u;
	for (Size k = g->start[u]; k < g->start[u + 1]; k++)
	{
		bench->mass[g->neighbour[k]] += sign * (1 - alpha) * other_degree;
		bench->touched[n_touched++] = g->neighbour[k];
	}
	return n_touched;
}

/* Wasserstein-1 of the walks from the ends of an edge. */
static double
walks_apart(const CurvatureJob *job, const GraphEdge *edge, Bench *bench)
{
	const Graph *g = job->g;
	double		whole = (double) GRAPH_DEGREE(g, edge->a) * GRAPH_DEGREE(g, edge->b);
	int			n_touched = add_walk(g, bench, 0, edge->a, job->alpha, GRAPH_DEGREE(g, edge->b), 1);
	Size		m = 0;
	Size		n = 0;

	n_touched = add_walk(g, bench, n_touched, edge->b, job->alpha, GRAPH_DEGREE(g, edge->a), -1);
	for (int k = 0; k < n_touched; k++)
	{
		int			u = bench->touched[k];
		double		mass = bench->mass[u];

		bench->mass[u] = 0;
		if (mass > NO_MASS * whole)
		{
			bench->source[m] = u;
			bench->supply[m++] = mass;
		}
		else if (mass < -NO_MASS * whole)
		{
			bench->sink[n] = u;
			bench->demand[n++] = -mass;
		}
	}
	if (m == 0 || n == 0)
		return 0;
	for (Size i = 0; i < m; i++)
		for (Size j = 0; j < n; j++)
			bench->cost[i * n + j] = job->distance[(Size) bench->source[i] * g->n + bench->sink[j]];
	return transport_solve(bench->transport, m, n, bench->supply, bench->demand, bench->cost, job->interruptible) / whole;
}

static void
edge_task(int64 e, int worker, void *arg)
{
	CurvatureJob *job = arg;
	const GraphEdge *edge = &job->g->edge[e];
	double		d = job->distance[(Size) edge->a * job->g->n + edge->b];

	job->kappa[e] = d > 0 ? 1 - walks_apart(job, edge, &job->bench[worker]) / d : NAN;
}

/* ---- all edges ---- */

/* Nodes of a walk, at most */
static int
largest_walk(const Graph *g)
{
	int			most = 0;

	for (int u = 0; u < g->n; u++)
		most = Max(most, GRAPH_DEGREE(g, u));
	return most + 1;
}

static int
benches(int most)
{
	return most > LARGE_PROBLEM ? 1 : parallel_threads();
}

static Size
bench_bytes(const Graph *g, Size most)
{
	Size		vectors = size_add(size_mul(g->n, sizeof(double)), most * (4 * sizeof(int) + 2 * sizeof(double)));

	return size_add(size_add(vectors, size_mul(most * most, sizeof(double))), transport_bytes(most, most));
}

/* Bytes that it takes beside its arguments. */
static Size
ollivier_ricci_scratch(const Graph *g)
{
	int			most = largest_walk(g);

	return size_add(graph_all_distances_scratch(g->n), size_mul(bench_bytes(g, most), benches(most)));
}

static Bench
bench_new(const Graph *g, Size most)
{
	Bench		b = {.mass = huge_alloc0(Max(1, g->n) * sizeof(double))};

	b.touched = huge_alloc(2 * most * sizeof(int));
	b.source = huge_alloc(most * sizeof(int));
	b.sink = huge_alloc(most * sizeof(int));
	b.supply = huge_matrix(1, most);
	b.demand = huge_matrix(1, most);
	b.cost = huge_matrix(most, most);
	b.transport = transport_place(huge_alloc(transport_bytes(most, most)), most, most);
	return b;
}

void
ollivier_ricci_curvature(const Graph *g, double alpha, double *distance, double *kappa)
{
	int			most = largest_walk(g);
	MemoryContext scratch = scratch_create("ollivier_ricci", ollivier_ricci_scratch(g), "Take a smaller k.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	CurvatureJob job = {g, alpha, distance, kappa, most, NULL, most > LARGE_PROBLEM};

	graph_all_distances(g, distance);
	job.bench = palloc(benches(most) * sizeof(Bench));
	for (int w = 0; w < benches(most); w++)
		job.bench[w] = bench_new(g, most);
	if (job.interruptible)
		for (Size e = 0; e < g->n_edges; e++)
			edge_task(e, 0, &job);
	else
		parallel_for(g->n_edges, 0, edge_task, &job);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
