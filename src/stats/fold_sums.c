/*
 * fold_sums.c
 *		Sums of x and y by fold, and of the training sets that leaving a fold out
 *		makes.
 *
 * A training set's sums are those of the other folds, added up (prefix +
 * suffix: 3 (k + 1) additions an element for all k sets), never total minus
 * fold, which loses digits where one fold dominates.  Sums are about the
 * gram's centre until they are centred.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "stats/fold_sums.h"

HOT_LOOP static void
add_to(double *to, const double *from, Size n)
{
	for (Size i = 0; i < n; i++)
		to[i] += from[i];
}

void
fold_require_range(double ss, const char *what, int number)
{
	if (ss <= FOLD_LARGEST_SS)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the sum of squares of %s %d is out of range", what, number),
			 errdetail("The largest that is handled is %g.", FOLD_LARGEST_SS),
			 errhint("Scale the %s down.", what)));
}

/* ---- features ---- */

static FeatureSums
feature_sums_new(int p, int64 n)
{
	FeatureSums s;

	s.n = n;
	s.sx = huge_alloc0(p * sizeof(double));
	s.sxx = huge_alloc0(size_mul(size_mul(p, p), sizeof(double)));
	return s;
}

static void
feature_sums_add(FeatureSums *to, const FeatureSums *from, int p)
{
	add_to(to->sx, from->sx, p);
	add_to(to->sxx, from->sxx, (Size) p * p);
}

Size
fold_feature_bytes(int p, int n_folds)
{
	return size_mul(size_mul(size_add(p, 1), p), size_mul(size_add(size_mul(2, n_folds), 2), sizeof(double)));
}

void
fold_feature_sums(const Gram *g, const TargetGroup *group, int n_folds, const double *cx,
				  FeatureSums *held, FeatureSums *train, FeatureSums *all)
{
	int			p = g->p;
	FeatureSums suffix;

	*all = feature_sums_new(p, group->n);
	if (n_folds == 0)
	{
		gram_sum_xx(g, group->cells, group->n_cells, cx, all->sx, all->sxx);
		return;
	}
	for (int f = 0; f < n_folds; f++)
	{
		const TargetFold *fold = &group->folds[f];

		held[f] = feature_sums_new(p, fold->n);
		gram_sum_xx(g, fold->cells, fold->n_cells, cx, held[f].sx, held[f].sxx);
		train[f] = feature_sums_new(p, group->n - fold->n);
		feature_sums_add(&train[f], all, p);
		feature_sums_add(all, &held[f], p);
		CHECK_FOR_INTERRUPTS();
	}
	suffix = feature_sums_new(p, 0);
	for (int f = n_folds - 1; f >= 0; f--)
	{
		feature_sums_add(&train[f], &suffix, p);
		feature_sums_add(&suffix, &held[f], p);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(suffix.sx);
	pfree(suffix.sxx);
}

HOT_LOOP void
fold_centre_and_scale(double *m, int p, double n, const double *mean, const double *inv)
{
	for (int i = 0; i < p; i++)
		for (int j = 0; j < p; j++)
			m[(Size) i * p + j] = (m[(Size) i * p + j] - n * mean[i] * mean[j]) * inv[i] * inv[j];
}

HOT_LOOP static bool
all_finite(const double *m, Size n)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < n; i++)
		sum += m[i] * 0;
	return sum == 0;
}

void
fold_centre_features(FeatureSums *s, int p, bool standardize, const double *weight, double *mean, double *inv)
{
	for (int j = 0; j < p; j++)
	{
		double		ss = gram_centred_squares(s->n, s->sx[j], s->sxx[(Size) j * p + j]);

		mean[j] = s->n > 0 ? s->sx[j] / s->n : 0;
		inv[j] = (ss <= 0 ? 0 : standardize ? sqrt(s->n / ss) : 1) * (weight ? weight[j] : 1);
	}
	fold_centre_and_scale(s->sxx, p, s->n, mean, inv);
	if (!all_finite(s->sxx, (Size) p * p))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the products of the features are out of range"),
				 errhint("Scale the features down.")));
}

/* ---- a block of targets ---- */

TargetSums *
fold_target_sums_new(int p, int n_folds, int max_targets)
{
	TargetSums *b = palloc0(sizeof(TargetSums));
	Size		matrix = size_mul(p, max_targets);
	double	   *slab = huge_alloc(size_mul(size_mul(matrix, size_add(size_mul(2, n_folds), 2)), sizeof(double)));

	/* one allocation, so that large pages hold it */
	b->p = p;
	b->n_folds = n_folds;
	b->held = palloc(Max(1, n_folds) * sizeof(double *));
	b->train = palloc(Max(1, n_folds) * sizeof(double *));
	for (int f = 0; f < n_folds; f++)
	{
		b->held[f] = slab + (2 * (Size) f) * matrix;
		b->train[f] = slab + (2 * (Size) f + 1) * matrix;
	}
	b->all = slab + 2 * (Size) n_folds * matrix;
	b->spare = b->all + matrix;
	b->sy = huge_matrix(n_folds + 1, max_targets);
	b->syy = huge_matrix(n_folds + 1, max_targets);
	b->y_norm = huge_matrix(1, max_targets);
	return b;
}

