/*
 * topk_block.c
 *		Rows against all queries of a topk, a block at a time.
 *
 * A block of rows (up to 2048) meets the queries in one float4 product of unit
 * vectors, 2 q n d flops, in tiles of queries, a task each.  A product g is off by
 * at most 'error' from the cosine of the two vectors (ERROR_TERMS below), so
 *
 *	 cosine, correlation	g + error >= worst
 *	 dot					|x| |v| (g + error) >= worst
 *	 euclidean				2 |x| |v| (g + error) - |x|^2 >= |v|^2 - worst^2
 *
 * hold for every row that enters a list, 'worst' being the score of the list's
 * last.  One vectorised pass over the products finds those rows, and their
 * scores are taken again from the vectors themselves in float8: what a list holds
 * does not depend on a product's rounding.  All three are of the form
 * alpha a (g + error) - beta b >= T with a and b of the row, alpha, beta and T of the
 * query, none of them over 2; what float4 rounds here is relative, and is
 * granted with the error.
 *
 * Where many rows tie with a list's last, all of them are taken again: some ten
 * times the cost of their products.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/convert.h"
#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "search/topk.h"
#include "stats/differences.h"

#define FIRST_ROWS		16
#define BLOCK_ROWS		2048
#define FEW_ROWS		256			/* for few queries, so that rows wait in the cache */
#define BLOCK_ELEMENTS	((Size) 1 << 21)
#define LEAST_ROWS		16
#define TILE_FLOPS		2.2e9
#define TILE_QUERIES	1024		/* with BLOCK_ROWS of them a product packs its sides cheaply */
#define CHUNK			64			/* products that are looked at together */

/* Longer sums are made of partial ones by every BLAS: how long one of those may be. */
#define PARTIAL_SUM		4096

/* Beside the sum's own terms: rounding of both vectors, of a, b, alpha, beta and the comparison. */
#define ERROR_TERMS		16

/* Below, squares lose digits. */
#define LEAST_SQUARED	1e-280

#define MEMORY_HINT		"Take fewer queries at a time, or a smaller k."

/* ---- rows ---- */

static Size
row_bytes(const Topk *t, TensorType dtype)
{
	return size_add(size_mul(t->d, sizeof(float) + dtype), sizeof(int64) + 3 * sizeof(double));
}

static void *
grown(void *array, Size bytes, Size more)
{
	void	   *result = huge_alloc(more);

	if (array)
	{
		memcpy(result, array, bytes);
		pfree(array);
	}
	return result;
}

static void
block_reserve(Topk *t, TopkBlock *b)
{
	int			n = b->capacity;
	int			more = Min(b->most, n == 0 ? FIRST_ROWS : 4 * n);
	Size		d = t->d;
	MemoryContext old;

	memory_claim_add(b->claim, size_mul(more - n, row_bytes(t, b->dtype)), MEMORY_HINT);
	old = MemoryContextSwitchTo(b->cxt);
	b->id = grown(b->id, n * sizeof(int64), more * sizeof(int64));
	b->squared = grown(b->squared, n * sizeof(double), more * sizeof(double));
	b->centre = grown(b->centre, n * sizeof(double), more * sizeof(double));
	b->norm = grown(b->norm, n * sizeof(double), more * sizeof(double));
	b->values = grown(b->values, n * d * b->dtype, more * d * b->dtype);
	b->unit = grown(b->unit, n * d * sizeof(float), more * d * sizeof(float));
	MemoryContextSwitchTo(old);
	b->capacity = more;
}

static TopkBlock *
block_new(Topk *t, TensorType dtype)
{
	MemoryContext cxt = AllocSetContextCreate(STATE_CONTEXT(t), "topk block", ALLOCSET_SMALL_SIZES);
	TopkBlock  *b = MemoryContextAllocZero(cxt, sizeof(TopkBlock));

	b->cxt = cxt;
	b->claim = memory_claim(cxt, "topk");
	b->dtype = dtype;
	b->most = (int) Min(Min(BLOCK_ROWS, Max(FEW_ROWS, t->q)), Max(LEAST_ROWS, BLOCK_ELEMENTS / t->d));
	memory_claim_add(b->claim, size_mul(t->d, sizeof(double)), MEMORY_HINT);
	b->row = MemoryContextAllocHuge(cxt, t->d * sizeof(double));
	return b;
}

