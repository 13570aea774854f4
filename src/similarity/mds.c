/*
 * mds.c
 *		Classical multidimensional scaling (Torgerson 1952; Gower 1966).
 *
 * Squared distances are double-centred (rdm_kernel.c); the coordinates of the k
 * largest eigenvalues l are the eigenvectors times sqrt(l).  Cost: 2 n^2 flops a
 * row of a Krylov space of some tens to hundreds (linalg/krylov.c) if k is small and n is
 * not, else a complete decomposition; all eigenvalues always take the latter.
 *
 * What is squared differs from rdm_kernel in three metrics: cityblock, unknown
 * and transformed distances are squared as in R's cmdscale, so that distances
 * in the map are about those of the RDM.
 */
#include "postgres.h"

#include <math.h>

#include "base/memory.h"
#include "linalg/linalg.h"
#include "similarity/mds.h"
#include "similarity/rdm_kernel.h"
#include "stats/pca.h"
#include "stats/spectrum.h"

Size
mds_scratch(Size n, Size k)
{
	Size		matrices = size_mul(size_mul(size_add(n, size_add(k, 2)), n), sizeof(double));

	return size_add(matrices, k > 0 ? eigh_largest_scratch(n, k) : eigh_scratch(n));
}

static bool
mds_squares(RdmMetric metric)
{
	return rdm_kernel_squares(metric) || metric == RDM_CITYBLOCK || metric == RDM_UNKNOWN ||
		metric == RDM_TRANSFORMED;
}

void
mds_coordinates(const Rdm *r, Size k, double *out)
{
	Size		n = r->n_conditions;
	double	   *matrix = huge_matrix(n, n);
	double	   *vectors = huge_matrix(k, n);
	double	   *values = huge_matrix(1, k);
	double		cut;

	rdm_centred(r, NULL, r->n_conditions, mds_squares(r->metric), matrix);
	eigh_largest_f8(n, matrix, k, values, vectors);
	cut = spectrum_cut(values[k - 1], n, n);
	for (Size j = 0; j < k; j++)
	{
		double		value = values[k - 1 - j];
		double	   *vector = vectors + (k - 1 - j) * n;
		double		length = value > cut ? sqrt(value) : 0;

		pca_fix_sign(n, vector);
		for (Size i = 0; i < n; i++)
			out[i * k + j] = vector[i] * length + 0.0;	/* no -0 */
	}
	pfree(matrix);
	pfree(vectors);
	pfree(values);
}

static void
decompose(const Rdm *r, bool square, double *values)
{
	Size		n = r->n_conditions;
	double	   *matrix = huge_matrix(n, n);
	double	   *ascending = huge_matrix(1, n);

	rdm_centred(r, NULL, r->n_conditions, square, matrix);
	eigh_f8(n, matrix, ascending);
	for (Size i = 0; i < n; i++)
		values[i] = ascending[n - 1 - i];
	pfree(matrix);
	pfree(ascending);
}

void
mds_eigenvalues(const Rdm *r, double *values)
{
	decompose(r, mds_squares(r->metric), values);
}

void
rdm_spectrum(const Rdm *r, double *values)
{
	decompose(r, rdm_kernel_squares(r->metric), values);
}
