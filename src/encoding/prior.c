/*
 * prior.c
 *		Few-shot ridge for a new subject: a Gaussian prior from other subjects.
 *
 * That voxels of many subjects share what they respond to, so that a new
 * subject takes few samples, is what BraInCoRL and the Universal Brain Encoder
 * show with networks; here it is Bayesian linear regression with a prior
 * covariance, which is Tikhonov regularisation:
 *
 *		w = argmin ||y - b0 - X w||^2 + alpha w' S^-1 w,
 *		S = (1 - s) I + s p M / trace(M),	M = W'W / m
 *
 * for m other voxels' weights W (m x p) and a strength s from 0 (ridge) to 1
 * (no direction but theirs).  M is about 0, mean and covariance in one: the
 * common mean is its leading direction when there is one, and neither the
 * units nor the sign of the new responses need to agree with it.
 *
 * With S = L L, w = L b and z = L x this is ridge of y on z, with the same
 * alphas since trace(S) = p.  So each strength is a ridge_cv over a mapped gram
 * (gram_map.c), by whichever solver is the cheapest; no pass over data.
 *
 * The subtlety is which strength.  Few rows can't tell it for one voxel, so it
 * is one for all, and pooled R2 of the folds, averaged over targets at the
 * alpha of each, says how good it is.  Targets share the rows: n rows hold at
 * most n - 1 independent ones, whatever v is, which bounds what their mean can
 * prove.  Of the strengths within 1.5 standard errors of the best the smallest
 * is taken, the rule of Breiman et al. (1984, section 3.4.3) with a margin: on
 * simulated subjects of 15 voxels and 20 rows one standard error let a useless
 * prior in one time in nine (mean loss in r .003), 1.5 one time in thirty
 * (.0008), and a prior that helps kept nine tenths of its gain.
 *
 * Cost: the eigenvectors of M, m p min(m, p) + 9 min(m, p)^3 flops, once; for
 * each strength p^2 (2 k + 2 n) for k directions and n rows (moments: 4 p^3 a
 * fold), and ridge_cv.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "encoding/prior.h"
#include "linalg/linalg.h"

#define MEMORY_HINT "Give fewer rows of other subjects' weights, or fewer features."
#define BLOCK_ELEMENTS ((Size) 1 << 21)

/* A strength has to be better than a smaller one by so many standard errors. */
#define ERRORS_APART 1.5

/* Directions with less variance than this share of the largest are rounding. */
#define SMALLEST_VARIANCE 1e-12

/* M = sum over k of variance_k axis_k axis_k', scaled to trace p. */
typedef struct Prior
{
	int			p;
	int			k;
	double	   *axes;			/* k x p, orthonormal rows */
	double	   *variance;		/* k */
} Prior;

/* ---- the prior's directions ---- */

/* Weights divided by the largest, so that squares neither overflow nor vanish. */
static double *
unit_weights(const PriorOptions *options, Size p)
{
	Size		n = options->m * p;
	double	   *w = huge_matrix(options->m, p);
	double		largest = 0;

	for (Size i = 0; i < n; i++)
		largest = Max(largest, fabs(options->weights[i]));
	for (Size i = 0; i < n; i++)
		w[i] = options->weights[i] / largest;
	return w;
}

/* How many of the ascending eigenvalues w are not rounding; they are scaled to sum to p. */
static int
keep_directions(double *w, int n, int p)
{
	int			first = n;
	double		sum = 0;

	while (first > 0 && w[first - 1] > SMALLEST_VARIANCE * w[n - 1])
		sum += w[--first];
	for (int i = first; i < n; i++)
		w[i] *= p / sum;
	return n - first;
}

