/*
 * soft_match.c
 *		Soft matching of two populations' units (Khosla and Williams 2024).
 *
 * A transport plan between units of equal weight.  With as many units on both
 * sides the best plan is a permutation (Birkhoff 1946), found as an assignment;
 * else by the network simplex, with masses in whole numbers, q / gcd and p / gcd,
 * so that nothing is rounded.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "similarity/soft_match.h"
#include "stats/assignment.h"
#include "stats/transport.h"

static double
by_assignment(Size n, const double *cost)
{
	int		   *column = huge_alloc(n * sizeof(int));
	double		sum = 0;

	assignment_solve(n, n, cost, column);	/* finite: there is always one */
	for (Size i = 0; i < n; i++)
		sum += cost[i * n + column[i]];
	pfree(column);
	return sum / (double) n;
}

static double *
masses(Size n, double mass)
{
	double	   *m = huge_matrix(1, n);

	for (Size i = 0; i < n; i++)
		m[i] = mass;
	return m;
}

static Size
greatest_common_divisor(Size a, Size b)
{
	while (b != 0)
	{
		Size		rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static double
by_transport(Size p, Size q, const double *cost)
{
	Size		bytes = transport_bytes(p, q);
	MemoryContext scratch = scratch_create("soft_match", size_add(bytes, (p + q) * sizeof(double)), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Transport  *t = transport_place(huge_alloc(bytes), p, q);
	double		common = greatest_common_divisor(p, q);
	double		total = transport_solve(t, p, q, masses(p, q / common), masses(q, p / common), cost, true);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return total / ((double) p * (double) q / common);
}

double
soft_match_best(Size p, Size q, double *a)
{
	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < q; j++)
			a[i * q + j] = -a[i * q + j];
	}
	return -(p == q ? by_assignment(p, a) : by_transport(p, q, a));
}
