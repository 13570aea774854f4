/*
 * ridge_kernel.c
 *		Ridge from the rows' inner products: for p > n, and wherever it is cheaper.
 *
 * Let K = X X' of the centred rows, V its eigenvectors but the constant one,
 * D = 1 / (lambda + alpha).  Then V D V'y are the dual coefficients, and the
 * residuals of fold f predicted from the others, intercept included, are
 * exactly
 *
 *		e_f = (V_f D V_f')^-1 (V_f D V'y)
 *
 * with V_f the fold's rows of V: the block form of the leave-one-out identity
 * of a Gaussian process whose constant term has infinite variance.  Written
 * this way (never as (I - H_ff)^-1 (y - Hy)_f, whose terms cancel) it holds to
 * rounding at every alpha.  The constant eigenvector is set apart by adding
 * c 11' with an eigenvalue larger than all others.
 *
 * One decomposition serves all folds, alphas and targets: n^2 p + 9 n^3 +
 * 2 n^2 v flops, and 2 n^2 v + sum n_f^2 n an alpha.  With standardized
 * training folds the identity does not hold: a kernel and a decomposition each.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/progress.h"
#include "encoding/ridge.h"
#include "linalg/linalg.h"

#define BLOCK_BYTES		((Size) 192 << 20)
#define MEMORY_HINT "Fit fewer targets at a time (gram_targets), or fewer rows (fold)."

/* K = V diag(lambda) V' of some rows, without the constant eigenvector. */
typedef struct Kernel
{
	int			n;				/* rows */
	int			p;
	double	   *x;				/* n x p: rows minus mean, times inv */
	double	   *mean;			/* p, about the centre */
	double	   *inv;			/* p */
	double	   *vt;				/* (n - 1) x n: rows are eigenvectors */
	double	   *lambda;			/* n - 1, >= 0 */
} Kernel;

typedef struct KernelJob
{
	RidgeJob   *job;
	const TargetGroup *group;
	const int64 *dual_row;
	int			n;
	int			p;
	bool		by_folds;
	int			max_block;
	FoldScores *scores;		/* of all targets of the group */
} KernelJob;

/* y of a block: n x nt minus the mean over the group's rows */
typedef struct YBlock
{
	int			t0;				/* in the group */
	int			nt;
	double	   *y;
	double	   *mean;			/* nt, about the centre */
	double	   *syy;			/* nt */
} YBlock;

/* Means and scales of rows, and the rows centred and scaled by them. */
static void
kernel_scale(Kernel *k, bool standardize, const double *weight)
{
	double	   *ss;

	k->mean = huge_alloc0(k->p * sizeof(double));
	k->inv = huge_alloc0(k->p * sizeof(double));
	ss = huge_alloc0(k->p * sizeof(double));
	for (int i = 0; i < k->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < k->p; j++)
			k->mean[j] += k->x[(Size) i * k->p + j];
	}
	for (int j = 0; j < k->p; j++)
		k->mean[j] /= k->n;
	for (int i = 0; i < k->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < k->p; j++)
		{
			double		raw = k->x[(Size) i * k->p + j];
			double		d = raw - k->mean[j];

			ss[j] += d * d;
			k->inv[j] += raw * raw;
		}
	}
	for (int j = 0; j < k->p; j++)
	{
		bool		constant = ss[j] <= 1e-13 * k->inv[j] || ss[j] < DBL_MIN;

		k->inv[j] = (constant ? 0 : standardize ? sqrt(k->n / ss[j]) : 1) * (weight ? weight[j] : 1);
	}
	for (int i = 0; i < k->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < k->p; j++)
			k->x[(Size) i * k->p + j] = (k->x[(Size) i * k->p + j] - k->mean[j]) * k->inv[j];
	}
	pfree(ss);
}

