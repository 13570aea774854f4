/*
 * search_directions.c
 *		SQL functions of vectors and directions: causal_inner_product, whiten,
 *		project_out, steer, analogy.
 *
 * What is made of a covariance or of directions is kept from row to row
 * (base/recent.h): they are the same in all rows of a query.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"

#include "base/memory.h"
#include "base/recent.h"
#include "linalg/linalg.h"
#include "search/directions.h"
#include "stats/differences.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(search_causal_inner_product);
PG_FUNCTION_INFO_V1(search_whiten);
PG_FUNCTION_INFO_V1(search_project_out);
PG_FUNCTION_INFO_V1(search_steer);
PG_FUNCTION_INFO_V1(search_analogy);

#define ROWS_HINT "Take fewer rows at a time."
#define FEATURES_HINT "Take fewer features, or make them fewer with random_projection()."

/* ---- rows ---- */

/* x, a vector of p or a matrix n x p, as float8 in a scratch context with room for 'more' doubles a row. */
typedef struct Rows
{
	MemoryContext scratch;
	MemoryContext home;
	const Tensor *x;
	Size		n;
	Size		p;
	double	   *values;			/* n x p */
} Rows;

static Rows
enter_rows(const Tensor *x, Size more)
{
	Rows		rows = {.x = x, .home = CurrentMemoryContext};

	if (x->ndim != 1 && x->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x must be a vector or a matrix of rows, not a tensor of shape %s", tensor_shape_text(x))));
	rows.p = x->dims[x->ndim - 1];
	rows.n = x->ndim == 1 ? 1 : x->dims[0];
	rows.scratch = scratch_create("rows", size_mul(size_mul(rows.n, size_add(rows.p, more)), sizeof(double)), ROWS_HINT);
	MemoryContextSwitchTo(rows.scratch);
	rows.values = huge_matrix(rows.n, rows.p);
	tensor_read_f8(x, 0, rows.n * rows.p, rows.values);
	return rows;
}

/* Values as a tensor shaped as x, float4 or float8; leaves the scratch. */
static Datum
leave_rows(const Rows *rows, const double *values, TensorType dtype)
{
	Tensor	   *out;

	MemoryContextSwitchTo(rows->home);
	out = tensor_new_unset(dtype, rows->x->ndim, rows->x->dims);
	tensor_write_f8(out, 0, rows->n * rows->p, values);
	MemoryContextDelete(rows->scratch);
	PG_RETURN_TENSOR(out);
}

/* 'what' has 'width' elements a row: as many as x? */
static void
require_width(const Rows *rows, const char *what, Size width)
{
	if (rows->p != width)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("x has %zu features, %s has %zu", rows->p, what, width)));
}

/* ---- under a covariance ---- */

/* What is kept of a covariance: p x p, its factor or its inverse root. */
typedef struct KeptMatrix
{
	Size		p;
	double	   *a;
} KeptMatrix;

/* The covariance itself; claims n_matrices of its size for CurrentMemoryContext. */
static KeptMatrix *
fetch_covariance(const Tensor *t, const char *function, Size n_matrices)
{
	KeptMatrix *kept = palloc(sizeof(KeptMatrix));

	memory_claim_add(memory_claim(CurrentMemoryContext, function),
					 size_mul(n_matrices, size_mul(tensor_size(t), sizeof(double))), FEATURES_HINT);
	kept->a = tensor_symmetric_elements(t, function);
	kept->p = t->dims[0];
	return kept;
}

_Noreturn static void
report_singular(const char *function)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("%s needs a covariance that has an inverse", function),
			 errhint("Shrink it: covariance(gram_agg(x), 0.1), or covariance(residuals_agg(x)).")));
}

static void *
make_factor(FunctionCallInfo fcinfo)
{
	KeptMatrix *kept = fetch_covariance(PG_GETARG_TENSOR(2), "causal_inner_product", 1);

	if (!covariance_factor(kept->p, kept->a))
		report_singular("causal_inner_product");
	return kept;
}

static void *
make_whitening(FunctionCallInfo fcinfo)
{
	KeptMatrix *kept = fetch_covariance(PG_GETARG_TENSOR(1), "whiten", 2);
	double	   *root = huge_matrix(kept->p, kept->p);

	if (!covariance_whitening(kept->p, kept->a, root))
		report_singular("whiten");
	pfree(root);
	return kept;
}

/* A vector of p as float8. */
static double *
read_vector(const Tensor *t, const char *what, Size p)
{
	double	   *values = palloc_extended(Max(1, tensor_size(t)) * sizeof(double), MCXT_ALLOC_HUGE);

	tensor_require_vector(t, what);
	if (tensor_size(t) != p)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s has %zu elements, the covariance is of %zu features", what, tensor_size(t), p)));
	tensor_read_f8(t, 0, p, values);
	return values;
}

Datum
search_causal_inner_product(PG_FUNCTION_ARGS)
{
	const KeptMatrix *kept = recent_arguments(fcinfo, 1, (int[]) {2}, make_factor);
	double	   *u = read_vector(PG_GETARG_TENSOR(0), "u", kept->p);
	double	   *v = read_vector(PG_GETARG_TENSOR(1), "v", kept->p);
	double	   *work = palloc_extended(2 * Max(1, kept->p) * sizeof(double), MCXT_ALLOC_HUGE);
	double		product = covariance_inner_product(kept->p, kept->a, u, v, work);

	pfree(u);
	pfree(v);
	pfree(work);
	PG_RETURN_FLOAT8(product);
}

