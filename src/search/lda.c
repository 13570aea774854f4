/*
 * lda.c
 *		Linear discriminant analysis (Fisher 1936; Rao 1948) from sums by class.
 *
 * S_w is the covariance of rows about the mean of their own class, shrunk to
 * (1 - a) S_w + a mu I.  Two classes: w = inv(S_w) (m_1 - m_0).  More: the
 * generalised eigenproblem S_b w = l S_w w, S_b the covariance of the classes'
 * means weighted by their rows.  With S_w = L L' and Z the rows
 * sqrt(n_k / n) inv(L) (m_k - m), it is the singular value decomposition of Z
 * (k x p): w = inv(L') v, l = s^2.
 *
 * Ledoit and Wolf's intensity is that of the rows about their class's mean taken
 * as one sample: it needs sum |x - m_k|^4, which the residuals of each class have.
 *
 * Cost: p^2 a class, p^3 / 3 for the factor, 4 k^2 p and more for the axes.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "search/lda.h"
#include "stats/ledoit_wolf.h"
#include "stats/pca.h"

static Size
n_axes(const ClassSums *s)
{
	return Min((Size) class_sums_classes(s) - 1, (Size) s->p);
}

Size
lda_scratch(const ClassSums *s)
{
	Size		p = s->p;
	Size		k = class_sums_classes(s);
	Size		within = size_mul(size_mul(2, p), size_add(p, 150));
	Size		axes = size_add(size_mul(size_mul(3, k), size_add(p, k)), p);

	return size_mul(Max(within, axes), sizeof(double));
}

double
lda_within(const ClassSums *s, double shrinkage, double *covariance)
{
	Size		p = s->p;
	double		fourth = 0;

	memset(covariance, 0, p * p * sizeof(double));
	for (int i = 0; i < class_sums_classes(s); i++)
	{
		MemoryContext sums_cxt = AllocSetContextCreate(CurrentMemoryContext, "sums of a class", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(sums_cxt);
		ResidualSums sums = residuals_sums(s->classes[i].residuals);

		fourth += residuals_about_mean(&sums);
		for (Size j = 0; j < p * p; j++)
		{
			breathe(true, j);
			covariance[j] += sums.xx[j];
		}
		MemoryContextSwitchTo(old);
		MemoryContextDelete(sums_cxt);
	}
	if (isnan(shrinkage))
		shrinkage = ledoit_wolf_intensity(p, s->n, fourth, covariance);
	shrink_covariance(p, s->n, (double) s->n, shrinkage, covariance);
	return shrinkage;
}

/* out (k x p): sqrt(n_k / n) (m_k - m) */
static void
weighted_means(const ClassSums *s, double *out)
{
	Size		p = s->p;
	Size		k = class_sums_classes(s);
	double	   *mean = huge_alloc0(p * sizeof(double));

	for (Size i = 0; i < k; i++)
	{
		double		share = (double) class_sums_n(s, (int) i) / (double) s->n;

		CHECK_FOR_INTERRUPTS();
		class_sums_mean(s, (int) i, out + i * p);
		for (Size j = 0; j < p; j++)
			mean[j] += share * out[i * p + j];
	}
	for (Size i = 0; i < k; i++)
	{
		double		weight = sqrt((double) class_sums_n(s, (int) i) / (double) s->n);

		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < p; j++)
			out[i * p + j] = weight * (out[i * p + j] - mean[j]);
	}
	pfree(mean);
}

static void
transpose(Size rows, Size columns, const double *a, double *out)
{
	for (Size i = 0; i < rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < columns; j++)
			out[j * rows + i] = a[i * columns + j];
	}
}

int
lda_directions(const ClassSums *s, const double *factor, double *directions, double *separation)
{
	Size		p = s->p;
	Size		k = class_sums_classes(s);
	Size		r = Min(k, p);
	Size		m = n_axes(s);
	double	   *rows = huge_matrix(k, p);
	double	   *z = huge_matrix(p, k);
	double	   *values = huge_matrix(1, r);
	double	   *u = huge_matrix(k, r);
	double	   *vt = huge_matrix(r, p);
	int			found = 0;

	weighted_means(s, rows);
	transpose(k, p, rows, z);
	trsm_lower_f8(false, p, k, factor, p, z, k);
	transpose(p, k, z, rows);
	svd_f8(k, p, rows, values, u, vt);
	while (found < (int) m && values[found] > (double) Max(k, p) * DBL_EPSILON * values[0])
		found++;
	transpose(found, p, vt, z);
	trsm_lower_f8(true, p, found, factor, p, z, found);
	transpose(p, found, z, directions);
	for (int i = 0; i < found; i++)
	{
		separation[i] = values[i] * values[i];
		pca_fix_sign(p, directions + i * p);
	}
	return found;
}
