/*
 * leiden.c
 *		Communities by the Leiden algorithm (Traag, Waltman and van Eck 2019).
 *
 * An iteration starts from a partition of the nodes, at first each alone:
 *	 move       nodes from a queue go to the community, among their neighbours'
 *	            or empty, that raises the quality most; the neighbours of one that
 *	            moved come into the queue again
 *	 refine     inside each community, from single nodes: a node that is well
 *	            connected to its community joins a part of it that is, drawn with
 *	            probability ~ exp(gain / theta) among the parts that do not lower the
 *	            quality
 *	 aggregate  the parts become nodes, in the communities of the nodes, and all of
 *	            it is done again until each community is one node
 * and iterations are repeated until some in a row bring little: without a limit
 * to their number 1e-4 of all weight, else nothing at all.  Parts are connected,
 * so communities are.
 *
 * The quality is  inside - penalty / 2 sum of T^2  over communities, T the sum of
 * the sizes of their nodes.  Modularity: sizes are strengths and penalty is
 * resolution / (2 W), W the weight of all edges, which makes it W times the
 * modularity; constant Potts model: sizes are numbers of nodes, penalty is the
 * resolution.  theta is 0.05, inside the range that the paper found good (0.0005
 * to 0.1), times the mean weight of an edge, so that weights in other units give
 * the same communities.
 *
 * Cost: about 20 ns an edge, level and iteration.  The subtlety: sums of floats.
 * Nodes and edges come in an order that the rows' order has no part in, and a
 * move must gain more than rounding could, so that the same edges and seed give
 * the same communities, and moving ends.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "base/random.h"
#include "clustering/clustering.h"
#include "clustering/leiden.h"
#include "clustering/modularity.h"

#define THETA		0.05
#define ROUNDING	1e-10			/* of a node's strength: a move must gain more */
#define NO_GAIN		1e-12			/* of all weight: what rounding could bring */
#define LITTLE_GAIN 1e-4			/* of all weight: an iteration that brings less is not worth many more */
#define PATIENCE	4				/* iterations in a row that bring little, before the end: parts are drawn anew in each */

/* The graph, or one whose nodes are parts of it: edges from a node to itself are left out. */
typedef struct Level
{
	int			n;
	Size	   *start;			/* n + 1: node u's arcs are start[u] .. start[u + 1] - 1 */
	int32	   *neighbour;
	double	   *weight;			/* > 0 */
	double	   *size;			/* n */
} Level;

typedef struct Leiden
{
	Level		base;
	Level		part[2];		/* aggregates, in turns */
	double		penalty;
	double		theta;
	RandomStream random;
	int32	   *place;			/* base's nodes: which node of the level they are in */
	int32	   *community[2];	/* of a level's nodes, in turns with part */
	/* scratch of n each, used by one step at a time */
	int32	   *order;
	int32	   *queue;
	bool	   *queued;
	double	   *total;			/* of a community: its size */
	int32	   *members;
	int32	   *empty;
	double	   *toward;			/* weight from a node to a community: 0 but where 'touched' tells */
	int32	   *touched;
	int32	   *part_of;
	double	   *part_size;
	double	   *part_out;		/* weight from a part to the rest of its community */
	int32	   *number;
	Size	   *bucket;
} Leiden;

/* ---- memory ---- */

static void
level_alloc(Level *level, Size n, Size arcs)
{
	level->start = huge_alloc((n + 1) * sizeof(Size));
	level->neighbour = huge_alloc(Max(1, arcs) * sizeof(int32));
	level->weight = huge_matrix(1, arcs);
	level->size = huge_matrix(1, n);
}

static Size
leiden_bytes(Size n, Size arcs)
{
	Size		level = size_add(size_mul(n + 1, sizeof(Size) + sizeof(double)), size_mul(arcs, sizeof(int32) + sizeof(double)));
	Size		node = 12 * sizeof(int32) + 5 * sizeof(double) + sizeof(Size) + sizeof(bool);

	return size_add(size_mul(3, level), size_mul(n + 1, node));
}

static int32 *
numbers(Size n)
{
	return huge_alloc(n * sizeof(int32));
}