/* The eigenvectors of x x'; k->x, n and p are given. */
static void
kernel_decompose(Kernel *k)
{
	Size		n = k->n;
	double	   *w = huge_matrix(1, n);
	double		trace = 0;
	double		c;

	k->vt = huge_matrix(n, n);
	syrk_f8(false, n, k->p, 1, k->x, k->p, 0, k->vt, n);
	for (Size i = 0; i < n; i++)
		trace += k->vt[i * n + i];
	c = (trace > 0 ? 2 * trace : 1) / n;
	for (Size i = 0; i < n * n; i++)
		k->vt[i] += c;
	eigh_f8(n, k->vt, w);
	for (Size i = 0; i < n; i++)
		w[i] = Max(w[i], 0);
	k->lambda = w;				/* the last, the constant vector's, is not used */
}

/* ---- scores ---- */

typedef struct ScoreRows
{
	FoldScores *scores;
	int			j;
	int			t0;
	int			nt;
	int			n;
	const double *y;			/* n x nt: the fold's y */
	const double *e;			/* n x nt: residuals */
	const double *y_all;		/* nt: sum of squares of y over all rows */
	double		rounding;		/* see rounding() */
} ScoreRows;

#define SCORE_TILE 256

/* One tile of targets: sums over the fold's rows of y, yhat = y - e and their products. */
static void
score_rows_task(int64 tile, int worker, void *arg)
{
	ScoreRows  *s = arg;
	int			t0 = (int) (tile * SCORE_TILE);
	int			m = Min(SCORE_TILE, s->nt - t0);
	double		my[SCORE_TILE] = {0};
	double		me[SCORE_TILE] = {0};
	double		syy[SCORE_TILE] = {0};
	double		raw[SCORE_TILE] = {0};
	double		see[SCORE_TILE] = {0};
	double		a1[SCORE_TILE] = {0};
	double		a2[SCORE_TILE] = {0};

	for (int i = 0; i < s->n; i++)
		for (int q = 0; q < m; q++)
		{
			Size		at = (Size) i * s->nt + t0 + q;

			my[q] += s->y[at];
			me[q] += s->e[at];
			raw[q] += s->y[at] * s->y[at];
			see[q] += s->e[at] * s->e[at];
		}
	for (int q = 0; q < m; q++)
	{
		my[q] /= s->n;
		me[q] /= s->n;
	}
	for (int i = 0; i < s->n; i++)
		for (int q = 0; q < m; q++)
		{
			Size		at = (Size) i * s->nt + t0 + q;
			double		y = s->y[at] - my[q];
			double		yhat = y - (s->e[at] - me[q]);

			syy[q] += y * y;
			a1[q] += y * yhat;
			a2[q] += yhat * yhat;
		}
	for (int q = 0; q < m; q++)
	{
		if (syy[q] <= 1e-13 * raw[q])
			syy[q] = 0;
		if (a2[q] <= s->rounding * (s->y_all[t0 + q] + see[q]))
			a1[q] = a2[q] = 0;
		fold_scores_add(s->scores, s->j, s->t0 + t0 + q, s->n, syy[q], a1[q], a2[q], me[q]);
	}
}

/*
 * The square of the error that predictions carry, in units of y and the
 * residuals together: (V_f D V_f')^-1 grows the rounding of its right-hand side
 * by its condition, at most that of K + alpha.  Measured on held-out rows that
 * must be predicted alike: up to .4 n times epsilon times the condition.  A
 * prediction that varies less is constant.
 */
static double
rounding(const Kernel *k, double alpha)
{
	double		condition = k->n < 2 ? 1 : (k->lambda[k->n - 2] + alpha) / (k->lambda[0] + alpha);
	double		error = k->n * 2.220446049250313e-16 * condition;

	return error * error;
}

static void
score_rows(const KernelJob *kj, const Kernel *k, int j, const YBlock *b, int first, int n, const double *e)
{
	ScoreRows	s = {kj->scores, j, b->t0, b->nt, n, b->y + (Size) first * b->nt, e, b->syy,
	rounding(k, kj->job->alphas[j])};

	parallel_for((b->nt + SCORE_TILE - 1) / SCORE_TILE, 0, score_rows_task, &s);
}

