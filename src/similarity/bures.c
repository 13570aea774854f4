/*
 * bures.c
 *		The fidelity of two kernels, by their factors.
 *
 * tr (A^1/2 B A^1/2)^1/2 is the nuclear norm of A^1/2 B^1/2 (Uhlmann 1976), and of
 * F_a F_b' for any factors F'F of the two: so each kernel is decomposed once and a
 * pair costs a product and the singular values.  Eigenvalues that are zero but for
 * rounding are dropped, since a root makes 1e-8 of 1e-16.  Negative ones are too:
 * the kernel of an RDM that no patterns have (noise about crossnobis distances, a
 * divergence) is replaced by the nearest that has none, in its trace as well.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "base/memory.h"
#include "linalg/linalg.h"
#include "similarity/bures.h"

Size
bures_factor_scratch(int n)
{
	return size_add(eigh_scratch(n), size_mul(n, sizeof(double)));
}

Size
bures_nuclear_scratch(int n)
{
	return size_add(svd_scratch(n, n), size_mul(size_mul(n, (Size) n + 1), sizeof(double)));
}

double
bures_factor(int n, double *k, int *rank)
{
	double	   *w = huge_matrix(1, n);
	double		trace = 0;
	int			r = 0;

	eigh_f8(n, k, w);
	for (int i = 0; i < n; i++)
	{
		double		root;

		if (w[i] <= n * DBL_EPSILON * fabs(w[n - 1]))
			continue;
		root = sqrt(w[i]);
		trace += w[i];
		for (Size j = 0; j < (Size) n; j++)
			k[(Size) r * n + j] = root * k[(Size) i * n + j];
		r++;
	}
	pfree(w);
	*rank = r;
	return trace;
}

double
bures_nuclear(int n, const double *a, int rank_a, const double *b, int rank_b)
{
	double	   *product;
	double	   *s;
	double		sum = 0;
	int			r = Min(rank_a, rank_b);

	if (r == 0)
		return 0;
	product = huge_matrix(rank_a, rank_b);
	s = huge_matrix(1, r);
	gemm_f8(false, true, rank_a, rank_b, n, 1, a, n, b, n, 0, product, rank_b);
	svd_f8(rank_a, rank_b, product, s, NULL, NULL);
	for (int i = 0; i < r; i++)
		sum += s[i];
	pfree(product);
	pfree(s);
	return sum;
}

double
bures_value(bool distance, double trace_a, double trace_b, double nuclear)
{
	if (distance)
		return sqrt(Max(0.0, trace_a + trace_b - 2 * nuclear));
	if (trace_a == 0 || trace_b == 0)
		return NAN;
	return Min(1.0, nuclear / (sqrt(trace_a) * sqrt(trace_b)));
}
