/*
 * clustering_variants.c
 *		SQL glue of k-means' relatives: balanced_kmeans, minibatch_kmeans,
 *		cop_kmeans and seeded_kmeans.
 */
#include "postgres.h"
#include "fmgr.h"

#include "miscadmin.h"
#include "utils/array.h"

#include "base/aggregate.h"
#include "base/client_detail.h"
#include "base/memory.h"
#include "clustering/balanced.h"
#include "clustering/constrained.h"
#include "clustering/kmeans.h"
#include "clustering/minibatch.h"
#include "stats/points_window.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(clustering_balanced_kmeans);
PG_FUNCTION_INFO_V1(clustering_balanced_kmeans_final);
PG_FUNCTION_INFO_V1(clustering_balanced_kmeans_fit);
PG_FUNCTION_INFO_V1(clustering_minibatch_kmeans);
PG_FUNCTION_INFO_V1(clustering_minibatch_add);
PG_FUNCTION_INFO_V1(clustering_minibatch_final);
PG_FUNCTION_INFO_V1(clustering_cop_kmeans);
PG_FUNCTION_INFO_V1(clustering_seeded_kmeans);

/* Labels from 0 in 'order' (order[i]: place in the answer; NULL: the same) as those from 1. */
static void
answer_labels(PointsAnswer *answer, int n, const int32 *label, const int *order)
{
	for (int i = 0; i < n; i++)
		answer->label[order ? order[i] : i] = label[i] + 1;
}

/* ---- balanced_kmeans: (t, k, seed, n_init) ---- */

static KmeansFit *
fit_balanced(const PointRows *rows, int k, int64 seed, int n_init)
{
	clustering_starts(n_init);
	kmeans_require_distinct(rows, k);
	return balanced_fit(kmeans_rows(rows, false), k, seed, n_init);
}

static void
label_balanced(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	int			k = DatumGetInt32(points_window_option(fcinfo, 1, "k"));
	int64		seed = DatumGetInt64(points_window_option(fcinfo, 2, "seed"));
	int			n_init = DatumGetInt32(points_window_option(fcinfo, 3, "n_init"));
	MemoryContext scratch;
	MemoryContext old;

	answer->label = huge_alloc(size_mul(rows->n, sizeof(int32)));
	scratch = scratch_create("balanced k-means", 0, NULL);
	old = MemoryContextSwitchTo(scratch);
	answer_labels(answer, rows->n, fit_balanced(rows, k, seed, n_init)->label, NULL);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

Datum
clustering_balanced_kmeans(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, label_balanced);
}

