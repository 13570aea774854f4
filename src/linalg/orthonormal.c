/*
 * orthonormal.c
 *		Orthonormal rows, by Householder QR of the transpose: 4 k^2 (n - k / 3) flops.
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/householder.h"
#include "linalg/linalg.h"
#include "linalg/orthonormal.h"
#include "linalg/qr.h"

Size
orthonormal_scratch(Size k, Size n)
{
	Size		matrices = size_mul(size_mul(k, size_add(k, n)), sizeof(double));

	return size_add(matrices, size_add(qr_scratch(n, k), householder_scratch(k, n, k)));
}

void
orthonormal_rows_f8(Size k, Size n, double *a)
{
	TallQr		qr = {.m = n, .n = k, .a = a};	/* rows of A are the columns of a tall matrix */
	double	   *r = huge_matrix(k, k);
	double	   *q = huge_matrix(k, n);
	Reflectors	reflectors = {.count = k, .length = n, .copy = qr_copy_q, .source = &qr};

	progress_begin("orthonormal rows", qr_flops(n, k) + householder_flops(k, n, k));
	qr_tall(&qr, r);
	reflectors.tau = qr.tau;
	memset(q, 0, k * n * sizeof(double));
	for (Size i = 0; i < k; i++)
		q[i * n + i] = r[i * k + i] < 0 ? -1 : 1;
	householder_apply(&reflectors, VECTORS_IN_ROWS, k, q, n);
	progress_end();
	memcpy(a, q, k * n * sizeof(double));
	pfree(qr.tau);
	pfree(q);
	pfree(r);
}
