/*
 * svd.c
 *		Singular value decomposition: bidiagonalisation, divide and conquer,
 *		back-transformation.
 *
 * The steps of LAPACK's dgesdd, cut as eigen.c cuts those of dsyevd: our own
 * panels (bidiagonal.c), dbdsdc on the helper thread, the reflectors applied in
 * blocks by gemm.  A matrix twice as tall as wide, or more, is first factored
 * as Q R (qr.c; Chan 1982).
 *
 * All this works on a column-major matrix T that is not wide.  A row-major A
 * with m <= n is one already, transposed: T = A' is n x m.  Otherwise A is
 * transposed into scratch, and T = A.  T's left vectors are then the rows of
 * V' (m <= n) or the columns of U (m > n).
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/bidiagonal.h"
#include "linalg/blas.h"
#include "linalg/householder.h"
#include "linalg/lapack_helper.h"
#include "linalg/linalg.h"
#include "linalg/qr.h"
#include "linalg/scaling.h"

#define DIRECT_FLOPS	3e7		/* m n^2 of one dgesdd call: some 20 ms */
#define DIRECT_ELEMENTS 1e6
#define QR_RATIO		2
#define RANK_MAX		26000	/* dbdsdc counts its 3 n^2 + 4 n doubles in int */

typedef struct Problem
{
	Size		m,
				n;				/* of T, m >= n */
	double	   *t;				/* column-major, leading dimension m */
	double	   *s;				/* n */
	double	   *left;			/* T's left vectors; NULL: values only */
	double	   *right;			/* T's right vectors, n x n */
	VectorsIn	left_in,
				right_in;
} Problem;

/* ---- the bidiagonal problem, on the helper ---- */

typedef struct BidiagonalJob
{
	Size		n;
	bool		vectors;
	int			info;
	double	   *d;
	double	   *e;
	double	   *u;				/* n x n, column-major */
	double	   *vt;				/* n x n, column-major */
	double	   *work;
	int		   *iwork;
} BidiagonalJob;

static Size
job_bytes(Size n, bool vectors)
{
	return sizeof(BidiagonalJob) + 64 +
		(vectors ? 5 * n * n + 6 * n : 8 * n) * sizeof(double) + 8 * n * sizeof(int);
}

static void
solve_bidiagonal(void *memory)
{
	BidiagonalJob *job = memory;
	int			n = blas_int(job->n);
	double		no_q;
	int			no_iq;

	blas.dbdsdc("U", job->vectors ? "I" : "N", &n, job->d, job->e, job->u, &n, job->vt, &n,
				&no_q, &no_iq, job->work, job->iwork, &job->info, 1, 1);
}

static BidiagonalJob *
run_bidiagonal(LapackJob *helper, const Bidiagonal *b, bool vectors)
{
	Size		n = b->n;
	Size		square = vectors ? n * n : 0;
	BidiagonalJob *job = lapack_job_memory(helper);

	job->n = n;
	job->vectors = vectors;
	job->info = 0;
	job->d = (double *) ((char *) job + TYPEALIGN(64, sizeof(BidiagonalJob)));
	job->e = job->d + n;
	job->u = job->e + n;
	job->vt = job->u + square;
	job->work = job->vt + square;
	job->iwork = (int *) (job->work + 3 * square + (vectors ? 4 : 6) * n);
	memcpy(job->d, b->d, n * sizeof(double));
	memcpy(job->e, b->e, (n - 1) * sizeof(double));
	lapack_job_run(helper, solve_bidiagonal);
	if (job->info != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("singular values did not converge (dbdsdc returned %d)", job->info)));
	return job;
}

/* ---- vectors ---- */

/* The n x n vectors of B, column-major, into Z; as its rows that is a plain copy. */
static void
place_square(Size n, const double *vectors, VectorsIn in, double *z, Size ldz)
{
	for (Size i = 0; i < n; i++)
	{
		if (in == VECTORS_IN_ROWS)
			memcpy(z + i * ldz, vectors + i * n, n * sizeof(double));
		else
			for (Size j = 0; j < n; j++)
				z[i * ldz + j] = vectors[j * n + i];
	}
}

