/*
 * patterns_points.c
 *		Patterns as points that distances are taken of.
 *
 * Unit vectors are made about the pattern's first element, so that a constant
 * pattern is 0 exactly, in two passes; where squares leave the range of float8
 * the pattern is scaled by a power of two first.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "similarity/patterns_points.h"

#define WHITEN_ROWS		256		/* points whitened by one product */

#define MEMORY_HINT "Take fewer channels (a region at a time), or a vector of precisions."

static Points *
points_new(Size n, Size m, void (*read) (const void *, Size, Size, Size, double *), const void *source)
{
	Points	   *p = palloc(sizeof(Points));

	*p = (Points) {n, m, read, source};
	return p;
}

/* ---- means ---- */

static void
read_mean(const void *source, Size i, Size first, Size count, double *out)
{
	const PatternMean *mean = (const PatternMean *) source + i;

	pattern_mean(mean->cells, mean->n_cells, first, count, out);
}

const Points *
points_of_means(const PatternMean *means, Size n, Size m)
{
	return points_new(n, m, read_mean, means);
}

const Points *
points_of_conditions(const PatternTable *t)
{
	PatternMean *means = huge_alloc(Max(1, (Size) t->n) * sizeof(PatternMean));

	for (int i = 0; i < t->n; i++)
		means[i] = (PatternMean) {t->cells + t->start[i], t->start[i + 1] - t->start[i]};
	return points_of_means(means, t->n, t->n_channels);
}

const Points *
points_of_cells(const PatternTable *t)
{
	PatternMean *means = huge_alloc(Max(1, (Size) t->n_cells) * sizeof(PatternMean));

	for (int c = 0; c < t->n_cells; c++)
		means[c] = (PatternMean) {t->cells + c, 1};
	return points_of_means(means, t->n_cells, t->n_channels);
}

/* ---- a subset ---- */

typedef struct Subset
{
	const Points *of;
	const int  *index;
} Subset;

static void
read_subset(const void *source, Size i, Size first, Size count, double *out)
{
	const Subset *s = source;

	s->of->read(s->of->source, s->index[i], first, count, out);
}

const Points *
points_subset(const Points *of, const int *index, Size n)
{
	Subset	   *s = palloc(sizeof(Subset));

	*s = (Subset) {of, index};
	return points_new(n, of->m, read_subset, s);
}

/* ---- unit length ---- */

/* How a point is seen: ((x - shift) * scale - mean) / norm */
typedef struct UnitView
{
	double		shift;
	double		scale;
	double		mean;
	double		norm;			/* 0: it has no direction */
} UnitView;

typedef struct Units
{
	const Points *of;
	bool		centre;
	UnitView   *views;
} Units;

HOT_LOOP static void
apply_view(double *x, Size n, UnitView v)
{
	for (Size k = 0; k < n; k++)
		x[k] = ((x[k] - v.shift) * v.scale - v.mean) / v.norm;
}

HOT_LOOP static void
sum_of_view(const double *x, Size n, UnitView v, double *sum, double *squares, double *largest)
{
	double		s = 0;
	double		ss = 0;
	double		most = 0;

#pragma omp simd reduction(+:s, ss) reduction(max:most)
	for (Size k = 0; k < n; k++)
	{
		double		d = (x[k] - v.shift) * v.scale - v.mean;

		s += d;
		ss += d * d;
		most = fabs(d) > most ? fabs(d) : most;
	}
	*sum += s;
	*squares += ss;
	*largest = Max(*largest, most);
}

static void
read_unit(const void *source, Size i, Size first, Size count, double *out)
{
	const Units *u = source;

	u->of->read(u->of->source, i, first, count, out);
	if (u->views[i].norm > 0)
		apply_view(out, count, u->views[i]);
	else
		memset(out, 0, count * sizeof(double));
}

/* Sums over a whole point, seen so. */
static void
sums_of_point(const Points *of, Size i, UnitView v, double *sum, double *squares, double *largest)
{
	double		x[POINTS_STRETCH];

	*sum = *squares = *largest = 0;
	for (Size first = 0; first < of->m; first += POINTS_STRETCH)
	{
		Size		count = Min(POINTS_STRETCH, of->m - first);

		of->read(of->source, i, first, count, x);
		sum_of_view(x, count, v, sum, squares, largest);
	}
}