HOT_LOOP static void
scale_rows(double *out, const double *in, const double *factor, Size rows, Size columns, Size ldin)
{
	for (Size i = 0; i < rows; i++)
		for (Size j = 0; j < columns; j++)
			out[i * columns + j] = factor[i] * in[i * ldin + j];
}

/*
 * e of one fold at one alpha: n_f x nt; false when V_f D V_f' is not positive
 * definite in rounding.  d is D^1/2 and dz D^1/2 V' y: V_f is scaled by the same
 * d on both sides, so that its rounding cancels.
 */
static bool
fold_residuals(const Kernel *k, int first, int n_f, const double *d, const double *dz, int nt,
			   double *vf, double *a, double *e)
{
	Size		r = k->n - 1;

	scale_rows(vf, k->vt + first, d, r, n_f, k->n);
	syrk_f8(true, n_f, r, 1, vf, n_f, 0, a, n_f);
	if (cholesky_f8(n_f, a, n_f) != 0)
		return false;
	gemm_f8(true, false, n_f, nt, r, 1, vf, n_f, dz, nt, 0, e, nt);
	trsm_lower_f8(false, n_f, nt, a, n_f, e, nt);
	trsm_lower_f8(true, n_f, nt, a, n_f, e, nt);
	return true;
}

static void
spoil_scores(FoldScores *s, int j, int t0, int nt)
{
	for (int t = t0; t < t0 + nt; t++)
		s->r[(Size) j * s->nt + t] = s->r2[(Size) j * s->nt + t] = s->sse[(Size) j * s->nt + t] = NAN;
}

/* All alphas and folds of a block, from the one decomposition. */
static void
score_block(const KernelJob *kj, const Kernel *k, const YBlock *b, const double *zy)
{
	int			largest = 0;
	double	   *d = huge_matrix(1, k->n);
	double	   *dz = huge_matrix(k->n, b->nt);
	double	   *vf;
	double	   *a;
	double	   *e;

	for (int f = 0; f < kj->group->n_folds; f++)
		largest = Max(largest, (int) kj->group->folds[f].n);
	vf = huge_matrix(k->n, largest);
	a = huge_matrix(largest, largest);
	e = huge_matrix(largest, b->nt);
	for (int j = 0; j < kj->job->n_alphas; j++)
	{
		int			first = 0;

		for (int i = 0; i < k->n - 1; i++)
			d[i] = sqrt(1 / (k->lambda[i] + kj->job->alphas[j]));
		scale_rows(dz, zy, d, k->n - 1, b->nt, b->nt);
		for (int f = 0; f < kj->group->n_folds; f++)
		{
			int			n_f = (int) kj->group->folds[f].n;

			if (fold_residuals(k, first, n_f, d, dz, b->nt, vf, a, e))
				score_rows(kj, k, j, b, first, n_f, e);
			else
				spoil_scores(kj->scores, j, b->t0, b->nt);
			first += n_f;
		}
		progress_add(1);
	}
	pfree(d);
	pfree(dz);
	pfree(vf);
	pfree(a);
	pfree(e);
}

/* ---- y ---- */

static YBlock *
read_y(const KernelJob *kj, int t0, int nt)
{
	const Gram *g = kj->job->g;
	YBlock	   *b = palloc(sizeof(YBlock));
	double	   *raw = huge_alloc0(nt * sizeof(double));

	b->t0 = t0;
	b->nt = nt;
	b->y = huge_matrix(kj->n, nt);
	b->mean = huge_alloc0(nt * sizeof(double));
	b->syy = huge_alloc0(nt * sizeof(double));
	gram_held_y(g, kj->group->cells, kj->group->n_cells, kj->job->cy, kj->group->targets + t0, nt, b->y, nt);
	for (int i = 0; i < kj->n; i++)
		for (int t = 0; t < nt; t++)
			b->mean[t] += b->y[(Size) i * nt + t];
	for (int t = 0; t < nt; t++)
		b->mean[t] /= kj->n;
	for (int i = 0; i < kj->n; i++)
		for (int t = 0; t < nt; t++)
		{
			double	   *y = &b->y[(Size) i * nt + t];

			raw[t] += *y * *y;
			*y -= b->mean[t];
			b->syy[t] += *y * *y;
		}
	for (int t = 0; t < nt; t++)
	{
		fold_require_range(raw[t], "target", kj->group->targets[t0 + t] + 1);
		if (b->syy[t] <= 1e-13 * raw[t] || b->syy[t] < DBL_MIN)
		{
			b->syy[t] = 0;
			for (int i = 0; i < kj->n; i++)
				b->y[(Size) i * nt + t] = 0;
		}
	}
	pfree(raw);
	return b;
}

