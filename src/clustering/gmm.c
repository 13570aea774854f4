/*
 * gmm.c
 *		Gaussian mixtures by expectation maximisation (Dempster, Laird and Rubin
 *		1977), from k-means.
 *
 * The E step gives each row's log likelihood and its responsibilities (their
 * log-sum-exp), the M step weights, means and covariances.  Both are one pass over
 * the rows, in rounds: tasks of a panel and a component whiten rows (n k d^2 flops
 * of trsm for full covariances), then a task a component adds up its rows,
 * weighted by the square roots of its responsibilities (syrk, as many flops).  A
 * row counts for the components that have at least NEGLIGIBLE of it, so for
 * clusters that are apart the M step costs n d^2 flops, whatever k.  Only a
 * round's responsibilities are held.
 *
 * The subtlety: second moments are taken about the component's mean before the
 * step, then shifted by what the mean moved, which is little.  So nothing cancels
 * and one pass over the rows does, wherever the origin is.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "clustering/gmm.h"
#include "clustering/kmeans.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define PANEL			256		/* rows of a task */
#define MAX_PANELS		64		/* of a round */
#define FLOPS_OF_TASK	4e8		/* of a component's sums in a round */
#define NEGLIGIBLE		1e-20	/* responsibility whose share of a component's sums is below rounding */

typedef enum Pass
{
	PASS_START,					/* sums of rows that are labelled */
	PASS_STEP,					/* likelihood and sums */
	PASS_LABEL					/* likelihood and labels */
} Pass;

typedef struct Mixture
{
	const PointRows *rows;
	const GmmOptions *options;
	int			k;
	int			d;
	Size		covariance_size;
	double	   *mean;			/* k x d */
	double	   *weight;			/* k */
	double	   *covariances;	/* k x covariance_size */
	GmmModel   *model;
	/* sums of a pass, over differences to the means before it */
	double	   *count;			/* k */
	double	   *sum;			/* k x d */
	double	   *square;			/* k x covariance_size; full: lower triangles */
	/* one round */
	int			panels_of_round;
	int			first;			/* row */
	int			n;
	double	   *share;			/* k x panels_of_round * PANEL: log joint densities, then responsibilities */
	double	   *log_likelihood; /* of a panel */
	double	   *work;			/* a worker: PANEL x d */
	int32	   *label;			/* n of rows, from 0: those of 'start' at first */
	/* where it starts */
	const KmeansRows *distances;
	KmeansFit  *start;
} Mixture;

static inline Size
round_stride(const Mixture *x)
{
	return (Size) x->panels_of_round * PANEL;
}

static inline double *
worker_panel(const Mixture *x, int worker)
{
	return x->work + (Size) worker * PANEL * x->d;
}

/* ---- tasks ---- */

HOT_LOOP static void
difference_f4(const float *restrict x, const double *restrict mean, int d, double *restrict y)
{
	for (int i = 0; i < d; i++)
		y[i] = (double) x[i] - mean[i];
}

HOT_LOOP static void
difference_f8(const double *restrict x, const double *restrict mean, int d, double *restrict y)
{
	for (int i = 0; i < d; i++)
		y[i] = x[i] - mean[i];
}

static inline void
difference(const PointRows *rows, int i, const double *mean, double *y)
{
	if (rows->dtype == TENSOR_FLOAT4)
		difference_f4(POINT_ROWS_F4(rows) + (Size) i * rows->d, mean, rows->d, y);
	else
		difference_f8(POINT_ROWS_F8(rows) + (Size) i * rows->d, mean, rows->d, y);
}

/* Task 'panel * k + component': log joint densities. */
static void
panel_densities(int64 number, int worker, void *arg)
{
	Mixture    *x = arg;
	int			j = (int) (number % x->k);
	int			first = (int) (number / x->k) * PANEL;
	int			n = Min(PANEL, x->n - first);
	double	   *y = worker_panel(x, worker);

	for (int i = 0; i < n; i++)
		difference(x->rows, x->first + first + i, x->mean + (Size) j * x->d, y + (Size) i * x->d);
	gmm_log_joint(x->model, j, n, y, x->share + j * round_stride(x) + first);
}

