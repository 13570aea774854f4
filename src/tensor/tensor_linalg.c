/*
 * tensor_linalg.c
 *		SQL's decompositions and linear systems: checks and results; the work is
 *		linalg's.
 *
 * All is computed in float8 and returned so, whatever the element type.  The
 * working copy of the argument lives in a scratch context with a claim on the
 * memory budget; the decompositions claim their own scratch before they start.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "tensor/tensor.h"

#define HINT "Decompose a smaller matrix."
#define PART (Size) (1 << 20)	/* elements between checks for interrupts */
#define SIGN_TIE 1e-6			/* elements this near the largest count as equal to it */

/* ---- checks at the door ---- */

static void
require_square(const Tensor *t, const char *what)
{
	if (t->ndim != 2 || t->dims[0] != t->dims[1])
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s takes a square matrix, not a tensor of shape %s",
						what, tensor_shape_text(t))));
}

static void
require_matrix(const Tensor *t, const char *what)
{
	if (t->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s takes a matrix, not a tensor of shape %s", what, tensor_shape_text(t))));
}

double *
tensor_finite_elements(const Tensor *t, const char *what)
{
	Size		n = tensor_size(t);
	Size		columns = t->ndim == 2 ? t->dims[1] : 1;
	double	   *a = huge_alloc(Max(n, 1) * sizeof(double));

	for (Size i = 0; i < n; i++)
	{
		if (i % PART == 0)
		{
			CHECK_FOR_INTERRUPTS();
			tensor_read_f8(t, i, Min(PART, n - i), a + i);
		}
		if (!isfinite(a[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 t->ndim == 2 ?
					 errmsg("%s needs finite elements, but [%zu][%zu] is %g",
							what, i / columns + 1, i % columns + 1, a[i]) :
					 errmsg("%s needs finite elements, but [%zu] is %g", what, i + 1, a[i])));
	}
	return a;
}

static double
precision_of(TensorType dtype)
{
	switch (dtype)
	{
		case TENSOR_FLOAT2:
			return 0x1p-10;
		case TENSOR_FLOAT4:
			return FLT_EPSILON;
		case TENSOR_FLOAT8:
			break;
	}
	return DBL_EPSILON;
}

/* Averages A with its transpose if they differ by rounding alone, else ERROR. */
static void
symmetrise(Size n, double *a, TensorType dtype, const char *what)
{
	double		most = 0;
	double		tolerance;

	for (Size i = 0; i < n * n; i++)
		most = Max(most, fabs(a[i]));
	tolerance = most * sqrt(precision_of(dtype));
	for (Size i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < i; j++)
		{
			double		x = a[i * n + j];
			double		y = a[j * n + i];

			if (x == y)
				continue;
			if (!(fabs(x - y) <= tolerance))
				ereport(ERROR,
						(errcode(ERRCODE_DATA_EXCEPTION),
						 errmsg("%s takes a symmetric matrix, but [%zu][%zu] and [%zu][%zu] differ",
								what, i + 1, j + 1, j + 1, i + 1),
						 errdetail_client("They are %g and %g.", x, y)));
			a[i * n + j] = a[j * n + i] = x / 2 + y / 2;
		}
	}
}

double *
tensor_symmetric_elements(const Tensor *t, const char *what)
{
	double	   *a;

	require_square(t, what);
	a = tensor_finite_elements(t, what);
	symmetrise(t->dims[0], a, t->dtype, what);
	return a;
}

/* ---- signs ---- */

/* -1 if the element of largest magnitude is negative; stride between elements. */
static double
sign_of(Size n, const double *x, Size stride)
{
	double		most = 0;

	for (Size i = 0; i < n; i++)
		most = Max(most, fabs(x[i * stride]));
	for (Size i = 0; i < n; i++)
		if (fabs(x[i * stride]) >= most * (1 - SIGN_TIE))
			return x[i * stride] < 0 ? -1.0 : 1.0;
	return 1.0;
}

/* Adding zero makes -0 zero. */
static void
scale_by(Size n, double *x, Size stride, double factor)
{
	for (Size i = 0; i < n; i++)
		x[i * stride] = factor * x[i * stride] + 0.0;
}

/* ---- results ---- */

static Datum
composite_result(FunctionCallInfo fcinfo, Datum *values)
{
	bool		nulls[3] = {false, false, false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* A scratch context with a claim for 'doubles', made current. */
static MemoryContext
enter_scratch(const char *name, Size doubles, MemoryContext *before)
{
	MemoryContext scratch = scratch_create(name, size_mul(doubles, sizeof(double)), HINT);

	*before = MemoryContextSwitchTo(scratch);
	return scratch;
}

static void
leave_scratch(MemoryContext scratch, MemoryContext before)
{
	MemoryContextSwitchTo(before);
	MemoryContextDelete(scratch);
}

PG_FUNCTION_INFO_V1(tensor_eigh);
Datum
tensor_eigh(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	MemoryContext before;
	MemoryContext scratch;
	Tensor	   *values;
	Tensor	   *vectors;
	double	   *a;
	double	   *v;
	Size		n;

	require_square(t, "eigh");
	n = t->dims[0];
	tensor_check_shape(TENSOR_FLOAT8, 2, t->dims);
	value_require("the result of eigh", size_mul(size_mul(n, n + 1), sizeof(double)), HINT);
	scratch = enter_scratch("eigh", size_mul(2, size_mul(n, n)), &before);
	a = tensor_symmetric_elements(t, "eigh");
	MemoryContextSwitchTo(before);
	values = tensor_new_vector(TENSOR_FLOAT8, n);
	vectors = tensor_new_matrix(TENSOR_FLOAT8, n, n);
	MemoryContextSwitchTo(scratch);

	eigh_f8(n, a, TENSOR_F8(values));
	v = TENSOR_F8(vectors);
	for (Size i = 0; i < n; i++)
	{
		double		sign = sign_of(n, a + i * n, 1);

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < n; j++)
			v[j * n + i] = sign * a[i * n + j] + 0.0;
	}
	leave_scratch(scratch, before);
	return composite_result(fcinfo, (Datum[]) {PointerGetDatum(values), PointerGetDatum(vectors)});
}

PG_FUNCTION_INFO_V1(tensor_svd);
Datum
tensor_svd(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	MemoryContext before;
	MemoryContext scratch;
	Tensor	   *u;
	Tensor	   *s;
	Tensor	   *vt;
	double	   *a;
	Size		m,
				n,
				rank;

	require_matrix(t, "svd");
	m = t->dims[0];
	n = t->dims[1];
	rank = Min(m, n);
	tensor_check_shape(TENSOR_FLOAT8, 2, t->dims);
	value_require("the result of svd", size_mul(size_mul(rank, m + n + 1), sizeof(double)), HINT);
	scratch = enter_scratch("svd", size_add(size_mul(m, n), size_mul(rank, size_add(m, n))),
							&before);
	a = tensor_finite_elements(t, "svd");
	MemoryContextSwitchTo(before);
	u = tensor_new_matrix(TENSOR_FLOAT8, m, rank);
	s = tensor_new_vector(TENSOR_FLOAT8, rank);
	vt = tensor_new_matrix(TENSOR_FLOAT8, rank, n);
	MemoryContextSwitchTo(scratch);

	svd_f8(m, n, a, TENSOR_F8(s), TENSOR_F8(u), TENSOR_F8(vt));
	for (Size i = 0; i < rank; i++)
	{
		double		sign = sign_of(m, TENSOR_F8(u) + i, rank);

		CHECK_FOR_INTERRUPTS();
		scale_by(m, TENSOR_F8(u) + i, rank, sign);
		scale_by(n, TENSOR_F8(vt) + i * n, 1, sign);
	}
	leave_scratch(scratch, before);
	return composite_result(fcinfo, (Datum[]) {PointerGetDatum(u), PointerGetDatum(s),
							PointerGetDatum(vt)});
}

PG_FUNCTION_INFO_V1(tensor_cholesky);
Datum
tensor_cholesky(PG_FUNCTION_ARGS)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	MemoryContext before;
	MemoryContext scratch;
	Tensor	   *result;
	double	   *a;
	Size		n;
	Size		failed;

	require_square(t, "cholesky");
	n = t->dims[0];
	tensor_check_shape(TENSOR_FLOAT8, 2, t->dims);
	scratch = enter_scratch("cholesky", size_mul(2, size_mul(n, n)), &before);
	a = tensor_symmetric_elements(t, "cholesky");
	failed = cholesky_f8(n, a, n);
	if (failed != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("matrix is not positive definite"),
				 errdetail("Its leading minor of order %zu is not positive.", failed)));
	MemoryContextSwitchTo(before);
	result = tensor_new_matrix(TENSOR_FLOAT8, n, n);
	tensor_write_f8(result, 0, n * n, a);
	MemoryContextDelete(scratch);
	PG_RETURN_TENSOR(result);
}