/* ---- the fit over all rows ---- */

static void
put(void *matrix_out, TensorType type, Size at, double value)
{
	if (type == TENSOR_FLOAT4)
		((float *) matrix_out)[at] = (float) value;
	else
		((double *) matrix_out)[at] = value;
}

/* w (p x nt) in feature units from dual coefficients (n x nt) */
static void
store_primal(const KernelJob *kj, const Kernel *k, const YBlock *b, const double *coef)
{
	Encoder    *e = kj->job->enc;
	double	   *w = huge_matrix(k->p, b->nt);

	gemm_f8(true, false, k->p, b->nt, k->n, 1, k->x, k->p, coef, b->nt, 0, w, b->nt);
	for (int j = 0; j < k->p; j++)
	{
		double		from_mean = e->x0[j] - (kj->job->cx[j] + k->mean[j]);

		for (int t = 0; t < b->nt; t++)
		{
			double		value = w[(Size) j * b->nt + t] * k->inv[j];
			int			target = kj->group->targets[b->t0 + t];

			put(e->weights, e->wtype, (Size) j * e->v + target, value);
			e->y0[target] += from_mean * value;
		}
	}
	pfree(w);
}

/* Coefficients as they are, and what they say at x0 where that is not this group's mean. */
static void
store_dual(const KernelJob *kj, const Kernel *k, const YBlock *b, const double *coef)
{
	Encoder    *e = kj->job->enc;
	double	   *difference = huge_matrix(1, k->p);
	double	   *at_x0 = huge_matrix(1, k->n);

	for (int j = 0; j < k->p; j++)
		difference[j] = (e->x0[j] - (kj->job->cx[j] + k->mean[j])) * k->inv[j];
	gemv_f8(false, k->n, k->p, 1, k->x, k->p, difference, 0, at_x0);
	for (int i = 0; i < k->n; i++)
		for (int t = 0; t < b->nt; t++)
		{
			double		value = coef[(Size) i * b->nt + t];
			int			target = kj->group->targets[b->t0 + t];

			put(e->coef, e->wtype, (Size) kj->dual_row[i] * e->v + target, value);
			e->y0[target] += at_x0[i] * value;
		}
	pfree(difference);
	pfree(at_x0);
}

/*
 * The group's rows, about x0, into a dual encoder.  Groups share the scales: a
 * feature that is constant over the rows of one group and not of another keeps
 * its scale, and coefficients that sum to 0 give it no weight in the first.
 */
static void
store_rows(const KernelJob *kj, const Kernel *k)
{
	Encoder    *e = kj->job->enc;

	for (int i = 0; i < k->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < k->p; j++)
		{
			double		centred = k->inv[j] > 0 ? k->x[(Size) i * k->p + j] / k->inv[j] : 0;

			put(e->rows, e->wtype, (Size) kj->dual_row[i] * k->p + j,
				centred + (kj->job->cx[j] + k->mean[j] - e->x0[j]));
		}
	}
	for (int j = 0; j < k->p; j++)
		e->scale2[j] = Max(e->scale2[j], k->inv[j] * k->inv[j]);
}

