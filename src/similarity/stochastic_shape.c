/*
 * stochastic_shape.c
 *		Stochastic shape distance (Duong, Zhou, Nassar, Berman, Olieslagers and
 *		Williams 2023): two populations' responses, taken as Gaussians a condition,
 *		after the best rotation of one onto the other.
 *
 *	d^2 = min over orthogonal Q of the mean over conditions of
 *		  alpha |m_x - Q m_y|^2 + (2 - alpha) B^2(S_x, Q S_y Q')
 *
 * with means m, covariances S and Bures' distance B: 2-Wasserstein at alpha 1,
 * means alone at 2, covariances alone at 0.  With S = F'F (F rows of units) and
 * rotations R of the rows, B^2 = min over R of |F_x - R F_y Q'|^2, so the whole
 * is one least-squares problem in Q and all R.  It is minimised alternately, each
 * step a Procrustes problem: R from the singular vectors of F_x Q F_y', Q from
 * those of M = alpha sum m_x m_y' + (2 - alpha) sum F_x' R F_y.
 *
 * F has as many rows as a condition has trials (or the rank of S), so with few
 * trials a step is small.  A step costs 4 r p q flops for the r rows of all F_x,
 * and 22 a b^2 for each condition's a x b product and once for p x q.
 *
 * The subtlety: a step never goes up, but may end in a local minimum, and then the
 * triangle inequality can fail.  So several starts (the means' Procrustes solution,
 * the identity, the principal axes, random rotations and their transposes, so that
 * d(x, y) = d(y, x)) take some steps each, the better half twice as many more, and
 * so on to the last.  Of unrelated responses of 3 units a fifth to a half of the
 * starts end in the least minimum, of 6 units a tenth to a third.
 *
 * Populations of different widths: Q is p x q with orthonormal columns, p >= q,
 * which is what padding y with units of zeros comes to.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "similarity/stochastic_shape.h"

#define MAX_STEPS		1000
#define FIRST_STEPS		8			/* of each start; half of them take twice as many more, and so on */
#define MAX_STARTS		33
#define MIN_STARTS		7
#define STARTS_FLOPS	2e10		/* fewer starts where their steps would take more */
#define TOLERANCE		1e-14		/* of all squares, a step */
#define RAW_FLOPS		3e7			/* a b min(a, b) of a product whose SVD is one task */

typedef struct Shapes
{
	int			n;				/* conditions */
	Size		p;				/* units of x */
	Size		q;				/* units of y, at most p */
	const Size *first_x;
	const Size *first_y;
	const double *fx;			/* rows of x x p: factors times sqrt(2 - alpha) */
	const double *fy;			/* rows of y x q */
	const double *mx;			/* n x p: means times sqrt(alpha) */
	const double *my;			/* n x q */
	double		squares;		/* of all of these */
	double	   *means_product;	/* p x q: mx' my */

	double	   *turned;			/* rows of x x q: fx Q */
	double	   *matched;		/* rows of x x q: R fy */
	double	   *condition;		/* n: each condition's sum of singular values */
	char	   *work;			/* a worker's: see condition_bytes */
	Size		work_bytes;
	double	   *m;				/* p x q */
	double	   *u;				/* p x q */
	double	   *vt;				/* q x q */
	double	   *s;				/* q */
} Shapes;

/* ---- conditions: the best R ---- */

/* What a condition works in: its product, U, s, V', V' F_y and LAPACK's work. */
static Size
condition_bytes(Size a, Size b, Size q)
{
	Size		r = Min(a, b);

	return TYPEALIGN(64, (a * b + a * r + r + r * b + r * q) * sizeof(double) + svd_raw_work(a, b));
}

static bool
is_small(Size a, Size b)
{
	return (double) a * (double) b * (double) Min(a, b) <= RAW_FLOPS;
}

