/*
 * kmeans_seed.c
 *		Starts of k-means: greedy k-means++.
 *
 * D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding",
 * SODA 2007, where a centre is drawn with a chance that grows with the squared
 * distance to those before; of 2 + ln k draws at each step that is kept which
 * leaves the least sum of squared distances (their section 5, and scikit-learn's).
 *
 * A step reads the rows once: with so few candidates that is what it costs, and a
 * matrix product would pack all rows first.  A candidate that is twice as far
 * from a row's centre as the row is can't be nearer (the triangle inequality), so
 * where rows form clusters most are not read at all.  Distances are summed from
 * differences in the rows' own precision: a row that equals a centre is at 0 and
 * is not drawn again.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "base/progress.h"
#include "clustering/kmeans.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define MOST_TRIALS		24			/* 2 + ln of the largest int */
#define BLOCK_ELEMENTS	((Size) 1 << 18)
#define TOGETHER		4			/* candidates that a row is compared with at a time */

/* Scaled rows that differ by the rounding of their scales only are this near, in float8 and in float4. */
#define SAME_DIRECTION	1e-28
#define NARROW_ZERO		1e-12

typedef struct Seeding
{
	const KmeansRows *r;
	int			n_trials;
	int			n_centres;		/* so far */
	double	   *candidate;		/* n_trials x d */
	float	   *narrow;			/* the same, for rows of float4 */
	double	   *apart;			/* n_trials x centres: squared distances */
	Size		apart_stride;
	int32	   *owner;			/* n: the nearest centre so far */
	double	   *least;			/* n: squared distance to it */
	double	   *squared;		/* n_trials x n: the same if a candidate joined */
	Size		block_rows;
	Size		n_blocks;
	double	   *sums;			/* blocks x n_trials: of 'squared' */
	double	   *block_sum;		/* blocks: of 'least' */
} Seeding;

/* ---- one row ---- */

HOT_LOOP static void
squares_f4(const float *x, float scale, const float *const *c, int d, double *out)
{
	float		sum[TOGETHER];
	float		s0 = 0,
				s1 = 0,
				s2 = 0,
				s3 = 0;
	const float *c0 = c[0],
			   *c1 = c[1],
			   *c2 = c[2],
			   *c3 = c[3];

#pragma omp simd reduction(+:s0, s1, s2, s3)
	for (int j = 0; j < d; j++)
	{
		float		value = x[j] * scale;

		s0 += (value - c0[j]) * (value - c0[j]);
		s1 += (value - c1[j]) * (value - c1[j]);
		s2 += (value - c2[j]) * (value - c2[j]);
		s3 += (value - c3[j]) * (value - c3[j]);
	}
	sum[0] = s0;
	sum[1] = s1;
	sum[2] = s2;
	sum[3] = s3;
	for (int t = 0; t < TOGETHER; t++)
		out[t] = sum[t];
}

/* Squared distances of row i to the m candidates that 'which' tells. */
static void
row_squares(const Seeding *s, Size i, const int *which, int m, double *out)
{
	const KmeansRows *r = s->r;
	Size		d = r->d;

	if (r->wide)
		for (int t = 0; t < m; t++)
			out[t] = kmeans_row_squared(r, i, s->candidate + which[t] * d);
	else
		for (int t = 0; t < m; t += TOGETHER)
		{
			const float *c[TOGETHER];
			double		some[TOGETHER];

			for (int l = 0; l < TOGETHER; l++)
				c[l] = s->narrow + which[Min(t + l, m - 1)] * d;
			squares_f4((const float *) r->values + i * d, r->scale ? (float) r->scale[i] : 1, c, r->d, some);
			for (int l = 0; l < TOGETHER && t + l < m; l++)
				out[t + l] = some[l];
		}
	for (int t = 0; r->scale && t < m; t++)
	{
		if (out[t] < NARROW_ZERO)
			out[t] = kmeans_row_squared(r, i, s->candidate + which[t] * d);
		if (out[t] < SAME_DIRECTION)
			out[t] = 0;
	}
}

/* ---- all rows against the candidates ---- */

static void
seed_block(int64 block, int worker, void *arg)
{
	Seeding    *s = arg;
	Size		n = s->r->n;
	Size		end = Min(n, (block + 1) * s->block_rows);
	double	   *sum = s->sums + block * s->n_trials;

	for (int t = 0; t < s->n_trials; t++)
		sum[t] = 0;
	for (Size i = block * s->block_rows; i < end; i++)
	{
		double		least = s->least[i];
		int			which[MOST_TRIALS];
		double		squared[MOST_TRIALS];
		int			m = 0;

		for (int t = 0; t < s->n_trials; t++)
		{
			s->squared[t * n + i] = least;
			if (s->n_centres == 0 || s->apart[t * s->apart_stride + s->owner[i]] < 4 * least)
				which[m++] = t;
		}
		if (m > 0)
			row_squares(s, i, which, m, squared);
		for (int l = 0; l < m; l++)
			if (squared[l] < least)
				s->squared[which[l] * n + i] = squared[l];
		for (int t = 0; t < s->n_trials; t++)
			sum[t] += s->squared[t * n + i];
	}
}

