/*
 * clustering_linkage.c
 *		SQL functions that make dendrograms: linkage of an RDM, and of rows.
 *
 * Rows are taken in the order of their ids (or labels), which are distinct, so
 * that neither distances nor ties depend on the order in which they came.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "clustering/dendrogram.h"
#include "stats/linkage.h"
#include "stats/points.h"

#define MEMORY_HINT "Take fewer rows, or link the centroids of a k-means with many clusters."
#define MAX_ELEMENT 1e140		/* sums of squares, times numbers of rows, stay finite */
#define MAX_DISTANCE 1e150

PG_FUNCTION_INFO_V1(linkage_of_rdm);
PG_FUNCTION_INFO_V1(linkage_of_points);
PG_FUNCTION_INFO_V1(linkage_add);
PG_FUNCTION_INFO_V1(linkage_add_method);
PG_FUNCTION_INFO_V1(linkage_final);

static LinkageMethod
method_argument(FunctionCallInfo fcinfo, int n)
{
	return linkage_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(n)));
}

/* ---- an RDM ---- */

/* The distances as linkage_tree takes them; ERROR on what has no place in a tree. */
static void
read_rdm(const Rdm *r, LinkageMethod method, double *out)
{
	const double *distance = RDM_DISTANCES(r);

	for (int i = 0; i < r->n_conditions - 1; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = i + 1; j < r->n_conditions; j++, distance++, out++)
		{
			if (isnan(*distance))
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("a pair of conditions is missing in the rdm"),
						 errdetail_client("It is \"%s\", \"%s\".", label_text(rdm_label(r, i)), label_text(rdm_label(r, j))),
						 errhint("Take the conditions that have all their pairs (rdm_subset).")));
			if (fabs(*distance) > MAX_DISTANCE || (method == LINKAGE_WARD && *distance < 0))
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("%s linkage can't take the distance of two conditions", linkage_method_name(method)),
						 errdetail_client("That of \"%s\" and \"%s\" is %g.",
										  label_text(rdm_label(r, i)), label_text(rdm_label(r, j)), *distance)));
			*out = method == LINKAGE_WARD ? *distance * *distance : *distance;
		}
	}
}

/* (rdm, method) */
Datum
linkage_of_rdm(PG_FUNCTION_ARGS)
{
	const Rdm  *r = PG_GETARG_RDM(0);
	LinkageMethod method = method_argument(fcinfo, 1);
	int			n = r->n_conditions;
	Dendrogram *d;
	MemoryContext scratch;
	double	   *distance;

	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an rdm without conditions has no linkage")));
	d = dendrogram_new(method, rdm_all_labels(r), n);
	scratch = scratch_create("linkage", linkage_distances_bytes(n), MEMORY_HINT);
	distance = MemoryContextAllocHuge(scratch, Max(1, linkage_distances_bytes(n)));
	read_rdm(r, method, distance);
	linkage_tree(method, n, distance, DENDROGRAM_PAIRS(d), DENDROGRAM_HEIGHTS(d));
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(d);
}

/* ---- rows ---- */

/* The place of a row among its fellows, and its id or label. */
typedef struct Leaf
{
	int64		key;
	int			row;
} Leaf;

static int
compare_leaves(const void *a, const void *b)
{
	const Leaf *x = a;
	const Leaf *y = b;

	return x->key == y->key ? 0 : x->key < y->key ? -1 : 1;
}

static Label
leaf_label(const PointRows *rows, int64 key)
{
	char	   *digits;

	if (rows->label)
		return rows->labels[key];
	digits = psprintf(INT64_FORMAT, key);
	return (Label) {digits, (int) strlen(digits)};
}

/* The rows in the order of their ids or labels, and these. */
static Leaf *
sorted_leaves(const PointRows *rows, Label *labels)
{
	Leaf	   *leaf = huge_alloc((Size) rows->n * sizeof(Leaf));

	for (int i = 0; i < rows->n; i++)
		leaf[i] = (Leaf) {rows->id ? rows->id[i] : rows->label[i], i};
	qsort(leaf, rows->n, sizeof(Leaf), compare_leaves);
	for (int i = 0; i < rows->n; i++)
	{
		labels[i] = leaf_label(rows, leaf[i].key);
		if (i > 0 && leaf[i].key == leaf[i - 1].key)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("two rows have the same %s, but a leaf of a dendrogram is one row", rows->id ? "id" : "label"),
					 errdetail_client("It is \"%s\".", label_text(labels[i]))));
	}
	return leaf;
}