static Datum
balanced_of_points(const Points *p, int k, int64 seed, int n_init)
{
	MemoryContext scratch = scratch_create("balanced k-means", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	PointRows  *rows = points_rows(p);
	KmeansFit  *fit;
	Clustering *c;

	if (rows->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no rows to cluster")));
	fit = fit_balanced(rows, k, seed, n_init);
	MemoryContextSwitchTo(old);
	c = kmeans_clustering(fit, CLUSTERING_BALANCED, rows->n, rows->d);
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(c);
}

/* (points), which tell k and seed */
Datum
clustering_balanced_kmeans_final(PG_FUNCTION_ARGS)
{
	const Points *p = PG_GETARG_POINTS(0);

	if (p->options.n != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the points don't tell k"),
				 errhint("Use balanced_kmeans_fit(points, k).")));
	return balanced_of_points(p, (int) p->options.number[0], p->options.number[1], kmeans_options(1, 0).n_init);
}

/* (points, k, seed, n_init) */
Datum
clustering_balanced_kmeans_fit(PG_FUNCTION_ARGS)
{
	return balanced_of_points(PG_GETARG_POINTS(0), PG_GETARG_INT32(1), PG_GETARG_INT64(2), PG_GETARG_INT32(3));
}

/* ---- minibatch_kmeans: (t, k, seed) ---- */

/* Rows first .. first + n - 1, which share their values. */
static PointRows
rows_between(const PointRows *rows, int first, int n)
{
	return (PointRows) {.n = n, .d = rows->d, .dtype = rows->dtype, .came = rows->came + first,
		.values = (char *) rows->values + (Size) first * rows->d * rows->dtype};
}

/* The model of rows in the order of their content, which means nothing, and their nearest centroids. */
static KmeansFit *
fit_minibatch(const PointRows *rows, int k, int64 seed)
{
	Minibatch  *m = minibatch_new(CurrentMemoryContext, k, seed);
	KmeansFit  *fit;

	for (int n, first = 0; first < rows->n; first += n)
	{
		PointRows	batch;

		n = Min(minibatch_wants(m), rows->n - first);
		batch = rows_between(rows, first, n);
		minibatch_take(m, &batch);
	}
	memory_claim_add(memory_claim(CurrentMemoryContext, "minibatch k-means"), kmeans_fit_bytes(rows->n, rows->d, k), NULL);
	fit = kmeans_fit_new(rows->n, rows->d, k);
	memcpy(fit->centre, m->centre, (Size) k * rows->d * sizeof(double));
	kmeans_assign(kmeans_rows(rows, false), k, fit->centre, fit->label, NULL);
	for (int i = 0; i < rows->n; i++)
		fit->size[fit->label[i]]++;
	kmeans_renumber(fit, rows->n, rows->d);
	return fit;
}

static void
label_minibatch(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	int			k = DatumGetInt32(points_window_option(fcinfo, 1, "k"));
	int64		seed = DatumGetInt64(points_window_option(fcinfo, 2, "seed"));
	MemoryContext scratch;
	MemoryContext old;

	kmeans_require_distinct(rows, k);
	answer->label = huge_alloc(size_mul(rows->n, sizeof(int32)));
	scratch = scratch_create("minibatch k-means", 0, NULL);
	old = MemoryContextSwitchTo(scratch);
	answer_labels(answer, rows->n, fit_minibatch(rows, k, seed)->label, NULL);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

Datum
clustering_minibatch_kmeans(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 1, label_minibatch);
}

/* The state of minibatch_kmeans_fit: a model, and rows for its next batch. */
typedef struct MinibatchStream
{
	MemoryContext cxt;
	Minibatch  *model;
	Points	   *waiting;
} MinibatchStream;

static MinibatchStream *
stream_new(MemoryContext cxt, int k, int64 seed)
{
	MinibatchStream *s = MemoryContextAlloc(cxt, sizeof(MinibatchStream));

	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be at least 1, not %d", k)));
	s->cxt = cxt;
	s->model = minibatch_new(cxt, k, seed);
	s->waiting = points_new(cxt, POINTS_ALONE, NULL);
	return s;
}

static void
take_points(Minibatch *model, const Points *p)
{
	MemoryContext scratch = scratch_create("minibatch k-means", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);

	minibatch_take(model, points_rows(p));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* (internal, t, k[, seed]) */
Datum
clustering_minibatch_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	MinibatchStream *s = PG_ARGISNULL(0) ? NULL : (MinibatchStream *) PG_GETARG_POINTER(0);
	bool		seeded = PG_NARGS() > 3;
	int			k;
	int64		seed;

	if (PG_ARGISNULL(2) || (seeded && PG_ARGISNULL(3)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", PG_ARGISNULL(2) ? "k" : "seed")));
	k = PG_GETARG_INT32(2);
	seed = seeded ? PG_GETARG_INT64(3) : 0;
	if (PG_ARGISNULL(1))
	{
		if (s == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(s);
	}
	if (s == NULL)
		s = stream_new(cxt, k, seed);
	if (k != s->model->k || seed != s->model->seed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the options of an aggregate over points must be the same in every row")));
	points_add(s->waiting, PG_GETARG_TENSOR(1));
	if (points_n(s->waiting) == minibatch_wants(s->model))
	{
		take_points(s->model, s->waiting);
		points_clear(s->waiting);
	}
	PG_RETURN_POINTER(s);
}

/* Leaves the state as it is: it may be asked again (a running aggregate over a window). */
Datum
clustering_minibatch_final(PG_FUNCTION_ARGS)
{
	const MinibatchStream *s;
	MemoryContext result = CurrentMemoryContext;
	MemoryContext scratch;
	Minibatch  *model;
	Clustering *c;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	s = (const MinibatchStream *) PG_GETARG_POINTER(0);
	scratch = scratch_create("minibatch k-means", 0, NULL);
	MemoryContextSwitchTo(scratch);
	model = minibatch_copy(scratch, s->model);
	if (points_n(s->waiting) > 0)
		take_points(model, s->waiting);
	MemoryContextSwitchTo(result);
	c = minibatch_clustering(model);
	MemoryContextDelete(scratch);
	PG_RETURN_POINTER(c);
}

/* ---- cop_kmeans: (t, id, k, must_link, cannot_link, seed, n_init) ---- */

typedef struct RowId
{
	int64		id;
	int			row;			/* of PointRows */
} RowId;

static int
compare_ids(const void *a, const void *b)
{
	int64		x = ((const RowId *) a)->id;
	int64		y = ((const RowId *) b)->id;

	return x < y ? -1 : x > y;
}

/*
 * The ids of all rows, and the rows' order: of the content, and rows of the same
 * content by id, so that nothing is left for the order of arrival.
 */
static int64 *
ids_in_order(FunctionCallInfo fcinfo, const PointRows *rows, int *order)
{
	RowId	   *row = huge_alloc((Size) rows->n * sizeof(RowId));
	int64	   *id = huge_alloc((Size) rows->n * sizeof(int64));
	Size		bytes = (Size) rows->d * rows->dtype;
	const char *values = rows->values;
	int32	   *came = points_window_order(rows);

	for (int at = 0; at < rows->n; at++)
	{
		int			i = came[at];
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		row[i] = (RowId) {DatumGetInt64(points_window_beside(fcinfo, rows, i, 1, &isnull)), i};
		if (isnull)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("id must not be NULL where t is not")));
	}
	pfree(came);
	for (int i = 0, end; i < rows->n; i = end)
	{
		for (end = i + 1; end < rows->n && memcmp(values + i * bytes, values + end * bytes, bytes) == 0; end++)
			;
		qsort(row + i, end - i, sizeof(RowId), compare_ids);
	}
	for (int i = 0; i < rows->n; i++)
	{
		id[i] = row[i].id;
		order[i] = row[i].row;
	}
	pfree(row);
	return id;
}

/* Ids in their order, with the places of their rows; ERROR if one comes twice. */
static RowId *
sorted_ids(int n, const int64 *id)
{
	RowId	   *sorted = huge_alloc((Size) n * sizeof(RowId));

	for (int i = 0; i < n; i++)
		sorted[i] = (RowId) {id[i], i};
	qsort(sorted, n, sizeof(RowId), compare_ids);
	for (int i = 1; i < n; i++)
		if (sorted[i].id == sorted[i - 1].id)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("an id comes twice"),
					 errdetail_client("It is " INT64_FORMAT ".", sorted[i].id)));
	return sorted;
}

static int
row_of(const RowId *sorted, int n, int64 id, const char *what)
{
	RowId		key = {id, 0};
	const RowId *found = bsearch(&key, sorted, n, sizeof(RowId), compare_ids);

	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s names an id that no row with a vector has", what),
				 errdetail_client("It is " INT64_FORMAT ".", id)));
	return found->row;
}

