/*
 * state.c
 *		What every state type shares that lives as an expanded object in flight.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "base/aggregate.h"
#include "base/state.h"

/* ---- the expanded object ---- */

static void
write_state(StateWriter *w, const StateHeader *state)
{
	state_put_bytes(w, &state->kind->version, 1);
	state->kind->write(w, state);
}

static void
settle(const StateHeader *state)
{
	if (state->kind->settle)
		state->kind->settle((void *) state);
}

Size
state_stored_size(const void *state)
{
	StateWriter w = {NULL, VARHDRSZ};

	settle(state);
	write_state(&w, state);
	return w.n;
}

static Size
get_flat_size(ExpandedObjectHeader *eoh)
{
	const StateHeader *state = (const StateHeader *) eoh;
	Size		size = state_stored_size(state);

	if (size > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s(%s) of %zu bytes can't be stored or copied: a value is at most 1 GB",
						state->kind->name, state->kind->summary(state), size),
				 errhint("%s", state->kind->size_hint)));
	return size;
}

static void
flatten_into(ExpandedObjectHeader *eoh, void *result, Size allocated_size)
{
	StateWriter w = {result, VARHDRSZ};

	write_state(&w, (const StateHeader *) eoh);
	Assert(w.n == allocated_size);
	SET_VARSIZE(result, allocated_size);
}

static const ExpandedObjectMethods state_methods = {get_flat_size, flatten_into};

void *
state_new(const StateKind *kind, MemoryContext parent, Size size)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "neuroenc state", ALLOCSET_START_SMALL_SIZES);
	StateHeader *state = MemoryContextAllocZero(cxt, size);

	MemoryContextSetIdentifier(cxt, kind->name);
	EOH_init_header(&state->eoh, &state_methods, cxt);
	state->kind = kind;
	return state;
}

static void *
read_state(const StateKind *kind, const char *bytes, Size n_bytes, bool validate)
{
	StateReader r = {kind->name, bytes, bytes + n_bytes};
	uint8		version;
	void	   *state;

	state_get_bytes(&r, &version, 1);
	if (version != kind->version)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid %s: version %d is not known", kind->name, version),
				 errhint("It may have been written by a newer neuroenc.")));
	state = kind->read(&r, CurrentMemoryContext, validate);
	state_get_end(&r);
	return state;				/* cppcheck-suppress returnDanglingLifetime; of the context, nothing of the reader's */
}

static StateHeader *
expanded_state(const StateKind *kind, Datum d)
{
	ExpandedObjectHeader *eoh = DatumGetEOHP(d);

	if (eoh->eoh_methods != &state_methods || ((StateHeader *) eoh)->kind != kind)
		elog(ERROR, "expanded object is not of type %s", kind->name);
	return (StateHeader *) eoh;
}

const void *
state_from_datum(const StateKind *kind, Datum d)
{
	struct varlena *flat;
	void	   *state;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
	{
		state = expanded_state(kind, d);
		settle(state);
		return state;
	}
	flat = PG_DETOAST_DATUM(d);
	state = read_state(kind, VARDATA(flat), VARSIZE(flat) - VARHDRSZ, false);
	if ((Pointer) flat != DatumGetPointer(d))
		pfree(flat);
	return state;
}

/* fn_extra of state_argument_kept */
typedef struct KeptState
{
	MemoryContext cxt;
	char		key[VARHDRSZ_EXTERNAL + sizeof(varatt_external)];
	const void *state;
} KeptState;

