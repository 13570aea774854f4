/*
 * fdr.c
 *		False discovery rate: the q value of a test is the smallest rate at which
 *		a step-up procedure rejects it.
 *
 * With the m p values in ascending order, q_i is the least of p_j m / j over j >= i,
 * at most 1 (Benjamini and Hochberg 1995: independent or positively dependent
 * tests), times 1 + 1/2 + ... + 1/m for tests of any dependence (Benjamini and
 * Yekutieli 2001).  Equal p have equal q, since the least is taken from above.
 * One sort.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/memory.h"
#include "stats/fdr.h"

/* Checks for interrupts too: a sort of millions takes seconds. */
static int
compare_ranks(const void *a, const void *b)
{
	double		x = ((const FdrRank *) a)->p;
	double		y = ((const FdrRank *) b)->p;

	CHECK_FOR_INTERRUPTS();
	return x < y ? -1 : x > y;
}

void
fdr_adjust(Size n, double *p, bool any_dependence)
{
	FdrRank    *ranks = huge_alloc(Max(1, FDR_SCRATCH(n)));
	double		factor = (double) n;
	double		least = 1;

	for (Size i = 0; i < n; i++)
		ranks[i] = (FdrRank) {.p = p[i], .index = i};
	qsort(ranks, n, sizeof(FdrRank), compare_ranks);
	if (any_dependence)
	{
		double		sum = 0;

		for (Size j = n; j > 0; j--)
			sum += 1 / (double) j;
		factor *= sum;
	}
	for (Size j = n; j > 0; j--)
	{
		least = Min(least, ranks[j - 1].p * factor / (double) j);
		p[ranks[j - 1].index] = least;
	}
	pfree(ranks);
}
