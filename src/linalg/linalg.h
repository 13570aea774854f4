/*
 * linalg.h
 *		Dense linear algebra for a PostgreSQL backend, over OpenBLAS.
 *
 * Matrices are row-major (C order); lda, ldb, ldc count elements from one row
 * to the next.  "f4" is float, "f8" double.
 *
 * Threads.  OpenBLAS itself always runs on the calling thread only.  Work is
 * shared by parallel_for(), whose workers are our own threads, created with
 * every signal blocked and joined before it returns (also on cancel), so no
 * thread outlives a call except those of a parallel_start, which end with their
 * memory context, and the one long LAPACK helper of lapack_helper.c.
 *
 * Two families:
 *	 - the plain names are for the backend thread: they split the work into
 *	   tiles of well under 100 ms, use neuroenc.threads threads and check for
 *	   interrupts between tiles;
 *	 - the *_raw names are one uninterruptible call on this thread: for use in a
 *	   parallel_for task, or where the caller knows that the call is short.
 */
#ifndef NEUROENC_LINALG_H
#define NEUROENC_LINALG_H

#include "postgres.h"

/* ---- life cycle (blas.c) ---- */
extern void linalg_init(void);	/* from _PG_init: loads OpenBLAS under a full signal mask */

/* ---- threads (parallel.c) ---- */

/* neuroenc.threads, but 1 in a parallel worker */
extern int	parallel_threads(void);

/*
 * Runs task(i, worker, arg) for i in 0 .. n_tasks - 1 on parallel_threads()
 * threads, this one included; 'worker' (0 .. parallel_threads() - 1) picks a
 * scratch area.  A task must take well under 100 ms, and must not call
 * PostgreSQL (no palloc, no ereport).  Tasks are taken in order of i.  Checks
 * for interrupts (and calls progress_add(work_per_task) if that is > 0)
 * between this thread's own tasks; on cancel all workers have stopped before
 * the error is raised.  The result must not depend on the number of threads.
 */
typedef void (*ParallelTask) (int64 i, int worker, void *arg);
extern void parallel_for(int64 n_tasks, double work_per_task, ParallelTask task, void *arg);

/*
 * The same in two halves: parallel_start lets the other threads begin while the
 * backend does something else, parallel_finish joins in, waits for the rest and
 * checks for interrupts.  A run belongs to a context: its reset stops and joins
 * the threads, so what the tasks touch must live there too.  One thread: all
 * tasks run in parallel_finish.  A further parallel_start or parallel_for
 * finishes a run in flight first.
 */
typedef struct ParallelRun ParallelRun;
extern ParallelRun *parallel_run_new(MemoryContext cxt);
extern void parallel_start(ParallelRun *run, int64 n_tasks, ParallelTask task, void *arg);
extern void parallel_finish(ParallelRun *run);

/* ---- products (gemm.c) ---- */

/* C (m x n) = alpha op(A) op(B) + beta C, op(A) m x k, op(B) k x n; ta, tb: transposed */
extern void gemm_f8(bool ta, bool tb, Size m, Size n, Size k,
					double alpha, const double *a, Size lda, const double *b, Size ldb,
					double beta, double *c, Size ldc);
extern void gemm_f4(bool ta, bool tb, Size m, Size n, Size k,
					float alpha, const float *a, Size lda, const float *b, Size ldb,
					float beta, float *c, Size ldc);
extern void gemm_f8_raw(bool ta, bool tb, Size m, Size n, Size k,
						double alpha, const double *a, Size lda, const double *b, Size ldb,
						double beta, double *c, Size ldc);
extern void gemm_f4_raw(bool ta, bool tb, Size m, Size n, Size k,
						float alpha, const float *a, Size lda, const float *b, Size ldb,
						float beta, float *c, Size ldc);

/* C (m x n, double) = A' B, or with add C + A' B, of float blocks, A k x m, B k x n: sgemm tiles added in double */
extern void gemm_f4_accumulate(Size m, Size n, Size k, const float *a, Size lda,
							   const float *b, Size ldb, bool add, double *c, Size ldc);

/* The same in one uninterruptible call on this thread; product: m x n of scratch. */
extern void gemm_f4_accumulate_raw(Size m, Size n, Size k, const float *a, Size lda,
								   const float *b, Size ldb, bool add, double *c, Size ldc, float *product);

/*
 * C (n x n) = alpha A' A + beta C with A k x n (trans true), or alpha A A' +
 * beta C with A n x k (trans false).  Both triangles of C are written.
 */
extern void syrk_f8(bool trans, Size n, Size k, double alpha, const double *a, Size lda,
					double beta, double *c, Size ldc);

/* The lower triangle of C (n x n) = A' A + beta C, A k x n, in one uninterruptible call on this thread. */
extern void syrk_lower_f8_raw(Size n, Size k, const double *a, Size lda, double beta, double *c, Size ldc);

