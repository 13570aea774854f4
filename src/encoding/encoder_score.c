/*
 * encoder_score.c
 *		Scores of an encoder on the data of a gram, whether it holds rows or moments.
 *
 * Held rows are predicted: 2 n p v flops (n n_dual v from the dual form), and
 * sums over the rows that each target has, about their means.  Moments give the
 * same sums without any row.  With G = X'X and C = X'Y about the means of the
 * gram's rows and W the weights,
 *
 *		sum (yhat - mean)^2			= diag(W' G W)
 *		sum (y - mean)(yhat - mean)	= diag(W' C)
 *
 * at 2 p^2 v flops, once for each group of targets with the same rows.  Either
 * way R2 = 1 - SSE / SYY with SYY about the mean of y over these rows, and the
 * squared error includes that of the predictions' mean.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "encoding/encoder_score.h"
#include "encoding/ridge.h"
#include "linalg/linalg.h"

#define BLOCK_ELEMENTS	((Size) 1 << 22)
#define MEMORY_HINT "Score fewer targets at a time: fit and score gram_targets(gram, targets)."

/* Two-pass sums of squares this small beside those of the values are rounding. */
#define CONSTANT_TOLERANCE 1e-24

/* What a target's scores are made of; y and yhat about their means, offset the difference of the means. */
static void
put_scores(int64 n, double syy, double a1, double a2, double offset, double *r, double *r2)
{
	double		sse = Max(0, syy - 2 * a1 + a2) + n * offset * offset;

	if (n < 2 || isnan(sse))
		*r = *r2 = NAN;
	else
	{
		*r = syy > 0 && a2 > 0 ? Max(-1, Min(1, a1 / sqrt(syy * a2))) : 0;
		*r2 = syy > 0 ? 1 - sse / syy : 0;
	}
}

static int
block_targets(Size rows, int n_targets)
{
	return (int) Min((Size) n_targets, Max((Size) 16, BLOCK_ELEMENTS / Max(rows, 1)));
}

/* ---- from held rows ---- */

/* Sums over the rows where y is not NaN; yhat and y n x nt. */
typedef struct RowSums
{
	int64		n;
	double		y;				/* sums, then means */
	double		yhat;
	double		y_raw;			/* sums of squares as they are */
	double		yhat_raw;
	double		syy;			/* about the means */
	double		a1;
	double		a2;
} RowSums;

static void
sum_rows(int64 n, int nt, const double *yhat, const double *y, RowSums *sums)
{
	memset(sums, 0, nt * sizeof(RowSums));
	for (Size i = 0; i < (Size) n; i++)
		for (int t = 0; t < nt; t++)
		{
			RowSums    *s = &sums[t];
			double		a = y[i * nt + t];
			double		b = yhat[i * nt + t];

			if (isnan(a))
				continue;
			s->n++;
			s->y += a;
			s->yhat += b;
			s->y_raw += a * a;
			s->yhat_raw += b * b;
		}
	for (int t = 0; t < nt; t++)
	{
		sums[t].y /= Max(1, sums[t].n);
		sums[t].yhat /= Max(1, sums[t].n);
	}
	for (Size i = 0; i < (Size) n; i++)
		for (int t = 0; t < nt; t++)
		{
			RowSums    *s = &sums[t];
			double		a = y[i * nt + t] - s->y;
			double		b = yhat[i * nt + t] - s->yhat;

			if (isnan(a))
				continue;
			s->syy += a * a;
			s->a1 += a * b;
			s->a2 += b * b;
		}
	for (int t = 0; t < nt; t++)
	{
		if (sums[t].syy <= CONSTANT_TOLERANCE * sums[t].y_raw)
			sums[t].syy = 0;
		if (sums[t].a2 <= CONSTANT_TOLERANCE * sums[t].yhat_raw)
			sums[t].a2 = 0;
	}
}

static int *
counting(int n)
{
	int		   *a = huge_alloc(Max(1, n) * sizeof(int));

	for (int i = 0; i < n; i++)
		a[i] = i;
	return a;
}