/* Option number 'argument', an array of pairs of ids (NULL: none). */
static RowPair *
pairs_option(FunctionCallInfo fcinfo, int argument, const char *what, const RowId *sorted, int n, int *n_pairs)
{
	ArrayType  *array;
	const int64 *id;
	RowPair    *pair;

	*n_pairs = 0;
	if (points_window_option_is_null(fcinfo, argument))
		return NULL;
	array = DatumGetArrayTypeP(points_window_option(fcinfo, argument, what));
	if (ARR_NDIM(array) == 0)
		return NULL;
	if (ARR_NDIM(array) != 2 || ARR_DIMS(array)[1] != 2 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be an array of pairs of ids without NULLs, such as {{1,2},{3,4}}", what)));
	id = ARRAY_ELEMENTS(array);
	*n_pairs = ARR_DIMS(array)[0];
	pair = huge_alloc((Size) *n_pairs * sizeof(RowPair));
	for (int p = 0; p < *n_pairs; p++)
		pair[p] = (RowPair) {row_of(sorted, n, id[2 * (Size) p], what), row_of(sorted, n, id[2 * (Size) p + 1], what)};
	return pair;
}

static void
label_cop(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	int			k = DatumGetInt32(points_window_option(fcinfo, 2, "k"));
	int64		seed = DatumGetInt64(points_window_option(fcinfo, 5, "seed"));
	int			n_init = clustering_starts(DatumGetInt32(points_window_option(fcinfo, 6, "n_init")));
	PairConstraints constraints = {0};
	MemoryContext scratch;
	MemoryContext old;
	int		   *order;
	int64	   *id;
	RowId	   *sorted;

	kmeans_require_distinct(rows, k);
	answer->label = huge_alloc(size_mul(rows->n, sizeof(int32)));
	scratch = scratch_create("cop_kmeans", size_mul(rows->n, 2 * sizeof(RowId) + sizeof(int64) + sizeof(int)), NULL);
	old = MemoryContextSwitchTo(scratch);
	order = huge_alloc((Size) rows->n * sizeof(int));
	id = ids_in_order(fcinfo, rows, order);
	sorted = sorted_ids(rows->n, id);
	constraints.must = pairs_option(fcinfo, 3, "must_link", sorted, rows->n, &constraints.n_must);
	constraints.cannot = pairs_option(fcinfo, 4, "cannot_link", sorted, rows->n, &constraints.n_cannot);
	constraints.id = id;
	answer_labels(answer, rows->n, cop_kmeans_fit(kmeans_rows(rows, false), k, seed, n_init, &constraints)->label, order);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

Datum
clustering_cop_kmeans(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 2, label_cop);
}

/* ---- seeded_kmeans: (t, label, k, seed, constrained) ---- */

/* Given labels from 0, -1 for NULL; returns the largest, from 1. */
static int
given_labels(FunctionCallInfo fcinfo, const PointRows *rows, int32 *given)
{
	int			largest = 0;
	int32	   *order = points_window_order(rows);

	for (int at = 0; at < rows->n; at++)
	{
		int			i = order[at];
		bool		isnull;
		int32		label = DatumGetInt32(points_window_beside(fcinfo, rows, i, 1, &isnull));

		CHECK_FOR_INTERRUPTS();
		given[i] = isnull ? -1 : label - 1;
		if (isnull)
			continue;
		if (label < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("labels must be at least 1"),
					 errdetail_client("One is %d.", label)));
		largest = Max(largest, label);
	}
	pfree(order);
	if (largest == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no row has a label"),
				 errhint("Use kmeans(t, k).")));
	return largest;
}

