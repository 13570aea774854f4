/*
 * elastic_net.c
 *		Lasso and elastic net by coordinate descent on the Gram matrix.
 *
 * The loss is scikit-learn's (and glmnet's): with n the rows of the training set,
 *
 *		||y - Xb||^2 / (2 n) + alpha l1_ratio ||b||_1 + alpha (1 - l1_ratio) / 2 ||b||^2
 *
 * A target goes down the alphas from the largest, each solution the start of
 * the next (Friedman, Hastie and Tibshirani 2010, covariance updates).  A
 * solution is sought on a working set, the features with a weight and those
 * whose gradient is over the threshold, with the set's part of X'X copied
 * together: a cycle costs m^2 for m of p features and stays in the cache.  Then
 * the gradient of all p features (m p) says whether the duality gap is small
 * enough (scikit-learn's rule) and who else belongs to the set.  Correlated
 * features make cycles creep: after every MEMORY of them the combination of the
 * last iterates that would no longer move is tried, and kept if its loss is
 * less (Anderson acceleration; Bertrand and Massias 2021).  The gradient is
 * affine in the weights, so that this costs no product.
 *
 * Targets are independent: tasks of a few targets are shared by the threads.  A
 * target's state (weights and gradient) outlives its task, which stops after
 * TASK_WORK, so that cancel is prompt however many cycles a solution takes.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/progress.h"
#include "encoding/elastic_net.h"
#include "encoding/fold_fit.h"
#include "linalg/linalg.h"

#define N_DEFAULT_ALPHAS	100
#define SMALLEST_SHARE		1e-3	/* of the default alphas: of the largest */
#define BLOCK_BYTES			((Size) 64 << 20)
#define MAX_BLOCK			1024
#define TARGETS_PER_TASK	8
#define TASK_WORK			2e7
#define MEMORY				5		/* differences of iterates that are combined */
#define TIGHTER				0.1		/* the set's goal where all features miss theirs */
#define SMALLEST_GAP		1e-18	/* of y's sum of squares: rounding */

#define MEMORY_HINT "Fit fewer targets at a time (gram_targets), or fewer features (gram_features)."

/* Targets of a block on one training set: matrices are nt x p. */
typedef struct Path
{
	int			p;
	int			nt;
	const double *xx;			/* p x p */
	double	   *xy;
	double	   *weights;
	double	   *gradient;		/* xy - xx weights */
	double	   *yy;				/* nt: y's sum of squares */
	double	   *l1;				/* nt: thresholds of the alpha at hand */
	double	   *l2;
	int		   *cycles;			/* nt: done at this alpha */
	double	   *goal;			/* nt: the working set's duality gap that ends its cycles */
	bool	   *failed;			/* nt */
	int			max_iter;
	double		tol;

	int			n_pending;
	int		   *pending;		/* targets that are not solved at this alpha */
	bool	   *solved;			/* nt */

	char	   *scratch;
	Size		scratch_bytes;	/* a worker */
} Path;

/* A worker's room: what cycles run over, and their last iterates. */
typedef struct WorkingSet
{
	int			m;
	int		   *feature;		/* m */
	double	   *xy;				/* m */
	double	   *weights;		/* m */
	double	   *gradient;		/* m */
	double	   *xx;				/* m x m, m <= p / 2 */
	double	   *past_weights;	/* (MEMORY + 1) x m */
	double	   *past_gradient;
} WorkingSet;

/* ---- one target ---- */

static Size
working_set_bytes(int p)
{
	Size		half = (Size) p / 2;
	Size		rows = 3 + 2 * (MEMORY + 1);

	return TYPEALIGN(64, size_add(size_mul(size_add(size_mul(half, half), rows * p), sizeof(double)),
								  p * sizeof(int)));
}

static WorkingSet
working_set_of(const Path *s, int worker)
{
	Size		half = (Size) s->p / 2;
	WorkingSet	w;

	w.m = 0;
	w.xx = (double *) (s->scratch + worker * s->scratch_bytes);
	w.xy = w.xx + half * half;
	w.weights = w.xy + s->p;
	w.gradient = w.weights + s->p;
	w.past_weights = w.gradient + s->p;
	w.past_gradient = w.past_weights + (MEMORY + 1) * (Size) s->p;
	w.feature = (int *) (w.past_gradient + (MEMORY + 1) * (Size) s->p);
	return w;
}

