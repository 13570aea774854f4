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
 * 2 n m d flops of gemm for landmarks and 2 n m (d + k) for the extension, m^2 numbers.
 * Unlike Fowlkes's orthogonalised form it needs no inverse of the landmarks'
 * affinities, which are singular to rounding for smooth kernels, and not n m^2 flops.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "clustering/affinity.h"
#include "clustering/ncut.h"
#include "clustering/spectral.h"
#include "linalg/linalg.h"
#include "stats/differences.h"

#define CANDIDATES	256		/* rows among which landmarks are chosen at a time */
#define TILE_FLOPS		4e8
#define TILE_MAX		256
#define EIGENVALUE_MIN	1e-10	/* functions of smaller ones can't be extended */
#define DEGREE_MIN		1e-300

/* Rows of a task that multiplies them with m others. */
static Size
tile_of(Size m, Size d)
{
	double		rows = TILE_FLOPS / (2 * (double) m * (double) d);

	return (Size) Min(Max(rows, 1), TILE_MAX);
}

/* ---- landmarks ---- */

/*
 * One landmark after another, each a pass over all rows, would wait for memory.  So
 * several are chosen at a time, and are those that one at a time would be: of the
 * rows that are farthest now, the next is the one that stays farthest when those
 * chosen since are counted, for as long as it is farther than any other row is now.
 */
typedef struct Farthest
{
	Size		n;
	Size		d;
	const double *x;
	double	   *norm;			/* n: squared, of the rows */
	double	   *squared;		/* n: to the nearest landmark, infinite before the first */
	int32	   *owner;			/* n: which that is */
	int			count;			/* landmarks that 'squared' knows */
	int			batch;			/* and those that it is about to learn of */
	double	   *chosen;			/* CANDIDATES x d: their rows */
	double	   *chosen_norm;	/* CANDIDATES */
	Size		tile;			/* rows of a task */
	double	   *products;		/* a worker: tile x CANDIDATES */
	double	   *sorted;			/* n: scratch of choose_candidates */
	int32	   *candidate;		/* CANDIDATES: rows, ascending */
	double	   *distance;		/* CANDIDATES: as squared, those chosen since counted */
} Farthest;

/* The batch takes the rows that are nearer to it than to theirs; products rule most out, differences decide. */
static void
take_rows(int64 number, int worker, void *arg)
{
	Farthest   *s = arg;
	Size		first = (Size) number * s->tile;
	Size		rows = Min(s->tile, s->n - first);
	Size		t = (Size) s->batch;
	double	   *products = s->products + (Size) worker * s->tile * CANDIDATES;

	gemm_f8_raw(false, true, rows, t, s->d, 1, s->x + first * s->d, s->d, s->chosen, s->d, 0, products, t);
	for (Size i = first; i < first + rows; i++)
	{
		const double *row = products + (i - first) * t;

		for (Size l = 0; l < t; l++)
		{
			double		size = s->norm[i] + s->chosen_norm[l];
			double		squared;

			if (size - 2 * row[l] - 10 * (double) (s->d + 4) * DBL_EPSILON * size > s->squared[i])
				continue;
			squared = squared_difference(s->x + i * s->d, s->chosen + l * s->d, s->d);
			if (squared < s->squared[i])
			{
				s->squared[i] = squared;
				s->owner[i] = s->count + (int32) l;
			}
		}
	}
}