/* ---- exact scores ---- */

HOT_LOOP static void
widen_about(const float *x, double centre, Size d, double *out)
{
	for (Size i = 0; i < d; i++)
		out[i] = (double) x[i] - centre;
}

HOT_LOOP static void
copy_about(const double *x, double centre, Size d, double *out)
{
	for (Size i = 0; i < d; i++)
		out[i] = x[i] - centre;
}

/* Vector i as the metric looks at it: values n x d, centre n or NULL */
static void
read_vector(TensorType dtype, const void *values, const double *centre, Size i, Size d, double *out)
{
	double		c = centre ? centre[i] : 0;

	if (dtype == TENSOR_FLOAT8)
		copy_about((const double *) values + i * d, c, d, out);
	else
		widen_about((const float *) values + i * d, c, d, out);
}

static double
exact_loss(TopkMetric metric, const double *x, const double *v, Size d, double xx, double vv)
{
	double		score;

	if (metric == TOPK_EUCLIDEAN)
		return sqrt(squared_difference(x, v, d));
	score = inner_product(x, v, d);
	if (metric != TOPK_DOT)
	{
		double		both = xx * vv;

		/* the root of a square is exact, so a vector is at 1 with itself */
		score /= both > LEAST_SQUARED && both < 1e300 ? sqrt(both) : sqrt(xx) * sqrt(vv);
		score = Min(Max(score, -1), 1);
	}
	return topk_loss(metric, score);
}

/* ---- products ---- */

/* What all tasks of a block share */
typedef struct BlockSearch
{
	Topk	   *t;
	Size		n;				/* rows */
	Size		tile;			/* queries of a task */
	float		error;
	double		longest;		/* largest |x| */
	float	   *a;				/* n */
	float	   *b;				/* n */
	char	   *scratch;		/* of threads, stride each: two vectors and the products of a tile */
	Size		stride;
} BlockSearch;

/* A row is looked at if alpha a (g + error) - beta b >= least */
typedef struct Filter
{
	float		alpha;
	float		beta;
	float		least;
} Filter;

static float
product_error(int d)
{
	double		terms = d <= PARTIAL_SUM ? d : PARTIAL_SUM + (double) d / PARTIAL_SUM;

	return (float) (1.01 * FLT_EPSILON / 2 * (terms + ERROR_TERMS));
}

/* T / scale, rounded down past what float4 loses; of 0 / 0, all pass */
static float
threshold(double value, double scale)
{
	double		t = scale > 0 ? value / scale : value > 0 ? INFINITY : -INFINITY;

	t -= fabs(t) * 2 * FLT_EPSILON + 4 * FLT_MIN;
	return (float) Min(Max(t, -FLT_MAX), FLT_MAX);
}

/* What query i still takes, its list's last having this loss */
static Filter
filter_of(const BlockSearch *s, Size i, double worst)
{
	const TopkQueries *qs = s->t->queries;
	double		norm = qs->norm[i];
	double		scale;

	switch (s->t->metric)
	{
		case TOPK_DOT:
			return (Filter) {1, 0, threshold(-worst, norm * s->longest)};
		case TOPK_EUCLIDEAN:
			scale = Max(s->longest, norm);
			if (scale == 0)
				scale = 1;
			norm /= scale;
			worst /= scale;
			return (Filter) {(float) (2 * norm * (s->longest / scale)), (float) (s->longest / scale * (s->longest / scale)),
				threshold(norm * norm - worst * worst - 1e-12 * (norm * norm + worst * worst), 1)};
		default:
			return (Filter) {1, 0, threshold(-worst, 1)};
	}
}

