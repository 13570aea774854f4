/*
 * random_projection.c
 *		Very sparse random projection (Li, Hastie and Church 2006, after
 *		Achlioptas 2003): each entry of R (k x d) is independently zero with
 *		probability 1 - 1/sqrt(d), else + or - sqrt(sqrt(d) / k) with equal
 *		chance, so that E |R x|^2 = |x|^2 and dot products are kept in the mean.
 *
 * Row i of R is a pure function of (seed, i, d): the gaps between its entries
 * are geometric and drawn from its own stream, so the cost is the entries' and not
 * k d.  Gaps are found in a table of survival probabilities made by repeated
 * multiplication: no logarithm, whose last bits differ between machines, so R
 * is the same everywhere.  A larger k only adds rows (and scales).
 *
 * About k sqrt(d) entries of 4 bytes, stored by column: x is then read in order
 * and once, and the k sums stay in the cache.  2 k sqrt(d) flops a vector.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/random.h"
#include "stats/random_projection.h"

/* Streams of their own: other functions of the same seed must not draw the same numbers */
#define FIRST_STREAM (UINT64CONST(0x5250) << 48)

#define CLAIM_HINT "A random projection holds about k times the square root of the width of x entries: ask for a smaller k."

/* survival[g]: the probability that more than g columns are skipped, g = 0 .. n - 1 */
typedef struct Gaps
{
	Size		n;
	double	   *survival;
} Gaps;

static Gaps
gaps_new(Size d)
{
	double		skip = 1 - 1 / sqrt((double) d);
	Gaps		gaps;
	double		s = 1;

	gaps.n = (Size) (4 * sqrt((double) d)) + 1;
	gaps.survival = huge_alloc(size_mul(gaps.n, sizeof(double)));
	for (Size g = 0; g < gaps.n; g++)
		gaps.survival[g] = s *= skip;
	return gaps;
}

/* How many of the table's steps a uniform u survives: the first g with survival[g] <= u. */
static Size
gaps_find(const Gaps *gaps, double u)
{
	Size		low = 0;
	Size		high = gaps->n;

	while (low < high)
	{
		Size		mid = low + (high - low) / 2;

		if (gaps->survival[mid] <= u)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* The walk along one row of R. */
typedef struct RowWalk
{
	RandomStream stream;
	const Gaps *gaps;
	Size		next;			/* first column not decided yet */
} RowWalk;

static void
walk_start(RowWalk *walk, const Gaps *gaps, uint64 seed, Size row)
{
	random_start(&walk->stream, seed, FIRST_STREAM + row);
	walk->gaps = gaps;
	walk->next = 0;
}

/* The next entry's column and sign; false at the end of the row. */
static bool
walk_next(RowWalk *walk, Size d, Size *column, bool *negative)
{
	while (walk->next < d)
	{
		uint64		bits = random_bits(&walk->stream);
		Size		gap = gaps_find(walk->gaps, (double) (bits >> 11) * 0x1p-53);

		walk->next += gap;
		if (gap == walk->gaps->n)
			continue;			/* past the table: geometric gaps have no memory */
		if (walk->next >= d)
			break;
		*column = walk->next++;
		*negative = (bits & 1) != 0;
		return true;
	}
	return false;
}

/* start[j] becomes where column j's entries begin. */
static void
count_entries(RandomProjection *r, const Gaps *gaps)
{
	Size		column;
	bool		negative;
	Size		sum = 0;

	for (Size i = 0; i < r->k; i++)
	{
		RowWalk		walk;

		CHECK_FOR_INTERRUPTS();
		walk_start(&walk, gaps, r->seed, i);
		while (walk_next(&walk, r->d, &column, &negative))
			r->start[column]++;
	}
	for (Size j = 0; j <= r->d; j++)
	{
		Size		count = r->start[j];

		r->start[j] = sum;
		sum += count;
	}
}

/* Rows in order, so each column's entries ascend; start[j] moves to the end of column j. */
static void
place_entries(RandomProjection *r, const Gaps *gaps)
{
	Size		column;
	bool		negative;

	for (Size i = 0; i < r->k; i++)
	{
		RowWalk		walk;

		CHECK_FOR_INTERRUPTS();
		walk_start(&walk, gaps, r->seed, i);
		while (walk_next(&walk, r->d, &column, &negative))
			r->entry[r->start[column]++] = negative ? ~(int32) i : (int32) i;
	}
	memmove(r->start + 1, r->start, r->d * sizeof(Size));
	r->start[0] = 0;
}

RandomProjection *
random_projection_new(Size d, Size k, uint64 seed)
{
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "random_projection");
	RandomProjection *r = palloc0(sizeof(RandomProjection));
	Size		start_bytes = size_mul(size_add(d, 1), sizeof(Size));
	Size		n_entries;
	Gaps		gaps;

	r->d = d;
	r->k = k;
	r->seed = seed;
	if (d == 0)
	{
		r->start = palloc0(sizeof(Size));
		return r;
	}
	r->scale = sqrt(sqrt((double) d) / (double) k);
	memory_claim_add(claim, start_bytes, CLAIM_HINT);
	/* before an hour is spent on counting what can't be held */
	n_entries = (Size) ((double) k * sqrt((double) d));
	memory_claim_add(claim, size_mul(n_entries, sizeof(int32)), CLAIM_HINT);

	r->start = huge_alloc0(start_bytes);
	gaps = gaps_new(d);
	count_entries(r, &gaps);
	memory_claim_sub(claim, n_entries * sizeof(int32));
	n_entries = r->start[d];
	memory_claim_add(claim, size_mul(n_entries, sizeof(int32)), CLAIM_HINT);
	r->entry = huge_alloc(Max(n_entries, 1) * sizeof(int32));
	place_entries(r, &gaps);
	pfree(gaps.survival);
	return r;
}

void
random_projection_apply(const RandomProjection *r, const double *x, double *out)
{
	bool		finite = true;

	memset(out, 0, r->k * sizeof(double));
	for (Size j = 0; j < r->d; j++)
	{
		if ((j & 0xffff) == 0xffff)
			CHECK_FOR_INTERRUPTS();
		finite &= isfinite(x[j]) != 0;
		if (x[j] == 0)
			continue;
		for (Size e = r->start[j]; e < r->start[j + 1]; e++)
		{
			int32		row = r->entry[e];

			if (row >= 0)
				out[row] += x[j];
			else
				out[~row] -= x[j];
		}
	}
	for (Size i = 0; i < r->k; i++)
		out[i] = finite ? out[i] * r->scale : NAN;
}
