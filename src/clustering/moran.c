/*
 * moran.c
 *		Spatial autocorrelation of a map (Moran 1950).
 *
 * With z the values less their mean and w_ij 1 for neighbours, 0 otherwise,
 *	 I = n / S0 * sum_ij w_ij z_i z_j / sum_i z_i^2,	 S0 = sum_ij w_ij.
 * Mean and variance are those over all ways to deal the values to the voxels
 * (Cliff and Ord 1981, randomisation): -1 / (n - 1), and of S0, S1 = 2 S0, S2 = 4
 * sum_i (neighbours of i)^2 and the values' kurtosis.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "clustering/moran.h"
#include "voxel/neighbours.h"

/* Values less their mean, over the largest of these, so that powers stay in range; 0 if all are equal. */
static double *
centred_values(int n, const double *value)
{
	double	   *z = huge_matrix(1, n);
	double		size = 0;
	double		largest = 0;
	double		mean = 0;

	for (int i = 0; i < n; i++)
		size = Max(size, fabs(value[i]));
	for (int i = 0; i < n; i++)
	{
		z[i] = size > 0 ? value[i] / size - value[0] / size : 0;
		mean += z[i] / n;
	}
	for (int i = 0; i < n; i++)
	{
		z[i] -= mean;
		largest = Max(largest, fabs(value[i] - value[0]));
	}
	if (largest == 0)
		return memset(z, 0, n * sizeof(double));
	largest = 0;
	for (int i = 0; i < n; i++)
		largest = Max(largest, fabs(z[i]));
	for (int i = 0; i < n; i++)
		z[i] /= largest;
	return z;
}

/* The variance of I over all dealings; kurtosis: n sum z^4 / (sum z^2)^2. */
static double
dealt_variance(double n, double s0, double s1, double s2, double kurtosis)
{
	double		first = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0);
	double		second = kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0);

	return (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0 * s0) - 1 / ((n - 1) * (n - 1));
}

Moran
moran_i(int n, const Voxel *v, const double *value, double radius)
{
	Moran		moran = {.i = NAN, .expected = NAN, .variance = NAN, .z = NAN, .p = NAN};
	MemoryContext scratch = scratch_create("moran_i", size_mul(Max(n, 1), sizeof(double)), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	const VoxelNeighbours *found = voxel_neighbours(n, v, radius);
	const double *z = centred_values(n, value);
	double		s0 = (double) found->start[n];
	double		s2 = 0;
	double		products = 0;
	double		squares = 0;
	double		fourths = 0;

	for (int i = 0; i < n; i++)
	{
		double		degree = (double) (found->start[i + 1] - found->start[i]);
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		for (Size e = found->start[i]; e < found->start[i + 1]; e++)
			sum += z[found->neighbour[e]];
		products += z[i] * sum;
		squares += z[i] * z[i];
		fourths += z[i] * z[i] * z[i] * z[i];
		s2 += 4 * degree * degree;
	}
	moran.n_pairs = (int64) (found->start[n] / 2);
	if (n > 1)
		moran.expected = -1.0 / (n - 1);
	if (s0 > 0 && squares > 0)
	{
		moran.i = n / s0 * products / squares;
		if (n > 3)
			moran.variance = dealt_variance(n, s0, 2 * s0, s2, n * fourths / (squares * squares));
		if (moran.variance > 1e-14)
		{
			moran.z = (moran.i - moran.expected) / sqrt(moran.variance);
			moran.p = erfc(fabs(moran.z) * M_SQRT1_2);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return moran;
}
