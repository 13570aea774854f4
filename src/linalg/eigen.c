/*
 * eigen.c
 *		Symmetric eigenproblem: Householder tridiagonalisation, divide and
 *		conquer, back-transformation.
 *
 * The steps are those of LAPACK's dsyevd, cut so that a backend can be
 * interrupted and threads share the work:
 *	 - tridiagonalisation in panels (Dongarra, Sorensen and Hammarling 1989;
 *	   LAPACK's dlatrd): a symmetric matrix-vector product for each column, then
 *	   a rank-2k update of the rest in gemm tiles; 4/3 n^3 flops, half of them
 *	   bound by memory;
 *	 - LAPACK's dstedc on the tridiagonal matrix (helper thread);
 *	 - the reflectors applied to its vectors in blocks; 2 n^3 flops.
 * Memory beside A: the vectors and dstedc's work space, 2 n^2 doubles.  Where
 * only values are wanted, the first step is all but O(n^2) of it.
 *
 * Storage: LAPACK's column-major lower triangle is our row-major upper one, so
 * reflector i lies in row i, from column i + 1 on, contiguous; and LAPACK's
 * vectors in columns are our vectors in rows.  Comments inside use LAPACK's
 * view: A(r, c) is a[c * n + r], r >= c.
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/blas.h"
#include "linalg/householder.h"
#include "linalg/lapack_helper.h"
#include "linalg/linalg.h"
#include "linalg/parallel.h"
#include "linalg/scaling.h"
#include "linalg/symv.h"

#define ORDER_MAX		46000	/* dstedc counts its n^2 + 4 n + 1 doubles in int */
#define DIRECT_MAX		384		/* one dsyevd call: some 20 ms */
#define PANEL			64

/* ---- one call ---- */

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

static int
syevd(const char *what, Size n, double *a, double *w, void *work)
{
	int			order = blas_int(n);
	int			ld = Max(order, 1);
	int			lwork = blas_int(syevd_work(n));
	int			liwork = blas_int(syevd_iwork(n));
	double	   *dwork = work;
	int			info = 0;

	if (n > 0)
		blas.dsyevd(what, "U", &order, a, &ld, w, dwork, &lwork, (int *) (dwork + lwork), &liwork,
					&info, 1, 1);
	return info;
}

int
eigh_f8_raw(Size n, double *a, double *w, void *work)
{
	return syevd("V", n, a, w, work);
}

/* ---- tridiagonalisation ---- */

typedef struct Tridiagonal
{
	Size		n;
	double	   *a;				/* n x n */
	double	   *d;				/* n: diagonal */
	double	   *e;				/* n - 1: off it */
	double	   *tau;			/* n - 1: reflectors */
	double	   *w;				/* n x PANEL, column-major */
	double	   *partial;		/* of symv */
} Tridiagonal;

/* y (m) += alpha op(M) x, M column-major with leading dimension n */
static void
small_gemv(const Tridiagonal *t, int trans, Size m, Size columns, double alpha, const double *matrix,
		   const double *x, Size incx, double beta, double *y)
{
	if (columns > 0 && m > 0)
		blas.dgemv(COL_MAJOR, trans, blas_int(m), blas_int(columns), alpha, matrix,
				   blas_int(t->n), x, blas_int(incx), beta, y, 1);
}

/*
 * Reduces columns p .. p + k - 1 and leaves W, such that the rest of A is still
 * to be changed by -V W' - W V'.  Rows of V and W are those of A.
 */
static void
reduce_panel(const Tridiagonal *t, Size p, Size k)
{
	Size		n = t->n;

	for (Size j = 0; j < k; j++)
	{
		Size		c = p + j;	/* this column */
		Size		below = n - c - 1;
		double	   *column = t->a + c * n;
		double	   *v = column + c + 1;
		double	   *w = t->w + j * n + c + 1;
		double	   *row = t->w + j * n + p; /* free yet: j products */
		const double *panel_v = t->a + p * n;	/* columns 0 .. j - 1 of V, and W's t->w */
		int			length;
		int			one = 1;

		small_gemv(t, NO_TRANS, n - c, j, -1.0, panel_v + c, t->w + c, n, 1.0, column + c);
		small_gemv(t, NO_TRANS, n - c, j, -1.0, t->w + c, panel_v + c, n, 1.0, column + c);
		t->d[c] = column[c];
		if (below == 0)
			return;
		length = blas_int(below);
		blas.dlarfg(&length, v, v + Min(1, below - 1), &one, &t->tau[c]);
		t->e[c] = v[0];
		v[0] = 1.0;

		symv(below, t->a + (c + 1) * n + c + 1, n, v, w, t->partial);
		if (j > 0)
		{
			small_gemv(t, TRANS, below, j, 1.0, t->w + c + 1, v, 1, 0.0, row);
			small_gemv(t, NO_TRANS, below, j, -1.0, panel_v + c + 1, row, 1, 1.0, w);
			small_gemv(t, TRANS, below, j, 1.0, panel_v + c + 1, v, 1, 0.0, row);
			small_gemv(t, NO_TRANS, below, j, -1.0, t->w + c + 1, row, 1, 1.0, w);
		}
		blas.dscal(length, t->tau[c], w, 1);
		blas.daxpy(length, -0.5 * t->tau[c] * blas.ddot(length, w, 1, v, 1), v, 1, w, 1);
	}
}

