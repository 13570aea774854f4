/*
 * srm.c
 *		The shared response model, deterministic (Chen et al. 2015, "A reduced-
 *		dimension fMRI shared response model", NeurIPS 28, eq. 2).
 *
 * Minimises sum_i |X_i - S W_i'|^2 over the shared series S (n_times x k) and
 * maps W_i (v_i x k) with W_i'W_i = I, X_i (n_times x v_i) centred by column, by
 * turns: W_i is the orthogonal factor of A_i = X_i'S, then S the mean of the
 * X_i W_i.  The start is the mean of the data under random orthonormal maps.
 *
 * The maps are not needed until the end.  With K_i = X_i X_i' and M_i = A_i'A_i
 * = S'K_i S (k x k), X_i W_i = K_i S M_i^(-1/2), so a turn takes
 *	 2 n_times^2 k flops a subject where K_i is held (v_i >= n_times; it took
 *	   n_times^2 v_i once), 4 n_times v_i k where it is not,
 * and the eigenvectors of M_i.  Squaring loses directions of A_i below 1e-6 of
 * its largest; these stay out of S until the last turn, whose maps are made by
 * SVD and are orthonormal whatever the rank.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/progress.h"
#include "base/random.h"
#include "linalg/linalg.h"
#include "similarity/shared_space.h"

#define SMALLEST_EIGENVALUE 1e-12	/* of M_i, over its largest */
#define MEMORY_HINT "Take fewer voxels, subjects or times."

typedef struct SrmFit
{
	const AlignedRecordings *r;
	SharedSpace *space;
	Size		n_times;
	Size		k;
	double	  **kernel;			/* a subject: n_times x n_times, or NULL */
	double	   *cross;			/* the widest v x k */
	double	   *kernel_series;	/* K S, n_times x k */
	double	   *projected;		/* X W, n_times x k */
	double	   *moments;		/* M, k x k */
	double	   *eigenvalues;	/* k */
	double	   *root;			/* M^(-1/2), k x k */
	double	   *scaled;			/* k x k */
} SrmFit;

static bool
holds_kernel(const AlignedRecordings *r, int subject)
{
	return r->subject[subject].v >= r->n_times;
}

static Size
srm_scratch(const AlignedRecordings *r, Size k)
{
	Size		n = r->n_times;
	Size		fit = 0;
	Size		widest = 0;
	Size		doubles = 0;

	for (int i = 0; i < r->n_subjects; i++)
	{
		Size		v = r->subject[i].v;

		fit = Max(fit, space_fit_scratch(n, v, k));
		widest = Max(widest, v);
		if (holds_kernel(r, i))
			doubles = size_add(doubles, size_mul(n, n));
	}
	doubles = size_add(doubles, size_mul(widest, k));
	doubles = size_add(doubles, size_mul(k, size_add(4 * n, 3 * k + 1)));
	return size_add(size_add(size_mul(doubles, sizeof(double)), fit), eigh_scratch(k));
}

static void
make_kernels(SrmFit *fit)
{
	progress_begin("srm: products of rows", fit->r->n_subjects);
	for (int i = 0; i < fit->r->n_subjects; i++)
	{
		const AlignedSubject *a = &fit->r->subject[i];
		SpaceSubject *s = space_append(fit->space, a->id, a->v);

		subject_moments(a, s);
		if (holds_kernel(fit->r, i))
		{
			fit->kernel[i] = huge_matrix(fit->n_times, fit->n_times);
			subject_kernel(a, s->mean, fit->kernel[i]);
		}
		progress_add(1);
	}
	progress_end();
}

static void
add_share(double *sum, const double *x, Size n, double share)
{
	for (Size e = 0; e < n; e++)
		sum[e] += share * x[e];
}

/* root = M^(-1/2), without the directions that M does not have */
static void
inverse_root(SrmFit *fit)
{
	Size		k = fit->k;
	double	   *q = fit->moments;	/* rows are eigenvectors after eigh_f8 */
	double		largest;

	eigh_f8(k, q, fit->eigenvalues);
	largest = fit->eigenvalues[k - 1];
	for (Size j = 0; j < k; j++)
	{
		double		w = fit->eigenvalues[j];
		double		scale = w > largest * SMALLEST_EIGENVALUE ? 1 / sqrt(w) : 0;

		for (Size c = 0; c < k; c++)
			fit->scaled[j * k + c] = scale * q[j * k + c];
	}
	gemm_f8(true, false, k, k, k, 1, fit->scaled, k, q, k, 0, fit->root, k);
}

