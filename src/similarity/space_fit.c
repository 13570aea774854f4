/*
 * space_fit.c
 *		Products of one subject's rows, and the map that takes them nearest to a target.
 *
 * X (n_times x v, centred by column) is never whole in memory: it is read from
 * the recordings a block of columns at a time, in float8, which costs about a
 * nanosecond an element where the product that follows costs 2 k flops of it.
 *
 * The map is the orthogonal Procrustes solution (Schoenemann 1966): of all W
 * with orthonormal columns (rows, when v < k) the one that brings X W nearest to
 * the target T is U V' of the SVD of X'T = U diag(s) V'.  2 v k min(v, k) to 20
 * times that in flops, beside 4 n_times v k for X'T and X W.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "linalg/linalg.h"
#include "similarity/shared_space.h"

#define BLOCK_ELEMENTS	((Size) 1 << 18)	/* of a block of columns: 2 MB, which stays in the cache */
#define BLOCK_COLUMNS	((Size) 64) /* at least: enough for a matrix product */

/* |X|^2 within these leaves its square room in float8 */
#define SMALLEST_TOTAL	1e-140
#define LARGEST_TOTAL	1e140

static Size
block_columns(Size n_times, Size v)
{
	return Min(v, Max(BLOCK_COLUMNS, BLOCK_ELEMENTS / n_times));
}

/* Columns first .. first + count - 1 of X */
static void
gather_centred(const AlignedSubject *a, const double *mean, Size first, Size count, double *out)
{
	for (int i = 0; i < a->rows->n; i++)
	{
		double	   *row = out + i * count;

		if (i % 256 == 0)
			CHECK_FOR_INTERRUPTS();
		recordings_gather(a, i, 1, (int) first, (int) count, row, count);
		for (Size j = 0; j < count; j++)
			row[j] -= mean[first + j];
	}
}

/* Mean of n rows of a block, about the first, so that a constant is met exactly */
static void
block_mean(const double *x, Size n, Size count, double *mean)
{
	memset(mean, 0, count * sizeof(double));
	for (Size i = 1; i < n; i++)
		for (Size j = 0; j < count; j++)
			mean[j] += x[i * count + j] - x[j];
	for (Size j = 0; j < count; j++)
		mean[j] = x[j] + mean[j] / (double) n;
}

static double
sum_of_squares(const double *x, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += x[i] * x[i];
	return sum;
}

void
subject_moments(const AlignedSubject *a, SpaceSubject *s)
{
	Size		n = a->rows->n;
	Size		width = block_columns(n, a->v);
	double	   *block = huge_matrix(n, width);

	s->total = 0;
	for (Size first = 0; first < (Size) a->v; first += width)
	{
		Size		count = Min(width, a->v - first);

		CHECK_FOR_INTERRUPTS();
		recordings_gather(a, 0, (int) n, (int) first, (int) count, block, count);
		block_mean(block, n, count, s->mean + first);
		for (Size i = 0; i < n; i++)
			for (Size j = 0; j < count; j++)
				block[i * count + j] -= s->mean[first + j];
		s->total += sum_of_squares(block, n * count);
	}
	pfree(block);
	if (s->total == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("y of a subject is the same at all times"),
				 errdetail_client("It is subject " INT64_FORMAT ".", s->id)));
	if (!(s->total > SMALLEST_TOTAL && s->total < LARGEST_TOTAL))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sum of squares of a subject is not from %g to %g", SMALLEST_TOTAL, LARGEST_TOTAL),
				 errdetail_client("It is subject " INT64_FORMAT ".", s->id),
				 errhint("Scale y.")));
}

void
subject_cross(const AlignedSubject *a, const double *mean, Size k, const double *series, double *out)
{
	Size		n = a->rows->n;
	Size		width = block_columns(n, a->v);
	double	   *block = huge_matrix(n, width);

	for (Size first = 0; first < (Size) a->v; first += width)
	{
		Size		count = Min(width, a->v - first);

		gather_centred(a, mean, first, count, block);
		gemm_f8(true, false, count, k, n, 1, block, count, series, k, 0, out + first * k, k);
	}
	pfree(block);
}

void
subject_project(const AlignedSubject *a, const double *mean, Size k, const double *map, double *out)
{
	Size		n = a->rows->n;
	Size		width = block_columns(n, a->v);
	double	   *block = huge_matrix(n, width);

	for (Size first = 0; first < (Size) a->v; first += width)
	{
		Size		count = Min(width, a->v - first);

		gather_centred(a, mean, first, count, block);
		gemm_f8(false, false, n, k, count, 1, block, count, map + first * k, k, first == 0 ? 0 : 1, out, k);
	}
	pfree(block);
}

void
subject_kernel(const AlignedSubject *a, const double *mean, double *out)
{
	Size		n = a->rows->n;
	Size		width = block_columns(n, a->v);
	double	   *block = huge_matrix(n, width);

	for (Size first = 0; first < (Size) a->v; first += width)
	{
		Size		count = Min(width, a->v - first);

		gather_centred(a, mean, first, count, block);
		syrk_f8(false, n, count, 1, block, count, first == 0 ? 0 : 1, out, n);
	}
	pfree(block);
}