/* The sums of squared distances that m candidates (rows) would leave; the place of the least. */
static int
try_candidates(Seeding *s, const double *centre, const int32 *row, int m)
{
	Size		d = s->r->d;
	int			best = 0;
	double		least = INFINITY;

	s->n_trials = m;
	for (int t = 0; t < m; t++)
	{
		double	   *candidate = s->candidate + t * d;

		kmeans_row_read(s->r, row[t], candidate);
		for (Size j = 0; !s->r->wide && j < d; j++)
			s->narrow[t * d + j] = (float) candidate[j];
		for (int j = 0; j < s->n_centres; j++)
			s->apart[t * s->apart_stride + j] = squared_difference(candidate, centre + j * d, s->r->d);
	}
	parallel_for((int64) s->n_blocks, 1.0 / s->n_blocks, seed_block, s);
	for (int t = 0; t < m; t++)
	{
		double		sum = 0;

		for (Size b = 0; b < s->n_blocks; b++)
			sum += s->sums[b * m + t];
		if (sum < least)
		{
			least = sum;
			best = t;
		}
	}
	return best;
}

/* Candidate t becomes the next centre. */
static void
keep_candidate(Seeding *s, int t, double *centre)
{
	Size		n = s->r->n;
	const double *squared = s->squared + t * n;

	memcpy(centre + (Size) s->n_centres * s->r->d, s->candidate + (Size) t * s->r->d, s->r->d * sizeof(double));
	for (Size i = 0; i < n; i++)
	{
		s->owner[i] = squared[i] < s->least[i] ? s->n_centres : s->owner[i];
		s->least[i] = squared[i];
	}
	for (Size b = 0; b < s->n_blocks; b++)
		s->block_sum[b] = s->sums[b * s->n_trials + t];
	s->n_centres++;
}

/* ---- drawing ---- */

static double
total(const Seeding *s)
{
	double		sum = 0;

	for (Size b = 0; b < s->n_blocks; b++)
		sum += s->block_sum[b];
	return sum;
}

/* The row where the running sum of 'least' passes 'point'. */
static int32
row_at(const Seeding *s, double point)
{
	Size		last = 0;

	for (Size b = 0; b < s->n_blocks; b++)
	{
		Size		end = Min((Size) s->r->n, (b + 1) * s->block_rows);

		if (s->block_sum[b] <= 0)
			continue;
		if (point >= s->block_sum[b] && b + 1 < s->n_blocks)
		{
			point -= s->block_sum[b];
			last = b;
			continue;
		}
		last = b;
		for (Size i = b * s->block_rows; i < end; i++)
		{
			point -= s->least[i];
			if (point < 0)
				return (int32) i;
		}
	}
	for (Size i = Min((Size) s->r->n, (last + 1) * s->block_rows); i > last * s->block_rows; i--)
		if (s->least[i - 1] > 0)
			return (int32) (i - 1);
	return 0;
}

_Noreturn static void
report_too_few(const Seeding *s, int k)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("k is %d, but only %d of the %s are distinct", k, s->n_centres, s->r->scale ? "rows' directions" : "rows"),
			 errhint("Take a smaller k.")));
}

static Size
seed_bytes(const KmeansRows *r, int k, int trials, Size n_blocks)
{
	Size		bytes = size_mul(r->n, size_add(size_mul(trials + 1, sizeof(double)), sizeof(int32)));

	bytes = size_add(bytes, size_mul(size_mul(trials, r->d), sizeof(double) + sizeof(float)));
	bytes = size_add(bytes, size_mul(size_mul(trials, k), sizeof(double)));
	return size_add(bytes, size_mul(size_mul(trials + 1, n_blocks), sizeof(double)));
}

void
kmeans_seed(const KmeansRows *r, int k, RandomStream *random, double *centre)
{
	int			trials = 2 + (int) log(k);
	Size		block_rows = Max(64, BLOCK_ELEMENTS / r->d);
	Seeding		s = {.r = r, .apart_stride = k, .block_rows = block_rows, .n_blocks = (r->n + block_rows - 1) / block_rows};
	MemoryContext scratch = scratch_create("k-means++", seed_bytes(r, k, trials, s.n_blocks), NULL);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	int32		row[MOST_TRIALS];

	s.candidate = huge_matrix(trials, r->d);
	s.narrow = huge_alloc(size_mul(size_mul(trials, r->d), sizeof(float)));
	s.apart = huge_matrix(trials, k);
	s.owner = huge_alloc0(size_mul(r->n, sizeof(int32)));
	s.least = huge_matrix(1, r->n);
	s.squared = huge_matrix(trials, r->n);
	s.sums = huge_matrix(s.n_blocks, trials);
	s.block_sum = huge_matrix(1, s.n_blocks);
	for (int i = 0; i < r->n; i++)
		s.least[i] = INFINITY;
	progress_begin("k-means++", k);
	row[0] = (int32) random_below(random, r->n);
	keep_candidate(&s, try_candidates(&s, centre, row, 1), centre);
	while (s.n_centres < k)
	{
		double		sum = total(&s);

		if (sum <= 0)
			report_too_few(&s, k);
		for (int t = 0; t < trials; t++)
			row[t] = row_at(&s, random_double(random) * sum);
		keep_candidate(&s, try_candidates(&s, centre, row, trials), centre);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