/* The trailing matrix of order m: A -= V W' + W V', lower triangle, in square tiles. */
typedef struct RankUpdate
{
	Size		n;				/* leading dimension of all */
	Size		m,
				k;
	const double *v;			/* m x k */
	const double *w;			/* m x k */
	double	   *a;
} RankUpdate;

#define UPDATE_TILE		768

static void
update_tile(int64 number, int worker, void *arg)
{
	RankUpdate *u = arg;
	int			ld = blas_int(u->n);
	int			k = blas_int(u->k);
	Size		i,
				j;
	double	   *a;

	triangle_tile(number, &i, &j);
	i *= UPDATE_TILE;
	j *= UPDATE_TILE;
	a = u->a + j * u->n + i;
	if (i == j)
		blas.dsyr2k(COL_MAJOR, LOWER, NO_TRANS, blas_int(Min(UPDATE_TILE, u->m - i)), k, -1.0,
					u->v + i, ld, u->w + i, ld, 1.0, a, ld);
	else
	{
		int			rows = blas_int(Min(UPDATE_TILE, u->m - i));

		blas.dgemm(COL_MAJOR, NO_TRANS, TRANS, rows, UPDATE_TILE, k, -1.0, u->v + i, ld,
				   u->w + j, ld, 1.0, a, ld);
		blas.dgemm(COL_MAJOR, NO_TRANS, TRANS, rows, UPDATE_TILE, k, -1.0, u->w + i, ld,
				   u->v + j, ld, 1.0, a, ld);
	}
}

static void
update_rest(const Tridiagonal *t, Size p, Size k)
{
	Size		next = p + k;
	Size		tiles = (t->n - next + UPDATE_TILE - 1) / UPDATE_TILE;
	RankUpdate	u = {.n = t->n, .m = t->n - next, .k = k, .v = t->a + p * t->n + next,
	.w = t->w + next, .a = t->a + next * t->n + next};

	parallel_for((int64) (tiles * (tiles + 1) / 2), 0, update_tile, &u);
}

static double
panel_flops(Size n, Size p)
{
	return 8.0 * (double) (n - p) * (double) (n - p) * (double) Min(PANEL, n - p);
}

static void
tridiagonalise(const Tridiagonal *t)
{
	Size		n = t->n;

	for (Size p = 0; p < n; p += PANEL)
	{
		Size		k = Min(PANEL, n - p);

		reduce_panel(t, p, k);
		if (p + k < n)
			update_rest(t, p, k);
		progress_add(panel_flops(n, p));
	}
}

/* ---- the tridiagonal problem, on the helper ---- */

typedef struct TridiagonalJob
{
	Size		n;
	int			info;
	double	   *d;
	double	   *e;
	double	   *z;				/* n x n, vectors in rows; NULL: values alone */
	double	   *work;
	int		   *iwork;
} TridiagonalJob;

static Size
stedc_work(Size n, bool vectors)
{
	return vectors ? 1 + 4 * n + n * n : 1;
}

static Size
stedc_iwork(Size n)
{
	return 3 + 5 * n;
}

static Size
job_bytes(Size n, bool vectors)
{
	return sizeof(TridiagonalJob) + 64 +
		(2 * n + (vectors ? n * n : 0) + stedc_work(n, vectors)) * sizeof(double) + stedc_iwork(n) * sizeof(int);
}

static void
solve_tridiagonal(void *memory)
{
	TridiagonalJob *job = memory;
	int			n = blas_int(job->n);
	int			lwork = blas_int(stedc_work(job->n, job->z != NULL));
	int			liwork = blas_int(stedc_iwork(job->n));

	blas.dstedc(job->z ? "I" : "N", &n, job->d, job->e, job->z, &n, job->work, &lwork, job->iwork, &liwork,
				&job->info, 1);
}

