/*
 * random.h
 *		Counter-based random numbers (Philox 4x32-10; Salmon, Moraes, Dror and
 *		Shaw 2011): value i of stream (seed, stream) is a pure function of the
 *		three, so draws are the same on any plan and any machine.
 */
#ifndef NEUROENC_RANDOM_H
#define NEUROENC_RANDOM_H

#include "postgres.h"

typedef struct RandomStream
{
	uint64		seed;
	uint64		stream;
	uint64		block;			/* next counter block */
	uint32		words[4];		/* current block */
	int			used;			/* words used of it; 4 = none left */
	double		spare;			/* second normal of a Box-Muller pair */
	bool		has_spare;
} RandomStream;

extern void random_start(RandomStream *r, uint64 seed, uint64 stream);
extern uint64 random_bits(RandomStream *r);

/* uniform in [0, 1), 53 bits */
extern double random_double(RandomStream *r);

/* standard normal */
extern double random_gaussian(RandomStream *r);

/* uniform integer in [0, n), unbiased; n > 0 */
extern uint64 random_below(RandomStream *r, uint64 n);

/* a permutation of 0 .. n - 1 (Fisher-Yates) */
extern void random_permute(RandomStream *r, int64 *perm, int64 n);

#endif							/* NEUROENC_RANDOM_H */
