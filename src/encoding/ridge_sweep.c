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

#include "base/convert.h"
#include "base/dispatch.h"
#include "encoding/ridge.h"
#include "linalg/linalg.h"

#define TILE			128		/* columns of an exact tile */
#define PAIR_TILE		256		/* of pairs: two matrices of it fit the second cache */
#define LANES			16		/* targets that a loop of the low rank takes at once */
#define ROWS			16
#define RANK_COLUMNS	512		/* most columns of a low-rank tile, about */
#define RANK_ELEMENTS	(1 << 18)	/* of a matrix of it: two fit the second cache */
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
	int			rank_tile;		/* targets of a tile */
	const float *g;				/* p x rank */
	const float *g_d;			/* its rows times f->d */
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
	int			t0 = (int) (i / job->alpha_tasks * TILE);
	int			m = Min(TILE, job->nt - t0);
	int			j0 = (int) (i % job->alpha_tasks * job->alphas_per_task);
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

/*
 * One direction of m pairs: u = z / (lambda + alpha) of their targets, and its
 * part of a1 and a3.  z and e are of consecutive targets from 'first' on, unless
 * that is negative.
 */
HOT_LOOP static void
pair_direction(const double *restrict z, const double *restrict e, double lambda, double d,
			   const double *restrict alpha, const int *restrict target, int first, int m,
			   double *restrict u, double *restrict a1, double *restrict a3)
{
	if (first >= 0)
		for (int q = 0; q < m; q++)
		{
			u[q] = z[first + q] / (lambda + alpha[q]);
			a1[q] += u[q] * e[first + q];
			a3[q] += u[q] * d;
		}
	else
		for (int q = 0; q < m; q++)
		{
			u[q] = z[target[q]] / (lambda + alpha[q]);
			a1[q] += u[q] * e[target[q]];
			a3[q] += u[q] * d;
		}
}

static void
pairs_task(int64 i, int worker, void *arg)
{
	SweepJob   *job = arg;
	const SweepFold *f = job->f;
	int			start = (int) (i * PAIR_TILE);
	int			m = Min(PAIR_TILE, job->n_pairs - start);
	const int  *target = job->target + start;
	int			first = target[0];
	double	   *u = (double *) (job->scratch + worker * job->scratch_bytes);
	double	   *w = u + (Size) f->p * PAIR_TILE;
	double		alpha[PAIR_TILE];
	double		a1[PAIR_TILE] = {0};
	double		a2[PAIR_TILE];
	double		a3[PAIR_TILE] = {0};

	for (int q = 0; q < m; q++)
	{
		alpha[q] = f->alphas[job->alpha[start + q]];
		if (target[q] != first + q)
			first = -1;
	}
	for (int k = 0; k < f->p; k++)
		pair_direction(job->z + (Size) k * job->nt, job->e + (Size) k * job->nt, f->lambda[k], f->d[k],
					   alpha, target, first, m, u + (Size) k * m, a1, a3);
	if (job->float4)
	{
		float	   *u4 = (float *) w;

		narrow_doubles(u, u4, (Size) f->p * m);
		held_squares_float(f, f->quad4, u4, m, u4 + (Size) f->p * PAIR_TILE, a2);
	}
	else
		held_squares_double(f, f->quad, u, m, w, a2);
	store_values(job->values + start, a1, a2, a3, m);
}

/* ---- low rank over the alphas ---- */

/*
 * A tile's columns are combination by combination, LANES targets or a multiple
 * in each: column k * tile + q is g_k o z_q, so that all loops run over targets.
 */

/* LANES floats of an array; the compiler splits them where registers are shorter */
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

