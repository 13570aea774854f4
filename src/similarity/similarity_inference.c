/*
 * similarity_inference.c
 *		SQL functions that test and fit models of RDMs: permutation, bootstrap,
 *		non-negative fit.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/memory.h"
#include "base/record.h"
#include "similarity/rdm_bootstrap.h"
#include "similarity/rdm_kernel.h"
#include "similarity/rdm_permutation.h"
#include "similarity/rsa_fit.h"
#include "stats/student.h"

PG_FUNCTION_INFO_V1(rdm_permutation_test);
PG_FUNCTION_INFO_V1(rdm_bootstrap_one);
PG_FUNCTION_INFO_V1(rdm_bootstrap_many);
PG_FUNCTION_INFO_V1(rdm_compare_models);
PG_FUNCTION_INFO_V1(similarity_rsa_fit);

#define MAX_DRAWS	100000000
#define MAX_COLUMNS 10

/* ---- arguments ---- */

static int
draws_argument(int n)
{
	if (n < 1 || n > MAX_DRAWS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n must be from 1 to %d, not %d", MAX_DRAWS, n)));
	return n;
}

static double
level_argument(double level)
{
	if (!(level > 0 && level < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("level must be between 0 and 1, not %g", level)));
	return level;
}

static BootstrapOver
over_argument(const char *name)
{
	static const char *const names[] = {"both", "subjects", "conditions"};

	for (int i = 0; i < (int) lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("over is \"%s\"", name),
			 errhint("The bootstrap goes over conditions, subjects or both.")));
}

/* ---- rows of results ---- */

/* Numbers by row: what type each is, its column in the result's row type says. */
typedef struct ResultRows
{
	int			n_columns;
	double	   *number;			/* rows x n_columns */
} ResultRows;

static ResultRows *
rows_new(FuncCallContext *call, Size n_rows, int n_columns)
{
	ResultRows *rows = palloc(sizeof(ResultRows));

	rows->n_columns = n_columns;
	rows->number = huge_matrix(n_rows, n_columns);
	call->max_calls = n_rows;
	return rows;
}

/* A tuple of numbers, each as its column's type says; NaN is NULL. */
static Datum
number_tuple(TupleDesc desc, const double *number)
{
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS] = {false};

	for (int i = 0; i < desc->natts; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;

		if (type == INT4OID)
			values[i] = Int32GetDatum((int32) number[i]);
		else if (type == INT8OID)
			values[i] = Int64GetDatum((int64) number[i]);
		else
			record_put_number(values, nulls, i, number[i]);
	}
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

static TupleDesc
result_desc(FunctionCallInfo fcinfo, int n_columns)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != n_columns)
		elog(ERROR, "function %u must return %d columns", fcinfo->flinfo->fn_oid, n_columns);
	return BlessTupleDesc(desc);
}

typedef ResultRows *(*RowsFunction) (FunctionCallInfo fcinfo, FuncCallContext *call);

/* All rows are made at the first call. */
static Datum
next_row(FunctionCallInfo fcinfo, int n_columns, RowsFunction make)
{
	FuncCallContext *call;
	ResultRows *rows;
	Datum		row;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		call->tuple_desc = result_desc(fcinfo, n_columns);
		call->user_fctx = make(fcinfo, call);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	rows = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);
	row = number_tuple(call->tuple_desc, rows->number + call->call_cntr * rows->n_columns);
	SRF_RETURN_NEXT(call, row);
}

/* ---- rdm_permutation_test(a, b, method, n, seed, two_sided) ---- */

#define PERMUTATION_COLUMNS 4

/* What rdm_permutation takes of an RDM's shared conditions. */
static double *
permutation_input(CompareMethod method, const Rdm *r, const int *index, int m)
{
	bool		bures = method == COMPARE_BURES || method == COMPARE_BURES_DISTANCE;
	double	   *out = huge_matrix(1, bures ? (Size) m * m : RDM_PAIRS(m));

	if (bures)
		rdm_kernel(r, index, m, out);
	else
		compare_gather(method, r, index, m, out);
	return out;
}

