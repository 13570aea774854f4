/*
 * cka.c
 *		Centred kernel alignment.
 *
 * The inner product of two centred linear kernels is |X'Y|^2 (Frobenius), so that
 * moments are enough: n (p + q)^2 flops, or n^2 (p + q) by kernels where n is
 * smaller.
 *
 * The unbiased HSIC of Song et al. (2012, equation 5) of kernels whose diagonals
 * are left out.  It does not change when a constant is added to a row and its
 * column, so it may be taken of centred kernels K and L, whose rows sum to 0;
 * with k, l their diagonals it is then, but for a factor that the ratio loses,
 *
 *		<K, L> - n / (n - 2) k'l + tr K tr L / ((n - 1) (n - 2)).
 *
 * The kernel of the radial basis function is made by strips of rows and never
 * stored; K - 1 is what is summed, which centring does not see and which keeps
 * its digits where sigma is large: 2 n^2 (p + q) flops and n^2 exponentials each.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "similarity/cka.h"

#define STRIP_FLOPS 5e8			/* of a task */
#define STRIP_ROWS	64

typedef struct Inner
{
	double		xy;
	double		xx;
	double		yy;
} Inner;

static double
cosine(Inner h)
{
	if (!(h.xx > 0) || !(h.yy > 0))
		return NAN;
	return h.xy / sqrt(h.xx) / sqrt(h.yy);
}

/* The form that is there, or the cheaper one from rows. */
static Inner
linear_products(Alignment *a)
{
	Inner		h;
	Size		kk;

	if (a->x && a->n < a->p + a->q)
		alignment_need_kernels(a);
	else if (a->x)
		alignment_need_products(a);
	if (a->kx)
	{
		kk = a->n * a->n;
		h.xy = dot_product(a->kx, a->ky, kk);
		h.xx = dot_product(a->kx, a->kx, kk);
		h.yy = dot_product(a->ky, a->ky, kk);
	}
	else
	{
		h.xy = dot_product(a->xy, a->xy, a->p * a->q);
		h.xx = dot_product(a->xx, a->xx, a->p * a->p);
		h.yy = dot_product(a->yy, a->yy, a->q * a->q);
	}
	return h;
}

double
cka_linear(Alignment *a)
{
	return cosine(linear_products(a));
}

/* ---- debiased ---- */

/* The diagonal of a population's kernel, and its sum. */
static double *
diagonal(Alignment *a, const double *kernel, const double *rows, Size p, double *trace)
{
	double	   *d = alignment_matrix(a, 1, a->n);

	*trace = 0;
	for (Size i = 0; i < a->n; i++)
	{
		d[i] = kernel ? kernel[i * a->n + i] : dot_product(rows + i * p, rows + i * p, p);
		*trace += d[i];
	}
	return d;
}

/* 0 where rounding is all that is left */
static double
unbiased(double n, double inner, const double *k, const double *l, double trace_k, double trace_l)
{
	double		diagonals = n / (n - 2) * dot_product(k, l, (Size) n);
	double		traces = trace_k * trace_l / ((n - 1) * (n - 2));
	double		hsic = inner - diagonals + traces;

	return fabs(hsic) < 1e-14 * (fabs(inner) + fabs(diagonals) + fabs(traces)) ? 0 : hsic;
}

double
cka_debiased(Alignment *a)
{
	Inner		h;
	double		trace_x;
	double		trace_y;
	double	   *k;
	double	   *l;

	if (a->n < 4)
		return NAN;
	h = linear_products(a);
	k = diagonal(a, a->kx, a->x, a->p, &trace_x);
	l = diagonal(a, a->ky, a->y, a->q, &trace_y);
	h.xy = unbiased(a->n, h.xy, k, l, trace_x, trace_y);
	h.xx = unbiased(a->n, h.xx, k, k, trace_x, trace_x);
	h.yy = unbiased(a->n, h.yy, l, l, trace_y, trace_y);
	return cosine(h);
}

/* ---- radial basis functions ---- */

typedef struct Population
{
	const double *rows;			/* n x p, or */
	const double *kernel;		/* n x n */
	Size		p;
	const double *diagonal;		/* n: squared norms of the rows */
	double		scale;			/* 1 / (2 sigma^2), of what is stored */
	double	   *sum;			/* n: sums of the rows of exp() - 1 */
} Population;