/* u[i, k, q] = g[i, k] z[i, q], a copy in w unless NULL, z and z o e in float4; targets past m are 0 */
HOT_LOOP static void
rank_load(const SweepJob *job, int t0, int m, float *restrict u, float *restrict w, float *restrict z,
		  float *restrict ze)
{
	int			rank = job->rank;
	int			tile = job->rank_tile;
	Size		columns = (Size) rank * tile;

	memset(z, 0, (Size) job->f->p * tile * sizeof(float));
	memset(ze, 0, (Size) job->f->p * tile * sizeof(float));
	for (int i = 0; i < job->f->p; i++)
	{
		const double *restrict z_in = job->z + (Size) i * job->nt + t0;
		const double *restrict e_in = job->e + (Size) i * job->nt + t0;
		float	   *restrict zi = z + (Size) i * tile;
		float	   *restrict zei = ze + (Size) i * tile;

		for (int q = 0; q < m; q++)
		{
			zi[q] = (float) z_in[q];
			zei[q] = (float) (z_in[q] * e_in[q]);
		}
		for (int k = 0; k < rank; k++)
		{
			float		g = job->g[(Size) i * rank + k];
			Size		at = i * columns + (Size) k * tile;

			for (int q = 0; q < tile; q += LANES)
			{
				Lanes		value = g * *(const Lanes *) (zi + q);

				*(Lanes *) (u + at + q) = value;
				if (w != NULL)
					*(Lanes *) (w + at + q) = value;
			}
		}
	}
}

/* products[l, q] += sum over n rows of u[i, q] w[i, l, q] for n_l (a constant) l and LANES q */
static inline __attribute__((always_inline)) void
lane_products(const float *u, const float *w, int n, Size columns, int tile, const int n_l, float *products)
{
	Lanes		sum[4] = {{0}};

	for (int i = 0; i < n; i++, u += columns, w += columns)
	{
		Lanes		ui = *(const Lanes *) u;

		for (int l = 0; l < n_l; l++)
			sum[l] += ui * *(const Lanes *) (w + (Size) l * tile);
	}
	for (int l = 0; l < n_l; l++)
		*(Lanes *) (products + (Size) l * tile) += sum[l];
}

/* products[k, l, q] = sum over n rows of x[i, k, q] w[i, l, q], in partial sums of ROWS, which stay in the first cache */
HOT_LOOP static void
rank_products(const float *x, const float *w, int n, int rank, int tile, float *products)
{
	Size		columns = (Size) rank * tile;

	memset(products, 0, columns * rank * sizeof(float));
	for (int i0 = 0; i0 < n; i0 += ROWS)
		for (int k = 0; k < rank; k++)
			for (int q = 0; q < tile; q += LANES)
			{
				const float *xk = x + i0 * columns + (Size) k * tile + q;
				const float *wk = w + i0 * columns + q;
				float	   *to = products + k * columns + q;
				int			rows = Min(ROWS, n - i0);
				int			l = 0;

				for (; l + 4 <= rank; l += 4)
					lane_products(xk, wk + (Size) l * tile, rows, columns, tile, 4, to + (Size) l * tile);
				for (; l < rank; l++)
					lane_products(xk, wk + (Size) l * tile, rows, columns, tile, 1, to + (Size) l * tile);
			}
}

/* One alpha's sums of LANES targets from the combinations' products and sums. */
HOT_LOOP static void
lane_values(const double *w, int rank, int tile, const float *products, const float *s1, const float *s3,
			double *restrict a1, double *restrict a2, double *restrict a3)
{
	for (int q = 0; q < LANES; q++)
		a1[q] = a2[q] = a3[q] = 0;
	for (int k = 0; k < rank; k++)
	{
		double		row[LANES] = {0};

		for (int l = 0; l < rank; l++)
			for (int q = 0; q < LANES; q++)
				row[q] += w[l] * products[((Size) k * rank + l) * tile + q];
		for (int q = 0; q < LANES; q++)
		{
			a1[q] += w[k] * s1[k * tile + q];
			a2[q] += w[k] * row[q];
			a3[q] += w[k] * s3[k * tile + q];
		}
	}
}