Datum
rdm_permutation_test(PG_FUNCTION_ARGS)
{
	const Rdm  *rdms[2] = {PG_GETARG_RDM(0), PG_GETARG_RDM(1)};
	CompareMethod method = compare_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	int			n_perm = draws_argument(PG_GETARG_INT32(3));
	bool		two_sided = PG_GETARG_BOOL(5);
	TupleDesc	desc = result_desc(fcinfo, PERMUTATION_COLUMNS);
	int		   *index[2];
	int			m = rdm_align(rdms, 2, index);
	MemoryContext scratch;
	MemoryContext old;
	RdmPermutation test;

	compare_require_shared(m, rdms, 2);
	if (two_sided && compare_is_distance(method))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has no two-sided test", compare_method_name(method)),
				 errdetail("It is a distance: only small values say that the RDMs are alike.")));
	scratch = scratch_create("rdm_permutation_test", size_mul(size_mul(2 * sizeof(double), m), m), NULL);
	old = MemoryContextSwitchTo(scratch);
	test = rdm_permutation(method, m, permutation_input(method, rdms[0], index[0], m),
						   permutation_input(method, rdms[1], index[1], m),
						   n_perm, (uint64) PG_GETARG_INT64(4), two_sided);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return number_tuple(desc, (double[]) {test.value, test.p, n_perm, m});
}

/* ---- rdm_bootstrap and rdm_compare_models (data, model or models, method, n, seed, over, level) ---- */

#define BOOTSTRAP_COLUMNS 8
#define COMPARE_MODELS_COLUMNS 7

typedef struct BootstrapCall
{
	BootstrapOver over;
	double		level;
	RdmBootstrap *boot;
} BootstrapCall;

static void
require_resamples(BootstrapOver over, int n_data)
{
	if (over != BOOTSTRAP_CONDITIONS && n_data < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("data has %d RDM, a bootstrap over %s needs at least 2", n_data,
						over == BOOTSTRAP_BOTH ? "both" : "subjects"),
				 errhint("Over conditions alone one subject's RDM, or the mean of all, will do.")));
}

/* The results stay in CurrentMemoryContext, claimed as long. */
static BootstrapCall
run_bootstrap(FunctionCallInfo fcinfo, const Rdm *const *models, int n_models)
{
	int			n_data;
	const Rdm **data = rdm_array(PG_GETARG_ARRAYTYPE_P(0), 1, "data", &n_data);
	CompareMethod method = compare_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	int			n = draws_argument(PG_GETARG_INT32(3));
	BootstrapCall call = {over_argument(text_to_cstring(PG_GETARG_TEXT_PP(5))), level_argument(PG_GETARG_FLOAT8(6)), NULL};
	RdmSample  *sample;

	if (!rdm_bootstrap_takes(method))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no bootstrap of %s", compare_method_name(method)),
				 errhint("Take pearson, spearman, rho_a, kendall_tau_a, kendall_tau_b, cosine, whitened_cosine, whitened_pearson or cka.")));
	require_resamples(call.over, n_data);
	sample = rdm_sample_new(method, data, n_data, models, n_models);
	memory_claim_add(memory_claim(CurrentMemoryContext, "rdm_bootstrap"), rdm_bootstrap_bytes(sample, method, n),
					 "Compare fewer models in one call, or take fewer draws.");
	call.boot = rdm_bootstrap(sample, method, n, (uint64) PG_GETARG_INT64(4));
	return call;
}

/* estimate, se, low, high, n, redrawn, n_subjects, n_conditions */
static void
put_bootstrap(const BootstrapCall *call, int model, double *number)
{
	BootstrapInterval interval = rdm_bootstrap_interval(call->boot, model, -1, call->over, call->level);

	memcpy(number, (double[]) {call->boot->estimate[model], interval.se, interval.low, interval.high,
							   call->boot->n, call->boot->redrawn, call->boot->n_data, call->boot->n_conditions},
		   BOOTSTRAP_COLUMNS * sizeof(double));
}