Datum
search_whiten(PG_FUNCTION_ARGS)
{
	const Tensor *x = PG_GETARG_TENSOR(0);
	const KeptMatrix *kept = recent_arguments(fcinfo, 1, (int[]) {1}, make_whitening);
	Size		p = kept->p;
	Rows		rows = enter_rows(x, p);
	double	   *out;

	require_width(&rows, "the covariance", p);
	out = huge_matrix(rows.n, p);
	if (rows.n == 1)
		gemv_f8(false, p, p, 1, kept->a, p, rows.values, 0, out);
	else
		gemm_f8(false, false, rows.n, p, p, 1, rows.values, p, kept->a, p, 0, out, p);
	return leave_rows(&rows, out, x->dtype == TENSOR_FLOAT2 ? TENSOR_FLOAT4 : x->dtype);
}

/* ---- without directions ---- */

typedef struct KeptSpan
{
	Size		p;
	Size		rank;
	double	   *basis;			/* rank x p */
} KeptSpan;

/* A part of a direction's length that its element type can't tell from rounding. */
static double
precision_of(TensorType dtype)
{
	return dtype == TENSOR_FLOAT8 ? 1e-10 : dtype == TENSOR_FLOAT4 ? 1e-6 : 4e-3;
}

static void *
make_span(FunctionCallInfo fcinfo)
{
	const Tensor *t = PG_GETARG_TENSOR(1);
	KeptSpan   *span = palloc0(sizeof(KeptSpan));
	Size		k;
	double	   *directions;

	if (t->ndim != 1 && t->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("directions must be a vector or a matrix of rows, not a tensor of shape %s", tensor_shape_text(t))));
	k = t->ndim == 1 ? 1 : t->dims[0];
	span->p = t->dims[t->ndim - 1];
	if (k == 0 || span->p == 0)
		return span;
	memory_claim_add(memory_claim(CurrentMemoryContext, "project_out"),
					 size_add(size_mul(2 * sizeof(double), tensor_size(t)), span_scratch(k, span->p)), "Take fewer directions.");
	directions = tensor_finite_elements(t, "project_out");
	span->basis = huge_matrix(Min(k, span->p), span->p);
	span->rank = span_basis(k, span->p, directions, precision_of(t->dtype), span->basis);
	pfree(directions);
	return span;
}

Datum
search_project_out(PG_FUNCTION_ARGS)
{
	const Tensor *x = PG_GETARG_TENSOR(0);
	const KeptSpan *span = recent_arguments(fcinfo, 1, (int[]) {1}, make_span);
	Rows		rows = enter_rows(x, span->rank);

	require_width(&rows, "a direction", span->p);
	span_project_out(span->rank, span->p, span->basis, rows.n, rows.values, huge_matrix(rows.n, Max(1, span->rank)));
	return leave_rows(&rows, rows.values, x->dtype);
}

/* ---- along a direction ---- */

/* To length 1; an ERROR without a length. */
static void
make_unit(Size p, double *x, const char *function, const char *what)
{
	double		length;

	scale_to_one(p, x);
	length = sqrt(squared_length(x, p));
	if (!(length > 0) || isinf(length))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s: the length of %s is 0 or not finite", function, what)));
	for (Size j = 0; j < p; j++)
		x[j] /= length;
}

Datum
search_steer(PG_FUNCTION_ARGS)
{
	const Tensor *x = PG_GETARG_TENSOR(0);
	const Tensor *direction = PG_GETARG_TENSOR(1);
	double		a = PG_GETARG_FLOAT8(2);
	Rows		rows = enter_rows(x, 1);
	double	   *along;

	tensor_require_vector(direction, "direction");
	require_width(&rows, "the direction", tensor_size(direction));
	along = huge_matrix(1, Max(1, rows.p));
	tensor_read_f8(direction, 0, rows.p, along);
	if (PG_GETARG_BOOL(3))
		make_unit(rows.p, along, "steer", "the direction");
	for (Size i = 0; i < rows.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < rows.p; j++)
			rows.values[i * rows.p + j] += a * along[j];
	}
	return leave_rows(&rows, rows.values, x->dtype);
}

Datum
search_analogy(PG_FUNCTION_ARGS)
{
	static const char *const names[3] = {"a", "b", "c"};
	static const double sign[3] = {-1, 1, 1};
	bool		normalized = PG_GETARG_BOOL(3);
	const Tensor *terms[3];
	TensorType	dtype = TENSOR_FLOAT2;
	Tensor	   *out;
	Size		p;
	double	   *sum;
	double	   *term;

	for (int i = 0; i < 3; i++)
	{
		terms[i] = PG_GETARG_TENSOR(i);
		tensor_require_vector(terms[i], names[i]);
		tensor_require_same_shape(terms[0], terms[i]);
		dtype = tensor_common_type(dtype, terms[i]->dtype);
	}
	p = tensor_size(terms[0]);
	sum = palloc_extended(Max(1, p) * sizeof(double), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	term = palloc_extended(Max(1, p) * sizeof(double), MCXT_ALLOC_HUGE);
	for (int i = 0; i < 3; i++)
	{
		tensor_read_f8(terms[i], 0, p, term);
		if (normalized)
			make_unit(p, term, "analogy", names[i]);
		for (Size j = 0; j < p; j++)
			sum[j] += sign[i] * term[j];
	}
	if (normalized)
		make_unit(p, sum, "analogy", "b - a + c");
	out = tensor_new_vector(dtype, p);
	tensor_write_f8(out, 0, p, sum);
	pfree(sum);
	pfree(term);
	PG_RETURN_TENSOR(out);
}
