/*
 * clustering_parcellate.c
 *		SQL glue of ward_parcellate().
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/clustering.h"
#include "clustering/ward_parcellate.h"
#include "stats/points_window.h"
#include "voxel/neighbours.h"
#include "voxel/voxel.h"

#define MEMORY_HINT "Take fewer voxels or elements."

PG_FUNCTION_INFO_V1(clustering_ward_parcellate);

typedef struct Place
{
	Voxel		voxel;
	int			row;
} Place;

static int
compare_places(const void *a, const void *b)
{
	const Place *x = a;
	const Place *y = b;
	int			cmp = voxel_compare(&x->voxel, &y->voxel);

	return cmp != 0 ? cmp : x->row - y->row;
}

/* The rows' voxels, sorted by place: ties of costs then go the same way in whatever order rows came. */
static Place *
sorted_places(FunctionCallInfo fcinfo, const PointRows *rows)
{
	Place	   *place = huge_alloc((Size) rows->n * sizeof(Place));
	int32	   *order = points_window_order(rows);

	for (int at = 0; at < rows->n; at++)
	{
		int			i = order[at];
		bool		isnull;
		Datum		voxel = points_window_beside(fcinfo, rows, i, 0, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (isnull)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("v is NULL in a row where t is not")));
		place[i].voxel = *DatumGetVoxel(voxel);
		place[i].row = i;
	}
	pfree(order);
	qsort(place, rows->n, sizeof(Place), compare_places);
	return place;
}

/* The rows in that order, about their mean. */
static double *
centred_rows(const PointRows *rows, const Place *place)
{
	Size		d = rows->d;
	double	   *x = huge_matrix(rows->n, d);
	double	   *mean = huge_alloc0(d * sizeof(double));

	for (int i = 0; i < rows->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		point_rows_read_f8(rows, place[i].row, 1, x + i * d);
		for (Size k = 0; k < d; k++)
			mean[k] += x[i * d + k] / rows->n;
	}
	for (int i = 0; i < rows->n; i++)
		for (Size k = 0; k < d; k++)
			x[i * d + k] -= mean[k];
	pfree(mean);
	return x;
}

static void
require_parts(const VoxelNeighbours *g, int k, double radius)
{
	int			parts = ward_parts(g);

	if (parts > k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the voxels fall into %d parts that are farther than the radius, %g, from each other: too many for k = %d clusters",
						parts, radius, k),
				 errhint("Take a larger radius, or a k of at least %d.", parts)));
}

static void
parcellate(FunctionCallInfo fcinfo, const PointRows *rows, PointsAnswer *answer)
{
	int32		k = DatumGetInt32(points_window_option(fcinfo, 2, "k"));
	double		radius = DatumGetFloat8(points_window_option(fcinfo, 3, "radius"));
	MemoryContext scratch;
	MemoryContext old;
	VoxelNeighbours *g;
	Voxel	   *voxel;
	Place	   *place;
	int32	   *label;
	Size		bytes;

	if (k < 1 || k > rows->n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must be from 1 to the number of voxels, %d, not %d", rows->n, k)));
	if (!(radius >= 0) || isinf(radius))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("radius must be a finite number that is not negative, not %g", radius)));
	answer->label = huge_alloc((Size) rows->n * sizeof(int32));
	bytes = size_mul(rows->n, size_add(size_mul(rows->d, sizeof(double)), sizeof(Place) + sizeof(Voxel) + sizeof(int32)));
	scratch = scratch_create("ward_parcellate", bytes, MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	place = sorted_places(fcinfo, rows);
	voxel = huge_alloc((Size) rows->n * sizeof(Voxel));
	label = huge_alloc((Size) rows->n * sizeof(int32));
	for (int i = 0; i < rows->n; i++)
		voxel[i] = place[i].voxel;
	g = voxel_neighbours(rows->n, voxel, radius);
	require_parts(g, k, radius);
	ward_parcellate(rows->d, centred_rows(rows, place), g, k, label);
	labels_by_size(rows->n, label);
	for (int i = 0; i < rows->n; i++)
		answer->label[place[i].row] = label[i];
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* (v, t, k, radius) OVER (...) */
Datum
clustering_ward_parcellate(PG_FUNCTION_ARGS)
{
	return points_window(fcinfo, 1, 2, parcellate);
}
