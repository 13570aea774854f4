/*
 * topk.c
 *		The k best rows of each query: heaps, merging.
 *
 * Of n rows in random order some k (1 + log(n / k)) enter a query's list, so the
 * lists cost little beside the products (topk_block.c).
 */
#include "postgres.h"

#include "miscadmin.h"

#include "linalg/linalg.h"
#include "search/topk.h"

#define FIRST_ENTRIES	16
#define LISTS_A_TASK	64

static const char *const metric_names[] = {
	[TOPK_DOT] = "dot",
	[TOPK_COSINE] = "cosine",
	[TOPK_EUCLIDEAN] = "euclidean",
	[TOPK_CORRELATION] = "correlation",
	[TOPK_ELEMENT] = "element"
};

const char *
topk_metric_name(TopkMetric metric)
{
	return metric_names[metric];
}

bool
topk_metric_from_name(const char *name, Size length, TopkMetric *metric)
{
	for (int m = TOPK_DOT; m <= TOPK_CORRELATION; m++)
		if (strlen(metric_names[m]) == length && memcmp(metric_names[m], name, length) == 0)
		{
			*metric = m;
			return true;
		}
	return false;
}

Topk *
topk_new(MemoryContext parent, TopkMetric metric, int q, int d, int k)
{
	Topk	   *t = state_new(&topk_kind, parent, sizeof(Topk));

	t->metric = metric;
	t->q = q;
	t->d = d;
	t->k = k;
	t->claim = memory_claim(STATE_CONTEXT(t), "topk");
	return t;
}

/* ---- lists ---- */

static inline bool
is_worse(TopkEntry a, TopkEntry b)
{
	return a.loss > b.loss || (a.loss == b.loss && a.id > b.id);
}

static void
sift_up(TopkEntry *list, Size at)
{
	TopkEntry	entry = list[at];

	while (at > 0 && is_worse(entry, list[(at - 1) / 2]))
	{
		list[at] = list[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	list[at] = entry;
}

static void
sift_down(TopkEntry *list, Size length, TopkEntry entry)
{
	Size		at = 0;
	Size		child;

	while ((child = 2 * at + 1) < length)
	{
		if (child + 1 < length && is_worse(list[child + 1], list[child]))
			child++;
		if (!is_worse(list[child], entry))
			break;
		list[at] = list[child];
		at = child;
	}
	list[at] = entry;
}

Size
topk_offer(TopkEntry *list, Size length, Size k, TopkEntry entry)
{
	if (length < k)
	{
		list[length] = entry;
		sift_up(list, length);
		return length + 1;
	}
	if (is_worse(list[0], entry))
		sift_down(list, length, entry);
	return length;
}

void
topk_reserve(Topk *t, int64 n)
{
	Size		wanted = (Size) Min(n, (int64) t->k);
	Size		capacity = Min((Size) t->k, Max(wanted, Max(2 * t->capacity, FIRST_ENTRIES)));
	Size		length = topk_length(t);
	TopkEntry  *entry;
	MemoryContext old;

	if (wanted <= t->capacity)
		return;
	memory_claim_add(t->claim, size_mul(size_mul(t->q, capacity), sizeof(TopkEntry)), "Take a smaller k, or fewer queries at a time.");
	old = MemoryContextSwitchTo(STATE_CONTEXT(t));
	entry = huge_alloc((Size) t->q * capacity * sizeof(TopkEntry));
	MemoryContextSwitchTo(old);
	if (t->entry)
	{
		for (Size i = 0; i < (Size) t->q; i++)
			memcpy(entry + i * capacity, t->entry + i * t->capacity, length * sizeof(TopkEntry));
		pfree(t->entry);
		memory_claim_sub(t->claim, (Size) t->q * t->capacity * sizeof(TopkEntry));
	}
	t->entry = entry;
	t->capacity = capacity;
}

static int
compare_worst_first(const void *a, const void *b)
{
	const TopkEntry *x = a;
	const TopkEntry *y = b;

	return is_worse(*x, *y) ? -1 : is_worse(*y, *x);
}

static void
sort_lists(int64 number, int worker, void *arg)
{
	Topk	   *t = arg;
	Size		end = Min((Size) t->q, ((Size) number + 1) * LISTS_A_TASK);

	for (Size i = (Size) number * LISTS_A_TASK; i < end; i++)
		qsort(t->entry + i * t->capacity, topk_length(t), sizeof(TopkEntry), compare_worst_first);
}

void
topk_settle(Topk *t)
{
	topk_flush(t);
	if (t->sorted)
		return;
	if (t->n > 0)
		parallel_for((t->q + LISTS_A_TASK - 1) / LISTS_A_TASK, 0, sort_lists, t);
	t->sorted = true;
}

/* ---- merging ---- */

static void
require_same_search(const Topk *a, const Topk *b)
{
	if (a->metric != b->metric || a->k != b->k || a->q != b->q || a->d != b->d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("topk of different searches can't be added"),
				 errdetail("One has %d queries of %d elements, k %d and metric %s, the other %d of %d, k %d and metric %s.",
						   a->q, a->d, a->k, topk_metric_name(a->metric),
						   b->q, b->d, b->k, topk_metric_name(b->metric))));
	if (memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("topk of different queries can't be added")));
	if (a->n > TOPK_MAX_ROWS - b->n)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a topk counts at most " INT64_FORMAT " rows", TOPK_MAX_ROWS)));
}

void
topk_merge(Topk *dst, const Topk *src)
{
	Size		length;
	Size		more = topk_length(src);

	require_same_search(dst, src);
	if (dst == src)
		src = topk_copy(CurrentMemoryContext, src);
	topk_flush(dst);
	length = topk_length(dst);
	topk_reserve(dst, dst->n + src->n);
	for (Size i = 0; i < (Size) dst->q; i++)
	{
		TopkEntry  *list = dst->entry + i * dst->capacity;
		const TopkEntry *from = src->entry + i * src->capacity;
		Size		n = length;

		CHECK_FOR_INTERRUPTS();
		for (Size l = 0; l < more; l++)
			n = topk_offer(list, n, dst->k, from[l]);
	}
	dst->n += src->n;
	dst->sorted = false;
}

Topk *
topk_copy(MemoryContext parent, const Topk *t)
{
	Topk	   *copy = topk_new(parent, t->metric, t->q, t->d, t->k);

	memcpy(copy->fingerprint, t->fingerprint, sizeof(t->fingerprint));
	topk_reserve(copy, t->n);
	copy->n = t->n;
	copy->sorted = t->sorted;
	for (Size i = 0; t->n > 0 && i < (Size) t->q; i++)
		memcpy(copy->entry + i * copy->capacity, t->entry + i * t->capacity, topk_length(t) * sizeof(TopkEntry));
	return copy;
}