static void
panel_shares(int64 panel, int worker, void *arg)
{
	Mixture    *x = arg;
	int			first = (int) panel * PANEL;
	int			end = Min(first + PANEL, x->n);
	double		sum = 0;

	for (int i = first; i < end; i++)
		sum += gmm_log_sum_exp(x->k, x->share + i, round_stride(x));
	x->log_likelihood[panel] = sum;
}

/* A row whose joint densities are equal belongs to the first. */
static void
panel_labels(int64 panel, int worker, void *arg)
{
	Mixture    *x = arg;
	Size		stride = round_stride(x);
	int			first = (int) panel * PANEL;
	int			end = Min(first + PANEL, x->n);

	for (int i = first; i < end; i++)
	{
		int			best = 0;

		for (int j = 1; j < x->k; j++)
			if (x->share[j * stride + i] > x->share[best * stride + i])
				best = j;
		x->label[x->first + i] = best;
	}
}

static void
panel_given(int64 panel, int worker, void *arg)
{
	Mixture    *x = arg;
	Size		stride = round_stride(x);
	int			first = (int) panel * PANEL;
	int			end = Min(first + PANEL, x->n);

	for (int i = first; i < end; i++)
		for (int j = 0; j < x->k; j++)
			x->share[j * stride + i] = x->label[x->first + i] == j;
}

HOT_LOOP static void
weigh(double *restrict y, double share, int d, double *restrict sum)
{
	double		root = sqrt(share);

	for (int i = 0; i < d; i++)
	{
		sum[i] += share * y[i];
		y[i] *= root;
	}
}

HOT_LOOP static void
add_squares(const double *restrict y, int d, double *restrict square)
{
	for (int i = 0; i < d; i++)
		square[i] += y[i] * y[i];
}

/* Adds n rows, each times the root of its share, to the second moments of component j. */
static void
add_moments(Mixture *x, int j, int n, const double *y)
{
	double	   *square = x->square + j * x->covariance_size;

	if (x->options->covariance == CLUSTERING_FULL)
		syrk_lower_f8_raw(x->d, n, y, x->d, 1.0, square, x->d);
	else if (x->options->covariance == CLUSTERING_DIAG)
		for (int i = 0; i < n; i++)
			add_squares(y + (Size) i * x->d, x->d, square);
	else
		square[0] += squared_length(y, (Size) n * x->d);
}

static void
component_sums(int64 component, int worker, void *arg)
{
	Mixture    *x = arg;
	int			j = (int) component;
	const double *share = x->share + j * round_stride(x);
	double	   *y = worker_panel(x, worker);
	int			gathered = 0;

	for (int i = 0; i < x->n; i++)
	{
		double	   *row = y + (Size) gathered * x->d;

		if (share[i] < NEGLIGIBLE)
			continue;
		difference(x->rows, x->first + i, x->mean + (Size) j * x->d, row);
		weigh(row, share[i], x->d, x->sum + (Size) j * x->d);
		x->count[j] += share[i];
		if (++gathered == PANEL)
		{
			add_moments(x, j, gathered, y);
			gathered = 0;
		}
	}
	add_moments(x, j, gathered, y);
}

/* ---- a pass over the rows ---- */

/* The log likelihood of all rows (but of a start). */
static double
pass(Mixture *x, Pass what)
{
	double		total = 0;

	if (what != PASS_LABEL)
	{
		memset(x->count, 0, x->k * sizeof(double));
		memset(x->sum, 0, (Size) x->k * x->d * sizeof(double));
		memset(x->square, 0, x->k * x->covariance_size * sizeof(double));
	}
	for (x->first = 0; x->first < x->rows->n; x->first += x->n)
	{
		int			n_panels;

		x->n = (int) Min(round_stride(x), (Size) (x->rows->n - x->first));
		n_panels = (x->n + PANEL - 1) / PANEL;
		if (what == PASS_START)
			parallel_for(n_panels, 0, panel_given, x);
		else
		{
			parallel_for((int64) n_panels * x->k, 0, panel_densities, x);
			if (what == PASS_LABEL)
				parallel_for(n_panels, 0, panel_labels, x);
			parallel_for(n_panels, 0, panel_shares, x);
			for (int p = 0; p < n_panels; p++)
				total += x->log_likelihood[p];
		}
		if (what != PASS_LABEL)
			parallel_for(x->k, 0, component_sums, x);
		progress_add(x->n);
	}
	return total;
}

