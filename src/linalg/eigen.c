#include "postgres.h"

#include "linalg/blas.h"
#include "linalg/linalg.h"

static Size
syevd_work(Size n)
{
	return 1 + 6 * n + 2 * n * n;
}

static Size
syevd_iwork(Size n)
{
	return 3 + 5 * n;
}

Size
eigh_raw_work(Size n)
{
	return syevd_work(n) * sizeof(double) + syevd_iwork(n) * sizeof(int);
}

/* LAPACK's eigenvectors in columns, column-major, are our rows. */
int
eigh_f8_raw(Size n, double *a, double *w, void *work)
{
	int			order = blas_int(n);
	int			ld = Max(order, 1);
	int			lwork = blas_int(syevd_work(n));
	int			liwork = blas_int(syevd_iwork(n));
	double	   *dwork = work;
	int			info = 0;

	if (n > 0)
		blas.dsyevd("V", "U", &order, a, &ld, w, dwork, &lwork, (int *) (dwork + lwork), &liwork,
					&info, 1, 1);
	return info;
}
