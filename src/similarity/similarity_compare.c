/*
 * similarity_compare.c
 *		SQL functions that compare RDMs.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/memory.h"
#include "base/record.h"
#include "similarity/compare.h"
#include "similarity/compare_partial.h"

PG_FUNCTION_INFO_V1(rdm_compare);
PG_FUNCTION_INFO_V1(rdm_shared);
PG_FUNCTION_INFO_V1(rdm_partial);

#define SHARED_COLUMNS 3

Datum
rdm_compare(PG_FUNCTION_ARGS)
{
	const Rdm  *rdms[2] = {PG_GETARG_RDM(0), PG_GETARG_RDM(1)};
	CompareMethod method = compare_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	int		   *index[2];
	int			m = rdm_align(rdms, 2, index);

	compare_require_shared(m, rdms, 2);
	return number_or_null(fcinfo, compare_rdms(method, rdms[0], index[0], rdms[1], index[1], m));
}

Datum
rdm_shared(PG_FUNCTION_ARGS)
{
	const Rdm  *rdms[2] = {PG_GETARG_RDM(0), PG_GETARG_RDM(1)};
	int		   *index[2];
	int			m = rdm_align(rdms, 2, index);
	int64		missing = 0;
	int64		pairs = m > 0 ? (int64) RDM_PAIRS(m) : 0;
	Datum		values[SHARED_COLUMNS];
	bool		nulls[SHARED_COLUMNS] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != SHARED_COLUMNS)
		elog(ERROR, "rdm_shared must return %d columns", SHARED_COLUMNS);
	for (int i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = i + 1; j < m; j++)
			missing += isnan(RDM_DISTANCES(rdms[0])[rdm_pair(rdms[0]->n_conditions, index[0][i], index[0][j])]) ||
				isnan(RDM_DISTANCES(rdms[1])[rdm_pair(rdms[1]->n_conditions, index[1][i], index[1][j])]);
	}
	values[0] = Int32GetDatum(m);
	values[1] = Int64GetDatum(pairs - missing);
	values[2] = Int64GetDatum(missing);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ---- rdm_partial(a, b, controls, method) ---- */

static double
partial_of(CompareMethod method, const Rdm *const *rdms, int **index, int k, int m)
{
	Size		pairs = RDM_PAIRS(m);
	MemoryContext scratch = scratch_create("neuroenc rdm_partial",
										   size_add(size_mul(size_mul(k, pairs), sizeof(double)),
													compare_partial_scratch(method, pairs)),
										   "Take fewer controls, or fewer conditions by rdm_subset.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x = huge_matrix(k, pairs);
	double		value;

	for (int v = 0; v < k; v++)
		rdm_gather(rdms[v], index[v], m, x + v * pairs);
	value = compare_partial(method, pairs, x, k - 2);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return value;
}

Datum
rdm_partial(PG_FUNCTION_ARGS)
{
	CompareMethod method = compare_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	int			n_controls;
	const Rdm **controls = rdm_array(PG_GETARG_ARRAYTYPE_P(2), 1, "controls", &n_controls);
	int			k = 2 + n_controls;
	const Rdm **rdms = palloc(k * sizeof(Rdm *));
	int		  **index = palloc(k * sizeof(int *));
	int			m;

	compare_partial_check(method, n_controls);
	rdms[0] = PG_GETARG_RDM(0);
	rdms[1] = PG_GETARG_RDM(1);
	memcpy(rdms + 2, controls, n_controls * sizeof(Rdm *));
	m = rdm_align(rdms, k, index);
	compare_require_shared(m, rdms, k);
	return number_or_null(fcinfo, partial_of(method, rdms, index, k, m));
}
