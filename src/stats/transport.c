/*
 * transport.c
 *		Optimal transport between two discrete distributions, exactly.
 *
 * The network simplex method on the complete bipartite graph (Dantzig 1951;
 * Ahuja, Magnanti and Orlin 1993, chapter 11).  A basis is a spanning tree over
 * the m sources, the n sinks and a root, to which every node has an artificial
 * arc at the start.  A pivot takes in an arc of negative reduced cost (rows, or
 * pieces of long ones, are priced in turn), pushes flow round the cycle it closes,
 * and hangs the part of the tree that the emptied arc cut off to the new one.
 * Arcs that are not in the tree carry nothing, so that beside the costs only
 * O(m + n) is held.  A pivot costs what is priced and the part that moves.
 *
 * The subtlety is degeneracy: uniform masses empty several arcs at once.  The tree
 * is kept strongly feasible (Cunningham 1976): an arc without flow points to the
 * root, and of the arcs that a push empties, the last on the cycle leaves.  Then
 * no tree comes twice.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "stats/transport.h"

#define TOLERANCE 1e-13			/* of the largest cost: a reduced cost above minus this is 0 */

/*
 * Sources are nodes 0 .. m - 1, sinks m .. m + n - 1, the root is m + n.  Arcs go
 * from sources to sinks or the root, and from the root to sinks: so a source's
 * tree arc always points to its parent, a sink's from it.
 */
struct Transport
{
	Size		m,
				n;
	const double *cost;
	double		artificial;		/* cost of an artificial arc */
	double	   *pi;				/* potential of a node: cost + pi[source] - pi[sink] is 0 on the tree */
	double	   *flow;			/* of the arc to the parent */
	int		   *parent;
	int		   *first_child;
	int		   *next;			/* sibling */
	int		   *before;			/* sibling */
	int		   *depth;
	Size		next_piece;		/* of a row, to be priced */
};

#define NODE_BYTES (2 * sizeof(double) + 5 * sizeof(int))

Size
transport_bytes(Size max_m, Size max_n)
{
	Size		nodes = size_add(size_add(max_m, max_n), 1);

	return TYPEALIGN(64, size_add(MAXALIGN(sizeof(Transport)), size_mul(nodes, NODE_BYTES)));
}

Transport *
transport_place(void *memory, Size max_m, Size max_n)
{
	Transport  *t = memory;
	Size		nodes = max_m + max_n + 1;

	t->pi = (double *) ((char *) memory + MAXALIGN(sizeof(Transport)));
	t->flow = t->pi + nodes;
	t->parent = (int *) (t->flow + nodes);
	t->first_child = t->parent + nodes;
	t->next = t->first_child + nodes;
	t->before = t->next + nodes;
	t->depth = t->before + nodes;
	return t;
}

/* ---- the tree ---- */

static void
attach(Transport *t, int u, int parent)
{
	int			first = t->first_child[parent];

	t->parent[u] = parent;
	t->before[u] = -1;
	t->next[u] = first;
	if (first >= 0)
		t->before[first] = u;
	t->first_child[parent] = u;
}

static void
detach(Transport *t, int u)
{
	if (t->before[u] >= 0)
		t->next[t->before[u]] = t->next[u];
	else
		t->first_child[t->parent[u]] = t->next[u];
	if (t->next[u] >= 0)
		t->before[t->next[u]] = t->before[u];
}

/* The node after u in the subtree of top, parents first; -1 at the end. */
static int
next_below(const Transport *t, int u, int top)
{
	if (t->first_child[u] >= 0)
		return t->first_child[u];
	while (u != top && t->next[u] < 0)
		u = t->parent[u];
	return u == top ? -1 : t->next[u];
}

static double
arc_cost(const Transport *t, Size u, Size parent)
{
	if (parent == t->m + t->n)
		return t->artificial;
	return u < t->m ? t->cost[u * t->n + (parent - t->m)] : t->cost[parent * t->n + (u - t->m)];
}

/* Potentials afresh, without what changes have rounded. */
static void
set_potentials(Transport *t)
{
	int			root = (int) (t->m + t->n);

	t->pi[root] = 0;
	for (int u = next_below(t, root, root); u >= 0; u = next_below(t, u, root))
	{
		double		c = arc_cost(t, u, t->parent[u]);

		t->pi[u] = t->pi[t->parent[u]] + (u < (int) t->m ? -c : c);
	}
}