/* One cycle of coordinate descent over m features; returns how many weights moved. */
HOT_LOOP static int
cycle(int m, const double *restrict xx, Size ld, double l1, double l2, double *restrict weights,
	  double *restrict gradient)
{
	int			changed = 0;

	for (int i = 0; i < m; i++)
	{
		const double *restrict row = xx + i * ld;
		double		old = weights[i];
		double		z = gradient[i] + row[i] * old;
		double		new = 0;
		double		delta;

		if (row[i] <= 0)
			continue;
		if (z > l1)
			new = (z - l1) / (row[i] + l2);
		else if (z < -l1)
			new = (z + l1) / (row[i] + l2);
		delta = new - old;
		if (delta == 0)
			continue;
		weights[i] = new;
		for (int k = 0; k < m; k++)
			gradient[k] -= delta * row[k];
		changed++;
	}
	return changed;
}

/* Features with a weight or a gradient over the threshold. */
static void
choose_features(const Path *s, const double *weights, const double *gradient, double l1, WorkingSet *w)
{
	w->m = 0;
	for (int j = 0; j < s->p; j++)
		if (weights[j] != 0 || (fabs(gradient[j]) > l1 && s->xx[(Size) j * s->p + j] > 0))
			w->feature[w->m++] = j;
}

HOT_LOOP static void
gather(WorkingSet *w, const double *xx, int p, const double *xy, const double *weights, const double *gradient)
{
	for (int i = 0; i < w->m; i++)
	{
		const double *row = xx + (Size) w->feature[i] * p;

		w->xy[i] = xy[w->feature[i]];
		w->weights[i] = weights[w->feature[i]];
		w->gradient[i] = gradient[w->feature[i]];
		for (int k = 0; k < w->m; k++)
			w->xx[(Size) i * w->m + k] = row[w->feature[k]];
	}
}

/* Sums over m features that the loss and its dual are made of. */
typedef struct Sums
{
	double		b_xy;
	double		b_gradient;
	double		b_b;
	double		norm;			/* l1 */
	double		largest;		/* dual: |gradient - l2 b| */
} Sums;

HOT_LOOP static Sums
sum_up(const double *xy, const double *weights, const double *gradient, int m, double l2)
{
	double		b_xy = 0;
	double		b_gradient = 0;
	double		b_b = 0;
	double		norm = 0;
	double		largest = 0;

#pragma omp simd reduction(+:b_xy, b_gradient, b_b, norm) reduction(max:largest)
	for (int j = 0; j < m; j++)
	{
		double		dual = fabs(gradient[j] - l2 * weights[j]);

		b_xy += weights[j] * xy[j];
		b_gradient += weights[j] * gradient[j];
		b_b += weights[j] * weights[j];
		norm += fabs(weights[j]);
		largest = dual > largest ? dual : largest;
	}
	return (Sums) {b_xy, b_gradient, b_b, norm, largest};
}

/*
 * The duality gap (Kim, Koh, Lustig, Boyd and Gorinevsky 2007; the ridge term as
 * rows of sqrt(l2) added to X): the loss is at most so far from its minimum.
 */
static double
duality_gap(const double *xy, const double *weights, const double *gradient, int m, double yy,
			double l1, double l2)
{
	Sums		s = sum_up(xy, weights, gradient, m, l2);
	double		shrink = s.largest > l1 ? l1 / s.largest : 1;
	double		residual = yy - s.b_xy - s.b_gradient + l2 * s.b_b;

	return 0.5 * (1 + shrink * shrink) * residual + l1 * s.norm - shrink * (yy - s.b_xy);
}

/* The loss less that of weights 0 */
static double
loss(const double *xy, const double *weights, const double *gradient, int m, double l1, double l2)
{
	Sums		s = sum_up(xy, weights, gradient, m, l2);

	return -0.5 * (s.b_xy + s.b_gradient) + l1 * s.norm + 0.5 * l2 * s.b_b;
}

