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
 *
 * A split of R2 (the product measure; Dupre la Tour et al. 2022) keeps these
 * sums by band b of features, yhat_b = X_b W_b:
 *
 *		R2_b = (2 sum (y - mean) yhat_b - sum yhat_b (yhat - mean)) / SYY
 *
 * which with -n (mean y - mean yhat)^2 / SYY, the intercept's, sum to R2.
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

/*
 * Where the results go: v numbers each, but split, NULL or (n_bands + 1) x v,
 * the intercept first.  Without a split there is one band.
 */
typedef struct Scored
{
	int64	   *n;
	double	   *r;
	double	   *r2;
	int			n_bands;
	const int  *bands;			/* widths */
	double	   *split;
} Scored;

/* A target's sums by band, a1 and a2 of stride ld, as scores and their split. */
static void
put_target(const Scored *out, int v, int target, int64 n, double syy, const double *a1, const double *a2,
		   int ld, double offset)
{
	double		a1_sum = 0;
	double		a2_sum = 0;

	for (int b = 0; b < out->n_bands; b++)
	{
		a1_sum += a1[(Size) b * ld];
		a2_sum += a2[(Size) b * ld];
	}
	out->n[target] = n;
	put_scores(n, syy, a1_sum, Max(0, a2_sum), offset, &out->r[target], &out->r2[target]);
	if (out->split == NULL)
		return;
	out->split[target] = isnan(out->r2[target]) ? NAN : syy > 0 ? -n * offset * offset / syy : 0;
	for (int b = 0; b < out->n_bands; b++)
		out->split[(Size) (b + 1) * v + target] = isnan(out->r2[target]) ? NAN
			: syy > 0 ? (2 * a1[(Size) b * ld] - a2[(Size) b * ld]) / syy : 0;
}

/* Targets with too few rows for a score. */
static void
put_nothing(const Scored *out, int v, const TargetGroup *group)
{
	for (int t = 0; t < group->n_targets; t++)
	{
		int			target = group->targets[t];

		out->n[target] = group->n;
		out->r[target] = out->r2[target] = NAN;
		for (int b = 0; b <= out->n_bands && out->split; b++)
			out->split[(Size) b * v + target] = NAN;
	}
}

static int
block_targets(Size rows, int n_targets)
{
	return (int) Min((Size) n_targets, Max((Size) 16, BLOCK_ELEMENTS / Max(rows, 1)));
}

/* ---- from held rows ---- */

/* Sums over the rows where y is not NaN; y n x nt, and the predictions of each band, n_bands x n x nt. */
typedef struct RowSums
{
	int64		n;
	double		y;				/* sums, then means */
	double		yhat;			/* of all bands */
	double		y_raw;			/* sums of squares as they are */
	double		yhat_raw;
	double		syy;			/* about the means */
	double		a2;				/* of all bands */
} RowSums;

