/*
 * predictions.c
 *		Rows of predicted and measured vectors: adding and merging.
 *
 * A row costs one copy, checked for infinities on the way.  Rows lie in chunks
 * that grow geometrically; a chunk is of one element type, and once a float8
 * row has come the rows after it are kept in float8, so that a mix of types
 * makes no small chunks.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "miscadmin.h"

#include "base/dispatch.h"
#include "stats/predictions.h"

#define FIRST_ROWS		8
#define MAX_CHUNK_BYTES ((Size) 32 << 20)

/* What a chunk's allocations take beside what was asked for, about. */
#define CHUNK_OVERHEAD	(sizeof(PredictionChunk) + 72)

const RowsOwner predictions_owner = {"predictions", "Take fewer targets at a time (chunk the voxels)."};

Predictions *
predictions_new(MemoryContext parent, const RowsOwner *owner, int n_vectors, int n_labels, int v)
{
	Predictions *p;

	if (v > PREDICTIONS_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("predictions have at most %d elements a vector, not %d", PREDICTIONS_MAX_COLUMNS, v)));
	p = state_new(&predictions_kind, parent, sizeof(Predictions));
	p->n_vectors = n_vectors;
	p->n_labels = n_labels;
	p->v = v;
	p->owner = owner;
	p->claim = memory_claim(STATE_CONTEXT(p), owner->name);
	return p;
}

static Size
row_elements(const Predictions *p)
{
	return (Size) p->n_vectors * p->v;
}

PredictionChunk *
predictions_reserve(Predictions *p, TensorType dtype, int n)
{
	PredictionChunk *chunk = p->last;
	Size		label_bytes = p->n_labels * sizeof(int64);
	Size		value_bytes;
	Size		most;
	int			capacity;
	MemoryContext old;

	if (p->n > PREDICTIONS_MAX_ROWS - n)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("predictions have at most %d rows", PREDICTIONS_MAX_ROWS)));
	if (chunk && chunk->dtype >= dtype)
	{
		if (chunk->capacity - chunk->n >= n)
			return chunk;
		dtype = chunk->dtype;
	}
	value_bytes = size_mul(row_elements(p), dtype);
	most = Max(MAX_CHUNK_BYTES / value_bytes, 1);
	capacity = (int) Max((Size) n, Min(most, (Size) Max(p->n, FIRST_ROWS)));
	memory_claim_add(p->claim, size_add(size_mul(capacity, value_bytes + label_bytes), CHUNK_OVERHEAD), p->owner->hint);
	old = MemoryContextSwitchTo(STATE_CONTEXT(p));
	chunk = palloc0(sizeof(PredictionChunk));
	chunk->dtype = dtype;
	chunk->capacity = capacity;
	chunk->labels = huge_alloc(capacity * label_bytes);
	chunk->values = huge_alloc(capacity * value_bytes);
	MemoryContextSwitchTo(old);
	if (p->last)
		p->last->next = chunk;
	else
		p->first = chunk;
	p->last = chunk;
	return chunk;
}

/* ---- rows ---- */

/* Is any of n values infinite?  (NaN is not.) */
HOT_LOOP static bool
any_infinite_f4(const float *values, Size n)
{
	int			found = 0;

	for (Size i = 0; i < n; i++)
		found |= fabsf(values[i]) == INFINITY;
	return found != 0;
}

HOT_LOOP static bool
any_infinite_f8(const double *values, Size n)
{
	int			found = 0;

	for (Size i = 0; i < n; i++)
		found |= fabs(values[i]) == INFINITY;
	return found != 0;
}

bool
tensor_has_infinity(const Tensor *t)
{
	Size		n = tensor_size(t);

	if (t->dtype == TENSOR_FLOAT4)
		return any_infinite_f4(TENSOR_F4(t), n);
	if (t->dtype == TENSOR_FLOAT8)
		return any_infinite_f8(TENSOR_F8(t), n);
	for (Size i = 0; i < n; i++)
		if (isinf(tensor_get(t, i)))
			return true;
	return false;
}

_Noreturn static void
report_infinite(const Tensor *t, int argument, int64 ordinal)
{
	Size		i = 0;

	while (!isinf(tensor_get(t, i)))
		i++;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element %zu of argument %d is %s in row " INT64_FORMAT, i + 1, argument,
					tensor_get(t, i) > 0 ? "Infinity" : "-Infinity", ordinal),
			 errdetail("Values must be finite, or NaN where one is missing.")));
}