static void
fit_block(const KernelJob *kj, const Kernel *k, const YBlock *b, const double *zy)
{
	Encoder    *e = kj->job->enc;
	int			r = k->n - 1;
	double	   *dz = huge_matrix(k->n, b->nt);
	double	   *coef = huge_matrix(k->n, b->nt);

	for (int t = 0; t < b->nt; t++)
	{
		int			target = kj->group->targets[b->t0 + t];

		e->target_n[target] = kj->n;
		e->y0[target] = kj->job->cy[target] + b->mean[t];
		e->variance[target] = kj->n > 1 ? b->syy[t] / (kj->n - 1) : NAN;
	}
	for (int i = 0; i < r; i++)
		for (int t = 0; t < b->nt; t++)
		{
			double		bottom = k->lambda[i] + e->alpha[kj->group->targets[b->t0 + t]];

			dz[(Size) i * b->nt + t] =
				bottom > k->lambda[r - 1] * k->n * 2.220446049250313e-16 ? zy[(Size) i * b->nt + t] / bottom : 0;
		}
	gemm_f8(true, false, k->n, b->nt, r, 1, k->vt, k->n, dz, b->nt, 0, coef, b->nt);
	if (e->dual)
		store_dual(kj, k, b, coef);
	else
		store_primal(kj, k, b, coef);
	pfree(dz);
	pfree(coef);
}

/* ---- a kernel a fold, for standardized training folds ---- */

/* Held-out predictions of every alpha for the block's targets. */
static void
score_fold_block(const KernelJob *kj, const Kernel *train, const double *projected, int f, int first,
				 const YBlock *b)
{
	int			n_f = (int) kj->group->folds[f].n;
	int			n = train->n;
	int			nt = b->nt;
	int			r = n - 1;
	double	   *y = huge_matrix(n, nt);
	double	   *mean = huge_alloc0(nt * sizeof(double));
	double	   *z = huge_matrix(n, nt);
	double	   *dz = huge_matrix(n, nt);
	double	   *d = huge_matrix(1, n);
	double	   *e = huge_matrix(n_f, nt);

	memcpy(y, b->y, (Size) first * nt * sizeof(double));
	memcpy(y + (Size) first * nt, b->y + (Size) (first + n_f) * nt, (Size) (n - first) * nt * sizeof(double));
	for (int i = 0; i < n; i++)
		for (int t = 0; t < nt; t++)
			mean[t] += y[(Size) i * nt + t] / n;
	for (int i = 0; i < n; i++)
		for (int t = 0; t < nt; t++)
			y[(Size) i * nt + t] -= mean[t];
	gemm_f8(false, false, r, nt, n, 1, train->vt, n, y, nt, 0, z, nt);
	for (int j = 0; j < kj->job->n_alphas; j++)
	{
		const double *y_f = b->y + (Size) first * nt;

		for (int i = 0; i < r; i++)
			d[i] = 1 / (train->lambda[i] + kj->job->alphas[j]);
		scale_rows(dz, z, d, r, nt, nt);
		for (int i = 0; i < n_f; i++)
			for (int t = 0; t < nt; t++)
				e[(Size) i * nt + t] = y_f[(Size) i * nt + t] - mean[t];
		gemm_f8(false, false, n_f, nt, r, -1, projected, n, dz, nt, 1, e, nt);
		score_rows(kj, train, j, b, first, n_f, e);
		progress_add(1);
	}
	pfree(y);
	pfree(mean);
	pfree(z);
	pfree(dz);
	pfree(d);
	pfree(e);
}

