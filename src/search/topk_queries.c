/*
 * topk_queries.c
 *		Queries prepared for products with blocks of rows.
 *
 * Each query is kept as it came, for exact scores, and as a float4 vector of
 * length 1 for the product, about the point that the metric allows: its own mean
 * (correlation), the mean of all queries (euclidean: |x - q| is the same about
 * any point), or 0.  Rows are prepared likewise, so one bound on the error of a
 * product holds for rows and queries of any length and type.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "search/topk.h"
#include "stats/differences.h"

#define MEMORY_HINT		"Take fewer queries at a time."
#define HASH_CHUNK		((Size) 32 << 20)

/* Below, squares lose digits: a vector so short has no direction. */
#define LEAST_SQUARED	1e-280

/* ---- vectors ---- */

HOT_LOOP static double
sum_about(const double *x, double first, Size d)
{
	double		sum = 0;

#pragma omp simd reduction(+:sum)
	for (Size i = 0; i < d; i++)
		sum += x[i] - first;
	return sum;
}

HOT_LOOP static void
subtract_number(double *x, double centre, Size d)
{
	for (Size i = 0; i < d; i++)
		x[i] -= centre;
}

HOT_LOOP static void
subtract_vector(double *x, const double *y, Size d)
{
	for (Size i = 0; i < d; i++)
		x[i] -= y[i];
}

HOT_LOOP static void
scale_to_floats(const double *x, double scale, Size d, float *out)
{
	for (Size i = 0; i < d; i++)
		out[i] = (float) (x[i] * scale);
}

static double
largest_of(const double *x, Size d)
{
	double		largest = 0;

	for (Size i = 0; i < d; i++)
		largest = Max(largest, fabs(x[i]));
	return largest;
}

double
topk_vector(TopkMetric metric, double *x, int d, double *centre)
{
	*centre = 0;
	if (metric == TOPK_CORRELATION)
	{
		/* about the first element, so that a constant vector becomes 0 exactly */
		*centre = x[0] + sum_about(x, x[0], d) / d;
		subtract_number(x, *centre, d);
	}
	return squared_length(x, d);
}

double
topk_unit(double *x, double squared, const double *middle, int d, float *unit)
{
	double		largest;

	if (middle)
	{
		subtract_vector(x, middle, d);
		squared = squared_length(x, d);
	}
	if (squared >= LEAST_SQUARED)
	{
		scale_to_floats(x, 1 / sqrt(squared), d, unit);
		return sqrt(squared);
	}
	largest = largest_of(x, d);
	for (int i = 0; i < d; i++)
		x[i] = largest > 0 ? x[i] / largest : 0;
	squared = squared_length(x, d);
	scale_to_floats(x, largest > 0 ? 1 / sqrt(squared) : 0, d, unit);
	return largest * sqrt(squared);
}

/* ---- queries ---- */

static void
check_queries(const Tensor *t)
{
	if (t->ndim != 1 && t->ndim != 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("queries have shape %s, but a vector or a matrix (a row each) is needed", tensor_shape_text(t))));
	if (tensor_size(t) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("queries have shape %s, which holds no element", tensor_shape_text(t))));
}

static void
hash_queries(const TopkQueries *qs, int q, int d, uint64 fingerprint[2])
{
	const unsigned char *bytes = qs->values;
	Size		n = (Size) q * d * qs->dtype;

	for (int h = 0; h < 2; h++)
	{
		uint64		hash = ((uint64) d << 32) + (uint64) qs->dtype * 2 + h;

		for (Size at = 0; at < n; at += HASH_CHUNK)
		{
			CHECK_FOR_INTERRUPTS();
			hash = hash_bytes_extended(bytes + at, (int) Min(HASH_CHUNK, n - at), hash);
		}
		fingerprint[h] = hash;
	}
}

static void
read_query(const TopkQueries *qs, Size i, int d, double *out)
{
	if (qs->dtype == TENSOR_FLOAT8)
		memcpy(out, (const double *) qs->values + i * d, d * sizeof(double));
	else
		for (int j = 0; j < d; j++)
			out[j] = ((const float *) qs->values)[i * d + j];
}

