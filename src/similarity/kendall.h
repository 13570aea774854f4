/*
 * kendall.h
 *		Kendall's tau of two vectors, each of them sorted once.
 */
#ifndef NEUROENC_KENDALL_H
#define NEUROENC_KENDALL_H

#include "postgres.h"

#include "stats/rank.h"

/* What a comparison needs of a vector. */
typedef struct KendallOrder
{
	Size		n;
	uint32	   *order;			/* n: where the k-th smallest value stands; ties in the order of the vector */
	uint32	   *first;			/* n: how many values are smaller than the i-th */
	int64		tied;			/* pairs of values that are equal */
} KendallOrder;

/* One thread's scratch for vectors of n values: 12 bytes a value. */
typedef struct KendallScratch
{
	uint32	   *sequence[2];
	uint32	   *next;
} KendallScratch;

/* Bytes of the two; huge_alloc'd in CurrentMemoryContext. */
extern Size kendall_order_bytes(Size n);
extern Size kendall_scratch_bytes(Size n);
extern void kendall_order_allocate(KendallOrder *o, Size n);
extern void kendall_scratch_allocate(KendallScratch *s, Size n);

/* n values, none NaN, at most the n of the allocation */
extern void kendall_order(KendallOrder *o, Size n, const double *values, RankScratch *rank, bool interruptible);

/* Of n pairs of pairs: concordant - discordant over all of them (a), or over those not tied in either (b). */
extern double kendall_tau_a(const KendallOrder *x, const KendallOrder *y, KendallScratch *s, bool interruptible);
extern double kendall_tau_b(const KendallOrder *x, const KendallOrder *y, KendallScratch *s, bool interruptible);

#endif							/* NEUROENC_KENDALL_H */
