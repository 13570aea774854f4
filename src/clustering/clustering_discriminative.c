/*
 * clustering_discriminative.c
 *		SQL function most_discriminative_stimuli: arguments and result.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "clustering/clustering.h"
#include "clustering/discriminative.h"
#include "clustering/row_order.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(clustering_most_discriminative_stimuli);

#define WHAT "most_discriminative_stimuli"

static void
require_between(const char *what, int value, int least, int most, const char *of)
{
	if (value < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least %d, not %d", what, least, value)));
	if (value > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is %d, but there are only %d %s", what, value, most, of)));
}

/* n x p responses as float8, each row about its mean and over its standard deviation if asked for. */
static double *
read_responses(const Tensor *t, bool standardize)
{
	Size		n = (Size) t->dims[0];
	Size		p = (Size) t->dims[1];
	double	   *responses = huge_matrix(n, p);

	for (Size i = 0; i < n; i++)
	{
		double	   *row = responses + i * p;
		double		mean = 0;
		double		squared = 0;

		CHECK_FOR_INTERRUPTS();
		tensor_read_f8(t, i * p, p, row);
		for (Size x = 0; x < p; x++)
		{
			if (!isfinite(row[x]))
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg(WHAT " needs finite responses, but [%zu][%zu] is %g", i + 1, x + 1, row[x])));
			mean += row[x] / (double) p;
		}
		if (!standardize)
			continue;
		for (Size x = 0; x < p; x++)
		{
			row[x] -= mean;
			squared += row[x] * row[x] / (double) p;
		}
		for (Size x = 0; x < p; x++)
			row[x] = squared > 0 ? row[x] / sqrt(squared) : 0;
	}
	return responses;
}

static void
require_range(const double *responses, Size n, double temperature)
{
	double		least = INFINITY;
	double		most = -INFINITY;

	for (Size i = 0; i < n; i++)
	{
		least = Min(least, responses[i]);
		most = Max(most, responses[i]);
	}
	if (!((most - least) / temperature <= DISCRIMINATIVE_MOST_RANGE) || most / temperature > DISCRIMINATIVE_MOST_RANGE ||
		-least / temperature > DISCRIMINATIVE_MOST_RANGE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("temperature %g is too small: responses and their differences may be %d times as large",
						temperature, DISCRIMINATIVE_MOST_RANGE),
				 errdetail_client("Responses go from %g to %g.", least, most)));
}

/* An array of values, each plus 'add', value i as element order[i] (NULL: i) */
static Datum
integers(int n, const int32 *values, int ndim, int *dims, int32 add, const int32 *order)
{
	Datum	   *elements = palloc_extended(n * sizeof(Datum), MCXT_ALLOC_HUGE);
	int			lbound[2] = {1, 1};

	for (int i = 0; i < n; i++)
		elements[order ? order[i] : i] = Int32GetDatum(values[i] + add);
	return PointerGetDatum(construct_md_array(elements, NULL, ndim, dims, lbound, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

Datum
clustering_most_discriminative_stimuli(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	uint64		seed = (uint64) PG_GETARG_INT64(3);
	bool		standardize = PG_GETARG_BOOL(5);
	int			n_init = PG_GETARG_INT32(6);
	int			max_iter = PG_GETARG_INT32(7);
	Discriminative d = {.k = PG_GETARG_INT32(1), .m = PG_GETARG_INT32(2), .temperature = PG_GETARG_FLOAT8(4)};
	MemoryContext before;
	MemoryContext scratch;
	Size		matrix;
	double	   *responses;
	int32	   *order;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (t->ndim != 2 || tensor_size(t) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg(WHAT " takes a matrix of neurons x stimuli, not a tensor of shape %s", tensor_shape_text(t))));
	require_between("k", d.k, 1, t->dims[0], "neurons");
	require_between("n_stimuli", d.m, 1, t->dims[1], "stimuli");
	clustering_starts(n_init);
	require_between("max_iter", max_iter, 1, PG_INT32_MAX, "");
	if (!(d.temperature > 0) || isinf(d.temperature))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("temperature must be positive and finite, not %g", d.temperature)));
	d.n = (Size) t->dims[0];
	d.p = (Size) t->dims[1];
	matrix = size_add(size_mul(size_mul(d.n, d.p), sizeof(double)), row_order_scratch(d.n, d.p));
	scratch = scratch_create(WHAT, size_add(matrix, discriminative_scratch(d.n, d.p, d.k, d.m)),
							 "Take fewer candidate stimuli, or fewer neurons.");
	before = MemoryContextSwitchTo(scratch);
	responses = read_responses(t, standardize);
	order = row_order(d.n, d.p, responses);
	d.responses = responses;
	require_range(d.responses, d.n * d.p, d.temperature);
	d.label = huge_alloc(d.n * sizeof(int32));
	d.stimulus = huge_alloc((Size) d.k * d.m * sizeof(int32));
	discriminative_stimuli(&d, seed, n_init, max_iter);

	MemoryContextSwitchTo(before);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 4)
		elog(ERROR, "stimuli must be returned in 4 columns");
	values[0] = integers(d.k * d.m, d.stimulus, 2, (int[]) {d.k, d.m}, 1, NULL);
	values[1] = integers((int) d.n, d.label, 1, (int[]) {(int) d.n}, 0, order);
	values[2] = Float8GetDatum(d.objective);
	values[3] = Int32GetDatum(d.iterations);
	MemoryContextDelete(scratch);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
