/*
 * sparse_aggregates.c
 *		SQL glue of feature_activity: its input and output, the aggregates over
 *		sparse vectors that it serves, and what is read from it.
 *
 * A running state is a flat value in the aggregate's context, changed in place.
 * It is first made in the row's memory: the executor copies it to where it lives.
 * One of LARGE_STATE bytes and more is claimed from neuroenc.memory_limit.
 *
 * The binary form, little-endian: uint8 version, uint8 dtype, 2 zeros, int32 width,
 * int64 n, then for each feature int64 n, float8 sum, greatest.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/aggregate.h"
#include "base/flat.h"
#include "base/memory.h"
#include "base/record.h"
#include "search/sparse_activity.h"

#define LARGE_STATE ((Size) 1024 * 1024)

/* ---- input and output ---- */

static void
write_activity(StateWriter *w, const void *value)
{
	const FeatureActivity *activity = value;
	uint8		head[3] = {activity->dtype};

	state_put_bytes(w, head, sizeof(head));
	state_put_int32(w, activity->width);
	state_put_int64(w, activity->n);
	state_put_array(w, activity->feature, 3 * (Size) activity->width, 8);
}

static void *
read_activity(StateReader *r)
{
	uint8		head[3];
	int32		width;
	int64		n;
	FeatureActivity *activity;

	state_get_bytes(r, head, sizeof(head));
	width = state_get_int32(r);
	n = state_get_int64(r);
	if ((head[0] != TENSOR_FLOAT4 && head[0] != TENSOR_FLOAT8) || head[1] || head[2] || width < 1 || n < 1 || n > STATE_MAX_ROWS)
		state_corrupt(r->name, "bad element type, width or number of rows");
	state_require(r, size_mul((Size) width, sizeof(FeatureTotal)));
	activity = feature_activity_new(width);
	activity->dtype = head[0];
	activity->n = n;
	state_get_array(r, activity->feature, 3 * (Size) width, 8);
	for (int32 i = 0; i < width; i++)
	{
		const FeatureTotal *f = &activity->feature[i];

		if (f->n < 0 || f->n > n)
			state_corrupt(r->name, "a feature is active in more rows than there are");
		if (!isfinite(f->greatest) || (f->n == 0 && (f->sum != 0 || f->greatest != 0)))
			state_corrupt(r->name, "sums and counts of a feature do not agree");
	}
	return activity;
}

static char *
summarize_activity(const void *value)
{
	const FeatureActivity *activity = value;

	return psprintf("width=%d, n=" INT64_FORMAT, activity->width, activity->n);
}

static const FlatKind activity_kind = {
	.name = "feature_activity",
	.version = FEATURE_ACTIVITY_VERSION,
	.write = write_activity,
	.read = read_activity,
	.summary = summarize_activity
};

FLAT_IO_FUNCTIONS(feature_activity, activity_kind)

#define PG_GETARG_ACTIVITY(n) ((FeatureActivity *) flat_from_datum(&activity_kind, PG_GETARG_DATUM(n)))

/* ---- transitions ---- */

/* For a state in the aggregate's context, and for the one that is made in this context and copied there. */
static void
claim(MemoryContext cxt, int32 width)
{
	MemoryContext contexts[] = {cxt, CurrentMemoryContext};
	Size		bytes = feature_activity_bytes(width);

	for (int i = 0; i < 2 && bytes >= LARGE_STATE; i++)
		memory_claim_add(memory_claim(contexts[i], "feature_activity"), bytes, "Aggregate fewer groups at a time.");
}

