/*
 * random_units.c
 *		Random units as controls of chosen ones: as many, none of them chosen, and
 *		alike in what strata say (layer, mean activity).
 *
 * Every stratum draws from a stream of its own without replacement, so what is
 * drawn there depends on the seed and that stratum alone.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/compare.h"
#include "base/random.h"
#include "search/random_units.h"

/* By stratum, those that may be drawn first, then by unit. */
static int
compare_units(const void *a, const void *b)
{
	const StratumUnit *x = a;
	const StratumUnit *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->stratum != y->stratum)
		return x->stratum < y->stratum ? -1 : 1;
	if (x->chosen != y->chosen)
		return x->chosen ? 1 : -1;
	return x->unit < y->unit ? -1 : x->unit > y->unit;
}

bool
random_units(Size n, StratumUnit *units, uint64 seed, int32 *out, int32 *stratum)
{
	Size		n_out = 0;
	Size		end;

	qsort(units, n, sizeof(StratumUnit), compare_units);
	for (Size first = 0; first < n; first = end)
	{
		RandomStream random;
		Size		free_units = 0;

		for (end = first; end < n && units[end].stratum == units[first].stratum; end++)
			free_units += !units[end].chosen;
		if (end - first > 2 * free_units)
		{
			*stratum = units[first].stratum;
			return false;
		}
		random_start(&random, seed, (uint64) (uint32) units[first].stratum);
		for (Size i = 0; i < end - first - free_units; i++)
		{
			Size		at = first + i + random_below(&random, free_units - i);
			StratumUnit drawn = units[at];

			units[at] = units[first + i];
			units[first + i] = drawn;
			out[n_out++] = drawn.unit;
		}
	}
	qsort(out, n_out, sizeof(int32), compare_int32);
	return true;
}
