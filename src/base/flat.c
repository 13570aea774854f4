/*
 * flat.c
 *		What every type shares that is a plain varlena.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "base/flat.h"
#include "base/memory.h"

const void *
flat_from_datum(const FlatKind *kind, Datum d)
{
	const struct varlena *value = PG_DETOAST_DATUM(d);
	uint8		version = *(const uint8 *) VARDATA(value);

	if (version != kind->version)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a stored %s has version %d, this library reads version %d", kind->name, version, kind->version)));
	return value;
}

void
flat_write(const FlatKind *kind, StateWriter *w, const void *value)
{
	state_put_bytes(w, &kind->version, 1);
	kind->write(w, value);
}

void *
flat_read(const FlatKind *kind, StateReader *r)
{
	uint8		version;

	state_get_bytes(r, &version, 1);
	if (version != kind->version)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid %s: version %d is not known", r->name, version),
				 errhint("It may have been written by a newer neuroenc.")));
	return kind->read(r);
}

/* The binary form, with a varlena header before it. */
static bytea *
to_bytes(const FlatKind *kind, const void *value)
{
	StateWriter w = {NULL, VARHDRSZ};
	bytea	   *bytes;

	flat_write(kind, &w, value);
	value_require("the binary form of a value", w.n, "Store it, and send parts of it.");
	bytes = palloc(w.n);
	SET_VARSIZE(bytes, w.n);
	w = (StateWriter) {(char *) bytes, VARHDRSZ};
	flat_write(kind, &w, value);
	return bytes;
}

static Datum
from_bytes(const FlatKind *kind, const char *bytes, Size n)
{
	StateReader r = {kind->name, bytes, bytes + n};
	void	   *value = flat_read(kind, &r);

	state_get_end(&r);
	return PointerGetDatum(value);
}

Datum
flat_in(const FlatKind *kind, FunctionCallInfo fcinfo)
{
	StringInfo	bytes = state_from_text(kind->name, PG_GETARG_CSTRING(0));

	return from_bytes(kind, bytes->data, bytes->len);
}

Datum
flat_out(const FlatKind *kind, FunctionCallInfo fcinfo)
{
	const void *value = flat_from_datum(kind, PG_GETARG_DATUM(0));
	StateWriter w = {NULL, 0};
	bytea	   *bytes;

	flat_write(kind, &w, value);
	state_require_text(kind->name, w.n);
	bytes = to_bytes(kind, value);
	PG_RETURN_CSTRING(state_to_text(kind->name, kind->summary(value), VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ));
}

Datum
flat_recv(const FlatKind *kind, FunctionCallInfo fcinfo)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			n = buf->len - buf->cursor;

	return from_bytes(kind, pq_getmsgbytes(buf, n), n);
}

Datum
flat_send(const FlatKind *kind, FunctionCallInfo fcinfo)
{
	PG_RETURN_BYTEA_P(to_bytes(kind, flat_from_datum(kind, PG_GETARG_DATUM(0))));
}
