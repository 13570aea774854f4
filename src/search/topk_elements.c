/*
 * topk_elements.c
 *		topk without queries: each element of a key is a score, and has its list.
 *
 * The items that drive each feature most need no product: a row is compared, in
 * one vectorised pass, with the last entries of all lists.  Cost: reading the row
 * and those, 16 bytes an element.
 */
#include "postgres.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "base/progress.h"
#include "search/topk.h"

#define CHUNK		64			/* elements that are looked at together */

#define MEMORY_HINT "Take a smaller k, or fewer elements at a time."

Topk *
topk_new_elements(MemoryContext parent, int d, int k)
{
	Topk	   *t = topk_new(parent, TOPK_ELEMENT, d, d, k);

	t->sorted = true;
	return t;
}

/* What the lists' last entries are, once they are full */
static void
set_last(Topk *t, Size i)
{
	TopkEntry	last = t->entry[i * t->capacity];

	t->elements->least[i] = topk_score(t->metric, last.loss);
	t->elements->id[i] = last.id;
}

static void
prepare(Topk *t)
{
	MemoryContext old;

	memory_claim_add(t->claim, size_mul(t->d, 2 * sizeof(double) + sizeof(int64)), MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(t));
	t->elements = palloc0(sizeof(TopkElements));
	t->elements->row = huge_matrix(1, t->d);
	t->elements->least = huge_matrix(1, t->d);
	t->elements->id = huge_alloc(t->d * sizeof(int64));
	MemoryContextSwitchTo(old);
}

/* The first element from there on that enters its list, or d */
HOT_LOOP static Size
next_entering(const double *row, const double *least, const int64 *last, int64 id, Size from, Size d)
{
	Size		j = from;

	for (; j + CHUNK <= d; j += CHUNK)
	{
		int			found = 0;

		for (Size c = j; c < j + CHUNK; c++)
			found |= (row[c] > least[c]) | ((row[c] == least[c]) & (id < last[c]));
		if (found)
			break;
	}
	for (; j < d; j++)
		if (row[j] > least[j] || (row[j] == least[j] && id < last[j]))
			break;
	return j;
}

static void
offer(Topk *t, Size i, Size length, int64 id)
{
	topk_offer(t->entry + i * t->capacity, length, t->k, (TopkEntry) {topk_loss(t->metric, t->elements->row[i]), id});
}

void
topk_add_elements(Topk *t, int64 id, const Tensor *key)
{
	Size		length = topk_length(t);
	Size		k = t->k;
	Size		d = t->d;

	if (tensor_size(key) != d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a key has %zu elements, but those before have %zu", tensor_size(key), d),
				 errdetail_client("Its id is " INT64_FORMAT ".", id)));
	topk_reserve(t, t->n + 1);
	if (t->elements == NULL)
	{
		prepare(t);
		for (Size i = 0; length == k && i < d; i++)
			set_last(t, i);
	}
	topk_read_key(key, id, t->elements->row);
	if (length < k)
		for (Size i = 0; i < d; i++)
		{
			breathe(true, i);
			offer(t, i, length, id);
			if (length + 1 == k)
				set_last(t, i);
		}
	else
		for (Size i = 0; (i = next_entering(t->elements->row, t->elements->least, t->elements->id, id, i, d)) < d; i++)
		{
			offer(t, i, length, id);
			set_last(t, i);
		}
	t->n++;
	t->sorted = false;
}
