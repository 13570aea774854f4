/*
 * rank.h
 *		The order of a vector of doubles, and its ranks with ties averaged.
 */
#ifndef NEUROENC_RANK_H
#define NEUROENC_RANK_H

#include "postgres.h"

#define RANK_MAX_VALUES ((Size) PG_UINT32_MAX)

/* One thread's scratch for vectors of at most n values. */
typedef struct RankScratch
{
	uint64	   *word[2];		/* n each */
} RankScratch;

/* Bytes of scratch, n <= RANK_MAX_VALUES; huge_alloc'd in CurrentMemoryContext. */
extern Size rank_scratch_bytes(Size n);
extern void rank_scratch_allocate(RankScratch *s, Size n);

/* A sorted vector: the leading bits of a value and where it stands, a word each, ascending. */
typedef struct RankOrder
{
	const double *values;
	const uint64 *word;			/* in the scratch */
	int			index_bits;
} RankOrder;

/*
 * Sorts n values, none of them NaN; tied values (-0 and 0 are) stay in the order
 * of the vector.  'interruptible': on the backend's thread, which then looks for
 * interrupts.
 */
extern RankOrder rank_order(RankScratch *s, Size n, const double *values, bool interruptible);

/* Where the k-th smallest value stands in the vector. */
static inline uint32
rank_index(const RankOrder *o, Size k)
{
	return (uint32) (o->word[k] & ((UINT64CONST(1) << o->index_bits) - 1));
}

/* Is the k-th smallest value, k > 0, equal to the one before? */
static inline bool
rank_tied(const RankOrder *o, Size k)
{
	return (o->word[k] ^ o->word[k - 1]) >> o->index_bits == 0 &&
		o->values[rank_index(o, k)] == o->values[rank_index(o, k - 1)];
}

/*
 * Ranks 1 .. n, ties averaged; may not be the values themselves.  Returns
 * sum(t^3 - t) over groups of t tied values, 0 without ties.
 */
extern double rank_average(RankScratch *s, Size n, const double *values, double *ranks, bool interruptible);

#endif							/* NEUROENC_RANK_H */