/* ---- the M step ---- */

static void
set_full(double *covariance, const double *square, const double *moved, double count, int d, double reg)
{
	for (Size a = 0; a < (Size) d; a++)
	{
		for (Size b = 0; b <= a; b++)
			covariance[a * d + b] = covariance[b * d + a] = square[a * d + b] / count - moved[a] * moved[b];
		covariance[a * d + a] += reg;
	}
}

static void
set_covariance(Mixture *x, int j, const double *moved, double count)
{
	double	   *covariance = x->covariances + j * x->covariance_size;
	const double *square = x->square + j * x->covariance_size;
	double		reg = x->options->reg;

	if (x->options->covariance == CLUSTERING_FULL)
		set_full(covariance, square, moved, count, x->d, reg);
	else if (x->options->covariance == CLUSTERING_DIAG)
		for (int i = 0; i < x->d; i++)
			covariance[i] = square[i] / count - moved[i] * moved[i] + reg;
	else
		covariance[0] = (square[0] / count - squared_length(moved, x->d)) / x->d + reg;
}

_Noreturn static void
report_singular(const Mixture *x, int j)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("the covariance of component %d of %d is not positive definite", j + 1, x->k),
			 errdetail("The component holds %.1f of the %d rows, which have %d elements.",
					   x->weight[j] * x->rows->n, x->rows->n, x->d),
			 errhint("Take fewer components, fewer elements (pca), covariance 'diag' or 'spherical', or a reg over %g.",
					 x->options->reg)));
}

/* Parameters from the sums of a pass. */
static void
update(Mixture *x)
{
	double		total = 0;
	int			bad;

	for (int j = 0; j < x->k; j++)
	{
		double		count = x->count[j] + 10 * DBL_EPSILON;
		double	   *moved = x->sum + (Size) j * x->d;

		for (int i = 0; i < x->d; i++)
		{
			moved[i] /= count;
			x->mean[(Size) j * x->d + i] += moved[i];
		}
		set_covariance(x, j, moved, count);
		x->weight[j] = count;
		total += count;
		CHECK_FOR_INTERRUPTS();
	}
	for (int j = 0; j < x->k; j++)
		x->weight[j] /= total;
	bad = gmm_model_set(x->model, x->mean, x->weight, x->covariances);
	if (bad >= 0)
		report_singular(x, bad);
}

/* ---- one start ---- */

/* Components that are the clusters of k-means. */
static void
start(Mixture *x, int number)
{
	KmeansOptions options = kmeans_options(x->k, x->options->seed);

	kmeans_start(x->distances, &options, number, x->start);
	memcpy(x->mean, x->start->centre, (Size) x->k * x->d * sizeof(double));
	pass(x, PASS_START);
	update(x);
}

/* Returns the log likelihood of where it ends, with labels. */
static double
maximise(Mixture *x, int number, int *iterations, bool *converged)
{
	double		before = -INFINITY;

	start(x, number);
	*converged = false;
	for (*iterations = 0; *iterations < x->options->max_iter && !*converged; ++*iterations)
	{
		double		mean_log_likelihood = pass(x, PASS_STEP) / x->rows->n;

		update(x);
		*converged = fabs(mean_log_likelihood - before) < x->options->tol;
		before = mean_log_likelihood;
	}
	progress_add((double) x->rows->n * (x->options->max_iter - *iterations));
	return pass(x, PASS_LABEL);
}

/* ---- the whole ---- */

double
gmm_parameters(ClusteringCovariance covariance, int k, int d)
{
	double		a_covariance = covariance == CLUSTERING_FULL ? d * (d + 1.0) / 2 : covariance == CLUSTERING_DIAG ? d : 1;

	return k * (a_covariance + d) + k - 1;
}

