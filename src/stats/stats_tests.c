/*
 * stats_tests.c
 *		SQL functions that test predictions: permutation_test, compare_test,
 *		bootstrap_r and identification.
 *
 * The set-returning ones compute all targets at the first call and hand out a row
 * a call.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/record.h"
#include "stats/identification.h"
#include "stats/resampling.h"

PG_FUNCTION_INFO_V1(stats_permutation_test);
PG_FUNCTION_INFO_V1(stats_compare_test);
PG_FUNCTION_INFO_V1(stats_bootstrap_r);
PG_FUNCTION_INFO_V1(stats_identification);

#define MAX_RESULTS 4
#define MAX_DRAWS	100000000

/* ---- checks ---- */

static void
require_vectors(const Predictions *p, int n_vectors, const char *hint)
{
	if (p->n_vectors != n_vectors)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the predictions have %d vector%s a row, but %d are needed",
						p->n_vectors, p->n_vectors == 1 ? "" : "s", n_vectors),
				 errhint("%s", hint)));
	if (p->n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the predictions have no rows")));
}

static int
draws_argument(int n, const char *name)
{
	if (n < 1 || n > MAX_DRAWS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from 1 to %d, not %d", name, MAX_DRAWS, n)));
	return n;
}

static void
require_two_blocks(const PredictionRows *rows)
{
	if (rows->n_blocks < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the predictions have only one block: blocks are what is drawn, so there must be several"),
				 errdetail_client("It is block " INT64_FORMAT ".", rows->row[0].label[0])));
}

/* Blocks of several rows are permuted row by row, so their rows must have an order, and only one. */
static void
require_order(const PredictionRows *rows)
{
	for (int i = 1; i < rows->n; i++)
	{
		const PredictionRow *a = &rows->row[i - 1];
		const PredictionRow *b = &rows->row[i];

		if (a->label[0] != b->label[0])
			continue;
		if (rows->n_labels == 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a block has several rows in no order, but blocks of y change places row by row"),
					 errdetail_client("It is block " INT64_FORMAT ".", a->label[0]),
					 errhint("Give each row's position in its block: predictions_agg(predicted, y, block, t). "
							 "Where rows are independent, let each be a block of its own.")));
		if (a->label[1] == b->label[1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a position comes twice in a block"),
					 errdetail_client("It is position " INT64_FORMAT " in block " INT64_FORMAT ".", a->label[1], a->label[0]),
					 errhint("Give runs and sessions blocks of their own, such as session * 100 + run.")));
	}
}

/* ---- rows of results ---- */

typedef struct TestResults
{
	int			n_columns;		/* beside target */
	double	   *column[MAX_RESULTS];	/* v each */
} TestResults;

/* Room for v results a column, claimed for the life of the scan. */
static TestResults *
results_new(int v, int n_columns)
{
	TestResults *results = palloc0(sizeof(TestResults));

	memory_claim_add(memory_claim(CurrentMemoryContext, "test results"),
					 size_mul(size_mul(v, n_columns), sizeof(double)), NULL);
	results->n_columns = n_columns;
	for (int c = 0; c < n_columns; c++)
		results->column[c] = huge_alloc(size_mul(v, sizeof(double)));
	return results;
}

typedef TestResults *(*TestFunction) (FunctionCallInfo fcinfo, const Predictions *p);

static Datum
next_row(FunctionCallInfo fcinfo, TestFunction test)
{
	FuncCallContext *call;
	TestResults *results;
	Datum		values[1 + MAX_RESULTS];
	bool		nulls[1 + MAX_RESULTS] = {false};
	Size		t;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		const Predictions *p;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		p = PG_GETARG_PREDICTIONS(0);
		results = test(fcinfo, p);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
			desc->natts != 1 + results->n_columns)
			elog(ERROR, "a test must return %d columns", 1 + results->n_columns);
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = results;
		call->max_calls = p->v;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	results = call->user_fctx;
	t = call->call_cntr;
	if (t >= call->max_calls)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	values[0] = Int64GetDatum((int64) t + 1);
	for (int c = 0; c < results->n_columns; c++)
	{
		nulls[1 + c] = isnan(results->column[c][t]);
		values[1 + c] = Float8GetDatum(results->column[c][t]);
	}
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

/* The rows by label, claimed for as long as the context lives. */
static PredictionRows *
sorted_rows(const Predictions *p)
{
	memory_claim_add(memory_claim(CurrentMemoryContext, "sorted predictions"), predictions_rows_bytes(p), NULL);
	return predictions_rows(p);
}

/* ---- permutation_test(predictions, n_perm, two_sided, seed) ---- */