/* Z: vectors of length m, the first n elements those of B's left vectors, then zeros. */
static void
place_left(const Problem *p, const double *u)
{
	bool		rows = p->left_in == VECTORS_IN_ROWS;
	Size		ld = rows ? p->m : p->n;

	memset(p->left, 0, p->m * p->n * sizeof(double));
	place_square(p->n, u, p->left_in, p->left, ld);
}

static void
transform_vectors(const Problem *p, const Bidiagonal *b, const TallQr *qr, const BidiagonalJob *job)
{
	Size		n = p->n;
	Size		ld = p->left_in == VECTORS_IN_ROWS ? p->m : n;
	Reflectors	q = {.count = n, .length = b->m, .tau = b->tauq, .copy = bidiagonal_copy_q,
	.source = b};
	Reflectors	right = {.count = n - 1, .length = n - 1, .tau = b->taup, .copy = bidiagonal_copy_p,
	.source = b};

	place_left(p, job->u);
	householder_apply(&q, p->left_in, n, p->left, ld);
	if (qr != NULL)
	{
		Reflectors	tall = {.count = n, .length = p->m, .tau = qr->tau, .copy = qr_copy_q,
		.source = qr};

		householder_apply(&tall, p->left_in, n, p->left, ld);
	}

	/* dbdsdc's V' has the right vectors in its rows: column-major, they are strided */
	place_square(n, job->vt, p->right_in == VECTORS_IN_ROWS ? VECTORS_IN_COLUMNS : VECTORS_IN_ROWS,
				 p->right, n);
	householder_apply(&right, p->right_in, n,
					  p->right + (p->right_in == VECTORS_IN_ROWS ? 1 : n), n);
}

/* ---- the whole ---- */

static bool
wants_qr(Size m, Size n)
{
	return m >= QR_RATIO * n;
}

/* Of dbdsdc with vectors, about */
static double
helper_flops(Size n)
{
	return 4.0 * (double) n * (double) n * (double) n;
}

static double
flops_of(const Problem *p)
{
	Size		n = p->n;
	bool		tall = wants_qr(p->m, n);
	Size		m = tall ? n : p->m;
	double		flops = (tall ? qr_flops(p->m, n) : 0) + bidiagonal_flops(m, n);

	if (p->left != NULL)
		flops += helper_flops(n) + householder_flops(n, m, n) + (tall ? householder_flops(n, p->m, n) : 0) +
			householder_flops(n - 1, n - 1, n);
	return flops;
}

static void
decompose(const Problem *p)
{
	bool		vectors = p->left != NULL;
	bool		tall = wants_qr(p->m, p->n);
	Bidiagonal	b = {.m = tall ? p->n : p->m, .n = p->n, .a = p->t};
	TallQr		qr = {.m = p->m, .n = p->n, .a = p->t};
	LapackJob  *helper = lapack_job_new(job_bytes(p->n, vectors));
	BidiagonalJob *job;

	progress_begin("singular value decomposition", flops_of(p));
	if (tall)
	{
		b.a = huge_alloc(p->n * p->n * sizeof(double));
		qr_tall(&qr, b.a);
	}
	bidiagonalise(&b);
	job = run_bidiagonal(helper, &b, vectors);
	memcpy(p->s, job->d, p->n * sizeof(double));
	if (vectors)
	{
		progress_add(helper_flops(p->n));
		transform_vectors(p, &b, tall ? &qr : NULL, job);
	}
	progress_end();
	lapack_job_end(helper);
}

static bool
is_small(Size m, Size n)
{
	double		r = (double) Min(m, n);
	double		l = (double) Max(m, n);

	return r * r * l <= DIRECT_FLOPS && r * l <= DIRECT_ELEMENTS;
}

/* Doubles that one dgesdd call works in: at least what LAPACK asks for its usual blocks. */
static Size
gesdd_work(Size m, Size n)
{
	Size		rank = Min(m, n);

	return 8 * rank * rank + 128 * (m + n) + 1024;
}

Size
svd_raw_work(Size m, Size n)
{
	return gesdd_work(m, n) * sizeof(double) + 8 * Min(m, n) * sizeof(int);
}