/* z (n) with A z = 1, A n x n symmetric and destroyed; false if it is singular. */
static bool
solve_ones(int n, double a[MEMORY][MEMORY], double *z)
{
	double		trace = 0;

	for (int i = 0; i < n; i++)
	{
		z[i] = 1;
		trace += a[i][i];
	}
	for (int i = 0; i < n; i++)
	{
		if (!(a[i][i] > 1e-15 * trace))
			return false;
		for (int k = i + 1; k < n; k++)
		{
			double		factor = a[k][i] / a[i][i];

			for (int l = i; l < n; l++)
				a[k][l] -= factor * a[i][l];
			z[k] -= factor * z[i];
		}
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int l = i + 1; l < n; l++)
			z[i] -= a[i][l] * z[l];
		z[i] /= a[i][i];
	}
	return true;
}

/* Inner products of the differences of successive iterates. */
HOT_LOOP static void
difference_products(const double *past, int m, double out[MEMORY][MEMORY])
{
	for (int i = 0; i < MEMORY; i++)
		for (int k = 0; k <= i; k++)
		{
			const double *a = past + (Size) i * m;
			const double *b = past + (Size) k * m;
			double		sum = 0;

#pragma omp simd reduction(+:sum)
			for (int j = 0; j < m; j++)
				sum += (a[m + j] - a[j]) * (b[m + j] - b[j]);
			out[i][k] = out[k][i] = sum;
		}
}

/* out = sum of z[i] past[i + 1] */
HOT_LOOP static void
combine(const double *past, const double *z, int m, double *out)
{
	memset(out, 0, m * sizeof(double));
	for (int i = 0; i < MEMORY; i++)
		for (int j = 0; j < m; j++)
			out[j] += z[i] * past[(Size) (i + 1) * m + j];
}

/* The combination of the iterates whose differences all but cancel, if that is better. */
static void
extrapolate(const WorkingSet *w, int m, double l1, double l2, const double *xy, double *weights, double *gradient)
{
	double		products[MEMORY][MEMORY];
	double		z[MEMORY];
	double		sum = 0;
	double		now = loss(xy, weights, gradient, m, l1, l2);

	difference_products(w->past_weights, m, products);
	if (!solve_ones(MEMORY, products, z))
		return;
	for (int i = 0; i < MEMORY; i++)
		sum += z[i];
	if (sum == 0 || !isfinite(sum))
		return;
	for (int i = 0; i < MEMORY; i++)
		z[i] /= sum;
	combine(w->past_weights, z, m, weights);
	combine(w->past_gradient, z, m, gradient);
	if (!(loss(xy, weights, gradient, m, l1, l2) < now))
	{
		memcpy(weights, w->past_weights + (Size) MEMORY * m, m * sizeof(double));
		memcpy(gradient, w->past_gradient + (Size) MEMORY * m, m * sizeof(double));
	}
}

/* Cycles until the gap of these m features reaches the goal; returns the work done. */
static double
descend(const Path *s, int t, const WorkingSet *w, int m, const double *xx, Size ld, const double *xy,
		double *weights, double *gradient, double budget)
{
	double		l1 = s->l1[t];
	double		l2 = s->l2[t];
	double		work = 0;
	int			n_past = 0;

	while (s->cycles[t] < s->max_iter && work < budget)
	{
		int			changed;

		memcpy(w->past_weights + (Size) n_past * m, weights, m * sizeof(double));
		memcpy(w->past_gradient + (Size) n_past * m, gradient, m * sizeof(double));
		if (n_past == MEMORY)
		{
			extrapolate(w, m, l1, l2, xy, weights, gradient);
			memcpy(w->past_weights, weights, m * sizeof(double));
			memcpy(w->past_gradient, gradient, m * sizeof(double));
			n_past = 0;
		}
		changed = cycle(m, xx, ld, l1, l2, weights, gradient);
		n_past++;
		s->cycles[t]++;
		work += m * (2.0 * changed + 20);
		if (changed == 0 || duality_gap(xy, weights, gradient, m, s->yy[t], l1, l2) <= s->goal[t])
			break;
	}
	return work;
}

/* gradient = xy - xx weights; returns the features with a weight. */
HOT_LOOP static int
renew_gradient(const double *restrict xx, const double *restrict xy, const double *restrict weights, int p,
			   double *restrict gradient)
{
	int			n = 0;

	memcpy(gradient, xy, p * sizeof(double));
	for (int j = 0; j < p; j++)
	{
		const double *restrict row = xx + (Size) j * p;
		double		weight = weights[j];

		if (weight == 0)
			continue;
		n++;
		for (int k = 0; k < p; k++)
			gradient[k] -= weight * row[k];
	}
	return n;
}