/* Sets |X - S W'|^2 for its map and these series. */
static void
subject_set_residual(const AlignedSubject *a, Size k, const double *series, SpaceSubject *s)
{
	Size		n = a->rows->n;
	Size		width = block_columns(n, a->v);
	double	   *block = huge_matrix(n, width);

	s->residual = 0;
	for (Size first = 0; first < (Size) a->v; first += width)
	{
		Size		count = Min(width, a->v - first);

		gather_centred(a, s->mean, first, count, block);
		gemm_f8(false, true, n, count, k, -1, series, k, s->map + first * k, k, 1, block, count);
		s->residual += sum_of_squares(block, n * count);
	}
	pfree(block);
}

void
subject_fit_map(const AlignedSubject *a, Size k, const double *target, SpaceSubject *s, double *projected)
{
	double	   *cross = huge_matrix(a->v, k);

	subject_cross(a, s->mean, k, target, cross);
	polar_f8(a->v, k, cross, s->map);
	pfree(cross);
	subject_project(a, s->mean, k, s->map, projected);
}

void
space_fit_maps(SharedSpace *space, const AlignedRecordings *r, const double *target)
{
	Size		k = space->k;
	Size		elements = (Size) r->n_times * k;
	double	   *projected = huge_matrix(r->n_times, k);

	memcpy(space->time, r->time, r->n_times * sizeof(int64));
	memset(space->series, 0, elements * sizeof(double));
	for (int i = 0; i < r->n_subjects; i++)
	{
		subject_fit_map(&r->subject[i], k, target, &space->subject[i], projected);
		for (Size e = 0; e < elements; e++)
			space->series[e] += projected[e] / r->n_subjects;
	}
	for (int i = 0; i < r->n_subjects; i++)
		subject_set_residual(&r->subject[i], k, space->series, &space->subject[i]);
	pfree(projected);
}

Size
space_fit_scratch(Size n_times, Size v, Size k)
{
	Size		doubles = size_mul(n_times, size_add(block_columns(n_times, v), k));	/* block, projected */

	doubles = size_add(doubles, size_mul(v, k));	/* cross */
	return size_add(size_mul(doubles, sizeof(double)), polar_scratch(v, k));
}

/* ---- further subjects of a space that stands ---- */

/* The space's series at the times of r, and their mean by column. */
static void
series_at(const SharedSpace *space, const AlignedRecordings *r, double *series, double *mean)
{
	Size		k = space->k;
	int			at = 0;

	memset(mean, 0, k * sizeof(double));
	for (int i = 0; i < r->n_times; i++)
	{
		while (space->time[at] < r->time[i])
			at++;
		memcpy(series + i * k, space->series + at * k, k * sizeof(double));
		for (Size c = 0; c < k; c++)
			mean[c] += series[i * k + c] / r->n_times;
	}
	for (int i = 0; i < r->n_times; i++)
		for (Size c = 0; c < k; c++)
			series[i * k + c] -= mean[c];
	if (!(sum_of_squares(series, r->n_times * k) < LARGEST_TOTAL))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the shared series are out of range"),
				 errdetail("Their sum of squares is handled up to %g.", LARGEST_TOTAL)));
}

/* The copy's subjects ascend again. */
static int
compare_subjects(const void *a, const void *b)
{
	int64		x = ((const SpaceSubject *) a)->id;
	int64		y = ((const SpaceSubject *) b)->id;

	return x < y ? -1 : x > y;
}

/*
 * At the times used the series' mean m need not be 0: the map brings the
 * subject's mean row there, so the mean that is stored is that row less W m.
 */
SharedSpace *
space_add_subjects(MemoryContext parent, const SharedSpace *space, const AlignedRecordings *r)
{
	SharedSpace *sum = space_copy(parent, space, r->n_subjects);
	Size		k = space->k;
	Size		bytes = size_mul(size_mul(size_mul(r->n_times, k), 2), sizeof(double));
	Size		fit = 0;
	MemoryContext scratch;
	MemoryContext old;
	double	   *series;
	double	   *mean;
	double	   *projected;

	for (int i = 0; i < r->n_subjects; i++)
		fit = Max(fit, space_fit_scratch(r->n_times, r->subject[i].v, k));
	scratch = scratch_create("subject map", size_add(bytes, fit), "Take fewer voxels or times.");
	old = MemoryContextSwitchTo(scratch);
	series = huge_matrix(r->n_times, k);
	mean = huge_alloc(k * sizeof(double));
	projected = huge_matrix(r->n_times, k);
	series_at(space, r, series, mean);
	for (int i = 0; i < r->n_subjects; i++)
	{
		const AlignedSubject *a = &r->subject[i];
		SpaceSubject *s = space_append(sum, a->id, a->v);

		subject_moments(a, s);
		subject_fit_map(a, k, series, s, projected);
		subject_set_residual(a, k, series, s);
		gemv_f8(false, a->v, k, -1, s->map, k, mean, 1, s->mean);
	}
	qsort(sum->subject, sum->n_subjects, sizeof(SpaceSubject), compare_subjects);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return sum;
}
