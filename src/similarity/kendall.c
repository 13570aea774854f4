/*
 * kendall.c
 *		Kendall's tau in O(n log n).
 *
 * Knight (1966): with the pairs (x, y) sorted by x, then y, the discordant pairs
 * are the inversions of the sequence of y.  Each vector is sorted once
 * (KendallOrder) and serves any number of comparisons.  The sequence comes from
 * the two orders by counting, O(n) with any ties: values of y in ascending order
 * are dealt to the places of their x.  Tied values of y are then numbered in the
 * order in which they stand, so that the sequence is a permutation of 0 .. n - 1
 * with the same inversions.
 *
 * A permutation's inversions are counted from the highest bit down: within a
 * block that shares the bits above, each value with the bit clear is passed by
 * the values before it that have it set; the block is then split by the bit,
 * stably.  That is n steps a bit without a branch, in blocks whose places are
 * known beforehand.  Blocks of 64 values are finished at once by the set of
 * values seen, a word, and a population count.  499,500 values: 13 passes and
 * one.  Bytes: 24 n a vector while it is sorted, 8 n to keep it, 12 n a pair.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "similarity/kendall.h"

#define WORD_BITS	6			/* blocks of 64 values are counted by a word */

Size
kendall_order_bytes(Size n)
{
	return size_mul(n, 2 * sizeof(uint32));
}

void
kendall_order_allocate(KendallOrder *o, Size n)
{
	o->order = huge_alloc(size_mul(n, sizeof(uint32)));
	o->first = huge_alloc(size_mul(n, sizeof(uint32)));
}

Size
kendall_scratch_bytes(Size n)
{
	return size_mul(n, 3 * sizeof(uint32));
}

void
kendall_scratch_allocate(KendallScratch *s, Size n)
{
	s->sequence[0] = huge_alloc(size_mul(n, sizeof(uint32)));
	s->sequence[1] = huge_alloc(size_mul(n, sizeof(uint32)));
	s->next = huge_alloc(size_mul(n, sizeof(uint32)));
}

static int64
pairs_of(Size n)
{
	return (int64) n * ((int64) n - 1) / 2;
}

void
kendall_order(KendallOrder *o, Size n, const double *values, RankScratch *rank, bool interruptible)
{
	RankOrder	sorted = rank_order(rank, n, values, interruptible);
	Size		first = 0;

	o->n = n;
	o->tied = 0;
	for (Size k = 0; k < n; k++)
	{
		uint32		i = rank_index(&sorted, k);

		breathe(interruptible, k);
		if (k > 0 && rank_tied(&sorted, k))
			o->tied += (int64) (k - first);
		else
			first = k;
		o->order[k] = i;
		o->first[i] = (uint32) first;
	}
}

/* ---- the sequence of y in the order of (x, y) ---- */

/* Each y as the number of smaller ones; returns the pairs tied in x and y. */
static int64
sequence_by_x(const KendallOrder *x, const KendallOrder *y, KendallScratch *s, bool interruptible)
{
	Size		n = x->n;
	uint32	   *sequence = s->sequence[0];
	uint32	   *next = s->next;
	int64		both = 0;
	int64		run = 0;

	if (x->tied == 0)
	{
		for (Size k = 0; k < n; k++)
		{
			breathe(interruptible, k);
			sequence[k] = y->first[x->order[k]];
		}
		return 0;
	}
	/* places of x's tied values, dealt in the order of y */
	for (Size k = 0; k < n; k++)
		next[k] = (uint32) k;
	for (Size k = 0; k < n; k++)
	{
		uint32		i = y->order[k];

		breathe(interruptible, k);
		sequence[next[x->first[i]]++] = y->first[i];
	}
	for (Size k = 1; k < n; k++)
	{
		bool		tied = x->first[x->order[k]] == x->first[x->order[k - 1]] && sequence[k] == sequence[k - 1];

		breathe(interruptible, k);
		run = tied ? run + 1 : 0;
		both += run;
	}
	return both;
}

/* Tied values numbered as they stand. */
static void
number_ties(Size n, uint32 *sequence, uint32 *next, bool interruptible)
{
	for (Size k = 0; k < n; k++)
		next[k] = (uint32) k;
	for (Size k = 0; k < n; k++)
	{
		breathe(interruptible, k);
		sequence[k] = next[sequence[k]]++;
	}
}

/* ---- inversions of a permutation ---- */

/* Splits the n values of a block by a bit, without a branch; returns the inversions between the halves. */
static int64
split_block(const uint32 *restrict in, uint32 *restrict out, uint32 n, int bit)
{
	uint32		set = 0;
	uint32		half = 1u << bit;
	int64		inversions = 0;

	for (uint32 i = 0; i < n; i++)
	{
		uint32		value = in[i];
		uint32		is_set = (value >> bit) & 1;
		uint32		mask = 0 - is_set;

		out[((half + set) & mask) | ((i - set) & ~mask)] = value;
		inversions += set & ~mask;
		set += is_set;
	}
	return inversions;
}

/* Inversions of a block of at most 64 values that share all but their last 6 bits. */
HOT_LOOP static int64
word_inversions(const uint32 *in, Size n)
{
	int64		inversions = 0;

	for (Size start = 0; start < n; start += 64)
	{
		uint64		seen = 0;
		Size		end = Min(start + 64, n);

		for (Size i = start; i < end; i++)
		{
			int			value = (int) (in[i] & 63);

			inversions += __builtin_popcountll(seen >> value);
			seen |= UINT64CONST(1) << value;
		}
	}
	return inversions;
}

/* sequence[0] is a permutation of 0 .. n - 1, and is destroyed with sequence[1]. */
static int64
count_inversions(uint32 *const *sequence, Size n, bool interruptible)
{
	const uint32 *in = sequence[0];
	int64		inversions = 0;
	int			at = 0;
	int			bits = 0;

	while (n > (UINT64CONST(1) << bits))
		bits++;
	for (int bit = bits - 1; bit >= WORD_BITS; bit--)
	{
		uint32	   *out = sequence[1 - at];
		Size		block = (Size) 2 << bit;

		for (Size start = 0; start < n; start += block)
		{
			breathe(interruptible, start);
			inversions += split_block(in + start, out + start, (uint32) Min(block, n - start), bit);
		}
		at = 1 - at;
		in = sequence[at];
	}
	return inversions + word_inversions(in, n);
}

/* Concordant pairs less discordant ones. */
static int64
kendall_score(const KendallOrder *x, const KendallOrder *y, KendallScratch *s, bool interruptible)
{
	int64		both = sequence_by_x(x, y, s, interruptible);

	if (y->tied > 0)
		number_ties(x->n, s->sequence[0], s->next, interruptible);
	return pairs_of(x->n) - x->tied - y->tied + both - 2 * count_inversions(s->sequence, x->n, interruptible);
}

double
kendall_tau_a(const KendallOrder *x, const KendallOrder *y, KendallScratch *s, bool interruptible)
{
	Assert(x->n == y->n);
	if (x->n < 2)
		return NAN;
	return (double) kendall_score(x, y, s, interruptible) / (double) pairs_of(x->n);
}

double
kendall_tau_b(const KendallOrder *x, const KendallOrder *y, KendallScratch *s, bool interruptible)
{
	int64		pairs = pairs_of(x->n);
	double		tau;

	Assert(x->n == y->n);
	if (pairs == x->tied || pairs == y->tied)
		return NAN;
	tau = (double) kendall_score(x, y, s, interruptible) /
		(sqrt((double) (pairs - x->tied)) * sqrt((double) (pairs - y->tied)));
	return Max(-1.0, Min(1.0, tau));
}