static void
allocate(Leiden *l, Size n, Size arcs)
{
	level_alloc(&l->base, n, arcs);
	for (int i = 0; i < 2; i++)
	{
		level_alloc(&l->part[i], n, arcs);
		l->community[i] = numbers(n);
	}
	l->place = numbers(n);
	l->order = numbers(n);
	l->queue = numbers(n);
	l->queued = huge_alloc(n);
	l->total = huge_matrix(1, n);
	l->members = numbers(n);
	l->empty = numbers(n);
	l->toward = huge_alloc0(n * sizeof(double));
	l->touched = numbers(n);
	l->part_of = numbers(n);
	l->part_size = huge_matrix(1, n);
	l->part_out = huge_matrix(1, n);
	l->number = numbers(n);
	l->bucket = huge_alloc((n + 1) * sizeof(Size));
}

/* ---- the graph as arcs ---- */

static bool
is_arc(const MergedEdges *g, Size e)
{
	return g->a[e] != g->b[e] && g->weight[e] > 0;
}

static void
add_arc(Level *level, int32 from, int32 to, double weight)
{
	Size		at = level->start[from]++;

	level->neighbour[at] = to;
	level->weight[at] = weight;
}

/* start, neighbour and weight of the graph */
static void
make_arcs(const MergedEdges *g, Level *level)
{
	level->n = g->n;
	memset(level->start, 0, ((Size) g->n + 1) * sizeof(Size));
	for (Size e = 0; e < g->m; e++)
		if (is_arc(g, e))
		{
			level->start[g->a[e] + 1]++;
			level->start[g->b[e] + 1]++;
		}
	for (int u = 0; u < g->n; u++)
		level->start[u + 1] += level->start[u];
	CHECK_FOR_INTERRUPTS();
	for (Size e = 0; e < g->m; e++)
		if (is_arc(g, e))
		{
			add_arc(level, g->a[e], g->b[e], g->weight[e]);
			add_arc(level, g->b[e], g->a[e], g->weight[e]);
		}
	for (int u = g->n; u > 0; u--)
		level->start[u] = level->start[u - 1];
	level->start[0] = 0;
}

/* ---- pieces ---- */

/* 0 .. n - 1 in a random order */
static void
shuffle(Leiden *l, int n)
{
	for (int i = 0; i < n; i++)
	{
		int			j = (int) random_below(&l->random, (uint64) i + 1);

		l->order[i] = l->order[j];
		l->order[j] = i;
	}
}

/*
 * toward[c]: the weight from v to the nodes of group c, for the groups in
 * touched; returns how many.  Only to nodes of v's community, if that is given.
 */
static int
gather(Leiden *l, const Level *level, int32 v, const int32 *group, const int32 *community)
{
	int			n_touched = 0;

	for (Size i = level->start[v]; i < level->start[v + 1]; i++)
	{
		int32		u = level->neighbour[i];
		int32		c = group[u];

		if (community && community[u] != community[v])
			continue;
		if (l->toward[c] == 0)
			l->touched[n_touched++] = c;
		l->toward[c] += level->weight[i];
	}
	return n_touched;
}

static void
forget(Leiden *l, int n_touched)
{
	for (int t = 0; t < n_touched; t++)
		l->toward[l->touched[t]] = 0;
}

/* Numbers of groups (below n) become 0 .. k - 1 in the order of their first node; returns k. */
static int
renumber(Leiden *l, int n, int32 *group)
{
	int			k = 0;

	for (int i = 0; i < n; i++)
		l->number[i] = -1;
	for (int i = 0; i < n; i++)
	{
		if (l->number[group[i]] < 0)
			l->number[group[i]] = k++;
		group[i] = l->number[group[i]];
	}
	return k;
}

/* total and members of each community */
static void
sum_communities(Leiden *l, const Level *level, const int32 *community)
{
	for (int c = 0; c < level->n; c++)
	{
		l->total[c] = 0;
		l->members[c] = 0;
	}
	for (int u = 0; u < level->n; u++)
	{
		l->total[community[u]] += level->size[u];
		l->members[community[u]]++;
	}
}

