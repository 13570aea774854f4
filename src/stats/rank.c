/*
 * rank.c
 *		The order of a vector of doubles, and its ranks with ties averaged.
 *
 * A double's bits, with the sign folded in, are an integer that sorts as the
 * value does.  The leading bits of (integer - least one) and the value's index
 * make one word of 64 bits.  Words are sorted by the first log2(n) + 3 of their
 * bits with a least-significant-digit radix sort (four passes for half a million
 * values, where whole doubles would take eleven), and what still shares those by
 * insertion, or where that is many words by the same method on the bits below.
 * Values whose words differ in the index alone are told apart by the bits that did
 * not fit.  So any distribution takes O(n) time; bytes: 16 n.  The sort is stable,
 * since the index is the end of the word.  Digits are of 6 bits: writing to 64 places
 * at a time took 2.3 ns a word, to 128 or more 9 ns.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "stats/rank.h"

#define MAX_DIGIT_BITS	6
#define MAX_PASSES		6		/* of log2(n) + SPARE_BITS <= 35 bits */
#define SPARE_BITS		3
#define INSERTION_MAX	32		/* words sorted by insertion */
#define SLICE			((Size) 1 << 20)	/* words between looks for interrupts */

Size
rank_scratch_bytes(Size n)
{
	return size_mul(n, 2 * sizeof(uint64));
}

void
rank_scratch_allocate(RankScratch *s, Size n)
{
	s->word[0] = huge_alloc(size_mul(n, sizeof(uint64)));
	s->word[1] = huge_alloc(size_mul(n, sizeof(uint64)));
}

/* An integer that sorts as the value does; -0 and 0 are the same. */
static inline uint64
sortable(double value)
{
	union
	{
		double		f;
		uint64		u;
		int64		i;
	}			bits = {.f = value + 0.0};

	/* all bits of a negative value, the sign of another: without a branch that half of the values would miss */
	return bits.u ^ ((uint64) (bits.i >> 63) | UINT64CONST(1) << 63);
}

/* Bits that x has: 0 for 0, 64 for the largest. */
static inline int
bit_length(uint64 x)
{
	return x == 0 ? 0 : 64 - __builtin_clzll(x);
}

/* ---- sorting words ---- */

static void
insertion_sort(uint64 *word, Size n)
{
	for (Size i = 1; i < n; i++)
	{
		uint64		w = word[i];
		Size		at = i;

		for (; at > 0 && word[at - 1] > w; at--)
			word[at] = word[at - 1];
		word[at] = w;
	}
}

/* Which bits a sort goes by: [shift, shift + passes * bits) of word - least */
typedef struct Digits
{
	uint64		least;			/* index bits 0 */
	int			shift;
	int			bits;
	int			passes;
} Digits;

/* The index bits of words of one value ascend already, and a stable sort leaves them so. */
static Digits
choose_digits(const uint64 *word, Size n, int index_bits)
{
	uint64		least = word[0];
	uint64		most = word[0];
	int			varying,
				wanted;
	Digits		d;

	for (Size i = 1; i < n; i++)
	{
		least = Min(least, word[i]);
		most = Max(most, word[i]);
	}
	varying = bit_length((most >> index_bits) - (least >> index_bits));
	wanted = Min(varying, bit_length(n) + SPARE_BITS);
	d.least = least >> index_bits << index_bits;
	d.passes = (wanted + MAX_DIGIT_BITS - 1) / MAX_DIGIT_BITS;
	d.bits = d.passes > 0 ? (wanted + d.passes - 1) / d.passes : 0;
	d.shift = index_bits + Max(0, varying - d.passes * d.bits);
	return d;
}

static inline uint32
digit_of(const Digits *d, int pass, uint64 word)
{
	return (uint32) ((word - d->least) >> (d->shift + pass * d->bits)) & ((1u << d->bits) - 1);
}

typedef uint32 DigitCounts[MAX_PASSES][1 << MAX_DIGIT_BITS];

/* How often each digit of each pass occurs. */
static void
count_digits(const Digits *d, const uint64 *word, Size n, DigitCounts count, bool interruptible)
{
	for (int pass = 0; pass < d->passes; pass++)
		memset(count[pass], 0, sizeof(uint32) << d->bits);
	for (Size from = 0; from < n; from += SLICE)
	{
		Size		end = Min(from + SLICE, n);

		if (interruptible)
			CHECK_FOR_INTERRUPTS();
		for (Size i = from; i < end; i++)
			for (int pass = 0; pass < d->passes; pass++)
				count[pass][digit_of(d, pass, word[i])]++;
	}
}

/* Counts become where each digit begins. */
static void
digit_starts(const Digits *d, uint32 *count)
{
	uint32		sum = 0;

	for (uint32 digit = 0; digit < 1u << d->bits; digit++)
	{
		uint32		here = count[digit];

		count[digit] = sum;
		sum += here;
	}
}