/* Goes on with a target for about so much work; true when it is solved. */
static bool
solve_some(const Path *s, int t, WorkingSet *w, double *budget)
{
	int			p = s->p;
	double	   *weights = s->weights + (Size) t * p;
	double	   *gradient = s->gradient + (Size) t * p;
	const double *xy = s->xy + (Size) t * p;

	while (*budget > 0)
	{
		int			before;

		choose_features(s, weights, gradient, s->l1[t], w);
		before = w->m;
		if (2 * w->m > p)
			*budget -= descend(s, t, w, p, s->xx, p, xy, weights, gradient, *budget);
		else
		{
			gather(w, s->xx, p, xy, weights, gradient);
			*budget -= 3.0 * w->m * w->m + p;
			*budget -= descend(s, t, w, w->m, w->xx, w->m, w->xy, w->weights, w->gradient, *budget);
			for (int i = 0; i < w->m; i++)
				weights[w->feature[i]] = w->weights[i];
		}
		*budget -= 2.0 * p * renew_gradient(s->xx, xy, weights, p, gradient) + 10.0 * p;

		if (duality_gap(xy, weights, gradient, p, s->yy[t], s->l1[t], s->l2[t]) <= s->tol * s->yy[t])
			return true;
		if (s->cycles[t] >= s->max_iter)
		{
			s->failed[t] = true;
			return true;
		}
		choose_features(s, weights, gradient, s->l1[t], w);
		if (w->m <= before)
			s->goal[t] *= TIGHTER;
		if (s->goal[t] < SMALLEST_GAP * s->yy[t])
			return true;
	}
	return false;
}

static void
solve_task(int64 i, int worker, void *arg)
{
	Path	   *s = arg;
	WorkingSet	w = working_set_of(s, worker);
	int			last = Min(s->n_pending, (int) (i + 1) * TARGETS_PER_TASK);
	double		budget = TASK_WORK;

	for (int k = i * TARGETS_PER_TASK; k < last && budget > 0; k++)
	{
		int			t = s->pending[k];

		s->solved[t] = solve_some(s, t, &w, &budget);
	}
}

/* ---- a block ---- */

typedef struct ElasticNet
{
	const ElasticNetOptions *options;
	FoldFit    *fit;
	int			n_alphas;
	const double *alphas;		/* n_alphas, ascending; NULL: a grid a target */
	double	   *alpha_max;		/* a target of the block: the least alpha without weights, all rows */
	Path		path;
	double	   *columns;		/* p x nt: weights as scores and the encoder want them */
	int64		n_fits;
	int64		n_failed;
} ElasticNet;

static double
alpha_of(const ElasticNet *en, int j, int t)
{
	if (en->alphas)
		return en->alphas[j];
	if (en->n_alphas == 1)
		return en->alpha_max[t];
	return en->alpha_max[t] * pow(SMALLEST_SHARE, (double) (en->n_alphas - 1 - j) / (en->n_alphas - 1));
}

static void
transpose(const double *in, int rows, int columns, double *out)
{
	for (int i0 = 0; i0 < rows; i0 += 16)
		for (int j = 0; j < columns; j++)
			for (int i = i0; i < Min(rows, i0 + 16); i++)
				out[(Size) j * rows + i] = in[(Size) i * columns + j];
}

/* A training set's sums with the block (p x nt) and its y's sums of squares, at weights 0. */
static void
start_path(ElasticNet *en, const TrainingSet *set, const double *xy, int fold)
{
	const TargetSums *b = en->fit->b;
	Path	   *s = &en->path;
	int			k = en->fit->n_folds;

	s->xx = set->xx;
	s->nt = b->nt;
	transpose(xy, s->p, s->nt, s->xy);
	memset(s->weights, 0, (Size) s->nt * s->p * sizeof(double));
	memcpy(s->gradient, s->xy, (Size) s->nt * s->p * sizeof(double));
	for (int t = 0; t < s->nt; t++)
	{
		double		sy = b->sy[(Size) k * b->nt + t];
		double		syy = b->syy[(Size) k * b->nt + t];

		if (fold >= 0)
		{
			sy -= b->sy[(Size) fold * b->nt + t];
			syy -= b->syy[(Size) fold * b->nt + t];
		}
		s->yy[t] = gram_centred_squares(set->n, sy, syy) / (b->y_norm[t] * b->y_norm[t]);
	}
}