static double
quality(Leiden *l, const Level *level, const int32 *community)
{
	double		inside = 0;
	double		squares = 0;

	sum_communities(l, level, community);
	for (int u = 0; u < level->n; u++)
		for (Size i = level->start[u]; i < level->start[u + 1]; i++)
			if (community[level->neighbour[i]] == community[u])
				inside += level->weight[i];
	for (int c = 0; c < level->n; c++)
		squares += l->total[c] * l->total[c];
	return (inside - l->penalty * squares) / 2;
}

/* ---- moving ---- */

/* The best community for v, whose own one has been left; -1: an empty one. */
static int32
best_community(const Leiden *l, double size, int32 own, int n_touched)
{
	double		least = 0;
	double		best = l->toward[own] - l->penalty * size * l->total[own];
	int32		where = own;

	for (int t = 0; t < n_touched; t++)
		least += ROUNDING * l->toward[l->touched[t]];
	for (int t = 0; t < n_touched; t++)
	{
		int32		c = l->touched[t];
		double		gain = l->toward[c] - l->penalty * size * l->total[c];

		if (c != own && gain > best + least)
		{
			best = gain;
			where = c;
		}
	}
	return best < -least && l->members[own] > 0 ? -1 : where;
}

/* Communities are numbered below n.  Returns how many there are in the end, numbered below that. */
static int
move_nodes(Leiden *l, const Level *level, int32 *community)
{
	int			n = level->n;
	int			n_empty = 0;
	int			head = 0;
	int			waiting = n;

	sum_communities(l, level, community);
	for (int c = n - 1; c >= 0; c--)
		if (l->members[c] == 0)
			l->empty[n_empty++] = c;
	shuffle(l, n);
	for (int i = 0; i < n; i++)
	{
		l->queue[i] = l->order[i];
		l->queued[i] = true;
	}
	while (waiting > 0)
	{
		int32		v = l->queue[head];
		int32		own = community[v];
		int			n_touched = gather(l, level, v, community, NULL);
		int32		where;

		CHECK_FOR_INTERRUPTS();
		head = head + 1 < n ? head + 1 : 0;
		waiting--;
		l->queued[v] = false;
		l->members[own]--;
		l->total[own] = l->members[own] > 0 ? l->total[own] - level->size[v] : 0;
		where = best_community(l, level->size[v], own, n_touched);
		forget(l, n_touched);
		if (where == -1)
			where = l->empty[--n_empty];
		else if (where != own && l->members[own] == 0)
			l->empty[n_empty++] = own;
		l->members[where]++;
		l->total[where] += level->size[v];
		if (where == own)
			continue;
		community[v] = where;
		for (Size i = level->start[v]; i < level->start[v + 1]; i++)
		{
			int32		u = level->neighbour[i];

			if (l->queued[u] || community[u] == where)
				continue;
			l->queued[u] = true;
			l->queue[head + waiting < n ? head + waiting : head + waiting - n] = u;
			waiting++;
		}
	}
	return renumber(l, n, community);
}

/* ---- refining ---- */

/* Is a part of size s, with so much weight to the rest of its community of size 'whole', well connected to it? */
static bool
well_connected(const Leiden *l, double out, double s, double whole)
{
	return out >= l->penalty * s * (whole - s) * (1 - ROUNDING);
}

/* The part that v, alone so far, joins: v itself to stay alone. */
static int32
draw_part(Leiden *l, double size, int32 v, double whole, int n_touched)
{
	double		most = 0;
	double		sum;
	double		at;
	int			n = 0;

	for (int t = 0; t < n_touched; t++)
	{
		int32		c = l->touched[t];
		double		gain = l->toward[c] - l->penalty * size * l->part_size[c];

		if (gain < 0 || !well_connected(l, l->part_out[c], l->part_size[c], whole))
			continue;
		l->empty[n] = c;		/* parts that may be joined, and their gains */
		l->total[n++] = gain;
		most = Max(most, gain);
	}
	sum = exp(-most / l->theta);
	for (int i = 0; i < n; i++)
		sum += exp((l->total[i] - most) / l->theta);
	at = n > 0 ? random_double(&l->random) * sum : 0;
	for (int i = 0; i < n; i++)
	{
		at -= exp((l->total[i] - most) / l->theta);
		if (at < 0)
			return l->empty[i];
	}
	return v;
}