static void
low_rank_task(int64 i, int worker, void *arg)
{
	SweepJob   *job = arg;
	const SweepFold *f = job->f;
	int			rank = job->rank;
	int			tile = job->rank_tile;
	int			t0 = (int) (i * tile);
	int			m = Min(tile, job->nt - t0);
	int			columns = rank * tile;
	float	   *u = (float *) (job->scratch + worker * job->scratch_bytes);
	float	   *w = u + (Size) f->p * columns;
	float	   *z = w + quad_rows(f) * columns;
	float	   *ze = z + (Size) f->p * tile;
	float	   *products = ze + (Size) f->p * tile;
	float	   *s1 = products + (Size) rank * columns;
	float	   *s3 = s1 + columns;
	double		factor = f->predict ? 1 : 2;

	rank_load(job, t0, m, u, f->predict ? NULL : w, z, ze);
	if (f->predict)
		gemm_float(f->n_rows, columns, f->p, f->quad4, u, w);
	else
		trmm_float(f->p, columns, f->quad4, w);
	rank_products(f->predict ? w : u, w, f->predict ? f->n_rows : f->p, rank, tile, products);
	gemm_f4_raw(true, false, rank, tile, f->p, 1, job->g, rank, ze, tile, 0, s1, tile);
	gemm_f4_raw(true, false, rank, tile, f->p, 1, job->g_d, rank, z, tile, 0, s3, tile);
	for (int j = 0; j < f->n_alphas; j++)
		for (int q = 0; q < m; q += LANES)
		{
			double		a1[LANES];
			double		a2[LANES];
			double		a3[LANES];

			lane_values(job->w + (Size) j * rank, rank, tile, products + q, s1 + q, s3 + q, a1, a2, a3);
			for (int c = 0; c < LANES; c++)
				a2[c] *= factor;
			store_values(job->values + (Size) j * job->nt + t0 + q, a1, a2, a3, Min(LANES, m - q));
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
 * and is cheaper than the alphas one by one, with its factors; none: rank stays 0.
 */
static void
low_rank_factors(SweepJob *job)
{
	const SweepFold *f = job->f;
	int			p = f->p;
	int			a = f->n_alphas;
	int			r_max = Min(Min(p, a), MAX_RANK);
	double		quad = sweep_flops(p, f->n_rows, f->predict);
	double	   *phi;
	double	   *vt;
	float	   *g;
	float	   *g_d;
	double	   *w;
	int			r;

	if (a > MAX_RANK_ALPHAS)
		return;
	phi = huge_matrix(p, a);
	vt = huge_matrix(a, a);
	for (int i = 0; i < p; i++)
		for (int j = 0; j < a; j++)
			phi[(Size) i * a + j] = f->lambda[i] / (f->lambda[i] + f->alphas[j]);
	right_singular_vectors(phi, p, a, vt);
	for (r = 1; r <= r_max; r++)
	{
		double		exact = a * (quad + DOT_COST * 6.0 * p);
		double		low = r * quad + SMALL_COST * (2.0 * r * r * quad_rows(f) + 6.0 * r * p) + DOT_COST * 2.0 * a * r * r;

		if (low > 0.8 * exact)
			return;
		if (rank_suffices(phi, vt, p, a, r))
			break;
	}
	if (r > r_max)
		return;

	g = huge_alloc((Size) p * r * sizeof(float));
	g_d = huge_alloc((Size) p * r * sizeof(float));
	for (int i = 0; i < p; i++)
		for (int k = 0; k < r; k++)
		{
			double		sum = 0;

			for (int j = 0; j < a; j++)
				sum += vt[k * a + j] / (f->lambda[i] + f->alphas[j]);
			g[(Size) i * r + k] = (float) sum;
			g_d[(Size) i * r + k] = (float) (sum * f->d[i]);
		}
	w = palloc((Size) a * r * sizeof(double));
	for (int j = 0; j < a; j++)
		for (int k = 0; k < r; k++)
			w[(Size) j * r + k] = vt[(Size) k * a + j];
	job->rank = r;
	job->rank_tile = LANES * Max(1, Min(RANK_COLUMNS, RANK_ELEMENTS / p) / (LANES * r));
	job->g = g;
	job->g_d = g_d;
	job->w = w;
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
		low_rank_factors(&job);
	if (job.rank > 0)
	{
		Size		columns = (Size) job.rank * job.rank_tile;

		job.scratch_bytes = sizeof(float) *
			((f->p + quad_rows(f)) * columns + 2 * (Size) f->p * job.rank_tile + (job.rank + 2) * columns);
		run(&job, (nt + job.rank_tile - 1) / job.rank_tile, low_rank_task);
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
sweep_pairs(const SweepFold *f, const double *z, const double *e, int nt, bool float4, int n_pairs,
			const int *target, const int *alpha, SweepValue *values)
{
	SweepJob	job = {.f = f, .z = z, .e = e, .nt = nt, .float4 = float4, .n_pairs = n_pairs,
		.target = target, .alpha = alpha, .values = values};

	job.scratch_bytes = sizeof(double) * PAIR_TILE * (f->p + quad_rows(f));
	run(&job, (n_pairs + PAIR_TILE - 1) / PAIR_TILE, pairs_task);
}
