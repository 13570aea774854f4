/*
 * encoding_prior.c
 *		SQL function ridge_prior_cv: a new subject's fit under a prior from others.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "base/memory.h"
#include "encoding/arguments.h"
#include "encoding/encoder.h"
#include "encoding/prior.h"
#include "stats/gram.h"
#include "tensor/tensor.h"

#define TRANSPOSE_HINT "A row is a voxel, a column a feature: stack(t.weights) over targets(encoder, weights => true) AS t, or transpose(weights(encoder))."

PG_FUNCTION_INFO_V1(encoding_ridge_prior_cv);

static void
require_folds(const Gram *g)
{
	int			n_folds;

	pfree(gram_fold_ids(g, &n_folds));
	if (g->has_folds && n_folds >= 2)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the gram has %s", g->has_folds ? "one fold" : "no folds"),
			 errdetail("The strength of the prior is cross-validated."),
			 errhint("Make it with gram_agg(x, y, fold), with two folds or more.")));
}

static const char *
not_finite_name(double value)
{
	return isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/* Other subjects' weights, m x p, in CurrentMemoryContext. */
static double *
prior_weights(const Tensor *prior, const Gram *g)
{
	Size		n = tensor_size(prior);
	double	   *w;
	bool		any = false;

	if (prior->ndim != 2 || prior->dims[1] != g->p || prior->dims[0] < 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the prior has shape %s, but one or more rows of %d features are needed: shape (m, %d)",
						tensor_shape_text(prior), g->p, g->p),
				 errhint(TRANSPOSE_HINT)));
	w = huge_alloc(size_mul(n, sizeof(double)));
	tensor_read_f8(prior, 0, n, w);
	for (Size i = 0; i < n; i++)
	{
		if (!isfinite(w[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("row %zu, column %zu of the prior is %s", i / g->p + 1, i % g->p + 1,
							not_finite_name(w[i])),
					 errhint("Leave out voxels that have no weights.")));
		any |= w[i] != 0;
		if ((i & 0xfffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (!any)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the prior is zero everywhere")));
	return w;
}

/* A float8[] of strengths from 0 to 1; at least one, none NULL. */
static double *
strength_array(ArrayType *array, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	double	   *strengths;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, n);
	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the array of strengths is empty")));
	strengths = palloc(*n * sizeof(double));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of strengths is NULL", i + 1)));
		strengths[i] = DatumGetFloat8(elements[i]);
		if (!(strengths[i] >= 0 && strengths[i] <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a strength must be from 0 to 1, not %g", strengths[i])));
	}
	return strengths;
}

/* ridge_prior_cv(g, prior, alphas, strengths): not strict, since alphas NULL is the default grid */
Datum
encoding_ridge_prior_cv(PG_FUNCTION_ARGS)
{
	PriorOptions options = {0};
	const Gram *g;
	const Tensor *prior;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	argument_require_not_null(fcinfo, 3, "strengths");
	g = argument_gram(fcinfo, 0);
	require_folds(g);
	if (!PG_ARGISNULL(2))
		options.alphas = argument_alphas(PG_GETARG_ARRAYTYPE_P(2), false, &options.n_alphas);
	options.strengths = strength_array(PG_GETARG_ARRAYTYPE_P(3), &options.n_strengths);
	prior = PG_GETARG_TENSOR(1);
	memory_claim_add(memory_claim(CurrentMemoryContext, "prior"), size_mul(tensor_size(prior), sizeof(double)),
					 "Give fewer rows of other subjects' weights.");
	options.weights = prior_weights(prior, g);
	options.m = prior->dims[0];
	PG_RETURN_DATUM(EncoderGetDatum(ridge_prior_cv_fit(CurrentMemoryContext, g, &options)));
}
