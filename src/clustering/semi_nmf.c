/*
 * semi_nmf.c
 *		Semi-NMF (Ding, Li and Jordan 2010, section 2.2): X (n x p) ~ G F, G (n x k)
 *		non-negative, F (k x p) of any sign.  Their X is the transpose of ours: our
 *		rows are the points, rows of G their memberships and rows of F the
 *		centroids.
 *
 * Instead of their multiplicative update of G: coordinate descent, and F by exact
 * least squares, F = (G'G)^+ G'X.  Neither ever raises the error.
 *
 * The start is the same problem with one component a row of X, where a centroid is
 * a direction: k-means over rays, a row going to the ray along which it reaches farthest,
 * seeded as k-means++ (Arthur and Vassilvitskii 2007) by the squared distance
 * to the nearest ray so far.  It is Ding's k-means start for data whose rows differ in
 * strength.  The best of the starts, by this k-means, goes on: not the one that would
 * end with the least error, because solutions of nearly the same error are many (any F whose
 * cone holds the rows), and the one next to the clusters is the one wanted.
 *
 * Cost: 4 n p k flops an iteration, and as much a step of a start.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "clustering/semi_nmf.h"
#include "linalg/linalg.h"

#define FIRST_STREAM 1			/* of random numbers, one a start */
#define RAY_STEPS	20
#define NO_VALUE	1e-12		/* of the largest eigenvalue of G'G */

typedef struct SemiStarts
{
	uint64		seed;
	int			n_init;
} SemiStarts;

Size
semi_nmf_scratch(Size n, Size p, Size k)
{
	Size		start = size_add(size_mul(n, 3 * sizeof(double)), size_mul(size_mul(k, p), sizeof(double)));

	return size_add(size_add(factors_scratch(n, p, k), start), size_add(eigh_scratch(k), size_mul(size_mul(k, k), 2 * sizeof(double))));
}

/* ---- start ---- */

static void
unit_ray(Size p, double *ray)
{
	double		squared = factors_dot(p, ray, ray);

	if (squared > 0)
		factors_scale(p, ray, 1 / sqrt(squared));
}

/* A row drawn in proportion to what is left over of it; any row where nothing is. */
static Size
draw_row(Size n, const double *left_over, RandomStream *random)
{
	double		total = 0;
	double		at;

	for (Size i = 0; i < n; i++)
		total += left_over[i];
	if (!(total > 0))
		return (Size) random_below(random, n);
	at = random_double(random) * total;
	for (Size i = 0; i < n; i++)
	{
		at -= left_over[i];
		if (at < 0)
			return i;
	}
	return n - 1;
}

/* Rays' directions are rows of f->right; what is left over of a row is its squared distance to the nearest ray. */
static void
seed_rays(Factors *f, RandomStream *random)
{
	double	   *length = huge_matrix(1, f->n);
	double	   *left_over = huge_matrix(1, f->n);
	double	   *along = f->product;

	for (Size i = 0; i < f->n; i++)
	{
		const double *row = f->x + i * f->p;

		breathe_row(i, f->p);
		length[i] = left_over[i] = factors_dot(f->p, row, row);
	}
	for (Size t = 0; t < f->k; t++)
	{
		double	   *ray = f->right + t * f->p;

		progress_add(1);
		memcpy(ray, f->x + draw_row(f->n, left_over, random) * f->p, f->p * sizeof(double));
		unit_ray(f->p, ray);
		gemv_f8(false, f->n, f->p, 1, f->x, f->p, ray, 0, along);
		for (Size i = 0; i < f->n; i++)
		{
			double		reach = Max(along[i], 0);

			left_over[i] = Min(left_over[i], Max(length[i] - reach * reach, 0));
		}
	}
	pfree(length);
	pfree(left_over);
}

/* Each row to the ray along which it reaches farthest; returns whether any row went elsewhere. */
static bool
assign_to_rays(Factors *f, int32 *nearest)
{
	bool		changed = false;

	gemm_f8(false, true, f->k, f->n, f->p, 1, f->right, f->p, f->x, f->p, 0, f->product, f->n);
	memset(f->left, 0, f->k * f->n * sizeof(double));
	for (Size i = 0; i < f->n; i++)
	{
		Size		best = 0;

		for (Size t = 1; t < f->k; t++)
			if (f->product[t * f->n + i] > f->product[best * f->n + i])
				best = t;
		changed |= nearest[i] != (int32) best;
		nearest[i] = (int32) best;
		f->left[best * f->n + i] = Max(f->product[best * f->n + i], 0);
	}
	return changed;
}

/* A ray to the sum of its rows, each weighted by how far it reaches; one without rows stays where it was seeded. */
static void
move_rays(Factors *f)
{
	gemm_f8(false, false, f->k, f->p, f->n, 1, f->left, f->n, f->x, f->p, 0, f->product, f->p);
	for (Size t = 0; t < f->k; t++)
	{
		double	   *ray = f->product + t * f->p;

		if (factors_dot(f->p, ray, ray) == 0)
			continue;
		unit_ray(f->p, ray);
		memcpy(f->right + t * f->p, ray, f->p * sizeof(double));
	}
}

static void
start(Factors *f, int i, void *arg)
{
	const SemiStarts *starts = arg;
	int32	   *nearest = huge_alloc(f->n * sizeof(int32));
	double	   *rays = huge_matrix(f->k, f->p);
	double		most = -1;

	progress_begin("starts", (double) starts->n_init * (f->k + RAY_STEPS + 1));
	for (int s = 0; s < starts->n_init; s++)
	{
		RandomStream random;
		int			step;
		double		explained;

		random_start(&random, starts->seed, FIRST_STREAM + (uint64) s);
		seed_rays(f, &random);
		memset(nearest, -1, f->n * sizeof(int32));
		for (step = 0; assign_to_rays(f, nearest) && step < RAY_STEPS; step++)
		{
			move_rays(f);
			progress_add(1);
		}
		progress_add(RAY_STEPS + 1 - step);
		explained = factors_dot(f->k * f->n, f->left, f->left);
		if (explained > most)
		{
			most = explained;
			memcpy(rays, f->right, f->k * f->p * sizeof(double));
		}
	}
	progress_end();
	memcpy(f->right, rays, f->k * f->p * sizeof(double));
	assign_to_rays(f, nearest);
	pfree(rays);
	pfree(nearest);
}

/* ---- iterations ---- */

/* F = (G'G)^+ G'X */
static void
right_step(Factors *f)
{
	Size		k = f->k;
	double	   *q = huge_matrix(k, k);
	double	   *w = huge_matrix(1, k);
	double	   *inverse = huge_matrix(k, k);

	memcpy(q, f->gram_left, k * k * sizeof(double));
	eigh_f8(k, q, w);
	/* rows of q are eigenvectors: those of no length drop out, the others are divided by the root of their value */
	for (Size t = 0; t < k; t++)
	{
		double		root = w[t] > NO_VALUE * w[k - 1] ? 1 / sqrt(w[t]) : 0;

		for (Size j = 0; j < k; j++)
			q[t * k + j] *= root;
	}
	syrk_f8(true, k, k, 1, q, k, 0, inverse, k);
	gemm_f8(false, false, k, f->p, k, 1, inverse, k, f->product, f->p, 0, f->right, f->p);
	pfree(q);
	pfree(w);
	pfree(inverse);
}

void
semi_nmf(Factors *f, uint64 seed, int n_init, const FactorsStop *stop)
{
	SemiStarts	starts = {seed, n_init};

	factors_best(f, 1, start, right_step, stop, "semi_nmf", &starts);
}
