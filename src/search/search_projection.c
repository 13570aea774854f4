/*
 * search_projection.c
 *		SQL functions over softmax_projection: its aggregate, projections, projected.
 *
 * The queries come with every row but are one value (repeated_argument.h), prepared
 * once a state.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/aggregate.h"
#include "search/repeated_argument.h"
#include "search/softmax_projection.h"

PG_FUNCTION_INFO_V1(search_projection_add);
PG_FUNCTION_INFO_V1(search_projections);
PG_FUNCTION_INFO_V1(search_projected);
PG_FUNCTION_INFO_V1(search_projection_n_samples);

#define QUERY_ARGUMENT			1
#define KEY_ARGUMENT			2
#define TEMPERATURE_ARGUMENT	3

/* ---- the aggregate: (query, key, temperature) ---- */

static double
temperature_argument(FunctionCallInfo fcinfo)
{
	double		temperature;

	if (PG_ARGISNULL(TEMPERATURE_ARGUMENT))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("temperature must not be NULL")));
	temperature = PG_GETARG_FLOAT8(TEMPERATURE_ARGUMENT);
	if (!(temperature > 0 && isfinite(temperature)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("temperature is %g, but must be above 0", temperature)));
	return temperature;
}

static Projection *
with_queries(FunctionCallInfo fcinfo, Projection *p, MemoryContext parent, double temperature)
{
	if (p == NULL || p->queries == NULL)
	{
		const Tensor *queries = PG_GETARG_TENSOR(QUERY_ARGUMENT);

		p = projection_set_queries(p, parent, queries, temperature);
		repeated_argument_seen(&p->queries->argument, fcinfo, QUERY_ARGUMENT);
		PG_FREE_IF_COPY((void *) queries, QUERY_ARGUMENT);
	}
	else
		repeated_argument_require(&p->queries->argument, fcinfo, QUERY_ARGUMENT, "queries");
	return p;
}

Datum
search_projection_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Projection *p = state_running(&projection_kind, fcinfo, cxt);
	double		temperature;

	if (PG_ARGISNULL(KEY_ARGUMENT))
		return state_return(fcinfo, p);
	if (PG_ARGISNULL(QUERY_ARGUMENT))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("query must not be NULL")));
	temperature = temperature_argument(fcinfo);
	if (p && p->temperature != temperature)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("temperature must be the same in every row: %g, before %g", temperature, p->temperature)));
	p = with_queries(fcinfo, p, cxt, temperature);
	projection_add(p, PG_GETARG_TENSOR(KEY_ARGUMENT));
	return state_return(fcinfo, p);
}

/* ---- reading it ---- */

Datum
search_projections(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	const Projection *p;
	Tensor	   *projection;
	ProjectedQuery query;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != lengthof(values))
			elog(ERROR, "projections must be declared with %d columns", (int) lengthof(values));
		call->tuple_desc = BlessTupleDesc(desc);
		p = PG_GETARG_PROJECTION(0);
		call->user_fctx = (void *) p;
		call->max_calls = p->n > 0 ? p->q : 0;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);
	CHECK_FOR_INTERRUPTS();
	p = call->user_fctx;
	projection = tensor_new_vector(TENSOR_FLOAT8, p->d);
	query = projection_of(p, (int) call->call_cntr, TENSOR_F8(projection));
	values[0] = Int32GetDatum((int32) call->call_cntr + 1);
	values[1] = PointerGetDatum(projection);
	values[2] = Float8GetDatum(query.norm);
	values[3] = Float8GetDatum(query.length);
	values[4] = Float8GetDatum(query.n_effective);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

Datum
search_projected(PG_FUNCTION_ARGS)
{
	const Projection *p = PG_GETARG_PROJECTION(0);
	Tensor	   *result;

	if (p->n == 0)
		PG_RETURN_NULL();
	result = tensor_new_matrix(TENSOR_FLOAT8, p->q, p->d);
	for (int i = 0; i < p->q; i++)
		projection_of(p, i, TENSOR_F8(result) + (Size) i * p->d);
	PG_RETURN_TENSOR(result);
}

Datum
search_projection_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_PROJECTION(0)->n);
}