/* Sources and sinks in a chain, each giving what it has left (the north-west corner rule): the plan where all arcs cost the same. */
static void
corner_tree(Transport *t, const double *supply, const double *demand)
{
	Size		i = 0;
	Size		j = 0;
	double		has = supply[0];
	double		wants = demand[0];
	int			node = (int) t->m;
	int			parent = 0;

	t->flow[0] = 0;
	attach(t, 0, (int) (t->m + t->n));
	for (;;)
	{
		double		amount = Min(has, wants);

		t->flow[node] = amount;
		attach(t, node, parent);
		has -= amount;
		wants -= amount;
		if (i + 1 < t->m && (has <= wants || j + 1 == t->n))
		{
			has = supply[++i];
			node = (int) i;
			parent = (int) (t->m + j);
		}
		else if (j + 1 < t->n)
		{
			wants = demand[++j];
			node = (int) (t->m + j);
			parent = (int) i;
		}
		else
			break;
	}
}

static void
first_tree(Transport *t, const double *supply, const double *demand)
{
	int			root = (int) (t->m + t->n);
	double		largest = 0;
	bool		all_equal = true;

	for (Size k = 0; k < t->m * t->n; k++)
	{
		largest = Max(largest, fabs(t->cost[k]));
		all_equal = all_equal && t->cost[k] == t->cost[0];
	}
	t->artificial = largest > 0 ? largest : 1;	/* two of them cost more than any arc */
	t->parent[root] = -1;
	t->next[root] = t->before[root] = -1;
	t->first_child[root] = -1;
	t->depth[root] = 0;
	for (int u = 0; u < root; u++)
	{
		t->first_child[u] = -1;
		t->depth[u] = 1;
	}
	if (all_equal)
		corner_tree(t, supply, demand);	/* no pivot follows, so that depths are not needed */
	else
		for (int u = 0; u < root; u++)
		{
			t->flow[u] = u < (int) t->m ? supply[u] : demand[u - t->m];
			attach(t, u, root);
		}
	set_potentials(t);
	t->next_piece = 0;
}

/* ---- pricing ---- */

HOT_LOOP static double
least_difference(const double *restrict cost, const double *restrict pi, Size n)
{
	double		least = INFINITY;

#pragma omp simd reduction(min:least)
	for (Size j = 0; j < n; j++)
	{
		double		d = cost[j] - pi[j];

		least = d < least ? d : least;
	}
	return least;
}

/*
 * The arc of most negative reduced cost among the next sqrt(m n) or so that have one: whole rows,
 * or pieces of a row where sinks outnumber sources.  false: the tree is optimal.
 */
static bool
entering_arc(Transport *t, int *source, int *sink, double *reduced)
{
	Size		piece = t->n > t->m ? (Size) ceil(sqrt((double) t->m * (double) t->n)) : t->n;
	Size		pieces_a_row = (t->n + piece - 1) / piece;
	Size		pieces_at_once = (Size) ceil(sqrt((double) t->m / (double) t->n));
	Size		in_block = 0;
	const double *pi = t->pi + t->m;
	Size		best_first = 0;

	*reduced = -TOLERANCE * t->artificial;
	*source = -1;
	for (Size scanned = 0; scanned < t->m * pieces_a_row; scanned++)
	{
		Size		i = t->next_piece / pieces_a_row;
		Size		first = t->next_piece % pieces_a_row * piece;
		double		least = least_difference(t->cost + i * t->n + first, pi + first, Min(piece, t->n - first)) + t->pi[i];

		t->next_piece = t->next_piece + 1 == t->m * pieces_a_row ? 0 : t->next_piece + 1;
		if (least < *reduced)
		{
			*reduced = least;
			*source = (int) i;
			best_first = first;
		}
		if (++in_block == pieces_at_once)
		{
			if (*source >= 0)
				break;
			in_block = 0;
		}
	}
	if (*source < 0)
		return false;
	for (Size j = best_first;; j++)
		if (t->cost[*source * t->n + j] - pi[j] + t->pi[*source] == *reduced)
		{
			*sink = (int) (t->m + j);
			return true;
		}
}