/* part_of: connected parts of the communities (k of them).  Returns how many parts, numbered below that. */
static int
refine(Leiden *l, const Level *level, const int32 *community, int k)
{
	int			n = level->n;
	double	   *whole = (double *) l->bucket;	/* of a community: its size */

	for (int c = 0; c < k; c++)
		whole[c] = 0;
	for (int u = 0; u < n; u++)
	{
		double		out = 0;

		for (Size i = level->start[u]; i < level->start[u + 1]; i++)
			if (community[level->neighbour[i]] == community[u])
				out += level->weight[i];
		whole[community[u]] += level->size[u];
		l->part_of[u] = u;
		l->part_size[u] = level->size[u];
		l->part_out[u] = out;
		l->members[u] = 1;
	}
	CHECK_FOR_INTERRUPTS();
	shuffle(l, n);
	for (int i = 0; i < n; i++)
	{
		int32		v = l->order[i];
		double		size = level->size[v];
		double		of = whole[community[v]];
		int			n_touched;
		int32		part;

		CHECK_FOR_INTERRUPTS();
		if (l->members[v] != 1 || l->part_of[v] != v || !well_connected(l, l->part_out[v], size, of))
			continue;
		n_touched = gather(l, level, v, l->part_of, community);
		part = draw_part(l, size, v, of, n_touched);
		if (part != v)
		{
			l->part_of[v] = part;
			l->part_size[part] += size;
			l->part_out[part] += l->part_out[v] - 2 * l->toward[part];
			l->members[part]++;
			l->members[v] = 0;
		}
		forget(l, n_touched);
	}
	return renumber(l, n, l->part_of);
}

/* ---- aggregating ---- */

/* order: nodes by their group of k, bucket: k + 1 */
static void
sort_by_group(Leiden *l, int n, const int32 *group, int k)
{
	memset(l->bucket, 0, ((Size) k + 1) * sizeof(Size));
	for (int u = 0; u < n; u++)
		l->bucket[group[u] + 1]++;
	for (int c = 0; c < k; c++)
		l->bucket[c + 1] += l->bucket[c];
	for (int u = 0; u < n; u++)
		l->order[l->bucket[group[u]]++] = u;
	for (int c = k; c > 0; c--)
		l->bucket[c] = l->bucket[c - 1];
	l->bucket[0] = 0;
}

/* to: the graph of the k parts of 'level' */
static void
aggregate(Leiden *l, const Level *level, int k, Level *to)
{
	Size		arcs = 0;

	sort_by_group(l, level->n, l->part_of, k);
	to->n = k;
	for (int c = 0; c < k; c++)
	{
		int			n_touched = 0;

		CHECK_FOR_INTERRUPTS();
		to->start[c] = arcs;
		to->size[c] = 0;
		for (Size j = l->bucket[c]; j < l->bucket[c + 1]; j++)
		{
			int32		v = l->order[j];

			to->size[c] += level->size[v];
			for (Size i = level->start[v]; i < level->start[v + 1]; i++)
			{
				int32		d = l->part_of[level->neighbour[i]];

				if (d == c)
					continue;
				if (l->toward[d] == 0)
					l->touched[n_touched++] = d;
				l->toward[d] += level->weight[i];
			}
		}
		for (int t = 0; t < n_touched; t++)
		{
			to->neighbour[arcs] = l->touched[t];
			to->weight[arcs++] = l->toward[l->touched[t]];
		}
		forget(l, n_touched);
	}
	to->start[k] = arcs;
}

/* ---- all of it ---- */

/*
 * Each community's connected parts become communities.  Those of the last level
 * are connected, unless a level was aggregated by communities because refining
 * found nothing to merge.
 */
