/*
 * stats_unit_correlation.c
 *		SQL functions over cross_grams: the aggregates that make them, +, counts;
 *		corr of a gram and of a cross_gram.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "stats/unit_correlation.h"

PG_FUNCTION_INFO_V1(cross_gram_add);
PG_FUNCTION_INFO_V1(cross_gram_n_samples);
PG_FUNCTION_INFO_V1(stats_corr_gram);
PG_FUNCTION_INFO_V1(stats_corr_cross_gram);

STATE_MERGE_FUNCTIONS(cross_gram, cross_gram_kind)

static void
require_elements(const Tensor *t, const char *what)
{
	if (tensor_size(t) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s of row 1 has no elements", what)));
}

Datum
cross_gram_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	CrossGram  *g = state_running(&cross_gram_kind, fcinfo, cxt);
	Tensor	   *x;
	Tensor	   *y;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_return(fcinfo, g);
	x = PG_GETARG_TENSOR(1);
	y = PG_GETARG_TENSOR(2);
	if (g == NULL)
	{
		require_elements(x, "x");
		require_elements(y, "y");
		g = cross_gram_new(cxt, (int) tensor_size(x), (int) tensor_size(y));
	}
	cross_gram_add_row(g, x, y);
	return state_return(fcinfo, g);
}

Datum
cross_gram_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(cross_gram_n(PG_GETARG_CROSS_GRAM(0)));
}

Datum
stats_corr_gram(PG_FUNCTION_ARGS)
{
	const Gram *g = PG_GETARG_GRAM(0);
	int32		dims[2] = {g->p, g->v > 0 ? g->v : g->p};
	Tensor	   *r = tensor_new_unset(TENSOR_FLOAT8, 2, dims);

	correlation_of_gram(g, TENSOR_F8(r));
	PG_RETURN_TENSOR(r);
}

Datum
stats_corr_cross_gram(PG_FUNCTION_ARGS)
{
	const CrossGram *g = PG_GETARG_CROSS_GRAM(0);
	int32		dims[2] = {g->p, g->q};
	Tensor	   *r = tensor_new_unset(TENSOR_FLOAT8, 2, dims);

	correlation_of_cross_gram(g, TENSOR_F8(r));
	PG_RETURN_TENSOR(r);
}
