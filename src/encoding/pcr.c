/*
 * pcr.c
 *		Principal component regression from X'X and X'Y: least squares on the
 *		scores of the leading components (Massy 1965; Jolliffe 2002, chapter 8).
 *
 * With X'X = V diag(lambda) V' the scores X V are orthogonal, so that the weights
 * are V_k diag(1 / lambda_k) V_k' X'Y: 9 p^3 flops for a training set, 4 p k a
 * target.  Components past the rank of the data are left out.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "base/memory.h"
#include "encoding/component_models.h"
#include "linalg/linalg.h"

PcrBasis
pcr_basis(int p, double *xx, int n_components)
{
	double	   *lambda = huge_matrix(1, p);
	PcrBasis	basis = {0, NULL};
	double		smallest;

	eigh_f8(p, xx, lambda);
	smallest = Max(0, lambda[p - 1]) * p * DBL_EPSILON;
	while (basis.k < n_components && lambda[p - 1 - basis.k] > smallest)
		basis.k++;
	basis.components = huge_matrix(basis.k, p);
	for (int i = 0; i < basis.k; i++)
		for (int j = 0; j < p; j++)
			basis.components[(Size) i * p + j] = xx[(Size) (p - 1 - i) * p + j] / sqrt(lambda[p - 1 - i]);
	pfree(lambda);
	return basis;
}

void
pcr_weights(const PcrBasis *basis, int p, int nt, const double *xy, double *weights)
{
	double	   *projected;

	memset(weights, 0, (Size) p * nt * sizeof(double));
	if (basis->k == 0)
		return;
	projected = huge_matrix(basis->k, nt);
	gemm_f8(false, false, basis->k, nt, p, 1, basis->components, p, xy, nt, 0, projected, nt);
	gemm_f8(true, false, p, nt, basis->k, 1, basis->components, p, projected, nt, 0, weights, nt);
	pfree(projected);
}
