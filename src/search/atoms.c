/*
 * atoms.c
 *		A dictionary: atoms whose sums are to make rows.
 */
#include "postgres.h"

#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "search/atoms.h"
#include "stats/differences.h"

void
atoms_squares(const Atoms *a, double *out)
{
	for (Size j = 0; j < a->m; j++)
		out[j] = squared_length(a->atom + j * a->d, a->d);
}

void
atoms_gram(const Atoms *a, double *out)
{
	syrk_f8(false, a->m, a->d, 1, a->atom, a->d, 0, out, a->m);
}

HOT_LOOP void
atoms_add(const Atoms *a, int n, const int32 *index, const double *value, double *out)
{
	for (int i = 0; i < n; i++)
	{
		const double *restrict atom = a->atom + (Size) index[i] * a->d;
		double *restrict sum = out;
		double		times = value[i];

		for (Size j = 0; j < a->d; j++)
			sum[j] += times * atom[j];
	}
}
