/*
 * encoding_ridge.c
 *		SQL functions that fit: ridge_cv and ridge.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "encoding/encoder.h"
#include "encoding/ridge.h"
#include "stats/gram.h"

PG_FUNCTION_INFO_V1(encoding_ridge_cv);
PG_FUNCTION_INFO_V1(encoding_ridge);
PG_FUNCTION_INFO_V1(encoding_ridge_alphas);

static const Gram *
gram_with_targets(FunctionCallInfo fcinfo)
{
	const Gram *g = PG_GETARG_GRAM(0);

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

static void
require_alpha(double alpha, bool zero_allowed)
{
	if (!isfinite(alpha) || alpha < 0 || (alpha == 0 && !zero_allowed))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha must be finite and %s, not %g", zero_allowed ? "not negative" : "positive",
						alpha)));
}

/* A float8[] of alphas; at least one, none NULL. */
static double *
alpha_array(ArrayType *array, bool zero_allowed, int *n)
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
		require_alpha(alphas[i], zero_allowed);
	}
	return alphas;
}

static EncoderScoring
scoring_from_name(const char *name)
{
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

static void
require_not_null(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
}

/* ridge_cv(g, alphas, per_target, standardize, scoring): not strict, since alphas NULL is the default grid */
Datum
encoding_ridge_cv(PG_FUNCTION_ARGS)
{
	RidgeOptions options = {0};
	const Gram *g;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	require_not_null(fcinfo, 2, "per_target");
	require_not_null(fcinfo, 3, "standardize");
	require_not_null(fcinfo, 4, "scoring");
	g = gram_with_targets(fcinfo);
	if (!PG_ARGISNULL(1))
		options.alphas = alpha_array(PG_GETARG_ARRAYTYPE_P(1), false, &options.n_alphas);
	options.per_target = PG_GETARG_BOOL(2);
	options.standardize = PG_GETARG_BOOL(3);
	options.scoring = scoring_from_name(text_to_cstring(PG_GETARG_TEXT_PP(4)));
	PG_RETURN_DATUM(EncoderGetDatum(ridge_cv_fit(CurrentMemoryContext, g, &options)));
}

Datum
encoding_ridge(PG_FUNCTION_ARGS)
{
	const Gram *g = gram_with_targets(fcinfo);
	double		alpha = PG_GETARG_FLOAT8(1);

	require_alpha(alpha, true);
	PG_RETURN_DATUM(EncoderGetDatum(ridge_fit(CurrentMemoryContext, g, 1, &alpha, PG_GETARG_BOOL(2))));
}

Datum
encoding_ridge_alphas(PG_FUNCTION_ARGS)
{
	const Gram *g = gram_with_targets(fcinfo);
	int			n;
	double	   *alphas = alpha_array(PG_GETARG_ARRAYTYPE_P(1), true, &n);

	if (n != g->v)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d alphas for %d targets", n, g->v),
				 errhint("Give one alpha for each target, or one number for all.")));
	PG_RETURN_DATUM(EncoderGetDatum(ridge_fit(CurrentMemoryContext, g, n, alphas, PG_GETARG_BOOL(2))));
}
