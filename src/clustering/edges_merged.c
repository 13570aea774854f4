/*
 * edges_merged.c
 *		A graph's nodes in their order, and each pair of nodes once.
 *
 * Nodes are found by hashing and sorted; rows are put into a bucket for the
 * lesser of their nodes (counting sort), and a bucket is sorted by the other
 * node, then weight.  Parallel edges then lie together in the order of their
 * weights, and their sum does not depend on how they came.  About linear in the
 * number of rows.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#include "clustering/edges.h"

typedef struct NodeEntry
{
	uint32		status;
	int32		number;
	int64		id;
} NodeEntry;

#define SH_PREFIX nodes
#define SH_ELEMENT_TYPE NodeEntry
#define SH_KEY_TYPE int64
#define SH_KEY id
#define SH_HASH_KEY(table, key) murmurhash32((uint32) (key) ^ (uint32) ((uint64) (key) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define MEMORY_HINT "Take fewer edges: merge parallel ones by GROUP BY, drop those of little weight."

/* The other end of an edge, and its weight. */
typedef struct HalfEdge
{
	int32		to;
	double		weight;
} HalfEdge;

static inline int
compare_half_edges(const HalfEdge *x, const HalfEdge *y)
{
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return x->weight < y->weight ? -1 : x->weight > y->weight;
}

#define ST_SORT sort_half_edges
#define ST_ELEMENT_TYPE HalfEdge
#define ST_COMPARE(a, b) compare_half_edges(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_identifiers
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* ---- nodes ---- */

_Noreturn static void
report_too_many_nodes(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("a graph has at most %d nodes", PG_INT32_MAX - 1)));
}

/* Numbers the distinct identifiers of the rows in ascending order: a[i], b[i] are those of row i. */
static void
number_identifiers(const Edges *e, MemoryClaim *claim, MergedEdges *g, int32 *a, int32 *b)
{
	nodes_hash *hash = nodes_create(CurrentMemoryContext, 1024, NULL);
	Size		claimed = 0;
	int64	   *id;
	int			n = 0;
	nodes_iterator at;
	NodeEntry  *entry;
	bool		found;

	for (Size i = 0; i < 2 * e->n; i++)
	{
		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (hash->members > PG_INT32_MAX - 2)
			report_too_many_nodes();
		nodes_insert(hash, i & 1 ? e->row[i / 2].target : e->row[i / 2].source, &found);
		if (!found && hash->members > claimed)
		{
			Size		more = Max(1024, hash->members);

			memory_claim_add(claim, more * (2 * sizeof(NodeEntry) + sizeof(int64)), MEMORY_HINT);
			claimed += more;
		}
	}
	id = huge_alloc(Max(1, (Size) hash->members) * sizeof(int64));
	nodes_start_iterate(hash, &at);
	while ((entry = nodes_iterate(hash, &at)) != NULL)
		id[n++] = entry->id;
	sort_identifiers(id, n);
	for (int i = 0; i < n; i++)
		nodes_lookup(hash, id[i])->number = i;
	for (Size i = 0; i < e->n; i++)
	{
		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		a[i] = nodes_lookup(hash, e->row[i].source)->number;
		b[i] = nodes_lookup(hash, e->row[i].target)->number;
	}
	nodes_destroy(hash);
	memory_claim_sub(claim, claimed * 2 * sizeof(NodeEntry));
	g->n = n;
	g->id = id;
}

/* The same of labels, which are all of some row. */
static void
number_labels(const Edges *e, MergedEdges *g, int32 *a, int32 *b)
{
	int		   *rank = label_set_ranks(e->labels);
	Label	   *label = huge_alloc(Max(1, (Size) e->labels->n) * sizeof(Label));

	for (int i = 0; i < e->labels->n; i++)
		label[rank[i]] = e->labels->label[i];
	for (Size i = 0; i < e->n; i++)
	{
		a[i] = rank[e->row[i].source];
		b[i] = rank[e->row[i].target];
	}
	pfree(rank);
	g->n = e->labels->n;
	g->label = label;
}

/* ---- edges ---- */

/* Half edges of row after row, in the bucket of the lesser node: start is n + 1. */
static void
fill_buckets(const Edges *e, const int32 *a, const int32 *b, int n, Size *start, HalfEdge *half)
{
	for (Size i = 0; i < e->n; i++)
		start[Min(a[i], b[i]) + 1]++;
	for (int u = 0; u < n; u++)
		start[u + 1] += start[u];
	CHECK_FOR_INTERRUPTS();
	for (Size i = 0; i < e->n; i++)
		half[start[Min(a[i], b[i])]++] = (HalfEdge) {Max(a[i], b[i]), e->row[i].weight};
	for (int u = n; u > 0; u--)
		start[u] = start[u - 1];
	start[0] = 0;
}

static void
merge_buckets(const Size *start, HalfEdge *half, MergedEdges *g)
{
	Size		m = 0;

	for (int u = 0; u < g->n; u++)
	{
		Size		first = m;

		CHECK_FOR_INTERRUPTS();
		sort_half_edges(half + start[u], start[u + 1] - start[u]);
		for (Size i = start[u]; i < start[u + 1]; i++)
		{
			if (m > first && g->b[m - 1] == half[i].to)
			{
				g->weight[m - 1] += half[i].weight;
				continue;
			}
			g->a[m] = u;
			g->b[m] = half[i].to;
			g->weight[m++] = half[i].weight;
		}
	}
	g->m = m;
}

/* Strengths of nodes are at most twice the sum of all weights. */
static void
require_finite_sum(const MergedEdges *g)
{
	double		sum = 0;

	for (Size i = 0; i < g->m; i++)
		sum += g->weight[i];
	if (isinf(2 * sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the weights of the graph's edges sum to more than float8 can hold")));
}

MergedEdges *
edges_merged(const Edges *e)
{
	MergedEdges *g = palloc0(sizeof(MergedEdges));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "graph");
	Size		rows = Max(1, e->n);
	Size		n_labels = e->labels ? e->labels->n : 0;
	Size	   *start;
	HalfEdge   *half;

	memory_claim_add(claim, size_add(size_mul(rows, 2 * sizeof(int32) + sizeof(double) + sizeof(HalfEdge)),
									 n_labels * sizeof(Label)), MEMORY_HINT);
	g->a = huge_alloc(rows * sizeof(int32));
	g->b = huge_alloc(rows * sizeof(int32));
	g->weight = huge_alloc(rows * sizeof(double));
	half = huge_alloc(rows * sizeof(HalfEdge));
	if (e->labels)
		number_labels(e, g, g->a, g->b);
	else
		number_identifiers(e, claim, g, g->a, g->b);
	start = huge_alloc0(((Size) g->n + 1) * sizeof(Size));
	fill_buckets(e, g->a, g->b, g->n, start, half);
	merge_buckets(start, half, g);
	require_finite_sum(g);
	pfree(start);
	pfree(half);
	memory_claim_sub(claim, rows * sizeof(HalfEdge));
	return g;
}
