/*
 * encoder.c
 *		The encoder object: making it, and reading weights and predictions.
 *
 * encoder.h says what an encoder holds.  A prediction costs 2 n p v flops from
 * primal weights, and 2 n n_dual (p + v) from dual coefficients.
 */
#include "postgres.h"

#include <math.h>

#include "encoding/encoder.h"
#include "encoding/encoder_object.h"
#include "linalg/linalg.h"

#define MEMORY_HINT "Fit fewer targets at a time: gram_targets(gram, targets)."

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
	MemoryContext cxt = AllocSetContextCreate(parent, "encoder", ALLOCSET_START_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	Encoder    *e = palloc0(sizeof(Encoder));

	EOH_init_header(&e->hdr, &encoder_expanded_methods, cxt);
	e->claim = memory_claim(cxt, "encoder");
	memory_claim_add(e->claim, size_add(size_mul(p, 3 * 8), size_mul(v, 8 * 8)), MEMORY_HINT);
	e->p = p;
	e->v = v;
	e->wtype = wtype;
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

static void *
claimed_zeros(Encoder *e, Size n)
{
	Size		bytes = size_mul(n, e->wtype);
	MemoryContext old;
	void	   *a;

	memory_claim_add(e->claim, bytes, MEMORY_HINT);
	old = MemoryContextSwitchTo(e->hdr.eoh_context);
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
	old = MemoryContextSwitchTo(e->hdr.eoh_context);
	e->scale2 = huge_alloc(e->p * sizeof(double));
	MemoryContextSwitchTo(old);
	for (int j = 0; j < e->p; j++)
		e->scale2[j] = 1;
}

/* Columns t0 .. t0 + nt - 1 of a stored matrix (rows x ld) as float8, out rows x nt. */
static void
read_columns(const void *matrix, TensorType type, int64 rows, int ld, int t0, int nt, double *out)
{
	for (int64 i = 0; i < rows; i++)
		for (int t = 0; t < nt; t++)
			out[i * nt + t] = type == TENSOR_FLOAT8
				? ((const double *) matrix)[i * ld + t0 + t]
				: ((const float *) matrix)[i * ld + t0 + t];
}

void
encoder_weights(const Encoder *e, int t0, int nt, double *out)
{
	double	   *coef;
	double	   *rows;

	if (!e->dual)
	{
		read_columns(e->weights, e->wtype, e->p, e->v, t0, nt, out);
		return;
	}
	coef = huge_alloc(Max(1, size_mul(size_mul(e->n_dual, nt), 8)));
	rows = huge_alloc(Max(1, size_mul(size_mul(e->n_dual, e->p), 8)));
	read_columns(e->coef, e->wtype, e->n_dual, e->v, t0, nt, coef);
	read_columns(e->rows, e->wtype, e->n_dual, e->p, 0, e->p, rows);
	gemm_f8(true, false, e->p, nt, e->n_dual, 1, rows, e->p, coef, nt, 0, out, nt);
	for (int j = 0; j < e->p; j++)
		for (int t = 0; t < nt; t++)
			out[(Size) j * nt + t] *= e->scale2[j];
	pfree(coef);
	pfree(rows);
}

/* Targets whose weights are unpacked at a time: about 64 MB of float8. */
static int
weight_block(const Encoder *e)
{
	Size		rows = e->dual ? Max(e->n_dual, e->p) : e->p;

	return (int) Min((Size) e->v, Max((Size) 16, ((Size) 8 << 20) / Max(rows, 1)));
}

void
encoder_intercepts(const Encoder *e, double *out)
{
	int			block = weight_block(e);
	double	   *w = huge_alloc(size_mul(size_mul(e->p, block), 8));

	for (int t0 = 0; t0 < e->v; t0 += block)
	{
		int			nt = Min(block, e->v - t0);

		memcpy(out + t0, e->y0 + t0, nt * sizeof(double));
		encoder_weights(e, t0, nt, w);
		gemv_f8(true, e->p, nt, -1, w, nt, e->x0, 1, out + t0);
	}
	pfree(w);
}

/* out (n x v) = xc (n x p, about x0) W, from the dual: xc scale2 rows' coef */
static void
predict_dual(const Encoder *e, int64 n, double *xc, double *out)
{
	double	   *rows = huge_alloc(Max(1, size_mul(size_mul(e->n_dual, e->p), 8)));
	double	   *coef = huge_alloc(Max(1, size_mul(size_mul(e->n_dual, e->v), 8)));
	double	   *kernel = huge_alloc(Max(1, size_mul(size_mul(n, e->n_dual), 8)));

	read_columns(e->rows, e->wtype, e->n_dual, e->p, 0, e->p, rows);
	read_columns(e->coef, e->wtype, e->n_dual, e->v, 0, e->v, coef);
	for (int64 i = 0; i < n; i++)
		for (int j = 0; j < e->p; j++)
			xc[i * e->p + j] *= e->scale2[j];
	gemm_f8(false, true, n, e->n_dual, e->p, 1, xc, e->p, rows, e->p, 0, kernel, e->n_dual);
	gemm_f8(false, false, n, e->v, e->n_dual, 1, kernel, e->n_dual, coef, e->v, 0, out, e->v);
	pfree(rows);
	pfree(coef);
	pfree(kernel);
}

static void
predict_primal(const Encoder *e, int64 n, const double *xc, double *out)
{
	int			block = weight_block(e);
	double	   *w = huge_alloc(size_mul(size_mul(e->p, block), 8));

	for (int t0 = 0; t0 < e->v; t0 += block)
	{
		int			nt = Min(block, e->v - t0);

		encoder_weights(e, t0, nt, w);
		gemm_f8(false, false, n, nt, e->p, 1, xc, e->p, w, nt, 0, out + t0, e->v);
	}
	pfree(w);
}

void
encoder_predict(const Encoder *e, int64 n, const double *x, double *out)
{
	double	   *xc = huge_alloc(Max(1, size_mul(size_mul(n, e->p), 8)));

	for (int64 i = 0; i < n; i++)
		for (int j = 0; j < e->p; j++)
			xc[i * e->p + j] = x[i * e->p + j] - e->x0[j];
	if (e->dual)
		predict_dual(e, n, xc, out);
	else
		predict_primal(e, n, xc, out);
	for (int64 i = 0; i < n; i++)
		for (int t = 0; t < e->v; t++)
			out[i * e->v + t] += e->y0[t];
	pfree(xc);
}
