/*
 * ridge_sweep.c
 *		Held-out sums of many alphas and targets from one eigendecomposition.
 *
 * With the training set's X'X = Q diag(lambda) Q' and z = Q'X'y, the weights in
 * the eigenbasis are u = z / (lambda + alpha), and the held-out fold needs
 *
 *		a1 = u'e,  e = Q' Xf'(y - mean)		(its cross-products)
 *		a2 = u'H u,  H = Q' Xf'Xf Q			(its X'X about its own mean)
 *		a3 = u'd,  d = Q' (mean of Xf - training mean)
 *
 * a2 is the work: p^2 flops a target and alpha with H = T + T', T lower
 * triangular (trmm, half a symmetric product), or 2 n p from the fold's own
 * rows, F = Xf Q.
 *
 * Many alphas: the shrinkage factors 1 / (lambda_i + alpha_j), a p x n_alphas
 * matrix, are nearly of low rank.  With factors G (p x r) W (r x n_alphas),
 * u_j = sum_k w_kj (g_k o z), so a2 of every alpha is w_j'M w_j with M of r x r
 * products: r triangular products instead of n_alphas.  The error is bounded
 * where it counts, on lambda / (lambda + alpha).
 *
 * All quantities are in units where the largest eigenvalue is 1 and y has unit
 * norm, so that float4 neither overflows nor underflows.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "encoding/ridge.h"
#include "linalg/linalg.h"

#define TILE			128		/* columns of an exact tile */
#define RANK_TILE		16		/* targets of a low-rank tile */
#define MAX_RANK		32
#define RANK_TOLERANCE	3e-6
#define MAX_RANK_ALPHAS	512		/* of more alphas the factors cost more than they save */
#define TASK_FLOPS		1e9
#define DOT_COST		6		/* a flop outside a matrix product, in flops inside one */
#define SMALL_COST		3		/* a flop of a small product */

static void
gemm_float(int m, int n, int k, const float *a, const float *b, float *c)
{
	gemm_f4_raw(false, false, m, n, k, 1, a, k, b, n, 0, c, n);
}

static void
gemm_double(int m, int n, int k, const double *a, const double *b, double *c)
{
	gemm_f8_raw(false, false, m, n, k, 1, a, k, b, n, 0, c, n);
}

static void
trmm_float(int n, int m, const float *t, float *b)
{
	trmm_f4_raw(false, n, m, t, n, b, m);
}

static void
trmm_double(int n, int m, const double *t, double *b)
{
	trmm_f8_raw(false, n, m, t, n, b, m);
}

#define REAL float
#include "encoding/ridge_sweep_kernel.h"
#undef REAL
#define REAL double
#include "encoding/ridge_sweep_kernel.h"
#undef REAL

double
sweep_flops(int p, int64 n_rows, bool predict)
{
	return predict ? 2.0 * n_rows * p : (double) p * p;
}

/* ---- exact ---- */

typedef struct SweepJob
{
	const SweepFold *f;
	const double *z;
	const double *e;
	int			nt;
	bool		float4;
	int			alphas_per_task;
	int			alpha_tasks;

	/* pairs, or NULL: all */
	int			n_pairs;
	const int  *target;
	const int  *alpha;

	/* low rank */
	int			rank;
	const float *g;				/* p x rank */
	const double *w;			/* n_alphas x rank */

	char	   *scratch;		/* bytes a worker */
	Size		scratch_bytes;
	SweepValue *values;
} SweepJob;

static Size
quad_rows(const SweepFold *f)
{
	return Max(f->p, f->n_rows);
}

static void
store_values(SweepValue *values, const double *a1, const double *a2, const double *a3, int m)
{
	for (int q = 0; q < m; q++)
	{
		values[q].a1 = a1[q];
		values[q].a2 = a2[q];
		values[q].a3 = a3[q];
	}
}

