/*
 * kmeans_rows.c
 *		Rows made ready for k-means: their lengths, where they lie, and how far a
 *		row is from a centre.
 *
 * One pass gives squared norms, the mean and the variance; rows whose mean is
 * far from the origin take a second one, for norms about it.  The mean is taken
 * from a tile of rows when it is multiplied, never from the rows themselves.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "clustering/kmeans.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define MEMORY_HINT		"Take fewer rows: a sample fits a model that labels the others."
#define BLOCK_ELEMENTS	((Size) 1 << 19)
#define BLOCK_ROWS_MIN	64

/* Squared lengths between which float4 products neither overflow nor lose digits to underflow */
#define NARROW_MAX		1e30
#define NARROW_MIN		1e-20
#define LENGTH_MAX		1e150

/* A squared length from here to its inverse has not lost digits. */
#define SQUARE_MIN		1e-280

/* ---- elements ---- */

HOT_LOOP static double
squared_f4(const float *x, double scale, const double *c, int d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (int j = 0; j < d; j++)
		sum += (x[j] * scale - c[j]) * (x[j] * scale - c[j]);
	return sum;
}

HOT_LOOP static double
squared_f8(const double *x, double scale, const double *c, int d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (int j = 0; j < d; j++)
		sum += (x[j] * scale - c[j]) * (x[j] * scale - c[j]);
	return sum;
}

double
kmeans_row_squared(const KmeansRows *r, Size i, const double *c)
{
	double		scale = r->scale ? r->scale[i] : 1;

	if (r->dtype == TENSOR_FLOAT4)
		return squared_f4((const float *) r->values + i * r->d, scale, c, r->d);
	return squared_f8((const double *) r->values + i * r->d, scale, c, r->d);
}

HOT_LOOP static void
add_f4(const float *x, double scale, int d, double *sum)
{
	for (int j = 0; j < d; j++)
		sum[j] += x[j] * scale;
}

HOT_LOOP static void
add_f8(const double *x, double scale, int d, double *sum)
{
	for (int j = 0; j < d; j++)
		sum[j] += x[j] * scale;
}

HOT_LOOP static void
add_four_f4(const float *a, const float *b, const float *c, const float *e, int d, double *sum)
{
	for (int j = 0; j < d; j++)
		sum[j] += ((double) a[j] + b[j]) + ((double) c[j] + e[j]);
}

void
kmeans_add_rows(const KmeansRows *r, const int32 *row, Size n, double *sum)
{
	Size		i = 0;
	Size		d = r->d;

	if (r->dtype == TENSOR_FLOAT8)
		for (; i < n; i++)
			add_f8((const double *) r->values + row[i] * d, r->scale ? r->scale[row[i]] : 1, r->d, sum);
	else
	{
		const float *x = r->values;

		if (r->scale == NULL)
			for (; i + 4 <= n; i += 4)
				add_four_f4(x + row[i] * d, x + row[i + 1] * d, x + row[i + 2] * d, x + row[i + 3] * d, r->d, sum);
		for (; i < n; i++)
			add_f4(x + row[i] * d, r->scale ? r->scale[row[i]] : 1, r->d, sum);
	}
}

void
kmeans_row_read(const KmeansRows *r, Size i, double *out)
{
	double		scale = r->scale ? r->scale[i] : 1;

	for (int j = 0; j < r->d; j++)
		out[j] = scale * (r->dtype == TENSOR_FLOAT4 ? (double) ((const float *) r->values)[i * r->d + j] :
						  ((const double *) r->values)[i * r->d + j]);
}

bool
kmeans_unit(double *x, int d)
{
	double		largest = 0;
	double		squared = 0;

	for (int j = 0; j < d; j++)
		largest = Max(largest, fabs(x[j]));
	if (largest == 0)
		return false;
	for (int j = 0; j < d; j++)
	{
		x[j] /= largest;
		squared += x[j] * x[j];
	}
	for (int j = 0; j < d; j++)
		x[j] /= sqrt(squared);
	return true;
}

int
kmeans_nearest(const double *x, int k, int d, const double *centre)
{
	int			nearest = 0;
	double		least = INFINITY;

	for (int j = 0; j < k; j++)
	{
		double		squared = squared_difference(x, centre + (Size) j * d, d);

		if (squared < least)
		{
			least = squared;
			nearest = j;
		}
	}
	return nearest;
}

/* ---- the passes over all rows ---- */

typedef struct Pass
{
	KmeansRows *r;
	Size		rows_per_block;
	double	   *origin;			/* d of zeros */
	double	   *sums;			/* blocks x d, of the first pass */
} Pass;

/* 1 / length of a row whose square may be past float8; 0 where it has none. */
static double
unit_scale(const KmeansRows *r, Size i)
{
	const double *x = (const double *) r->values + i * r->d;
	double		largest = 0;
	double		squares = 0;

	for (int j = 0; j < r->d && r->dtype == TENSOR_FLOAT8; j++)
		largest = Max(largest, fabs(x[j]));
	if (!(1 / largest < HUGE_VAL))
		return 0;
	for (int j = 0; j < r->d; j++)
		squares += (x[j] / largest) * (x[j] / largest);
	return 1 / largest / sqrt(squares);
}

