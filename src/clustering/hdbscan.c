/*
 * hdbscan.c
 *		Clusters by density, of any density (Campello, Moulavi and Sander 2013;
 *		McInnes and Healy 2017).
 *
 * The spanning tree's edges, ascending, merge rows into a hierarchy.  Read from
 * the top, as the density asked for (lambda = 1 / distance) rises, a group of rows
 * comes apart.  Parts of min_cluster_size rows or more are clusters of their own
 * if there are two of them or more; one alone is still the cluster; the rows of
 * smaller parts leave it at that lambda.  A cluster's stability is the sum over
 * its rows of lambda when they leave less lambda when it began; clusters are
 * chosen from the leaves up, one where it is at least as stable as those chosen
 * below it together (excess of mass).
 *
 * The subtlety is merges at the same distance, of which there are many: all edges
 * about a sparse row have its core distance.  A binary hierarchy takes them in
 * some order, and the answer depends on it.  Here all parts that meet at one
 * distance meet at once, so the answer depends on the distances alone.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/clustering.h"
#include "clustering/disjoint.h"
#include "clustering/hdbscan.h"

#define ZERO 1e-300				/* distances below are 0: their lambda is infinite */

/* A merge of two nodes: rows are nodes 0 .. n - 1, merge m is node n + m. */
typedef struct Merge
{
	int32		part[2];
	int32		size;
	double		distance;
} Merge;

typedef struct Cluster
{
	int32		parent;			/* -1: all rows */
	bool		chosen;
	double		birth;			/* lambda */
	double		death;			/* the largest at which rows leave it, or it comes apart */
	double		stability;		/* then the best of it and what is below */
	double		below;			/* sum of those of its parts */
} Cluster;

typedef struct Hierarchy
{
	int			n;
	int			min_cluster_size;
	const Merge *merge;			/* n - 1 */
	int			n_clusters;
	Cluster    *cluster;		/* parents before their parts */
	int32	   *last;			/* n: the cluster that a row leaves */
	double	   *lambda;			/* n: and when */
	int32	   *stack;			/* n: nodes of a group */
} Hierarchy;

/* Nodes that are still to be taken apart, and whose rows they are. */
typedef struct Group
{
	int32		node;
	int32		cluster;
} Group;

/* ---- merges ---- */

static void
merge_rows(int n, const HdbscanEdge *edge, Merge *merge)
{
	int32	   *parent = huge_alloc(n * sizeof(int32));
	int32	   *node = huge_alloc(n * sizeof(int32));	/* of each set */

	disjoint_init(n, parent);
	disjoint_init(n, node);
	for (int m = 0; m < n - 1; m++)
	{
		int32		a = disjoint_find(parent, edge[m].a);
		int32		b = disjoint_find(parent, edge[m].b);

		merge[m].part[0] = node[a];
		merge[m].part[1] = node[b];
		merge[m].distance = edge[m].weight < ZERO ? 0 : edge[m].weight;
		merge[m].size = 0;
		for (int k = 0; k < 2; k++)
			merge[m].size += merge[m].part[k] < n ? 1 : merge[merge[m].part[k] - n].size;
		disjoint_unite(parent, a, b);
		node[Min(a, b)] = n + m;
	}
	pfree(parent);
	pfree(node);
}

static inline int
node_size(const Hierarchy *h, int32 node)
{
	return node < h->n ? 1 : h->merge[node - h->n].size;
}

/* ---- the clusters of the hierarchy ---- */

static int32
new_cluster(Hierarchy *h, int32 parent, double birth)
{
	h->cluster[h->n_clusters] = (Cluster) {.parent = parent, .birth = birth};
	return h->n_clusters++;
}

static void
leave(Hierarchy *h, int32 cluster, double lambda, int size)
{
	Cluster    *c = &h->cluster[cluster];

	c->stability += (lambda - c->birth) * size;
	c->death = Max(c->death, lambda);
}

/* All rows below a node leave the cluster.  Uses the stack from 'top' on. */
static void
scatter(Hierarchy *h, int32 node, int32 cluster, double lambda, int top)
{
	int			bottom = top;

	leave(h, cluster, lambda, node_size(h, node));
	h->stack[top++] = node;
	while (top > bottom)
	{
		node = h->stack[--top];
		if (node >= h->n)
		{
			h->stack[top++] = h->merge[node - h->n].part[0];
			h->stack[top++] = h->merge[node - h->n].part[1];
			continue;
		}
		h->last[node] = cluster;
		h->lambda[node] = lambda;
	}
}

/* The parts that meet at a node's distance, into the stack; returns how many. */
static int
parts_of(Hierarchy *h, int32 node)
{
	double		distance = h->merge[node - h->n].distance;
	int			n_parts = 1;

	h->stack[0] = node;
	for (int i = 0; i < n_parts;)
	{
		int32		part = h->stack[i];

		if (part < h->n || h->merge[part - h->n].distance < distance)
		{
			i++;
			continue;
		}
		h->stack[i] = h->merge[part - h->n].part[0];
		h->stack[n_parts++] = h->merge[part - h->n].part[1];
	}
	return n_parts;
}

