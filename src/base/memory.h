/*
 * memory.h
 *		Size arithmetic that cannot wrap, huge allocations, and the backend's
 *		memory budget (neuroenc.memory_limit).
 *
 * Live states and solver scratch are *claimed* before they are allocated.  A
 * claim belongs to a memory context and is given back when that context is
 * reset or deleted, so an error can't leak budget.
 */
#ifndef NEUROENC_MEMORY_H
#define NEUROENC_MEMORY_H

#include "postgres.h"
#include "utils/memutils.h"

typedef struct MemoryClaim MemoryClaim;

/* neuroenc.memory_limit, in kilobytes (GUC_UNIT_KB) */
extern int	neuroenc_memory_limit;

/* a + b and a * b; an ERROR (program_limit_exceeded) instead of a wrapped value */
extern Size size_add(Size a, Size b);
extern Size size_mul(Size a, Size b);

/* An empty claim that lives as long as cxt; 'what' (a literal) names it in errors, e.g. "gram". */
extern MemoryClaim *memory_claim(MemoryContext cxt, const char *what);

/*
 * Grow or shrink a claim.  Growing past neuroenc.memory_limit is an ERROR that
 * names the bytes wanted, the bytes already claimed and the limit; 'hint' (may
 * be NULL) is the way out, besides raising the limit.
 */
extern void memory_claim_add(MemoryClaim *claim, Size bytes, const char *hint);
extern void memory_claim_sub(MemoryClaim *claim, Size bytes);

/* The same ERROR for what alone is larger than neuroenc.memory_limit: a value, which its context holds and nobody claims. */
extern void memory_require(const char *what, Size bytes, const char *hint);

/* The largest value: PostgreSQL's 1 GB, less room for the header of a row and its smaller columns. */
#define VALUE_MAX_BYTES (MaxAllocSize - 1024)

/*
 * ERROR (program_limit_exceeded) where a value, or the row that a function
 * returns, would be larger than that: call before it is computed.  'hint' is a
 * sentence.
 */
extern void value_require(const char *what, Size bytes, const char *hint);

/* Bytes claimed by this backend now. */
extern Size memory_claimed(void);

/*
 * A child of CurrentMemoryContext for one algorithm's scratch, with 'bytes'
 * claimed for its life.  The name must be a literal.
 */
extern MemoryContext scratch_create(const char *name, Size bytes, const char *hint);

/* palloc without the 1 GB limit, in CurrentMemoryContext */
extern void *huge_alloc(Size bytes);
extern void *huge_alloc0(Size bytes);

/* rows x columns of float8, not cleared */
extern double *huge_matrix(Size rows, Size columns);

/* From _PG_init: memory of a large state goes back to the system after use. */
extern void memory_return_to_system(void);

extern void memory_define_gucs(void);

#endif							/* NEUROENC_MEMORY_H */