/* ---- a pivot ---- */

/* Where the paths of u and v to the root meet. */
static int
join_of(const Transport *t, int u, int v)
{
	while (u != v)
	{
		if (t->depth[u] >= t->depth[v])
			u = t->parent[u];
		else
			v = t->parent[v];
	}
	return u;
}

/*
 * The push goes down to the source, over the new arc, and up from the sink: it
 * takes from sources' arcs on the first path and from sinks' on the second.
 * Returns the node whose arc leaves.
 */
static int
leaving_arc(const Transport *t, int source, int sink, int join, double *delta, bool *below_source)
{
	int			out = -1;

	*delta = INFINITY;
	for (int u = source; u != join; u = t->parent[u])
		if (u < (int) t->m && t->flow[u] < *delta)
		{
			*delta = t->flow[u];
			out = u;
			*below_source = true;
		}
	for (int u = sink; u != join; u = t->parent[u])
		if (u >= (int) t->m && t->flow[u] <= *delta)
		{
			*delta = t->flow[u];
			out = u;
			*below_source = false;
		}
	return out;
}

static void
push(Transport *t, int source, int sink, int join, double delta)
{
	for (int u = source; u != join; u = t->parent[u])
		t->flow[u] += u < (int) t->m ? -delta : delta;
	for (int u = sink; u != join; u = t->parent[u])
		t->flow[u] += u < (int) t->m ? delta : -delta;
}

/* The part below 'out' hangs by node 'in' from 'parent' now, its arcs in between turned over. */
static void
rehang(Transport *t, int out, int in, int parent, double flow)
{
	for (int u = in;;)
	{
		int			old_parent = t->parent[u];
		double		old_flow = t->flow[u];

		detach(t, u);
		attach(t, u, parent);
		t->flow[u] = flow;
		if (u == out)
			break;
		flow = old_flow;
		parent = u;
		u = old_parent;
	}
}

static void
pivot(Transport *t, int source, int sink, double reduced)
{
	int			join = join_of(t, source, sink);
	bool		below_source = false;
	double		delta;
	int			out = leaving_arc(t, source, sink, join, &delta, &below_source);
	int			in = below_source ? source : sink;
	double		shift = below_source ? -reduced : reduced;

	push(t, source, sink, join, delta);
	rehang(t, out, in, below_source ? sink : source, delta);
	for (int u = in; u >= 0; u = next_below(t, u, in))
	{
		t->depth[u] = t->depth[t->parent[u]] + 1;
		t->pi[u] += shift;
	}
}

/* ---- the whole ---- */

double
transport_solve(Transport *t, Size m, Size n, const double *supply, const double *demand,
				const double *cost, bool interruptible)
{
	Size		pivots = 0;
	double		total = 0;
	bool		fresh = true;	/* the potentials have not been changed since they were set */

	t->m = m;
	t->n = n;
	t->cost = cost;
	first_tree(t, supply, demand);
	for (;;)
	{
		int			source;
		int			sink;
		double		reduced;

		if (interruptible)
			CHECK_FOR_INTERRUPTS();
		if (entering_arc(t, &source, &sink, &reduced))
		{
			pivot(t, source, sink, reduced);
			fresh = false;
			if (++pivots % (m + n) != 0)
				continue;
		}
		else if (fresh)
			break;
		set_potentials(t);
		fresh = true;
	}
	for (Size u = 0; u < m + n; u++)
		if (t->parent[u] != (int) (m + n))
			total += t->flow[u] * arc_cost(t, u, t->parent[u]);
	return total;
}

Size
transport_flows(const Transport *t, int *source, int *sink, double *flow)
{
	Size		found = 0;

	for (Size u = 0; u < t->m + t->n; u++)
	{
		int			other = t->parent[u];

		if (other == (int) (t->m + t->n) || t->flow[u] <= 0)
			continue;
		source[found] = u < t->m ? (int) u : other;
		sink[found] = (int) ((u < t->m ? (Size) other : u) - t->m);
		flow[found++] = t->flow[u];
	}
	return found;
}