/* Solutions of the targets that are pending at alpha j, from where they stand. */
static void
solve_alpha(ElasticNet *en, const TrainingSet *set, int j)
{
	Path	   *s = &en->path;
	double		ratio = en->options->l1_ratio;

	for (int k = 0; k < s->n_pending; k++)
	{
		int			t = s->pending[k];
		double		penalty = set->n * alpha_of(en, j, t);

		s->l1[t] = penalty * ratio / en->fit->b->y_norm[t];
		s->l2[t] = penalty * (1 - ratio);
		s->cycles[t] = 0;
		s->goal[t] = s->tol * s->yy[t];
		s->solved[t] = false;
		s->failed[t] = false;
	}
	en->n_fits += s->n_pending;
	while (s->n_pending > 0)
	{
		int			left = 0;

		parallel_for((s->n_pending + TARGETS_PER_TASK - 1) / TARGETS_PER_TASK, 0, solve_task, s);
		for (int k = 0; k < s->n_pending; k++)
		{
			int			t = s->pending[k];

			if (!s->solved[t])
				s->pending[left++] = t;
			else if (s->failed[t])
				en->n_failed++;
		}
		s->n_pending = left;
	}
}

static void
score_fold(ElasticNet *en, int f, RidgeScores *scores)
{
	FoldFit    *fit = en->fit;
	Path	   *s = &en->path;

	start_path(en, &fit->train[f], fit->b->train[f], f);
	for (int j = en->n_alphas - 1; j >= 0; j--)
	{
		for (int t = 0; t < s->nt; t++)
			s->pending[t] = t;
		s->n_pending = s->nt;
		solve_alpha(en, &fit->train[f], j);
		transpose(s->weights, s->nt, s->p, en->columns);
		fold_fit_score(fit, f, en->columns, scores, j);
		progress_add(s->nt);
	}
}

/* On all rows, each target down to its own alpha. */
static void
fit_chosen(ElasticNet *en, const int *chosen)
{
	FoldFit    *fit = en->fit;
	Path	   *s = &en->path;

	start_path(en, &fit->all, fit->b->all, -1);
	for (int j = en->n_alphas - 1; j >= 0; j--)
	{
		s->n_pending = 0;
		for (int t = 0; t < s->nt; t++)
			if (chosen[t] <= j)
				s->pending[s->n_pending++] = t;
		progress_add(s->nt);
		solve_alpha(en, &fit->all, j);
	}
	transpose(s->weights, s->nt, s->p, en->columns);
	fold_fit_store(fit, en->columns);
}

static void
find_alpha_max(ElasticNet *en)
{
	const FoldFit *fit = en->fit;
	const TargetSums *b = fit->b;

	memset(en->alpha_max, 0, b->nt * sizeof(double));
	for (int i = 0; i < fit->p; i++)
		for (int t = 0; t < b->nt; t++)
			en->alpha_max[t] = Max(en->alpha_max[t], fabs(b->all[(Size) i * b->nt + t]));
	for (int t = 0; t < b->nt; t++)
		en->alpha_max[t] *= b->y_norm[t] / fit->all.n / en->options->l1_ratio;
}

static void
store_scores(ElasticNet *en, const RidgeScores *scores, const int *chosen)
{
	Encoder    *e = en->fit->job->enc;

	for (int t = 0; t < scores->nt; t++)
	{
		int			target = en->fit->b->targets[t];
		double		alpha = alpha_of(en, chosen[t], t);

		e->alpha[target] = alpha > 0 ? alpha : NAN;
		ridge_scores_put(scores, chosen[t], t, e, target);
	}
}

static void
solve_block(ElasticNet *en, int t0, int nt)
{
	FoldFit    *fit = en->fit;
	RidgeScores *scores;
	int		   *chosen = palloc(nt * sizeof(int));

	fold_fit_block(fit, t0, nt);
	find_alpha_max(en);
	scores = fold_fit_scores_new(fit, en->n_alphas);
	for (int f = 0; f < fit->n_folds; f++)
		score_fold(en, f, scores);
	for (int t = 0; t < nt; t++)
		chosen[t] = Max(0, ridge_scores_best(scores, fit->job->scoring, t));
	store_scores(en, scores, chosen);
	fit_chosen(en, chosen);
}