/* From the smaller of W'W and W W'. */
static Prior
prior_new(const PriorOptions *options, int p)
{
	Prior		prior = {.p = p};
	int			m = options->m;
	int			n = Min(m, p);
	double	   *w = unit_weights(options, p);
	double	   *q = huge_matrix(n, n);
	double	   *values = huge_alloc(n * sizeof(double));

	if (p <= m)
		syrk_f8(true, p, m, 1, w, p, 0, q, n);
	else
		syrk_f8(false, m, p, 1, w, p, 0, q, n);
	eigh_f8(n, q, values);
	prior.k = keep_directions(values, n, p);
	prior.variance = values + n - prior.k;
	if (p <= m)
		prior.axes = q + (Size) (n - prior.k) * n;
	else
	{
		const double *rows = q + (Size) (n - prior.k) * n;

		prior.axes = huge_matrix(prior.k, p);
		gemm_f8(false, false, prior.k, p, m, 1, rows, m, w, p, 0, prior.axes, p);
		for (int i = 0; i < prior.k; i++)
		{
			double	   *axis = prior.axes + (Size) i * p;
			double		ss = 0;

			for (int j = 0; j < p; j++)
				ss += axis[j] * axis[j];
			for (int j = 0; j < p; j++)
				axis[j] /= sqrt(ss);
		}
	}
	pfree(w);
	return prior;
}

/* L (p x p), symmetric, with L L = (1 - s) I + s M */
static double *
square_root(const Prior *prior, double strength)
{
	Size		p = prior->p;
	double		rest = sqrt(1 - strength);
	double	   *scaled = huge_matrix(prior->k, p);
	double	   *root = huge_matrix(p, p);

	for (Size i = 0; i < (Size) prior->k; i++)
	{
		double		more = sqrt(1 - strength + strength * prior->variance[i]) - rest;

		for (Size j = 0; j < p; j++)
			scaled[i * p + j] = more * prior->axes[i * p + j];
	}
	gemm_f8(true, false, p, p, prior->k, 1, prior->axes, p, scaled, p, 0, root, p);
	for (Size j = 0; j < p; j++)
		root[j * p + j] += rest;
	pfree(scaled);
	return root;
}

/* ---- a strength ---- */

static double
stored(const void *matrix, TensorType type, Size at)
{
	return type == TENSOR_FLOAT4 ? ((const float *) matrix)[at] : ((const double *) matrix)[at];
}

static void
store(void *matrix, TensorType type, Size at, double value)
{
	if (type == TENSOR_FLOAT4)
		((float *) matrix)[at] = (float) value;
	else
		((double *) matrix)[at] = value;
}

/* rows x columns of a stored matrix, from (r0, c0), as float8 and back */
static void
copy_block(void *matrix, TensorType type, Size ld, Size r0, Size c0, Size rows, Size columns,
		   double *block, bool back)
{
	for (Size i = 0; i < rows; i++)
		for (Size j = 0; j < columns; j++)
		{
			Size		at = (r0 + i) * ld + c0 + j;

			if (back)
				store(matrix, type, at, block[i * columns + j]);
			else
				block[i * columns + j] = stored(matrix, type, at);
		}
}

/* Weights b of z = L (x - c) become w = L b of x; a dual encoder's rows z become L z. */
static void
map_back(Encoder *e, const double *root)
{
	Size		p = e->p;
	Size		n = e->dual ? (Size) e->n_dual : (Size) e->v;
	Size		block = Min(n, Max((Size) 16, BLOCK_ELEMENTS / p));
	double	   *in = huge_matrix(block, p);
	double	   *out = huge_matrix(block, p);

	for (Size i = 0; i < n; i += block)
	{
		Size		count = Min(block, n - i);

		if (e->dual)
		{
			copy_block(e->rows, e->wtype, p, i, 0, count, p, in, false);
			gemm_f8(false, false, count, p, p, 1, in, p, root, p, 0, out, p);
			copy_block(e->rows, e->wtype, p, i, 0, count, p, out, true);
		}
		else
		{
			copy_block(e->weights, e->wtype, n, 0, i, p, count, in, false);
			gemm_f8(false, false, p, count, p, 1, root, p, in, count, 0, out, count);
			copy_block(e->weights, e->wtype, n, 0, i, p, count, out, true);
		}
	}
	pfree(in);
	pfree(out);
}

/* The reference point of z is that of x mapped: a mean. */
static void
set_reference(Encoder *e, const Gram *g)
{
	RidgeJob	job;

	ridge_start_job(&job, g, false);
	ridge_describe_features(&job, e->x0, e->x_scale);
}