/* Condition i: matched rows, and the singular values' sum; 'raw': in a task. */
static void
match_condition(Shapes *s, int i, char *work, bool raw)
{
	Size		a = s->first_x[i + 1] - s->first_x[i];
	Size		b = s->first_y[i + 1] - s->first_y[i];
	Size		r = Min(a, b);
	double	   *k = (double *) work;
	double	   *u = k + a * b;
	double	   *values = u + a * r;
	double	   *vt = values + r;
	double	   *right = vt + r * b;
	double	   *lapack = right + r * s->q;
	const double *fy = s->fy + s->first_y[i] * s->q;
	const double *turned = s->turned + s->first_x[i] * s->q;
	double	   *matched = s->matched + s->first_x[i] * s->q;
	double		sum = 0;

	if (r == 0)
	{
		memset(matched, 0, a * s->q * sizeof(double));
		s->condition[i] = 0;
		return;
	}
	if (raw)
	{
		gemm_f8_raw(false, true, a, b, s->q, 1, turned, s->q, fy, s->q, 0, k, b);
		if (svd_f8_raw(a, b, k, values, u, vt, lapack) != 0)
			sum = NAN;
		gemm_f8_raw(false, false, r, s->q, b, 1, vt, b, fy, s->q, 0, right, s->q);
		gemm_f8_raw(false, false, a, s->q, r, 1, u, r, right, s->q, 0, matched, s->q);
	}
	else
	{
		gemm_f8(false, true, a, b, s->q, 1, turned, s->q, fy, s->q, 0, k, b);
		svd_f8(a, b, k, values, u, vt);
		gemm_f8(false, false, r, s->q, b, 1, vt, b, fy, s->q, 0, right, s->q);
		gemm_f8(false, false, a, s->q, r, 1, u, r, right, s->q, 0, matched, s->q);
	}
	for (Size l = 0; l < r; l++)
		sum += values[l];
	s->condition[i] = sum;
}

static void
match_small(int64 number, int worker, void *arg)
{
	Shapes	   *s = arg;
	Size		a = s->first_x[number + 1] - s->first_x[number];
	Size		b = s->first_y[number + 1] - s->first_y[number];

	if (is_small(a, b))
		match_condition(s, (int) number, s->work + worker * s->work_bytes, true);
}