static void
sweep_task(int64 i, int worker, void *arg)
{
	SweepJob   *job = arg;
	const SweepFold *f = job->f;
	int			t0 = i / job->alpha_tasks * TILE;
	int			m = Min(TILE, job->nt - t0);
	int			j0 = i % job->alpha_tasks * job->alphas_per_task;
	int			j1 = Min(f->n_alphas, j0 + job->alphas_per_task);
	Size		tile = (Size) f->p * TILE;
	double		a1[TILE];
	double		a2[TILE];
	double		a3[TILE];

	if (job->float4)
	{
		float	   *z = (float *) (job->scratch + worker * job->scratch_bytes);
		float	   *e = z + tile;
		float	   *u = e + tile;
		float	   *w = u + tile;

		load_tile_float(job->z + t0, job->nt, f->p, m, z);
		load_tile_float(job->e + t0, job->nt, f->p, m, e);
		for (int j = j0; j < j1; j++)
		{
			shrink_tile_float(z, f->lambda, f->alphas[j], f->p, m, u);
			evaluate_tile_float(f, f->quad4, u, e, m, w, a1, a2, a3);
			store_values(job->values + (Size) j * job->nt + t0, a1, a2, a3, m);
		}
	}
	else
	{
		double	   *z = (double *) (job->scratch + worker * job->scratch_bytes);
		double	   *e = z + tile;
		double	   *u = e + tile;
		double	   *w = u + tile;

		load_tile_double(job->z + t0, job->nt, f->p, m, z);
		load_tile_double(job->e + t0, job->nt, f->p, m, e);
		for (int j = j0; j < j1; j++)
		{
			shrink_tile_double(z, f->lambda, f->alphas[j], f->p, m, u);
			evaluate_tile_double(f, f->quad, u, e, m, w, a1, a2, a3);
			store_values(job->values + (Size) j * job->nt + t0, a1, a2, a3, m);
		}
	}
}

static void
pairs_task(int64 i, int worker, void *arg)
{
	SweepJob   *job = arg;
	const SweepFold *f = job->f;
	int			first = i * TILE;
	int			m = Min(TILE, job->n_pairs - first);
	Size		tile = (Size) f->p * TILE;
	double	   *e = (double *) (job->scratch + worker * job->scratch_bytes);
	double	   *u = e + tile;
	double	   *w = u + tile;
	double		a1[TILE];
	double		a2[TILE];
	double		a3[TILE];

	for (int k = 0; k < f->p; k++)
		for (int q = 0; q < m; q++)
		{
			Size		at = (Size) k * job->nt + job->target[first + q];

			e[(Size) k * m + q] = job->e[at];
			u[(Size) k * m + q] = job->z[at] / (f->lambda[k] + f->alphas[job->alpha[first + q]]);
		}
	evaluate_tile_double(f, f->quad, u, e, m, w, a1, a2, a3);
	store_values(job->values + first, a1, a2, a3, m);
}

/* ---- low rank over the alphas ---- */

/*
 * A tile's columns are target by target: column q * rank + k is g_k o z_q, so
 * that one target's r x r products are a small matrix product of their own.
 */

/* u[i, q, k] = g[i, k] z[i, q] and e in float4; columns of targets past m are 0 */
HOT_LOOP static void
rank_load(const SweepJob *job, int t0, int m, float *restrict u, float *restrict e)
{
	int			rank = job->rank;

	for (int i = 0; i < job->f->p; i++)
	{
		const float *restrict g = job->g + (Size) i * rank;

		for (int q = 0; q < RANK_TILE; q++)
		{
			Size		at = (Size) i * job->nt + t0 + q;
			float		z = q < m ? job->z[at] : 0;
			float	   *restrict out = u + ((Size) i * RANK_TILE + q) * rank;

			e[(Size) i * RANK_TILE + q] = q < m ? job->e[at] : 0;
			for (int k = 0; k < rank; k++)
				out[k] = g[k] * z;
		}
	}
}

/* s1[q, k] = sum over i of u[i, q, k] e[i, q]; s3[q, k] = sum of d[i] u[i, q, k] */
HOT_LOOP static void
rank_sums(const float *restrict u, const float *restrict e, const double *restrict d, int n, int rank,
		  float *restrict s1, float *restrict s3)
{
	int			columns = rank * RANK_TILE;

	memset(s1, 0, columns * sizeof(float));
	memset(s3, 0, columns * sizeof(float));
	for (int i = 0; i < n; i++)
	{
		const float *restrict ui = u + (Size) i * columns;
		float		weight = d[i];

		for (int q = 0; q < RANK_TILE; q++)
		{
			float		eq = e[(Size) i * RANK_TILE + q];

			for (int k = 0; k < rank; k++)
				s1[q * rank + k] += ui[q * rank + k] * eq;
		}
		for (int c = 0; c < columns; c++)
			s3[c] += ui[c] * weight;
	}
}

