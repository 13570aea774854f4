/*
 * encoding_variance_partition.c
 *		SQL function variance_partition.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"

#include "encoding/arguments.h"
#include "encoding/variance_partition.h"
#include "stats/gram.h"

#define PARTITION_COLUMNS 5

PG_FUNCTION_INFO_V1(encoding_variance_partition);

typedef struct PartitionScan
{
	const VariancePartition *vp;
	int			order[1 << VARIANCE_MAX_BANDS];	/* subsets, the smaller first, then by their first bands */
} PartitionScan;

/* For qsort: fewer bands first, then the one whose lowest differing band is lower. */
static int
compare_subsets(const void *a, const void *b)
{
	int			x = *(const int *) a;
	int			y = *(const int *) b;
	int			by_size = pg_popcount32(x) - pg_popcount32(y);
	int			differ = x ^ y;

	if (by_size != 0 || differ == 0)
		return by_size;
	return x & differ & -differ ? -1 : 1;
}

static void
start_partition(FunctionCallInfo fcinfo, FuncCallContext *call)
{
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	const Gram *g = argument_gram(fcinfo, 0);
	RidgeOptions options = {.per_target = true, .scoring = ENCODER_SCORING_R2};
	PartitionScan *scan = palloc(sizeof(PartitionScan));
	int			n_bands;
	const int  *bands;
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != PARTITION_COLUMNS)
		elog(ERROR, "variance_partition must return %d columns", PARTITION_COLUMNS);
	call->tuple_desc = BlessTupleDesc(desc);
	argument_require_not_null(fcinfo, 1, "bands");
	argument_require_not_null(fcinfo, 3, "standardize");
	bands = argument_bands(PG_GETARG_ARRAYTYPE_P(1), g->p, &n_bands);
	if (n_bands > VARIANCE_MAX_BANDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d bands have too many subsets: at most %d bands", n_bands, VARIANCE_MAX_BANDS),
				 errhint("Join bands that belong together, or fit banded_ridge_cv and split its R2 (split_r2).")));
	if (!PG_ARGISNULL(2))
		options.alphas = argument_alphas(PG_GETARG_ARRAYTYPE_P(2), false, &options.n_alphas);
	options.standardize = PG_GETARG_BOOL(3);
	scan->vp = variance_partition(g, n_bands, bands, &options);
	for (int s = 1; s <= scan->vp->n_subsets; s++)
		scan->order[s - 1] = s;
	qsort(scan->order, scan->vp->n_subsets, sizeof(int), compare_subsets);
	call->user_fctx = scan;
	call->max_calls = (uint64) scan->vp->v * scan->vp->n_subsets;
	MemoryContextSwitchTo(old);
}

static Datum
subset_array(int subset)
{
	Datum		elements[VARIANCE_MAX_BANDS];
	int			n = 0;

	for (int b = 0; subset >> b; b++)
		if ((subset >> b) & 1)
			elements[n++] = Int32GetDatum(b + 1);
	return PointerGetDatum(construct_array(elements, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

Datum
encoding_variance_partition(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	PartitionScan *scan;
	Datum		values[PARTITION_COLUMNS];
	bool		nulls[PARTITION_COLUMNS] = {false};
	double		numbers[3];
	int			target;
	int			subset;

	if (SRF_IS_FIRSTCALL())
	{
		call = SRF_FIRSTCALL_INIT();
		if (PG_ARGISNULL(0))
			SRF_RETURN_DONE(call);
		start_partition(fcinfo, call);
	}
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	target = (int) (call->call_cntr / scan->vp->n_subsets);
	subset = scan->order[call->call_cntr % scan->vp->n_subsets];
	numbers[0] = scan->vp->r2[(Size) (subset - 1) * scan->vp->v + target];
	numbers[1] = variance_unique(scan->vp, subset, target);
	numbers[2] = variance_shared(scan->vp, subset, target);
	values[0] = Int64GetDatum(target + 1);
	values[1] = subset_array(subset);
	for (int i = 0; i < 3; i++)
	{
		values[2 + i] = Float8GetDatum(numbers[i]);
		nulls[2 + i] = isnan(numbers[i]);
	}
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}