/* B (n x m) = T B, T n x n upper or lower triangular (the other triangle is not read) */
extern void trmm_f8_raw(bool upper, Size n, Size m, const double *t, Size ldt, double *b, Size ldb);
extern void trmm_f4_raw(bool upper, Size n, Size m, const float *t, Size ldt, float *b, Size ldb);

/* y (m) = op(A) x, A m x n: short vectors and single rows */
extern void gemv_f8(bool ta, Size m, Size n, double alpha, const double *a, Size lda,
					const double *x, double beta, double *y);

/* ---- decompositions (cholesky.c, lu.c, eigen.c, lanczos.c, svd.c, polar.c) ---- */

/*
 * A (n x n, symmetric, both triangles given) = L L', L in the lower triangle on
 * return (upper zeroed).  Returns 0, or k > 0 when the leading minor of order k
 * is not positive definite.
 */
extern Size cholesky_f8(Size n, double *a, Size lda);

/* B (n x m) = inv(op(L)) B, L n x n lower triangular */
extern void trsm_lower_f8(bool trans, Size n, Size m, const double *l, Size ldl, double *b, Size ldb);

/* B (m x n) = B inv(L'): each row x becomes inv(L) x, in one uninterruptible call on this thread. */
extern void trsm_rows_f8_raw(Size n, Size m, const double *l, Size ldl, double *b, Size ldb);

/*
 * B (n x m) = inv(A) B, A n x n of any kind, by LU with partial pivoting.  A is
 * destroyed.  Returns 0, or k > 0 when pivot k is zero (B is then undefined).
 */
extern Size solve_f8(Size n, Size m, double *a, double *b);

/*
 * Symmetric eigenproblem A (n x n) = Q diag(w) Q'.  On return w is ascending
 * and the *rows* of A are the eigenvectors (A holds Q'), so row i belongs to
 * w[i].  Interruptible at any n.  Input must be finite.
 */
extern void eigh_f8(Size n, double *a, double *w);

/* The values alone, without the vectors' flops; A is destroyed. */
extern void eigvalsh_f8(Size n, double *a, double *w);

/* The same in one uninterruptible call on this thread: for parallel_for tasks, n <= EIGH_RAW_MAX.
 * work: EIGH_RAW_WORK(n) bytes.  Returns LAPACK's info, 0 is good. */
#define EIGH_RAW_MAX 512
extern Size eigh_raw_work(Size n);
extern int	eigh_f8_raw(Size n, double *a, double *w, void *work);

/* The largest eigenvalue of A (n x n, symmetric, both triangles, finite) and its eigenvector x, of length 1. */
extern double eigh_top_f8(Size n, const double *a, double *x);
extern Size eigh_top_scratch(Size n);

/*
 * The k largest eigenvalues of A (n x n, symmetric, both triangles, finite), ascending, and their
 * eigenvectors, the rows of x (k x n).  A may be destroyed.
 */
extern void eigh_largest_f8(Size n, double *a, Size k, double *w, double *x);
extern Size eigh_largest_scratch(Size n, Size k);

/*
 * The same of a matrix known by its products: Y = X A, X and Y b x n.  Multiplies at most 'blocks' blocks
 * of some k rows, until |A x - w x| <= tolerance of the largest |w|; false: they did not settle, and w and
 * x are the best so far.  Small matrices are decomposed whole.
 */
typedef void (*SymmetricProduct) (void *arg, Size b, const double *x, double *y);
extern bool eigh_largest_of(Size n, SymmetricProduct product, void *arg, Size k, double tolerance, int blocks,
							double *w, double *x);
extern Size eigh_largest_of_scratch(Size n, Size k);

/*
 * Thin SVD A (m x n) = U diag(s) V', r = min(m, n): u is m x r, s r descending,
 * vt r x n.  A is destroyed.  u and vt may both be NULL (singular values only).
 * Interruptible at any size.  Input must be finite.
 */
extern void svd_f8(Size m, Size n, double *a, double *s, double *u, double *vt);

/* The same in one uninterruptible call on this thread, for matrices of up to some 300 x 300: as eigh_f8_raw. */
extern Size svd_raw_work(Size m, Size n);
extern int	svd_f8_raw(Size m, Size n, double *a, double *s, double *u, double *vt, void *work);

/*
 * W (m x n) = U V' of the thin SVD of A = U diag(s) V', A destroyed: of the
 * matrices with orthonormal columns (rows, where m < n) the one nearest to A.
 * Returns the nuclear norm, sum(s).
 */
extern double polar_f8(Size m, Size n, double *a, double *w);
extern Size polar_scratch(Size m, Size n);

/* Bytes of scratch that eigh_f8 and svd_f8 take besides their arguments, for preflights. */
extern Size eigh_scratch(Size n);	/* an upper bound for eigvalsh_f8 */
extern Size svd_scratch(Size m, Size n);

#endif							/* NEUROENC_LINALG_H */