static void
score_rows(const Encoder *e, const Gram *g, int64 *n, double *r, double *r2)
{
	int64		n_rows = gram_n(g);
	int			block = block_targets(n_rows, e->v);
	Size		width = Max(e->p, e->dual ? e->n_dual : 0);
	MemoryContext scratch = scratch_create("score", size_mul(sizeof(double), size_add(
		size_mul(n_rows, size_add(width, e->p)), size_mul(2, size_mul(n_rows, block)))), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int		   *cells = counting(g->n_cells);
	int		   *targets = counting(e->v);
	double	   *x = huge_alloc(Max(1, size_mul(size_mul(n_rows, e->p), sizeof(double))));
	double	   *y = huge_alloc(Max(1, size_mul(size_mul(n_rows, block), sizeof(double))));
	double	   *yhat = huge_alloc(Max(1, size_mul(size_mul(n_rows, block), sizeof(double))));
	RowSums    *sums = huge_alloc(block * sizeof(RowSums));
	double	   *rows;

	gram_held_x(g, cells, g->n_cells, NULL, x);
	rows = encoder_rows(e, n_rows, x);
	pfree(x);
	for (int t0 = 0; t0 < e->v; t0 += block)
	{
		int			nt = Min(block, e->v - t0);

		encoder_predict_targets(e, n_rows, rows, t0, nt, yhat);
		gram_held_y(g, cells, g->n_cells, NULL, targets + t0, nt, y, nt);
		sum_rows(n_rows, nt, yhat, y, sums);
		for (int t = 0; t < nt; t++)
		{
			n[t0 + t] = sums[t].n;
			put_scores(sums[t].n, sums[t].syy, sums[t].a1, sums[t].a2, sums[t].y - sums[t].yhat,
					   &r[t0 + t], &r2[t0 + t]);
		}
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

/* ---- from moments ---- */

typedef struct Moments
{
	const Encoder *e;
	const Gram *g;
	double	   *cx;				/* the centre of the sums */
	double	   *cy;
	double	   *mean;			/* p: of x over the group's rows, about the centre */
	bool	   *constant;		/* p: x does not vary over them */
	double	   *gram;			/* p x p: X'X about the mean */
	int			max_block;
	double	   *w;				/* p x max_block */
	double	   *sxy;			/* p x max_block */
	double	   *gw;				/* p x max_block */
} Moments;

static void
prepare_group(Moments *m, const RidgeGroup *group)
{
	Size		p = m->g->p;

	memset(m->mean, 0, p * sizeof(double));
	memset(m->gram, 0, p * p * sizeof(double));
	gram_sum_xx(m->g, group->cells, group->n_cells, m->cx, m->mean, m->gram);
	for (Size j = 0; j < p; j++)
	{
		m->constant[j] = ridge_centred_ss(group->n, m->mean[j], m->gram[j * p + j]) <= 0;
		m->mean[j] /= group->n;
	}
	for (Size i = 0; i < p; i++)
		for (Size j = 0; j < p; j++)
			m->gram[i * p + j] = m->constant[i] || m->constant[j]
				? 0 : m->gram[i * p + j] - group->n * m->mean[i] * m->mean[j];
}

static void
score_moments_block(Moments *m, const RidgeGroup *group, int t0, int nt, double *r, double *r2)
{
	const Encoder *e = m->e;
	const int  *targets = group->targets + t0;
	Size		p = m->g->p;
	double	   *sy = palloc0(nt * sizeof(double));
	double	   *syy = palloc0(nt * sizeof(double));
	double	   *a1 = palloc0(nt * sizeof(double));
	double	   *a2 = palloc0(nt * sizeof(double));
	double	   *at_mean = palloc(nt * sizeof(double));

	memset(m->sxy, 0, p * nt * sizeof(double));
	gram_sum_xy(m->g, group->cells, group->n_cells, m->cx, m->cy, targets, nt, sy, syy, m->sxy, nt);
	encoder_weights_of(e, targets, nt, m->w);
	gemm_f8(false, false, p, nt, p, 1, m->gram, p, m->w, nt, 0, m->gw, nt);
	for (int t = 0; t < nt; t++)
		at_mean[t] = e->y0[targets[t]];
	for (Size j = 0; j < p; j++)
	{
		double		from_x0 = m->cx[j] + m->mean[j] - e->x0[j];

		for (int t = 0; t < nt; t++)
		{
			double		w = m->w[j * nt + t];

			at_mean[t] += from_x0 * w;
			if (!m->constant[j])
				a1[t] += w * (m->sxy[j * nt + t] - m->mean[j] * sy[t]);
			a2[t] += w * m->gw[j * nt + t];
		}
	}
	for (int t = 0; t < nt; t++)
		put_scores(group->n, ridge_centred_ss(group->n, sy[t], syy[t]), a1[t], Max(0, a2[t]),
				   m->cy[targets[t]] + sy[t] / group->n - at_mean[t], &r[targets[t]], &r2[targets[t]]);
	pfree(sy);
	pfree(syy);
	pfree(a1);
	pfree(a2);
	pfree(at_mean);
}

static void
score_moments(const Encoder *e, const Gram *g, int64 *n, double *r, double *r2)
{
	Moments		m = {.e = e, .g = g, .max_block = block_targets(g->p, e->v)};
	Size		p = g->p;
	Size		block = size_mul(size_mul(p, m.max_block), sizeof(double));
	MemoryContext scratch = scratch_create("score", size_add(size_mul(3, block),
		size_mul(size_mul(p, p), sizeof(double))), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	RidgeGroup *groups;
	int			n_groups;

	m.cx = huge_alloc(p * sizeof(double));
	m.cy = huge_alloc(e->v * sizeof(double));
	m.mean = huge_alloc(p * sizeof(double));
	m.constant = huge_alloc(p * sizeof(bool));
	m.gram = huge_alloc(size_mul(size_mul(p, p), sizeof(double)));
	m.w = huge_alloc(block);
	m.sxy = huge_alloc(block);
	m.gw = huge_alloc(block);
	gram_get_centre(g, m.cx, m.cy);
	groups = ridge_groups(g, &n_groups);
	for (int i = 0; i < n_groups; i++)
	{
		const RidgeGroup *group = &groups[i];

		for (int t = 0; t < group->n_targets; t++)
		{
			n[group->targets[t]] = group->n;
			r[group->targets[t]] = r2[group->targets[t]] = NAN;
		}
		if (group->n < 2)
			continue;
		prepare_group(&m, group);
		for (int t0 = 0; t0 < group->n_targets; t0 += m.max_block)
		{
			score_moments_block(&m, group, t0, Min(m.max_block, group->n_targets - t0), r, r2);
			CHECK_FOR_INTERRUPTS();
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

void
encoder_score(const Encoder *e, const Gram *g, int64 *n, double *r, double *r2)
{
	if (gram_rows_held(g))
		score_rows(e, g, n, r, r2);
	else
		score_moments(e, g, n, r, r2);
}
