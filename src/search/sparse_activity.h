/*
 * sparse_activity.h
 *		The feature_activity state: how often and how much each feature of sparse
 *		vectors is active.
 */
#ifndef NEUROENC_SPARSE_ACTIVITY_H
#define NEUROENC_SPARSE_ACTIVITY_H

#include "search/sparse.h"

#define FEATURE_ACTIVITY_VERSION 1

/* Of one feature, over the rows where it is active */
typedef struct FeatureTotal
{
	int64		n;				/* rows */
	double		sum;			/* 0 if n is 0 */
	double		greatest;		/* 0 if n is 0 */
} FeatureTotal;

typedef struct FeatureActivity
{
	int32		vl_len_;
	uint8		version;
	uint8		dtype;			/* float8 if any row was, else float4 */
	uint16		zero;
	int32		width;
	int32		zero_too;
	int64		n;				/* rows in all */
	FeatureTotal feature[FLEXIBLE_ARRAY_MEMBER];
} FeatureActivity;

/* Bytes for a width; an ERROR past 1 GB */
extern Size feature_activity_bytes(int32 width);

/* Of no rows yet, in CurrentMemoryContext */
extern FeatureActivity *feature_activity_new(int32 width);

/* One row, and the rows of another state; of the same width (checked). */
extern void feature_activity_add(FeatureActivity *activity, const Sparse *row);
extern void feature_activity_merge(FeatureActivity *to, const FeatureActivity *from);

#endif							/* NEUROENC_SPARSE_ACTIVITY_H */
