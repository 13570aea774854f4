/*
 * predictions_io.c
 *		Predictions outside a query: expanded object, flat form, text and binary.
 *
 * All carry the same bytes (little-endian):
 *
 *	uint8 version, n_vectors (1 to 3), n_labels (1 or 2), zero;  int32 v;  int64 n
 *	chunks until n rows: int32 rows, uint8 dtype, 3 zeros,
 *		int64 labels[rows x n_labels], values[rows x n_vectors x v] of dtype
 *
 * The flat value is a varlena header and these bytes; over 1 GB it is refused
 * in get_flat_size, which every path that flattens calls.
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "base/state_text.h"
#include "stats/predictions.h"

#define PREDICTIONS_VERSION 1

PG_FUNCTION_INFO_V1(predictions_in);
PG_FUNCTION_INFO_V1(predictions_out);
PG_FUNCTION_INFO_V1(predictions_recv);
PG_FUNCTION_INFO_V1(predictions_send);

static void
write_predictions(StateWriter *w, const Predictions *p)
{
	uint8		head[4] = {PREDICTIONS_VERSION, p->n_vectors, p->n_labels, 0};

	state_put_bytes(w, head, 4);
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
require_no_infinity(const void *values, TensorType dtype, Size n)
{
	for (Size i = 0; i < n; i++)
		if (dtype == TENSOR_FLOAT4 ? isinf(((const float *) values)[i]) : isinf(((const double *) values)[i]))
			state_corrupt("predictions", "a value is infinite");
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
		state_corrupt("predictions", "bad header of rows");
	row = size_mul((Size) p->n_vectors * p->v, type[0]);
	state_require(r, size_mul(n, size_add(row, p->n_labels * sizeof(int64))));
	chunk = predictions_reserve(p, type[0], n);
	if (chunk->dtype != type[0])
		state_corrupt("predictions", "float4 rows follow float8 rows");
	state_get_array(r, chunk->labels + (Size) chunk->n * p->n_labels, (Size) n * p->n_labels, 8);
	state_get_array(r, (char *) chunk->values + chunk->n * row, (Size) n * p->n_vectors * p->v, type[0]);
	if (validate)
		require_no_infinity((char *) chunk->values + chunk->n * row, type[0], (Size) n * p->n_vectors * p->v);
	chunk->n += n;
	p->n += n;
}

static Predictions *
read_predictions(MemoryContext parent, const char *bytes, Size n_bytes, bool validate)
{
	StateReader r = {"predictions", bytes, bytes + n_bytes};
	uint8		head[4];
	int32		v;
	int64		n;
	Predictions *p;

	state_get_bytes(&r, head, 4);
	if (head[0] != PREDICTIONS_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid predictions: version %d is not known", head[0]),
				 errhint("They may have been written by a newer neuroenc.")));
	if (head[1] < 1 || head[1] > PREDICTIONS_MAX_VECTORS || head[2] < 1 ||
		head[2] > PREDICTIONS_MAX_LABELS || head[3])
		state_corrupt("predictions", "bad number of vectors or labels");
	v = state_get_int32(&r);
	n = state_get_int64(&r);
	if (v < 1 || v > PREDICTIONS_MAX_COLUMNS || n < 0 || n > PREDICTIONS_MAX_ROWS)
		state_corrupt("predictions", "bad number of elements or rows");
	p = predictions_new(parent, head[1], head[2], v);
	while (p->n < n)
	{
		CHECK_FOR_INTERRUPTS();
		read_chunk(&r, p, n - p->n, validate);
	}
	state_get_end(&r);
	return p;
}

/* ---- the expanded object ---- */

static Size
predictions_get_flat_size(ExpandedObjectHeader *eohptr)
{
	const Predictions *p = (const Predictions *) eohptr;
	StateWriter w = {NULL, VARHDRSZ};

	write_predictions(&w, p);
	if (w.n > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("predictions of %zu bytes can't be stored or copied: a value is at most 1 GB", w.n),
				 errdetail("They are " INT64_FORMAT " rows of %d vectors of %d elements.", p->n, p->n_vectors, p->v),
				 errhint("Chunk the targets, or pass the rows straight to the test: "
						 "permutation_test(predictions_agg(...)) in one query level does not copy them.")));
	return w.n;
}

static void
predictions_flatten_into(ExpandedObjectHeader *eohptr, void *result, Size allocated_size)
{
	StateWriter w = {result, VARHDRSZ};

	write_predictions(&w, (const Predictions *) eohptr);
	Assert(w.n == allocated_size);
	SET_VARSIZE(result, allocated_size);
}

const ExpandedObjectMethods predictions_expanded_methods = {predictions_get_flat_size, predictions_flatten_into};

const Predictions *
DatumGetPredictions(Datum d)
{
	struct varlena *flat;
	Predictions *p;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
	{
		ExpandedObjectHeader *eoh = DatumGetEOHP(d);

		if (eoh->eoh_methods != &predictions_expanded_methods)
			elog(ERROR, "expanded object is not predictions");
		return (const Predictions *) eoh;
	}
	flat = PG_DETOAST_DATUM(d);
	p = read_predictions(CurrentMemoryContext, VARDATA(flat), VARSIZE(flat) - VARHDRSZ, false);
	if ((Pointer) flat != DatumGetPointer(d))
		pfree(flat);
	return p;
}

/* ---- text and binary ---- */

Datum
predictions_in(PG_FUNCTION_ARGS)
{
	StringInfo	bytes = state_from_text("predictions", PG_GETARG_CSTRING(0));

	PG_RETURN_DATUM(PredictionsGetDatum(read_predictions(CurrentMemoryContext, bytes->data, bytes->len, true)));
}

Datum
predictions_out(PG_FUNCTION_ARGS)
{
	const Predictions *p = PG_GETARG_PREDICTIONS(0);
	bytea	   *flat = state_flatten(&p->hdr);
	char	   *summary = psprintf("vectors=%d, v=%d, n=" INT64_FORMAT, p->n_vectors, p->v, p->n);

	PG_RETURN_CSTRING(state_to_text("predictions", summary, VARDATA(flat), VARSIZE(flat) - VARHDRSZ));
}

Datum
predictions_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			n = buf->len - buf->cursor;

	PG_RETURN_DATUM(PredictionsGetDatum(read_predictions(CurrentMemoryContext, pq_getmsgbytes(buf, n), n, true)));
}

Datum
predictions_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(state_flatten(&PG_GETARG_PREDICTIONS(0)->hdr));
}