static TestResults *
run_permutation_test(FunctionCallInfo fcinfo, const Predictions *p)
{
	int			n_perm = draws_argument(PG_GETARG_INT32(1), "n_perm");
	TestResults *results;
	PredictionRows *rows;

	require_vectors(p, 2, "Make them with predictions_agg(predicted, y, block, t).");
	rows = sorted_rows(p);
	require_two_blocks(rows);
	require_order(rows);
	if (permutable_blocks(rows) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no two of the %d blocks have the same number of rows", rows->n_blocks),
				 errdetail("Only blocks of the same number of rows can change places."),
				 errhint("Cut the runs into blocks of equal length, and leave the rest of a run a block of its own.")));
	results = results_new(p->v, 3);
	permutation_test(rows, n_perm, (uint64) PG_GETARG_INT64(3), PG_GETARG_BOOL(2),
					 results->column[0], results->column[1], results->column[2]);
	return results;
}

Datum
stats_permutation_test(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, run_permutation_test);
}

/* ---- compare_test(predictions, n_perm, two_sided, seed) ---- */

static TestResults *
run_compare_test(FunctionCallInfo fcinfo, const Predictions *p)
{
	int			n_perm = draws_argument(PG_GETARG_INT32(1), "n_perm");
	TestResults *results;
	PredictionRows *rows;

	require_vectors(p, 3, "Make them with predictions_agg(predicted_a, predicted_b, y, block).");
	rows = sorted_rows(p);
	require_two_blocks(rows);
	results = results_new(p->v, 4);
	compare_test(rows, n_perm, (uint64) PG_GETARG_INT64(3), PG_GETARG_BOOL(2),
				 results->column[0], results->column[1], results->column[2], results->column[3]);
	return results;
}

Datum
stats_compare_test(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, run_compare_test);
}

/* ---- bootstrap_r(predictions, n_boot, level, seed) ---- */

static TestResults *
run_bootstrap_r(FunctionCallInfo fcinfo, const Predictions *p)
{
	int			n_boot = draws_argument(PG_GETARG_INT32(1), "n_boot");
	double		level = PG_GETARG_FLOAT8(2);
	TestResults *results;
	PredictionRows *rows;

	if (!(level > 0 && level < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("level must be between 0 and 1, not %g", level)));
	require_vectors(p, 2, "Make them with predictions_agg(predicted, y, block).");
	rows = sorted_rows(p);
	require_two_blocks(rows);
	results = results_new(p->v, 3);
	bootstrap_r(rows, n_boot, level, (uint64) PG_GETARG_INT64(3),
				results->column[0], results->column[1], results->column[2]);
	return results;
}

Datum
stats_bootstrap_r(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, run_bootstrap_r);
}

/* ---- identification ---- */

#define IDENTIFICATION_COLUMNS 6

/* An element that has no value, or none: Pearson over the elements needs them all. */
static void
require_complete(const PredictionRows *rows)
{
	double	   *values = huge_alloc(size_mul(rows->v, sizeof(double)));

	for (int i = 0; i < rows->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int k = 0; k < 2; k++)
		{
			predictions_gather(rows, i, 1, k, 0, rows->v, values, rows->v);
			for (int t = 0; t < rows->v; t++)
				if (isnan(values[t]))
					ereport(ERROR,
							(errcode(ERRCODE_DATA_EXCEPTION),
							 errmsg("element %d of the %s vector is NaN in a row", t + 1, k == 0 ? "predicted" : "actual"),
							 errdetail_client("It is a row of item " INT64_FORMAT ".", rows->row[i].label[0]),
							 errhint("Leave out the elements that are missing in some rows (take), or those rows.")));
		}
	}
	pfree(values);
}

Datum
stats_identification(PG_FUNCTION_ARGS)
{
	const Predictions *p = PG_GETARG_PREDICTIONS(0);
	Datum		values[IDENTIFICATION_COLUMNS];
	bool		nulls[IDENTIFICATION_COLUMNS] = {false};
	TupleDesc	desc;
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "identification rows", ALLOCSET_SMALL_SIZES);
	MemoryContext old;
	PredictionRows *rows;
	Identification found;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != IDENTIFICATION_COLUMNS)
		elog(ERROR, "identification must return %d columns", IDENTIFICATION_COLUMNS);
	require_vectors(p, 2, "Make them with predictions_agg(predicted, actual, item).");
	old = MemoryContextSwitchTo(cxt);
	rows = sorted_rows(p);
	require_complete(rows);
	found = identification(rows);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);

	values[0] = Int64GetDatum(found.n);
	record_put_number(values, nulls, 1, found.top_1);
	record_put_number(values, nulls, 2, found.top_5);
	record_put_number(values, nulls, 3, found.two_way);
	record_put_number(values, nulls, 4, found.two_v_two);
	record_put_number(values, nulls, 5, found.median_rank);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
