/*
 * encoding_models.c
 *		SQL functions that fit: elastic_net_cv, pls and pcr.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "encoding/arguments.h"
#include "encoding/component_models.h"
#include "encoding/elastic_net.h"
#include "encoding/encoder.h"
#include "stats/gram.h"

PG_FUNCTION_INFO_V1(encoding_elastic_net_cv);
PG_FUNCTION_INFO_V1(encoding_pls);
PG_FUNCTION_INFO_V1(encoding_pcr);

/* ---- elastic net ---- */

static void
require_folds(const Gram *g)
{
	int			n_folds;

	gram_fold_ids(g, &n_folds);
	if (!g->has_folds)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram has no folds"),
				 errdetail("The alpha of an elastic net is chosen by leaving out one fold after the other."),
				 errhint("Make it with gram_agg(x, y, fold).")));
	if (n_folds < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("leaving a fold out takes at least 2 folds, but the gram has %d", n_folds)));
}

static void
require_options(const ElasticNetOptions *options)
{
	if (!(options->l1_ratio > 0 && options->l1_ratio <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("l1_ratio must be over 0 and at most 1, not %g", options->l1_ratio),
				 errhint("1 is the lasso; without an l1 penalty the model is ridge: use ridge_cv.")));
	if (options->max_iter < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_iter must be positive, not %d", options->max_iter)));
	if (!(options->tol >= 0) || isinf(options->tol))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tol must be finite and not negative, not %g", options->tol)));
}

/* elastic_net_cv(g, l1_ratio, alphas, max_iter, tol, standardize, scoring): alphas NULL is each target's own grid */
Datum
encoding_elastic_net_cv(PG_FUNCTION_ARGS)
{
	ElasticNetOptions options = {0};
	const Gram *g;
	Encoder    *e;
	int64		n_fits;
	int64		n_failed;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	argument_require_not_null(fcinfo, 1, "l1_ratio");
	argument_require_not_null(fcinfo, 3, "max_iter");
	argument_require_not_null(fcinfo, 4, "tol");
	argument_require_not_null(fcinfo, 5, "standardize");
	argument_require_not_null(fcinfo, 6, "scoring");
	g = argument_gram(fcinfo, 0);
	options.l1_ratio = PG_GETARG_FLOAT8(1);
	if (!PG_ARGISNULL(2))
		options.alphas = argument_alphas(PG_GETARG_ARRAYTYPE_P(2), false, &options.n_alphas);
	options.max_iter = PG_GETARG_INT32(3);
	options.tol = PG_GETARG_FLOAT8(4);
	options.standardize = PG_GETARG_BOOL(5);
	options.scoring = argument_scoring(PG_GETARG_TEXT_PP(6));
	require_options(&options);
	require_folds(g);
	e = elastic_net_cv_fit(CurrentMemoryContext, g, &options, &n_fits, &n_failed);
	if (n_failed > 0)
		ereport(WARNING,
				(errmsg("elastic net: " INT64_FORMAT " of " INT64_FORMAT " solutions did not converge in %d cycles",
						n_failed, n_fits, options.max_iter),
				 errhint("Raise max_iter or tol, or standardize the features.")));
	PG_RETURN_DATUM(EncoderGetDatum(e));
}

/* ---- PLS and PCR ---- */

static int
component_count(FunctionCallInfo fcinfo, int arg, const Gram *g)
{
	int			n = PG_GETARG_INT32(arg);
	int64		most = Min((int64) g->p, gram_n(g) - 1);

	if (most < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("components take at least 2 rows, but the gram has " INT64_FORMAT, gram_n(g))));
	if (n < 1 || n > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n_components must be from 1 to " INT64_FORMAT ", not %d", most, n),
				 errdetail("There are %d features and " INT64_FORMAT " rows: at most the features, and one less than the rows.",
						   g->p, gram_n(g))));
	return n;
}

Datum
encoding_pls(PG_FUNCTION_ARGS)
{
	const Gram *g = argument_gram(fcinfo, 0);
	int			n_components = component_count(fcinfo, 1, g);

	PG_RETURN_DATUM(EncoderGetDatum(component_model_fit(CurrentMemoryContext, g,
		PG_GETARG_BOOL(2) ? COMPONENTS_PLS_BY_TARGET : COMPONENTS_PLS_JOINT, n_components)));
}

Datum
encoding_pcr(PG_FUNCTION_ARGS)
{
	const Gram *g = argument_gram(fcinfo, 0);
	int			n_components = component_count(fcinfo, 1, g);

	PG_RETURN_DATUM(EncoderGetDatum(component_model_fit(CurrentMemoryContext, g, COMPONENTS_PCR, n_components)));
}
