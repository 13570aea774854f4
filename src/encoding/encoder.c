/*
 * encoder.c
 *		The encoder object: making it, and reading weights and predictions.
 *
 * encoder.h says what an encoder holds.  Predicting n rows costs 2 n p v flops
 * from primal weights, and 2 n n_dual (p + v) from dual coefficients.  A few
 * rows (and the intercepts, which are the prediction of x = 0) read the stored
 * weights once, as they are; more rows unpack blocks of them to float8 for
 * matrix products.  Scratch is about 64 MB whatever p and v.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/convert.h"
#include "base/dispatch.h"
#include "encoding/encoder.h"
#include "linalg/linalg.h"

#define MEMORY_HINT "Fit fewer targets at a time: gram_targets(gram, targets)."

#define BLOCK_ELEMENTS	((Size) 1 << 22)	/* unpacked to float8 at a time */
#define TASK_ELEMENTS	((Size) 1 << 25)	/* read by one task of a single-row prediction */
#define COLUMN_TILE		512
#define FEW_ROWS		3		/* read the stored weights a row rather than unpack them */

static double *
nan_array(int n)
{
	double	   *a = huge_alloc(Max(1, n) * sizeof(double));

	for (int i = 0; i < n; i++)
		a[i] = NAN;
	return a;
}

Encoder *
encoder_new(MemoryContext parent, int p, int v, int n_alphas, const double *alphas, TensorType wtype)
{
	Encoder    *e = state_new(&encoder_kind, parent, sizeof(Encoder));
	MemoryContext old = MemoryContextSwitchTo(STATE_CONTEXT(e));

	e->claim = memory_claim(STATE_CONTEXT(e), "encoder");
	memory_claim_add(e->claim, size_add(size_mul(p, 3 * sizeof(double)), size_mul(v, 8 * sizeof(double))), MEMORY_HINT);
	e->p = p;
	e->v = v;
	e->wtype = wtype;
	e->l1_ratio = NAN;
	e->prior_strength = NAN;
	e->n_alphas = n_alphas;
	e->alphas = palloc(Max(1, n_alphas) * sizeof(double));
	if (n_alphas > 0)
		memcpy(e->alphas, alphas, n_alphas * sizeof(double));
	e->x0 = huge_alloc0(p * sizeof(double));
	e->x_scale = huge_alloc(p * sizeof(double));
	for (int j = 0; j < p; j++)
		e->x_scale[j] = 1;
	e->target_n = huge_alloc0(v * sizeof(int64));
	e->variance = nan_array(v);
	e->alpha = nan_array(v);
	e->r = nan_array(v);
	e->r2 = nan_array(v);
	e->r2_pooled = nan_array(v);
	e->y0 = nan_array(v);
	MemoryContextSwitchTo(old);
	return e;
}

void
encoder_alloc_bands(Encoder *e, int n_bands, const int *bands)
{
	Size		n = size_mul(e->v, n_bands);
	MemoryContext old;

	memory_claim_add(e->claim, size_add(size_mul(n, sizeof(double)), size_mul(n_bands, sizeof(int))), MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(e));
	e->n_bands = n_bands;
	e->bands = huge_alloc(n_bands * sizeof(int));
	memcpy(e->bands, bands, n_bands * sizeof(int));
	e->band_scale = huge_alloc(n * sizeof(double));
	for (Size i = 0; i < n; i++)
		e->band_scale[i] = NAN;
	MemoryContextSwitchTo(old);
}

static void *
claimed_zeros(Encoder *e, Size n)
{
	Size		bytes = size_mul(n, e->wtype);
	MemoryContext old;
	void	   *a;

	memory_claim_add(e->claim, bytes, MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(e));
	a = huge_alloc0(Max(1, bytes));
	MemoryContextSwitchTo(old);
	return a;
}

void
encoder_alloc_primal(Encoder *e)
{
	e->dual = false;
	e->weights = claimed_zeros(e, size_mul(e->p, e->v));
}

