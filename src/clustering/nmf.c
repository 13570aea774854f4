/*
 * nmf.c
 *		Non-negative matrix factorization (Lee and Seung 1999): W, H >= 0 that
 *		minimise |X - W H|, by hierarchical alternating least squares (Cichocki and
 *		Phan 2009) from NNDSVD or random starts.
 *
 * A local minimum, as every such method's: n_init more starts look for a better one.
 * Cost: 4 n p k flops an iteration.
 */
#include "postgres.h"

#include "base/memory.h"
#include "clustering/nmf.h"
#include "clustering/nmf_update.h"

#define FIRST_STREAM 2			/* of random numbers, one a start */

typedef struct NmfStarts
{
	NmfInit		init;
	uint64		seed;
} NmfStarts;

static void
start(Factors *f, int i, void *arg)
{
	const NmfStarts *starts = arg;
	RandomStream random;

	random_start(&random, starts->seed, FIRST_STREAM + (uint64) i);
	nmf_start(f->n, f->p, f->x, f->k, i == 0 ? starts->init : NMF_RANDOM, starts->seed, &random, f->left, f->right);
}

static void
right_step(Factors *f)
{
	nmf_update(f->k, f->p, f->gram_left, f->product, nmf_sweeps(f->k, 2.0 * (double) f->n * (double) f->k), f->right);
}

Size
nmf_scratch(Size n, Size p, Size k, NmfInit init)
{
	return size_add(factors_scratch(n, p, k), nmf_start_scratch(n, p, k, init));
}

void
nmf(Factors *f, NmfInit init, uint64 seed, int n_init, const FactorsStop *stop)
{
	NmfStarts	starts = {init, seed};

	factors_best(f, n_init, start, right_step, stop, "nmf", &starts);
}