/* The norm of a point seen so, in one or two passes. */
static double
measure(const Points *of, Size i, bool centre, UnitView *v, double *largest)
{
	double		sum;
	double		squares;

	sums_of_point(of, i, *v, &sum, &squares, largest);
	if (centre && squares > 0)
	{
		double		ignored;

		v->mean = sum / (double) of->m;
		sums_of_point(of, i, *v, &sum, &squares, &ignored);
	}
	return squares;
}

static void
unit_task(int64 task, int worker, void *arg)
{
	Units	   *u = arg;
	Size		i = (Size) task;
	UnitView	v = {.scale = 1, .norm = 1};
	double		largest;
	double		squares;

	if (u->centre)
		u->of->read(u->of->source, i, 0, 1, &v.shift);
	squares = measure(u->of, i, u->centre, &v, &largest);
	if (largest > 0 && !(squares > 1e-280 && squares < 1e280))
	{
		v.mean = 0;
		v.scale = ldexp(1, isfinite(largest) ? -ilogb(largest) : -DBL_MAX_EXP);
		squares = measure(u->of, i, u->centre, &v, &largest);
	}
	v.norm = isfinite(squares) ? sqrt(squares) : 0;
	u->views[i] = v;
}

const Points *
points_of_unit_length(const Points *of, bool centre, bool *defined)
{
	Units	   *u = palloc(sizeof(Units));

	*u = (Units) {of, centre, huge_alloc(Max(1, of->n) * sizeof(UnitView))};
	parallel_for((int64) of->n, 0, unit_task, u);
	for (Size i = 0; i < of->n; i++)
		defined[i] = u->views[i].norm > 0;
	return points_new(of->n, of->m, read_unit, u);
}

/* ---- whitened ---- */

typedef struct Scaled
{
	const Points *of;
	double	   *scale;			/* m */
} Scaled;

HOT_LOOP static void
multiply(double *x, const double *by, Size n)
{
	for (Size k = 0; k < n; k++)
		x[k] *= by[k];
}

static void
read_scaled(const void *source, Size i, Size first, Size count, double *out)
{
	const Scaled *s = source;

	s->of->read(s->of->source, i, first, count, out);
	multiply(out, s->scale + first, count);
}

/* Rows of a matrix: points that are held. */
typedef struct Held
{
	Size		m;
	double	   *values;			/* n x m */
} Held;

static void
read_held(const void *source, Size i, Size first, Size count, double *out)
{
	const Held *h = source;

	memcpy(out, h->values + i * h->m + first, count * sizeof(double));
}

static void
read_precision(const Tensor *precision, Size m, double *s)
{
	tensor_read_f8(precision, 0, m * m, s);
	for (Size i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (Size j = 0; j < i; j++)
			s[i * m + j] = s[j * m + i] = (s[i * m + j] + s[j * m + i]) / 2;
	}
}

/* F (m x m) with F F' = S.  A precision without full rank takes its eigenvectors in place of Cholesky's factor. */
static void
factor(const Tensor *precision, Size m, double *f)
{
	double	   *w;
	double	   *vectors;

	read_precision(precision, m, f);
	if (cholesky_f8(m, f, m) == 0)
		return;
	w = huge_alloc(m * sizeof(double));
	vectors = huge_matrix(m, m);
	read_precision(precision, m, vectors);
	eigh_f8(m, vectors, w);
	if (w[0] < -1e-9 * fabs(w[m - 1]))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("prec has a negative eigenvalue, but a precision has none"),
				 errdetail_client("It is %g.", w[0]),
				 errhint("noise_precision() makes one of residuals.")));
	for (Size k = 0; k < m; k++)
	{
		double		root = w[k] > 0 ? sqrt(w[k]) : 0;

		CHECK_FOR_INTERRUPTS();
		for (Size i = 0; i < m; i++)
			f[i * m + k] = vectors[k * m + i] * root;
	}
	pfree(w);
	pfree(vectors);
}

