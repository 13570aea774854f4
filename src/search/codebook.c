/*
 * codebook.c
 *		Codes of a codebook: of m vectors the k that a row is nearest to.
 *
 * A nearness is the inner product of a row with a vector, less half the vector's
 * square for the euclidean distance, over the vector's length for the cosine: one
 * product for a block of rows, 2 n d m flops.  A vector of zeros has cosine 0 with everything.
 *
 * The subtlety: equal vectors may come out of a product with different last
 * bits, and an answer must not depend on them.  So whatever is within the product's
 * error of the k-th is compared again, one by one, and ties go to the first.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "search/codebook.h"
#include "stats/differences.h"

#define BLOCK_BYTES		((Size) 32 << 20)
#define BLOCK_ROWS_MAX	2048
#define TASK_ELEMENTS	((Size) 1 << 18)
#define CHUNK			32

typedef struct Nearness
{
	double		value;
	int32		index;
} Nearness;

typedef struct Codebook
{
	Size		m;
	Size		d;
	int			k;
	double	   *vector;			/* m x d: about their mean, or of length 1, as the metric asks */
	double	   *less;			/* m: half their squares, or 0 */
	double	   *mean;			/* d: taken from rows too */
	double		longest;		/* of the vectors */
	double	   *rows;			/* a block */
	double	   *nearness;		/* rows x m */
	Nearness   *candidates;		/* a worker x m */
	const Codes *codes;
	Size		per_task;
} Codebook;

/* ---- a row ---- */

