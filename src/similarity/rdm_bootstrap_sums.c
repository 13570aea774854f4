/*
 * rdm_bootstrap_sums.c
 *		Cosine, Pearson's r and their whitened forms of bootstrap draws.
 *
 * No draw's RDM is made.  In a draw, pair p = (i, j) of conditions stands there
 * w_p = m_i m_j times (copies of a condition make no pair), and every one of these
 * measures is a function of the sums over p of w, w x, w x^2 and w x y: all draws
 * are one product of W (draws x pairs) with the products of RDMs (pairs x
 * columns), in panels that are formed as they are used.
 *
 * Whitening (Diedrichsen et al. 2020): V is the covariance of the draw's
 * dissimilarities when each of its n conditions, copies included, has noise of its
 * own: V = N N' + 2 I, N the pairs x conditions incidence of the pairs that are
 * there, so that 2 V^-1 = I - N (N'N + 2 I)^-1 N'.  Copies are alike, so the system
 * shrinks to the distinct conditions, is diagonal plus rank one, and
 *
 *	2 x' V^-1 y = sum_p w x y - (E_xy - F_x F_y / Z)
 *	u^x = X m, k_c = n + 2 - 2 m_c, E_xy = sum_c m_c u^x_c u^y_c / k_c,
 *	F_x = sum_c m_c u^x_c / k_c, Z = 1 + sum_c m_c / k_c
 *
 * (X the square RDM).  k_c may be 0 for one c: then the limit is taken.
 *
 * Cost, B draws of n conditions and m pairs, R RDMs, C comparisons: 2 B m (C + 2 R + 1)
 * flops; whitened 2 B n (n R + C) more.  Bytes: those of the RDMs and columns once in 64 to 256 draws.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"
#include "similarity/rdm_bootstrap.h"

#define LANES			BOOTSTRAP_LANES
#define MAX_PANEL		1024	/* pairs formed at a time */
#define PANEL_DOUBLES	(1 << 20)	/* of the columns of a panel */
#define TASK_FLOPS		2e8
#define MAX_TASK_BLOCKS 4
#define GROUP_BYTES		((Size) 64 << 20)	/* of the blocks of draws in flight, whitened */

/* Below this share of the sum of squares, what is left of a variance is rounding. */
#define NO_SPREAD		1e-13

typedef struct Sums
{
	const RdmSample *sample;
	CompareMethod method;
	int			n_rdms;
	bool		whitened;
	bool		centred;		/* each RDM about its mean over the draw's pairs */
	double	  **value;			/* n_rdms x n_pairs: of mean square 1 (centred where that may be) */
	double	   *square;			/* whitened: n_rdms x n x n */

	Size		columns;		/* 1, x by RDM, x^2 by RDM, x y by model and subject */
	Size		panel;
	double	   *scratch;		/* a worker: columns x panel, panel x LANES */
	Size		scratch_doubles;
	int			group;			/* blocks of draws at a time */
	double	   *sums;			/* group x LANES x columns */
	double	   *u;				/* whitened: group x n_rdms x n x LANES */
	int			row_step;		/* rows of u a task makes */
	int			row_steps;

	/* the call under way */
	const double *counts;		/* of the group's first block */
	double	   *t;
	int			n_draws;		/* of the group */
	Size		n_blocks;
	Size		task_blocks;	/* that one task takes, so that columns are formed once for them */
	Size		first_pair;
	Size		n_pairs;
} Sums;

/* ---- what is kept of the RDMs ---- */

static void
standardize(Sums *sums)
{
	Size		m = sums->sample->n_pairs;

	sums->value = palloc(sums->n_rdms * sizeof(double *));
	for (int r = 0; r < sums->n_rdms; r++)
	{
		double	   *x = huge_alloc(size_mul(m, sizeof(double)));
		double		mean = 0;
		double		square = 0;

		memcpy(x, sums->sample->value[r], m * sizeof(double));
		for (Size p = 0; sums->centred && p < m; p++)
			mean += x[p] / m;
		for (Size p = 0; p < m; p++)
		{
			x[p] -= mean;
			square += x[p] * x[p];
		}
		/* constant but for rounding */
		if (square <= NO_SPREAD * m * mean * mean)
			square = 0;
		for (Size p = 0; p < m; p++)
			x[p] = square > 0 ? x[p] / sqrt(square / m) : 0;
		sums->value[r] = x;
	}
}

static void
make_squares(Sums *sums)
{
	const RdmSample *sample = sums->sample;
	Size		n = sample->n_conditions;

	sums->square = huge_matrix((Size) sums->n_rdms * n, n);
	for (int r = 0; r < sums->n_rdms; r++)
	{
		double	   *square = sums->square + r * n * n;

		memset(square, 0, n * n * sizeof(double));
		for (Size p = 0; p < sample->n_pairs; p++)
			square[sample->first[p] * n + sample->second[p]] =
				square[sample->second[p] * n + sample->first[p]] = sums->value[r][p];
	}
}