Datum
rdm_bootstrap_one(PG_FUNCTION_ARGS)
{
	const Rdm  *model = PG_GETARG_RDM(1);
	TupleDesc	desc = result_desc(fcinfo, BOOTSTRAP_COLUMNS);
	MemoryContext scratch = scratch_create("rdm_bootstrap", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	BootstrapCall call = run_bootstrap(fcinfo, &model, 1);
	double		number[BOOTSTRAP_COLUMNS];

	put_bootstrap(&call, 0, number);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return number_tuple(desc, number);
}

static ResultRows *
bootstrap_rows(FunctionCallInfo fcinfo, FuncCallContext *srf)
{
	int			n_models;
	const Rdm **models = rdm_array(PG_GETARG_ARRAYTYPE_P(1), 1, "models", &n_models);
	ResultRows *rows = rows_new(srf, n_models, 1 + BOOTSTRAP_COLUMNS);
	MemoryContext scratch = scratch_create("rdm_bootstrap", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	BootstrapCall call = run_bootstrap(fcinfo, models, n_models);

	for (int k = 0; k < n_models; k++)
	{
		double	   *number = rows->number + (Size) k * rows->n_columns;

		CHECK_FOR_INTERRUPTS();
		number[0] = k + 1;
		put_bootstrap(&call, k, number + 1);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
rdm_bootstrap_many(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, 1 + BOOTSTRAP_COLUMNS, bootstrap_rows);
}

static ResultRows *
compare_models_rows(FunctionCallInfo fcinfo, FuncCallContext *srf)
{
	int			n_models;
	const Rdm **models = rdm_array(PG_GETARG_ARRAYTYPE_P(1), 2, "models", &n_models);
	ResultRows *rows = rows_new(srf, (Size) n_models * (n_models - 1) / 2, COMPARE_MODELS_COLUMNS);
	MemoryContext scratch = scratch_create("rdm_compare_models", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	BootstrapCall call = run_bootstrap(fcinfo, models, n_models);
	double	   *number = rows->number;

	for (int a = 0; a < n_models; a++)
		for (int b = a + 1; b < n_models; b++, number += rows->n_columns)
		{
			BootstrapInterval interval = rdm_bootstrap_interval(call.boot, a, b, call.over, call.level);
			double		difference = call.boot->estimate[a] - call.boot->estimate[b];
			double		p = student_two_sided(difference / interval.se, interval.df);

			CHECK_FOR_INTERRUPTS();
			/* equal models differ by 0 in every draw */
			if (difference == 0 && interval.se == 0)
				p = 1;
			memcpy(number, (double[]) {a + 1, b + 1, difference, interval.se, interval.low, interval.high, p},
				   COMPARE_MODELS_COLUMNS * sizeof(double));
		}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
rdm_compare_models(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, COMPARE_MODELS_COLUMNS, compare_models_rows);
}

/* ---- rsa_fit(data, models, n_folds, seed, method, squared) ---- */

#define FIT_COLUMNS 7

static ResultRows *
fit_rows(FunctionCallInfo fcinfo, FuncCallContext *srf)
{
	const Rdm  *data = PG_GETARG_RDM(0);
	int			n_models;
	const Rdm **models = rdm_array(PG_GETARG_ARRAYTYPE_P(1), 1, "models", &n_models);
	int			n_folds = PG_GETARG_INT32(2);
	CompareMethod method = compare_method_from_name(text_to_cstring(PG_GETARG_TEXT_PP(4)));
	ResultRows *rows = rows_new(srf, n_models, FIT_COLUMNS);
	MemoryContext scratch;
	MemoryContext old;
	RsaFit	   *fit;

	if (!rsa_fit_takes(method))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no fit by %s", compare_method_name(method)),
				 errdetail("Weights minimise a squared error, so the method must be pearson, cosine, whitened_pearson or whitened_cosine.")));
	scratch = scratch_create("rsa_fit", 0, NULL);
	old = MemoryContextSwitchTo(scratch);
	fit = rsa_fit(method, data, models, n_models, n_folds, (uint64) PG_GETARG_INT64(3), PG_GETARG_BOOL(5));
	for (int k = 0; k < n_models; k++)
		memcpy(rows->number + (Size) k * FIT_COLUMNS,
			   (double[]) {k + 1, fit->weight[k], fit->fold_weight[k], fit->score, fit->fit, fit->n_scored, fit->n_conditions},
			   FIT_COLUMNS * sizeof(double));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return rows;
}

Datum
similarity_rsa_fit(PG_FUNCTION_ARGS)
{
	return next_row(fcinfo, FIT_COLUMNS, fit_rows);
}