/* One dgesdd call on A' (n x m, column-major): its left vectors are our right ones. */
int
svd_f8_raw(Size m, Size n, double *a, double *s, double *u, double *vt, void *work)
{
	const char *jobz = u != NULL ? "S" : "N";
	int			rows = blas_int(n);
	int			columns = blas_int(m);
	int			rank = Min(rows, columns);
	int			lwork = blas_int(gesdd_work(m, n));
	double	   *dwork = work;
	int			info = 0;

	if (rank > 0)
		blas.dgesdd(jobz, &rows, &columns, a, &rows, s, vt, &rows, u, &rank, dwork, &lwork,
					(int *) (dwork + lwork), &info, 1);
	return info;
}

static void
decompose_direct(Size m, Size n, double *a, double *s, double *u, double *vt)
{
	int			info = svd_f8_raw(m, n, a, s, u, vt, huge_alloc(svd_raw_work(m, n)));

	if (info != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("singular values did not converge (dgesdd returned %d)", info)));
}

/* A' as row-major, n x m, in parts of its rows */
typedef struct Transpose
{
	Size		m,
				n;
	const double *a;
	double	   *t;
} Transpose;

#define TRANSPOSE_ROWS	16

static void
transpose_part(int64 number, int worker, void *arg)
{
	Transpose  *p = arg;
	Size		first = (Size) number * TRANSPOSE_ROWS;
	Size		end = Min(p->n, first + TRANSPOSE_ROWS);

	for (Size i = 0; i < p->m; i++)
		for (Size j = first; j < end; j++)
			p->t[j * p->m + i] = p->a[i * p->n + j];
}

static double *
transposed(Size m, Size n, const double *a)
{
	Transpose	p = {.m = m, .n = n, .a = a, .t = huge_alloc(m * n * sizeof(double))};

	parallel_for((int64) ((n + TRANSPOSE_ROWS - 1) / TRANSPOSE_ROWS), 0, transpose_part, &p);
	return p.t;
}

/* Scratch beside the helper's. */
static Size
local_bytes(Size m, Size n)
{
	Size		rank = Min(m, n);
	Size		longer = Max(m, n);
	Size		bytes;

	if (is_small(m, n))
		return svd_raw_work(m, n);
	bytes = m > n ? m * n * sizeof(double) : 0;
	if (wants_qr(longer, rank))
		bytes += rank * rank * sizeof(double) + qr_scratch(longer, rank) +
			bidiagonal_scratch(rank, rank);
	else
		bytes += bidiagonal_scratch(longer, rank);
	return bytes + householder_scratch(rank, longer, rank);
}

Size
svd_scratch(Size m, Size n)
{
	return local_bytes(m, n) + (is_small(m, n) ? 0 : job_bytes(Min(m, n), true));
}

void
svd_f8(Size m, Size n, double *a, double *s, double *u, double *vt)
{
	MemoryContext scratch;
	MemoryContext before;
	double		scale;

	if (m == 0 || n == 0)
		return;
	if (Min(m, n) > RANK_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a singular value decomposition of %zu x %zu elements is too large", m, n),
				 errdetail("The largest size of the shorter side is %d.", RANK_MAX)));
	blas_keep_single();
	scratch = scratch_create("singular value decomposition", local_bytes(m, n), NULL);
	before = MemoryContextSwitchTo(scratch);
	scale = scale_to_safe(m * n, a);
	if (is_small(m, n))
		decompose_direct(m, n, a, s, u, vt);
	else if (m <= n)
	{
		Problem		p = {.m = n, .n = m, .t = a, .s = s, .left = vt, .right = u,
		.left_in = VECTORS_IN_ROWS, .right_in = VECTORS_IN_COLUMNS};

		decompose(&p);
	}
	else
	{
		Problem		p = {.m = m, .n = n, .t = transposed(m, n, a), .s = s, .left = u, .right = vt,
		.left_in = VECTORS_IN_COLUMNS, .right_in = VECTORS_IN_ROWS};

		decompose(&p);
	}
	scale_back(Min(m, n), s, scale);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(scratch);
}