/* ---- sums over pairs ---- */

HOT_LOOP static void
form_weights(const double *count, const int32 *first, const int32 *second, Size n, double *w)
{
	for (Size p = 0; p < n; p++)
	{
		const double *a = count + (Size) first[p] * LANES;
		const double *b = count + (Size) second[p] * LANES;

		for (int l = 0; l < LANES; l++)
			w[p * LANES + l] = a[l] * b[l];
	}
}

HOT_LOOP static void
multiply(const double *a, const double *b, Size n, double *out)
{
	for (Size p = 0; p < n; p++)
		out[p] = a[p] * b[p];
}

/* Columns of pairs first .. first + n - 1 as rows of q, panel apart. */
static void
form_columns(const Sums *sums, Size first, Size n, double *q)
{
	const RdmSample *sample = sums->sample;

	for (Size p = 0; p < n; p++)
		q[p] = 1;
	q += sums->panel;
	for (int r = 0; r < sums->n_rdms; r++, q += sums->panel)
		memcpy(q, sums->value[r] + first, n * sizeof(double));
	for (int r = 0; r < sums->n_rdms; r++, q += sums->panel)
		multiply(sums->value[r] + first, sums->value[r] + first, n, q);
	for (int k = 0; k < sample->n_models; k++)
		for (int s = 0; s < sample->n_data; s++, q += sums->panel)
			multiply(sums->value[sample->n_data + k] + first, sums->value[s] + first, n, q);
}

/* Some blocks of draws: adds the sums over the pairs of the step. */
static void
sums_task(int64 i, int worker, void *arg)
{
	Sums	   *sums = arg;
	const RdmSample *sample = sums->sample;
	double	   *q = sums->scratch + worker * sums->scratch_doubles;
	double	   *w = q + sums->columns * sums->panel;
	Size		end = sums->first_pair + sums->n_pairs;
	Size		last_block = Min(sums->n_blocks, (i + 1) * sums->task_blocks);

	for (Size first = sums->first_pair; first < end; first += sums->panel)
	{
		Size		n = Min(sums->panel, end - first);

		form_columns(sums, first, n, q);
		for (Size block = i * sums->task_blocks; block < last_block; block++)
		{
			form_weights(sums->counts + block * sample->n_conditions * LANES,
						 sample->first + first, sample->second + first, n, w);
			gemm_f8_raw(true, true, LANES, sums->columns, n, 1.0, w, LANES, q, sums->panel,
						first == 0 ? 0.0 : 1.0, sums->sums + block * LANES * sums->columns, sums->columns);
		}
	}
}

/* ---- whitening ---- */

/* u = X m of a block of draws, an RDM and some rows */
static void
u_task(int64 i, int worker, void *arg)
{
	Sums	   *sums = arg;
	Size		n = sums->sample->n_conditions;
	Size		block = i / ((Size) sums->n_rdms * sums->row_steps);
	Size		r = i / sums->row_steps % sums->n_rdms;
	Size		row = i % sums->row_steps * sums->row_step;

	gemm_f8_raw(false, false, Min((Size) sums->row_step, n - row), LANES, n,
				1.0, sums->square + (r * n + row) * n, n, sums->counts + block * n * LANES, LANES,
				0.0, sums->u + ((block * sums->n_rdms + r) * n + row) * LANES, LANES);
}

/* What the draws of a block have in common for all comparisons. */
typedef struct Whitening
{
	double		z[LANES];
	int			singular[LANES];	/* the condition whose k is 0, or -1 */
	double	   *g;				/* n x LANES: m_c / k_c, 0 at the singular one */
	double	   *f;				/* n_rdms x LANES */
} Whitening;

static void
prepare_whitening(const Sums *sums, const double *count, Whitening *w)
{
	Size		n = sums->sample->n_conditions;

	for (int l = 0; l < LANES; l++)
	{
		double		total = 0;

		w->z[l] = 1;
		w->singular[l] = -1;
		for (Size c = 0; c < n; c++)
			total += count[c * LANES + l];
		for (Size c = 0; c < n; c++)
		{
			double		k = total + 2 - 2 * count[c * LANES + l];

			w->g[c * LANES + l] = k == 0 ? 0 : count[c * LANES + l] / k;
			w->z[l] += w->g[c * LANES + l];
			if (k == 0)
				w->singular[l] = (int) c;
		}
	}
}

/* u of x - mean: the pairs of condition c are total - m_c */
static void
centre_u(Size n, const double *count, const double *mean, double *u)
{
	for (int l = 0; l < LANES; l++)
	{
		double		total = 0;

		for (Size c = 0; c < n; c++)
			total += count[c * LANES + l];
		for (Size c = 0; c < n; c++)
			u[c * LANES + l] -= mean[l] * (total - count[c * LANES + l]);
	}
}