static int
compare_descending(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The value that stands at 'place' of n when they are put in descending order (Hoare's selection). */
static double
select_descending(double *value, Size n, Size place)
{
	Size		low = 0;
	Size		high = n;

	while (high - low > 32)
	{
		double		pivot = value[low + (high - low) / 2];
		Size		i = low;
		Size		above = low;
		Size		same = low;

		/* above the pivot, the pivot's equals, the rest */
		for (; i < high; i++)
			if (value[i] >= pivot)
			{
				double		v = value[i];

				value[i] = value[same];
				value[same] = v;
				if (v > pivot)
				{
					value[same] = value[above];
					value[above++] = v;
				}
				same++;
			}
		if (place < above)
			high = above;
		else if (place < same)
			return pivot;
		else
			low = same;
	}
	qsort(value + low, high - low, sizeof(double), compare_descending);
	return value[place];
}

/* The rows that are farthest now: their number; *others: no other row is farther. */
static int
choose_candidates(Farthest *s, double *others)
{
	int			n_candidates = 0;

	*others = 0;
	if (s->n > CANDIDATES)
	{
		memcpy(s->sorted, s->squared, s->n * sizeof(double));
		*others = select_descending(s->sorted, s->n, CANDIDATES);
	}
	for (Size i = 0; i < s->n; i++)
		if (s->squared[i] > *others)
		{
			s->candidate[n_candidates] = (int32) i;
			s->distance[n_candidates++] = s->squared[i];
		}
	return n_candidates;
}

static void
choose(Farthest *s, Size row)
{
	memcpy(s->chosen + (Size) s->batch * s->d, s->x + row * s->d, s->d * sizeof(double));
	s->chosen_norm[s->batch++] = s->norm[row];
}

/* The next batch of at most 'most' landmarks, which go to 'landmark'. */
static void
choose_batch(Farthest *s, int most, int32 *landmark)
{
	double		others;
	int			n_candidates;

	s->batch = 0;
	if (most == 0)
		return;
	n_candidates = choose_candidates(s, &others);
	if (n_candidates == 0)		/* more than CANDIDATES rows are the farthest */
	{
		Size		first = 0;

		while (s->squared[first] < others)
			first++;
		if (others > 0)
		{
			landmark[0] = (int32) first;
			choose(s, first);
		}
		return;
	}
	while (s->batch < most)
	{
		int			best = 0;

		for (int c = 1; c < n_candidates; c++)
			if (s->distance[c] > s->distance[best])
				best = c;
		if (s->distance[best] <= others)
			return;
		landmark[s->batch] = s->candidate[best];
		choose(s, s->candidate[best]);
		for (int c = 0; c < n_candidates; c++)
		{
			const double *x = s->x + (Size) s->candidate[c] * s->d;

			s->distance[c] = Min(s->distance[c], squared_difference(x, s->chosen + (Size) (s->batch - 1) * s->d, s->d));
		}
	}
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

static Size
farthest_bytes(Size n, Size d)
{
	Size		numbers = size_add(size_mul(3, n), size_mul(CANDIDATES, size_add(d, 4)));

	return size_mul(size_add(numbers, size_mul(parallel_threads(), (Size) TILE_MAX * CANDIDATES)), sizeof(double));
}

int
ncut_farthest_points(int n, int d, const double *x, int m, int32 *landmark, int32 *owner)
{
	MemoryContext scratch = scratch_create("ncut landmarks", farthest_bytes(n, d), "Take fewer rows.");
	MemoryContext old = MemoryContextSwitchTo(scratch);
	Farthest	s = {.n = (Size) n, .d = (Size) d, .x = x, .owner = owner, .tile = tile_of(CANDIDATES, d)};

	s.norm = huge_matrix(1, n);
	s.squared = huge_matrix(1, n);
	s.sorted = huge_matrix(1, n);
	s.chosen = huge_matrix(CANDIDATES, d);
	s.chosen_norm = huge_matrix(1, CANDIDATES);
	s.products = huge_matrix((Size) parallel_threads() * s.tile, CANDIDATES);
	s.candidate = huge_alloc(CANDIDATES * sizeof(int32));
	s.distance = huge_matrix(1, CANDIDATES);
	affinity_norms(n, d, x, s.norm);
	for (int i = 0; i < n; i++)
		s.squared[i] = INFINITY;
	landmark[0] = (int32) farthest_from_mean(n, d, x);
	choose(&s, landmark[0]);
	progress_begin("landmarks", m);
	while (s.batch > 0)
	{
		parallel_for((int64) ((s.n + s.tile - 1) / s.tile), 0, take_rows, &s);
		s.count += s.batch;
		progress_add(s.batch);
		choose_batch(&s, Min(CANDIDATES, m - s.count), landmark + s.count);
	}
	progress_skip();			/* no other rows are left */
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return s.count;
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

static void
extend(Extension *s, const double *value)
{
	double	   *terms = huge_matrix(s->m, s->k + 1);
	double	   *xx = huge_matrix(1, s->n);
	double	   *ll = huge_matrix(1, s->m);
	Size		n_tiles = (s->n + s->tile - 1) / s->tile;

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
	parallel_for((int64) n_tiles, (double) s->n / n_tiles, extend_rows, s);
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