/* The points' mean, so that a common offset costs the product no digits. */
static double *
mean_of_points(const Points *of)
{
	double	   *mean = huge_alloc0(of->m * sizeof(double));
	double		x[POINTS_STRETCH];

	for (Size first = 0; first < of->m; first += POINTS_STRETCH)
	{
		Size		count = Min(POINTS_STRETCH, of->m - first);

		for (Size i = 0; i < of->n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			of->read(of->source, i, first, count, x);
			pattern_add(mean + first, x, TENSOR_FLOAT8, count);
		}
	}
	for (Size k = 0; k < of->m; k++)
		mean[k] /= (double) of->n;
	return mean;
}

static const Points *
points_times_factor(const Points *of, const Tensor *precision)
{
	Size		n = of->n;
	Size		m = of->m;
	Size		rows = Min(n, WHITEN_ROWS);
	Held	   *held = palloc(sizeof(Held));
	double	   *f;
	double	   *block;
	double	   *mean;

	memory_claim_add(memory_claim(CurrentMemoryContext, "whitening patterns"),
					 size_mul(size_mul(size_add(2 * m, size_add(n, rows)), m), sizeof(double)), MEMORY_HINT);
	held->m = m;
	held->values = huge_matrix(n, m);
	f = huge_matrix(m, m);
	factor(precision, m, f);
	block = huge_matrix(rows, m);
	mean = mean_of_points(of);
	for (Size i0 = 0; i0 < n; i0 += rows)
	{
		Size		count = Min(rows, n - i0);

		for (Size i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			of->read(of->source, i0 + i, 0, m, block + i * m);
			for (Size k = 0; k < m; k++)
				block[i * m + k] -= mean[k];
		}
		gemm_f8(false, false, count, m, m, 1, block, m, f, m, 0, held->values + i0 * m, m);
	}
	pfree(f);
	pfree(block);
	pfree(mean);
	return points_new(n, m, read_held, held);
}

const Points *
points_whitened(const Points *of, const Tensor *precision)
{
	Scaled	   *s;

	if (precision->ndim == 2)
		return points_times_factor(of, precision);
	s = palloc(sizeof(Scaled));
	*s = (Scaled) {of, huge_alloc(of->m * sizeof(double))};
	for (Size k = 0; k < of->m; k++)
		s->scale[k] = sqrt(tensor_get(precision, k));
	return points_new(of->n, of->m, read_scaled, s);
}

/* ---- rates ---- */

typedef struct Rates
{
	const Points *of;
	double		add;
	double		divide;
} Rates;

static void
read_rates(const void *source, Size i, Size first, Size count, double *out)
{
	const Rates *r = source;

	r->of->read(r->of->source, i, first, count, out);
	for (Size k = 0; k < count; k++)
		out[k] = (out[k] + r->add) / r->divide;
}

static void
read_log_rates(const void *source, Size i, Size first, Size count, double *out)
{
	read_rates(source, i, first, count, out);
	for (Size k = 0; k < count; k++)
		out[k] = log(out[k]);
}

static const Points *
rates(const Points *of, double prior_lambda, double prior_weight, bool logarithm)
{
	Rates	   *r = palloc(sizeof(Rates));

	*r = (Rates) {of, prior_lambda * prior_weight, 1 + prior_weight};
	return points_new(of->n, of->m, logarithm ? read_log_rates : read_rates, r);
}

const Points *
points_of_rates(const Points *of, double prior_lambda, double prior_weight)
{
	return rates(of, prior_lambda, prior_weight, false);
}

const Points *
points_of_log_rates(const Points *of, double prior_lambda, double prior_weight)
{
	return rates(of, prior_lambda, prior_weight, true);
}

double
points_least(const Points *of)
{
	double		x[POINTS_STRETCH];
	double		least = INFINITY;

	for (Size i = 0; i < of->n; i++)
		for (Size first = 0; first < of->m; first += POINTS_STRETCH)
		{
			Size		count = Min(POINTS_STRETCH, of->m - first);

			CHECK_FOR_INTERRUPTS();
			of->read(of->source, i, first, count, x);
			for (Size k = 0; k < count; k++)
				least = Min(least, x[k]);
		}
	return least;
}
