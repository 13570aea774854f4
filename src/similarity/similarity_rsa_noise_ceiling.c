/*
 * similarity_rsa_noise_ceiling.c
 *		The aggregate rsa_noise_ceiling(rdm, method).
 *
 * Its state is an rdm_set whose labels are the numbers of the rows: which row has
 * which number depends on the plan, the bounds do not.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/record.h"
#include "similarity/rdm_set.h"
#include "similarity/rsa_noise_ceiling.h"

PG_FUNCTION_INFO_V1(rsa_noise_ceiling_add);
PG_FUNCTION_INFO_V1(rsa_noise_ceiling_combine);
PG_FUNCTION_INFO_V1(rsa_noise_ceiling_final);

#define CEILING_COLUMNS 4

static CompareMethod
require_pooled(CompareMethod method)
{
	if (!rsa_noise_ceiling_takes(method))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no noise ceiling of %s", compare_method_name(method)),
				 errhint("Take pearson, spearman, rho_a, kendall_tau_a, kendall_tau_b, cosine, whitened_cosine, whitened_pearson or cka.")));
	return method;
}

static void
add_numbered(RdmSet *set, const Rdm *r)
{
	char	   *number = psprintf("%d", set->n + 1);

	rdm_set_add(set, (Label) {number, (int) strlen(number)}, r);
	pfree(number);
}

Datum
rsa_noise_ceiling_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	RdmSet	   *set = state_running(&rdm_set_kind, fcinfo, cxt);
	CompareMethod method;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_return(fcinfo, set);
	method = require_pooled(compare_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(2))));
	if (set == NULL)
		set = rdm_set_new(cxt, method);
	rdm_set_require_method(set, method);
	add_numbered(set, PG_GETARG_RDM(1));
	return state_return(fcinfo, set);
}

Datum
rsa_noise_ceiling_combine(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	RdmSet	   *set = state_running(&rdm_set_kind, fcinfo, cxt);
	const RdmSet *other;

	if (PG_ARGISNULL(1))
		return state_return(fcinfo, set);
	other = PG_GETARG_RDM_SET(1);
	if (set == NULL)
		set = rdm_set_new(cxt, other->method);
	rdm_set_require_method(set, other->method);
	for (int i = 0; i < other->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_numbered(set, other->rdms[i]);
	}
	return state_return(fcinfo, set);
}

Datum
rsa_noise_ceiling_final(PG_FUNCTION_ARGS)
{
	const RdmSet *set = PG_GETARG_RDM_SET(0);
	Datum		values[CEILING_COLUMNS];
	bool		nulls[CEILING_COLUMNS] = {false};
	RsaNoiseCeiling ceiling;
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != CEILING_COLUMNS)
		elog(ERROR, "rsa_noise_ceiling must return %d columns", CEILING_COLUMNS);
	ceiling = rsa_noise_ceiling(require_pooled(set->method), set->rdms, set->n);
	record_put_number(values, nulls, 0, ceiling.lower);
	record_put_number(values, nulls, 1, ceiling.upper);
	values[2] = Int32GetDatum(set->n);
	values[3] = Int32GetDatum(ceiling.n_conditions);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
