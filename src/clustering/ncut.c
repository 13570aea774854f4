/*
 * ncut.c
 *		Normalised cuts by the Nystrom method (Fowlkes, Belongie, Chung and Malik 2004).
 *
 * The eigenvectors of inv(D) W are functions f of a row with
 *
 *		f(x) = 1/lambda  sum_j w(x, j) f(j) / sum_j w(x, j),
 *
 * sums over all rows.  Nystrom's method replaces a sum over rows by n / m times the
 * sum over m landmarks, chosen by farthest-point sampling (Gonzalez 1985), as in
 * AlignedCut's ncut_pytorch, so that small groups have landmarks too.  The m x m
 * problem is the spectral embedding of the landmarks' graph; the formula takes it to
 * all rows, and gives the landmarks' own coordinates back.  (Landmarks that weigh as
 * many rows as are nearest to them look better, and are worse: in noise of many
 * dimensions the farthest points are outliers, and a few in the middle weigh all.)
 *
 * n m d multiplications for landmarks (row by row, less what the triangle
 * inequality saves), 2 n m (d + k) flops of gemm for the extension, m^2 numbers.
 * Unlike Fowlkes's orthogonalised form it needs no inverse of the landmarks'
 * affinities, which are singular to rounding for smooth kernels, and not n m^2 flops.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/affinity.h"
#include "clustering/ncut.h"
#include "clustering/spectral.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define ROWS_OF_TASK	2048	/* of a step of farthest-point sampling */
#define TILE_FLOPS		4e8
#define TILE_MAX		256
#define EIGENVALUE_MIN	1e-10	/* functions of smaller ones can't be extended */
#define DEGREE_MIN		1e-300

/* ---- landmarks ---- */

typedef struct Farthest
{
	Size		n;
	Size		d;
	const double *x;
	double	   *squared;		/* n: to the nearest landmark */
	int32	   *owner;			/* n: which that is */
	const double *latest;		/* d: the landmark that comes */
	int32		number;
	double	   *gap;			/* m: squared distances of the latest to those before */
	Size	   *candidate;		/* of each task: its farthest row */
} Farthest;

/*
 * The latest landmark takes the rows that are nearer to it than to theirs; a row can't be
 * if their landmark is twice as far from it as the row is.
 */
static void
take_rows(int64 number, int worker, void *arg)
{
	Farthest   *s = arg;
	Size		first = (Size) number * ROWS_OF_TASK;
	Size		farthest = first;

	for (Size i = first; i < Min(s->n, first + ROWS_OF_TASK); i++)
	{
		if (s->number == 0 || s->gap[s->owner[i]] < 4 * s->squared[i])
		{
			double		squared = squared_difference(s->x + i * s->d, s->latest, s->d);

			if (s->number == 0 || squared < s->squared[i])
			{
				s->squared[i] = squared;
				s->owner[i] = s->number;
			}
		}
		if (s->squared[i] > s->squared[farthest])
			farthest = i;
	}
	s->candidate[number] = farthest;
}

/* The row that is farthest from their mean. */
static Size
farthest_from_mean(Size n, Size d, const double *x)
{
	double	   *mean = huge_alloc0(d * sizeof(double));
	double		most = -1;
	Size		which = 0;

	for (Size i = 0; i < n; i++)
		for (Size j = 0; j < d; j++)
			mean[j] += x[i * d + j] / (double) n;
	CHECK_FOR_INTERRUPTS();
	for (Size i = 0; i < n; i++)
	{
		double		squared = squared_difference(x + i * d, mean, d);

		if (squared > most)
		{
			most = squared;
			which = i;
		}
	}
	pfree(mean);
	return which;
}

int
ncut_farthest_points(int n, int d, const double *x, int m, int32 *landmark, int32 *owner)
{
	int64		tasks = (n + ROWS_OF_TASK - 1) / ROWS_OF_TASK;
	Farthest	s = {.n = (Size) n, .d = (Size) d, .x = x, .owner = owner};
	Size		next = farthest_from_mean(n, d, x);
	int			count = 0;

	s.squared = huge_matrix(1, n);
	s.gap = huge_matrix(1, m);
	s.candidate = huge_alloc((Size) tasks * sizeof(Size));
	progress_begin("landmarks", m);
	while (count < m && (count == 0 || s.squared[next] > 0))
	{
		s.latest = x + next * d;
		s.number = count;
		for (int l = 0; l < count; l++)
			s.gap[l] = squared_difference(x + (Size) landmark[l] * d, s.latest, d);
		landmark[count++] = (int32) next;
		parallel_for(tasks, 0, take_rows, &s);
		next = s.candidate[0];
		for (int64 t = 1; t < tasks; t++)
			if (s.squared[s.candidate[t]] > s.squared[next])
				next = s.candidate[t];
		progress_add(1);
	}
	progress_end();
	pfree(s.squared);
	pfree(s.gap);
	pfree(s.candidate);
	return count;
}

/* ---- landmarks' coordinates become all rows' ---- */

