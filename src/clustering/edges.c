/*
 * edges.c
 *		Edges: adding rows and merging states.
 *
 * A row is 24 bytes in an array that doubles.  Before it doubles, parallel edges
 * are merged where that is allowed (edges.h): n log n comparisons of rows, at
 * most as often as the array is full, and seldom once it brought little.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "clustering/edges.h"

#define FIRST_ROWS	64
#define TRY_AGAIN	8			/* after merging brought little: not before there is so many times the room */
#define MEMORY_HINT "Take fewer edges: merge parallel ones by GROUP BY, drop those of little weight."

/* Sums of whole numbers are exact below this. */
#define LARGEST_WHOLE 9007199254740992.0

const EdgesOptions edges_no_options = {false, 1, 0};

Edges *
edges_new(MemoryContext parent, bool labelled, const EdgesOptions *options)
{
	Edges	   *e = state_new(&edges_kind, parent, sizeof(Edges));

	e->options = *options;
	e->claim = memory_claim(STATE_CONTEXT(e), "graph");
	e->whole = true;
	if (labelled)
		e->labels = label_set_new(STATE_CONTEXT(e), e->claim, MEMORY_HINT);
	return e;
}

void
edges_require_options(const Edges *e, bool labelled, const EdgesOptions *options)
{
	if ((e->labels != NULL) != labelled)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a graph of bigint nodes and a graph of nodes with labels can't be added")));
	if (e->options.sums != options->sums || e->options.resolution != options->resolution ||
		e->options.seed != options->seed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("resolution and seed must be the same in every row")));
}

/* ---- rows ---- */

/* A worker's rows reach the leader as one value, which can't exceed 1 GB. */
static void
require_worker_room(const Edges *e, Size rows)
{
	if (IsParallelWorker() && rows > MaxAllocSize / 10 * 9 / sizeof(EdgeRow))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a parallel worker holds more edges than it can hand over, 1 GB"),
				 errhint("Set max_parallel_workers_per_gather to 0.")));
}

static inline int
compare_rows(const EdgeRow *a, const EdgeRow *b)
{
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	return a->target < b->target ? -1 : a->target > b->target;
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE EdgeRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Each pair of nodes once, the lesser first. */
static void
merge_parallel(Edges *e)
{
	Size		kept = 0;

	for (Size i = 0; i < e->n; i++)
		if (e->row[i].source > e->row[i].target)
			e->row[i] = (EdgeRow) {e->row[i].target, e->row[i].source, e->row[i].weight};
	sort_rows(e->row, e->n);
	for (Size i = 0; i < e->n; i++)
	{
		if (kept > 0 && compare_rows(&e->row[kept - 1], &e->row[i]) == 0)
			e->row[kept - 1].weight += e->row[i].weight;
		else
			e->row[kept++] = e->row[i];
	}
	if (kept > e->n / 4 * 3)
		e->futile = e->capacity;
	e->n = kept;
}

static bool
may_merge(const Edges *e)
{
	double		total = 0;

	if (e->n <= FIRST_ROWS || e->capacity / TRY_AGAIN < e->futile)
		return false;
	if (e->options.sums)
		return true;
	if (!e->whole)
		return false;
	for (Size i = 0; i < e->n; i++)
		total += e->row[i].weight;
	return total < LARGEST_WHOLE;
}

void
edges_reserve(Edges *e, Size n)
{
	Size		wanted = size_add(e->n, n);
	Size		capacity = Max(Max(FIRST_ROWS, wanted), size_mul(2, e->capacity));

	if (wanted <= e->capacity)
		return;
	require_worker_room(e, wanted);
	memory_claim_add(e->claim, size_mul(capacity - e->capacity, sizeof(EdgeRow)), MEMORY_HINT);
	if (e->row)
		e->row = repalloc_huge(e->row, size_mul(capacity, sizeof(EdgeRow)));
	else
	{
		MemoryContext old = MemoryContextSwitchTo(STATE_CONTEXT(e));

		e->row = huge_alloc(size_mul(capacity, sizeof(EdgeRow)));
		MemoryContextSwitchTo(old);
	}
	e->capacity = capacity;
}

static void
make_room(Edges *e)
{
	if (e->n < e->capacity)
		return;
	if (may_merge(e))
		merge_parallel(e);
	if (e->n > e->capacity / 2 || e->capacity == 0)
		edges_reserve(e, e->capacity - e->n + 1);
}

static char *
node_text(const Edges *e, int64 node)
{
	return e->labels ? psprintf("\"%s\"", label_text(e->labels->label[node])) : psprintf(INT64_FORMAT, node);
}

void
edges_add(Edges *e, int64 source, int64 target, double weight)
{
	if (!(weight >= 0 && weight < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the weight of an edge must be finite and not negative"),
				 errdetail_client("From %s to %s it is %g.",
								  node_text(e, source), node_text(e, target), weight)));
	make_room(e);
	e->whole = e->whole && weight == floor(weight);
	e->row[e->n++] = (EdgeRow) {source, target, weight};
}

void
edges_add_labels(Edges *e, Label source, Label target, double weight)
{
	int			a = label_set_number(e->labels, source, "graphs");
	int			b = label_set_number(e->labels, target, "graphs");

	edges_add(e, a, b, weight);
}

/* ---- states ---- */

void
edges_merge(Edges *dst, const Edges *src)
{
	Size		n = src->n;
	int64	   *ours = NULL;

	edges_require_options(dst, src->labels != NULL, &src->options);
	edges_reserve(dst, n);
	if (src->labels)
	{
		ours = huge_alloc(Max(1, (Size) src->labels->n) * sizeof(int64));
		for (int i = 0; i < src->labels->n; i++)
			ours[i] = label_set_number(dst->labels, src->labels->label[i], "graphs");
	}
	for (Size i = 0; i < n; i++)
	{
		EdgeRow		row = src->row[i];

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (ours)
		{
			row.source = ours[row.source];
			row.target = ours[row.target];
		}
		dst->row[dst->n++] = row;
	}
	dst->whole = dst->whole && src->whole;
	if (ours)
		pfree(ours);
}

Edges *
edges_copy(MemoryContext parent, const Edges *e)
{
	Edges	   *copy = edges_new(parent, e->labels != NULL, &e->options);

	edges_merge(copy, e);
	return copy;
}