static void
check_query(const double *x, Size i, int d)
{
	for (int j = 0; j < d; j++)
		if (!(fabs(x[j]) < TOPK_ELEMENT_LIMIT))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %d of query %zu must be finite, and below 1e150", j + 1, i + 1),
					 errdetail_client("It is %g.", x[j])));
}

static void
check_direction(TopkMetric metric, double squared, Size i)
{
	if (metric == TOPK_COSINE && squared < LEAST_SQUARED)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("query %zu has no direction: its length is 0", i + 1),
				 errhint("Leave it out, or use metric 'dot'.")));
	if (metric == TOPK_CORRELATION && squared < LEAST_SQUARED)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("query %zu is constant: it has no correlation", i + 1),
				 errhint("Leave it out, or use metric 'dot'.")));
}

/* What the metric needs of each query; row: d of scratch */
static void
prepare_queries(Topk *t, TopkQueries *qs, double *row)
{
	for (Size i = 0; i < (Size) t->q; i++)
	{
		double		centre;

		CHECK_FOR_INTERRUPTS();
		read_query(qs, i, t->d, row);
		check_query(row, i, t->d);
		qs->squared[i] = topk_vector(t->metric, row, t->d, &centre);
		check_direction(t->metric, qs->squared[i], i);
		if (qs->centre)
			qs->centre[i] = centre;
		if (qs->middle)
			for (int j = 0; j < t->d; j++)
				qs->middle[j] += row[j] / t->q;
		else
			qs->norm[i] = topk_unit(row, qs->squared[i], NULL, t->d, qs->unit + i * t->d);
	}
	for (Size i = 0; qs->middle && i < (Size) t->q; i++)
	{
		CHECK_FOR_INTERRUPTS();
		read_query(qs, i, t->d, row);
		qs->norm[i] = topk_unit(row, qs->squared[i], qs->middle, t->d, qs->unit + i * t->d);
	}
}

static TopkQueries *
queries_new(Topk *t, const Tensor *given)
{
	Size		elements = (Size) t->q * t->d;
	Size		rows = size_add(size_mul(3, t->q), size_mul(2, t->d));
	bool		half = given->dtype == TENSOR_FLOAT2;
	TopkQueries *qs;
	MemoryContext old;

	memory_claim_add(t->claim, size_add(size_add(VARSIZE(given), size_mul(elements, half ? 8 : 4)), size_mul(rows, sizeof(double))), MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(t));
	qs = palloc0(sizeof(TopkQueries));
	repeated_argument_keep(&qs->argument, given);
	qs->dtype = half ? TENSOR_FLOAT4 : given->dtype;
	if (half)
	{
		float	   *values = huge_alloc(elements * sizeof(float));

		tensor_read_f4(given, 0, elements, values);
		qs->values = values;
	}
	else
		qs->values = TENSOR_DATA(qs->argument.given);
	qs->squared = huge_matrix(1, t->q);
	qs->norm = huge_matrix(1, t->q);
	if (t->metric == TOPK_CORRELATION)
		qs->centre = huge_matrix(1, t->q);
	if (t->metric == TOPK_EUCLIDEAN)
		qs->middle = huge_alloc0(t->d * sizeof(double));
	qs->unit = huge_alloc(elements * sizeof(float));
	MemoryContextSwitchTo(old);
	return qs;
}

Topk *
topk_set_queries(Topk *t, MemoryContext parent, const Tensor *queries, TopkMetric metric, int k)
{
	TopkQueries *qs;
	uint64		fingerprint[2];
	double	   *row;
	int			q;
	int			d;

	check_queries(queries);
	q = queries->ndim == 2 ? queries->dims[0] : 1;
	d = queries->dims[queries->ndim - 1];
	if (t == NULL)
		t = topk_new(parent, metric, q, d, k);
	else if (t->q != q || t->d != d)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("queries have shape %s, but those before were %d of %d elements", tensor_shape_text(queries), t->q, t->d)));
	qs = queries_new(t, queries);
	hash_queries(qs, q, d, fingerprint);
	if (t->n > 0 && memcmp(fingerprint, t->fingerprint, sizeof(fingerprint)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("queries must be the same in every row")));
	memcpy(t->fingerprint, fingerprint, sizeof(fingerprint));
	row = huge_matrix(1, d);
	prepare_queries(t, qs, row);
	pfree(row);
	t->queries = qs;
	return t;
}
