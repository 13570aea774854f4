/*
 * drift_basis.c
 *		An orthonormal basis of the slow drifts of a run, jointly of cosines and
 *		polynomials, at all or some of its time points.
 *
 * Cosine k at time t of n is sqrt(2/n) cos(pi k (2 t + 1) / 2 n), the discrete cosine
 * transform (Ahmed, Natarajan and Rao 1974), and k = 0 the constant: orthonormal
 * as they stand when every time point is there.  Its argument is a multiple of
 * pi / 2n, so they come from one table.
 *
 * The polynomials span what Legendre's do.  Legendre's are orthogonal on an
 * interval, not at points, and at even steps their high degrees are almost dependent; each
 * degree is made instead as t times the one before, orthogonalised at once
 * (Arnoldi's process; Brubeck, Nakatsukasa and Trefethen 2021), which holds at any degree.
 *
 * Orthogonalising is Gram and Schmidt's, twice (Giraud, Langou and Rozloznik
 * 2005): 8 n i flops for vector i, so the polynomials cost 8 n (cosines) (degree),
 * and only where time points are missing the cosines 4 n (cosines)^2.  Many
 * cosines come near to a polynomial (a degree of 5 beside 50 of them): one that
 * is 1e-10 its own is left out, since rounding would decide its direction.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "encoding/drift_basis.h"
#include "linalg/linalg.h"

/* A vector of which less remains beside the others depends on them */
#define DEPENDENT 1e-10

static double
norm(Size n, const double *v)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
		sum += v[i] * v[i];
	return sqrt(sum);
}

/* v (n) made orthogonal to the orthonormal rows of q (k x n), of norm 1; false if it depends on them. */
static bool
orthonormalise(Size n, Size k, const double *q, double *v, double *projections)
{
	double		before = norm(n, v);
	double		after;

	for (int pass = 0; pass < 2 && k > 0; pass++)
	{
		gemv_f8(false, k, n, 1.0, q, n, v, 0.0, projections);
		gemv_f8(true, n, k, -1.0, q, n, projections, 1.0, v);
	}
	after = norm(n, v);
	if (!(after > DEPENDENT * before))
		return false;
	for (Size i = 0; i < n; i++)
		v[i] /= after;
	return true;
}

/* Rows rank .. of q, 'count' of them, orthonormalised in place; returns the new rank. */
static Size
orthonormalise_rows(Size n, Size rank, Size count, double *q, double *projections)
{
	Size		end = rank + count;

	for (Size i = rank; i < end && rank < n; i++)
	{
		if (i > rank)
			memcpy(q + rank * n, q + i * n, n * sizeof(double));
		if (orthonormalise(n, rank, q, q + rank * n, projections))
			rank++;
	}
	return rank;
}

static void
write_cosines(Size k, Size n_times, Size n, const Size *times, double *out)
{
	Size		period = 4 * n_times;
	double	   *table = huge_alloc(size_mul(period, sizeof(double)));

	for (Size i = 0; i < period; i++)
		table[i] = sqrt(2.0 / (double) n_times) * cos(M_PI * (double) i / (2.0 * (double) n_times));
	for (Size i = 0; i < n; i++)
		out[i] = sqrt(1.0 / (double) n_times);
	for (Size c = 1; c < k; c++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < n; i++)
			out[c * n + i] = table[c * (2 * times[i] + 1) % period];
	}
	pfree(table);
}

/* Orthonormal polynomials of degree 0 .. degree, a row each; returns how many there are. */
static Size
write_polynomials(Size degree, Size n_times, Size n, const Size *times, double *out,
				  double *projections)
{
	for (Size i = 0; i < n; i++)
		out[i] = sqrt(1.0 / (double) n);
	for (Size d = 1; d <= degree; d++)
	{
		double	   *p = out + d * n;

		for (Size i = 0; i < n; i++)
			p[i] = (2.0 * (double) times[i] / ((double) n_times - 1.0) - 1.0) * p[i - n];
		if (!orthonormalise(n, d, out, p, projections))
			return d;
	}
	return degree + 1;
}

Size
drift_basis_scratch(const DriftSpec *spec, Size n_times)
{
	Size		doubles = size_mul(size_add(spec->degree, 5), n_times);

	return size_mul(size_add(doubles, DRIFT_VECTORS(spec)), sizeof(double));
}

Size
drift_basis(const DriftSpec *spec, Size n_times, Size n, const Size *times, double *basis)
{
	double	   *projections;
	double	   *polynomials;
	Size		rank;
	Size		found;

	if (DRIFT_VECTORS(spec) >= n)
		return n;
	projections = huge_alloc(size_mul(DRIFT_VECTORS(spec), sizeof(double)));
	write_cosines(spec->n_cosines, n_times, n, times, basis);
	rank = n == n_times ? spec->n_cosines :
		orthonormalise_rows(n, 0, spec->n_cosines, basis, projections);
	if (spec->degree > 0)
	{
		polynomials = huge_alloc(size_mul(size_mul(spec->degree + 1, n), sizeof(double)));
		found = write_polynomials(spec->degree, n_times, n, times, polynomials, projections);
		memcpy(basis + rank * n, polynomials + n, (found - 1) * n * sizeof(double));
		rank = orthonormalise_rows(n, rank, found - 1, basis, projections);
		pfree(polynomials);
	}
	pfree(projections);
	return rank;
}
