/*
 * clustering_agreement.c
 *		SQL functions that compare two labelings of the same rows.
 */
#include "postgres.h"

#include "fmgr.h"

#include "clustering/contingency_scores.h"

typedef double (*ContingencyScore) (const ContingencyTable *t);

static Datum
score_of(FunctionCallInfo fcinfo, ContingencyScore score)
{
	const Contingency *c = PG_GETARG_CONTINGENCY(0);
	MemoryContext scratch;
	MemoryContext old;
	double		value;

	if (c->n == 0)
		PG_RETURN_NULL();
	scratch = AllocSetContextCreate(CurrentMemoryContext, "neuroenc contingency", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	value = score(contingency_table(c));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_FLOAT8(value);
}

#define AGREEMENT_FUNCTION(name) \
	PG_FUNCTION_INFO_V1(clustering_##name); \
	Datum \
	clustering_##name(PG_FUNCTION_ARGS) \
	{ \
		return score_of(fcinfo, contingency_##name); \
	}

AGREEMENT_FUNCTION(rand_index)
AGREEMENT_FUNCTION(adjusted_rand)
AGREEMENT_FUNCTION(fowlkes_mallows)
AGREEMENT_FUNCTION(purity)
AGREEMENT_FUNCTION(mutual_info)
AGREEMENT_FUNCTION(variation_of_information)
AGREEMENT_FUNCTION(homogeneity)
AGREEMENT_FUNCTION(completeness)
AGREEMENT_FUNCTION(v_measure)
AGREEMENT_FUNCTION(nmi)
AGREEMENT_FUNCTION(ami)
