/*
 * cop_assignment.c
 *		Clusters for groups of rows, some pairs of which must be apart.
 *
 * That is colouring a graph with k colours at the least cost, so it is searched
 * for.  From nothing: groups with pairs take turns, the one with the fewest
 * clusters left first (Brelaz 1979, DSATUR), of those the one that would lose most
 * by its second choice; each takes the cheapest cluster that is open to it.  At a
 * dead end the choices are taken back in turn, so a search that ends without an
 * assignment proves that there is none; it gives up after DEAD_ENDS.  From an assignment: groups move to cheaper clusters that are open to
 * them, and pairs that bar each other's way change places, as long as the cost
 * falls.  Groups without pairs simply take the cheapest.
 *
 * m^2 + m k steps for m groups with pairs, 4 m k bytes.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/constrained.h"

#define DEAD_ENDS		20000	/* and one more a group: then the search gives up */
#define SWEEPS			32

typedef struct Edge
{
	int			other;			/* a group */
	int			pair;
} Edge;

struct Apart
{
	int			n;
	int			k;
	int			m;				/* groups with pairs */
	int		   *paired;			/* m: which */
	int		   *first;			/* n + 1: where a group's edges begin */
	Edge	   *edge;
	int		   *place;			/* n: in 'paired', -1 */
	int32	   *bars;			/* m x k: how many groups in a cluster bar a group from it */
	int		   *open;			/* m: clusters that nothing bars */
	double	   *regret;			/* m: what the second choice costs more than the first */
	int		   *turn;			/* m: whose turn it was, in order */
};

/* ---- the graph ---- */

Size
apart_bytes(int n_groups, int k, int n_pairs)
{
	Size		m = Min((Size) n_groups, 2 * (Size) n_pairs);
	Size		bytes = size_mul(m, size_add(size_mul(k, sizeof(int32)), 3 * sizeof(int) + sizeof(double)));

	bytes = size_add(bytes, size_mul(n_groups, 2 * sizeof(int)));
	return size_add(bytes, size_mul(n_pairs, 2 * sizeof(Edge)));
}

static void
add_edge(Apart *a, int *at, int from, int to, int pair)
{
	a->edge[at[from]++] = (Edge) {to, pair};
}

Apart *
apart_new(int n_groups, int k, int n_pairs, const RowPair *pair)
{
	Apart	   *a = palloc0(sizeof(Apart));
	int		   *at = huge_alloc0(((Size) n_groups + 1) * sizeof(int));

	a->n = n_groups;
	a->k = k;
	a->first = huge_alloc0(((Size) n_groups + 1) * sizeof(int));
	a->place = huge_alloc((Size) n_groups * sizeof(int));
	a->edge = huge_alloc(Max(1, 2 * (Size) n_pairs) * sizeof(Edge));
	for (int p = 0; p < n_pairs; p++)
	{
		a->first[pair[p].a + 1]++;
		a->first[pair[p].b + 1]++;
	}
	for (int g = 0; g < n_groups; g++)
	{
		a->place[g] = a->first[g + 1] > 0 ? a->m++ : -1;
		a->first[g + 1] += a->first[g];
		at[g] = a->first[g];
	}
	for (int p = 0; p < n_pairs; p++)
	{
		add_edge(a, at, pair[p].a, pair[p].b, p);
		add_edge(a, at, pair[p].b, pair[p].a, p);
	}
	pfree(at);
	a->paired = huge_alloc(Max(1, (Size) a->m) * sizeof(int));
	a->bars = huge_alloc(Max(1, size_mul(a->m, k)) * sizeof(int32));
	a->open = huge_alloc(Max(1, (Size) a->m) * sizeof(int));
	a->regret = huge_matrix(1, a->m);
	a->turn = huge_alloc(Max(1, (Size) a->m) * sizeof(int));
	for (int g = 0; g < n_groups; g++)
		if (a->place[g] >= 0)
			a->paired[a->place[g]] = g;
	return a;
}

static inline int32 *
bars_of(const Apart *a, int group)
{
	return a->bars + (Size) a->place[group] * a->k;
}

/* ---- cheapest clusters ---- */

static int
cheapest(const double *cost, int k)
{
	int			best = 0;

	for (int j = 1; j < k; j++)
		if (cost[j] < cost[best])
			best = j;
	return best;
}

/* The cheapest open cluster after 'last' in the order of cost; last -1: the first.  -1: none. */
static int
next_open(const double *cost, const int32 *bars, int k, int last)
{
	int			best = -1;

	for (int j = 0; j < k; j++)
	{
		if (bars[j] > 0 || (best >= 0 && cost[j] >= cost[best]))
			continue;
		if (last >= 0 && (cost[j] < cost[last] || (j <= last && cost[j] == cost[last])))
			continue;
		best = j;
	}
	return best;
}

static void
look_around(Apart *a, const double *cost, int group)
{
	const int32 *bars = bars_of(a, group);
	double		first = INFINITY;
	double		second = INFINITY;
	int			open = 0;

	for (int j = 0; j < a->k; j++)
	{
		double		c = cost[(Size) group * a->k + j];

		if (bars[j] > 0)
			continue;
		open++;
		second = Min(second, Max(first, c));
		first = Min(first, c);
	}
	a->open[a->place[group]] = open;
	a->regret[a->place[group]] = second - first;
}

