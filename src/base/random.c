/*
 * random.c
 *		Counter-based random numbers: Philox 4x32-10.
 *
 * J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC'11.  The key is the seed, the upper half of
 * the counter the stream, the lower half the block; ten rounds give four 32-bit
 * words a block.  About 2 ns a word, no state beyond the counter.
 */
#include "postgres.h"

#include <math.h>

#include "base/random.h"

#define PHILOX_M0	UINT64CONST(0xD2511F53)
#define PHILOX_M1	UINT64CONST(0xCD9E8D57)
#define PHILOX_W0	0x9E3779B9U
#define PHILOX_W1	0xBB67AE85U

static void
philox_block(uint64 seed, uint64 stream, uint64 block, uint32 out[4])
{
	uint32		c0 = (uint32) block;
	uint32		c1 = (uint32) (block >> 32);
	uint32		c2 = (uint32) stream;
	uint32		c3 = (uint32) (stream >> 32);
	uint32		k0 = (uint32) seed;
	uint32		k1 = (uint32) (seed >> 32);

	for (int round = 0; round < 10; round++)
	{
		uint64		p0 = PHILOX_M0 * c0;
		uint64		p1 = PHILOX_M1 * c2;

		c0 = (uint32) (p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32) p1;
		c2 = (uint32) (p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32) p0;
		k0 += PHILOX_W0;
		k1 += PHILOX_W1;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

void
random_start(RandomStream *r, uint64 seed, uint64 stream)
{
	memset(r, 0, sizeof(*r));
	r->seed = seed;
	r->stream = stream;
	r->used = 4;
}

/* Two words, the first the low half. */
uint64
random_bits(RandomStream *r)
{
	uint64		bits;

	if (r->used >= 4)
	{
		philox_block(r->seed, r->stream, r->block++, r->words);
		r->used = 0;
	}
	bits = (uint64) r->words[r->used] | (uint64) r->words[r->used + 1] << 32;
	r->used += 2;
	return bits;
}

double
random_double(RandomStream *r)
{
	return (double) (random_bits(r) >> 11) * 0x1p-53;
}

/* Box and Muller's transform of two uniforms, the first in (0, 1]. */
double
random_gaussian(RandomStream *r)
{
	double		radius,
				angle;

	if (r->has_spare)
	{
		r->has_spare = false;
		return r->spare;
	}
	radius = sqrt(-2.0 * log(1.0 - random_double(r)));
	angle = 2.0 * M_PI * random_double(r);
	r->spare = radius * sin(angle);
	r->has_spare = true;
	return radius * cos(angle);
}

/* Multiply and shift, rejecting the few values that would favour small results (Lemire 2019). */
uint64
random_below(RandomStream *r, uint64 n)
{
	unsigned __int128 product;
	uint64		threshold;

	Assert(n > 0);
	product = (unsigned __int128) random_bits(r) * n;
	if ((uint64) product < n)
	{
		threshold = -n % n;
		while ((uint64) product < threshold)
			product = (unsigned __int128) random_bits(r) * n;
	}
	return (uint64) (product >> 64);
}

void
random_permute(RandomStream *r, int64 *perm, int64 n)
{
	for (int64 i = 0; i < n; i++)
		perm[i] = i;
	for (int64 i = n - 1; i > 0; i--)
	{
		int64		j = (int64) random_below(r, (uint64) i + 1);
		int64		swap = perm[i];

		perm[i] = perm[j];
		perm[j] = swap;
	}
}