/* All conditions' R for this Q. */
static void
match_conditions(Shapes *s, const double *rotation)
{
	Size		rows = s->first_x[s->n];

	if (rows == 0)
		return;
	gemm_f8(false, false, rows, s->q, s->p, 1, s->fx, s->p, rotation, s->q, 0, s->turned, s->q);
	parallel_for(s->n, 0, match_small, s);
	for (int i = 0; i < s->n; i++)
	{
		Size		a = s->first_x[i + 1] - s->first_x[i];
		Size		b = s->first_y[i + 1] - s->first_y[i];

		if (!is_small(a, b))
			match_condition(s, i, s->work, false);
		if (isnan(s->condition[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("singular values of condition %d did not converge", i + 1)));
	}
}

/* ---- Q ---- */

/* The orthonormal columns nearest to m (destroyed): q_out; returns the sum of singular values. */
static double
nearest_rotation(Shapes *s, double *m, double *rotation)
{
	double		sum = 0;

	svd_f8(s->p, s->q, m, s->s, s->u, s->vt);
	gemm_f8(false, false, s->p, s->q, s->q, 1, s->u, s->q, s->vt, s->q, 0, rotation, s->q);
	for (Size i = 0; i < s->q; i++)
		sum += s->s[i];
	return sum;
}

/* One step; returns what the rotation and all R agree in, to be maximised. */
static double
improve(Shapes *s, double *rotation)
{
	Size		rows = s->first_x[s->n];

	match_conditions(s, rotation);
	memcpy(s->m, s->means_product, s->p * s->q * sizeof(double));
	if (rows > 0)
		gemm_f8(true, false, s->p, s->q, rows, 1, s->fx, s->p, s->matched, s->q, 1, s->m, s->q);
	return nearest_rotation(s, s->m, rotation);
}

/* Steps until they gain nothing, or at most so many; returns the agreement. */
static double
improve_repeatedly(Shapes *s, double *rotation, int most)
{
	double		before = improve(s, rotation);

	progress_add(1);
	for (int step = 1; step < most; step++)
	{
		double		now = improve(s, rotation);

		progress_add(1);
		if (now - before <= TOLERANCE * s->squares)
		{
			progress_add(most - step - 1);
			return now;
		}
		before = now;
	}
	return before;
}

/* |x - y Q'|^2 of n rows, y's 'turned back' in scratch of n x p */
static double
residual(const Shapes *s, Size n, const double *x, const double *y, const double *rotation, double *back)
{
	double		sum = 0;

	if (n == 0)
		return 0;
	gemm_f8(false, true, n, s->p, s->q, 1, y, s->q, rotation, s->q, 0, back, s->p);
	for (Size i = 0; i < n * s->p; i++)
		sum += (x[i] - back[i]) * (x[i] - back[i]);
	return sum;
}

/* The mean over conditions of what the rotation leaves, from differences: exact where it is 0. */
static double
distance_of(Shapes *s, const double *rotation)
{
	double	   *back = huge_matrix(Max(s->first_x[s->n], (Size) s->n), s->p);
	double		sum;
	double		unmatched = 0;

	match_conditions(s, rotation);
	sum = residual(s, s->first_x[s->n], s->fx, s->matched, rotation, back);
	sum += residual(s, s->n, s->mx, s->my, rotation, back);

	/* R fy has no more rows than fx: what fy has beyond it is left as it is */
	for (int i = 0; i < s->n; i++)
	{
		Size		a = s->first_x[i + 1] - s->first_x[i];
		Size		b = s->first_y[i + 1] - s->first_y[i];
		double		of_fy = 0;
		double		of_matched = 0;

		if (b <= a)
			continue;
		for (Size j = s->first_y[i] * s->q; j < s->first_y[i + 1] * s->q; j++)
			of_fy += s->fy[j] * s->fy[j];
		for (Size j = s->first_x[i] * s->q; j < s->first_x[i + 1] * s->q; j++)
			of_matched += s->matched[j] * s->matched[j];
		unmatched += Max(of_fy - of_matched, 0);
	}
	pfree(back);
	return sqrt((sum + unmatched) / s->n);
}

/* ---- starts ---- */

static void
start_identity(const Shapes *s, double *rotation)
{
	memset(rotation, 0, s->p * s->q * sizeof(double));
	for (Size i = 0; i < s->q; i++)
		rotation[i * s->q + i] = 1;
}

static void
start_means(Shapes *s, double *rotation)
{
	memcpy(s->m, s->means_product, s->p * s->q * sizeof(double));
	nearest_rotation(s, s->m, rotation);
}

/* Uniform over rotations: the polar factor of normal deviates. */
static void
start_random(Shapes *s, double *rotation, int64 seed, int number)
{
	RandomStream r;

	random_start(&r, (uint64) seed, (uint64) number);
	for (Size i = 0; i < s->p * s->q; i++)
		s->m[i] = random_gaussian(&r);
	nearest_rotation(s, s->m, rotation);
}

static void
transpose_square(Size n, double *a)
{
	for (Size i = 0; i < n; i++)
		for (Size j = 0; j < i; j++)
		{
			double		swap = a[i * n + j];

			a[i * n + j] = a[j * n + i];
			a[j * n + i] = swap;
		}
}

/* Eigenvectors of factor'factor + mean'mean, by ascending eigenvalue in the rows of axes (p x p) */
static void
principal_axes(Size p, Size rows, const double *factor, Size n, const double *mean, double *axes, double *values)
{
	syrk_f8(true, p, n, 1, mean, p, 0, axes, p);
	if (rows > 0)
		syrk_f8(true, p, rows, 1, factor, p, 1, axes, p);
	eigh_f8(p, axes, values);
}

/* The principal axes of y on those of x, largest on largest, their signs by the means. */
static void
start_axes(const Shapes *s, double *rotation)
{
	double	   *of_x = huge_matrix(s->p, s->p);
	double	   *of_y = huge_matrix(s->q, s->q);
	double	   *values = huge_matrix(1, s->p);
	double	   *turned = huge_matrix(1, s->p);

	principal_axes(s->p, s->first_x[s->n], s->fx, s->n, s->mx, of_x, values);
	principal_axes(s->q, s->first_y[s->n], s->fy, s->n, s->my, of_y, values);
	for (Size k = 0; k < s->q; k++)
	{
		double		product = 0;
		const double *axis_x = of_x + (s->p - 1 - k) * s->p;
		double	   *axis_y = of_y + (s->q - 1 - k) * s->q;

		gemv_f8(false, s->p, s->q, 1, s->means_product, s->q, axis_y, 0, turned);
		for (Size i = 0; i < s->p; i++)
			product += axis_x[i] * turned[i];
		for (Size j = 0; j < s->q && product < 0; j++)
			axis_y[j] = -axis_y[j];
	}
	gemm_f8(true, false, s->p, s->q, s->q, 1, of_x + (s->p - s->q) * s->p, s->p, of_y, s->q, 0, rotation, s->q);
	pfree(turned);
	pfree(values);
	pfree(of_y);
	pfree(of_x);
}

typedef struct Start
{
	double	   *rotation;
	double		agreement;
	int			number;
} Start;

static int
compare_starts(const void *a, const void *b)
{
	const Start *x = a;
	const Start *y = b;

	if (x->agreement != y->agreement)
		return x->agreement > y->agreement ? -1 : 1;
	return x->number - y->number;
}

/* By the sizes alone, so that the answer is the same on any machine. */
static int
count_starts(const ConditionMoments *x, const ConditionMoments *y)
{
	double		p = (double) Max(x->p, y->p);
	double		q = (double) Min(x->p, y->p);
	double		flops = 4.0 * (double) Max(x->first[x->n], y->first[y->n]) * p * q + 22 * p * q * q;
	double		most;

	for (int i = 0; i < x->n; i++)
	{
		double		a = (double) (x->first[i + 1] - x->first[i]);
		double		b = (double) (y->first[i + 1] - y->first[i]);

		flops += 22 * a * b * Min(a, b);
	}
	most = STARTS_FLOPS / (flops * FIRST_STEPS * 5);
	return (int) Min(Max(most, MIN_STARTS), MAX_STARTS) | 1;	/* three, and pairs */
}

/* All starts, in memory of their own. */
static Start *
make_starts(Shapes *s, int n, int64 seed)
{
	Start	   *starts = palloc0(n * sizeof(Start));

	for (int i = 0; i < n; i++)
	{
		double	   *rotation = huge_matrix(s->p, s->q);

		starts[i] = (Start) {rotation, 0, i};
		if (i == 0)
			start_means(s, rotation);
		else if (i == 1)
			start_identity(s, rotation);
		else if (i == 2)
			start_axes(s, rotation);
		else if (i % 2 == 1 || s->p != s->q)
			start_random(s, rotation, seed, i);
		else
		{
			memcpy(rotation, starts[i - 1].rotation, s->p * s->q * sizeof(double));
			transpose_square(s->p, rotation);
		}
	}
	return starts;
}

/* Of n starts: of all, then of half of them twice as many, until one is left, which has the rest. */
static double
steps_at_most(int n)
{
	double		steps = n > 0 ? MAX_STEPS : 0;

	for (int each = FIRST_STEPS; n > 1; each *= 2, n /= 2)
		steps += (double) each * n;
	return steps;
}

static double
shortest(Shapes *s, int n_starts, int64 seed)
{
	bool		means_alone = s->first_x[s->n] == 0 || s->first_y[s->n] == 0;
	Start	   *starts = make_starts(s, means_alone ? 1 : n_starts, seed);
	int			n = means_alone ? 0 : n_starts;

	progress_begin("stochastic shape distance", steps_at_most(n));
	for (int steps = FIRST_STEPS; n > 1; steps *= 2)
	{
		for (int i = 0; i < n; i++)
			starts[i].agreement = improve_repeatedly(s, starts[i].rotation, steps);
		qsort(starts, n, sizeof(Start), compare_starts);
		n /= 2;
	}
	if (!means_alone)
		improve_repeatedly(s, starts[0].rotation, MAX_STEPS);
	progress_end();
	return distance_of(s, starts[0].rotation);
}

/* ---- all of it ---- */

/* a *= scale; returns the sum of squares then */
static double
scale_and_sum(double *a, Size n, double scale)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
	{
		a[i] *= scale;
		sum += a[i] * a[i];
	}
	return sum;
}

