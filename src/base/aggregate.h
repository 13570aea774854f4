/*
 * aggregate.h
 *		What transition, combine and final functions share.
 */
#ifndef NEUROENC_AGGREGATE_H
#define NEUROENC_AGGREGATE_H

#include "postgres.h"
#include "fmgr.h"

/* The context that aggregate states live in; an ERROR when called outside an aggregate. */
extern MemoryContext aggregate_context(FunctionCallInfo fcinfo);

/*
 * What a final function returns whose state is the answer: an expanded state
 * is handed on without flattening it, which 14 and 15 would do without a final
 * function.  The pointer is read-only.
 */
extern Datum aggregate_hand_on(Datum state);

#endif							/* NEUROENC_AGGREGATE_H */
