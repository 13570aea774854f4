/*
 * stats_noise_precision.c
 *		SQL functions over residuals: the aggregates that sum them, + and counts, and
 *		their shrunk covariance and precision.
 *
 * The aggregates' state is the expanded object itself, in a context that is a
 * direct child of the aggregate's; transitions hand on the same pointer.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "base/aggregate.h"
#include "stats/gram.h"
#include "stats/ledoit_wolf.h"
#include "stats/residuals.h"
#include "stats/shrinkage.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(residuals_add);
PG_FUNCTION_INFO_V1(residuals_add_shrinkage);
PG_FUNCTION_INFO_V1(residuals_n_samples);
PG_FUNCTION_INFO_V1(residuals_n_channels);
PG_FUNCTION_INFO_V1(stats_noise_shrinkage);
PG_FUNCTION_INFO_V1(stats_noise_precision_final);
PG_FUNCTION_INFO_V1(stats_noise_precision);
PG_FUNCTION_INFO_V1(stats_gram_precision);
PG_FUNCTION_INFO_V1(stats_covariance);
PG_FUNCTION_INFO_V1(stats_gram_covariance);

STATE_IO_FUNCTIONS(residuals, residuals_kind)
STATE_MERGE_FUNCTIONS(residuals, residuals_kind)

#define MEMORY_HINT "Take fewer channels (a region at a time)."

/* ---- aggregates ---- */

static Datum
add_row(FunctionCallInfo fcinfo, bool has_shrinkage)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Residuals	   *r = state_running(&residuals_kind, fcinfo, cxt);
	const Tensor *residual;

	if (PG_ARGISNULL(1))
		return state_return(fcinfo, r);
	residual = PG_GETARG_TENSOR(1);
	if (r == NULL)
	{
		if (tensor_size(residual) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("the residual of row 1 has no elements")));
		r = residuals_new(cxt, (int) Min(tensor_size(residual), PG_INT32_MAX));
	}
	if (has_shrinkage)
		residuals_set_shrinkage(r, shrinkage_argument(fcinfo, 2));
	residuals_add_row(r, residual);
	return state_return(fcinfo, r);
}

Datum
residuals_add(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, false);
}

Datum
residuals_add_shrinkage(PG_FUNCTION_ARGS)
{
	return add_row(fcinfo, true);
}

/* ---- counts ---- */

Datum
residuals_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(residuals_n(PG_GETARG_RESIDUALS(0)));
}

Datum
residuals_n_channels(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_RESIDUALS(0)->sums.p);
}

/* ---- answers ---- */

/* A context with room for some p x p matrices, of which one is the answer. */
static MemoryContext
precision_scratch(Size p, int n_matrices)
{
	(void) tensor_check_shape(TENSOR_FLOAT8, 2, (int32[]) {(int32) p, (int32) p});
	return scratch_create("noise_precision", size_mul(size_mul(size_mul(n_matrices, p), p), sizeof(double)), MEMORY_HINT);
}

static void
require_rows(int64 n)
{
	if (n < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a covariance needs at least two rows, not " INT64_FORMAT, n)));
}

_Noreturn static void
report_singular(int64 n, Size p, double shrinkage)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the covariance of " INT64_FORMAT " rows of %zu channels with shrinkage %g has no inverse",
					n, p, shrinkage),
			 errhint("Shrink more, or leave out channels that do not vary.")));
}

/* The shrunk covariance, or its inverse, from a scatter that is destroyed, as a tensor in 'home'. */
static Datum
matrix_of(bool inverse, MemoryContext home, Size p, int64 n, double dof, double shrinkage, double *scatter)
{
	MemoryContext scratch = CurrentMemoryContext;
	Tensor	   *out;

	if (!inverse)
		shrink_covariance(p, n, dof, shrinkage, scatter);
	else if (!shrunk_precision(p, n, dof, shrinkage, scatter))
		report_singular(n, p, shrinkage);
	MemoryContextSwitchTo(home);
	out = tensor_new_matrix(TENSOR_FLOAT8, p, p);
	memcpy(TENSOR_F8(out), scatter, p * p * sizeof(double));
	MemoryContextDelete(scratch);
	PG_RETURN_TENSOR(out);
}

/* shrinkage NaN: Ledoit and Wolf's; dof 0: the number of rows */
static Datum
residuals_matrix(bool inverse, const Residuals *r, double shrinkage, int64 dof)
{
	int64		n = residuals_n(r);
	MemoryContext home = CurrentMemoryContext;
	ResidualSums	sums;
	double		ledoit;

	require_rows(n);
	MemoryContextSwitchTo(precision_scratch(r->sums.p, 3));
	sums = residuals_sums(r);
	ledoit = ledoit_wolf(&sums);
	return matrix_of(inverse, home, sums.p, n, (double) (dof > 0 ? dof : n), isnan(shrinkage) ? ledoit : shrinkage, sums.xx);
}

Datum
stats_noise_precision_final(PG_FUNCTION_ARGS)
{
	const Residuals *r = PG_GETARG_RESIDUALS(0);

	return residuals_matrix(true, r, r->shrinkage, 0);
}

/* 1 or more; NULL is 0 */
static int64
dof_argument(FunctionCallInfo fcinfo, int number)
{
	int64		dof = PG_ARGISNULL(number) ? 0 : PG_GETARG_INT64(number);

	if (dof < 1 && !PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dof must be at least 1, not " INT64_FORMAT, dof)));
	return dof;
}

Datum
stats_noise_precision(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return residuals_matrix(true, PG_GETARG_RESIDUALS(0), shrinkage_argument(fcinfo, 1), dof_argument(fcinfo, 2));
}

Datum
stats_covariance(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return residuals_matrix(false, PG_GETARG_RESIDUALS(0), shrinkage_argument(fcinfo, 1), dof_argument(fcinfo, 2));
}

Datum
stats_noise_shrinkage(PG_FUNCTION_ARGS)
{
	const Residuals *r = PG_GETARG_RESIDUALS(0);
	MemoryContext home = CurrentMemoryContext;
	MemoryContext scratch;
	ResidualSums	sums;
	double		shrinkage;

	require_rows(residuals_n(r));
	scratch = precision_scratch(r->sums.p, 1);
	MemoryContextSwitchTo(scratch);
	sums = residuals_sums(r);
	shrinkage = ledoit_wolf(&sums);
	MemoryContextSwitchTo(home);
	MemoryContextDelete(scratch);
	PG_RETURN_FLOAT8(shrinkage);
}

static Datum
gram_matrix(bool inverse, const Gram *g, double shrinkage, int64 dof)
{
	int64		n = gram_n(g);
	Size		p = g->p;
	MemoryContext home = CurrentMemoryContext;
	double	   *scatter;

	require_rows(n);
	MemoryContextSwitchTo(precision_scratch(p, 2));
	scatter = huge_matrix(p, p);
	gram_scatter(g, huge_alloc(p * sizeof(double)), scatter);
	return matrix_of(inverse, home, p, n, (double) (dof > 0 ? dof : n), shrinkage, scatter);
}

Datum
stats_gram_precision(PG_FUNCTION_ARGS)
{
	return gram_matrix(true, PG_GETARG_GRAM(0), shrinkage_argument(fcinfo, 1), 0);
}

Datum
stats_gram_covariance(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	return gram_matrix(false, PG_GETARG_GRAM(0), shrinkage_argument(fcinfo, 1), dof_argument(fcinfo, 2));
}
