/*
 * lasso.c
 *		Lasso and elastic net by coordinate descent on the Gram matrix.
 *
 * A target starts from the weights that it is given, such as those of a larger
 * penalty (Friedman, Hastie and Tibshirani 2010, covariance updates).  A
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

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "stats/lasso.h"

#define TARGETS_PER_TASK	8
#define TASK_WORK			2e7
#define MEMORY				5		/* differences of iterates that are combined */
#define TIGHTER				0.1		/* the set's goal where all features miss theirs */
#define SMALLEST_GAP		1e-18	/* of y's sum of squares: rounding */

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
working_set_of(const Lasso *s, int worker)
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
choose_features(const Lasso *s, const double *weights, const double *gradient, double l1, WorkingSet *w)
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
descend(const Lasso *s, int t, const WorkingSet *w, int m, const double *xx, Size ld, const double *xy,
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
solve_some(const Lasso *s, int t, WorkingSet *w, double *budget)
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
		if (*budget <= 0)
			return false;		/* its cycles were cut short, and don't ask for a tighter goal */
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
	Lasso	   *s = arg;
	WorkingSet	w = working_set_of(s, worker);
	int			last = Min(s->n_pending, (int) (i + 1) * TARGETS_PER_TASK);
	double		budget = TASK_WORK;

	for (int k = (int) (i * TARGETS_PER_TASK); k < last && budget > 0; k++)
	{
		int			t = s->pending[k];

		s->solved[t] = solve_some(s, t, &w, &budget);
	}
}

/* ---- all pending ---- */

Size
lasso_bytes(int p, int nt)
{
	Size		a_target = size_add(size_mul(3, size_mul(p, sizeof(double))), 64);

	return size_add(size_mul(a_target, nt), size_mul(working_set_bytes(p), parallel_threads()));
}

Lasso *
lasso_new(int p, int nt)
{
	Lasso	   *s = palloc0(sizeof(Lasso));

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
	return s;
}

int
lasso_solve(Lasso *s)
{
	int			n_failed = 0;

	for (int k = 0; k < s->n_pending; k++)
	{
		int			t = s->pending[k];

		s->cycles[t] = 0;
		s->goal[t] = s->tol * s->yy[t];
		s->solved[t] = false;
		s->failed[t] = false;
	}
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
				n_failed++;
		}
		s->n_pending = left;
	}
	return n_failed;
}