static void
score_fold(const KernelJob *kj, const double *x, int f, int first)
{
	int			n_f = (int) kj->group->folds[f].n;
	int			p = kj->p;
	Kernel		train = {.n = kj->n - n_f, .p = p};
	double	   *held = huge_matrix(n_f, p);
	double	   *cross;
	double	   *projected;

	train.x = huge_matrix(train.n, p);
	memcpy(train.x, x, (Size) first * p * sizeof(double));
	memcpy(train.x + (Size) first * p, x + (Size) (first + n_f) * p,
		   (Size) (train.n - first) * p * sizeof(double));
	kernel_scale(&train, true, kj->job->weight);
	for (int i = 0; i < n_f; i++)
		for (int j = 0; j < p; j++)
			held[(Size) i * p + j] = (x[(Size) (first + i) * p + j] - train.mean[j]) * train.inv[j];
	kernel_decompose(&train);
	cross = huge_matrix(n_f, train.n);
	projected = huge_matrix(n_f, train.n);
	gemm_f8(false, true, n_f, train.n, p, 1, held, p, train.x, p, 0, cross, train.n);
	gemm_f8(false, true, n_f, train.n, train.n, 1, cross, train.n, train.vt, train.n, 0, projected, train.n);

	for (int t0 = 0; t0 < kj->group->n_targets; t0 += kj->max_block)
	{
		YBlock	   *b = read_y(kj, t0, Min(kj->max_block, kj->group->n_targets - t0));

		score_fold_block(kj, &train, projected, f, first, b);
		pfree(b->y);
	}
}

/* x of all rows, minus the job's centre */
static double *
read_x(const KernelJob *kj)
{
	double	   *x = huge_matrix(kj->n, kj->p);

	gram_held_x(kj->job->g, kj->group->cells, kj->group->n_cells, kj->job->cx, x);
	return x;
}

static void
score_standardized(const KernelJob *kj)
{
	double	   *x = read_x(kj);
	int			first = 0;

	for (int f = 0; f < kj->group->n_folds; f++)
	{
		MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "ridge kernel fold",
												  ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(cxt);

		score_fold(kj, x, f, first);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(cxt);
		first += (int) kj->group->folds[f].n;
	}
	pfree(x);
}

/* ---- the entrance ---- */

static bool
scored_by_folds(const RidgeJob *job, const TargetGroup *group)
{
	return job->score && group->n_folds >= 2;
}

double
ridge_kernel_flops(const RidgeJob *job, const TargetGroup *group)
{
	double		n = group->n;
	double		p = job->g->p;
	double		v = group->n_targets;
	double		flops = n * n * p + 9 * n * n * n + 4 * n * n * v;

	if (!scored_by_folds(job, group))
		return flops;
	for (int f = 0; f < group->n_folds; f++)
	{
		double		n_f = group->folds[f].n;
		double		rest = n - n_f;

		if (job->standardize)
			flops += rest * rest * p + 9 * rest * rest * rest + 2 * n_f * rest * (p + rest) +
				2 * rest * rest * v + job->n_alphas * 2 * n_f * rest * v;
		else
			flops += job->n_alphas * (n_f * n_f * n + 2 * n_f * n * v + 2 * n_f * n_f * v);
	}
	return flops;
}

static int
block_targets(int n, int n_targets)
{
	Size		fits = BLOCK_BYTES / (6 * Max(1, (Size) n) * sizeof(double));

	return (int) Min((Size) n_targets, Max((Size) 64, fits));
}

static Size
scratch_bytes(const KernelJob *kj)
{
	Size		x = size_mul(size_mul(kj->n, kj->p), sizeof(double));
	Size		k = size_mul(size_mul(kj->n, kj->n), sizeof(double));
	Size		block = size_mul(size_mul(kj->n, kj->max_block), 6 * sizeof(double));
	bool		a_fold = kj->by_folds && kj->job->standardize;

	return size_add(size_add(size_mul(x, a_fold ? 3 : 1), size_mul(k, 4)), block);
}

/* What the alphas' scores say goes to the encoder or the table. */
static void
conclude_scores(const KernelJob *kj)
{
	int		   *chosen;

	if (!kj->job->fit)
	{
		ridge_scores_to_table(kj->job, kj->scores, kj->group->targets);
		return;
	}
	chosen = huge_alloc(kj->group->n_targets * sizeof(int));
	for (int t = 0; t < kj->group->n_targets; t++)
		chosen[t] = ridge_scores_best(kj->scores, kj->job->scoring, t);
	ridge_scores_to_encoder(kj->job, kj->scores, kj->group->targets, chosen);
}