/* d and e (of T) in; a finished job with its values in d and its vectors, if wanted, in z. */
static TridiagonalJob *
run_tridiagonal(LapackJob *helper, const Tridiagonal *t, bool vectors)
{
	Size		n = t->n;
	TridiagonalJob *job = lapack_job_memory(helper);

	job->n = n;
	job->info = 0;
	job->d = (double *) ((char *) job + TYPEALIGN(64, sizeof(TridiagonalJob)));
	job->e = job->d + n;
	job->z = vectors ? job->e + n : NULL;
	job->work = job->e + n + (vectors ? n * n : 0);
	job->iwork = (int *) (job->work + stedc_work(n, vectors));
	memcpy(job->d, t->d, n * sizeof(double));
	memcpy(job->e, t->e, (n - 1) * sizeof(double));
	lapack_job_run(helper, solve_tridiagonal);
	if (job->info != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("eigenvalues did not converge (dstedc returned %d)", job->info)));
	return job;
}

/* ---- back ---- */

/* Reflector i acts on rows i + 1 .. n - 1, so its own vectors have length n - 1. */
static void
copy_reflectors(const void *source, Size first, Size k, double *v)
{
	const Tridiagonal *t = source;
	Size		m = t->n - 1 - first;

	for (Size j = 0; j < k; j++)
	{
		memset(v + j * m, 0, j * sizeof(double));
		memcpy(v + j * m + j, t->a + (first + j) * t->n + first + j + 1,
			   (m - j) * sizeof(double));
	}
}

/* The rows of Z (n x n) become the vectors of A. */
static void
transform_back(const Tridiagonal *t, double *z)
{
	Reflectors	r = {.count = t->n - 1, .length = t->n - 1, .tau = t->tau,
	.copy = copy_reflectors, .source = t};

	householder_apply(&r, VECTORS_IN_ROWS, t->n, z + 1, t->n);
}

static Size
local_bytes(Size n)
{
	return (3 * n + n * PANEL + SYMV_GROUPS * n) * sizeof(double) + householder_scratch(n, n, n);
}

Size
eigh_scratch(Size n)
{
	if (n <= DIRECT_MAX)
		return eigh_raw_work(n);
	return job_bytes(n, true) + local_bytes(n);
}

static void
decompose(Size n, double *a, double *w, bool vectors)
{
	Tridiagonal t = {.n = n, .a = a, .d = w};
	LapackJob  *helper = lapack_job_new(job_bytes(n, vectors));
	TridiagonalJob *job;
	double		helper_flops = 2.0 * (double) n * (double) n * (double) n;	/* of dstedc with vectors, about */
	double		flops = vectors ? helper_flops + householder_flops(n - 1, n - 1, n) : 0;

	t.e = huge_alloc(n * sizeof(double));
	t.tau = huge_alloc(n * sizeof(double));
	t.w = huge_alloc(n * PANEL * sizeof(double));
	t.partial = huge_alloc(SYMV_GROUPS * n * sizeof(double));
	for (Size p = 0; p < n; p += PANEL)
		flops += panel_flops(n, p);
	progress_begin("eigendecomposition", flops);
	tridiagonalise(&t);
	job = run_tridiagonal(helper, &t, vectors);
	memcpy(w, job->d, n * sizeof(double));
	if (vectors)
	{
		progress_add(helper_flops);
		transform_back(&t, job->z);
		memcpy(a, job->z, n * n * sizeof(double));
	}
	progress_end();
	lapack_job_end(helper);
}

static void
decompose_direct(Size n, double *a, double *w, bool vectors)
{
	int			info = syevd(vectors ? "V" : "N", n, a, w, palloc(eigh_raw_work(n)));

	if (info != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("eigenvalues did not converge (dsyevd returned %d)", info)));
}

static void
symmetric_eigen(Size n, double *a, double *w, bool vectors)
{
	MemoryContext scratch;
	MemoryContext before;
	double		scale;

	if (n == 0)
		return;
	if (n > ORDER_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an eigenproblem of order %zu is too large", n),
				 errdetail("The largest order is %d.", ORDER_MAX)));
	blas_keep_single();
	scratch = scratch_create("eigendecomposition",
							 n <= DIRECT_MAX ? eigh_raw_work(n) : local_bytes(n),
							 NULL);
	before = MemoryContextSwitchTo(scratch);
	scale = scale_to_safe(n * n, a);
	if (n <= DIRECT_MAX)
		decompose_direct(n, a, w, vectors);
	else
		decompose(n, a, w, vectors);
	scale_back(n, w, scale);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(scratch);
}

void
eigh_f8(Size n, double *a, double *w)
{
	symmetric_eigen(n, a, w, true);
}

void
eigvalsh_f8(Size n, double *a, double *w)
{
	symmetric_eigen(n, a, w, false);
}
