/*
 * rdm_transform.c
 *		Ranks, scales and clipped values of the distances of an RDM.
 *
 * Ranks and quantiles come from one radix sort of the distances present (stats/
 * rank.c); the rest is two or three passes, each of at most 0.2 s over 1 GB, with
 * interrupts between them.  Sums of squares are of distances over the largest, so
 * that neither huge nor tiny ones leave the range of doubles.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "similarity/rdm_transform.h"
#include "stats/rank.h"

/* ---- by their order ---- */

Size
distances_scratch(Size n)
{
	return size_add(size_mul(size_mul(2, n), sizeof(double)), rank_scratch_bytes(n));
}

/* Those present, side by side; their number. */
static Size
gather_present(Size n, const double *d, double *out)
{
	Size		m = 0;

	for (Size i = 0; i < n; i++)
		if (!isnan(d[i]))
			out[m++] = d[i];
	CHECK_FOR_INTERRUPTS();
	return m;
}

void
distances_rank(Size n, double *d)
{
	double	   *present = huge_matrix(1, n);
	double	   *ranks = huge_matrix(1, n);
	Size		m = gather_present(n, d, present);
	RankScratch scratch;

	rank_scratch_allocate(&scratch, m);
	rank_average(&scratch, m, present, ranks, true);
	m = 0;
	for (Size i = 0; i < n; i++)
		if (!isnan(d[i]))
			d[i] = ranks[m++];
}

/* The q quantile of sorted values, linear between neighbours (Hyndman and Fan's type 7). */
static double
quantile(const RankOrder *sorted, Size n, double q)
{
	double		at = q * (double) (n - 1);
	Size		k = (Size) at;
	double		low = sorted->values[rank_index(sorted, k)];
	double		high = sorted->values[rank_index(sorted, Min(k + 1, n - 1))];

	return low + (at - (double) k) * (high / 2 - low / 2) * 2;
}

void
distances_clip(Size n, double *d, double lower, double upper)
{
	double	   *present = huge_matrix(1, n);
	Size		m = gather_present(n, d, present);
	RankScratch scratch;
	RankOrder	sorted;
	double		low;
	double		high;

	if (m == 0)
		return;
	rank_scratch_allocate(&scratch, m);
	sorted = rank_order(&scratch, m, present, true);
	low = quantile(&sorted, m, lower);
	high = quantile(&sorted, m, upper);
	for (Size i = 0; i < n; i++)
		if (!isnan(d[i]))
			d[i] = d[i] <= low ? 0 : d[i] >= high ? 1 : (d[i] / 2 - low / 2) / (high / 2 - low / 2);
}

/* ---- by their size ---- */

typedef struct Extent
{
	Size		present;
	double		smallest;
	double		largest;
	double		size;			/* the larger of the two, without sign */
} Extent;

static Extent
extent_of(Size n, const double *d)
{
	Extent		e = {0, INFINITY, -INFINITY, 0};

	for (Size i = 0; i < n; i++)
		if (!isnan(d[i]))
		{
			e.present++;
			e.smallest = Min(e.smallest, d[i]);
			e.largest = Max(e.largest, d[i]);
		}
	CHECK_FOR_INTERRUPTS();
	e.size = Max(fabs(e.smallest), fabs(e.largest));
	return e;
}

/* (d - centre) / divisor, both multiples of 'size' */
static void
shift_and_divide(Size n, double *d, double size, double centre, double divisor)
{
	for (Size i = 0; i < n; i++)
		d[i] = (d[i] / size - centre) / divisor;
}

/* Sum over those present of (d / size - centre)^power, power 1 or 2 */
static double
moment(Size n, const double *d, double size, double centre, int power)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		if (!isnan(d[i]))
		{
			double		x = d[i] / size - centre;

			sum += power == 1 ? x : x * x;
		}
	CHECK_FOR_INTERRUPTS();
	return sum;
}

static void
set_present(Size n, double *d, double value)
{
	for (Size i = 0; i < n; i++)
		if (!isnan(d[i]))
			d[i] = value;
}

static void
scale_unit(Size n, double *d, Extent e)
{
	if (e.size > 0)
		shift_and_divide(n, d, e.size, 0, sqrt(moment(n, d, e.size, 0, 2)));
}

static void
scale_max(Size n, double *d, Extent e)
{
	if (e.largest <= 0 && e.size > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the largest distance is not positive, so distances can't be divided by it"),
				 errdetail_client("It is %g.", e.largest),
				 errhint("Scale by 'unit'.")));
	if (e.size > 0)
		shift_and_divide(n, d, e.largest, 0, 1);
}

static void
scale_minmax(Size n, double *d, Extent e)
{
	if (e.smallest < e.largest)
		shift_and_divide(n, d, e.size, e.smallest / e.size, e.largest / e.size - e.smallest / e.size);
	else
		set_present(n, d, 0);
}

static void
scale_zscore(Size n, double *d, Extent e)
{
	double		mean;

	if (e.smallest == e.largest)
	{
		set_present(n, d, 0);
		return;
	}
	mean = moment(n, d, e.size, 0, 1) / (double) e.present;
	shift_and_divide(n, d, e.size, mean, sqrt(moment(n, d, e.size, mean, 2) / (double) e.present));
}

void
distances_scale(Size n, double *d, DistanceScale scale)
{
	Extent		e = extent_of(n, d);

	if (e.present == 0)
		return;
	switch (scale)
	{
		case SCALE_UNIT:
			scale_unit(n, d, e);
			break;
		case SCALE_MAX:
			scale_max(n, d, e);
			break;
		case SCALE_MINMAX:
			scale_minmax(n, d, e);
			break;
		case SCALE_ZSCORE:
			scale_zscore(n, d, e);
			break;
		case SCALE_SQRT:
			for (Size i = 0; i < n; i++)
				d[i] = d[i] < 0 ? 0 : sqrt(d[i]);
			break;
		case SCALE_POSITIVE:
			for (Size i = 0; i < n; i++)
				d[i] = d[i] < 0 ? 0 : d[i];
			break;
	}
}