static void
turn_by_root(SrmFit *fit)
{
	gemm_f8(false, false, fit->n_times, fit->k, fit->k, 1, fit->kernel_series, fit->k, fit->root, fit->k,
			0, fit->projected, fit->k);
}

/*
 * The mean of the data under random orthonormal maps, G (G'G)^(-1/2) of normal
 * numbers G.  A subject's map depends on its id and the seed alone.
 */
static void
start(SrmFit *fit, uint64 seed, double *series)
{
	Size		elements = fit->n_times * fit->k;

	memset(series, 0, elements * sizeof(double));
	for (int i = 0; i < fit->r->n_subjects; i++)
	{
		const AlignedSubject *a = &fit->r->subject[i];
		RandomStream random;

		random_start(&random, seed, (uint64) a->id);
		for (Size e = 0; e < (Size) a->v * fit->k; e++)
		{
			if (e % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
			fit->cross[e] = random_gaussian(&random);
		}
		syrk_f8(true, fit->k, a->v, 1, fit->cross, fit->k, 0, fit->moments, fit->k);
		inverse_root(fit);
		subject_project(a, fit->space->subject[i].mean, fit->k, fit->cross, fit->kernel_series);
		turn_by_root(fit);
		add_share(series, fit->projected, elements, 1.0 / fit->r->n_subjects);
	}
}

/* projected = X W for the best W of subject i */
static void
project_by_kernel(SrmFit *fit, int i, const double *series)
{
	const AlignedSubject *a = &fit->r->subject[i];
	const double *mean = fit->space->subject[i].mean;
	Size		n = fit->n_times;
	Size		k = fit->k;

	if (fit->kernel[i])
	{
		gemm_f8(false, false, n, k, n, 1, fit->kernel[i], n, series, k, 0, fit->kernel_series, k);
		gemm_f8(true, false, k, k, n, 1, series, k, fit->kernel_series, k, 0, fit->moments, k);
	}
	else
	{
		subject_cross(a, mean, k, series, fit->cross);
		subject_project(a, mean, k, fit->cross, fit->kernel_series);
		syrk_f8(true, k, a->v, 1, fit->cross, k, 0, fit->moments, k);
	}
	for (Size row = 0; row < k; row++)	/* symmetric to the last bit, as eigh_f8 wants it */
		for (Size c = 0; c < row; c++)
			fit->moments[c * k + row] = fit->moments[row * k + c];
	inverse_root(fit);
	turn_by_root(fit);
}

/* n_iter - 1 turns without maps; series is the shared series before and after */
static void
iterate(SrmFit *fit, int n_iter, double *series, double *next)
{
	Size		elements = fit->n_times * fit->k;

	progress_begin("srm", (double) (n_iter - 1) * fit->r->n_subjects);
	for (int turn = 1; turn < n_iter; turn++)
	{
		memset(next, 0, elements * sizeof(double));
		for (int i = 0; i < fit->r->n_subjects; i++)
		{
			project_by_kernel(fit, i, series);
			add_share(next, fit->projected, elements, 1.0 / fit->r->n_subjects);
			progress_add(1);
		}
		memcpy(series, next, elements * sizeof(double));
	}
	progress_end();
}

SharedSpace *
srm_fit(MemoryContext parent, const AlignedRecordings *r, int k, int n_iter, uint64 seed)
{
	SharedSpace *space = space_new(parent, SPACE_SRM, k, r->n_times, r->n_subjects);
	MemoryContext scratch = scratch_create("srm", srm_scratch(r, k), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	SrmFit		fit = {.r = r, .space = space, .n_times = r->n_times, .k = k};
	Size		widest = 0;
	double	   *series = huge_matrix(r->n_times, k);
	double	   *next = huge_matrix(r->n_times, k);

	for (int i = 0; i < r->n_subjects; i++)
		widest = Max(widest, (Size) r->subject[i].v);
	fit.kernel = palloc0(r->n_subjects * sizeof(double *));
	fit.cross = huge_matrix(widest, k);
	fit.kernel_series = huge_matrix(r->n_times, k);
	fit.projected = huge_matrix(r->n_times, k);
	fit.moments = huge_matrix(k, k);
	fit.eigenvalues = huge_alloc(k * sizeof(double));
	fit.root = huge_matrix(k, k);
	fit.scaled = huge_matrix(k, k);

	make_kernels(&fit);
	start(&fit, seed, series);
	iterate(&fit, n_iter, series, next);
	space_fit_maps(space, r, series);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return space;
}
