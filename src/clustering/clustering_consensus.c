/*
 * clustering_consensus.c
 *		SQL functions over label sets: making them, co-association, consensus.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "base/memory.h"
#include "base/rows.h"
#include "clustering/clustering.h"
#include "clustering/consensus.h"
#include "clustering/dendrogram.h"
#include "stats/rdm.h"

#define MEMORY_HINT "Take fewer rows."

PG_FUNCTION_INFO_V1(label_sets_add_text);
PG_FUNCTION_INFO_V1(label_sets_add_bigint);
PG_FUNCTION_INFO_V1(label_sets_coassociation);
PG_FUNCTION_INFO_V1(label_sets_consensus);

/* (state, id, run, label) */
static Datum
add_row(FunctionCallInfo fcinfo, bool is_bigint)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	LabelSets  *s = state_running(&label_sets_kind, fcinfo, cxt);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return state_return(fcinfo, s);
	if (s == NULL)
		s = label_sets_new(cxt);
	label_sets_add(s, PG_GETARG_INT64(1), PG_GETARG_INT64(2), label_argument(fcinfo, 3, is_bigint));
	return state_return(fcinfo, s);
}

Datum
label_sets_add_text(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false);
}

Datum
label_sets_add_bigint(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true);
}

static Label *
id_labels(const LabelTable *t)
{
	Label	   *labels = huge_alloc(Max(1, (Size) t->n) * sizeof(Label));

	for (int i = 0; i < t->n; i++)
	{
		labels[i].text = psprintf(INT64_FORMAT, t->id[i]);
		labels[i].length = (int) strlen(labels[i].text);
	}
	return labels;
}

/* (label_sets); also the final function of the aggregate */
Datum
label_sets_coassociation(PG_FUNCTION_ARGS)
{
	const LabelSets *s = PG_GETARG_LABEL_SETS(0);
	MemoryContext old = CurrentMemoryContext;
	MemoryContext scratch = scratch_create("coassociation", 0, NULL);
	LabelTable *t;
	Label	   *labels;
	Rdm		   *r;

	MemoryContextSwitchTo(scratch);
	t = label_table(s);
	labels = id_labels(t);
	memory_claim_add(memory_claim(old, "coassociation"), rdm_bytes(labels, t->n, false), MEMORY_HINT);
	MemoryContextSwitchTo(old);
	r = rdm_new(RDM_UNKNOWN, labels, t->n, false);
	MemoryContextSwitchTo(scratch);
	if (t->n > 1)
		label_table_distances(t, RDM_DISTANCES(r));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(r);
}

/* What linkage_tree takes; ERROR where no run has both rows of a pair. */
static void
require_pairs(const LabelTable *t, LinkageMethod method, double *distance)
{
	for (int i = 0; i < t->n; i++)
		for (int j = i + 1; j < t->n; j++, distance++)
		{
			if (isnan(*distance))
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("no run labels both of two ids"),
						 errdetail_client("They are " INT64_FORMAT " and " INT64_FORMAT ".", t->id[i], t->id[j])));
			if (method == LINKAGE_WARD)
				*distance *= *distance;
		}
}

/* The consensus' clusters, in the order of ids. */
static int32 *
consensus_labels(const LabelTable *t, int k, LinkageMethod method)
{
	int32	   *label = huge_alloc((Size) t->n * sizeof(int32));
	int32	   *pair = huge_alloc(2 * (Size) t->n * sizeof(int32));
	double	   *height = huge_matrix(1, t->n);
	double	   *distance;

	memory_claim_add(memory_claim(CurrentMemoryContext, "consensus"), linkage_distances_bytes(t->n), MEMORY_HINT);
	distance = huge_alloc(Max(1, linkage_distances_bytes(t->n)));
	if (t->n > 1)
		label_table_distances(t, distance);
	require_pairs(t, method, distance);
	linkage_tree(method, t->n, distance, pair, height);
	dendrogram_cut(t->n, pair, t->n - k, label);
	return label;
}

static ResultRows *
consensus_rows(FunctionCallInfo fcinfo)
{
	const LabelSets *s = PG_GETARG_LABEL_SETS(0);
	int32		k = PG_GETARG_INT32(1);
	LinkageMethod method = linkage_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	MemoryContext old = CurrentMemoryContext;
	MemoryContext scratch = scratch_create("consensus", 0, NULL);
	LabelTable *t;
	int32	   *label;
	ResultRows *rows;

	MemoryContextSwitchTo(scratch);
	t = label_table(s);
	if (k < 1 || k > t->n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be from 1 to the number of ids, %d, not %d", t->n, k)));
	label = consensus_labels(t, k, method);
	MemoryContextSwitchTo(old);
	rows = result_rows_new(t->n, 2);
	for (int i = 0; i < t->n; i++)
	{
		rows->values[2 * (Size) i] = Int64GetDatum(t->id[i]);
		rows->values[2 * i + 1] = Int32GetDatum(label[i]);
	}
	MemoryContextDelete(scratch);
	return rows;
}

/* (label_sets, k, method) */
Datum
label_sets_consensus(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, consensus_rows);
}
