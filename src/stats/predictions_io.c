/*
 * predictions_io.c
 *		The bytes of predictions where they are stored or shipped (little-endian):
 *
 *	uint8 version, n_vectors (1 to 3), n_labels (1 or 2), zero;  int32 v;  int64 n
 *	chunks until n rows: int32 rows, uint8 dtype, 3 zeros,
 *		int64 labels[rows x n_labels], values[rows x n_vectors x v] of dtype
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "stats/predictions.h"

static void
write_predictions(StateWriter *w, const void *state)
{
	const Predictions *p = state;
	uint8		head[3] = {p->n_vectors, p->n_labels, 0};

	state_put_bytes(w, head, 3);
	state_put_int32(w, p->v);
	state_put_int64(w, p->n);
	for (const PredictionChunk *chunk = p->first; chunk; chunk = chunk->next)
	{
		uint8		type[4] = {chunk->dtype, 0, 0, 0};

		if (chunk->n == 0)
			continue;
		state_put_int32(w, chunk->n);
		state_put_bytes(w, type, 4);
		state_put_array(w, chunk->labels, (Size) chunk->n * p->n_labels, 8);
		state_put_array(w, chunk->values, (Size) chunk->n * p->n_vectors * p->v, chunk->dtype);
	}
}

static void
require_no_infinity(const StateReader *r, const void *values, TensorType dtype, Size n)
{
	for (Size i = 0; i < n; i++)
		if (dtype == TENSOR_FLOAT4 ? isinf(((const float *) values)[i]) : isinf(((const double *) values)[i]))
			state_corrupt(r->name, "a value is infinite");
}

static void
read_chunk(StateReader *r, Predictions *p, int64 n_left, bool validate)
{
	int32		n = state_get_int32(r);
	uint8		type[4];
	Size		row;
	PredictionChunk *chunk;

	state_get_bytes(r, type, 4);
	if (n <= 0 || n > n_left || (type[0] != TENSOR_FLOAT4 && type[0] != TENSOR_FLOAT8) ||
		type[1] || type[2] || type[3])
		state_corrupt(r->name, "bad header of rows");
	row = size_mul((Size) p->n_vectors * p->v, type[0]);
	state_require(r, size_mul(n, size_add(row, p->n_labels * sizeof(int64))));
	chunk = predictions_reserve(p, type[0], n);
	if (chunk->dtype != type[0])
		state_corrupt(r->name, "float4 rows follow float8 rows");
	state_get_array(r, chunk->labels + (Size) chunk->n * p->n_labels, (Size) n * p->n_labels, 8);
	state_get_array(r, (char *) chunk->values + chunk->n * row, (Size) n * p->n_vectors * p->v, type[0]);
	if (validate)
		require_no_infinity(r, (char *) chunk->values + chunk->n * row, type[0], (Size) n * p->n_vectors * p->v);
	chunk->n += n;
	p->n += n;
}

Predictions *
predictions_read(StateReader *r, MemoryContext parent, const RowsOwner *owner, bool validate)
{
	uint8		head[3];
	int32		v;
	int64		n;
	Predictions *p;

	state_get_bytes(r, head, 3);
	if (head[0] < 1 || head[0] > PREDICTIONS_MAX_VECTORS || head[1] < 1 ||
		head[1] > PREDICTIONS_MAX_LABELS || head[2])
		state_corrupt(r->name, "bad number of vectors or labels");
	v = state_get_int32(r);
	n = state_get_int64(r);
	if (v < 1 || v > PREDICTIONS_MAX_COLUMNS || n < 0 || n > PREDICTIONS_MAX_ROWS)
		state_corrupt(r->name, "bad number of elements or rows");
	p = predictions_new(parent, owner, head[0], head[1], v);
	while (p->n < n)
	{
		CHECK_FOR_INTERRUPTS();
		read_chunk(r, p, n - p->n, validate);
	}
	return p;
}

static void *
read_predictions(StateReader *r, MemoryContext parent, bool validate)
{
	return predictions_read(r, parent, &predictions_owner, validate);
}

static void *
copy_predictions(MemoryContext parent, const void *state)
{
	return predictions_copy(parent, state);
}

static void
merge_predictions(void *dst, const void *src)
{
	predictions_merge(dst, src);
}

static char *
summarize_predictions(const void *state)
{
	const Predictions *p = state;

	return psprintf("vectors=%d, v=%d, n=" INT64_FORMAT, p->n_vectors, p->v, p->n);
}

const StateKind predictions_kind = {
	.name = "predictions",
	.version = 1,
	.write = write_predictions,
	.read = read_predictions,
	.copy = copy_predictions,
	.merge = merge_predictions,
	.summary = summarize_predictions,
	.size_hint = "Chunk the targets, or pass the rows straight to the test: "
	"permutation_test(predictions_agg(...)) in one query level does not copy them."
};

STATE_IO_FUNCTIONS(predictions, predictions_kind)
