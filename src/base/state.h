/*
 * state.h
 *		What every state type shares that lives as an expanded object in flight:
 *		the object, its flat form, text and binary, merging in aggregates.
 *
 * A type gives a StateKind: how its content is written, read, copied and merged.
 * The rest is here once.  Its struct begins with a StateHeader; its SQL functions
 * come from STATE_IO_FUNCTIONS and STATE_MERGE_FUNCTIONS.
 *
 * The flat value is a varlena header, a version byte and what 'write' writes.
 * It is refused over 1 GB in get_flat_size, which every path that flattens calls.
 */
#ifndef NEUROENC_STATE_H
#define NEUROENC_STATE_H

#include "postgres.h"
#include "fmgr.h"
#include "utils/expandeddatum.h"

#include "base/memory.h"
#include "base/state_text.h"

typedef struct StateKind
{
	const char *name;			/* of the SQL type, in errors and text */
	uint8		version;		/* of the flat form */
	void		(*write) (StateWriter *w, const void *state);

	/*
	 * The state that was written, made by state_new in 'parent'.  Every length is
	 * checked before it is allocated; 'validate' (text and binary input, not stored
	 * values) asks for the values to be checked as well.
	 */
	void	   *(*read) (StateReader *r, MemoryContext parent, bool validate);
	void	   *(*copy) (MemoryContext parent, const void *state);	/* this and merge: NULL for a type that can't be merged */
	void		(*merge) (void *dst, const void *src);	/* src is not changed, and may be dst */
	char	   *(*summary) (const void *state); /* "p=3, n=10", for people */
	void		(*settle) (void *state);	/* called before anything but a transition looks at it; NULL: nothing to do */
	const char *size_hint;		/* what to do when it is over 1 GB: a sentence */
} StateKind;

typedef struct StateHeader
{
	ExpandedObjectHeader eoh;	/* must be first */
	const StateKind *kind;
} StateHeader;

/* size bytes of zeros, a StateHeader first, in a context of their own below parent */
extern void *state_new(const StateKind *kind, MemoryContext parent, Size size);

/* The context that all of a state lives in. */
#define STATE_CONTEXT(state) (((const StateHeader *) (state))->eoh.eoh_context)
#define StateGetDatum(state) EOHPGetRWDatum(&((StateHeader *) (state))->eoh)

/* Bytes of the flat value, also past 1 GB. */
extern Size state_stored_size(const void *state);

/* From any datum (expanded, flat, toasted).  Read only: do not change it. */
extern const void *state_from_datum(const StateKind *kind, Datum d);

/*
 * The same of argument 0, for functions that are called a row with one state: the
 * last one that was stored out of line is kept with the call site (fn_extra, which
 * the function must leave alone), by its toast pointer.
 */
extern const void *state_argument_kept(const StateKind *kind, FunctionCallInfo fcinfo);

/* ---- in transition functions ---- */

/* The running state, changeable; NULL before the first row.  cxt: the aggregate's context */
extern void *state_running(const StateKind *kind, FunctionCallInfo fcinfo, MemoryContext cxt);

/* Returns a running state, NULL for none. */
extern Datum state_return(FunctionCallInfo fcinfo, void *state);

/* ---- the bodies of a type's SQL functions ---- */
extern Datum state_in(const StateKind *kind, FunctionCallInfo fcinfo);
extern Datum state_out(const StateKind *kind, FunctionCallInfo fcinfo);
extern Datum state_recv(const StateKind *kind, FunctionCallInfo fcinfo);
extern Datum state_send(const StateKind *kind, FunctionCallInfo fcinfo);
extern Datum state_combine(const StateKind *kind, FunctionCallInfo fcinfo);
extern Datum state_final(const StateKind *kind, FunctionCallInfo fcinfo);
extern Datum state_plus(const StateKind *kind, FunctionCallInfo fcinfo);

#define STATE_FUNCTION(name, what, kind) \
	PG_FUNCTION_INFO_V1(name##_##what); \
	Datum \
	name##_##what(PG_FUNCTION_ARGS) \
	{ \
		return state_##what(&(kind), fcinfo); \
	}

/* name_in, name_out, name_recv, name_send */
#define STATE_IO_FUNCTIONS(name, kind) \
	STATE_FUNCTION(name, in, kind) \
	STATE_FUNCTION(name, out, kind) \
	STATE_FUNCTION(name, recv, kind) \
	STATE_FUNCTION(name, send, kind)

/*
 * name_combine: combine function of the aggregates that make it, and transition
 * and combine function of sum(name); name_final hands a state on; name_plus is a + b.
 */
#define STATE_MERGE_FUNCTIONS(name, kind) \
	STATE_FUNCTION(name, combine, kind) \
	STATE_FUNCTION(name, final, kind) \
	STATE_FUNCTION(name, plus, kind)

#endif							/* NEUROENC_STATE_H */
