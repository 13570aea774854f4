/*
 * softmax_projection.c
 *		Queries moved onto the span of a bank of keys (Luo, Henderson, Tarr and Wehbe
 *		2024, BrainSCUBA: voxels' weights onto embeddings of images, direction and
 *		norm apart).
 *
 * The weights are a softmax over all keys, taken in one pass: sums stand over
 * exp(peak / temperature), and are scaled down when a larger cosine comes (Milakov
 * and Gimelshein 2018).  Keys are buffered; a block is two products with the
 * queries, 4 q d flops a key, and q exponentials a key.  All of it is float8: at
 * the authors' temperature of 1/150, a cosine's error counts 150 times in a
 * weight.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "search/softmax_projection.h"
#include "stats/differences.h"

#define BLOCK_ROWS		512
#define BLOCK_WEIGHTS	((Size) 1 << 23)
#define LEAST_ROWS		16
#define QUERIES_A_TASK	32
#define HASH_CHUNK		((Size) 32 << 20)
#define MEMORY_HINT		"Take fewer queries at a time."

/* Below, squares lose digits. */
#define LEAST_SQUARED	1e-280

Projection *
projection_new(MemoryContext parent, int q, int d, double temperature)
{
	Projection *p = state_new(&projection_kind, parent, sizeof(Projection));
	MemoryContext old;

	p->q = q;
	p->d = d;
	p->temperature = temperature;
	p->claim = memory_claim(STATE_CONTEXT(p), "softmax_projection");
	memory_claim_add(p->claim, size_mul(q, size_mul(size_add(d, 4), sizeof(double))), MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(p));
	p->peak = huge_matrix(1, q);
	p->sum = huge_alloc0(q * sizeof(double));
	p->sum_squares = huge_alloc0(q * sizeof(double));
	p->sum_norm = huge_alloc0(q * sizeof(double));
	p->sum_unit = huge_alloc0((Size) q * d * sizeof(double));
	MemoryContextSwitchTo(old);
	for (int i = 0; i < q; i++)
		p->peak[i] = -INFINITY;
	return p;
}

/* x (d) / |x|, in place.  Returns |x|; 0, and x as it was, where it has no direction. */
static double
to_unit(double *x, int d)
{
	double		squared = squared_length(x, d);
	double		length = sqrt(squared);

	if (squared < LEAST_SQUARED)
		return 0;
	for (int j = 0; j < d; j++)
		x[j] /= length;
	return length;
}

/* The first element that is not below the limit in size, or d */
static int
first_beyond(const double *x, int d)
{
	int			j = 0;

	while (j < d && fabs(x[j]) < PROJECTION_ELEMENT_LIMIT)
		j++;
	return j;
}

/* ---- queries ---- */

static void
check_shape(const Tensor *t)
{
	if ((t->ndim != 1 && t->ndim != 2) || tensor_size(t) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("queries have shape %s, but a vector or a matrix (a row each) is needed", tensor_shape_text(t))));
}

static void
prepare_queries(const Projection *p, double *unit)
{
	for (Size i = 0; i < (Size) p->q; i++)
	{
		double	   *x = unit + i * p->d;
		int			bad = first_beyond(x, p->d);

		CHECK_FOR_INTERRUPTS();
		if (bad < p->d)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %d of query %zu must be finite, and below 1e150", bad + 1, i + 1),
					 errdetail_client("It is %g.", x[bad])));
		if (to_unit(x, p->d) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("query %zu has no direction: its length is 0", i + 1)));
	}
}

static void
hash_directions(const Projection *p, const double *unit, uint64 fingerprint[2])
{
	Size		n = (Size) p->q * p->d * sizeof(double);

	for (int h = 0; h < 2; h++)
	{
		uint64		hash = ((uint64) p->d << 1) + h;

		for (Size at = 0; at < n; at += HASH_CHUNK)
		{
			CHECK_FOR_INTERRUPTS();
			hash = hash_bytes_extended((const unsigned char *) unit + at, (int) Min(HASH_CHUNK, n - at), hash);
		}
		fingerprint[h] = hash;
	}
}