typedef struct Extension
{
	const Affinity *affinity;
	Size		n;
	Size		d;
	Size		m;
	Size		k;
	const double *x;			/* n x d */
	const double *xx;			/* n: squared norms */
	const double *landmarks;	/* m x d */
	const double *ll;			/* m */
	const double *coordinates;	/* m x k */
	const double *terms;		/* m x (k + 1): coordinates / eigenvalue, 1 */
	const int32 *owner;
	Size		tile;
	double	   *affinities;		/* a worker: tile x m */
	double	   *sums;			/* a worker: tile x (k + 1) */
	double	   *y;				/* n x k */
} Extension;

static void
extend_rows(int64 number, int worker, void *arg)
{
	Extension  *s = arg;
	Size		first = (Size) number * s->tile;
	Size		rows = Min(s->tile, s->n - first);
	Size		width = s->k + 1;
	double	   *affinities = s->affinities + worker * s->tile * s->m;
	double	   *sums = s->sums + worker * s->tile * width;

	affinity_block_raw(s->affinity, rows, s->m, s->d, s->x + first * s->d, s->xx + first, s->landmarks, s->ll, affinities);
	gemm_f8_raw(false, false, rows, width, s->m, 1, affinities, s->m, s->terms, width, 0, sums, width);
	for (Size i = 0; i < rows; i++)
	{
		const double *sum = sums + i * width;
		const double *nearest = s->coordinates + (Size) s->owner[first + i] * s->k;
		double	   *y = s->y + (first + i) * s->k;

		for (Size j = 0; j < s->k; j++)
			y[j] = sum[s->k] > DEGREE_MIN ? sum[j] / sum[s->k] : nearest[j];
	}
}

static Size
tile_of(Size m, Size d)
{
	double		rows = TILE_FLOPS / (2 * (double) m * (double) d);

	return (Size) Min(Max(rows, 1), TILE_MAX);
}

static void
extend(Extension *s, const double *value)
{
	double	   *terms = huge_matrix(s->m, s->k + 1);
	double	   *xx = huge_matrix(1, s->n);
	double	   *ll = huge_matrix(1, s->m);

	for (Size l = 0; l < s->m; l++)
	{
		for (Size j = 0; j < s->k; j++)
			terms[l * (s->k + 1) + j] = value[j] > EIGENVALUE_MIN ? s->coordinates[l * s->k + j] / value[j] : 0;
		terms[l * (s->k + 1) + s->k] = 1;
	}
	affinity_norms(s->n, s->d, s->x, xx);
	affinity_norms(s->m, s->d, s->landmarks, ll);
	s->terms = terms;
	s->xx = xx;
	s->ll = ll;
	s->affinities = huge_matrix(s->tile * parallel_threads(), s->m);
	s->sums = huge_matrix(s->tile * parallel_threads(), s->k + 1);
	progress_begin("extension", (double) s->n);
	parallel_for((int64) ((s->n + s->tile - 1) / s->tile), (double) s->tile, extend_rows, s);
	progress_end();
}

/* Bytes of all that is alive at once, but for the spectral embedding's own. */
static Size
scratch_bytes(Size n, Size d, Size m, Size k)
{
	Size		numbers = size_mul(m, size_add(size_add(m, d), 2 * k + 8));

	if (m < n)
		numbers = size_add(numbers, size_add(size_mul(3, n), size_mul(tile_of(m, d) * parallel_threads(), m + k + 1)));
	return size_mul(numbers, sizeof(double));
}

void
ncut_embedding(int n, int d, const double *x, double gamma, int n_landmarks, int k, double *y)
{
	bool		exact = n_landmarks >= n;
	Size		most = (Size) Min(n, n_landmarks);
	MemoryContext scratch = scratch_create("ncut", scratch_bytes(n, d, most, k),
										   "Take fewer landmarks (n_landmarks), or fewer rows.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Affinity	affinity = {AFFINITY_RBF, gamma};
	int32	   *landmark = huge_alloc(most * sizeof(int32));
	int32	   *owner = huge_alloc((Size) n * sizeof(int32));
	double	   *value = huge_matrix(1, k);
	Size		m = exact ? (Size) n : (Size) ncut_farthest_points(n, d, x, (int) most, landmark, owner);
	double	   *w;

	if (m < (Size) k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d, but there are only %d different landmarks", k, (int) m),
				 errdetail("Of rows scaled to length 1, those of one direction are the same.")));
	w = huge_matrix(m, m);
	if (exact)
	{
		affinity_matrix(&affinity, m, d, x, 1, w);
		spectral_embedding_dense((int) m, w, k, value, y);
	}
	else
	{
		double	   *landmarks = huge_matrix(m, d);
		double		share = (double) n / (double) m;	/* rows that a landmark stands for */
		double	   *coordinates = huge_matrix(m, k);
		Extension	s = {.affinity = &affinity, .n = (Size) n, .d = (Size) d, .m = m, .k = (Size) k, .x = x,
		.landmarks = landmarks, .coordinates = coordinates, .owner = owner, .tile = tile_of(m, d), .y = y};

		for (Size l = 0; l < m; l++)
			memcpy(landmarks + l * d, x + (Size) landmark[l] * d, d * sizeof(double));
		affinity_matrix(&affinity, m, d, landmarks, 1, w);
		for (Size i = 0; i < m * m; i++)
			w[i] *= share * share;
		spectral_embedding_dense((int) m, w, k, value, coordinates);
		extend(&s, value);
		spectral_fix_sign(n, k, y);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
