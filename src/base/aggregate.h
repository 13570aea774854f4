/*
 * aggregate.h
 *		What transition and combine functions share.
 */
#ifndef NEUROENC_AGGREGATE_H
#define NEUROENC_AGGREGATE_H

#include "postgres.h"
#include "fmgr.h"

/* The context that aggregate states live in; an ERROR when called outside an aggregate. */
extern MemoryContext aggregate_context(FunctionCallInfo fcinfo);

#endif							/* NEUROENC_AGGREGATE_H */
