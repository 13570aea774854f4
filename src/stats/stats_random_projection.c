/*
 * stats_random_projection.c
 *		SQL glue of random_projection(): the matrix is made at the first row and
 *		kept for the query.
 */
#include "postgres.h"
#include "fmgr.h"
#include "utils/memutils.h"

#include "stats/random_projection.h"
#include "tensor/tensor.h"

/* fn_extra of a call site */
typedef struct ProjectionCache
{
	MemoryContext cxt;			/* of the matrix, reset for another one */
	RandomProjection *r;		/* NULL until made */
} ProjectionCache;

static const RandomProjection *
cached_projection(FmgrInfo *flinfo, Size d, Size k, uint64 seed)
{
	ProjectionCache *cache = flinfo->fn_extra;
	MemoryContext old;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(ProjectionCache));
		cache->cxt = AllocSetContextCreate(flinfo->fn_mcxt, "neuroenc random projection",
										   ALLOCSET_DEFAULT_SIZES);
		flinfo->fn_extra = cache;
	}
	if (cache->r != NULL && cache->r->d == d && cache->r->k == k && cache->r->seed == seed)
		return cache->r;
	cache->r = NULL;
	MemoryContextReset(cache->cxt);
	old = MemoryContextSwitchTo(cache->cxt);
	cache->r = random_projection_new(d, k, seed);
	MemoryContextSwitchTo(old);
	return cache->r;
}

PG_FUNCTION_INFO_V1(stats_random_projection);
Datum
stats_random_projection(PG_FUNCTION_ARGS)
{
	Tensor	   *x = PG_GETARG_TENSOR(0);
	int32		k = PG_GETARG_INT32(1);
	uint64		seed = (uint64) PG_GETARG_INT64(2);
	const RandomProjection *r;
	const double *values;
	double	   *projected;
	Tensor	   *out;
	Size		d;

	tensor_require_vector(x, "x");
	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be at least 1, not %d", k)));
	out = tensor_new_vector(tensor_common_type(x->dtype, TENSOR_FLOAT4), (Size) k);
	d = (Size) x->dims[0];
	r = cached_projection(fcinfo->flinfo, d, (Size) k, seed);
	if (x->dtype == TENSOR_FLOAT8)
		values = TENSOR_F8(x);
	else
	{
		double	   *buffer = huge_alloc(Max(d, 1) * sizeof(double));

		tensor_read_f8(x, 0, d, buffer);
		values = buffer;
	}
	projected = out->dtype == TENSOR_FLOAT8 ? TENSOR_F8(out) : huge_alloc((Size) k * sizeof(double));
	random_projection_apply(r, values, projected);
	if (out->dtype != TENSOR_FLOAT8)
		tensor_write_f8(out, 0, (Size) k, projected);
	PG_RETURN_TENSOR(out);
}
