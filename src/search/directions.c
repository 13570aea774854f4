/*
 * directions.c
 *		Directions of a space: the causal inner product (Park, Choe and Veitch
 *		2023), whitening, and orthogonal projection.
 *
 * A covariance is factored once (p^3 / 3 flops; the symmetric root some 10 p^3), and
 * then takes 2 p^2 flops a vector.  The basis of k directions is the right side of
 * the singular value decomposition of their unit vectors, so that neither their
 * lengths nor their order count.  A projection is subtracted twice: what rounding
 * leaves of the first time would not be orthogonal where little of a row is left.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/directions.h"
#include "stats/differences.h"

/* ---- covariances ---- */

bool
covariance_factor(Size p, double *covariance)
{
	double	   *least = huge_alloc(p * sizeof(double));
	bool		good;

	for (Size j = 0; j < p; j++)
		least[j] = covariance[j * p + j] * 4 * (double) p * DBL_EPSILON;
	good = cholesky_f8(p, covariance, p) == 0;
	for (Size j = 0; good && j < p; j++)
		good = covariance[j * p + j] * covariance[j * p + j] > least[j];
	pfree(least);
	return good;
}

void
covariance_solve(Size p, const double *factor, double *x)
{
	trsm_lower_f8(false, p, 1, factor, p, x, 1);
	trsm_lower_f8(true, p, 1, factor, p, x, 1);
}

double
covariance_inner_product(Size p, const double *factor, const double *u, const double *v, double *work)
{
	double		sum = 0;

	for (Size j = 0; j < p; j++)
	{
		work[2 * j] = u[j];
		work[2 * j + 1] = v[j];
	}
	trsm_lower_f8(false, p, 2, factor, p, work, 2);
	for (Size j = 0; j < p; j++)
		sum += work[2 * j] * work[2 * j + 1];
	return sum;
}

bool
covariance_whitening(Size p, double *covariance, double *root)
{
	double	   *values = huge_matrix(1, p);

	eigh_f8(p, covariance, values);
	if (!(values[0] > (double) p * DBL_EPSILON * values[p - 1]))
		return false;
	for (Size i = 0; i < p; i++)
	{
		double		scale = 1 / sqrt(sqrt(values[i]));

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			covariance[i * p + j] *= scale;
	}
	syrk_f8(true, p, p, 1, covariance, p, 0, root, p);
	memcpy(covariance, root, p * p * sizeof(double));
	pfree(values);
	return true;
}

/* ---- spans ---- */

Size
span_scratch(Size k, Size p)
{
	Size		r = Min(k, p);

	return size_mul(size_mul(size_add(k, 1), size_add(r, 1)), sizeof(double));
}

Size
span_basis(Size k, Size p, double *directions, double precision, double *basis)
{
	Size		r = Min(k, p);
	double	   *u = huge_matrix(k, r);
	double	   *values = huge_matrix(1, r);
	Size		rank = 0;

	for (Size i = 0; i < k; i++)
	{
		double	   *row = directions + i * p;
		double		length;

		CHECK_FOR_INTERRUPTS();
		scale_to_one(p, row);
		length = sqrt(squared_length(row, p));
		for (Size j = 0; length > 0 && j < p; j++)
			row[j] /= length;
	}
	svd_f8(k, p, directions, values, u, basis);
	while (rank < r && values[rank] > precision)
		rank++;
	pfree(u);
	pfree(values);
	return rank;
}

void
span_project_out(Size rank, Size p, const double *basis, Size n, double *x, double *scores)
{
	if (rank == 0 || n == 0)
		return;
	if (rank == p)
	{
		for (Size i = 0; i < n * p; i++)
			x[i] = isfinite(x[i]) ? 0 : NAN;
		return;
	}
	for (int time = 0; time < 2; time++)
	{
		if (n == 1)
		{
			gemv_f8(false, rank, p, 1, basis, p, x, 0, scores);
			gemv_f8(true, p, rank, -1, basis, p, scores, 1, x);
		}
		else
		{
			gemm_f8(false, true, n, rank, p, 1, x, p, basis, p, 0, scores, rank);
			gemm_f8(false, false, n, p, rank, -1, scores, rank, basis, p, 1, x, p);
		}
	}
}