/* One target's sums at every alpha from its rank x rank products and sums. */
static void
rank_values(const SweepJob *job, const float *products, const float *s1, const float *s3, int t)
{
	const SweepFold *f = job->f;
	int			rank = job->rank;
	double		factor = f->predict ? 1 : 2;

	for (int j = 0; j < f->n_alphas; j++)
	{
		const double *w = job->w + (Size) j * rank;
		SweepValue *value = &job->values[(Size) j * job->nt + t];
		double		a1 = 0;
		double		a2 = 0;
		double		a3 = 0;

		for (int k = 0; k < rank; k++)
		{
			double		row = 0;

			for (int l = 0; l < rank; l++)
				row += products[k * rank + l] * w[l];
			a1 += w[k] * s1[k];
			a2 += w[k] * row;
			a3 += w[k] * s3[k];
		}
		value->a1 = a1;
		value->a2 = factor * a2;
		value->a3 = a3;
	}
}

static void
low_rank_task(int64 i, int worker, void *arg)
{
	SweepJob   *job = arg;
	const SweepFold *f = job->f;
	int			rank = job->rank;
	int			t0 = i * RANK_TILE;
	int			m = Min(RANK_TILE, job->nt - t0);
	int			columns = rank * RANK_TILE;
	float	   *u = (float *) (job->scratch + worker * job->scratch_bytes);
	float	   *w = u + (Size) f->p * columns;
	float	   *e = w + quad_rows(f) * columns;
	float	   *products = e + (Size) f->p * RANK_TILE;
	float	   *s1 = products + (Size) rank * rank;
	float	   *s3 = s1 + columns;

	rank_load(job, t0, m, u, e);
	if (f->predict)
		gemm_float(f->n_rows, columns, f->p, f->quad4, u, w);
	else
	{
		memcpy(w, u, (Size) f->p * columns * sizeof(float));
		trmm_float(f->p, columns, f->quad4, w);
	}
	rank_sums(u, e, f->d, f->p, rank, s1, s3);
	for (int q = 0; q < m; q++)
	{
		const float *x = (f->predict ? w : u) + q * rank;

		gemm_f4_raw(true, false, rank, rank, f->predict ? f->n_rows : f->p, 1,
					x, columns, w + q * rank, columns, 0, products, rank);
		rank_values(job, products, s1 + q * rank, s3 + q * rank, t0 + q);
	}
}

/* Is max |phi - phi V V'| over the first r rows of vt within tolerance? */
static bool
rank_suffices(const double *phi, const double *vt, int p, int a, int r)
{
	double	   *kept = palloc(r * sizeof(double));
	bool		good = true;

	for (int i = 0; i < p && good; i++)
	{
		const double *row = phi + (Size) i * a;

		for (int k = 0; k < r; k++)
		{
			kept[k] = 0;
			for (int j = 0; j < a; j++)
				kept[k] += row[j] * vt[k * a + j];
		}
		for (int j = 0; j < a && good; j++)
		{
			double		rest = row[j];

			for (int k = 0; k < r; k++)
				rest -= kept[k] * vt[k * a + j];
			good = fabs(rest) <= RANK_TOLERANCE;
		}
	}
	pfree(kept);
	return good;
}

/* Right singular vectors of phi (p x a), the largest first, as rows of vt (a x a). */
static void
right_singular_vectors(const double *phi, int p, int a, double *vt)
{
	double	   *gram = palloc((Size) a * a * sizeof(double));
	double	   *w = palloc(a * sizeof(double));

	syrk_f8(true, a, p, 1, phi, a, 0, gram, a);
	eigh_f8(a, gram, w);
	for (int k = 0; k < a; k++)
		memcpy(vt + (Size) k * a, gram + (Size) (a - 1 - k) * a, a * sizeof(double));
	pfree(gram);
	pfree(w);
}

/*
 * The smallest rank that reproduces lambda / (lambda + alpha) within tolerance
 * and is cheaper than the alphas one by one, with its factors; 0 if none is.
 */
