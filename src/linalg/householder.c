/*
 * householder.c
 *		Applies products of Householder reflectors in blocks, by gemm.
 *
 * T comes from V V' (one syrk) by recursion, T12 = -T1 (V1 V2') T2, instead of
 * LAPACK's dlarft, whose matrix-vector products read V k times.  So blocks can
 * be wide (256), and nearly all of the 4 n k count flops of applying one run at
 * the rate of gemm_f8, on its threads, open to interrupts.
 */
#include "postgres.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/blas.h"
#include "linalg/householder.h"
#include "linalg/linalg.h"

#define T_LEAF			16
#define LONG			65536
#define GEMV_TASK		(Size) (1 << 19)	/* elements of A in a task: 4 MB */

/* On entry the upper triangle of T holds V V'. */
static void
form_t(Size k, double *t, Size ldt, const double *tau)
{
	Size		half = k / 2;

	if (k <= T_LEAF)
	{
		for (Size i = 0; i < k; i++)
		{
			for (Size r = 0; r < i; r++)
			{
				double		sum = 0;

				for (Size s = r; s < i; s++)
					sum += t[r * ldt + s] * t[s * ldt + i];
				t[r * ldt + i] = -tau[i] * sum;
			}
			t[i * ldt + i] = tau[i];
		}
		return;
	}
	form_t(half, t, ldt, tau);
	form_t(k - half, t + half * ldt + half, ldt, tau + half);
	blas.dtrmm(ROW_MAJOR, LEFT, UPPER, NO_TRANS, NON_UNIT, blas_int(half), blas_int(k - half),
			   -1.0, t, blas_int(ldt), t + half, blas_int(ldt));
	blas.dtrmm(ROW_MAJOR, RIGHT, UPPER, NO_TRANS, NON_UNIT, blas_int(half), blas_int(k - half),
			   1.0, t + half * ldt + half, blas_int(ldt), t + half, blas_int(ldt));
}

void
householder_form_t(Size k, Size n, const double *v, const double *tau, double *t)
{
	syrk_f8(false, k, n, 1.0, v, n, 0.0, t, k);
	for (Size i = 1; i < k; i++)
		memset(t + i * k, 0, i * sizeof(double));
	form_t(k, t, k, tau);
}

/* Vectors in rows: Z -= (Z V') op(T)' V; in columns: Z -= V' op(T) (V Z). */
void
householder_apply_block(bool transposed, Size count, Size n, Size k, const double *v,
						const double *t, VectorsIn in, double *z, Size ldz, double *scratch)
{
	double	   *projection = scratch;
	double	   *weighted = scratch + k * count;

	if (in == VECTORS_IN_ROWS)
	{
		gemm_f8(false, true, count, k, n, 1.0, z, ldz, v, n, 0.0, projection, k);
		gemm_f8(false, !transposed, count, k, k, 1.0, projection, k, t, k, 0.0, weighted, k);
		gemm_f8(false, false, count, n, k, -1.0, weighted, k, v, n, 1.0, z, ldz);
	}
	else
	{
		gemm_f8(false, false, k, count, n, 1.0, v, n, z, ldz, 0.0, projection, count);
		gemm_f8(transposed, false, k, count, k, 1.0, t, k, projection, count, 0.0,
				weighted, count);
		gemm_f8(true, false, n, count, k, -1.0, v, n, weighted, count, 1.0, z, ldz);
	}
}

/* Reflectors in a block: wide for the rate of gemm, narrow for the zeros in a short V, and for
 * the memory of a long one. */
static Size
block_width(Size count, Size length)
{
	Size		width = length < LONG ? Max(32, Min(256, length / 16 / 32 * 32)) : 64;

	return Min(width, count);
}

Size
householder_scratch(Size count, Size length, Size vectors)
{
	Size		block = block_width(count, length);

	return (block * length + block * block + 2 * block * vectors) * sizeof(double);
}

static double
block_flops(Size length, Size vectors, Size first, Size k)
{
	return 4.0 * (double) vectors * (double) (length - first) * (double) k;
}

double
householder_flops(Size count, Size length, Size vectors)
{
	Size		block = block_width(count, length);
	double		flops = 0;

	for (Size first = 0; first < count; first += block)
		flops += block_flops(length, vectors, first, Min(block, count - first));
	return flops;
}

void
householder_apply(const Reflectors *r, VectorsIn in, Size vectors, double *z, Size ldz)
{
	Size		block = block_width(r->count, r->length);
	double	   *v = huge_alloc(block * r->length * sizeof(double));
	double	   *t = huge_alloc(block * block * sizeof(double));
	double	   *scratch = huge_alloc(2 * block * vectors * sizeof(double));
	Size		first;

	for (Size end = r->count; end > 0; end = first)
	{
		Size		n,
					k;

		first = (end - 1) / block * block;
		n = r->length - first;
		k = end - first;
		r->copy(r->source, first, k, v);
		householder_form_t(k, n, v, r->tau + first, t);
		householder_apply_block(false, vectors, n, k, v, t, in,
								z + (in == VECTORS_IN_ROWS ? first : first * ldz), ldz, scratch);
		progress_add(block_flops(r->length, vectors, first, k));
	}
	pfree(scratch);
	pfree(t);
	pfree(v);
}

/* ---- matrix times vector, column-major ---- */

typedef struct PanelGemv
{
	bool		trans;
	Size		m,
				n;
	const double *a;
	Size		lda;
	const double *x;
	Size		incx;
	double	   *y;
	Size		part;			/* elements of y in a task */
} PanelGemv;

static void
gemv_part(int64 number, int worker, void *arg)
{
	PanelGemv  *g = arg;
	Size		first = (Size) number * g->part;
	Size		count = Min(g->part, (g->trans ? g->n : g->m) - first);

	if (g->trans)
		blas.dgemv(COL_MAJOR, TRANS, blas_int(g->m), blas_int(count), 1.0,
				   g->a + first * g->lda, blas_int(g->lda), g->x, blas_int(g->incx),
				   0.0, g->y + first, 1);
	else
		blas.dgemv(COL_MAJOR, NO_TRANS, blas_int(count), blas_int(g->n), 1.0,
				   g->a + first, blas_int(g->lda), g->x, blas_int(g->incx),
				   0.0, g->y + first, 1);
}

void
panel_gemv(bool trans, Size m, Size n, const double *a, Size lda, const double *x, Size incx,
		   double *y)
{
	PanelGemv	g = {.trans = trans, .m = m, .n = n, .a = a, .lda = lda, .x = x, .incx = incx,
	.y = y};
	Size		outputs = trans ? n : m;
	Size		inner = trans ? m : n;

	if (outputs == 0)
		return;
	if (inner == 0)
	{
		memset(y, 0, outputs * sizeof(double));
		return;
	}
	g.part = Max(trans ? 1 : 256, GEMV_TASK / inner);
	parallel_for((int64) ((outputs + g.part - 1) / g.part), 0, gemv_part, &g);
}
