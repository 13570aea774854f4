/*
 * state_text.h
 *		The text form of stored states: a readable header and base64 of the
 *		binary form, "gram(p=3, v=2, n=10):AQAAA...".
 */
#ifndef NEUROENC_STATE_TEXT_H
#define NEUROENC_STATE_TEXT_H

#include "postgres.h"
#include "lib/stringinfo.h"
#include "utils/expandeddatum.h"

/* The flat value of an expanded state, palloc'd; its get_flat_size refuses what is over 1 GB. */
extern bytea *state_flatten(const ExpandedObjectHeader *state);

/* ERROR if the text of a state of so many bytes would pass 1 GB: called before the bytes are made */
extern void state_require_text(const char *name, Size n_bytes);

/* name(summary):base64, palloc'd; ERROR when it would pass 1 GB */
extern char *state_to_text(const char *name, const char *summary, const char *bytes, Size n_bytes);

/*
 * The bytes of such a text, for a state of this name; the summary is for people
 * and is not read.  ERROR (invalid_text_representation) on anything else.
 */
extern StringInfo state_from_text(const char *name, const char *text);

/*
 * A writer that counts when buffer is NULL, so that one function gives both
 * the size and the bytes of a state; and a reader that never passes the end.
 * Numbers are little-endian in the bytes of every state.
 */
typedef struct StateWriter
{
	char	   *buffer;
	Size		n;
} StateWriter;

typedef struct StateReader
{
	const char *name;			/* of the type, for errors */
	const char *at;
	const char *end;
} StateReader;

extern void state_put_bytes(StateWriter *w, const void *bytes, Size n);
extern void state_put_int32(StateWriter *w, int32 value);
extern void state_put_int64(StateWriter *w, int64 value);

/* arrays of elements of 4 or 8 bytes */
extern void state_put_array(StateWriter *w, const void *elements, Size n, int element_size);

/* float8 sums of a state called 'name'; ERROR (numeric_value_out_of_range) where one is not finite, which could not be read back */
extern void state_put_sums(StateWriter *w, const char *name, const double *sums, Size n);

/* Rows that a state called 'name' counts, and so many more; ERROR (program_limit_exceeded) past what can be read back. */
#define STATE_MAX_ROWS	(INT64CONST(1) << 53)	/* so that a double counts them */
extern int64 state_rows_plus(const char *name, int64 n, int64 more);

/* ERROR (invalid_binary_representation) unless n more bytes are there: call before allocating */
extern void state_require(const StateReader *r, Size n);
extern void state_get_bytes(StateReader *r, void *bytes, Size n);
extern int32 state_get_int32(StateReader *r);
extern int64 state_get_int64(StateReader *r);
extern void state_get_array(StateReader *r, void *elements, Size n, int element_size);

/* ERROR if bytes are left over */
extern void state_get_end(const StateReader *r);

/* ERROR (invalid_binary_representation) where one of the n values read into a state called 'name' is not finite */
extern void state_require_finite(const char *name, const double *values, Size n);

/* invalid_binary_representation: "invalid NAME: what" */
_Noreturn extern void state_corrupt(const char *name, const char *what);

#endif							/* NEUROENC_STATE_TEXT_H */
