/*
 * sparse_distance.c
 *		SQL's products, distances and similarities of sparse vectors.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/client_detail.h"
#include "base/recent.h"
#include "search/sparse_product.h"

typedef double (*Measure) (const Sparse *a, const Sparse *b);

static double
measure(FunctionCallInfo fcinfo, Measure between)
{
	const Sparse *a = PG_GETARG_SPARSE(0);
	const Sparse *b = PG_GETARG_SPARSE(1);

	sparse_require_same_width(a, b);
	return between(a, b);
}

PG_FUNCTION_INFO_V1(sparse_inner_product);
Datum
sparse_inner_product(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(measure(fcinfo, sparse_dot));
}

PG_FUNCTION_INFO_V1(sparse_negative_inner_product);
Datum
sparse_negative_inner_product(PG_FUNCTION_ARGS)
{
	/* not -x, which makes -0 of 0 */
	PG_RETURN_FLOAT8(0 - measure(fcinfo, sparse_dot));
}

PG_FUNCTION_INFO_V1(sparse_distance_l2);
Datum
sparse_distance_l2(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(measure(fcinfo, sparse_l2_distance));
}

PG_FUNCTION_INFO_V1(sparse_distance_cosine);
Datum
sparse_distance_cosine(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(measure(fcinfo, sparse_cosine_distance));
}

/* ---- with a tensor ---- */

static void *
make_tensor(Datum d)
{
	return DatumGetTensor(d);
}

static double
dot_tensor(const Sparse *s, const Tensor *t)
{
	if (t->ndim != 1 || t->dims[0] != s->width)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a sparse vector of width %d has no inner product with a tensor of shape %s", s->width,
						tensor_shape_text(t))));
	return sparse_dot_dense(s, t);
}

PG_FUNCTION_INFO_V1(sparse_dot_tensor);
Datum
sparse_dot_tensor(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(dot_tensor(PG_GETARG_SPARSE(0), recent_value(fcinfo, 1, make_tensor)));
}

PG_FUNCTION_INFO_V1(tensor_dot_sparse);
Datum
tensor_dot_sparse(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(dot_tensor(PG_GETARG_SPARSE(1), recent_value(fcinfo, 0, make_tensor)));
}

/* ---- similarities ---- */

/* Of the active indices, whatever their values */
static double
jaccard(const Sparse *a, const Sparse *b)
{
	double		shared = sparse_overlap(a, b, PG_INT32_MAX);

	return shared / ((double) a->n + b->n - shared);	/* 0 / 0 is NaN */
}

PG_FUNCTION_INFO_V1(sparse_jaccard);
Datum
sparse_jaccard(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(measure(fcinfo, jaccard));
}

static void
require_no_negative(const Sparse *s)
{
	for (int32 i = 0; i < s->n; i++)
		if (sparse_value(s, i) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %d is negative", s->index[i] + 1),
					 errdetail_client("It is %g.", sparse_value(s, i))));
}

static double
checked_weighted_jaccard(const Sparse *a, const Sparse *b)
{
	require_no_negative(a);
	require_no_negative(b);
	return sparse_weighted_jaccard(a, b);
}

PG_FUNCTION_INFO_V1(sparse_jaccard_weighted);
Datum
sparse_jaccard_weighted(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(measure(fcinfo, checked_weighted_jaccard));
}