void
encoder_alloc_dual(Encoder *e, int64 n_dual)
{
	MemoryContext old;

	e->dual = true;
	e->n_dual = n_dual;
	e->coef = claimed_zeros(e, size_mul(n_dual, e->v));
	e->rows = claimed_zeros(e, size_mul(n_dual, e->p));
	old = MemoryContextSwitchTo(STATE_CONTEXT(e));
	e->scale2 = huge_alloc(e->p * sizeof(double));
	MemoryContextSwitchTo(old);
	for (int j = 0; j < e->p; j++)
		e->scale2[j] = 1;
}

/* ---- stored matrices ---- */

/* A stored matrix, rows x columns of e->wtype. */
typedef struct Stored
{
	const void *data;
	TensorType	type;
	Size		rows;
	Size		columns;
} Stored;

static Stored
stored_weights(const Encoder *e)
{
	return (Stored) {e->weights, e->wtype, e->p, e->v};
}

static Stored
stored_coef(const Encoder *e)
{
	return (Stored) {e->coef, e->wtype, e->n_dual, e->v};
}

static Stored
stored_rows(const Encoder *e)
{
	return (Stored) {e->rows, e->wtype, e->n_dual, e->p};
}

static const void *
element(const Stored *m, Size row, Size column)
{
	return (const char *) m->data + (row * m->columns + column) * m->type;
}

/* Columns c0 .. c0 + n - 1 of rows r0 .. r0 + n_rows - 1 as float8, out n_rows x n. */
static void
unpack(const Stored *m, Size r0, Size n_rows, Size c0, Size n, double *out)
{
	for (Size i = 0; i < n_rows; i++)
	{
		const void *from = element(m, r0 + i, c0);

		if (m->type == TENSOR_FLOAT8)
			memcpy(out + i * n, from, n * sizeof(double));
		else
			widen_floats(from, out + i * n, n);
	}
}

/* Columns idx[0 .. n - 1] of all rows as float8, out rows x n. */
static void
unpack_columns(const Stored *m, const int *idx, Size n, double *out)
{
	for (Size i = 0; i < m->rows; i++)
		for (Size t = 0; t < n; t++)
			out[i * n + t] = m->type == TENSOR_FLOAT8
				? *(const double *) element(m, i, idx[t])
				: *(const float *) element(m, i, idx[t]);
}

/* ---- a matrix with one vector, read as it is stored ---- */

typedef struct VectorJob
{
	const Stored *m;
	const double *in;
	double	   *out;
	Size		per_task;		/* columns or rows */
} VectorJob;

#define COMBINE_LOOP(TYPE) \
	const TYPE *at = m; \
	Size		i = 0; \
	for (; i + 4 <= rows; i += 4, at += 4 * ld) \
		for (Size t = 0; t < n; t++) \
			out[t] += (factor[i] * at[t] + factor[i + 1] * at[ld + t]) + \
				(factor[i + 2] * at[2 * ld + t] + factor[i + 3] * at[3 * ld + t]); \
	for (; i < rows; i++, at += ld) \
		for (Size t = 0; t < n; t++) \
			out[t] += factor[i] * at[t]

/* out[t] += sum over rows of factor[i] m[i, t] */
HOT_LOOP static void
combine_f4(const void *m, Size ld, Size rows, Size n, const double *factor, double *out)
{
	COMBINE_LOOP(float);
}

HOT_LOOP static void
combine_f8(const void *m, Size ld, Size rows, Size n, const double *factor, double *out)
{
	COMBINE_LOOP(double);
}

static void
combine_task(int64 i, int worker, void *arg)
{
	VectorJob  *job = arg;
	Size		first = i * job->per_task;
	Size		n = Min(job->per_task, job->m->columns - first);

	(job->m->type == TENSOR_FLOAT8 ? combine_f8 : combine_f4)
		(element(job->m, 0, first), job->m->columns, job->m->rows, n, job->in, job->out + first);
}

