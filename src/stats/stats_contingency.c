/*
 * stats_contingency.c
 *		SQL functions over contingencies: the aggregates that make them, entries.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/aggregate.h"
#include "base/rows.h"
#include "stats/contingency.h"

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
