/*
 * blas.h
 *		The table of OpenBLAS's entry points, for this room only.
 *
 * Products come through the C interface (row- or column-major).  LAPACK comes
 * through its Fortran symbols, since Debian's OpenBLAS has no LAPACKE: column
 * major, everything by reference, and one hidden length after the last argument
 * for each character argument.
 */
#ifndef NEUROENC_BLAS_H
#define NEUROENC_BLAS_H

#include "postgres.h"

#include <limits.h>
#include <pthread.h>

enum
{
	ROW_MAJOR = 101,
	COL_MAJOR = 102,
	NO_TRANS = 111,
	TRANS = 112,
	UPPER = 121,
	LOWER = 122,
	NON_UNIT = 131,
	UNIT = 132,
	LEFT = 141,
	RIGHT = 142
};

typedef struct BlasTable
{
	/* products; order, then flags, then sizes */
	void		(*sgemm) (int order, int ta, int tb, int m, int n, int k, float alpha,
						  const float *a, int lda, const float *b, int ldb,
						  float beta, float *c, int ldc);
	void		(*dgemm) (int order, int ta, int tb, int m, int n, int k, double alpha,
						  const double *a, int lda, const double *b, int ldb,
						  double beta, double *c, int ldc);
	void		(*dsyrk) (int order, int uplo, int trans, int n, int k, double alpha,
						  const double *a, int lda, double beta, double *c, int ldc);
	void		(*dsyr2k) (int order, int uplo, int trans, int n, int k, double alpha,
						   const double *a, int lda, const double *b, int ldb,
						   double beta, double *c, int ldc);
	void		(*strmm) (int order, int side, int uplo, int ta, int diag, int m, int n,
						  float alpha, const float *a, int lda, float *b, int ldb);
	void		(*dtrmm) (int order, int side, int uplo, int ta, int diag, int m, int n,
						  double alpha, const double *a, int lda, double *b, int ldb);
	void		(*dtrsm) (int order, int side, int uplo, int ta, int diag, int m, int n,
						  double alpha, const double *a, int lda, double *b, int ldb);
	void		(*dgemv) (int order, int ta, int m, int n, double alpha, const double *a, int lda,
						  const double *x, int incx, double beta, double *y, int incy);
	void		(*dsymv) (int order, int uplo, int n, double alpha, const double *a, int lda,
						  const double *x, int incx, double beta, double *y, int incy);
	void		(*daxpy) (int n, double alpha, const double *x, int incx, double *y, int incy);
	void		(*dscal) (int n, double alpha, double *x, int incx);
	double		(*ddot) (int n, const double *x, int incx, const double *y, int incy);
	double		(*dnrm2) (int n, const double *x, int incx);

	/* LAPACK */
	void		(*dpotrf) (const char *uplo, const int *n, double *a, const int *lda, int *info,
						   size_t len_uplo);
	void		(*dgetrf) (const int *m, const int *n, double *a, const int *lda, int *ipiv,
						   int *info);
	void		(*dsyevd) (const char *jobz, const char *uplo, const int *n, double *a,
						   const int *lda, double *w, double *work, const int *lwork,
						   int *iwork, const int *liwork, int *info,
						   size_t len_jobz, size_t len_uplo);
	void		(*dstedc) (const char *compz, const int *n, double *d, double *e, double *z,
						   const int *ldz, double *work, const int *lwork,
						   int *iwork, const int *liwork, int *info, size_t len_compz);
	void		(*dsterf) (const int *n, double *d, double *e, int *info);
	void		(*dbdsdc) (const char *uplo, const char *compq, const int *n, double *d, double *e,
						   double *u, const int *ldu, double *vt, const int *ldvt,
						   double *q, int *iq, double *work, int *iwork, int *info,
						   size_t len_uplo, size_t len_compq);
	void		(*dlarfg) (const int *n, double *alpha, double *x, const int *incx, double *tau);
	void		(*dlarft) (const char *direct, const char *storev, const int *n, const int *k,
						   double *v, const int *ldv, const double *tau, double *t, const int *ldt,
						   size_t len_direct, size_t len_storev);
	void		(*dgesdd) (const char *jobz, const int *m, const int *n, double *a, const int *lda,
						   double *s, double *u, const int *ldu, double *vt, const int *ldvt,
						   double *work, const int *lwork, int *iwork, int *info, size_t len_jobz);

	/* OpenBLAS's own */
	char	   *(*get_config) (void);
	char	   *(*get_corename) (void);
	int			(*get_num_threads) (void);
	void		(*set_num_threads) (int n);
	int			(*thread_shutdown) (void);
} BlasTable;

extern BlasTable blas;

/* The library's file, as the loader found it. */
extern const char *blas_library_path(void);

/*
 * To be called before OpenBLAS is used: if other code of this backend made it
 * start threads (PL/Python's numpy uses the same library), they are ended.
 */
extern void blas_keep_single(void);

/* pthread_create with every signal blocked in the new thread; 0 or an errno */
extern int	thread_create_masked(pthread_t *thread, void *(*start) (void *), void *arg);

/* OpenBLAS counts in int; matrices that fit a memory limit of 2 TB can still pass it. */
static inline int
blas_int(Size n)
{
	Assert(n <= INT_MAX);
	return (int) n;
}

#endif							/* NEUROENC_BLAS_H */