static double *
panels_of_rows(const PointRows *rows, const Leaf *leaf, const Label *labels)
{
	Size		size = linkage_panels_size(rows->n, rows->d);
	double	   *panels = huge_alloc0(size * sizeof(double));
	double	   *row = huge_matrix(1, rows->d);

	for (int i = 0; i < rows->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		point_rows_read_f8(rows, leaf[i].row, 1, row);
		for (int k = 0; k < rows->d; k++)
			if (fabs(row[k]) > MAX_ELEMENT)
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("element %d of a row is too large: linkage takes elements up to %g", k + 1, MAX_ELEMENT),
						 errdetail_client("In row \"%s\" it is %g.", label_text(labels[i]), row[k])));
		linkage_panels_put(panels, i, rows->d, row);
	}
	pfree(row);
	return panels;
}

static Dendrogram *
linkage_of_rows(const PointRows *rows, LinkageMethod method)
{
	int			n = rows->n;
	Label	   *labels = huge_alloc((Size) n * sizeof(Label));
	Leaf	   *leaf = sorted_leaves(rows, labels);
	Dendrogram *d = dendrogram_new(method, labels, n);
	Size		bytes = size_add(linkage_distances_bytes(n), size_mul(linkage_panels_size(n, rows->d), sizeof(double)));
	MemoryContext scratch = scratch_create("linkage", bytes, MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *distance = huge_alloc(Max(1, linkage_distances_bytes(n)));
	double	   *panels = panels_of_rows(rows, leaf, labels);

	linkage_distances(n, rows->d, panels, method == LINKAGE_WARD, distance);
	pfree(panels);
	linkage_tree(method, n, distance, DENDROGRAM_PAIRS(d), DENDROGRAM_HEIGHTS(d));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return d;
}

static Datum
linkage_result(FunctionCallInfo fcinfo, const Points *p, LinkageMethod method)
{
	MemoryContext scratch;
	MemoryContext old = CurrentMemoryContext;
	Dendrogram *d;
	Dendrogram *copy;

	if (p->key == POINTS_ALONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("linkage needs points with ids or labels, which name the leaves"),
				 errhint("Make them by points_agg(id, t) or points_agg(t, label).")));
	if (points_n(p) == 0)
		PG_RETURN_NULL();
	scratch = scratch_create("linkage of points", 0, NULL);
	MemoryContextSwitchTo(scratch);
	d = linkage_of_rows(points_rows(p), method);
	MemoryContextSwitchTo(old);
	copy = palloc(VARSIZE(d));
	memcpy(copy, d, VARSIZE(d));
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(copy);
}

/* (points, method) */
Datum
linkage_of_points(PG_FUNCTION_ARGS)
{
	return linkage_result(fcinfo, PG_GETARG_POINTS(0), method_argument(fcinfo, 1));
}

/* (state, id, t) */
Datum
linkage_add(PG_FUNCTION_ARGS)
{
	PointsOptions options = {0};

	points_set_word(&options, linkage_method_name(LINKAGE_AVERAGE));
	return points_transition(fcinfo, 2, 1, POINTS_ID, false, &options);
}

/* (state, id, t, method) */
Datum
linkage_add_method(PG_FUNCTION_ARGS)
{
	PointsOptions options = {0};

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("method must not be NULL")));
	points_set_word(&options, linkage_method_name(method_argument(fcinfo, 3)));
	return points_transition(fcinfo, 2, 1, POINTS_ID, false, &options);
}

Datum
linkage_final(PG_FUNCTION_ARGS)
{
	const Points *p = PG_GETARG_POINTS(0);

	return linkage_result(fcinfo, p, linkage_method_from_name(p->options.word));
}
