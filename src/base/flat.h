/*
 * flat.h
 *		What every type shares that is a plain varlena, stored as it is worked on
 *		(pca, rdm, clustering, dendrogram): text, binary form, version.
 *
 * The version byte comes first after the varlena header, in the stored value as
 * in the binary form.  A type gives a FlatKind; its SQL functions come from
 * FLAT_IO_FUNCTIONS.
 */
#ifndef NEUROENC_FLAT_H
#define NEUROENC_FLAT_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state_text.h"

typedef struct FlatKind
{
	const char *name;			/* of the SQL type, in errors and text */
	uint8		version;
	void		(*write) (StateWriter *w, const void *value);	/* what follows the version */

	/* The value that was written, in CurrentMemoryContext: every length and number is checked. */
	void	   *(*read) (StateReader *r);
	char	   *(*summary) (const void *value); /* "p=3, n=10", for people */
} FlatKind;

/* From any datum, detoasted; ERROR on a version that this library does not read. */
extern const void *flat_from_datum(const FlatKind *kind, Datum d);

/* The binary form with its version, also inside states. */
extern void flat_write(const FlatKind *kind, StateWriter *w, const void *value);
extern void *flat_read(const FlatKind *kind, StateReader *r);

/* ---- the bodies of a type's SQL functions ---- */
extern Datum flat_in(const FlatKind *kind, FunctionCallInfo fcinfo);
extern Datum flat_out(const FlatKind *kind, FunctionCallInfo fcinfo);
extern Datum flat_recv(const FlatKind *kind, FunctionCallInfo fcinfo);
extern Datum flat_send(const FlatKind *kind, FunctionCallInfo fcinfo);

#define FLAT_FUNCTION(name, what, kind) \
	PG_FUNCTION_INFO_V1(name##_##what); \
	Datum \
	name##_##what(PG_FUNCTION_ARGS) \
	{ \
		return flat_##what(&(kind), fcinfo); \
	}

/* name_in, name_out, name_recv, name_send */
#define FLAT_IO_FUNCTIONS(name, kind) \
	FLAT_FUNCTION(name, in, kind) \
	FLAT_FUNCTION(name, out, kind) \
	FLAT_FUNCTION(name, recv, kind) \
	FLAT_FUNCTION(name, send, kind)

#endif							/* NEUROENC_FLAT_H */