static void
gcv_block(const KernelJob *kj, const Kernel *k, const YBlock *b, const double *zy)
{
	int		   *chosen = palloc(b->nt * sizeof(int));
	double	   *y2 = huge_matrix(k->n, b->nt);

	for (Size i = 0; i < (Size) (k->n - 1) * b->nt; i++)
		y2[i] = zy[i] * zy[i];
	ridge_gcv(kj->job, k->n, k->n - 1, k->lambda, y2, b->nt, b->syy, kj->group->targets + b->t0, b->nt,
			  chosen);
	pfree(y2);
}

/* Each block of targets through the decomposition of all rows, in one or two rounds. */
static void
each_block(const KernelJob *kj, const Kernel *k, bool score, bool fit)
{
	for (int t0 = 0; t0 < kj->group->n_targets; t0 += kj->max_block)
	{
		MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "ridge kernel block",
												  ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(cxt);
		YBlock	   *b = read_y(kj, t0, Min(kj->max_block, kj->group->n_targets - t0));
		double	   *zy = huge_matrix(k->n, b->nt);

		gemm_f8(false, false, k->n - 1, b->nt, k->n, 1, k->vt, k->n, b->y, b->nt, 0, zy, b->nt);
		if (score && kj->by_folds)
		{
			for (int t = 0; t < b->nt; t++)
				kj->scores->syy[t0 + t] = b->syy[t];
			score_block(kj, k, b, zy);
		}
		else if (score)
			gcv_block(kj, k, b, zy);
		if (fit)
			fit_block(kj, k, b, zy);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(cxt);
	}
}

/* Sums of squares of y over all rows, for pooled scores. */
static void
sum_squares_y(const KernelJob *kj)
{
	for (int t0 = 0; t0 < kj->group->n_targets; t0 += kj->max_block)
	{
		int			nt = Min(kj->max_block, kj->group->n_targets - t0);
		YBlock	   *b = read_y(kj, t0, nt);

		memcpy(kj->scores->syy + t0, b->syy, nt * sizeof(double));
		pfree(b->y);
	}
}

void
ridge_kernel(RidgeJob *job, const TargetGroup *group, const int64 *dual_row)
{
	KernelJob	kj = {.job = job, .group = group, .dual_row = dual_row, .n = (int) group->n, .p = job->g->p};
	Kernel		k = {.n = (int) group->n, .p = job->g->p};
	MemoryContext scratch;
	MemoryContext old;
	bool		score_here;

	kj.by_folds = scored_by_folds(job, group);
	kj.max_block = block_targets(kj.n, group->n_targets);
	score_here = job->score && !(kj.by_folds && job->standardize);
	if (kj.by_folds)
		job->enc->solver = ENCODER_SOLVER_KERNEL;

	scratch = scratch_create("ridge kernel", scratch_bytes(&kj), MEMORY_HINT);
	old = MemoryContextSwitchTo(scratch);
	if (kj.by_folds)
	{
		int			blocks = (group->n_targets + kj.max_block - 1) / kj.max_block;

		kj.scores = fold_scores_new(job->n_alphas, group->n_targets);
		for (int f = 0; f < group->n_folds; f++)
			kj.scores->n_scored += group->folds[f].n >= 2;
		progress_begin("ridge: alphas",
					   (double) job->n_alphas * blocks * (job->standardize ? group->n_folds : 1));
		if (job->standardize)
		{
			sum_squares_y(&kj);
			score_standardized(&kj);
		}
	}

	if (job->fit || score_here)
	{
		k.x = read_x(&kj);
		kernel_scale(&k, job->standardize, job->weight);
		kernel_decompose(&k);
	}
	if (score_here)
		each_block(&kj, &k, true, false);
	if (kj.by_folds)
	{
		conclude_scores(&kj);
		progress_end();
	}
	if (job->fit)
	{
		if (job->enc->dual)
			store_rows(&kj, &k);
		each_block(&kj, &k, false, true);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
