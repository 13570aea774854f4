/*
 * clustering_bicluster.c
 *		SQL function bicluster.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/rows.h"
#include "clustering/bicluster.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(clustering_bicluster);

/* As float8 over the largest element, so that sums are finite. */
static double *
weights(const Tensor *t)
{
	Size		size = tensor_size(t);
	double	   *a = huge_alloc(Max(1, size) * sizeof(double));
	double		largest = 0;

	tensor_read_f8(t, 0, size, a);
	for (Size i = 0; i < size; i++)
	{
		if ((i & 0xfffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (!(a[i] >= 0) || isinf(a[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element (%zu, %zu) of the matrix must be finite and not negative",
							i / t->dims[1] + 1, i % t->dims[1] + 1),
					 errdetail_client("It is %g.", a[i])));
		largest = Max(largest, a[i]);
	}
	for (Size i = 0; largest > 0 && i < size; i++)
		a[i] /= largest;
	return a;
}

static ResultRows *
bicluster_rows(FunctionCallInfo fcinfo)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	int			k = PG_GETARG_INT32(1);
	int64		seed = PG_GETARG_INT64(2);
	Datum		side[2] = {CStringGetTextDatum("row"), CStringGetTextDatum("column")};
	ResultRows *result;
	MemoryContext scratch;
	MemoryContext old;
	int			m;
	int			n;
	int32	   *label;

	tensor_require_matrix(t, "bicluster's argument");
	m = t->dims[0];
	n = t->dims[1];
	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be at least 1, not %d", k)));
	result = result_rows_new((int64) m + n, 3);
	scratch = scratch_create("bicluster", size_add(size_mul(tensor_size(t), sizeof(double)), ((Size) m + n) * sizeof(int32)), "Take a smaller matrix.");
	old = MemoryContextSwitchTo(scratch);
	label = huge_alloc(Max(1, (Size) m + n) * sizeof(int32));
	bicluster(m, n, weights(t), k, seed, label);
	for (int64 i = 0; i < (int64) m + n; i++)
	{
		result->values[3 * i] = side[i >= m];
		result->values[3 * i + 1] = Int32GetDatum((int32) (i < m ? i : i - m) + 1);
		result->values[3 * i + 2] = Int32GetDatum(label[i]);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return result;
}

/* (matrix tensor, k int, seed bigint) */
Datum
clustering_bicluster(PG_FUNCTION_ARGS)
{
	return result_rows_next(fcinfo, bicluster_rows);
}