/* As kmeans_require_distinct, of a k that is a label and no option. */
static void
require_distinct_for(const PointRows *rows, int largest)
{
	int			distinct = point_rows_distinct(rows, largest);

	if (distinct < largest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the largest label is over the number of distinct rows, %d", distinct),
				 errdetail_client("It is %d.", largest)));
}

static void
label_seeded(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	int64		seed = DatumGetInt64(points_window_option(fcinfo, 3, "seed"));
	bool		keep = DatumGetBool(points_window_option(fcinfo, 4, "constrained"));
	MemoryContext scratch;
	MemoryContext old;
	int32	   *given;
	int			largest;
	int			k;

	answer->label = huge_alloc(size_mul(rows->n, sizeof(int32)));
	scratch = scratch_create("seeded_kmeans", size_mul(rows->n, sizeof(int32)), NULL);
	old = MemoryContextSwitchTo(scratch);
	given = huge_alloc((Size) rows->n * sizeof(int32));
	largest = given_labels(fcinfo, rows, given);
	if (points_window_option_is_null(fcinfo, 2))
		require_distinct_for(rows, k = largest);
	else
		kmeans_require_distinct(rows, k = DatumGetInt32(points_window_option(fcinfo, 2, "k")));
	if (largest > k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a row has a label over k, %d", k),
				 errdetail_client("It is %d.", largest)));
	answer_labels(answer, rows->n, seeded_kmeans_fit(kmeans_rows(rows, false), k, seed, given, keep)->label, NULL);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

Datum
clustering_seeded_kmeans(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 0, 2, label_seeded);
}