Projection *
projection_set_queries(Projection *p, MemoryContext parent, const Tensor *queries, double temperature)
{
	ProjectionQueries *qs;
	uint64		fingerprint[2];
	MemoryContext old;
	int			q;
	int			d;

	check_shape(queries);
	q = queries->ndim == 2 ? queries->dims[0] : 1;
	d = queries->dims[queries->ndim - 1];
	if (p == NULL)
		p = projection_new(parent, q, d, temperature);
	else if (p->q != q || p->d != d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("queries have shape %s, but those before were %d of %d elements", tensor_shape_text(queries), p->q, p->d)));
	memory_claim_add(p->claim, size_add(VARSIZE(queries), size_mul(tensor_size(queries), sizeof(double))), MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(p));
	qs = palloc0(sizeof(ProjectionQueries));
	repeated_argument_keep(&qs->argument, queries);
	qs->unit = huge_matrix(q, d);
	MemoryContextSwitchTo(old);
	tensor_read_f8(queries, 0, tensor_size(queries), qs->unit);
	prepare_queries(p, qs->unit);
	hash_directions(p, qs->unit, fingerprint);
	if (p->n > 0 && memcmp(fingerprint, p->fingerprint, sizeof(fingerprint)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("queries must be the same in every row")));
	memcpy(p->fingerprint, fingerprint, sizeof(fingerprint));
	p->queries = qs;
	return p;
}

/* ---- keys ---- */

static ProjectionBlock *
block_new(Projection *p)
{
	MemoryContext cxt = AllocSetContextCreate(STATE_CONTEXT(p), "softmax_projection block", ALLOCSET_SMALL_SIZES);
	ProjectionBlock *b = MemoryContextAllocZero(cxt, sizeof(ProjectionBlock));
	Size		row = size_add(size_add(p->d, p->q), 1);
	MemoryContext old;

	b->cxt = cxt;
	b->most = (int) Min(BLOCK_ROWS, Max(LEAST_ROWS, BLOCK_WEIGHTS / Max(p->q, p->d)));
	memory_claim_add(memory_claim(cxt, "softmax_projection"), size_mul(size_mul(b->most, row), sizeof(double)), MEMORY_HINT);
	old = MemoryContextSwitchTo(cxt);
	b->unit = huge_matrix(b->most, p->d);
	b->norm = huge_matrix(1, b->most);
	b->weight = huge_matrix(p->q, b->most);
	MemoryContextSwitchTo(old);
	return b;
}

HOT_LOOP static void
scale(double *x, double factor, Size n)
{
	for (Size j = 0; j < n; j++)
		x[j] *= factor;
}

HOT_LOOP static double
largest(const double *x, Size n)
{
	double		result = -INFINITY;

#pragma omp simd reduction(max:result)
	for (Size j = 0; j < n; j++)
		result = x[j] > result ? x[j] : result;
	return result;
}

/* The sums of query i over another peak, no lower than its own */
static void
raise_peak(Projection *p, Size i, double peak)
{
	double		factor;

	if (peak == p->peak[i])
		return;
	factor = exp((p->peak[i] - peak) / p->temperature);
	p->peak[i] = peak;
	p->sum[i] *= factor;
	p->sum_squares[i] *= factor * factor;
	p->sum_norm[i] *= factor;
	scale(p->sum_unit + i * p->d, factor, p->d);
}

/* Cosines of some queries with a block become weights, and enter the sums of numbers. */
static void
weigh_task(int64 number, int worker, void *arg)
{
	Projection *p = arg;
	const ProjectionBlock *b = p->block;
	Size		end = Min((Size) p->q, ((Size) number + 1) * QUERIES_A_TASK);

	for (Size i = (Size) number * QUERIES_A_TASK; i < end; i++)
	{
		double	   *w = b->weight + i * b->n;

		raise_peak(p, i, Max(p->peak[i], largest(w, b->n)));
		for (int j = 0; j < b->n; j++)
		{
			w[j] = exp((w[j] - p->peak[i]) / p->temperature);
			p->sum[i] += w[j];
			p->sum_squares[i] += w[j] * w[j];
			p->sum_norm[i] += w[j] * b->norm[j];
		}
	}
}

