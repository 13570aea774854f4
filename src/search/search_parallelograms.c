/*
 * search_parallelograms.c
 *		SQL's parallelograms: of a matrix's rows, or of points with ids.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "base/memory.h"
#include "base/rows.h"
#include "search/parallelograms.h"
#include "stats/points.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(search_parallelograms_matrix);
PG_FUNCTION_INFO_V1(search_parallelograms_points);

#define N_COLUMNS 5
#define MEMORY_HINT "Take fewer rows: clusters of them, or a sample."

static double
tolerance_argument(FunctionCallInfo fcinfo)
{
	double		tolerance = PG_GETARG_FLOAT8(1);

	if (!(tolerance >= 0 && tolerance <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tolerance must be from 0 to 1, not %g", tolerance)));
	return tolerance;
}

static void
require_few(Size n)
{
	if (n > PARALLELOGRAMS_MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("parallelograms are of at most %d rows, not %zu", PARALLELOGRAMS_MAX_ROWS, n),
				 errhint(MEMORY_HINT)));
}

/* Corners by their ids, or, where there are none, by rows counted from 1. */
static ResultRows *
rows_of(const ParallelogramList *list, const int64 *ids)
{
	ResultRows *rows;

	memory_claim_add(list->claim, size_mul(list->n, N_COLUMNS * (sizeof(Datum) + sizeof(bool))),
					 "Lower the tolerance, or take fewer rows.");
	rows = result_rows_new((int64) list->n, N_COLUMNS);
	for (Size i = 0; i < list->n; i++)
	{
		const Parallelogram *p = &list->items[i];
		const int32 corners[4] = {p->a, p->b, p->c, p->d};
		Datum	   *out = rows->values + i * N_COLUMNS;

		CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < 4; k++)
			out[k] = ids ? Int64GetDatum(ids[corners[k]]) : Int32GetDatum(corners[k] + 1);
		out[4] = Float8GetDatum(p->error);
	}
	return rows;
}

static ResultRows *
make_of_matrix(FunctionCallInfo fcinfo)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	double		tolerance = tolerance_argument(fcinfo);
	MemoryContext home = CurrentMemoryContext;
	MemoryContext scratch;
	double	   *x;
	ParallelogramList *list;

	tensor_require_matrix(t, "matrix");
	require_few(t->dims[0]);
	scratch = scratch_create("parallelograms", size_mul(tensor_size(t), sizeof(double)), MEMORY_HINT);
	MemoryContextSwitchTo(scratch);
	x = tensor_finite_elements(t, "parallelograms");
	MemoryContextSwitchTo(home);
	list = parallelograms_find(t->dims[0], t->dims[1], x, tolerance);
	MemoryContextDelete(scratch);
	return rows_of(list, NULL);
}

static int
compare_ids(const void *a, const void *b, void *ids)
{
	int64		x = ((const int64 *) ids)[*(const int *) a];
	int64		y = ((const int64 *) ids)[*(const int *) b];

	return x < y ? -1 : x > y;
}

static ResultRows *
make_of_points(FunctionCallInfo fcinfo)
{
	const Points *p = PG_GETARG_POINTS(0);
	double		tolerance = tolerance_argument(fcinfo);
	Size		n = points_n(p);
	Size		d = points_dimensions(p);
	MemoryContext home = CurrentMemoryContext;
	MemoryContext scratch;
	const PointRows *rows;
	int64	   *ids = palloc_extended(Max(1, n) * sizeof(int64), MCXT_ALLOC_HUGE);
	int		   *order;
	double	   *x;
	ParallelogramList *list;

	if (p->key != POINTS_ID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parallelograms names rows by their ids, and the points have none"),
				 errhint("Make them with points_agg(id, t).")));
	require_few(n);
	scratch = scratch_create("parallelograms", size_mul(n, size_add(size_mul(d, sizeof(double)), sizeof(int))), MEMORY_HINT);
	MemoryContextSwitchTo(scratch);
	rows = points_rows_f8(p);
	point_rows_require_distinct_ids(rows);
	order = huge_alloc(Max(1, n) * sizeof(int));
	x = huge_matrix(n, d);
	for (Size i = 0; i < n; i++)
		order[i] = (int) i;
	qsort_arg(order, n, sizeof(int), compare_ids, rows->id);
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ids[i] = rows->id[order[i]];
		point_rows_read_f8(rows, order[i], 1, x + i * d);
	}
	MemoryContextSwitchTo(home);
	list = parallelograms_find(n, d, x, tolerance);
	MemoryContextDelete(scratch);
	return rows_of(list, ids);
}

Datum
search_parallelograms_matrix(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_of_matrix);
}

Datum
search_parallelograms_points(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_of_points);
}