static double
largest_of(const double *a, Size n, double largest)
{
	for (Size i = 0; i < n; i++)
		largest = Max(largest, fabs(a[i]));
	return largest;
}

static Size
largest_condition(const ConditionMoments *x, const ConditionMoments *y)
{
	Size		bytes = 64;

	for (int i = 0; i < x->n; i++)
		bytes = Max(bytes, condition_bytes(x->first[i + 1] - x->first[i], y->first[i + 1] - y->first[i],
										   Min(x->p, y->p)));
	return bytes;
}

/* Bytes of scratch beside the two. */
static Size
stochastic_shape_scratch(const ConditionMoments *x, const ConditionMoments *y)
{
	Size		p = Max(x->p, y->p);
	Size		q = Min(x->p, y->p);
	Size		rows = Max(x->first[x->n], y->first[y->n]);
	Size		doubles = size_mul(size_mul(3 + count_starts(x, y), p), q);

	doubles = size_add(doubles, size_mul(size_mul(2, rows), q));
	doubles = size_add(doubles, size_mul(size_add(rows, x->n), p));
	doubles = size_add(doubles, size_mul(size_add(q, 1), q));
	doubles = size_add(doubles, size_mul(2, size_mul(p, p + 1)));
	return size_add(size_mul(doubles, sizeof(double)), size_mul(largest_condition(x, y), parallel_threads()));
}

