/*
 * alphas.c
 *		Penalties as SQL arguments, read and checked.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "stats/alphas.h"

void
argument_require_alpha(double alpha, bool zero_allowed)
{
	if (!isfinite(alpha) || alpha < 0 || (alpha == 0 && !zero_allowed))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be finite and %s, not %g", zero_allowed ? "not negative" : "positive",
						alpha)));
}

double *
argument_alphas(ArrayType *array, bool zero_allowed, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	double	   *alphas;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, n);
	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the array of alphas is empty")));
	alphas = palloc(*n * sizeof(double));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of alphas is NULL", i + 1)));
		alphas[i] = DatumGetFloat8(elements[i]);
		argument_require_alpha(alphas[i], zero_allowed);
	}
	return alphas;
}
