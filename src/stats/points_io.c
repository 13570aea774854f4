/*
 * points_io.c
 *		The bytes of points where they are stored or shipped (little-endian):
 *
 *	uint8 version, key (a PointsKey), number of options, are there rows
 *	int64 options, 32 bytes of word (zero-terminated, zeros after)
 *	with labels: the labels as label_set_write() has them
 *	if there are rows: as predictions_io.c writes them
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "stats/points.h"

static void
write_points(StateWriter *w, const void *state)
{
	const Points *p = state;
	uint8		head[3] = {p->key, p->options.n, p->rows != NULL};

	state_put_bytes(w, head, 3);
	state_put_array(w, p->options.number, p->options.n, 8);
	state_put_bytes(w, p->options.word, POINTS_WORD_BYTES);
	if (p->labels)
		label_set_write(w, p->labels);
	if (p->rows)
		predictions_kind.write(w, p->rows);
}

static void
read_options(StateReader *r, int n, PointsOptions *options)
{
	int			length;

	memset(options, 0, sizeof(*options));
	options->n = n;
	state_get_array(r, options->number, n, 8);
	state_get_bytes(r, options->word, POINTS_WORD_BYTES);
	length = (int) strnlen(options->word, POINTS_WORD_BYTES);
	if (length == POINTS_WORD_BYTES)
		state_corrupt(r->name, "the word of its options does not end");
	for (int i = 0; i < POINTS_WORD_BYTES; i++)
		if (IS_HIGHBIT_SET(options->word[i]) || (i > length && options->word[i]))
			state_corrupt(r->name, "the word of its options is not a word");
}

static void
require_rows(StateReader *r, const Points *p, bool validate)
{
	int			n_labels = p->key == POINTS_LABEL_FOLD ? 2 : 1;

	if (p->rows->n_vectors != 1 || p->rows->n_labels != n_labels)
		state_corrupt(r->name, "its rows have not one vector and the labels of its key");
	for (const PredictionChunk *chunk = p->rows->first; chunk; chunk = chunk->next)
	{
		Size		n = (Size) chunk->n * p->rows->v;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < chunk->n; i++)
		{
			int64		key = chunk->labels[(Size) i * n_labels];

			if (p->key == POINTS_ALONE ? key != 0 : p->labels && (key < 0 || key >= p->labels->n))
				state_corrupt(r->name, "a row's label is not there");
		}
		for (Size i = 0; validate && i < n; i++)
			if (isnan(chunk->dtype == TENSOR_FLOAT4 ? ((const float *) chunk->values)[i] : ((const double *) chunk->values)[i]))
				state_corrupt(r->name, "a value is NaN");
	}
}

static void *
read_points(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	PointsOptions options;
	Points	   *p;

	state_get_bytes(r, head, 3);
	if (head[0] > POINTS_LABEL_FOLD || head[1] > POINTS_MAX_OPTIONS || head[2] > 1)
		state_corrupt(r->name, "unknown key or flags");
	read_options(r, head[1], &options);
	p = points_new(parent, head[0], &options);
	if (p->labels)
		label_set_read(r, p->labels);
	if (head[2])
	{
		p->rows = predictions_read(r, STATE_CONTEXT(p), &points_owner, validate);
		require_rows(r, p, validate);
	}
	return p;
}

static void *
copy_points(MemoryContext parent, const void *state)
{
	return points_copy(parent, state);
}

static void
merge_points(void *dst, const void *src)
{
	points_merge(dst, src);
}

static char *
summarize_points(const void *state)
{
	const Points *p = state;

	return psprintf("d=%d, n=%d", points_dimensions(p), points_n(p));
}

const StateKind points_kind = {
	.name = "points",
	.version = 1,
	.write = write_points,
	.read = read_points,
	.copy = copy_points,
	.merge = merge_points,
	.summary = summarize_points,
	.size_hint = "Take fewer rows, or pass them straight to the method: "
	"kmeans_fit(points_agg(t), 8) in one query level does not copy them."
};

STATE_IO_FUNCTIONS(points, points_kind)
STATE_MERGE_FUNCTIONS(points, points_kind)
