/*
 * clustering_explain.c
 *		SQL function explain_clusters.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/rows.h"
#include "clustering/explain_clusters.h"

PG_FUNCTION_INFO_V1(clustering_explain_clusters);

#define EXPLAIN_COLUMNS 9
#define MAX_TERMS 100

/* Names of d features; NULL for an empty array. */
static Datum *
feature_names(ArrayType *array, int d)
{
	Datum	   *names;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
	if (n == 0)
		return NULL;
	if (n != d)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("features has %d name%s, but the points have %d elements", n, n == 1 ? "" : "s", d)));
	for (int i = 0; i < n; i++)
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("name %d of the features is NULL", i + 1)));
	return names;
}

static void
require_two_labels(const PointRows *r)
{
	for (int i = 1; i < r->n; i++)
		if (r->label[i] != r->label[0])
			return;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("explain_clusters needs 2 clusters or more, but there is one, of %d row%s", r->n, r->n == 1 ? "" : "s"),
			 errdetail("A cluster is told from the other rows.")));
}

static ResultRows *
rows_of_terms(const PointRows *points, const HalfSpace *terms, Size n, const Datum *names)
{
	ResultRows *rows = result_rows_new(n, EXPLAIN_COLUMNS);
	Datum	   *labels = labels_datums(points->labels, points->n_labels);
	Datum		sides[2] = {CStringGetTextDatum("<="), CStringGetTextDatum(">")};

	for (Size i = 0; i < n; i++)
	{
		const HalfSpace *term = &terms[i];
		Datum	   *values = rows->values + i * EXPLAIN_COLUMNS;

		values[0] = labels[term->label];
		values[1] = Int32GetDatum(term->term);
		values[2] = Int32GetDatum(term->feature + 1);
		if (names)
			values[3] = names[term->feature];
		else
			rows->nulls[i * EXPLAIN_COLUMNS + 3] = true;
		values[4] = Float8GetDatum(term->threshold);
		values[5] = sides[term->above];
		values[6] = Float8GetDatum(term->accuracy);
		values[7] = Float8GetDatum(term->recall);
		values[8] = Float8GetDatum(term->purity);
	}
	return rows;
}

/* (points, features, max_terms, min_gain) */
static ResultRows *
make_explanation(FunctionCallInfo fcinfo)
{
	const Points *p = PG_GETARG_POINTS(0);
	int			max_terms = PG_GETARG_INT32(2);
	double		min_gain = PG_GETARG_FLOAT8(3);
	Datum	   *names = feature_names(PG_GETARG_ARRAYTYPE_P(1), points_dimensions(p));
	MemoryContext scratch;
	MemoryContext old;
	const PointRows *points;
	ResultRows *rows;
	HalfSpace  *terms;
	Size		n;

	if (max_terms < 1 || max_terms > MAX_TERMS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_terms must be from 1 to %d, not %d", MAX_TERMS, max_terms)));
	if (!(min_gain >= 0 && min_gain <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_gain must be from 0 to 1, not %g", min_gain)));
	points_require_labels(p);
	scratch = AllocSetContextCreate(CurrentMemoryContext, "neuroenc explained points", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	points = points_rows(p);
	require_two_labels(points);
	n = explain_clusters(points, max_terms, min_gain, &terms);
	MemoryContextSwitchTo(old);
	rows = rows_of_terms(points, terms, n, names);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
clustering_explain_clusters(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_explanation);
}