/* Room for it, in a scratch context that becomes the current one. */
static MemoryContext
mixture_start(Mixture *x, const PointRows *rows, const GmmOptions *options)
{
	Size		k = options->k;
	Size		d = rows->d;
	Size		n = rows->n;
	Size		bytes = size_mul(3, gmm_model_bytes(options->covariance, options->k, rows->d));
	MemoryContext scratch;

	x->rows = rows;
	x->options = options;
	x->k = options->k;
	x->d = rows->d;
	x->covariance_size = clustering_covariance_size(options->covariance, rows->d);
	x->panels_of_round = (int) Min(Max(FLOPS_OF_TASK / ((double) x->covariance_size * PANEL), 2), MAX_PANELS);
	x->panels_of_round = (int) Min((Size) x->panels_of_round, (n + PANEL - 1) / PANEL);
	bytes = size_add(bytes, size_mul(size_mul(k + 1, round_stride(x)), sizeof(double)));
	bytes = size_add(bytes, size_mul(size_mul((Size) parallel_threads() * PANEL, d), sizeof(double)));
	bytes = size_add(bytes, kmeans_fit_bytes(rows->n, rows->d, options->k));
	scratch = scratch_create("gmm", bytes, "Take fewer components or elements, or covariance 'diag' or 'spherical'.");
	MemoryContextSwitchTo(scratch);
	x->mean = huge_matrix(k, d);
	x->weight = huge_matrix(1, k);
	x->covariances = huge_matrix(k, x->covariance_size);
	x->model = gmm_model_new(options->covariance, options->k, rows->d);
	x->count = huge_matrix(1, k);
	x->sum = huge_matrix(k, d);
	x->square = huge_matrix(k, x->covariance_size);
	x->share = huge_matrix(k, round_stride(x));
	x->log_likelihood = huge_matrix(1, x->panels_of_round);
	x->work = huge_matrix((Size) parallel_threads() * PANEL, d);
	x->distances = kmeans_rows(rows, false);
	x->start = kmeans_fit_new(rows->n, rows->d, options->k);
	x->label = x->start->label;
	return scratch;
}

/* What the mixture has become, clusters in their order. */
static void
keep(const Mixture *x, Clustering *c, int32 *label)
{
	int64	   *size = palloc0(x->k * sizeof(int64));
	int		   *order = palloc(x->k * sizeof(int));
	int32	   *number = palloc(x->k * sizeof(int32));

	for (int i = 0; i < x->rows->n; i++)
		size[x->label[i]]++;
	clustering_order(x->k, x->d, size, x->mean, order);
	for (int j = 0; j < x->k; j++)
	{
		int			from = order[j];

		number[from] = j + 1;
		c->size[j] = size[from];
		memcpy(CLUSTERING_CENTROIDS(c) + (Size) j * x->d, x->mean + (Size) from * x->d, x->d * sizeof(double));
		CLUSTERING_WEIGHTS(c)[j] = x->weight[from];
		memcpy(CLUSTERING_COVARIANCES(c) + j * x->covariance_size, x->covariances + from * x->covariance_size,
			   x->covariance_size * sizeof(double));
	}
	for (int i = 0; label && i < x->rows->n; i++)
		label[i] = number[x->label[i]];
	pfree(size);
	pfree(order);
	pfree(number);
}

Clustering *
gmm_fit(const PointRows *rows, const GmmOptions *options, int32 *label)
{
	Clustering *c = clustering_new(CLUSTERING_GMM, options->covariance, options->k, rows->d, rows->n);
	Mixture		x = {0};
	MemoryContext old = CurrentMemoryContext;
	MemoryContext scratch = mixture_start(&x, rows, options);

	progress_begin("gmm", (double) rows->n * options->n_init * (options->max_iter + 2));
	for (int number = 0; number < options->n_init; number++)
	{
		int			iterations;
		bool		converged;
		double		log_likelihood = maximise(&x, number, &iterations, &converged);

		if (number > 0 && !(log_likelihood > c->objective))
			continue;
		c->objective = log_likelihood;
		c->iterations = iterations;
		c->flags = converged ? CLUSTERING_CONVERGED : 0;
		keep(&x, c, label);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return c;
}
