/*
 * gram_sql.c
 *		SQL functions over grams: the aggregates, + and -, parts, counts.
 *
 * The aggregates' state is the gram itself, expanded, in a context that is a
 * direct child of the aggregate's; transitions hand on the same pointer.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "stats/gram.h"
#include "stats/gram_object.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(gram_agg_x);
PG_FUNCTION_INFO_V1(gram_agg_xy);
PG_FUNCTION_INFO_V1(gram_agg_xy_fold);
PG_FUNCTION_INFO_V1(gram_final);
PG_FUNCTION_INFO_V1(gram_minus);
PG_FUNCTION_INFO_V1(gram_n_samples);
PG_FUNCTION_INFO_V1(gram_n_features);
PG_FUNCTION_INFO_V1(gram_n_targets);
PG_FUNCTION_INFO_V1(gram_folds);
PG_FUNCTION_INFO_V1(gram_fold);
PG_FUNCTION_INFO_V1(gram_without_folds);
PG_FUNCTION_INFO_V1(gram_select_features);
PG_FUNCTION_INFO_V1(gram_select_targets);

/* ---- aggregates ---- */

static Datum
add_row(FunctionCallInfo fcinfo, bool has_y, bool has_fold)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Gram	   *g = state_running(&gram_kind, fcinfo, cxt);
	Tensor	   *x;
	Tensor	   *y;

	if (PG_ARGISNULL(1) || (has_y && PG_ARGISNULL(2)) || (has_fold && PG_ARGISNULL(3)))
		return state_return(fcinfo, g);
	x = PG_GETARG_TENSOR(1);
	y = has_y ? PG_GETARG_TENSOR(2) : NULL;
	if (g == NULL)
	{
		if (tensor_size(x) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("x of row 1 has no elements")));
		if (y && tensor_size(y) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("y of row 1 has no elements")));
		g = gram_new(cxt, (int) tensor_size(x), y ? (int) tensor_size(y) : 0, has_fold);
	}
	gram_add_row(g, x, y, has_fold ? PG_GETARG_INT64(3) : 0);
	PG_RETURN_DATUM(GramGetDatum(g));
}

Datum
gram_agg_x(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false, false);
}

Datum
gram_agg_xy(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, false);
}

Datum
gram_agg_xy_fold(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true, true);
}

STATE_FUNCTION(gram, combine, gram_kind)

/*
 * Rows that wait beside moments are folded in first: a solver then meets nothing
 * but moments, and has their room.  (The state is read-only here; its value
 * stays what it was.)  Not in a window frame, where a final value may be asked
 * for at every row.
 */
Datum
gram_final(PG_FUNCTION_ARGS)
{
	Datum		d = PG_GETARG_DATUM(0);

	if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(d)) &&
		AggCheckCallContext(fcinfo, NULL) == AGG_CONTEXT_AGGREGATE)
		gram_settle((Gram *) DatumGetGram(d));
	PG_RETURN_DATUM(aggregate_hand_on(d));
}

/* ---- operators ---- */

STATE_FUNCTION(gram, plus, gram_kind)

Datum
gram_minus(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(GramGetDatum(gram_subtract(CurrentMemoryContext, PG_GETARG_GRAM(0),
											   PG_GETARG_GRAM(1))));
}

/* ---- counts ---- */

Datum
gram_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(gram_n(PG_GETARG_GRAM(0)));
}

Datum
gram_n_features(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_GRAM(0)->p);
}

Datum
gram_n_targets(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_GRAM(0)->v);
}

Datum
gram_folds(PG_FUNCTION_ARGS)
{
	const Gram *g = PG_GETARG_GRAM(0);
	int			n;
	int64	   *ids;
	Datum	   *elements;

	if (!g->has_folds)
		PG_RETURN_NULL();
	ids = gram_fold_ids(g, &n);
	elements = palloc(Max(1, n) * sizeof(Datum));
	for (int i = 0; i < n; i++)
		elements[i] = Int64GetDatum(ids[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}

/* ---- parts ---- */

/* The elements of a bigint[], sorted; NULL elements refused. */
static int64 *
fold_array(ArrayType *array, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	int64	   *folds;

	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, n);
	folds = palloc(Max(1, *n) * sizeof(int64));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of folds is NULL", i + 1)));
		folds[i] = DatumGetInt64(elements[i]);
	}
	qsort(folds, *n, sizeof(int64), gram_compare_folds);
	return folds;
}

static Datum
part_by_folds(FunctionCallInfo fcinfo, bool without)
{
	const Gram *g = PG_GETARG_GRAM(0);
	int			n;
	int			n_ids;
	int64	   *folds = fold_array(PG_GETARG_ARRAYTYPE_P(1), &n);
	int64	   *ids = gram_fold_ids(g, &n_ids);

	if (!g->has_folds)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the gram has no folds"),
				 errhint("Make it with gram_agg(x, y, fold).")));
	for (int i = 0; i < n; i++)
		if (bsearch(&folds[i], ids, n_ids, sizeof(int64), gram_compare_folds) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the gram has no such fold"),
					 errdetail_client("It is fold " INT64_FORMAT ".", folds[i])));
	PG_RETURN_DATUM(GramGetDatum(gram_copy_folds(CurrentMemoryContext, g, folds, n, without)));
}

Datum
gram_fold(PG_FUNCTION_ARGS)
{
	return part_by_folds(fcinfo, false);
}

Datum
gram_without_folds(PG_FUNCTION_ARGS)
{
	return part_by_folds(fcinfo, true);
}

/* A 1-based int[] of columns as 0-based numbers below limit. */
static int *
column_array(ArrayType *array, int limit, const char *what, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	int		   *columns;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, n);
	if (*n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the array of %ss is empty", what)));
	columns = palloc(*n * sizeof(int));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the array of %ss is NULL", i + 1, what)));
		columns[i] = DatumGetInt32(elements[i]) - 1;
		if (columns[i] < 0 || columns[i] >= limit)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s %d is not in the gram, which has %d %ss", what,
							DatumGetInt32(elements[i]), limit, what)));
	}
	return columns;
}

static int *
all_columns(int n)
{
	int		   *columns = palloc(Max(1, n) * sizeof(int));

	for (int i = 0; i < n; i++)
		columns[i] = i;
	return columns;
}

Datum
gram_select_features(PG_FUNCTION_ARGS)
{
	const Gram *g = PG_GETARG_GRAM(0);
	int			n;
	int		   *features = column_array(PG_GETARG_ARRAYTYPE_P(1), g->p, "feature", &n);

	PG_RETURN_DATUM(GramGetDatum(gram_select(CurrentMemoryContext, g, features, n,
											 all_columns(g->v), g->v)));
}

Datum
gram_select_targets(PG_FUNCTION_ARGS)
{
	const Gram *g = PG_GETARG_GRAM(0);
	int			n;
	int		   *targets = column_array(PG_GETARG_ARRAYTYPE_P(1), g->v, "target", &n);

	PG_RETURN_DATUM(GramGetDatum(gram_select(CurrentMemoryContext, g, all_columns(g->p), g->p,
											 targets, n)));
}