/* Bars a group's partners from a cluster, or (by -1) no more. */
static void
bar_partners(Apart *a, int group, int cluster, int by)
{
	for (int e = a->first[group]; e < a->first[group + 1]; e++)
		bars_of(a, a->edge[e].other)[cluster] += by;
}

/* ---- from nothing ---- */

static void
take(Apart *a, const double *cost, int32 *label, int group, int cluster)
{
	label[group] = cluster;
	bar_partners(a, group, cluster, 1);
	for (int e = a->first[group]; e < a->first[group + 1]; e++)
		if (label[a->edge[e].other] < 0)
			look_around(a, cost, a->edge[e].other);
}

static void
take_back(Apart *a, const double *cost, int32 *label, int group)
{
	bar_partners(a, group, label[group], -1);
	label[group] = -1;
	look_around(a, cost, group);
	for (int e = a->first[group]; e < a->first[group + 1]; e++)
		if (label[a->edge[e].other] < 0)
			look_around(a, cost, a->edge[e].other);
}

static int
whose_turn(const Apart *a, const int32 *label)
{
	int			best = -1;

	for (int i = 0; i < a->m; i++)
		if (label[a->paired[i]] < 0 &&
			(best < 0 || a->open[i] < a->open[best] || (a->open[i] == a->open[best] && a->regret[i] > a->regret[best])))
			best = i;
	return a->paired[best];
}

/* A pair of the group whose other group is in the cluster that the group wants most. */
static int
pair_in_the_way(const Apart *a, const double *cost, const int32 *label, int group)
{
	int			wanted = cheapest(cost + (Size) group * a->k, a->k);

	for (int e = a->first[group]; e < a->first[group + 1]; e++)
		if (label[a->edge[e].other] == wanted)
			return a->edge[e].pair;
	return a->edge[a->first[group]].pair;
}

ApartResult
apart_construct(Apart *a, const double *cost, int32 *label, int *pair)
{
	int			dead_ends = 0;
	int			depth = 0;
	bool		back = false;	/* the last choice was taken back */

	*pair = -1;
	memset(a->bars, 0, (Size) a->m * a->k * sizeof(int32));
	for (int g = 0; g < a->n; g++)
		label[g] = a->place[g] < 0 ? cheapest(cost + (Size) g * a->k, a->k) : -1;
	for (int i = 0; i < a->m; i++)
		look_around(a, cost, a->paired[i]);
	while (depth < a->m)
	{
		int			group = back ? a->turn[depth] : whose_turn(a, label);
		int			last = back ? label[group] : -1;
		int			cluster;

		CHECK_FOR_INTERRUPTS();
		if (back)
			take_back(a, cost, label, group);
		cluster = next_open(cost + (Size) group * a->k, bars_of(a, group), a->k, last);
		back = cluster < 0;
		if (!back)
		{
			a->turn[depth++] = group;
			take(a, cost, label, group, cluster);
			continue;
		}
		if (*pair < 0)
			*pair = pair_in_the_way(a, cost, label, group);
		if (depth == 0)
			return APART_NONE;
		if (++dead_ends > DEAD_ENDS + a->m)
			return APART_GAVE_UP;
		depth--;
	}
	return APART_FOUND;
}

/* ---- from an assignment ---- */

static void
go(Apart *a, int32 *label, int group, int cluster)
{
	if (a->place[group] >= 0)
	{
		bar_partners(a, group, label[group], -1);
		bar_partners(a, group, cluster, 1);
	}
	label[group] = cluster;
}

static bool
move(Apart *a, const double *cost, int32 *label, int group)
{
	const double *mine = cost + (Size) group * a->k;
	int			to = a->place[group] < 0 ? cheapest(mine, a->k) : next_open(mine, bars_of(a, group), a->k, -1);

	if (!(mine[to] < mine[label[group]]))
		return false;
	go(a, label, group, to);
	return true;
}

/* Two groups that alone bar each other change places, if that is cheaper. */
static bool
exchange(Apart *a, const double *cost, int32 *label, int u, int v)
{
	int			from = label[u];
	int			to = label[v];
	const double *cost_u = cost + (Size) u * a->k;
	const double *cost_v = cost + (Size) v * a->k;

	if (!(cost_u[to] + cost_v[from] < cost_u[from] + cost_v[to]))
		return false;
	for (int e = a->first[u]; e < a->first[u + 1]; e++)
		if (a->edge[e].other != v && label[a->edge[e].other] == to)
			return false;
	for (int e = a->first[v]; e < a->first[v + 1]; e++)
		if (a->edge[e].other != u && label[a->edge[e].other] == from)
			return false;
	go(a, label, u, to);
	go(a, label, v, from);
	return true;
}

void
apart_improve(Apart *a, const double *cost, int32 *label)
{
	bool		better = true;

	memset(a->bars, 0, (Size) a->m * a->k * sizeof(int32));
	for (int i = 0; i < a->m; i++)
		bar_partners(a, a->paired[i], label[a->paired[i]], 1);
	for (int sweep = 0; sweep < SWEEPS && better; sweep++)
	{
		better = false;
		for (int g = 0; g < a->n; g++)
		{
			CHECK_FOR_INTERRUPTS();
			better |= move(a, cost, label, g);
			for (int e = a->first[g]; e < a->first[g + 1]; e++)
				better |= exchange(a, cost, label, g, a->edge[e].other);
		}
	}
}
