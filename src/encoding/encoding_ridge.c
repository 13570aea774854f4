/*
 * encoding_ridge.c
 *		SQL functions that fit: ridge_cv and ridge.
 */
#include "postgres.h"

#include "fmgr.h"

#include "encoding/arguments.h"
#include "encoding/encoder.h"
#include "encoding/ridge.h"
#include "stats/gram.h"

PG_FUNCTION_INFO_V1(encoding_ridge_cv);
PG_FUNCTION_INFO_V1(encoding_ridge);
PG_FUNCTION_INFO_V1(encoding_ridge_alphas);

/* ridge_cv(g, alphas, per_target, standardize, scoring): not strict, since alphas NULL is the default grid */
Datum
encoding_ridge_cv(PG_FUNCTION_ARGS)
{
	RidgeOptions options = {0};
	const Gram *g;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	argument_require_not_null(fcinfo, 2, "per_target");
	argument_require_not_null(fcinfo, 3, "standardize");
	argument_require_not_null(fcinfo, 4, "scoring");
	g = argument_gram(fcinfo, 0);
	if (!PG_ARGISNULL(1))
		options.alphas = argument_alphas(PG_GETARG_ARRAYTYPE_P(1), false, &options.n_alphas);
	options.per_target = PG_GETARG_BOOL(2);
	options.standardize = PG_GETARG_BOOL(3);
	options.scoring = argument_scoring(PG_GETARG_TEXT_PP(4));
	PG_RETURN_DATUM(EncoderGetDatum(ridge_cv_fit(CurrentMemoryContext, g, &options)));
}

Datum
encoding_ridge(PG_FUNCTION_ARGS)
{
	const Gram *g = argument_gram(fcinfo, 0);
	double		alpha = PG_GETARG_FLOAT8(1);

	argument_require_alpha(alpha, true);
	PG_RETURN_DATUM(EncoderGetDatum(ridge_fit(CurrentMemoryContext, g, 1, &alpha, PG_GETARG_BOOL(2))));
}

Datum
encoding_ridge_alphas(PG_FUNCTION_ARGS)
{
	const Gram *g = argument_gram(fcinfo, 0);
	int			n;
	double	   *alphas = argument_alphas(PG_GETARG_ARRAYTYPE_P(1), true, &n);

	if (n != g->v)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d alphas for %d targets", n, g->v),
				 errhint("Give one alpha for each target, or one number for all.")));
	PG_RETURN_DATUM(EncoderGetDatum(ridge_fit(CurrentMemoryContext, g, n, alphas, PG_GETARG_BOOL(2))));
}
