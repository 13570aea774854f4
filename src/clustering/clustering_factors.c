/*
 * clustering_factors.c
 *		SQL functions nmf, semi_nmf and ntf: arguments and results.
 *
 * Elements are divided by a power of two on the way in, so that the largest is
 * between 1/2 and 1 and no square overflows; it is given back on the way out.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "clustering/clustering.h"
#include "clustering/nmf.h"
#include "clustering/ntf.h"
#include "clustering/row_order.h"
#include "clustering/semi_nmf.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(clustering_nmf);
PG_FUNCTION_INFO_V1(clustering_semi_nmf);
PG_FUNCTION_INFO_V1(clustering_ntf);

#define HINT	"Take fewer components, or fewer rows."
#define PART	((Size) 1 << 20)	/* elements between checks for interrupts */
#define MAX_COLUMNS 6

/* ---- arguments ---- */

static void
require_positive(const char *what, int value)
{
	if (value < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least 1, not %d", what, value)));
}

static FactorsStop
stop_arguments(FunctionCallInfo fcinfo, int max_iter, int tol)
{
	FactorsStop stop = {PG_GETARG_INT32(max_iter), PG_GETARG_FLOAT8(tol)};

	require_positive("max_iter", stop.max_iter);
	if (!(stop.tol >= 0 && stop.tol < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tol must be from 0 to below 1, not %g", stop.tol)));
	return stop;
}

static NmfInit
init_argument(const text *init)
{
	static const char *const names[] = {"nndsvd", "nndsvda", "random"};
	char	   *name = text_to_cstring(init);

	for (int i = 0; i < (int) lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (NmfInit) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown init \"%s\"", name),
			 errhint("It is nndsvd, nndsvda or random.")));
}

static const Tensor *
array_argument(FunctionCallInfo fcinfo, const char *function, int ndim)
{
	const Tensor *t = PG_GETARG_TENSOR(0);

	if (t->ndim != ndim || tensor_size(t) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s takes a %s with elements, not a tensor of shape %s",
						function, ndim == 2 ? "matrix" : "tensor of 3 dimensions", tensor_shape_text(t))));
	return t;
}

/* Where an element is, as it is written in SQL */
static char *
subscript_text(const Tensor *t, Size i)
{
	char	   *text = "";

	for (int d = t->ndim - 1; d >= 0; d--)
	{
		text = psprintf("[%zu]%s", i % (Size) t->dims[d] + 1, text);
		i /= (Size) t->dims[d];
	}
	return text;
}

static void
check_element(const Tensor *t, const char *function, Size i, double value, bool negative_too)
{
	if (isfinite(value) && (value >= 0 || negative_too))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("%s needs elements that are %s, but %s is not", function, negative_too ? "finite" : "finite and not negative",
					subscript_text(t, i)),
			 errdetail_client("It is %g.", value)));
}

/* The elements as float8, all checked, over 2^*exponent. */
static double *
scaled_elements(const Tensor *t, const char *function, bool negative_too, int *exponent)
{
	Size		n = tensor_size(t);
	double	   *x = huge_matrix(1, n);
	double		most = 0;

	for (Size i = 0; i < n; i++)
	{
		if (i % PART == 0)
		{
			CHECK_FOR_INTERRUPTS();
			tensor_read_f8(t, i, Min(PART, n - i), x + i);
		}
		check_element(t, function, i, x[i], negative_too);
		most = Max(most, fabs(x[i]));
	}
	frexp(most, exponent);
	for (Size i = 0; i < n; i++)
	{
		if (i % PART == 0)
			CHECK_FOR_INTERRUPTS();
		x[i] = ldexp(x[i], -*exponent);
	}
	return x;
}

/* ---- results ---- */

/* The transpose of rows (k x n) times 2^exponent: n x k; its row order[i] is column i (NULL: i). */
static Datum
columns_result(Size k, Size n, const double *rows, int exponent, const int32 *order)
{
	Tensor	   *t = tensor_new_matrix(TENSOR_FLOAT8, n, k);
	double	   *out = TENSOR_F8(t);

	for (Size i = 0; i < n; i++)
	{
		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < k; j++)
			out[(order ? (Size) order[i] : i) * k + j] = ldexp(rows[j * n + i], exponent);
	}
	return PointerGetDatum(t);
}

static Datum
rows_result(Size k, Size n, const double *rows)
{
	Tensor	   *t = tensor_new_matrix(TENSOR_FLOAT8, k, n);

	memcpy(TENSOR_F8(t), rows, k * n * sizeof(double));
	return PointerGetDatum(t);
}

static Datum
composite_result(FunctionCallInfo fcinfo, int n, Datum *values)
{
	bool		nulls[MAX_COLUMNS] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != n)
		elog(ERROR, "factors must be returned in %d columns", n);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* ERROR if k factors of so many elements in all can't be one row. */
static void
require_factors(const char *function, Size k, Size elements)
{
	value_require(psprintf("the result of %s", function), size_mul(size_mul(k, elements), sizeof(double)),
				  "Take fewer factors, or the rows in parts.");
}

/* ---- matrices ---- */