/* Squared norms, and of spherical k-means the scales; sums of the rows. */
static void
first_pass(int64 block, int worker, void *arg)
{
	Pass	   *p = arg;
	KmeansRows *r = p->r;
	Size		d = r->d;
	Size		first = block * p->rows_per_block;
	Size		end = Min((Size) r->n, first + p->rows_per_block);
	double	   *sum = p->sums + block * d;

	memset(sum, 0, d * sizeof(double));
	for (Size i = first; i < end; i++)
	{
		double		scale = 1;

		r->norm[i] = r->dtype == TENSOR_FLOAT4 ? squared_f4((const float *) r->values + i * d, 1, p->origin, r->d) :
			squared_f8((const double *) r->values + i * d, 1, p->origin, r->d);
		if (r->scale)
		{
			scale = r->norm[i] > SQUARE_MIN && r->norm[i] < 1 / SQUARE_MIN ? 1 / sqrt(r->norm[i]) : unit_scale(r, i);
			r->scale[i] = scale;
			r->norm[i] = scale > 0;
		}
		if (r->dtype == TENSOR_FLOAT4)
			add_f4((const float *) r->values + i * d, scale, r->d, sum);
		else
			add_f8((const double *) r->values + i * d, scale, r->d, sum);
	}
}

static void
second_pass(int64 block, int worker, void *arg)
{
	Pass	   *p = arg;
	Size		first = block * p->rows_per_block;
	Size		end = Min((Size) p->r->n, first + p->rows_per_block);

	for (Size i = first; i < end; i++)
		p->r->norm[i] = kmeans_row_squared(p->r, i, p->r->shift);
}

static Size
rows_per_block(int d)
{
	return Max(BLOCK_ROWS_MIN, BLOCK_ELEMENTS / d);
}

static void
check_rows(const KmeansRows *r, const int32 *came)
{
	for (int i = 0; i < r->n; i++)
	{
		int			ordinal = 1 + (came ? came[i] : i);

		if (!(r->norm[i] < LENGTH_MAX * LENGTH_MAX))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("row %d is too long for squared distances", ordinal),
					 errdetail("Its length is over %g.", LENGTH_MAX)));
		if (r->scale && r->norm[i] == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("row %d has no direction: its length is 0", ordinal),
					 errhint("Leave such rows out, or use kmeans.")));
	}
}

/* The mean over elements of their variance, and the mean itself. */
static double
mean_variance(const KmeansRows *r, const double *sums, Size n_blocks, double *mean)
{
	double		total = 0;
	double		mean_squared = 0;

	for (int j = 0; j < r->d; j++)
	{
		mean[j] = 0;
		for (Size b = 0; b < n_blocks; b++)
			mean[j] += sums[b * r->d + j];
		mean[j] /= r->n;
		mean_squared += mean[j] * mean[j];
	}
	for (int i = 0; i < r->n; i++)
		total += r->norm[i];
	return Max(0, total / r->n - mean_squared) / r->d;
}

/* Norms about the mean, which is rounded to float4 so that tiles of either precision lose the same. */
static void
shift_rows(Pass *p, int64 n_blocks, const double *mean)
{
	KmeansRows *r = p->r;
	double		total = 0;

	r->shift = huge_matrix(1, r->d);
	for (int j = 0; j < r->d; j++)
		r->shift[j] = fabs(mean[j]) < 1e30 ? (double) (float) mean[j] : mean[j];
	parallel_for(n_blocks, 0, second_pass, p);
	for (int i = 0; i < r->n; i++)
		total += r->norm[i];
	r->variance = total / r->n;
	for (int j = 0; j < r->d; j++)
		r->variance -= (mean[j] - r->shift[j]) * (mean[j] - r->shift[j]);
	r->variance = Max(0, r->variance) / r->d;
}

KmeansRows *
kmeans_rows_of(int n, int d, TensorType dtype, const void *values, const int32 *came, bool spherical)
{
	KmeansRows *r = palloc0(sizeof(KmeansRows));
	Size		block_rows = rows_per_block(d);
	Size		n_blocks = (n + block_rows - 1) / block_rows;
	Size		kept = size_mul(size_add(size_mul(n, 1 + spherical), d), sizeof(double));
	Size		scratch_bytes = size_mul(size_mul(n_blocks + 2, d), sizeof(double));
	double	   *mean;
	double		mean_squared = 0;
	MemoryContext scratch;
	MemoryContext old;
	Pass		p = {.r = r, .rows_per_block = block_rows};

	Assert(n > 0 && d > 0);
	memory_claim_add(memory_claim(CurrentMemoryContext, "k-means"), kept, MEMORY_HINT);
	r->n = n;
	r->d = d;
	r->dtype = dtype;
	r->values = values;
	r->norm = huge_matrix(1, n);
	if (spherical)
		r->scale = huge_matrix(1, n);
	scratch = scratch_create("k-means rows", scratch_bytes, MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	mean = huge_matrix(1, d);
	p.origin = huge_alloc0(d * sizeof(double));
	p.sums = huge_matrix(n_blocks, d);
	parallel_for(n_blocks, 0, first_pass, &p);
	check_rows(r, came);
	r->variance = mean_variance(r, p.sums, n_blocks, mean);
	for (int j = 0; j < d; j++)
		mean_squared += mean[j] * mean[j];
	if (!spherical && mean_squared > 0.5 * d * r->variance)
	{
		MemoryContextSwitchTo(old);
		shift_rows(&p, n_blocks, mean);
		MemoryContextSwitchTo(scratch);
	}
	for (int i = 0; i < n; i++)
		r->norm_max = Max(r->norm_max, r->norm[i]);
	r->wide = dtype == TENSOR_FLOAT8 || r->norm_max > NARROW_MAX || r->norm_max < NARROW_MIN;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return r;
}

KmeansRows *
kmeans_rows(const PointRows *rows, bool spherical)
{
	return kmeans_rows_of(rows->n, rows->d, rows->dtype, rows->values, rows->came, spherical);
}