static void
take_block(Projection *p)
{
	ProjectionBlock *b = p->block;
	Size		d = p->d;

	if (b->n == 0)
		return;
	gemm_f8(false, true, p->q, b->n, d, 1, p->queries->unit, d, b->unit, d, 0, b->weight, b->n);
	parallel_for((p->q + QUERIES_A_TASK - 1) / QUERIES_A_TASK, 0, weigh_task, p);
	gemm_f8(false, false, p->q, d, b->n, 1, b->weight, b->n, b->unit, d, 1, p->sum_unit, d);
	p->n += b->n;
	b->n = 0;
}

void
projection_settle(Projection *p)
{
	if (p->block == NULL)
		return;
	take_block(p);
	MemoryContextDelete(p->block->cxt);
	p->block = NULL;
}

void
projection_add(Projection *p, const Tensor *key)
{
	ProjectionBlock *b = p->block;
	Size		d = p->d;
	int64		ordinal;
	double	   *x;
	int			bad;

	if (b == NULL)
		b = p->block = block_new(p);
	ordinal = p->n + b->n + 1;
	if (tensor_size(key) != d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("key " INT64_FORMAT " has %zu elements, but queries have %zu", ordinal, tensor_size(key), d)));
	if (b->n == b->most)
		take_block(p);
	x = b->unit + b->n * d;
	tensor_read_f8(key, 0, d, x);
	bad = first_beyond(x, p->d);
	if (bad < p->d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("element %d of key " INT64_FORMAT " must be finite, and below 1e150", bad + 1, ordinal),
				 errdetail_client("It is %g.", x[bad]),
				 errhint("Leave such rows out with WHERE or FILTER.")));
	b->norm[b->n] = to_unit(x, p->d);
	if (b->norm[b->n] == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("key " INT64_FORMAT " has no direction: its length is 0", ordinal),
				 errhint("Leave such rows out with WHERE or FILTER.")));
	b->n++;
}

/* ---- merging ---- */

static void
require_same_queries(const Projection *a, const Projection *b)
{
	if (a->q != b->q || a->d != b->d || a->temperature != b->temperature)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("softmax projections of different queries can't be added"),
				 errdetail("One has %d queries of %d elements at temperature %g, the other %d of %d at %g.",
						   a->q, a->d, a->temperature, b->q, b->d, b->temperature)));
	if (memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("softmax projections of different queries can't be added")));
}

HOT_LOOP static void
add_scaled(double *sum, const double *x, double factor, Size n)
{
	for (Size j = 0; j < n; j++)
		sum[j] += factor * x[j];
}

void
projection_merge(Projection *dst, const Projection *src)
{
	require_same_queries(dst, src);
	projection_settle(dst);
	if (src->n == 0)
		return;
	for (Size i = 0; i < (Size) dst->q; i++)
	{
		double		factor;

		CHECK_FOR_INTERRUPTS();
		raise_peak(dst, i, Max(dst->peak[i], src->peak[i]));
		factor = exp((src->peak[i] - dst->peak[i]) / dst->temperature);
		dst->sum[i] += factor * src->sum[i];
		dst->sum_squares[i] += factor * factor * src->sum_squares[i];
		dst->sum_norm[i] += factor * src->sum_norm[i];
		add_scaled(dst->sum_unit + i * dst->d, src->sum_unit + i * dst->d, factor, dst->d);
	}
	dst->n = state_rows_plus("softmax_projection", dst->n, src->n);
}

Projection *
projection_copy(MemoryContext parent, const Projection *p)
{
	Projection *copy = projection_new(parent, p->q, p->d, p->temperature);

	memcpy(copy->fingerprint, p->fingerprint, sizeof(p->fingerprint));
	projection_merge(copy, p);
	return copy;
}

/* ---- what it comes to ---- */

ProjectedQuery
projection_of(const Projection *p, int i, double *projection)
{
	const double *unit = p->sum_unit + (Size) i * p->d;
	ProjectedQuery result;

	result.norm = p->sum_norm[i] / p->sum[i];
	result.length = sqrt(squared_length(unit, p->d)) / p->sum[i];
	result.n_effective = p->sum[i] * p->sum[i] / p->sum_squares[i];
	for (int j = 0; j < p->d; j++)
		projection[j] = result.norm * (unit[j] / p->sum[i]);
	return result;
}