/* ---- groups ---- */

static Size
path_bytes(int p, int nt)
{
	Size		a_target = size_add(size_mul(4, size_mul(p, sizeof(double))), 64);

	return size_add(size_mul(a_target, nt), size_mul(working_set_bytes(p), parallel_threads()));
}

static void
path_alloc(Path *s, int p, int nt)
{
	s->p = p;
	s->xy = huge_matrix(nt, p);
	s->weights = huge_matrix(nt, p);
	s->gradient = huge_matrix(nt, p);
	s->yy = huge_matrix(1, nt);
	s->l1 = huge_matrix(1, nt);
	s->l2 = huge_matrix(1, nt);
	s->goal = huge_matrix(1, nt);
	s->cycles = palloc(nt * sizeof(int));
	s->pending = palloc(nt * sizeof(int));
	s->solved = palloc(nt * sizeof(bool));
	s->failed = palloc(nt * sizeof(bool));
	s->scratch_bytes = working_set_bytes(p);
	s->scratch = huge_alloc(size_mul(s->scratch_bytes, parallel_threads()));
}

static void
solve_group(ElasticNet *en, RidgeJob *job, const RidgeGroup *group)
{
	int			p = job->g->p;
	int			k = fold_fit_n_folds(job, group);
	Size		a_target = fold_target_bytes(p, k, 1) + path_bytes(p, 1) - path_bytes(p, 0);
	int			block = (int) Min((Size) group->n_targets,
								  Min((Size) MAX_BLOCK, Max((Size) 32, BLOCK_BYTES / a_target)));
	MemoryContext scratch = scratch_create("elastic net", size_add(fold_fit_bytes(p, k, block),
																   path_bytes(p, block)), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	MemoryContext per_block = AllocSetContextCreate(scratch, "elastic net block", ALLOCSET_DEFAULT_SIZES);

	en->fit = fold_fit_new(job, group, block);
	en->alpha_max = huge_matrix(1, block);
	en->columns = huge_matrix(p, block);
	path_alloc(&en->path, p, block);
	for (int t0 = 0; t0 < group->n_targets; t0 += block)
	{
		MemoryContextSwitchTo(per_block);
		solve_block(en, t0, Min(block, group->n_targets - t0));
		MemoryContextReset(per_block);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

Encoder *
elastic_net_cv_fit(MemoryContext parent, const Gram *g, const ElasticNetOptions *options,
				   int64 *n_fits, int64 *n_failed)
{
	MemoryContext scratch = scratch_create("elastic_net_cv", 0, NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x_mean = huge_alloc(g->p * sizeof(double));
	double	   *x_scale = huge_alloc(g->p * sizeof(double));
	ElasticNet	en = {.options = options, .n_alphas = N_DEFAULT_ALPHAS};
	RidgeJob	job;
	RidgeGroup *groups;
	int			n_groups;

	en.path.max_iter = options->max_iter;
	en.path.tol = options->tol;
	ridge_start_job(&job, g, options->standardize);
	ridge_describe_features(&job, x_mean, x_scale);
	if (options->n_alphas > 0)
	{
		job.n_alphas = options->n_alphas;
		en.alphas = job.alphas = ridge_sorted_alphas(options->alphas, &job.n_alphas);
		en.n_alphas = job.n_alphas;
	}
	groups = ridge_groups(g, &n_groups);
	ridge_make_encoder(&job, parent, x_mean, x_scale);
	encoder_alloc_primal(job.enc);
	job.enc->model = ENCODER_ELASTIC_NET;
	job.enc->l1_ratio = options->l1_ratio;
	job.enc->per_target = true;
	job.enc->scores = ENCODER_SCORES_CV;
	job.enc->scoring_asked = options->scoring;
	job.enc->scoring = job.scoring = ridge_scoring(options->scoring, groups, n_groups);
	job.fit = true;

	progress_begin("elastic net: targets", (double) g->v * en.n_alphas * (job.enc->n_folds + 1));
	for (int i = 0; i < n_groups; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (groups[i].n_folds < 2)
			ridge_fit_mean(&job, &groups[i]);
		else
			solve_group(&en, &job, &groups[i]);
	}
	progress_end();
	ridge_require_finite_weights(job.enc);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	*n_fits = en.n_fits;
	*n_failed = en.n_failed;
	return job.enc;
}
