/*
 * clustering_gap.c
 *		SQL function gap_statistic.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/rows.h"
#include "clustering/clustering.h"
#include "clustering/gap_statistic.h"

PG_FUNCTION_INFO_V1(clustering_gap_statistic);

#define GAP_COLUMNS 6
#define MAX_REFERENCES 10000

static int
count_argument(FunctionCallInfo fcinfo, int argument, const char *name, int most)
{
	int			value = PG_GETARG_INT32(argument);

	if (value < 1 || value > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from 1 to %d, not %d", name, most, value)));
	return value;
}

/* With as many clusters as rows that differ, nothing is left inside them. */
static void
require_more_distinct(const PointRows *rows, int k_max)
{
	int			distinct = point_rows_distinct(rows, k_max + 1);

	if (distinct <= k_max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k_max is %d, but only %d of the rows are distinct", k_max, distinct),
				 errdetail("There must be more of them than clusters."),
				 errhint("Take a smaller k_max.")));
}

static void
put_row(ResultRows *rows, const Gap *gap, int k, bool chosen)
{
	Datum	   *values = rows->values + (Size) (k - 1) * GAP_COLUMNS;

	values[0] = Int32GetDatum(k);
	values[1] = Float8GetDatum(gap->log_w);
	values[2] = Float8GetDatum(gap->expected);
	values[3] = Float8GetDatum(gap->gap);
	values[4] = Float8GetDatum(gap->se);
	values[5] = BoolGetDatum(chosen);
}

/* (points, k_max, seed, n_reference, n_init) */
static ResultRows *
make_gaps(FunctionCallInfo fcinfo)
{
	GapOptions	options = {
		.k_max = count_argument(fcinfo, 1, "k_max", PG_INT32_MAX - 1),
		.seed = PG_GETARG_INT64(2),
		.n_reference = count_argument(fcinfo, 3, "n_reference", MAX_REFERENCES),
		.n_init = clustering_starts(PG_GETARG_INT32(4))
	};
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "neuroenc gap points", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	const PointRows *points = points_rows(PG_GETARG_POINTS(0));
	ResultRows *rows;
	Gap		   *gap;
	int			chosen;

	require_more_distinct(points, options.k_max);
	gap = huge_alloc(size_mul(options.k_max, sizeof(Gap)));
	gap_statistic(points, &options, gap);
	chosen = gap_chosen(gap, options.k_max);
	MemoryContextSwitchTo(old);
	rows = result_rows_new(options.k_max, GAP_COLUMNS);
	for (int k = 1; k <= options.k_max; k++)
		put_row(rows, &gap[k - 1], k, k == chosen);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
clustering_gap_statistic(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, make_gaps);
}
