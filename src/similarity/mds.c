/*
 * mds.c
 *		Classical multidimensional scaling (Torgerson 1952; Gower 1966).
 *
 * Squared distances are double-centred (rdm_kernel.c); the coordinates of the k
 * largest eigenvalues l are the eigenvectors times sqrt(l).  Cost: one complete
 * symmetric decomposition, 9 n^3 flops with its vectors.
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
mds_scratch(Size n)
{
	Size		matrix = size_mul(size_mul(n, n), sizeof(double));

	return size_add(size_add(matrix, size_mul(n, 2 * sizeof(double))), eigh_scratch(n));
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
	double	   *vectors = huge_matrix(n, n);
	double	   *values = huge_matrix(1, n);
	double		cut;

	rdm_centred(r, NULL, r->n_conditions, mds_squares(r->metric), vectors);
	eigh_f8(n, vectors, values);
	cut = spectrum_cut(values[n - 1], n, n);
	for (Size j = 0; j < k; j++)
	{
		double		value = values[n - 1 - j];
		double	   *vector = vectors + (n - 1 - j) * n;
		double		length = value > cut ? sqrt(value) : 0;

		pca_fix_sign(n, vector);
		for (Size i = 0; i < n; i++)
			out[i * k + j] = vector[i] * length;
	}
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