/* The first of n - from products that the filter lets pass, or n */
HOT_LOOP static Size
next_candidate(const float *g, const float *a, const float *b, Size from, Size n, float error, Filter f)
{
	Size		j = from;

	for (; j + CHUNK <= n; j += CHUNK)
	{
		int			found = 0;

		for (Size c = j; c < j + CHUNK; c++)
			found |= f.alpha * a[c] * (g[c] + error) - f.beta * b[c] >= f.least;
		if (found)
			break;
	}
	for (; j < n; j++)
		if (f.alpha * a[j] * (g[j] + error) - f.beta * b[j] >= f.least)
			break;
	return j;
}

/* Query i against the block, its products being g; x and v: d of scratch each */
static void
search_query(const BlockSearch *s, Size i, const float *g, double *x, double *v)
{
	const Topk *t = s->t;
	const TopkBlock *rows = t->block;
	const TopkQueries *qs = t->queries;
	TopkEntry  *list = t->entry + i * t->capacity;
	Size		length = topk_length(t);
	Size		k = t->k;
	bool		have_query = false;
	Filter		filter = {0};

	if (length == k)
		filter = filter_of(s, i, list[0].loss);
	for (Size j = 0; j < s->n; j++)
	{
		TopkEntry	entry = {0, rows->id[j]};
		bool		full = length == k;
		double		worst = full ? list[0].loss : 0;

		if (full)
		{
			j = next_candidate(g, s->a, s->b, j, s->n, s->error, filter);
			if (j == s->n)
				break;
			entry.id = rows->id[j];
		}
		/* rows or queries of zeros, of which there may be many: no product is needed */
		if (t->metric != TOPK_DOT || (qs->norm[i] > 0 && rows->norm[j] > 0))
		{
			if (!have_query)
				read_vector(qs->dtype, qs->values, qs->centre, i, t->d, v);
			have_query = true;
			read_vector(rows->dtype, rows->values, rows->centre, j, t->d, x);
			entry.loss = exact_loss(t->metric, x, v, t->d, rows->squared[j], qs->squared[i]);
		}
		length = topk_offer(list, length, k, entry);
		if (length == k && (!full || list[0].loss != worst))
			filter = filter_of(s, i, list[0].loss);
	}
}

static void
search_tile(int64 number, int worker, void *arg)
{
	const BlockSearch *s = arg;
	const Topk *t = s->t;
	Size		d = t->d;
	Size		first = (Size) number * s->tile;
	Size		m = Min(s->tile, t->q - first);
	double	   *x = (double *) (s->scratch + worker * s->stride);
	double	   *v = x + d;
	float	   *g = (float *) (v + d);

	gemm_f4_raw(false, true, m, s->n, d, 1, t->queries->unit + first * d, d, t->block->unit, d, 0, g, s->n);
	for (Size i = 0; i < m; i++)
		search_query(s, first + i, g + i * s->n, x, v);
}

/* a and b of the rows */
static void
set_rows(BlockSearch *s)
{
	const TopkBlock *rows = s->t->block;
	TopkMetric	metric = s->t->metric;

	s->longest = 0;
	for (Size j = 0; j < s->n; j++)
		s->longest = Max(s->longest, rows->norm[j]);
	for (Size j = 0; j < s->n; j++)
	{
		double		part = s->longest > 0 ? rows->norm[j] / s->longest : 0;

		s->a[j] = metric == TOPK_DOT || metric == TOPK_EUCLIDEAN ? (float) part : 1;
		s->b[j] = (float) (part * part * (1 - 4 * FLT_EPSILON));
	}
}