/* ridge_cv under the prior, over all rows of the gram. */
static Encoder *
fit_strength(MemoryContext parent, const Gram *g, const Prior *prior, double strength, const RidgeOptions *options)
{
	MemoryContext scratch = scratch_create("ridge prior", size_mul(size_mul(prior->p, prior->p), 2 * sizeof(double)),
										   MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Encoder    *e;

	if (strength == 0)
		e = ridge_cv_fit(parent, g, options);
	else
	{
		double	   *root = square_root(prior, strength);

		e = ridge_cv_fit(parent, gram_map_features(scratch, g, root, prior->p), options);
		map_back(e, root);
		set_reference(e, g);
		ridge_require_finite_weights(e);
	}
	e->model = ENCODER_RIDGE_PRIOR;
	e->prior_strength = strength;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return e;
}

/* ---- the choice ---- */

/* Targets that vary and have a score at every strength: in the first n_used columns of the table on return. */
static int
comparable_targets(double *score, int n_strengths, int v)
{
	int			n_used = 0;

	for (int t = 0; t < v; t++)
	{
		bool		usable = true;

		for (int i = 0; i < n_strengths; i++)
			usable &= !isnan(score[(Size) i * v + t]);
		if (!usable)
			continue;
		for (int i = 0; i < n_strengths; i++)
			score[(Size) i * v + n_used] = score[(Size) i * v + t];
		n_used++;
	}
	return n_used;
}

/*
 * The standard error of the mean difference a - b over v targets of n rows.
 * One difference of 0 with the variance of a correlation under chance, 1 / (n -
 * 1), is counted in, so that one target has an error too.
 */
static double
difference_error(const double *a, const double *b, int v, double mean, int64 n)
{
	double		ss = 1.0 / (n - 1);

	for (int t = 0; t < v; t++)
		ss += (a[t] - b[t] - mean) * (a[t] - b[t] - mean);
	return sqrt(ss / v / Min((double) v, n - 1.0));
}

/* Index of the smallest strength that the best does not clearly beat; scores n_strengths x v. */
static int
choose_strength(double *score, int n_strengths, int v, int64 n)
{
	int			n_used = comparable_targets(score, n_strengths, v);
	double	   *mean = palloc0(n_strengths * sizeof(double));
	int			best = 0;
	int			chosen = 0;

	if (n_used == 0)
		return 0;
	for (int i = 0; i < n_strengths; i++)
	{
		for (int t = 0; t < n_used; t++)
			mean[i] += score[(Size) i * v + t] / n_used;
		if (mean[i] > mean[best])
			best = i;
	}
	while (chosen < best &&
		   mean[best] - mean[chosen] > ERRORS_APART *
		   difference_error(score + (Size) best * v, score + (Size) chosen * v, n_used, mean[best] - mean[chosen], n))
		chosen++;
	pfree(mean);
	return chosen;
}

/* ---- the entrance ---- */

static Size
scratch_bytes(const PriorOptions *options, int p, int v)
{
	Size		m = options->m;
	Size		n = Min(m, (Size) p);
	Size		doubles = size_mul(m, p);

	doubles = size_add(doubles, size_mul(2 * n, n));
	doubles = size_add(doubles, size_mul(n, p));
	doubles = size_add(doubles, size_mul(options->n_strengths, v));
	return size_mul(doubles, sizeof(double));
}

Encoder *
ridge_prior_cv_fit(MemoryContext parent, const Gram *g, const PriorOptions *options)
{
	MemoryContext scratch = scratch_create("ridge priors", scratch_bytes(options, g->p, g->v), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	RidgeOptions ridge = {.n_alphas = options->n_alphas, .alphas = options->alphas, .per_target = true};
	int			n_strengths = options->n_strengths;
	const double *strengths = ridge_sorted_alphas(options->strengths, &n_strengths);
	Prior		prior = prior_new(options, g->p);
	double	   *score = huge_matrix(n_strengths, g->v);
	int			chosen = 0;
	Encoder    *e;

	for (int i = 0; i < n_strengths && n_strengths > 1; i++)
	{
		CHECK_FOR_INTERRUPTS();
		e = fit_strength(scratch, g, &prior, strengths[i], &ridge);
		for (int t = 0; t < g->v; t++)
			score[(Size) i * g->v + t] = e->variance[t] > 0 ? e->r2_pooled[t] : NAN;
		MemoryContextDelete(STATE_CONTEXT(e));
	}
	if (n_strengths > 1)
		chosen = choose_strength(score, n_strengths, g->v, gram_n(g));
	e = fit_strength(parent, g, &prior, strengths[chosen], &ridge);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return e;
}
