/*
 * search_items.c
 *		SQL functions over stored items: subvector, maxsim, pool_tokens.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/recent.h"
#include "search/maxsim.h"
#include "search/token_pooling.h"
#include "tensor/elementwise.h"
#include "tensor/reduce.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(search_subvector);
PG_FUNCTION_INFO_V1(search_maxsim);
PG_FUNCTION_INFO_V1(search_pool_tokens);

#define MAX_ELEMENT 1e140		/* sums of squares stay finite */

/* ---- subvector(t, n, normalized) ---- */

/* At least the first n elements of a vector, of what is stored out of line no more than that. */
static const Tensor *
fetch_prefix(Datum value, int n)
{
	Size		bytes = TENSOR_HEADER_SIZE(1) - VARHDRSZ;
	const Tensor *t;

	if (!VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value)))
		return DatumGetTensor(value);
	t = (const Tensor *) PG_DETOAST_DATUM_SLICE(value, 0, bytes + (Size) n * sizeof(float));
	if (t->ndim == 1 && t->dtype == TENSOR_FLOAT8)
		t = (const Tensor *) PG_DETOAST_DATUM_SLICE(value, 0, bytes + (Size) n * sizeof(double));
	return t->ndim == 1 ? t : DatumGetTensor(value);
}

Datum
search_subvector(PG_FUNCTION_ARGS)
{
	int			n = PG_GETARG_INT32(1);
	const Tensor *t;
	Tensor	   *prefix;

	/* so that its bytes can be counted; no vector has more elements */
	if (n < 1 || (Size) n > MaxAllocSize / sizeof(double))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n is %d, but must be from 1 to the number of elements", n)));
	t = fetch_prefix(PG_GETARG_DATUM(0), n);
	tensor_require_vector(t, "t");
	if (n > t->dims[0])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n is %d, but the vector has %d elements", n, t->dims[0])));
	prefix = tensor_new_unset(t->dtype, 1, &n);
	memcpy(TENSOR_DATA(prefix), TENSOR_DATA(t), (Size) n * t->dtype);
	if (PG_GETARG_BOOL(2))
		prefix = elementwise_standardize(prefix, 0, 0, reduce_norm(prefix, 2));
	PG_RETURN_TENSOR(prefix);
}

/* ---- maxsim(query, item, metric) ---- */

/* Vectors of one element or more: a matrix of a row each, or one vector */
static void
require_vectors(const Tensor *t, const char *what)
{
	if ((t->ndim != 1 && t->ndim != 2) || t->dims[t->ndim - 1] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s has shape %s, but a matrix (a vector a row) or a vector is needed", what, tensor_shape_text(t))));
}

static void *
make_query(Datum d)
{
	const Tensor *t = DatumGetTensor(d);

	require_vectors(t, "query");
	memory_claim_add(memory_claim(CurrentMemoryContext, "maxsim"), maxsim_query_bytes(t), "Take fewer vectors.");
	return maxsim_query(t);
}

static bool
is_cosine(text *metric)
{
	const char *name = VARDATA_ANY(metric);
	Size		length = VARSIZE_ANY_EXHDR(metric);

	if (length == 6 && memcmp(name, "cosine", 6) == 0)
		return true;
	if (length == 3 && memcmp(name, "dot", 3) == 0)
		return false;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("metric \"%s\" is not known", text_to_cstring(metric)),
			 errhint("Metrics are dot and cosine.")));
}

Datum
search_maxsim(PG_FUNCTION_ARGS)
{
	const MaxsimQuery *query = recent_value(fcinfo, 0, make_query);
	const Tensor *item = PG_GETARG_TENSOR(1);
	bool		cosine = is_cosine(PG_GETARG_TEXT_PP(2));
	double		score;

	require_vectors(item, "item");
	if ((Size) item->dims[item->ndim - 1] != query->d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the vectors of the item have %d elements, those of the query %zu", item->dims[item->ndim - 1], query->d)));
	if (!maxsim_score(query, item, cosine, &score))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(score);
}

/* ---- pool_tokens(item, factor) ---- */

static void
require_finite(const double *x, Size n, Size d)
{
	for (Size i = 0; i < n * d; i++)
		if (!(fabs(x[i]) < MAX_ELEMENT))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %zu of vector %zu must be finite, and below 1e140", i % d + 1, i / d + 1),
					 errdetail_client("It is %g.", x[i])));
}

Datum
search_pool_tokens(PG_FUNCTION_ARGS)
{
	const Tensor *item = PG_GETARG_TENSOR(0);
	int			factor = PG_GETARG_INT32(1);
	Tensor	   *result;
	MemoryContext scratch;
	double	   *x;
	double	   *pooled;
	Size		n;
	Size		d;
	Size		k;

	tensor_require_matrix(item, "item");
	require_vectors(item, "item");
	if (factor < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("factor is %d, but must be at least 1", factor)));
	n = item->dims[0];
	d = item->dims[1];
	if (n == 0)
		PG_RETURN_TENSOR((Tensor *) item);
	k = Max(1, n / factor);
	result = tensor_new_matrix(item->dtype, k, d);
	scratch = scratch_create("pool_tokens", size_mul(size_mul(n + k, d), sizeof(double)), NULL);
	x = MemoryContextAllocHuge(scratch, n * d * sizeof(double));
	pooled = MemoryContextAllocHuge(scratch, k * d * sizeof(double));
	tensor_read_f8(item, 0, n * d, x);
	require_finite(x, n, d);
	token_pooling(n, d, x, k, pooled);
	tensor_write_f8(result, 0, k * d, pooled);
	MemoryContextDelete(scratch);
	PG_RETURN_TENSOR(result);
}