HOT_LOOP static void
sum_products(Size n, const double *g, const double *x, double *out)
{
	double		sum[LANES] = {0};

	for (Size i = 0; i < n * LANES; i += LANES)
		for (int l = 0; l < LANES; l++)
			sum[l] += g[i + l] * x[i + l];
	memcpy(out, sum, sizeof(sum));
}

HOT_LOOP static void
sum_triple_products(Size n, const double *g, const double *x, const double *y, double *out)
{
	double		sum[LANES] = {0};

	for (Size i = 0; i < n * LANES; i += LANES)
		for (int l = 0; l < LANES; l++)
			sum[l] += g[i + l] * x[i + l] * y[i + l];
	memcpy(out, sum, sizeof(sum));
}

/* product -= what whitening takes off the sum of products of x and y */
static void
whiten_product(Size n, const Whitening *w, const double *ux, const double *uy,
			   const double *fx, const double *fy, double *product)
{
	double		e[LANES];

	sum_triple_products(n, w->g, ux, uy, e);
	for (int l = 0; l < LANES; l++)
	{
		Size		c = w->singular[l] * (Size) LANES + l;

		if (w->singular[l] < 0)
			product[l] -= e[l] - fx[l] * fy[l] / w->z[l];
		else
			product[l] -= e[l] + ux[c] * uy[c] * w->z[l] - ux[c] * fy[l] - uy[c] * fx[l];
	}
}

/* ---- from sums to measures ---- */

/* Sums of products of two RDMs (column at) in a block's draws; about the means of a and b where centred. */
static void
block_products(const Sums *sums, const double *block, Size at, int a, int b, double *product)
{
	for (int l = 0; l < LANES; l++)
	{
		const double *s = block + l * sums->columns;

		product[l] = s[at];
		if (sums->centred)
			product[l] -= s[1 + a] * s[1 + b] / s[0];
	}
}

/* Everything that one block of draws gives: values of each draw, model and subject. */
static void
measure_task(int64 block_number, int worker, void *arg)
{
	Sums	   *sums = arg;
	const RdmSample *sample = sums->sample;
	Size		n = sample->n_conditions;
	int			n_draws = Min(LANES, sums->n_draws - (int) block_number * LANES);
	const double *block = sums->sums + block_number * LANES * sums->columns;
	const double *count = sums->counts + block_number * n * LANES;
	double	   *u = sums->whitened ? sums->u + block_number * sums->n_rdms * n * LANES : NULL;
	double	   *square = sums->scratch + worker * sums->scratch_doubles;	/* n_rdms x LANES */
	double	   *t = sums->t + block_number * LANES * sample->n_models * sample->n_data;
	Whitening	w;

	w.f = square + (Size) sums->n_rdms * LANES;
	w.g = w.f + (Size) sums->n_rdms * LANES;
	if (sums->whitened)
		prepare_whitening(sums, count, &w);
	for (int r = 0; r < sums->n_rdms; r++)
	{
		double		mean[LANES];
		double		raw[LANES];

		block_products(sums, block, 1 + sums->n_rdms + r, r, r, square + (Size) r * LANES);
		if (u != NULL)
		{
			double	   *ur = u + r * n * LANES;

			for (int l = 0; l < LANES; l++)
				mean[l] = block[l * sums->columns + 1 + r] / block[l * sums->columns];
			if (sums->centred)
				centre_u(n, count, mean, ur);
			sum_products(n, w.g, ur, w.f + (Size) r * LANES);
			whiten_product(n, &w, ur, ur, w.f + (Size) r * LANES, w.f + (Size) r * LANES, square + (Size) r * LANES);
		}
		for (int l = 0; l < LANES; l++)
		{
			raw[l] = block[l * sums->columns + 1 + sums->n_rdms + r];
			if (!(square[r * LANES + l] > NO_SPREAD * raw[l]))
				square[r * LANES + l] = NAN;
		}
	}
	for (int k = 0; k < sample->n_models; k++)
		for (int s = 0; s < sample->n_data; s++)
		{
			int			model = sample->n_data + k;
			Size		at = (Size) k * sample->n_data + s;
			double		product[LANES];

			block_products(sums, block, 1 + 2 * (Size) sums->n_rdms + at, model, s, product);
			if (sums->whitened)
				whiten_product(n, &w, u + model * n * LANES, u + s * n * LANES,
							   w.f + (Size) model * LANES, w.f + (Size) s * LANES, product);
			for (int l = 0; l < n_draws; l++)
				t[(Size) l * sample->n_models * sample->n_data + at] =
					product[l] / sqrt(square[model * LANES + l] * square[s * LANES + l]);
		}
}

