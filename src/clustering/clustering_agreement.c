/*
 * clustering_agreement.c
 *		SQL functions that compare two labelings of the same rows.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "base/rows.h"
#include "clustering/contingency.h"

PG_FUNCTION_INFO_V1(contingency_add_text);
PG_FUNCTION_INFO_V1(contingency_add_bigint);
PG_FUNCTION_INFO_V1(contingency_n_samples);
PG_FUNCTION_INFO_V1(contingency_entries);

static Datum
add_pair(FunctionCallInfo fcinfo, bool bigint_labels)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Contingency *c = state_running(&contingency_kind, fcinfo, cxt);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_return(fcinfo, c);
	if (c == NULL)
		c = contingency_new(cxt);
	contingency_add(c, label_argument(fcinfo, 1, bigint_labels), label_argument(fcinfo, 2, bigint_labels), 1);
	return state_return(fcinfo, c);
}

Datum
contingency_add_text(PG_FUNCTION_ARGS)
{
	return add_pair(fcinfo, false);
}

Datum
contingency_add_bigint(PG_FUNCTION_ARGS)
{
	return add_pair(fcinfo, true);
}

Datum
contingency_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_CONTINGENCY(0)->n);
}

/* ---- entries ---- */

static ResultRows *
make_entries(FunctionCallInfo fcinfo)
{
	const Contingency *c = PG_GETARG_CONTINGENCY(0);
	const ContingencyTable *t = contingency_table(c);
	ResultRows *rows;
	Datum	   *a;
	Datum	   *b;

	memory_claim_add(memory_claim(CurrentMemoryContext, "entries"), size_mul(t->n_cells, 3 * (sizeof(Datum) + sizeof(bool))), NULL);
	rows = result_rows_new(t->n_cells, 3);
	a = labels_datums(t->a, t->n_rows);
	b = labels_datums(t->b, t->n_columns);
	for (Size i = 0; i < t->n_cells; i++)
	{
		rows->values[3 * i] = a[t->row[i]];
		rows->values[3 * i + 1] = b[t->column[i]];
		rows->values[3 * i + 2] = Int64GetDatum(t->count[i]);
	}
	return rows;
}

Datum
contingency_entries(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_entries);
}

/* ---- indices ---- */

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