static void
check_vector(const Tensor *t, int v, int argument, int64 ordinal)
{
	if (t->ndim > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("argument %d of row " INT64_FORMAT " has shape %s, but a vector is needed",
						argument, ordinal, tensor_shape_text(t))));
	if (tensor_size(t) != (Size) v)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("argument %d of row " INT64_FORMAT " has %zu elements, but the vectors before it have %d",
						argument, ordinal, tensor_size(t), v)));
}

/* A worker's rows reach the leader as one value, which can't exceed 1 GB. */
static void
check_worker_rows(const Predictions *p, TensorType dtype)
{
	Size		row = row_elements(p) * dtype + p->n_labels * sizeof(int64);

	if (IsParallelWorker() && size_mul(row, p->n) > MaxAllocSize / 10 * 9)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a parallel worker holds more rows of predictions than it can hand over, 1 GB"),
				 errhint("Set max_parallel_workers_per_gather to 0.")));
}

void
predictions_add_row(Predictions *p, Tensor *const *vectors, const int64 *labels)
{
	TensorType	dtype = TENSOR_FLOAT4;
	int64		ordinal = p->n + 1;
	Size		v = p->v;
	PredictionChunk *chunk;

	for (int k = 0; k < p->n_vectors; k++)
	{
		check_vector(vectors[k], p->v, k + 1, ordinal);
		dtype = tensor_common_type(dtype, vectors[k]->dtype);
	}
	chunk = predictions_reserve(p, dtype, 1);
	for (int k = 0; k < p->n_vectors; k++)
	{
		Size		at = (Size) chunk->n * row_elements(p) + k * v;
		bool		infinite;

		if (chunk->dtype == TENSOR_FLOAT4)
		{
			tensor_read_f4(vectors[k], 0, v, (float *) chunk->values + at);
			infinite = any_infinite_f4((float *) chunk->values + at, v);
		}
		else
		{
			tensor_read_f8(vectors[k], 0, v, (double *) chunk->values + at);
			infinite = any_infinite_f8((double *) chunk->values + at, v);
		}
		if (infinite)
			report_infinite(vectors[k], k + 1, ordinal);
	}
	memcpy(chunk->labels + (Size) chunk->n * p->n_labels, labels, p->n_labels * sizeof(int64));
	chunk->n++;
	p->n++;
	check_worker_rows(p, chunk->dtype);
}

/* ---- merging ---- */

static const char *
layout_text(const Predictions *p)
{
	return psprintf("%d vector%s of %d elements, %d label%s a row", p->n_vectors, p->n_vectors == 1 ? "" : "s",
					p->v, p->n_labels, p->n_labels == 1 ? "" : "s");
}

void
predictions_merge(Predictions *dst, const Predictions *src)
{
	Size		elements = row_elements(src);
	const PredictionChunk *end = src->last ? src->last->next : NULL;	/* dst may be src */

	if (dst->n_vectors != src->n_vectors || dst->n_labels != src->n_labels || dst->v != src->v)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("predictions of different rows can't be added"),
				 errdetail("One has %s, the other %s.", layout_text(dst), layout_text(src))));
	for (const PredictionChunk *from = src->first; from != end; from = from->next)
	{
		PredictionChunk *to;
		Size		bytes = elements * from->dtype;

		if (from->n == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		to = predictions_reserve(dst, from->dtype, from->n);
		memcpy(to->labels + (Size) to->n * dst->n_labels, from->labels,
			   (Size) from->n * dst->n_labels * sizeof(int64));
		if (to->dtype == from->dtype)
			memcpy((char *) to->values + to->n * bytes, from->values, from->n * bytes);
		else
			for (Size i = 0; i < from->n * elements; i++)
				((double *) to->values)[to->n * elements + i] = ((const float *) from->values)[i];
		to->n += from->n;
		dst->n += from->n;
	}
}

Predictions *
predictions_copy(MemoryContext parent, const Predictions *p)
{
	Predictions *copy = predictions_new(parent, p->owner, p->n_vectors, p->n_labels, p->v);

	predictions_merge(copy, p);
	return copy;
}
