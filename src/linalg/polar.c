/*
 * polar.c
 *		The orthogonal factor of a matrix: what orthogonal Procrustes problems are
 *		solved by (Schoenemann 1966).
 */
#include "postgres.h"

#include "base/memory.h"
#include "linalg/linalg.h"

Size
polar_scratch(Size m, Size n)
{
	Size		r = Min(m, n);
	Size		doubles = size_mul(r, size_add(size_add(m, n), 1));

	return size_add(size_mul(doubles, sizeof(double)), svd_scratch(m, n));
}

double
polar_f8(Size m, Size n, double *a, double *w)
{
	Size		r = Min(m, n);
	double	   *s = huge_alloc(r * sizeof(double));
	double	   *u = huge_matrix(m, r);
	double	   *vt = huge_matrix(r, n);
	double		sum = 0;

	svd_f8(m, n, a, s, u, vt);
	gemm_f8(false, false, m, n, r, 1, u, r, vt, n, 0, w, n);
	for (Size i = 0; i < r; i++)
		sum += s[i];
	pfree(s);
	pfree(u);
	pfree(vt);
	return sum;
}