const void *
state_argument_kept(const StateKind *kind, FunctionCallInfo fcinfo)
{
	struct varlena *stored = (struct varlena *) PG_GETARG_POINTER(0);
	KeptState  *kept = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (!VARATT_IS_EXTERNAL_ONDISK(stored))
		return state_from_datum(kind, PG_GETARG_DATUM(0));
	if (kept == NULL)
	{
		kept = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(KeptState));
		kept->cxt = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "neuroenc stored state",
										  ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = kept;
	}
	if (kept->state != NULL && memcmp(kept->key, stored, VARSIZE_EXTERNAL(stored)) == 0)
		return kept->state;
	kept->state = NULL;
	MemoryContextReset(kept->cxt);
	memcpy(kept->key, stored, VARSIZE_EXTERNAL(stored));
	old = MemoryContextSwitchTo(kept->cxt);
	kept->state = state_from_datum(kind, PG_GETARG_DATUM(0));
	MemoryContextSwitchTo(old);
	return kept->state;
}

/* ---- aggregates ---- */

/* A state in cxt to be changed; a flat one is read there, which is a copy already: states can be as large as a table. */
static void *
own_state(const StateKind *kind, Datum d, MemoryContext cxt)
{
	MemoryContext old;
	void	   *state;

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)))
		return kind->copy(cxt, state_from_datum(kind, d));
	old = MemoryContextSwitchTo(cxt);
	state = (void *) state_from_datum(kind, d);
	MemoryContextSwitchTo(old);
	return state;
}

void *
state_running(const StateKind *kind, FunctionCallInfo fcinfo, MemoryContext cxt)
{
	Datum		d;

	if (PG_ARGISNULL(0))
		return NULL;
	d = PG_GETARG_DATUM(0);
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(d)))
		return expanded_state(kind, d);
	return own_state(kind, d, cxt);
}

Datum
state_return(FunctionCallInfo fcinfo, void *state)
{
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(StateGetDatum(state));
}

Datum
state_combine(const StateKind *kind, FunctionCallInfo fcinfo)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	void	   *state = state_running(kind, fcinfo, cxt);

	if (!PG_ARGISNULL(1))
	{
		Datum		other = PG_GETARG_DATUM(1);

		if (state == NULL)
			state = own_state(kind, other, cxt);
		else
			kind->merge(state, state_from_datum(kind, other));
	}
	return state_return(fcinfo, state);
}

Datum
state_final(const StateKind *kind, FunctionCallInfo fcinfo)
{
	PG_RETURN_DATUM(aggregate_hand_on(PG_GETARG_DATUM(0)));
}

Datum
state_plus(const StateKind *kind, FunctionCallInfo fcinfo)
{
	void	   *sum = kind->copy(CurrentMemoryContext, state_from_datum(kind, PG_GETARG_DATUM(0)));

	kind->merge(sum, state_from_datum(kind, PG_GETARG_DATUM(1)));
	PG_RETURN_DATUM(StateGetDatum(sum));
}

/* ---- text and binary ---- */

Datum
state_in(const StateKind *kind, FunctionCallInfo fcinfo)
{
	StringInfo	bytes = state_from_text(kind->name, PG_GETARG_CSTRING(0));

	PG_RETURN_DATUM(StateGetDatum(read_state(kind, bytes->data, bytes->len, true)));
}

Datum
state_out(const StateKind *kind, FunctionCallInfo fcinfo)
{
	const StateHeader *state = state_from_datum(kind, PG_GETARG_DATUM(0));
	bytea	   *flat;

	state_require_text(kind->name, state_stored_size(state));
	flat = state_flatten(&state->eoh);
	PG_RETURN_CSTRING(state_to_text(kind->name, kind->summary(state), VARDATA(flat), VARSIZE(flat) - VARHDRSZ));
}

Datum
state_recv(const StateKind *kind, FunctionCallInfo fcinfo)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			n = buf->len - buf->cursor;

	PG_RETURN_DATUM(StateGetDatum(read_state(kind, pq_getmsgbytes(buf, n), n, true)));
}

Datum
state_send(const StateKind *kind, FunctionCallInfo fcinfo)
{
	const StateHeader *state = state_from_datum(kind, PG_GETARG_DATUM(0));

	PG_RETURN_BYTEA_P(state_flatten(&state->eoh));
}