static int
low_rank_factors(const SweepFold *f, const float **g_out, const double **w_out)
{
	int			p = f->p;
	int			a = f->n_alphas;
	int			r_max = Min(Min(p, a), MAX_RANK);
	double		quad = sweep_flops(p, f->n_rows, f->predict);
	double	   *phi;
	double	   *vt;
	float	   *g;
	double	   *w;
	int			r;

	if (a > MAX_RANK_ALPHAS)
		return 0;
	phi = huge_matrix(p, a);
	vt = huge_matrix(a, a);
	for (int i = 0; i < p; i++)
		for (int j = 0; j < a; j++)
			phi[(Size) i * a + j] = f->lambda[i] / (f->lambda[i] + f->alphas[j]);
	right_singular_vectors(phi, p, a, vt);
	for (r = 1; r <= r_max; r++)
	{
		double		exact = a * (quad + DOT_COST * 6.0 * p);
		double		low = r * quad + SMALL_COST * 2.0 * r * r * quad_rows(f) +
			DOT_COST * (6.0 * r * p + 2.0 * a * r * r);

		if (low > 0.8 * exact)
			return 0;
		if (rank_suffices(phi, vt, p, a, r))
			break;
	}
	if (r > r_max)
		return 0;

	g = huge_alloc((Size) p * r * sizeof(float));
	for (int i = 0; i < p; i++)
		for (int k = 0; k < r; k++)
		{
			double		sum = 0;

			for (int j = 0; j < a; j++)
				sum += vt[k * a + j] / (f->lambda[i] + f->alphas[j]);
			g[(Size) i * r + k] = sum;
		}
	w = palloc((Size) a * r * sizeof(double));
	for (int j = 0; j < a; j++)
		for (int k = 0; k < r; k++)
			w[(Size) j * r + k] = vt[(Size) k * a + j];
	*g_out = g;
	*w_out = w;
	return r;
}

/* ---- the two entrances ---- */

static void
run(SweepJob *job, int64 n_tasks, ParallelTask task)
{
	Size		bytes;
	MemoryContext scratch;

	job->scratch_bytes = TYPEALIGN(64, job->scratch_bytes);
	bytes = size_mul(job->scratch_bytes, parallel_threads());
	scratch = scratch_create("ridge sweep", bytes, NULL);
	job->scratch = MemoryContextAllocHuge(scratch, bytes);
	parallel_for(n_tasks, 0, task, job);
	MemoryContextDelete(scratch);
}

void
sweep_all(const SweepFold *f, const double *z, const double *e, int nt, bool float4, bool low_rank,
		  SweepValue *values)
{
	SweepJob	job = {.f = f, .z = z, .e = e, .nt = nt, .float4 = float4, .values = values};

	if (float4 && low_rank)
		job.rank = low_rank_factors(f, &job.g, &job.w);
	if (job.rank > 0)
	{
		Size		columns = (Size) job.rank * RANK_TILE;

		job.scratch_bytes = sizeof(float) *
			((f->p + quad_rows(f)) * columns + (Size) f->p * RANK_TILE + (Size) job.rank * job.rank + 2 * columns);
		run(&job, (nt + RANK_TILE - 1) / RANK_TILE, low_rank_task);
	}
	else
	{
		double		tile_flops = sweep_flops(f->p, f->n_rows, f->predict) * TILE;

		job.alphas_per_task = Max(1, Min(f->n_alphas, (int) (TASK_FLOPS / Max(1, tile_flops))));
		job.alpha_tasks = (f->n_alphas + job.alphas_per_task - 1) / job.alphas_per_task;
		job.scratch_bytes = (float4 ? sizeof(float) : sizeof(double)) * TILE *
			(3 * (Size) f->p + quad_rows(f));
		run(&job, (int64) ((nt + TILE - 1) / TILE) * job.alpha_tasks, sweep_task);
	}
}

void
sweep_pairs(const SweepFold *f, const double *z, const double *e, int nt, int n_pairs,
			const int *target, const int *alpha, SweepValue *values)
{
	SweepJob	job = {.f = f, .z = z, .e = e, .nt = nt, .n_pairs = n_pairs,
		.target = target, .alpha = alpha, .values = values};

	job.scratch_bytes = sizeof(double) * TILE * (2 * (Size) f->p + quad_rows(f));
	run(&job, (n_pairs + TILE - 1) / TILE, pairs_task);
}
