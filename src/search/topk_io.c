/*
 * topk_io.c
 *		The bytes of a topk where it is stored or shipped (little-endian):
 *
 *	uint8 version, metric, 2 zeros;  int32 q, d, k;  int64 n, fingerprint[2]
 *	m = min(n, k), of each query from its worst entry to its best:
 *		float8 scores[q x m], int64 ids[q x m]
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "search/topk.h"

static void
write_topk(StateWriter *w, const void *state)
{
	const Topk *t = state;
	uint8		head[3] = {t->metric, 0, 0};
	Size		length = topk_length(t);

	state_put_bytes(w, head, 3);
	state_put_int32(w, t->q);
	state_put_int32(w, t->d);
	state_put_int32(w, t->k);
	state_put_int64(w, t->n);
	for (int h = 0; h < 2; h++)
		state_put_int64(w, (int64) t->fingerprint[h]);
	if (w->buffer == NULL)
	{
		w->n = size_add(w->n, size_mul(size_mul(t->q, length), sizeof(double) + sizeof(int64)));
		return;
	}
	for (Size i = 0; i < (Size) t->q; i++)
		for (Size l = 0; l < length; l++)
		{
			double		score = topk_score(t->metric, t->entry[i * t->capacity + l].loss);

			state_put_array(w, &score, 1, sizeof(double));
		}
	for (Size i = 0; i < (Size) t->q; i++)
		for (Size l = 0; l < length; l++)
			state_put_array(w, &t->entry[i * t->capacity + l].id, 1, sizeof(int64));
}

static bool
score_possible(TopkMetric metric, double score)
{
	switch (metric)
	{
		case TOPK_DOT:
		case TOPK_ELEMENT:
			return isfinite(score);
		case TOPK_EUCLIDEAN:
			return isfinite(score) && score >= 0;
		default:
			return score >= -1 && score <= 1;
	}
}

/* Lists lie in their order: what a merge or a row would rely on. */
static void
check_lists(const StateReader *r, const Topk *t)
{
	for (Size i = 0; i < (Size) t->q; i++)
	{
		const TopkEntry *list = t->entry + i * t->capacity;

		breathe(true, i);
		for (Size l = 1; l < topk_length(t); l++)
			if (!(list[l - 1].loss > list[l].loss || (list[l - 1].loss == list[l].loss && list[l - 1].id >= list[l].id)))
				state_corrupt(r->name, "a list is not in order");
	}
}

static void *
read_topk(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		q;
	int32		d;
	int32		k;
	int64		n;
	Size		length;
	Topk	   *t;

	state_get_bytes(r, head, 3);
	q = state_get_int32(r);
	d = state_get_int32(r);
	k = state_get_int32(r);
	n = state_get_int64(r);
	if (head[0] < TOPK_DOT || head[0] > TOPK_ELEMENT || head[1] || head[2])
		state_corrupt(r->name, "bad metric");
	if (q < 1 || d < 1 || (head[0] == TOPK_ELEMENT && q != d) || k < 1 || n < 0 || n > TOPK_MAX_ROWS)
		state_corrupt(r->name, "bad number of queries, elements, k or rows");
	length = (Size) Min(n, (int64) k);
	state_require(r, size_add(2 * sizeof(int64), size_mul(size_mul(q, length), sizeof(double) + sizeof(int64))));
	t = topk_new(parent, head[0], q, d, k);
	for (int h = 0; h < 2; h++)
		t->fingerprint[h] = (uint64) state_get_int64(r);
	topk_reserve(t, n);
	t->n = n;
	t->sorted = true;
	for (Size i = 0; i < (Size) q; i++)
		for (Size l = 0; l < length; l++)
		{
			double		score;

			state_get_array(r, &score, 1, sizeof(double));
			if (validate && !score_possible(t->metric, score))
				state_corrupt(r->name, "a score is out of range");
			t->entry[i * t->capacity + l].loss = topk_loss(t->metric, score);
		}
	for (Size i = 0; i < (Size) q; i++)
		for (Size l = 0; l < length; l++)
			state_get_array(r, &t->entry[i * t->capacity + l].id, 1, sizeof(int64));
	if (validate)
		check_lists(r, t);
	return t;
}

static void *
copy_topk(MemoryContext parent, const void *state)
{
	return topk_copy(parent, state);
}

static void
merge_topk(void *dst, const void *src)
{
	topk_merge(dst, src);
}

static char *
summarize_topk(const void *state)
{
	const Topk *t = state;

	return psprintf("metric=%s, q=%d, d=%d, k=%d, n=" INT64_FORMAT, topk_metric_name(t->metric), t->q, t->d, t->k, t->n);
}

static void
settle_topk(void *state)
{
	topk_settle(state);
}

const StateKind topk_kind = {
	.name = "topk",
	.version = 1,
	.write = write_topk,
	.read = read_topk,
	.copy = copy_topk,
	.merge = merge_topk,
	.summary = summarize_topk,
	.settle = settle_topk,
	.size_hint = "Take fewer queries at a time, or a smaller k."
};

STATE_IO_FUNCTIONS(topk, topk_kind)
STATE_MERGE_FUNCTIONS(topk, topk_kind)
