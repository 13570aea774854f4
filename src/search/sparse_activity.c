/*
 * sparse_activity.c
 *		How often and how much each feature of sparse vectors is active.
 *
 * A row touches what it has active, so a pass costs the number of stored values;
 * memory is 24 bytes a feature.  Counts and greatest values are exact on any plan,
 * sums up to the order in which they are taken.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "base/state_text.h"
#include "search/sparse_activity.h"

Size
feature_activity_bytes(int32 width)
{
	Size		bytes = size_add(offsetof(FeatureActivity, feature), size_mul((Size) width, sizeof(FeatureTotal)));

	if (bytes > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the activity of %d features takes %zu bytes, over the maximum of 1 GB", width, bytes),
				 errhint("Give the vectors the width that their indices need.")));
	return bytes;
}

FeatureActivity *
feature_activity_new(int32 width)
{
	Size		bytes = feature_activity_bytes(width);
	FeatureActivity *activity = palloc0(bytes);

	SET_VARSIZE(activity, bytes);
	activity->version = FEATURE_ACTIVITY_VERSION;
	activity->dtype = TENSOR_FLOAT4;
	activity->width = width;
	return activity;
}

static void
require_same_width(const FeatureActivity *activity, int32 width)
{
	if (activity->width != width)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("widths differ: %d and %d", activity->width, width),
				 errdetail("An aggregate over sparse vectors takes rows of one width.")));
}

/* n values more, whose sum and greatest are given */
static void
total_add(FeatureTotal *total, int64 n, double sum, double greatest)
{
	total->greatest = total->n == 0 ? greatest : Max(total->greatest, greatest);
	total->n += n;
	total->sum += sum;
}

void
feature_activity_add(FeatureActivity *activity, const Sparse *row)
{
	require_same_width(activity, row->width);
	for (int32 i = 0; i < row->n; i++)
	{
		double		value = sparse_value(row, i);

		total_add(&activity->feature[row->index[i]], 1, value, value);
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	activity->dtype = Max(activity->dtype, row->dtype);
	activity->n++;
}

void
feature_activity_merge(FeatureActivity *to, const FeatureActivity *from)
{
	require_same_width(to, from->width);
	for (int32 i = 0; i < from->width; i++)
	{
		const FeatureTotal *more = &from->feature[i];

		if (more->n > 0)
			total_add(&to->feature[i], more->n, more->sum, more->greatest);
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	to->dtype = Max(to->dtype, from->dtype);
	to->n = state_rows_plus("feature_activity", to->n, from->n);
}
