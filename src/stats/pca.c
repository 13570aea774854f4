/*
 * pca.c
 *		Principal component analysis (Pearson 1901; Jolliffe 2002), variances
 *		with n - 1.
 *
 * From moments: the eigenvectors of Xc'Xc (p x p), 9 p^3 flops.  From rows, when
 * n < p: the eigenvectors v of the kernel Xc Xc' (n x n), and the components
 * Xc'v scaled to length one, n^2 p + 9 n^3 + 2 n p k flops.
 *
 * A component is determined up to its sign: ours has its largest loading
 * positive (of loadings that are equal to 1e-6, the first).  Past the rank of
 * the data (eigenvalue below max(n, p) epsilon times the first) a direction
 * would be made of rounding errors: such components are zero, with variance 0.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "linalg/linalg.h"
#include "stats/pca.h"
#include "stats/spectrum.h"

Pca *
pca_new(int32 p, int32 k, int64 n)
{
	Size		doubles = size_add(size_mul(size_add(p, 1), k), p);
	Size		bytes = size_add(offsetof(Pca, values), size_mul(doubles, sizeof(double)));
	Pca		   *pca;

	if (bytes > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d principal components of %d features take %zu bytes, over the maximum of 1 GB",
						k, p, bytes),
				 errhint("Ask for fewer components.")));
	pca = palloc0(bytes);
	SET_VARSIZE(pca, bytes);
	pca->version = PCA_VERSION;
	pca->p = p;
	pca->k = k;
	pca->n = n;
	return pca;
}

Size
pca_scratch(Size n, Size p, Size k, bool kernel)
{
	Size		order = kernel ? n : p;
	Size		doubles = order;

	if (kernel)
		doubles = size_add(doubles, size_mul(n, n));
	return size_add(eigh_scratch(order), size_mul(doubles, sizeof(double)));
}

void
pca_fix_sign(Size p, double *component)
{
	double		largest = 0;
	double		sign;
	Size		at = 0;

	for (Size j = 0; j < p; j++)
		largest = Max(largest, fabs(component[j]));
	while (at + 1 < p && fabs(component[at]) < largest * (1 - 1e-6))
		at++;
	sign = component[at] < 0 ? -1 : 1;
	for (Size j = 0; j < p; j++)
		component[j] = sign * component[j] + 0.0;
}

static void
normalize(Size p, double *component)
{
	double		sum = 0;
	double		scale;

	for (Size j = 0; j < p; j++)
		sum += component[j] * component[j];
	scale = sum > 0 ? 1 / sqrt(sum) : 0;
	for (Size j = 0; j < p; j++)
		component[j] *= scale;
}

/*
 * Variances of the k largest of 'order' ascending eigenvalues.  Returns how many
 * of them belong to the rank of the data; the others are left 0.
 */
static int
set_variances(Pca *pca, Size order, const double *eigenvalues)
{
	double		largest = eigenvalues[order - 1];
	double		cut = spectrum_cut(largest, (Size) pca->n, (Size) pca->p);
	int			rank = 0;

	while (rank < pca->k && eigenvalues[order - 1 - rank] > cut)
	{
		PCA_VARIANCE(pca)[rank] = eigenvalues[order - 1 - rank] / (double) (pca->n - 1);
		rank++;
	}
	return rank;
}

void
pca_from_scatter(Pca *pca, double *scatter)
{
	Size		p = (Size) pca->p;
	double	   *eigenvalues = huge_alloc(p * sizeof(double));
	int			rank;

	pca->total_variance = spectrum_trace(p, scatter) / (double) (pca->n - 1);
	spectrum_require_finite(p, scatter);
	eigh_f8(p, scatter, eigenvalues);
	rank = set_variances(pca, p, eigenvalues);
	for (int i = 0; i < rank; i++)
	{
		double	   *component = PCA_COMPONENTS(pca) + i * p;

		CHECK_FOR_INTERRUPTS();
		memcpy(component, scatter + (p - 1 - i) * p, p * sizeof(double));
		pca_fix_sign(p, component);
	}
	pfree(eigenvalues);
}

void
pca_from_rows(Pca *pca, const double *rows)
{
	Size		p = (Size) pca->p;
	Size		n = (Size) pca->n;
	double	   *eigenvalues = huge_alloc(n * sizeof(double));
	double	   *kernel = huge_alloc(size_mul(size_mul(n, n), sizeof(double)));
	int			rank;

	syrk_f8(false, n, p, 1, rows, p, 0, kernel, n);
	pca->total_variance = spectrum_trace(n, kernel) / (double) (pca->n - 1);
	spectrum_require_finite(n, kernel);
	eigh_f8(n, kernel, eigenvalues);
	rank = set_variances(pca, n, eigenvalues);

	/* the last rows of the kernel's eigenvectors, ascending: turned round by swapping */
	for (int i = 0; i < rank / 2; i++)
	{
		double	   *low = kernel + (n - rank + i) * n;
		double	   *high = kernel + (n - 1 - i) * n;

		for (Size j = 0; j < n; j++)
		{
			double		swap = low[j];

			low[j] = high[j];
			high[j] = swap;
		}
	}
	if (rank > 0)
		gemm_f8(false, false, rank, p, n, 1, kernel + (n - rank) * n, n, rows, p,
				0, PCA_COMPONENTS(pca), p);
	for (int i = 0; i < rank; i++)
	{
		CHECK_FOR_INTERRUPTS();
		normalize(p, PCA_COMPONENTS(pca) + i * p);
		pca_fix_sign(p, PCA_COMPONENTS(pca) + i * p);
	}
	pfree(kernel);
	pfree(eigenvalues);
}

void
pca_project(const Pca *pca, Size m, double *x, double *out)
{
	Size		p = (Size) pca->p;
	Size		k = (Size) pca->k;

	for (Size i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			x[i * p + j] -= PCA_MEAN(pca)[j];
	}
	if (m == 1)
		gemv_f8(false, k, p, 1, PCA_COMPONENTS(pca), p, x, 0, out);
	else
		gemm_f8(false, true, m, k, p, 1, x, p, PCA_COMPONENTS(pca), p, 0, out, k);
}
