/*
 * repeated_argument.h
 *		A tensor that comes with every row of an aggregate, but is one value.
 */
#ifndef NEUROENC_REPEATED_ARGUMENT_H
#define NEUROENC_REPEATED_ARGUMENT_H

#include "postgres.h"
#include "fmgr.h"

#include "tensor/tensor.h"

/* An on-disk toast pointer with its two header bytes */
#define REPEATED_POINTER_SIZE (VARHDRSZ_EXTERNAL + sizeof(varatt_external))

typedef struct RepeatedArgument
{
	Tensor	   *given;			/* as it came, detoasted: a copy */
	const void *address;		/* where it came from last */
	bool		stored;			/* pointer is set */
	char		pointer[REPEATED_POINTER_SIZE];
} RepeatedArgument;

/* Keeps a copy of t, in CurrentMemoryContext: VARSIZE(t) bytes, which the caller claims. */
extern void repeated_argument_keep(RepeatedArgument *r, const Tensor *t);

/* t was read from argument n: rows that give it the same way are not compared with it. */
extern void repeated_argument_seen(RepeatedArgument *r, FunctionCallInfo fcinfo, int n);

/*
 * ERROR unless argument n of this transition function is what was kept, called
 * 'what' in the message.  Takes the function's fn_extra.
 */
extern void repeated_argument_require(RepeatedArgument *r, FunctionCallInfo fcinfo, int n, const char *what);

#endif							/* NEUROENC_REPEATED_ARGUMENT_H */