Size
fold_target_bytes(int p, int n_folds, int max_targets)
{
	Size		columns = size_mul(size_add(size_mul(2, n_folds), 2), size_add(p, 2));

	return size_mul(columns, size_mul(max_targets, sizeof(double)));
}

static void
zero_row(int64 j, int worker, void *arg)
{
	TargetSums *b = arg;
	Size		at = (Size) j * b->nt;

	memset(b->all + at, 0, b->nt * sizeof(double));
	for (int f = 0; f < b->n_folds; f++)
		memset(b->held[f] + at, 0, b->nt * sizeof(double));
}

/* One feature's sums: each fold's others as prefix + suffix, and all (0 before). */
static void
train_row(int64 j, int worker, void *arg)
{
	TargetSums *b = arg;
	Size		at = (Size) j * b->nt;

	for (int f = 0; f < b->n_folds; f++)
	{
		memcpy(b->train[f] + at, b->all + at, b->nt * sizeof(double));
		add_to(b->all + at, b->held[f] + at, b->nt);
	}
	memset(b->spare + at, 0, b->nt * sizeof(double));
	for (int f = b->n_folds - 1; f >= 0; f--)
	{
		add_to(b->train[f] + at, b->spare + at, b->nt);
		add_to(b->spare + at, b->held[f] + at, b->nt);
	}
}

void
fold_target_sums(const Gram *g, const TargetGroup *group, const double *cx, const double *cy, TargetSums *b)
{
	int			k = b->n_folds;
	int			nt = b->nt;
	double	   *sy_all = b->sy + (Size) k * nt;
	double	   *syy_all = b->syy + (Size) k * nt;

	memset(b->sy, 0, (Size) (k + 1) * nt * sizeof(double));
	memset(b->syy, 0, (Size) (k + 1) * nt * sizeof(double));
	parallel_for(b->p, 0, zero_row, b);
	if (k == 0)
		gram_sum_xy(g, group->cells, group->n_cells, cx, cy, b->targets, nt, sy_all, syy_all, b->all, nt);
	for (int f = 0; f < k; f++)
	{
		const TargetFold *fold = &group->folds[f];
		double	   *sy = b->sy + (Size) f * nt;
		double	   *syy = b->syy + (Size) f * nt;

		gram_sum_xy(g, fold->cells, fold->n_cells, cx, cy, b->targets, nt, sy, syy, b->held[f], nt);
		add_to(sy_all, sy, nt);
		add_to(syy_all, syy, nt);
	}
	if (k > 0)
		parallel_for(b->p, 0, train_row, b);
	for (int t = 0; t < nt; t++)
	{
		double		ss = gram_centred_squares(group->n, sy_all[t], syy_all[t]);

		fold_require_range(syy_all[t], "target", b->targets[t] + 1);
		b->y_norm[t] = ss > 0 ? sqrt(ss) : 1;
	}
	CHECK_FOR_INTERRUPTS();
}

typedef struct CentreProducts
{
	const double *from;
	const int  *rows;			/* of from; NULL: all */
	double	   *to;				/* p x nt, or NULL */
	float	   *to4;			/* the same, or NULL */
	int			nt;
	const double *x_mean;
	const double *inv;
	const double *sy;
	const double *norm;
	double		factor;
} CentreProducts;

HOT_LOOP static void
centre_row(const double *from, double *to, int nt, double x_mean, double scale, const double *sy, const double *norm)
{
	for (int t = 0; t < nt; t++)
		to[t] = (from[t] - x_mean * sy[t]) * scale / norm[t];
}

HOT_LOOP static void
centre_row_float4(const double *restrict from, float *restrict to, int nt, double x_mean, double scale,
				  const double *restrict sy, const double *restrict norm)
{
	for (int t = 0; t < nt; t++)
		to[t] = (float) ((from[t] - x_mean * sy[t]) * scale / norm[t]);
}

static void
centre_products_task(int64 i, int worker, void *arg)
{
	CentreProducts *c = arg;
	const double *from = c->from + (Size) (c->rows ? c->rows[i] : i) * c->nt;
	double		scale = c->inv[i] * c->factor;

	if (c->to4)
		centre_row_float4(from, c->to4 + (Size) i * c->nt, c->nt, c->x_mean[i], scale, c->sy, c->norm);
	if (c->to)
		centre_row(from, c->to + (Size) i * c->nt, c->nt, c->x_mean[i], scale, c->sy, c->norm);
}

void
fold_centre_products(const double *from, const int *rows, double *to, float *to4, int p, int nt,
					 const double *x_mean, const double *inv, const double *sy, const double *norm, double factor)
{
	CentreProducts c = {from, rows, to, to4, nt, x_mean, inv, sy, norm, factor};

	parallel_for(p, 0, centre_products_task, &c);
}