typedef struct MatrixCall
{
	const Tensor *matrix;
	Size		n;
	Size		p;
	Size		k;
	MemoryContext before;
	MemoryContext scratch;
	int			exponent;
	int32	   *order;			/* rows are taken in the order of their content */
	Factors    *factors;
} MatrixCall;

static MatrixCall
matrix_call(FunctionCallInfo fcinfo, const char *function)
{
	MatrixCall	call = {.matrix = array_argument(fcinfo, function, 2)};

	require_positive("k", PG_GETARG_INT32(1));
	call.n = (Size) call.matrix->dims[0];
	call.p = (Size) call.matrix->dims[1];
	call.k = (Size) PG_GETARG_INT32(1);
	require_factors(function, call.k, call.n + call.p);
	return call;
}

/* Claims scratch, and makes it current, with the matrix in it. */
static void
enter_scratch(MatrixCall *call, const char *function, Size bytes, bool negative_too)
{
	Size		matrix = size_add(size_mul(tensor_size(call->matrix), sizeof(double)), row_order_scratch(call->n, call->p));
	double	   *x;

	call->scratch = scratch_create(function, size_add(bytes, matrix), HINT);
	call->before = MemoryContextSwitchTo(call->scratch);
	x = scaled_elements(call->matrix, function, negative_too, &call->exponent);
	call->order = row_order(call->n, call->p, x);
	call->factors = factors_new(call->n, call->p, call->k, x);
}

/* (left, right, error, iterations), or with right_first right before left */
static Datum
factors_result(FunctionCallInfo fcinfo, MatrixCall *call, bool right_first)
{
	const Factors *f = call->factors;
	Datum		values[4];

	MemoryContextSwitchTo(call->before);
	values[right_first ? 1 : 0] = columns_result(call->k, call->n, f->left, call->exponent, call->order);
	values[right_first ? 0 : 1] = rows_result(call->k, call->p, f->right);
	values[2] = Float8GetDatum(ldexp(f->error, call->exponent));
	values[3] = Int32GetDatum(f->iterations);
	MemoryContextDelete(call->scratch);
	return composite_result(fcinfo, 4, values);
}

Datum
clustering_nmf(PG_FUNCTION_ARGS)
{
	MatrixCall	call = matrix_call(fcinfo, "nmf");
	uint64		seed = (uint64) PG_GETARG_INT64(2);
	NmfInit		init = init_argument(PG_GETARG_TEXT_PP(3));
	FactorsStop stop = stop_arguments(fcinfo, 4, 5);
	int			n_init = PG_GETARG_INT32(6);

	clustering_starts(n_init);
	enter_scratch(&call, "nmf", nmf_scratch(call.n, call.p, call.k, init), false);
	nmf(call.factors, init, seed, n_init, &stop);
	return factors_result(fcinfo, &call, false);
}

Datum
clustering_semi_nmf(PG_FUNCTION_ARGS)
{
	MatrixCall	call = matrix_call(fcinfo, "semi_nmf");
	uint64		seed = (uint64) PG_GETARG_INT64(2);
	FactorsStop stop = stop_arguments(fcinfo, 3, 4);
	int			n_init = PG_GETARG_INT32(5);

	clustering_starts(n_init);
	enter_scratch(&call, "semi_nmf", semi_nmf_scratch(call.n, call.p, call.k), true);
	semi_nmf(call.factors, seed, n_init, &stop);
	return factors_result(fcinfo, &call, true);
}

/* ---- tensors ---- */

Datum
clustering_ntf(PG_FUNCTION_ARGS)
{
	const Tensor *t = array_argument(fcinfo, "ntf", 3);
	int			rank = PG_GETARG_INT32(1);
	uint64		seed = (uint64) PG_GETARG_INT64(2);
	FactorsStop stop = stop_arguments(fcinfo, 3, 4);
	int			n_init = PG_GETARG_INT32(5);
	Ntf			n = {.dims = {(Size) t->dims[0], (Size) t->dims[1], (Size) t->dims[2]}};
	MemoryContext before;
	MemoryContext scratch;
	int			exponent;
	Tensor	   *weights;
	Datum		values[6];

	require_positive("rank", rank);
	clustering_starts(n_init);
	n.rank = (Size) rank;
	require_factors("ntf", n.rank, n.dims[0] + n.dims[1] + n.dims[2] + 1);
	scratch = scratch_create("ntf", size_add(ntf_scratch(&n), size_mul(tensor_size(t), sizeof(double))), HINT);
	before = MemoryContextSwitchTo(scratch);
	n.t = scaled_elements(t, "ntf", false, &exponent);
	ntf(&n, seed, n_init, &stop);

	MemoryContextSwitchTo(before);
	weights = tensor_new_vector(TENSOR_FLOAT8, n.rank);
	for (Size r = 0; r < n.rank; r++)
		TENSOR_F8(weights)[r] = ldexp(n.weight[r], exponent);
	for (int m = 0; m < 3; m++)
		values[m] = columns_result(n.rank, n.dims[m], n.factor[m], 0, NULL);
	values[3] = PointerGetDatum(weights);
	values[4] = Float8GetDatum(ldexp(n.error, exponent));
	values[5] = Int32GetDatum(n.iterations);
	MemoryContextDelete(scratch);
	return composite_result(fcinfo, 6, values);
}
