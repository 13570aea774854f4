/*
 * clustering_cooccurrence.c
 *		SQL functions of features that are active together.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "clustering/edges.h"
#include "stats/cooccurrence.h"

PG_FUNCTION_INFO_V1(cooccurrence_add_codes);
PG_FUNCTION_INFO_V1(cooccurrence_n_samples);
PG_FUNCTION_INFO_V1(cooccurrence_n_features);
PG_FUNCTION_INFO_V1(clustering_phi);
PG_FUNCTION_INFO_V1(clustering_cooccurrence_matrix);
PG_FUNCTION_INFO_V1(clustering_cooccurrence_graph);

/* ---- the aggregate: (codes[, threshold]) ---- */

static void
require_vector(const Tensor *codes)
{
	if (codes->ndim > 1 || tensor_size(codes) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("codes have shape %s, but a vector of one or more is needed", tensor_shape_text(codes))));
}

Datum
cooccurrence_add_codes(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Cooccurrence *c = state_running(&cooccurrence_kind, fcinfo, cxt);
	double		threshold = cooccurrence_threshold_argument(fcinfo, 2, true);
	const Tensor *codes;

	if (PG_ARGISNULL(1))
		return state_return(fcinfo, c);
	codes = PG_GETARG_TENSOR(1);
	if (c == NULL)
		require_vector(codes);
	c = cooccurrence_of_row(c, cxt, tensor_size(codes), threshold);
	cooccurrence_add(c, codes);
	return state_return(fcinfo, c);
}

Datum
cooccurrence_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_COOCCURRENCE(0)->n);
}

Datum
cooccurrence_n_features(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_COOCCURRENCE(0)->p);
}

/* ---- solvers ---- */

static CooccurrenceMethod
method_argument(FunctionCallInfo fcinfo, int n)
{
	static const char *const names[] = {"phi", "jaccard", "dice", "overlap", "matching", "count"};
	char	   *word = text_to_cstring(PG_GETARG_TEXT_PP(n));

	for (int i = 0; i < (int) lengthof(names); i++)
		if (strcmp(word, names[i]) == 0)
			return (CooccurrenceMethod) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown method \"%s\"", word),
			 errhint("It is phi, jaccard, dice, overlap, matching or count.")));
}

static Tensor *
matrix_of(const Cooccurrence *c, CooccurrenceMethod method)
{
	Size		p = c->p;
	Size		bytes = size_mul(size_mul(p, p), sizeof(double));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "cooccurrence matrix");
	Tensor	   *t;
	double	   *out;

	if (bytes > VALUE_MAX_BYTES - TENSOR_HEADER_SIZE(TENSOR_MAX_NDIM))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a matrix of %d x %d float8 takes %zu bytes, more than 1 GB", c->p, c->p, bytes),
				 errhint("cooccurrence_graph() keeps only the pairs that matter.")));
	memory_claim_add(claim, bytes, "cooccurrence_graph() keeps only the pairs that matter.");
	t = tensor_new_unset(TENSOR_FLOAT8, 2, (int32[]) {c->p, c->p});
	out = TENSOR_F8(t);
	for (Size i = 0; i < p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		cooccurrence_measure(c, method, (int) i, out + i * p);
		for (Size j = 0; j < i; j++)
			out[j * p + i] = out[i * p + j];
	}
	memory_claim_sub(claim, bytes);
	return t;
}

Datum
clustering_phi(PG_FUNCTION_ARGS)
{
	PG_RETURN_TENSOR(matrix_of(PG_GETARG_COOCCURRENCE(0), COOCCURRENCE_PHI));
}

/* (c, method) */
Datum
clustering_cooccurrence_matrix(PG_FUNCTION_ARGS)
{
	CooccurrenceMethod method = method_argument(fcinfo, 1);

	PG_RETURN_TENSOR(matrix_of(PG_GETARG_COOCCURRENCE(0), method));
}

/* (c, method, above) */
Datum
clustering_cooccurrence_graph(PG_FUNCTION_ARGS)
{
	const Cooccurrence *c = PG_GETARG_COOCCURRENCE(0);
	CooccurrenceMethod method = method_argument(fcinfo, 1);
	double		above = PG_GETARG_FLOAT8(2);
	Edges	   *e = edges_new(CurrentMemoryContext, false, &edges_no_options);
	double	   *value = huge_matrix(1, c->p);

	if (!(above >= 0 && above < INFINITY))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("above must be finite and not negative, not %g", above)));
	for (int i = 0; i < c->p; i++)
	{
		CHECK_FOR_INTERRUPTS();
		cooccurrence_measure(c, method, i, value);
		for (int j = 0; j < i; j++)
			if (value[j] > above)
				edges_add(e, j + 1, i + 1, value[j]);
	}
	pfree(value);
	PG_RETURN_DATUM(StateGetDatum(e));
}