/* out (columns) += in' m */
static void
combine_rows(const Stored *m, const double *in, double *out)
{
	VectorJob	job = {m, in, out, 0};

	job.per_task = Min((Size) COLUMN_TILE, Max((Size) 16, TASK_ELEMENTS / Max(m->rows, 1)));
	parallel_for((m->columns + job.per_task - 1) / job.per_task, 0, combine_task, &job);
}

HOT_LOOP static double
dot_f4(const float *a, const double *b, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

HOT_LOOP static double
dot_f8(const double *a, const double *b, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static void
dots_task(int64 i, int worker, void *arg)
{
	VectorJob  *job = arg;
	Size		first = i * job->per_task;
	Size		last = Min(job->m->rows, first + job->per_task);

	for (Size r = first; r < last; r++)
		job->out[r] = job->m->type == TENSOR_FLOAT8
			? dot_f8(element(job->m, r, 0), job->in, job->m->columns)
			: dot_f4(element(job->m, r, 0), job->in, job->m->columns);
}

/* out (rows) = m in */
static void
row_dots(const Stored *m, const double *in, double *out)
{
	VectorJob	job = {m, in, out, 0};

	job.per_task = Max(1, Min((Size) 64, TASK_ELEMENTS / Max(m->columns, 1)));
	parallel_for((m->rows + job.per_task - 1) / job.per_task, 0, dots_task, &job);
}

/* ---- weights ---- */

/* out (p x nt) = scale2 rows' coef, coef (n_dual x nt) */
static void
dual_weights(const Encoder *e, const double *coef, int nt, double *out)
{
	Stored		rows = stored_rows(e);
	Size		p = e->p;
	Size		part = Max(1, BLOCK_ELEMENTS / p);
	double	   *unpacked = huge_alloc(size_mul(Min(part, Max(rows.rows, 1)) * p, sizeof(double)));

	memset(out, 0, p * nt * sizeof(double));
	for (Size r0 = 0; r0 < rows.rows; r0 += part)
	{
		Size		n = Min(part, rows.rows - r0);

		unpack(&rows, r0, n, 0, p, unpacked);
		gemm_f8(true, false, p, nt, n, 1, unpacked, p, coef + r0 * nt, nt, 1, out, nt);
	}
	for (Size j = 0; j < p; j++)
		for (int t = 0; t < nt; t++)
			out[j * nt + t] *= e->scale2[j];
	pfree(unpacked);
}

void
encoder_weights(const Encoder *e, int t0, int nt, double *out)
{
	Stored		m = e->dual ? stored_coef(e) : stored_weights(e);
	double	   *coef;

	if (!e->dual)
	{
		unpack(&m, 0, m.rows, t0, nt, out);
		return;
	}
	coef = huge_alloc(Max(1, size_mul(size_mul(m.rows, nt), sizeof(double))));
	unpack(&m, 0, m.rows, t0, nt, coef);
	dual_weights(e, coef, nt, out);
	pfree(coef);
}

void
encoder_weights_of(const Encoder *e, const int *targets, int nt, double *out)
{
	Stored		m = e->dual ? stored_coef(e) : stored_weights(e);
	double	   *coef;

	if (!e->dual)
	{
		unpack_columns(&m, targets, nt, out);
		return;
	}
	coef = huge_alloc(Max(1, size_mul(size_mul(m.rows, nt), sizeof(double))));
	unpack_columns(&m, targets, nt, coef);
	dual_weights(e, coef, nt, out);
	pfree(coef);
}

/* ---- predictions ---- */

/* One row xc (p, about x0; changed), out v. */
static void
predict_row(const Encoder *e, double *xc, double *out)
{
	Stored		weights = stored_weights(e);
	Stored		coef = stored_coef(e);
	Stored		rows = stored_rows(e);
	double	   *kernel;

	memcpy(out, e->y0, e->v * sizeof(double));
	if (!e->dual)
	{
		combine_rows(&weights, xc, out);
		return;
	}
	kernel = huge_alloc(Max(1, rows.rows) * sizeof(double));
	for (int j = 0; j < e->p; j++)
		xc[j] *= e->scale2[j];
	row_dots(&rows, xc, kernel);
	combine_rows(&coef, kernel, out);
	pfree(kernel);
}

/* out (n x nt) += a (n x rows) m's columns t0 .. t0 + nt - 1, a block of unpacked columns at a time */
static void
multiply_stored(const Stored *m, Size n, const double *a, Size t0, Size nt, double *out)
{
	Size		block = Min(nt, Max((Size) 16, BLOCK_ELEMENTS / Max(m->rows, 1)));
	double	   *unpacked;

	if (m->rows == 0)
		return;
	if (m->type == TENSOR_FLOAT8)
	{
		gemm_f8(false, false, n, nt, m->rows, 1, a, m->rows, element(m, 0, t0), m->columns, 1, out, nt);
		return;
	}
	unpacked = huge_alloc(size_mul(size_mul(m->rows, block), sizeof(double)));
	for (Size c = 0; c < nt; c += block)
	{
		Size		count = Min(block, nt - c);

		unpack(m, 0, m->rows, t0 + c, count, unpacked);
		gemm_f8(false, false, n, count, m->rows, 1, a, m->rows, unpacked, count, 1, out + c, nt);
	}
	pfree(unpacked);
}

/* (n x n_dual) = xc scale2 rows'; xc is changed */
static double *
kernel_rows(const Encoder *e, Size n, double *xc)
{
	Stored		rows = stored_rows(e);
	Size		p = e->p;
	Size		part = Max(1, Min(rows.rows, BLOCK_ELEMENTS / p));
	double	   *kernel = huge_alloc(Max(1, size_mul(size_mul(n, rows.rows), sizeof(double))));
	double	   *unpacked = huge_alloc(size_mul(part * p, sizeof(double)));

	for (Size i = 0; i < n; i++)
		for (Size j = 0; j < p; j++)
			xc[i * p + j] *= e->scale2[j];
	for (Size r0 = 0; r0 < rows.rows; r0 += part)
	{
		Size		count = Min(part, rows.rows - r0);

		unpack(&rows, r0, count, 0, p, unpacked);
		gemm_f8(false, true, n, count, p, 1, xc, p, unpacked, p, 0, kernel + r0, rows.rows);
	}
	pfree(unpacked);
	return kernel;
}

/* x minus x0, a copy */
static double *
about_x0(const Encoder *e, Size n, const double *x)
{
	Size		p = e->p;
	double	   *xc = huge_alloc(Max(1, size_mul(size_mul(n, p), sizeof(double))));

	for (Size i = 0; i < n; i++)
		for (Size j = 0; j < p; j++)
			xc[i * p + j] = x[i * p + j] - e->x0[j];
	return xc;
}

double *
encoder_rows(const Encoder *e, int64 n, const double *x)
{
	double	   *xc = about_x0(e, n, x);
	double	   *kernel;

	if (!e->dual)
		return xc;
	kernel = kernel_rows(e, n, xc);
	pfree(xc);
	return kernel;
}

void
encoder_predict_targets(const Encoder *e, int64 n, const double *rows, int t0, int nt, double *out)
{
	Stored		m = e->dual ? stored_coef(e) : stored_weights(e);

	for (Size i = 0; i < (Size) n; i++)
		memcpy(out + i * nt, e->y0 + t0, nt * sizeof(double));
	multiply_stored(&m, n, rows, t0, nt, out);
}

void
encoder_predict(const Encoder *e, int64 n, const double *x, double *out)
{
	double	   *rows;

	if (n > FEW_ROWS)
	{
		rows = encoder_rows(e, n, x);
		encoder_predict_targets(e, n, rows, 0, e->v, out);
	}
	else
	{
		rows = about_x0(e, n, x);
		for (Size i = 0; i < (Size) n; i++)
			predict_row(e, rows + i * e->p, out + i * e->v);
	}
	pfree(rows);
}

void
encoder_intercepts(const Encoder *e, double *out)
{
	double	   *xc = huge_alloc(e->p * sizeof(double));

	for (int j = 0; j < e->p; j++)
		xc[j] = -e->x0[j];
	predict_row(e, xc, out);
	pfree(xc);
}