/* ---- the family ---- */

static void
dimensions(Sums *sums, const RdmSample *sample, CompareMethod method)
{
	Size		n = sample->n_conditions;
	Size		block;

	sums->sample = sample;
	sums->method = method;
	sums->whitened = method == COMPARE_WHITENED_COSINE || method == COMPARE_WHITENED_PEARSON || method == COMPARE_CKA;
	sums->centred = method == COMPARE_PEARSON || method == COMPARE_WHITENED_PEARSON;
	sums->n_rdms = sample->n_data + sample->n_models;
	sums->columns = 1 + 2 * (Size) sums->n_rdms + (Size) sample->n_models * sample->n_data;
	sums->panel = Min(MAX_PANEL, Max(16, PANEL_DOUBLES / sums->columns));
	sums->scratch_doubles = Max(size_mul(sums->columns + LANES, sums->panel),
								(2 * (Size) sums->n_rdms + n) * LANES);
	sums->row_step = (int) Max(16, Min((double) n, TASK_FLOPS / (2.0 * n * LANES)));
	sums->row_steps = (int) ((n + sums->row_step - 1) / sums->row_step);
	block = LANES * (sums->columns + (sums->whitened ? size_mul(sums->n_rdms, n) : 0)) * sizeof(double);
	sums->group = Max(parallel_threads(), (int) Min(64, GROUP_BYTES / block));
}

static Size
sums_bytes(const RdmSample *sample, CompareMethod method)
{
	Sums		sums;
	Size		n = sample->n_conditions;
	Size		doubles;

	dimensions(&sums, sample, method);
	doubles = size_mul(sums.n_rdms, sample->n_pairs);
	doubles = size_add(doubles, size_mul(parallel_threads(), sums.scratch_doubles));
	doubles = size_add(doubles, size_mul(size_mul(sums.group, LANES), sums.columns));
	if (sums.whitened)
		doubles = size_add(doubles, size_mul(size_mul(sums.n_rdms, n), n + (Size) sums.group * LANES));
	return size_mul(doubles, sizeof(double));
}

static void
sums_begin(BootstrapWork *work)
{
	Sums	   *sums = palloc0(sizeof(Sums));
	Size		n = work->sample->n_conditions;

	dimensions(sums, work->sample, work->method);
	standardize(sums);
	sums->scratch = huge_matrix(parallel_threads(), sums->scratch_doubles);
	sums->sums = huge_matrix((Size) sums->group * LANES, sums->columns);
	if (sums->whitened)
	{
		make_squares(sums);
		sums->u = huge_matrix((Size) sums->group * sums->n_rdms * n, LANES);
	}
	work->family = sums;
}

/* All sums of a group of blocks, in steps that take a task well under 100 ms; 'work' of the stage in all. */
static void
sum_pairs(Sums *sums, double work)
{
	Size		n_pairs = sums->sample->n_pairs;
	Size		step;

	sums->task_blocks = Max(1, Min(MAX_TASK_BLOCKS, sums->n_blocks / (2 * (Size) parallel_threads())));
	step = (Size) Max((double) sums->panel, TASK_FLOPS / (2.0 * LANES * sums->columns * sums->task_blocks));
	for (sums->first_pair = 0; sums->first_pair < n_pairs; sums->first_pair += step)
	{
		sums->n_pairs = Min(step, n_pairs - sums->first_pair);
		parallel_for((sums->n_blocks + sums->task_blocks - 1) / sums->task_blocks, 0, sums_task, sums);
		progress_add(work * (double) sums->n_pairs / (double) n_pairs);
	}
}

static void
sums_evaluate(BootstrapWork *work, const double *counts, int n_draws, double *t)
{
	Sums	   *sums = work->family;
	const RdmSample *sample = sums->sample;
	int			n_blocks = (n_draws + LANES - 1) / LANES;

	for (int block = 0; block < n_blocks; block += sums->group)
	{
		int			n = Min(sums->group, n_blocks - block);

		sums->counts = counts + (Size) block * sample->n_conditions * LANES;
		sums->t = t + (Size) block * LANES * sample->n_models * sample->n_data;
		sums->n_draws = Min(n_draws - block * LANES, n * LANES);
		sums->n_blocks = n;
		sum_pairs(sums, sums->whitened ? sums->n_draws / 2.0 : sums->n_draws);
		if (sums->whitened)
		{
			int64		n_tasks = (int64) n * sums->n_rdms * sums->row_steps;

			parallel_for(n_tasks, sums->n_draws / 2.0 / n_tasks, u_task, sums);
		}
		parallel_for(n, 0, measure_task, sums);
	}
}

const BootstrapFamily bootstrap_sums = {sums_bytes, sums_begin, sums_evaluate};
