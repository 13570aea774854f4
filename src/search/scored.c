/*
 * scored.c
 *		The scored state: adding, merging, and its bytes where it is stored or
 *		shipped (little-endian):
 *
 *	uint8 version, has_queries, 2 zeros;  int32 k
 *	the rows as predictions_io.c writes them: one vector (score, gain) of float8, one label
 *
 * A row takes 24 bytes, and adding one is three stores.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "search/scored.h"

#define MEMORY_HINT "Score fewer rows at a time: a sample, or queries by groups."

static const RowsOwner scored_owner = {"scored", MEMORY_HINT};

Scored *
scored_new(MemoryContext parent, bool has_queries, int k)
{
	Scored	   *s = state_new(&scored_kind, parent, sizeof(Scored));

	s->has_queries = has_queries;
	s->k = k;
	s->rows = predictions_new(STATE_CONTEXT(s), &scored_owner, 1, 1, 2);
	return s;
}

void
scored_require_same(const Scored *s, bool has_queries, int k)
{
	if (s->has_queries != has_queries)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("scored rows with queries and without can't be added to each other")));
	if (s->k != k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be the same in every row, not %d and %d", s->k, k)));
}

void
scored_add(Scored *s, int64 query, double score, double gain)
{
	PredictionChunk *chunk;

	if (!isfinite(score))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the score of row " INT64_FORMAT " is %s", s->rows->n + 1,
						isnan(score) ? "NaN" : score > 0 ? "Infinity" : "-Infinity"),
				 errdetail("Scores must be finite.")));
	if (!isfinite(gain) || gain < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the gain of row " INT64_FORMAT " must be finite and not negative", s->rows->n + 1),
				 errdetail_client("It is %g.", gain)));
	chunk = predictions_reserve(s->rows, TENSOR_FLOAT8, 1);
	chunk->labels[chunk->n] = query;
	((double *) chunk->values)[2 * (Size) chunk->n] = score;
	((double *) chunk->values)[2 * (Size) chunk->n + 1] = gain;
	chunk->n++;
	s->rows->n++;
}

RankedRows *
scored_ranked(const Scored *s, bool by_gain)
{
	Size		n = (Size) s->rows->n;
	RankedRows *r = ranked_rows_new(n, s->has_queries, by_gain);
	Size		at = 0;

	for (const PredictionChunk *chunk = s->rows->first; chunk; chunk = chunk->next)
	{
		const double *values = chunk->values;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < chunk->n; i++, at++)
		{
			r->score[at] = values[2 * (Size) i];
			r->gain[at] = values[2 * i + 1];
		}
		if (s->has_queries)
			memcpy(r->query + at - chunk->n, chunk->labels, chunk->n * sizeof(int64));
	}
	ranked_rows_sort(r);
	return r;
}

/* ---- the state type ---- */

static void
write_scored(StateWriter *w, const void *state)
{
	const Scored *s = state;
	uint8		head[3] = {s->has_queries, 0, 0};

	state_put_bytes(w, head, 3);
	state_put_int32(w, s->k);
	predictions_kind.write(w, s->rows);
}

static void
require_rows(StateReader *r, const Scored *s, bool validate)
{
	if (s->rows->n_vectors != 1 || s->rows->n_labels != 1 || s->rows->v != 2)
		state_corrupt(r->name, "its rows have not one score, gain and query");
	for (const PredictionChunk *chunk = s->rows->first; chunk; chunk = chunk->next)
	{
		const double *values = chunk->values;

		CHECK_FOR_INTERRUPTS();
		if (chunk->dtype != TENSOR_FLOAT8)
			state_corrupt(r->name, "its rows are not float8");
		for (int i = 0; i < chunk->n && validate; i++)
			if (isnan(values[2 * (Size) i]) || !(values[2 * (Size) i + 1] >= 0))
				state_corrupt(r->name, "a score is NaN, or a gain is not 0 or more");
	}
}

static void *
read_scored(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		k;
	Scored	   *s;

	state_get_bytes(r, head, 3);
	k = state_get_int32(r);
	if (head[0] > 1 || head[1] || head[2] || k < 0)
		state_corrupt(r->name, "bad header");
	s = scored_new(parent, head[0], k);
	s->rows = predictions_read(r, STATE_CONTEXT(s), &scored_owner, validate);
	require_rows(r, s, validate);
	return s;
}

static void
merge_scored(void *dst, const void *src)
{
	const Scored *from = src;

	scored_require_same(dst, from->has_queries, from->k);
	predictions_merge(((Scored *) dst)->rows, from->rows);
}

static void *
copy_scored(MemoryContext parent, const void *state)
{
	const Scored *s = state;
	Scored	   *copy = scored_new(parent, s->has_queries, s->k);

	predictions_merge(copy->rows, s->rows);
	return copy;
}

static char *
summarize_scored(const void *state)
{
	return psprintf("n=" INT64_FORMAT, ((const Scored *) state)->rows->n);
}

const StateKind scored_kind = {
	.name = "scored",
	.version = 1,
	.write = write_scored,
	.read = read_scored,
	.copy = copy_scored,
	.merge = merge_scored,
	.summary = summarize_scored,
	.size_hint = "Score fewer rows at a time, or pass them straight to the score; in a parallel plan, "
	"set max_parallel_workers_per_gather to 0."
};

STATE_IO_FUNCTIONS(scored, scored_kind)
STATE_MERGE_FUNCTIONS(scored, scored_kind)
