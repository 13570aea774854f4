/*
 * rdm_io.c
 *		Text and binary forms of an rdm.
 *
 * The binary form, little-endian: uint8 version, metric, flags, encoding; int32
 * n_conditions, label_bytes, label_end[n], the bytes of the labels, float8
 * distances, int32 counts if flagged.  The text form is rdm(summary): and the
 * binary form in base64.
 *
 * No client converts bytes inside a binary form, so it says which encoding
 * (PostgreSQL's number of it) its labels are in: the database's, or 0 (SQL_ASCII)
 * if they are plain ASCII.  Input converts them to its own database's encoding,
 * and since labels are ordered by their bytes the conditions may change places.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "base/state_text.h"
#include "stats/rdm.h"

PG_FUNCTION_INFO_V1(rdm_in);
PG_FUNCTION_INFO_V1(rdm_out);
PG_FUNCTION_INFO_V1(rdm_recv);
PG_FUNCTION_INFO_V1(rdm_send);

void
rdm_write(StateWriter *w, const Rdm *r)
{
	uint8		head[4] = {RDM_VERSION, r->metric, r->flags, label_encoding(RDM_LABELS_START(r), r->label_bytes)};
	Size		pairs = RDM_PAIRS(r->n_conditions);

	state_put_bytes(w, head, 4);
	state_put_int32(w, r->n_conditions);
	state_put_int32(w, r->label_bytes);
	state_put_array(w, r->label_end, r->n_conditions, 4);
	state_put_bytes(w, RDM_LABELS_START(r), r->label_bytes);
	state_put_array(w, RDM_DISTANCES(r), pairs, 8);
	if (r->flags & RDM_HAS_COUNTS)
		state_put_array(w, RDM_COUNTS(r), pairs, 4);
}

static bytea *
rdm_to_bytes(const Rdm *r)
{
	StateWriter w = {NULL, VARHDRSZ};
	bytea	   *bytes;

	rdm_write(&w, r);
	bytes = palloc(w.n);
	SET_VARSIZE(bytes, w.n);
	w = (StateWriter) {(char *) bytes, VARHDRSZ};
	rdm_write(&w, r);
	return bytes;
}

static void
require_distances(const Rdm *r)
{
	bool		has_counts = r->flags & RDM_HAS_COUNTS;
	Size		pairs = RDM_PAIRS(r->n_conditions);

	for (Size i = 0; i < pairs; i++)
	{
		if (isinf(RDM_DISTANCES(r)[i]))
			state_corrupt("rdm", "a distance is infinite");
		if (has_counts && (RDM_COUNTS(r)[i] < 0 || (RDM_COUNTS(r)[i] == 0) != isnan(RDM_DISTANCES(r)[i])))
			state_corrupt("rdm", "a count is negative, or 0 where there is a distance");
	}
}

Rdm *
rdm_read(StateReader *in)
{
	uint8		head[4];
	int32		n;
	int32		label_bytes;
	Size		pairs;
	Label	   *labels;
	bool		converted;
	Rdm		   *r;

	state_get_bytes(in, head, 4);
	if (head[0] != RDM_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid rdm: version %d is not known", head[0]),
				 errhint("It may have been written by a newer neuroenc.")));
	if (head[1] > RDM_TRANSFORMED || (head[2] & ~RDM_HAS_COUNTS) || !PG_VALID_BE_ENCODING(head[3]))
		state_corrupt("rdm", "unknown metric, flags or encoding");
	n = state_get_int32(in);
	label_bytes = state_get_int32(in);
	if (n < 0 || n > RDM_MAX_CONDITIONS || label_bytes < 0)
		state_corrupt("rdm", "bad number of conditions or bytes");
	labels = labels_read(in, n, label_bytes, head[3], &converted);
	pairs = RDM_PAIRS(n);
	state_require(in, size_mul(pairs, sizeof(double) + (head[2] & RDM_HAS_COUNTS ? sizeof(int32) : 0)));
	r = rdm_new(head[1], labels, n, head[2] & RDM_HAS_COUNTS);
	state_get_array(in, RDM_DISTANCES(r), pairs, 8);
	if (r->flags & RDM_HAS_COUNTS)
		state_get_array(in, RDM_COUNTS(r), pairs, 4);
	require_distances(r);
	if (converted)
	{
		int		   *order = palloc(Max(1, n) * sizeof(int));

		labels_sort(labels, n, order);
		r = rdm_subset(r, order, n);
	}
	return r;
}

static Rdm *
rdm_from_bytes(const char *bytes, Size n_bytes)
{
	StateReader in = {"rdm", bytes, bytes + n_bytes};
	Rdm		   *r = rdm_read(&in);

	state_get_end(&in);
	return r;
}

Datum
rdm_in(PG_FUNCTION_ARGS)
{
	StringInfo	bytes = state_from_text("rdm", PG_GETARG_CSTRING(0));

	PG_RETURN_POINTER(rdm_from_bytes(bytes->data, bytes->len));
}

Datum
rdm_out(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	bytea	   *bytes = rdm_to_bytes(r);
	char	   *summary = psprintf("n=%d, metric=%s", r->n_conditions, rdm_metric_name(r->metric));

	PG_RETURN_CSTRING(state_to_text("rdm", summary, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ));
}

Datum
rdm_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			n = buf->len - buf->cursor;

	PG_RETURN_POINTER(rdm_from_bytes(pq_getmsgbytes(buf, n), n));
}

Datum
rdm_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(rdm_to_bytes(PG_GETARG_RDM(0)));
}

const Rdm **
rdm_array(ArrayType *array, int least, const char *what, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	const Rdm **rdms;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &elements, &nulls, n);
	if (*n < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d RDMs, at least %d %s needed", what, *n, least, least == 1 ? "is" : "are")));
	rdms = palloc(Max(1, *n) * sizeof(Rdm *));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s is NULL", i + 1, what)));
		rdms[i] = DatumGetRdm(elements[i]);
	}
	return rdms;
}