/* a1 and a2: n_bands x nt; band_mean: n_bands x nt of room */
static void
sum_rows(int64 n, int nt, int n_bands, const double *yhat, const double *y, RowSums *sums,
		 double *band_mean, double *a1, double *a2)
{
	Size		plane = (Size) n * nt;

	memset(sums, 0, nt * sizeof(RowSums));
	memset(band_mean, 0, (Size) n_bands * nt * sizeof(double));
	memset(a1, 0, (Size) n_bands * nt * sizeof(double));
	memset(a2, 0, (Size) n_bands * nt * sizeof(double));
	for (Size i = 0; i < (Size) n; i++)
		for (int t = 0; t < nt; t++)
		{
			RowSums    *s = &sums[t];
			double		value = y[i * nt + t];
			double		predicted = 0;

			if (isnan(value))
				continue;
			for (int b = 0; b < n_bands; b++)
			{
				band_mean[b * nt + t] += yhat[b * plane + i * nt + t];
				predicted += yhat[b * plane + i * nt + t];
			}
			s->n++;
			s->y += value;
			s->yhat += predicted;
			s->y_raw += value * value;
			s->yhat_raw += predicted * predicted;
		}
	for (int t = 0; t < nt; t++)
	{
		sums[t].y /= Max(1, sums[t].n);
		sums[t].yhat /= Max(1, sums[t].n);
		for (int b = 0; b < n_bands; b++)
			band_mean[b * nt + t] /= Max(1, sums[t].n);
	}
	for (Size i = 0; i < (Size) n; i++)
		for (int t = 0; t < nt; t++)
		{
			RowSums    *s = &sums[t];
			double		value = y[i * nt + t] - s->y;
			double		predicted = -s->yhat;

			if (isnan(value))
				continue;
			for (int b = 0; b < n_bands; b++)
				predicted += yhat[b * plane + i * nt + t];
			s->syy += value * value;
			s->a2 += predicted * predicted;
			for (int b = 0; b < n_bands; b++)
			{
				double		part = yhat[b * plane + i * nt + t] - band_mean[b * nt + t];

				a1[b * nt + t] += value * part;
				a2[b * nt + t] += part * predicted;
			}
		}
	for (int t = 0; t < nt; t++)
	{
		if (sums[t].syy <= CONSTANT_TOLERANCE * sums[t].y_raw)
			sums[t].syy = 0;
		if (sums[t].a2 <= CONSTANT_TOLERANCE * sums[t].yhat_raw)
			for (int b = 0; b < n_bands; b++)
				a2[b * nt + t] = 0;
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

/* Predictions of the bands of targets t0 .. t0 + nt - 1, n_bands x n x nt; rows as encoder_rows, or about x0. */
static void
predict_bands(const Encoder *e, const Scored *out, int64 n, const double *rows, int t0, int nt, double *w,
			  double *yhat)
{
	Size		plane = (Size) n * nt;
	int			first = 0;

	if (out->split == NULL)
	{
		encoder_predict_targets(e, n, rows, t0, nt, yhat);
		return;
	}
	encoder_weights(e, t0, nt, w);
	for (int b = 0; b < out->n_bands; b++)
	{
		for (Size i = 0; i < plane; i++)
			yhat[b * plane + i] = b == 0 ? e->y0[t0 + i % nt] : 0;
		gemm_f8(false, false, n, nt, out->bands[b], 1, rows + first, e->p, w + (Size) first * nt, nt,
				1, yhat + b * plane, nt);
		first += out->bands[b];
	}
}

/* x of all rows: for whole predictions as the encoder multiplies it, else about x0 */
static double *
rows_to_predict(const Encoder *e, const Gram *g, const Scored *out, const int *cells)
{
	int64		n = gram_n(g);
	double	   *x = huge_alloc(Max(1, size_mul(size_mul(n, e->p), sizeof(double))));
	double	   *rows;

	gram_held_x(g, cells, g->n_cells, out->split ? e->x0 : NULL, x);
	if (out->split)
		return x;
	rows = encoder_rows(e, n, x);
	pfree(x);
	return rows;
}

static void
score_rows(const Encoder *e, const Gram *g, const Scored *out)
{
	int64		n_rows = gram_n(g);
	int			n_bands = out->n_bands;
	Size		a_target = size_add(size_mul(n_rows, n_bands + 1), out->split ? e->p : 0);
	int			block = block_targets(a_target, e->v);
	Size		width = Max(e->p, e->dual ? e->n_dual : 0);
	MemoryContext scratch = scratch_create("score", size_mul(sizeof(double), size_add(
		size_mul(n_rows, size_add(width, e->p)), size_mul(a_target, block))), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int		   *cells = counting(g->n_cells);
	int		   *targets = counting(e->v);
	double	   *y = huge_matrix(Max(1, n_rows), block);
	double	   *yhat = huge_matrix(Max(1, n_rows), size_mul(n_bands, block));
	double	   *w = out->split ? huge_matrix(e->p, block) : NULL;
	double	   *a1 = huge_matrix(n_bands, block);
	double	   *a2 = huge_matrix(n_bands, block);
	double	   *band_mean = huge_matrix(n_bands, block);
	RowSums    *sums = huge_alloc(block * sizeof(RowSums));
	double	   *rows = rows_to_predict(e, g, out, cells);

	for (int t0 = 0; t0 < e->v; t0 += block)
	{
		int			nt = Min(block, e->v - t0);

		predict_bands(e, out, n_rows, rows, t0, nt, w, yhat);
		gram_held_y(g, cells, g->n_cells, NULL, targets + t0, nt, y, nt);
		sum_rows(n_rows, nt, n_bands, yhat, y, sums, band_mean, a1, a2);
		for (int t = 0; t < nt; t++)
			put_target(out, e->v, t0 + t, sums[t].n, sums[t].syy, a1 + t, a2 + t, nt, sums[t].y - sums[t].yhat);
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
prepare_group(Moments *m, const TargetGroup *group)
{
	Size		p = m->g->p;

	memset(m->mean, 0, p * sizeof(double));
	memset(m->gram, 0, p * p * sizeof(double));
	gram_sum_xx(m->g, group->cells, group->n_cells, m->cx, m->mean, m->gram);
	for (Size j = 0; j < p; j++)
	{
		m->constant[j] = gram_centred_squares(group->n, m->mean[j], m->gram[j * p + j]) <= 0;
		m->mean[j] /= group->n;
	}
	for (Size i = 0; i < p; i++)
		for (Size j = 0; j < p; j++)
			m->gram[i * p + j] = m->constant[i] || m->constant[j]
				? 0 : m->gram[i * p + j] - group->n * m->mean[i] * m->mean[j];
}

static void
score_moments_block(Moments *m, const TargetGroup *group, int t0, int nt, const Scored *out)
{
	const Encoder *e = m->e;
	const int  *targets = group->targets + t0;
	Size		p = m->g->p;
	double	   *sy = palloc0(nt * sizeof(double));
	double	   *syy = palloc0(nt * sizeof(double));
	double	   *a1 = huge_alloc0((Size) out->n_bands * nt * sizeof(double));
	double	   *a2 = huge_alloc0((Size) out->n_bands * nt * sizeof(double));
	int			band = 0;
	Size		last = out->bands[0];	/* feature after the band */
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
		double	   *b1;
		double	   *b2;

		while (j == last)
			last += out->bands[++band];
		b1 = a1 + (Size) band * nt;
		b2 = a2 + (Size) band * nt;
		for (int t = 0; t < nt; t++)
		{
			double		w = m->w[j * nt + t];

			at_mean[t] += from_x0 * w;
			if (!m->constant[j])
				b1[t] += w * (m->sxy[j * nt + t] - m->mean[j] * sy[t]);
			b2[t] += w * m->gw[j * nt + t];
		}
	}
	for (int t = 0; t < nt; t++)
		put_target(out, e->v, targets[t], group->n, gram_centred_squares(group->n, sy[t], syy[t]), a1 + t, a2 + t, nt,
				   m->cy[targets[t]] + sy[t] / group->n - at_mean[t]);
	pfree(sy);
	pfree(syy);
	pfree(a1);
	pfree(a2);
	pfree(at_mean);
}

static void
score_moments(const Encoder *e, const Gram *g, const Scored *out)
{
	Moments		m = {.e = e, .g = g, .max_block = block_targets(g->p, e->v)};
	Size		p = g->p;
	Size		block = size_mul(size_mul(p, m.max_block), sizeof(double));
	MemoryContext scratch = scratch_create("score", size_add(size_mul(3, block),
		size_mul(size_mul(p, p), sizeof(double))), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	TargetGroup *groups;
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
	groups = target_groups(g, &n_groups);
	for (int i = 0; i < n_groups; i++)
	{
		const TargetGroup *group = &groups[i];

		if (group->n < 2)
		{
			put_nothing(out, e->v, group);
			continue;
		}
		prepare_group(&m, group);
		for (int t0 = 0; t0 < group->n_targets; t0 += m.max_block)
		{
			score_moments_block(&m, group, t0, Min(m.max_block, group->n_targets - t0), out);
			CHECK_FOR_INTERRUPTS();
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

static void
score_all(const Encoder *e, const Gram *g, const Scored *out)
{
	if (gram_rows_held(g))
		score_rows(e, g, out);
	else
		score_moments(e, g, out);
}

void
encoder_score(const Encoder *e, const Gram *g, int64 *n, double *r, double *r2)
{
	score_all(e, g, &(Scored) {n, r, r2, 1, &e->p, NULL});
}

void
encoder_split_r2(const Encoder *e, const Gram *g, int n_bands, const int *bands, double *split)
{
	int64	   *n = huge_alloc(e->v * sizeof(int64));
	double	   *r = huge_matrix(2, e->v);

	score_all(e, g, &(Scored) {n, r, r + e->v, n_bands, bands, split});
	pfree(n);
	pfree(r);
}