double
stochastic_shape_distance(ConditionMoments *x, ConditionMoments *y, double alpha, int64 seed)
{
	MemoryContext scratch = scratch_create("stochastic_shape_distance", stochastic_shape_scratch(x, y),
										   "Take fewer units or fewer conditions.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int			n = x->n;
	double		unit = 0;
	double		distance;
	Shapes		s;

	if (x->p < y->p)
	{
		ConditionMoments *swap = x;

		x = y;
		y = swap;
	}
	s = (Shapes) {.n = n, .p = x->p, .q = y->p, .first_x = x->first, .first_y = y->first,
		.fx = x->factor, .fy = y->factor, .mx = x->mean, .my = y->mean};

	/* in units of the largest element, so that no square leaves the range */
	unit = largest_of(x->factor, x->first[n] * x->p, unit);
	unit = largest_of(y->factor, y->first[n] * y->p, unit);
	unit = largest_of(x->mean, n * x->p, unit);
	unit = largest_of(y->mean, n * y->p, unit);
	if (unit == 0)
	{
		MemoryContextSwitchTo(old);
		MemoryContextDelete(scratch);
		return 0;
	}
	s.squares = scale_and_sum(x->factor, x->first[n] * x->p, sqrt(2 - alpha) / unit) +
		scale_and_sum(y->factor, y->first[n] * y->p, sqrt(2 - alpha) / unit) +
		scale_and_sum(x->mean, n * x->p, sqrt(alpha) / unit) +
		scale_and_sum(y->mean, n * y->p, sqrt(alpha) / unit);

	s.work_bytes = largest_condition(x, y);
	s.work = huge_alloc(size_mul(s.work_bytes, parallel_threads()));
	s.turned = huge_matrix(x->first[n], s.q);
	s.matched = huge_matrix(x->first[n], s.q);
	s.condition = palloc0(n * sizeof(double));
	s.means_product = huge_matrix(s.p, s.q);
	s.m = huge_matrix(s.p, s.q);
	s.u = huge_matrix(s.p, s.q);
	s.vt = huge_matrix(s.q, s.q);
	s.s = huge_matrix(1, s.q);
	gemm_f8(true, false, s.p, s.q, n, 1, s.mx, s.p, s.my, s.q, 0, s.means_product, s.q);
	distance = unit * shortest(&s, alpha < 2 ? count_starts(x, y) : 1, seed);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return distance;
}