/* (state, sparse) */
PG_FUNCTION_INFO_V1(sparse_accumulate);
Datum
sparse_accumulate(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	FeatureActivity *activity = PG_ARGISNULL(0) ? NULL : PG_GETARG_ACTIVITY(0);

	if (!PG_ARGISNULL(1))
	{
		const Sparse *row = PG_GETARG_SPARSE(1);

		if (activity == NULL)
		{
			claim(cxt, row->width);
			activity = feature_activity_new(row->width);
		}
		feature_activity_add(activity, row);
	}
	if (activity == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(activity);
}

static FeatureActivity *
copy_activity(const FeatureActivity *activity)
{
	FeatureActivity *copy = palloc(VARSIZE(activity));

	memcpy(copy, activity, VARSIZE(activity));
	return copy;
}

/* (state, state), of which the first may be changed */
PG_FUNCTION_INFO_V1(sparse_accumulate_combine);
Datum
sparse_accumulate_combine(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	FeatureActivity *activity = PG_ARGISNULL(0) ? NULL : PG_GETARG_ACTIVITY(0);

	if (!PG_ARGISNULL(1))
	{
		const FeatureActivity *more = PG_GETARG_ACTIVITY(1);

		if (activity == NULL)
		{
			claim(cxt, more->width);
			activity = copy_activity(more);
		}
		else
			feature_activity_merge(activity, more);
	}
	if (activity == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(activity);
}

PG_FUNCTION_INFO_V1(feature_activity_plus);
Datum
feature_activity_plus(PG_FUNCTION_ARGS)
{
	FeatureActivity *sum = copy_activity(PG_GETARG_ACTIVITY(0));

	feature_activity_merge(sum, PG_GETARG_ACTIVITY(1));
	PG_RETURN_POINTER(sum);
}

/* ---- answers ---- */

/* Sums over divisor, of the rows' element type; a sum beyond float4 is an infinity */
static Datum
sums_over(const FeatureActivity *activity, double divisor)
{
	Tensor	   *t = tensor_new_unset((TensorType) activity->dtype, 1, &activity->width);

	for (int32 i = 0; i < activity->width; i++)
		tensor_set(t, (Size) i, activity->feature[i].sum / divisor);
	PG_RETURN_TENSOR(t);
}

PG_FUNCTION_INFO_V1(feature_activity_sums);
Datum
feature_activity_sums(PG_FUNCTION_ARGS)
{
	return sums_over(PG_GETARG_ACTIVITY(0), 1);
}

PG_FUNCTION_INFO_V1(feature_activity_means);
Datum
feature_activity_means(PG_FUNCTION_ARGS)
{
	const FeatureActivity *activity = PG_GETARG_ACTIVITY(0);

	return sums_over(activity, (double) activity->n);
}

PG_FUNCTION_INFO_V1(feature_activity_density);
Datum
feature_activity_density(PG_FUNCTION_ARGS)
{
	const FeatureActivity *activity = PG_GETARG_ACTIVITY(0);
	Tensor	   *t = tensor_new_unset(TENSOR_FLOAT8, 1, &activity->width);

	for (int32 i = 0; i < activity->width; i++)
		TENSOR_F8(t)[i] = (double) activity->feature[i].n / (double) activity->n;
	PG_RETURN_TENSOR(t);
}

/* 1 where a row was active */
PG_FUNCTION_INFO_V1(feature_activity_union);
Datum
feature_activity_union(PG_FUNCTION_ARGS)
{
	const FeatureActivity *activity = PG_GETARG_ACTIVITY(0);
	Size		n = 0;
	Sparse	   *s;

	for (int32 i = 0; i < activity->width; i++)
		n += activity->feature[i].n > 0;
	s = sparse_new_unset(TENSOR_FLOAT4, activity->width, n);
	n = 0;
	for (int32 i = 0; i < activity->width; i++)
	{
		if (activity->feature[i].n == 0)
			continue;
		s->index[n] = i;
		SPARSE_F4(s)[n++] = 1;
	}
	PG_RETURN_SPARSE(s);
}

PG_FUNCTION_INFO_V1(feature_activity_n_samples);
Datum
feature_activity_n_samples(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_ACTIVITY(0)->n);
}

/* (feature, n_active, density, mean, mean_active, max) */
static Datum
feature_row(TupleDesc desc, const FeatureActivity *activity, int32 i)
{
	const FeatureTotal *f = &activity->feature[i];
	Datum		values[6] = {
		Int32GetDatum(i + 1),
		Int64GetDatum(f->n),
		Float8GetDatum((double) f->n / (double) activity->n),
		Float8GetDatum(f->sum / (double) activity->n)
	};
	bool		nulls[6] = {false};

	record_put_number(values, nulls, 4, f->n > 0 ? f->sum / (double) f->n : NAN);
	record_put_number(values, nulls, 5, f->n > 0 ? f->greatest : NAN);
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

PG_FUNCTION_INFO_V1(feature_activity_features);
Datum
feature_activity_features(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	const FeatureActivity *activity;
	int32		at;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		activity = copy_activity(PG_GETARG_ACTIVITY(0));
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != 6)
			elog(ERROR, "a function that makes 6 columns must be declared so");
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = unconstify(FeatureActivity *, activity);
		call->max_calls = activity->width;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	activity = call->user_fctx;
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);
	CHECK_FOR_INTERRUPTS();
	at = (int32) call->call_cntr;	/* SRF_RETURN_NEXT counts before it evaluates */
	SRF_RETURN_NEXT(call, feature_row(call->tuple_desc, activity, at));
}