typedef struct Strips
{
	Size		n;
	Size		rows;			/* of a strip */
	Population	x;
	Population	y;
	Inner	   *inner;			/* a strip's sums of products */
	double	   *scratch;		/* a worker: two strips */
} Strips;

HOT_LOOP static double
exp_less_one(double *restrict row, const double *restrict diagonal, double own, double scale, Size n)
{
	double		sum = 0;

	for (Size j = 0; j < n; j++)
	{
		double		d2 = own + diagonal[j] - 2 * row[j];

		row[j] = expm1(-scale * (d2 > 0 ? d2 : 0));
		sum += row[j];
	}
	return sum;
}

static void
fill_strip(const Population *z, Size n, Size first, Size rows, double *out)
{
	if (z->kernel)
		memcpy(out, z->kernel + first * n, rows * n * sizeof(double));
	else
		gemm_f8_raw(false, true, rows, n, z->p, 1, z->rows + first * z->p, z->p, z->rows, z->p, 0, out, n);
	for (Size i = 0; i < rows; i++)
	{
		/* exactly 0 from itself */
		out[i * n + first + i] = z->diagonal[first + i];
		z->sum[first + i] = exp_less_one(out + i * n, z->diagonal, z->diagonal[first + i], z->scale, n);
	}
}

static void
strip_task(int64 task, int worker, void *arg)
{
	Strips	   *job = arg;
	Size		first = task * job->rows;
	Size		rows = Min(job->rows, job->n - first);
	double	   *k = job->scratch + (Size) worker * 2 * job->rows * job->n;
	double	   *l = k + job->rows * job->n;
	Inner		h = {0, 0, 0};

	fill_strip(&job->x, job->n, first, rows, k);
	fill_strip(&job->y, job->n, first, rows, l);
	for (Size i = 0; i < rows * job->n; i++)
	{
		h.xy += k[i] * l[i];
		h.xx += k[i] * k[i];
		h.yy += l[i] * l[i];
	}
	job->inner[task] = h;
}

static Population
population(Alignment *a, const double *rows, const double *kernel, Size p, double sigma)
{
	double		trace;
	Population	z = {rows, kernel, p, diagonal(a, kernel, rows, p, &trace),
	0.5 / (sigma * sigma), alignment_matrix(a, 1, a->n)};

	return z;
}

/* <HKH, HLH> of symmetric K and L: n, <K, L>, the sums of their rows */
static double
centred_product(Size n, double inner, const double *k, const double *l)
{
	double		sum_k = 0;
	double		sum_l = 0;

	for (Size i = 0; i < n; i++)
	{
		sum_k += k[i];
		sum_l += l[i];
	}
	return inner - 2.0 / n * dot_product(k, l, n) + sum_k / n * (sum_l / n);
}

double
cka_rbf(Alignment *a, double sigma)
{
	Strips		job;
	Inner		h = {0, 0, 0};
	int64		n_tasks;
	double		row_flops = 2.0 * a->n * (a->p + a->q + 60);

	if (a->n < 2)
		return NAN;
	job.n = a->n;
	job.rows = (Size) Max(1, Min(STRIP_ROWS, STRIP_FLOPS / row_flops));
	job.x = population(a, a->x, a->kx, a->p, sigma / a->scale_x);
	job.y = population(a, a->y, a->ky, a->q, sigma / a->scale_y);
	n_tasks = (a->n + job.rows - 1) / job.rows;
	job.inner = palloc(n_tasks * sizeof(Inner));
	job.scratch = alignment_matrix(a, 2 * job.rows * parallel_threads(), a->n);
	parallel_for(n_tasks, 0, strip_task, &job);
	for (int64 i = 0; i < n_tasks; i++)
	{
		h.xy += job.inner[i].xy;
		h.xx += job.inner[i].xx;
		h.yy += job.inner[i].yy;
	}
	h.xy = centred_product(a->n, h.xy, job.x.sum, job.y.sum);
	h.xx = centred_product(a->n, h.xx, job.x.sum, job.x.sum);
	h.yy = centred_product(a->n, h.yy, job.y.sum, job.y.sum);
	return cosine(h);
}