/* Takes one group apart; what goes on is appended to the groups.  Returns how many these are then. */
static int
take_apart(Hierarchy *h, Group group, Group *groups, int n_groups)
{
	double		distance = h->merge[group.node - h->n].distance;
	double		lambda = distance > 0 ? 1 / distance : INFINITY;
	int			n_parts = parts_of(h, group.node);
	int			n_large = 0;

	for (int i = 0; i < n_parts; i++)
		n_large += node_size(h, h->stack[i]) >= h->min_cluster_size;
	for (int i = 0; i < n_parts; i++)
	{
		int32		part = h->stack[i];
		int32		cluster = group.cluster;

		if (node_size(h, part) < h->min_cluster_size)
		{
			scatter(h, part, cluster, lambda, n_parts);
			continue;
		}
		if (n_large > 1)
		{
			leave(h, cluster, lambda, node_size(h, part));
			cluster = new_cluster(h, cluster, lambda);
		}
		groups[n_groups++] = (Group) {part, cluster};
	}
	return n_groups;
}

static void
find_clusters(Hierarchy *h)
{
	Group	   *groups = huge_alloc((Size) h->n * sizeof(Group));
	int			n_groups = 1;

	groups[0] = (Group) {2 * h->n - 2, new_cluster(h, -1, 0)};
	while (n_groups > 0)
	{
		CHECK_FOR_INTERRUPTS();
		n_groups--;
		n_groups = take_apart(h, groups[n_groups], groups, n_groups);
	}
	pfree(groups);
}

/* ---- the clusters that are chosen ---- */

static void
choose(Hierarchy *h, bool allow_single)
{
	for (int c = h->n_clusters - 1; c >= 0; c--)
	{
		Cluster    *cluster = &h->cluster[c];

		cluster->chosen = cluster->below <= cluster->stability && (c > 0 || allow_single);
		if (!cluster->chosen)
			cluster->stability = cluster->below;
		if (cluster->parent >= 0)
			h->cluster[cluster->parent].below += cluster->stability;
	}
}

/* The chosen cluster that each one is part of, or -1. */
static int32 *
chosen_above(const Hierarchy *h)
{
	int32	   *above = huge_alloc(h->n_clusters * sizeof(int32));

	for (int c = 0; c < h->n_clusters; c++)
	{
		int32		parent = h->cluster[c].parent;

		above[c] = parent >= 0 && above[parent] >= 0 ? above[parent] : h->cluster[c].chosen ? c : -1;
	}
	return above;
}

/* Lambda at which a row leaves, as a part of the cluster's last one. */
static double
membership(const Hierarchy *h, int row, int32 cluster)
{
	double		death = h->cluster[cluster].death;
	double		lambda = h->lambda[row];

	return !(death > 0) || isinf(lambda) ? 1 : Min(lambda, death) / death;
}

static void
label_rows(const Hierarchy *h, int32 *label, double *probability)
{
	int32	   *above = chosen_above(h);

	for (int i = 0; i < h->n; i++)
	{
		int32		cluster = above[h->last[i]];

		/* All rows are one cluster: those are noise that left it before it came apart. */
		if (cluster == 0 && h->lambda[i] < h->cluster[0].death)
			cluster = -1;
		label[i] = cluster;
		if (probability)
			probability[i] = cluster < 0 ? 0 : membership(h, i, cluster);
	}
	pfree(above);
}

/* ---- all of it ---- */

static Size
hierarchy_bytes(int n)
{
	return size_mul(n, sizeof(HdbscanEdge) + sizeof(Merge) + sizeof(Cluster) + sizeof(Group) + sizeof(double) + 5 * sizeof(int32));
}

int
hdbscan(const PointRows *rows, const HdbscanOptions *options, int32 *label, double *probability)
{
	int			n = rows->n;
	MemoryContext scratch = scratch_create("hdbscan", hierarchy_bytes(n), "Take fewer rows, a random part of them.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	HdbscanEdge *edge = huge_alloc(n * sizeof(HdbscanEdge));
	Merge	   *merge = huge_alloc(n * sizeof(Merge));
	Hierarchy	h = {.n = n, .min_cluster_size = options->min_cluster_size, .merge = merge};
	int32	   *labels = label ? label : huge_alloc(n * sizeof(int32));

	if (n < options->min_cluster_size || n < options->min_samples)
		for (int i = 0; i < n; i++)
		{
			labels[i] = -1;
			if (probability)
				probability[i] = 0;
		}
	else
	{
		hdbscan_tree(rows, options->min_samples, edge);
		merge_rows(n, edge, merge);
		h.cluster = huge_alloc(n * sizeof(Cluster));
		h.last = huge_alloc(n * sizeof(int32));
		h.lambda = huge_matrix(1, n);
		h.stack = huge_alloc((n + 1) * sizeof(int32));
		find_clusters(&h);
		choose(&h, options->allow_single_cluster);
		label_rows(&h, labels, probability);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return label ? labels_by_size(n, label) : 0;
}