static void
search_block(Topk *t)
{
	float		a[BLOCK_ROWS];
	float		b[BLOCK_ROWS];
	BlockSearch s = {.t = t, .n = t->block->n, .error = product_error(t->d), .a = a, .b = b};
	Size		threads = (Size) parallel_threads();
	Size		q = (Size) t->q;
	Size		most;
	Size		tasks;
	MemoryContext scratch;

	if (s.n == 0)
		return;
	most = (Size) Max(1, Min(TILE_QUERIES, TILE_FLOPS / (2.0 * t->d * (double) s.n)));
	tasks = Min(q, ((q + most - 1) / most + threads - 1) / threads * threads);	/* an even share */
	s.tile = (q + tasks - 1) / tasks;
	topk_reserve(t, t->n + (int64) s.n);
	set_rows(&s);
	s.stride = TYPEALIGN(64, size_add(size_mul(2 * sizeof(double), t->d), size_mul(size_mul(s.tile, s.n), sizeof(float))));
	scratch = scratch_create("topk", size_mul(s.stride, threads), MEMORY_HINT);
	s.scratch = MemoryContextAllocHuge(scratch, s.stride * threads);
	parallel_for((int64) ((q + s.tile - 1) / s.tile), 0, search_tile, &s);
	MemoryContextDelete(scratch);
	t->n += (int64) s.n;
	t->block->n = 0;
	t->sorted = false;
}

void
topk_flush(Topk *t)
{
	if (t->block == NULL)
		return;
	search_block(t);
	MemoryContextDelete(t->block->cxt);
	t->block = NULL;
}

/* ---- adding rows ---- */

_Noreturn static void
report_element(const Tensor *key, int64 id)
{
	Size		i = 0;

	while (fabs(tensor_get(key, i)) < TOPK_ELEMENT_LIMIT)
		i++;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element %zu of a key must be finite, and below 1e150", i + 1),
			 errdetail_client("In the key with id " INT64_FORMAT " it is %g.", id, tensor_get(key, i)),
			 errhint("Leave such rows out with WHERE or FILTER.")));
}

static void
check_direction(TopkMetric metric, double squared, int64 id)
{
	if (squared >= LEAST_SQUARED)
		return;
	if (metric == TOPK_COSINE)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a key has no direction: its length is 0"),
				 errdetail_client("Its id is " INT64_FORMAT ".", id),
				 errhint("Leave such rows out with WHERE or FILTER.")));
	if (metric == TOPK_CORRELATION)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a key is constant: it has no correlation"),
				 errdetail_client("Its id is " INT64_FORMAT ".", id),
				 errhint("Leave such rows out with WHERE or FILTER.")));
}

/* Is any not below the limit in size, or NaN? */
HOT_LOOP static bool
any_beyond(const double *x, Size d)
{
	int			found = 0;

	for (Size i = 0; i < d; i++)
		found |= !(fabs(x[i]) < TOPK_ELEMENT_LIMIT);
	return found != 0;
}

void
topk_read_key(const Tensor *key, int64 id, double *out)
{
	Size		d = tensor_size(key);

	tensor_read_f8(key, 0, d, out);
	if (any_beyond(out, d))
		report_element(key, id);
}

void
topk_add(Topk *t, int64 id, const Tensor *key)
{
	TensorType	dtype = key->dtype == TENSOR_FLOAT8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4;
	Size		d = t->d;
	TopkBlock  *b = t->block;
	Size		at;
	int			i;

	if (tensor_size(key) != d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a key has %zu elements, but queries have %zu", tensor_size(key), d),
				 errdetail_client("Its id is " INT64_FORMAT ".", id)));
	if (b && b->dtype < dtype)
	{
		topk_flush(t);
		b = NULL;
	}
	if (b == NULL)
		b = t->block = block_new(t, dtype);
	if (b->n == b->most)
		search_block(t);
	if (b->n == b->capacity)
		block_reserve(t, b);
	i = b->n;
	at = i * d;
	topk_read_key(key, id, b->row);
	if (b->dtype == TENSOR_FLOAT8)
		memcpy((double *) b->values + at, b->row, d * sizeof(double));
	else
		tensor_read_f4(key, 0, d, (float *) b->values + at);
	b->id[i] = id;
	b->squared[i] = topk_vector(t->metric, b->row, t->d, &b->centre[i]);
	check_direction(t->metric, b->squared[i], id);
	b->norm[i] = topk_unit(b->row, b->squared[i], t->queries->middle, t->d, b->unit + at);
	b->n++;
}
