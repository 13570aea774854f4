/*
 * arguments.c
 *		Arguments that the fitting functions have in common, read and checked.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "encoding/arguments.h"

const Gram *
argument_gram(FunctionCallInfo fcinfo, int arg)
{
	const Gram *g = PG_GETARG_GRAM(arg);

	if (g->v == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram has no targets"),
				 errhint("Make it with gram_agg(x, y) or gram_agg(x, y, fold).")));
	if (gram_n(g) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram has no rows")));
	return g;
}

EncoderScoring
argument_scoring(const text *t)
{
	const char *name = text_to_cstring(t);

	if (strcmp(name, "r2") == 0)
		return ENCODER_SCORING_R2;
	if (strcmp(name, "r") == 0)
		return ENCODER_SCORING_R;
	if (strcmp(name, "r2_pooled") == 0)
		return ENCODER_SCORING_R2_POOLED;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown scoring \"%s\"", name),
			 errhint("Use r2, r or r2_pooled.")));
}

void
argument_require_not_null(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
}

int *
argument_bands(ArrayType *array, int n_features, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	int		   *bands;
	int64		sum = 0;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, n);
	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the array of bands is empty"),
				 errhint("Give the width of each feature space, in the order of the features of x.")));
	bands = palloc(*n * sizeof(int));
	for (int b = 0; b < *n; b++)
	{
		if (nulls[b])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of bands is NULL", b + 1)));
		bands[b] = DatumGetInt32(elements[b]);
		if (bands[b] < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("band %d is %d features wide: it must have at least 1", b + 1, bands[b])));
		sum += bands[b];
	}
	if (sum != n_features)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the bands are " INT64_FORMAT " features wide together, but there are %d features", sum, n_features)));
	return bands;
}

void
argument_require_columns(const Encoder *e, const Gram *g)
{
	if (g->p != e->p || g->v != e->v)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the gram has %d features and %d targets, the encoder %d and %d",
						g->p, g->v, e->p, e->v)));
}
