/*
 * clustering_moran.c
 *		SQL glue of moran_i: a row of points is x, y, z and the value.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"

#include "base/aggregate.h"
#include "base/record.h"
#include "clustering/moran.h"
#include "stats/points.h"
#include "tensor/tensor.h"
#include "voxel/voxel.h"

#define ROW_SIZE 4
#define RESULT_COLUMNS 7

/* The radius as an option of the points: its bits. */
static PointsOptions
radius_options(double radius)
{
	PointsOptions options = {.n = 1};

	memcpy(&options.number[0], &radius, sizeof(double));
	return options;
}

static double
radius_of(const Points *p)
{
	double		radius;

	memcpy(&radius, &p->options.number[0], sizeof(double));
	return radius;
}

static double
radius_argument(FunctionCallInfo fcinfo, int argument)
{
	double		radius;

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("radius must not be NULL")));
	radius = PG_GETARG_FLOAT8(argument) + 0.0;
	if (!(radius >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("radius must be at least 0, not %g", radius)));
	return radius;
}

/* (points, v, value, radius) */
PG_FUNCTION_INFO_V1(clustering_moran_add);
Datum
clustering_moran_add(PG_FUNCTION_ARGS)
{
	MemoryContext cxt = aggregate_context(fcinfo);
	Points	   *p = state_running(&points_kind, fcinfo, cxt);
	PointsOptions options = radius_options(radius_argument(fcinfo, 3));
	Tensor	   *row;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || isnan(PG_GETARG_FLOAT8(2)))
		return state_return(fcinfo, p);
	if (isinf(PG_GETARG_FLOAT8(2)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("value of row %d is infinite", (p ? points_n(p) : 0) + 1)));
	if (p == NULL)
		p = points_new(cxt, POINTS_ALONE, &options);
	else
		points_require_options(p, &options);
	row = tensor_new_vector(TENSOR_FLOAT8, ROW_SIZE);
	for (int k = 0; k < 3; k++)
		TENSOR_F8(row)[k] = PG_GETARG_VOXEL(1)->x[k];
	TENSOR_F8(row)[3] = PG_GETARG_FLOAT8(2);
	points_add(p, row);
	pfree(row);
	return state_return(fcinfo, p);
}

PG_FUNCTION_INFO_V1(clustering_moran_final);
Datum
clustering_moran_final(PG_FUNCTION_ARGS)
{
	const Points *p = PG_GETARG_POINTS(0);
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {false};
	TupleDesc	desc;
	PointRows  *rows;
	Voxel	   *voxel;
	double	   *value;
	Moran		moran;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts != RESULT_COLUMNS)
		elog(ERROR, "moran_i must return %d columns", RESULT_COLUMNS);
	if (points_dimensions(p) != ROW_SIZE || p->options.n != 1 || p->key != POINTS_ALONE || !(radius_of(p) >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("these points are not those of moran_i")));
	rows = points_rows_f8(p);
	voxel = huge_alloc(rows->n * sizeof(Voxel));
	value = huge_matrix(1, rows->n);
	for (Size i = 0; i < (Size) rows->n; i++)
	{
		const double *row = POINT_ROWS_F8(rows) + i * ROW_SIZE;

		voxel_set(&voxel[i], row[0], row[1], row[2]);
		value[i] = row[3];
	}
	moran = moran_i(rows->n, voxel, value, radius_of(p));
	values[0] = Int64GetDatum(rows->n);
	values[1] = Int64GetDatum(moran.n_pairs);
	record_put_number(values, nulls, 2, moran.i);
	record_put_number(values, nulls, 3, moran.expected);
	record_put_number(values, nulls, 4, moran.variance);
	record_put_number(values, nulls, 5, moran.z);
	record_put_number(values, nulls, 6, moran.p);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
