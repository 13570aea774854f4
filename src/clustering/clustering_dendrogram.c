/*
 * clustering_dendrogram.c
 *		SQL functions of dendrograms.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/rows.h"
#include "clustering/clustering.h"
#include "clustering/dendrogram.h"

PG_FUNCTION_INFO_V1(dendrogram_cut_to_number);
PG_FUNCTION_INFO_V1(dendrogram_cut_at_height);
PG_FUNCTION_INFO_V1(dendrogram_merges);
PG_FUNCTION_INFO_V1(dendrogram_n_leaves);
PG_FUNCTION_INFO_V1(dendrogram_method);
PG_FUNCTION_INFO_V1(dendrogram_labels_array);
PG_FUNCTION_INFO_V1(dendrogram_leaf_order);
PG_FUNCTION_INFO_V1(dendrogram_cophenetic_rdm);
PG_FUNCTION_INFO_V1(dendrogram_dasgupta_cost);

/* Rows (label, cluster) of the clusters that the first n_merges merges make. */
static ResultRows *
cluster_rows(const Dendrogram *d, int n_merges)
{
	int32	   *cluster = huge_alloc((Size) d->n * sizeof(int32));
	Label	   *labels = dendrogram_labels(d);
	Datum	   *texts = labels_datums(labels, d->n);
	ResultRows *rows = result_rows_new(d->n, 2);

	dendrogram_cut(d->n, DENDROGRAM_PAIRS(d), n_merges, cluster);
	for (int i = 0; i < d->n; i++)
	{
		rows->values[2 * (Size) i] = texts[i];
		rows->values[2 * i + 1] = Int32GetDatum(cluster[i]);
	}
	pfree(texts);
	pfree(labels);
	pfree(cluster);
	return rows;
}

static ResultRows *
rows_of_number(FunctionCallInfo fcinfo)
{
	const Dendrogram *d = PG_GETARG_DENDROGRAM(0);
	int32		k = PG_GETARG_INT32(1);

	if (k < 1 || k > d->n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be from 1 to the number of leaves, %d, not %d", d->n, k)));
	return cluster_rows(d, d->n - k);
}

static ResultRows *
rows_of_height(FunctionCallInfo fcinfo)
{
	const Dendrogram *d = PG_GETARG_DENDROGRAM(0);
	double		height = PG_GETARG_FLOAT8(1);
	int			n_merges = 0;

	if (isnan(height))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the height of a cut must not be NaN")));
	while (n_merges < d->n - 1 && DENDROGRAM_HEIGHTS(d)[n_merges] <= height)
		n_merges++;
	return cluster_rows(d, n_merges);
}

static ResultRows *
rows_of_merges(FunctionCallInfo fcinfo)
{
	const Dendrogram *d = PG_GETARG_DENDROGRAM(0);
	int32	   *size = huge_alloc(2 * (Size) d->n * sizeof(int32));
	ResultRows *rows = result_rows_new(d->n - 1, 4);

	dendrogram_sizes(d->n, DENDROGRAM_PAIRS(d), size);
	for (int i = 0; i < d->n - 1; i++)
	{
		Datum	   *row = rows->values + 4 * (Size) i;

		row[0] = Int32GetDatum(DENDROGRAM_PAIRS(d)[2 * (Size) i]);
		row[1] = Int32GetDatum(DENDROGRAM_PAIRS(d)[2 * i + 1]);
		row[2] = Float8GetDatum(DENDROGRAM_HEIGHTS(d)[i]);
		row[3] = Int32GetDatum(size[d->n + i]);
	}
	pfree(size);
	return rows;
}

/* (dendrogram, k) */
Datum
dendrogram_cut_to_number(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, rows_of_number);
}

/* (dendrogram, height) */
Datum
dendrogram_cut_at_height(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, rows_of_height);
}

Datum
dendrogram_merges(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, rows_of_merges);
}

Datum
dendrogram_n_leaves(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_DENDROGRAM(0)->n);
}

Datum
dendrogram_method(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(linkage_method_name(PG_GETARG_DENDROGRAM(0)->method)));
}

Datum
dendrogram_labels_array(PG_FUNCTION_ARGS)
{
	const Dendrogram *d = PG_GETARG_DENDROGRAM(0);

	PG_RETURN_POINTER(labels_array(dendrogram_labels(d), d->n));
}

Datum
dendrogram_leaf_order(PG_FUNCTION_ARGS)
{
	const Dendrogram *d = PG_GETARG_DENDROGRAM(0);
	int32	   *size = huge_alloc(2 * (Size) d->n * sizeof(int32));
	int32	   *start = huge_alloc(2 * (Size) d->n * sizeof(int32));
	int32	   *leaf = huge_alloc((Size) d->n * sizeof(int32));
	Label	   *labels = huge_alloc((Size) d->n * sizeof(Label));

	dendrogram_sizes(d->n, DENDROGRAM_PAIRS(d), size);
	dendrogram_order(d->n, DENDROGRAM_PAIRS(d), size, leaf, start);
	for (int i = 0; i < d->n; i++)
		labels[i] = dendrogram_label(d, leaf[i]);
	PG_RETURN_POINTER(labels_array(labels, d->n));
}

Datum
dendrogram_cophenetic_rdm(PG_FUNCTION_ARGS)
{
	const Dendrogram *d = PG_GETARG_DENDROGRAM(0);
	Label	   *labels = dendrogram_labels(d);
	Rdm		   *r;

	(void) scratch_create("cophenetic distances", rdm_bytes(labels, d->n, false), NULL);
	r = rdm_new(RDM_TRANSFORMED, labels, d->n, false);
	dendrogram_cophenetic(d, RDM_DISTANCES(r));
	PG_RETURN_POINTER(r);
}

/* (dendrogram, rdm) */
Datum
dendrogram_dasgupta_cost(PG_FUNCTION_ARGS)
{
	const Dendrogram *d = PG_GETARG_DENDROGRAM(0);
	const Rdm  *r = PG_GETARG_RDM(1);
	int		   *condition = huge_alloc((Size) d->n * sizeof(int));

	for (int i = 0; i < d->n; i++)
	{
		Label		label = dendrogram_label(d, i);

		condition[i] = rdm_find(r, label);
		if (condition[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the rdm lacks a condition that is a leaf of the dendrogram"),
					 errdetail_client("It is \"%s\".", label_text(label))));
	}
	PG_RETURN_FLOAT8(dendrogram_cost(d, r, condition));
}