static void
split_components(Leiden *l, int32 *community)
{
	const Level *level = &l->base;
	int32	   *found = l->part_of;
	int			k = 0;

	for (int u = 0; u < level->n; u++)
		found[u] = -1;
	for (int first = 0; first < level->n; first++)
	{
		int			head = 0;
		int			tail = 0;

		if (found[first] >= 0)
			continue;
		found[first] = k;
		l->queue[tail++] = first;
		while (head < tail)
		{
			int32		v = l->queue[head++];

			CHECK_FOR_INTERRUPTS();
			for (Size i = level->start[v]; i < level->start[v + 1]; i++)
			{
				int32		u = level->neighbour[i];

				if (found[u] >= 0 || community[u] != community[v])
					continue;
				found[u] = k;
				l->queue[tail++] = u;
			}
		}
		k++;
	}
	memcpy(community, found, (Size) level->n * sizeof(int32));
}

/* community: of base's nodes, numbered below n */
static void
iterate(Leiden *l, int32 *community)
{
	const Level *level = &l->base;
	int32	   *of = l->community[0];

	memcpy(of, community, (Size) level->n * sizeof(int32));
	for (int u = 0; u < level->n; u++)
		l->place[u] = u;
	for (int depth = 1;; depth++)
	{
		int			k = move_nodes(l, level, of);
		int			n_parts = k < level->n ? refine(l, level, of, k) : k;
		Level	   *next = &l->part[depth & 1];
		int32	   *next_of = l->community[depth & 1];

		if (k == level->n)
			break;
		if (n_parts == level->n)
		{
			memcpy(l->part_of, of, (Size) level->n * sizeof(int32));
			n_parts = k;
		}
		aggregate(l, level, n_parts, next);
		for (int u = 0; u < level->n; u++)
			next_of[l->part_of[u]] = of[u];
		for (int u = 0; u < l->base.n; u++)
			l->place[u] = l->part_of[l->place[u]];
		level = next;
		of = next_of;
	}
	for (int u = 0; u < l->base.n; u++)
		community[u] = of[l->place[u]];
	split_components(l, community);
}

/* One start; returns the quality.  weight: of all edges */
static double
run(Leiden *l, int n_iterations, double weight, int32 *community)
{
	double		reached;
	double		little = (n_iterations < 0 ? LITTLE_GAIN : NO_GAIN) * weight;
	int			in_vain = 0;

	for (int u = 0; u < l->base.n; u++)
		community[u] = u;
	reached = quality(l, &l->base, community);
	for (int i = 0; i != n_iterations && in_vain < PATIENCE; i++)
	{
		double		before = reached;

		iterate(l, community);
		reached = quality(l, &l->base, community);
		in_vain = reached > before + little ? 0 : in_vain + 1;
	}
	return reached;
}

int
leiden(const MergedEdges *g, const LeidenOptions *options, int32 *community)
{
	Size		arcs = 0;
	double		weight = 0;
	double		best = -INFINITY;
	int32	   *tried;
	MemoryContext scratch;
	MemoryContext old;
	Leiden	   *l;

	for (Size e = 0; e < g->m; e++)
	{
		arcs += is_arc(g, e) ? 2 : 0;
		weight += g->weight[e];
	}
	scratch = scratch_create("leiden", leiden_bytes(g->n, arcs), "Take fewer edges: drop those of little weight.");
	old = MemoryContextSwitchTo(scratch);
	l = palloc0(sizeof(Leiden));
	allocate(l, g->n, arcs);
	tried = numbers(g->n);
	make_arcs(g, &l->base);
	node_strengths(g, l->base.size);
	for (int u = 0; options->cpm && u < g->n; u++)
		l->base.size[u] = 1;
	l->penalty = options->cpm ? options->resolution : weight > 0 ? options->resolution / (2 * weight) : 0;
	l->theta = arcs > 0 ? THETA * weight / (double) g->m : THETA;
	progress_begin("leiden", options->n_starts);
	for (int s = 0; s < options->n_starts; s++)
	{
		double		reached;

		random_start(&l->random, (uint64) options->seed, (uint64) s);
		reached = run(l, options->n_iterations, weight, tried);
		if (s == 0 || reached > best + NO_GAIN * weight)
		{
			best = reached;
			memcpy(community, tried, (Size) g->n * sizeof(int32));
		}
		progress_add(1);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return labels_by_size(g->n, community);
}
