/*
 * similarity_rdm_mds.c
 *		SQL functions over the spectrum of an rdm: mds, mds_eigenvalues, geometry.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/memory.h"
#include "base/record.h"
#include "similarity/mds.h"
#include "stats/spectrum.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(rdm_mds);
PG_FUNCTION_INFO_V1(rdm_mds_eigenvalues);
PG_FUNCTION_INFO_V1(rdm_geometry);

/* ---- mds(rdm, k): a row a condition ---- */

typedef struct MdsRows
{
	Datum	   *labels;			/* n, text */
	double	   *coordinates;	/* n x k */
	int			k;
} MdsRows;

static MdsRows *
compute_mds(FunctionCallInfo fcinfo, int *n)
{
	const Rdm  *r = DatumGetRdm(PG_GETARG_DATUM(0));
	int			k = PG_GETARG_INT32(1);
	MdsRows    *rows = palloc(sizeof(MdsRows));
	MemoryContext scratch;
	MemoryContext old;

	*n = r->n_conditions;
	if (k < 1 || k > *n - 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d, but the rdm has %d conditions", k, *n),
				 errdetail("n conditions have 1 to n - 1 dimensions.")));
	rows->k = k;
	rows->labels = labels_datums(rdm_all_labels(r), *n);
	memory_claim_add(memory_claim(CurrentMemoryContext, "mds"), size_mul(size_mul(*n, k), sizeof(double)), NULL);
	rows->coordinates = huge_matrix(*n, k);
	scratch = scratch_create("mds", mds_scratch(*n, k), "Take fewer conditions, by rdm_subset.");
	old = MemoryContextSwitchTo(scratch);
	mds_coordinates(r, k, rows->coordinates);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
rdm_mds(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	MdsRows    *rows;
	Tensor	   *coordinates;
	Datum		values[2];
	bool		nulls[2] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;
		int			n;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		call->user_fctx = compute_mds(fcinfo, &n);
		call->max_calls = n;
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 2)
			elog(ERROR, "mds must return 2 columns");
		call->tuple_desc = BlessTupleDesc(desc);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	rows = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	coordinates = tensor_new_vector(TENSOR_FLOAT8, rows->k);
	tensor_write_f8(coordinates, 0, rows->k, rows->coordinates + call->call_cntr * rows->k);
	values[0] = rows->labels[call->call_cntr];
	values[1] = PointerGetDatum(coordinates);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

/* ---- spectra ---- */

/* All eigenvalues, descending, by one function or the other: n, in CurrentMemoryContext */
static double *
eigenvalues(const Rdm *r, void (*decompose) (const Rdm *r, double *values))
{
	double	   *values = palloc(Max(1, r->n_conditions) * sizeof(double));
	MemoryContext scratch = scratch_create("spectrum of an rdm", mds_scratch(r->n_conditions, 0),
										   "Take fewer conditions, by rdm_subset.");
	MemoryContext old = MemoryContextSwitchTo(scratch);

	decompose(r, values);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return values;
}

Datum
rdm_mds_eigenvalues(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	Tensor	   *out = tensor_new_vector(TENSOR_FLOAT8, r->n_conditions);

	tensor_write_f8(out, 0, r->n_conditions, eigenvalues(r, mds_eigenvalues));
	PG_RETURN_TENSOR(out);
}

/* The mean of the distances; 0 / 0 is NaN. */
static double
mean_distance(const Rdm *r)
{
	Size		pairs = RDM_PAIRS(r->n_conditions);
	double		sum = 0;

	for (Size i = 0; i < pairs; i++)
		sum += RDM_DISTANCES(r)[i] / (double) pairs;
	return pairs > 0 ? sum : NAN;
}

static bool
singular_values_argument(const char *of)
{
	bool		singular = strcmp(of, "singular_values") == 0;

	if (!singular && strcmp(of, "eigenvalues") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("effective rank of \"%s\" is not known", of),
				 errhint("It is of singular_values or of eigenvalues.")));
	return singular;
}

/* geometry(rdm, of) */
Datum
rdm_geometry(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	bool		of_singular_values = singular_values_argument(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	int			n = r->n_conditions;
	double	   *values = eigenvalues(r, rdm_spectrum);
	double		cut = n > 0 ? spectrum_cut(Max(values[0], -values[n - 1]), n, n) : 0;
	double		positive = 0;
	double		negative = 0;
	int			dimensions = 0;
	TupleDesc	desc;
	Datum		columns[6];
	bool		nulls[6] = {false};

	for (int i = 0; i < n; i++)
	{
		if (values[i] > cut)
			dimensions++;
		positive += values[i] > cut ? values[i] : 0;
		negative -= values[i] < -cut ? values[i] : 0;
	}
	columns[0] = Int32GetDatum(n);
	record_put_number(columns, nulls, 1, mean_distance(r));
	columns[2] = Int32GetDatum(dimensions);
	record_put_number(columns, nulls, 4, spectrum_participation_ratio(dimensions, values));
	record_put_number(columns, nulls, 5, negative / (positive + negative));
	if (of_singular_values)
		for (int i = 0; i < dimensions; i++)
			values[i] = sqrt(values[i]);
	record_put_number(columns, nulls, 3, spectrum_effective_rank(dimensions, values));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 6)
		elog(ERROR, "geometry must return 6 columns");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), columns, nulls)));
}