static int
compare_nearness(const void *a, const void *b)
{
	const Nearness *x = a;
	const Nearness *y = b;

	if (x->value != y->value)
		return x->value > y->value ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

/* Is one of a chunk at least 'least'? */
HOT_LOOP static bool
any_from(const double *x, int n, double least)
{
	int			any = 0;

	for (int j = 0; j < n; j++)
		any |= x[j] >= least;
	return any != 0;
}

/* Moves the least of the k kept to the front (a heap). */
static void
sift(Nearness *kept, int k, int at)
{
	for (int child; (child = 2 * at + 1) < k; at = child)
	{
		Nearness	moved = kept[at];

		if (child + 1 < k && kept[child + 1].value < kept[child].value)
			child++;
		if (!(kept[child].value < kept[at].value))
			break;
		kept[at] = kept[child];
		kept[child] = moved;
	}
}

/* The k-th largest of m. */
static double
kth_largest(const double *x, Size m, int k, Nearness *kept)
{
	for (int j = 0; j < k; j++)
		kept[j] = (Nearness) {x[j], j};
	for (int j = k / 2 - 1; j >= 0; j--)
		sift(kept, k, j);
	for (Size first = k; first < m; first += CHUNK)
	{
		Size		end = Min(m, first + CHUNK);

		if (!any_from(x + first, (int) (end - first), kept[0].value))
			continue;
		for (Size j = first; j < end; j++)
			if (x[j] > kept[0].value)
			{
				kept[0] = (Nearness) {x[j], (int32) j};
				sift(kept, k, 0);
			}
	}
	return kept[0].value;
}

/* Without a product: equal vectors give equal values. */
static double
nearness_of(const Codebook *s, const double *row, Size j)
{
	const double *vector = s->vector + j * s->d;
	double		sum = 0;

	for (Size e = 0; e < s->d; e++)
		sum += row[e] * vector[e];
	return sum - s->less[j];
}

static void
choose(const Codebook *s, int i, Nearness *candidates)
{
	const double *row = s->rows + i * s->d;
	const double *nearness = s->nearness + i * s->m;
	int32	   *index = CODES_INDEX(s->codes, i);
	double		length = sqrt(squared_length(row, s->d));
	double		slack = 4 * (double) s->d * DBL_EPSILON * s->longest * (length + s->longest);
	double		least = kth_largest(nearness, s->m, s->k, candidates) - 2 * slack;
	int			n = 0;

	for (Size j = 0; j < s->m; j++)
		if (nearness[j] >= least)
			candidates[n++] = (Nearness) {nearness[j], (int32) j};
	if (n > s->k)
	{
		for (int e = 0; e < n; e++)
			candidates[e].value = nearness_of(s, row, candidates[e].index);
		qsort(candidates, n, sizeof(Nearness), compare_nearness);
	}
	for (int e = 0; e < s->k; e++)
	{
		index[e] = candidates[e].index;
		CODES_F8(s->codes, i)[e] = 1;
	}
	s->codes->count[i] = s->k;
}

static void
choose_task(int64 i, int worker, void *arg)
{
	const Codebook *s = arg;
	int			end = (int) Min((Size) s->codes->n, (i + 1) * s->per_task);

	for (int row = (int) (i * s->per_task); row < end; row++)
		choose(s, row, s->candidates + worker * s->m);
}

/* ---- a block ---- */

static void
encode(const Coder *c, int n, const void *x)
{
	Codebook   *s = c->method;
	const double *row = x;
	Size		m = s->m;
	Size		d = s->d;

	c->codes->n = n;
	for (Size i = 0; i < (Size) n * d; i++)
		s->rows[i] = row[i] - s->mean[i % d];
	for (Size i = 0; i < (Size) n; i++)
		for (Size j = 0; j < m; j++)
			s->nearness[i * m + j] = -s->less[j];
	gemm_f8(false, true, n, m, d, 1, s->rows, d, s->vector, d, 1, s->nearness, m);
	s->per_task = Max(1, TASK_ELEMENTS / m);
	parallel_for((int64) ((n + s->per_task - 1) / s->per_task), 0, choose_task, s);
}

/* ---- making one ---- */

static void
centre(Codebook *s)
{
	for (Size j = 0; j < s->m; j++)
		for (Size e = 0; e < s->d; e++)
			s->mean[e] += s->vector[j * s->d + e] / (double) s->m;
	for (Size j = 0; j < s->m; j++)
		for (Size e = 0; e < s->d; e++)
			s->vector[j * s->d + e] -= s->mean[e];
}

static void
prepare(Codebook *s, CodebookMetric metric)
{
	if (metric == CODEBOOK_EUCLIDEAN)
		centre(s);
	for (Size j = 0; j < s->m; j++)
	{
		double	   *vector = s->vector + j * s->d;
		double		square = squared_length(vector, s->d);

		for (Size e = 0; metric == CODEBOOK_COSINE && square > 0 && e < s->d; e++)
			vector[e] /= sqrt(square);
		if (metric == CODEBOOK_EUCLIDEAN)
			s->less[j] = square / 2;
		s->longest = Max(s->longest, metric == CODEBOOK_COSINE ? 1 : sqrt(square));
	}
}

int
codebook_block_rows(Size m, int64 n)
{
	Size		rows = BLOCK_BYTES / size_mul(m, sizeof(double));

	return (int) Max(1, Min(n, Min(BLOCK_ROWS_MAX, (int64) rows)));
}

Size
codebook_coder_bytes(const Atoms *codebook, int k, int rows)
{
	Size		vectors = size_mul(size_add(codebook->m, 1), size_add(codebook->d, 1));
	Size		block = size_mul(rows, size_add(codebook->m, codebook->d));

	return size_add(size_add(codes_bytes(TENSOR_FLOAT8, rows, k, k), size_mul(size_add(vectors, block), sizeof(double))),
					size_mul(size_mul(codebook->m, parallel_threads()), sizeof(Nearness)));
}

Coder *
codebook_coder(const Atoms *codebook, CodebookMetric metric, int k, int rows)
{
	Coder	   *c = palloc0(sizeof(Coder));
	Codebook   *s = palloc0(sizeof(Codebook));
	Size		vectors = codebook->m * codebook->d;

	c->d = s->d = codebook->d;
	c->m = s->m = codebook->m;
	c->dtype = TENSOR_FLOAT8;
	c->block_rows = rows;
	c->codes = codes_new(TENSOR_FLOAT8, rows, k, k);
	c->encode = encode;
	c->method = s;
	s->k = k;
	s->codes = c->codes;
	s->vector = huge_matrix(codebook->m, codebook->d);
	memcpy(s->vector, codebook->atom, vectors * sizeof(double));
	s->less = huge_alloc0(codebook->m * sizeof(double));
	s->mean = huge_alloc0(codebook->d * sizeof(double));
	prepare(s, metric);
	s->rows = huge_matrix(rows, codebook->d);
	s->nearness = huge_matrix(rows, codebook->m);
	s->candidates = huge_alloc(size_mul(size_mul(codebook->m, parallel_threads()), sizeof(Nearness)));
	return c;
}