static void
distribute(const Digits *d, int pass, const uint64 *word, Size n, uint32 *start, uint64 *out, bool interruptible)
{
	for (Size from = 0; from < n; from += SLICE)
	{
		Size		end = Min(from + SLICE, n);

		if (interruptible)
			CHECK_FOR_INTERRUPTS();
		for (Size i = from; i < end; i++)
			out[start[digit_of(d, pass, word[i])]++] = word[i];
	}
}

/* Sorts n words; spare: n more. */
static void
sort_words(uint64 *word, uint64 *spare, Size n, int index_bits, bool interruptible)
{
	uint64	   *at = word;
	DigitCounts count;
	Digits		d;

	if (n <= INSERTION_MAX)
	{
		insertion_sort(word, n);
		return;
	}
	d = choose_digits(word, n, index_bits);
	count_digits(&d, word, n, count, interruptible);
	for (int pass = 0; pass < d.passes; pass++)
	{
		uint64	   *out = at == word ? spare : word;

		if (count[pass][digit_of(&d, pass, word[0])] == n)
			continue;
		digit_starts(&d, count[pass]);
		distribute(&d, pass, at, n, count[pass], out, interruptible);
		at = out;
	}
	if (at != word)
		memcpy(word, at, n * sizeof(uint64));
	if (d.shift == index_bits)
		return;
	/* many words that share what they were sorted by; then the few, who move among themselves alone */
	for (Size i = 0; i + INSERTION_MAX < n; i++)
	{
		uint64		leading = (word[i] - d.least) >> d.shift;
		Size		end = i + INSERTION_MAX;

		if ((word[end] - d.least) >> d.shift != leading)
			continue;
		while (end < n && (word[end] - d.least) >> d.shift == leading)
			end++;
		sort_words(word + i, spare + i, end - i, index_bits, interruptible);
		i = end - 1;
	}
	insertion_sort(word, n);
}

/* ---- values ---- */

/*
 * n words that share all bits of the value that they hold: sorts them by those
 * below, 'dropped' of them, and gives the words back in that order.
 */
static void
sort_by_dropped_bits(const double *values, uint64 *word, uint64 *spare, Size n, uint64 least, int dropped,
					 int index_bits, bool interruptible)
{
	uint64		index_mask = (UINT64CONST(1) << index_bits) - 1;
	uint64		shared = word[0] & ~index_mask;

	for (Size i = 0; i < n; i++)
	{
		uint64		index = word[i] & index_mask;
		uint64		below = (sortable(values[index]) - least) & ((UINT64CONST(1) << dropped) - 1);

		word[i] = below << index_bits | index;
	}
	sort_words(word, spare, n, index_bits, interruptible);
	for (Size i = 0; i < n; i++)
		word[i] = shared | (word[i] & index_mask);
}

RankOrder
rank_order(RankScratch *s, Size n, const double *values, bool interruptible)
{
	uint64	   *word = s->word[0];
	int			index_bits = bit_length(n);
	uint64		least = ~UINT64CONST(0);
	uint64		most = 0;
	int			dropped;

	Assert(n <= RANK_MAX_VALUES);
	for (Size i = 0; i < n; i++)
	{
		uint64		key = sortable(values[i]);

		least = Min(least, key);
		most = Max(most, key);
	}
	/* of the bits that vary, those that the index leaves no room for */
	dropped = n > 0 ? Max(0, bit_length(most - least) + index_bits - 64) : 0;
	for (Size i = 0; i < n; i++)
		word[i] = (sortable(values[i]) - least) >> dropped << index_bits | i;
	sort_words(word, s->word[1], n, index_bits, interruptible);
	if (dropped > 0)
		for (Size i = 0; i < n;)
		{
			Size		end = i + 1;

			while (end < n && (word[end] ^ word[i]) >> index_bits == 0)
				end++;
			if (end - i > 1)
				sort_by_dropped_bits(values, word + i, s->word[1] + i, end - i, least, dropped, index_bits,
									 interruptible);
			i = end;
		}
	return (RankOrder) {values, word, index_bits};
}

double
rank_average(RankScratch *s, Size n, const double *values, double *ranks, bool interruptible)
{
	RankOrder	order = rank_order(s, n, values, interruptible);
	double		ties = 0;

	for (Size i = 0; i < n;)
	{
		Size		end = i + 1;
		double		t;

		while (end < n && rank_tied(&order, end))
			end++;
		for (Size k = i; k < end; k++)
			ranks[rank_index(&order, k)] = 0.5 * (double) (i + 1 + end);
		t = (double) (end - i);
		ties += t * t * t - t;
		i = end;
	}
	return ties;
}