PG_FUNCTION_INFO_V1(tensor_solve);
Datum
tensor_solve(PG_FUNCTION_ARGS)
{
	const Tensor *a = PG_GETARG_TENSOR(0);
	const Tensor *b = PG_GETARG_TENSOR(1);
	MemoryContext before;
	MemoryContext scratch;
	Tensor	   *result;
	double	   *matrix;
	double	   *x;
	Size		n;
	Size		failed;

	require_square(a, "solve");
	n = a->dims[0];
	if (b->ndim < 1 || b->ndim > 2 || (Size) b->dims[0] != n)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a matrix of shape %s and a right side of shape %s make no linear system",
						tensor_shape_text(a), tensor_shape_text(b)),
				 errdetail("The right side must be a vector or a matrix of as many rows.")));
	tensor_check_shape(TENSOR_FLOAT8, b->ndim, b->dims);
	scratch = enter_scratch("solve", size_add(size_mul(n, n), size_mul(2, tensor_size(b))),
							&before);
	matrix = tensor_finite_elements(a, "solve");
	x = tensor_finite_elements(b, "solve");
	failed = solve_f8(n, b->ndim == 2 ? b->dims[1] : 1, matrix, x);
	if (failed != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("matrix is singular"),
				 errdetail("Pivot %zu of its factorisation is zero or not finite.", failed)));
	MemoryContextSwitchTo(before);
	result = tensor_new(TENSOR_FLOAT8, b->ndim, b->dims);
	tensor_write_f8(result, 0, tensor_size(b), x);
	MemoryContextDelete(scratch);
	PG_RETURN_TENSOR(result);
}
