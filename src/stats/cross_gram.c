/*
 * cross_gram.c
 *		Sums for correlations of x with y: adding rows, folding, merging.
 *
 * A row costs one copy, checked for NaN and infinity on the way.  A full block of
 * up to 2,048 rows is centred in place and multiplied: 2 n p q flops in all, and
 * 24 p q bytes of traffic a block.  Products of float4 rows are float4 within a
 * block where p q is large (block.h), the sums float8.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "miscadmin.h"

#include "stats/block.h"
#include "stats/cross_gram.h"
#include "stats/gram.h"

#define MIN_BLOCK_ROWS	256
#define MAX_BLOCK_ROWS	2048
#define FIRST_ROWS		16

#define MEMORY_HINT "Aggregate fewer units at a time (slices of x or y)."

static Size
moments_bytes(const CrossGram *g)
{
	return size_mul(size_add(size_mul(g->p, g->q), size_mul(3, size_add(g->p, g->q))), sizeof(double));
}

CrossGram *
cross_gram_new(MemoryContext parent, int p, int q)
{
	CrossGram  *g;

	if (p > GRAM_MAX_COLUMNS || q > GRAM_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a cross_gram has at most %d units a side, not %d", GRAM_MAX_COLUMNS, Max(p, q))));
	g = state_new(&cross_gram_kind, parent, sizeof(CrossGram));
	g->p = p;
	g->q = q;
	g->type = block_float4_pays(p, q) ? TENSOR_FLOAT4 : TENSOR_FLOAT8;
	g->claim = memory_claim(STATE_CONTEXT(g), "cross_gram");
	if (IsParallelWorker() && moments_bytes(g) > MaxAllocSize / 10 * 9)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a cross_gram of %d and %d units is too large for a parallel worker to hand over", p, q),
				 errhint("SET max_parallel_workers_per_gather = 0, or aggregate fewer units at a time.")));
	return g;
}

int64
cross_gram_n(const CrossGram *g)
{
	return g->n + g->n_waiting;
}

/* ---- rows that wait ---- */

/* Rows that make a block: a product worth its pass over X'Y, in at most the moments' memory. */
static int
block_rows(const CrossGram *g)
{
	Size		rows = moments_bytes(g) / (size_add(g->p, g->q) * g->type);

	return (int) Min(Max(rows, MIN_BLOCK_ROWS), MAX_BLOCK_ROWS);
}

static Size
waiting_bytes(const CrossGram *g)
{
	return size_mul(g->capacity, size_mul(size_add(g->p, g->q), g->type));
}

static void
free_block(CrossGram *g)
{
	if (g->capacity == 0)
		return;
	memory_claim_sub(g->claim, waiting_bytes(g));
	pfree(g->x);
	pfree(g->y);
	g->x = g->y = NULL;
	g->capacity = 0;
}

static void *
grown(CrossGram *g, void *rows, Size bytes)
{
	return rows ? repalloc_huge(rows, bytes) : MemoryContextAllocHuge(STATE_CONTEXT(g), bytes);
}

/* Room for one more row. */
static void
reserve_row(CrossGram *g)
{
	int			capacity = Min(block_rows(g), Max(FIRST_ROWS, 2 * g->capacity));

	if (g->n_waiting < g->capacity)
		return;
	memory_claim_add(g->claim, size_mul(capacity - g->capacity, size_mul(size_add(g->p, g->q), g->type)), MEMORY_HINT);
	g->x = grown(g, g->x, size_mul(capacity, (Size) g->p * g->type));
	g->y = grown(g, g->y, size_mul(capacity, (Size) g->q * g->type));
	g->capacity = capacity;
}

/* ---- moments ---- */

void
cross_gram_make_moments(CrossGram *g)
{
	Size		bytes = moments_bytes(g);
	double	   *at;

	memory_claim_add(g->claim, bytes, MEMORY_HINT);
	at = MemoryContextAllocExtended(STATE_CONTEXT(g), bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	g->cx = at;
	g->sx = (at += g->p);
	g->sxx = (at += g->p);
	g->cy = (at += g->p);
	g->sy = (at += g->q);
	g->syy = (at += g->q);
	g->sxy = at + g->q;
}

/* centre = mean of the rows, rounded */
static void
provisional_means(TensorType type, const void *rows, int n, int n_columns, double *centre)
{
	memset(centre, 0, n_columns * sizeof(double));
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n_columns; j++)
			centre[j] += type == TENSOR_FLOAT8 ? ((const double *) rows)[(Size) i * n_columns + j]
				: ((const float *) rows)[(Size) i * n_columns + j];
	for (int j = 0; j < n_columns; j++)
		centre[j] = block_provisional_mean(centre[j], n);
}

static void
require_range(const double *ss, int n, const char *what)
{
	for (int j = 0; j < n; j++)
		if (!isfinite(ss[j]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the sum of squares of unit %d of %s is out of range", j + 1, what),
					 errhint("Scale the unit down.")));
}

static void
fold_in(CrossGram *g)
{
	if (g->sxy == NULL)
		cross_gram_make_moments(g);
	if (g->n == 0)
	{
		provisional_means(g->type, g->x, g->n_waiting, g->p, g->cx);
		provisional_means(g->type, g->y, g->n_waiting, g->q, g->cy);
	}
	block_centre(g->type, g->x, g->p, g->n_waiting, g->p, g->cx, g->sx, g->sxx);
	block_centre(g->type, g->y, g->q, g->n_waiting, g->q, g->cy, g->sy, g->syy);
	require_range(g->sxx, g->p, "x");
	require_range(g->syy, g->q, "y");
	block_add_products(g->type, g->x, g->y, g->n_waiting, g->p, g->q, g->sxx, 1, g->syy, g->sxy);
	g->n += g->n_waiting;
	g->n_waiting = 0;
}

void
cross_gram_settle(CrossGram *g)
{
	if (g->n_waiting > 0)
		fold_in(g);
	free_block(g);
}

/* ---- rows ---- */

_Noreturn static void
report_not_finite(const Tensor *t, const char *what, int64 ordinal)
{
	Size		i = 0;
	double		value;

	while (isfinite(tensor_get(t, i)))
		i++;
	value = tensor_get(t, i);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element %zu of %s is %s in row " INT64_FORMAT, i + 1, what,
					isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity", ordinal),
			 errdetail("Values must be finite."),
			 isnan(value) && what[0] == 'y' ? errhint("gram_agg(x, y) takes NaN in y, where it means missing.") : 0));
}

void
cross_gram_add_row(CrossGram *g, const Tensor *x, const Tensor *y)
{
	int64		ordinal = cross_gram_n(g) + 1;

	block_check_row(x, g->p, "x", ordinal);
	block_check_row(y, g->q, "y", ordinal);
	if (g->type == TENSOR_FLOAT4 && (x->dtype == TENSOR_FLOAT8 || y->dtype == TENSOR_FLOAT8))
	{
		cross_gram_settle(g);
		g->type = TENSOR_FLOAT8;
	}
	reserve_row(g);
	if (!block_copy_row(x, g->type, (char *) g->x + (Size) g->n_waiting * g->p * g->type))
		report_not_finite(x, "x", ordinal);
	if (!block_copy_row(y, g->type, (char *) g->y + (Size) g->n_waiting * g->q * g->type))
		report_not_finite(y, "y", ordinal);
	if (++g->n_waiting == block_rows(g))
		fold_in(g);
}

/* ---- merging ---- */

static void
require_same_units(const CrossGram *a, const CrossGram *b)
{
	if (a->p != b->p || a->q != b->q)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("cross_grams have different units: %d of x and %d of y, and %d and %d",
						a->p, a->q, b->p, b->q)));
}

/* s, ss += those of n rows about a centre that is d further; rounding does not make squares negative. */
static void
add_translated(int n_columns, double n, const double *d, const double *s, const double *ss,
			   double *to_s, double *to_ss)
{
	for (int j = 0; j < n_columns; j++)
	{
		double		more = ss[j] + d[j] * (2 * s[j] + n * d[j]);

		to_ss[j] += more < 0 ? 0 : more;
		to_s[j] += s[j] + n * d[j];
	}
}

static double *
differences(int n, const double *a, const double *b)
{
	double	   *d = palloc_extended(n * sizeof(double), MCXT_ALLOC_HUGE);

	for (int j = 0; j < n; j++)
		d[j] = a[j] - b[j];
	return d;
}

void
cross_gram_merge(CrossGram *dst, CrossGram *src)
{
	double	   *dx;
	double	   *dy;
	double		n;

	require_same_units(dst, src);
	cross_gram_settle(src);
	cross_gram_settle(dst);
	dst->type = Max(dst->type, src->type);
	if (src->n == 0)
		return;
	if (dst->sxy == NULL)
		cross_gram_make_moments(dst);
	if (dst->n == 0)
	{
		memcpy(dst->cx, src->cx, dst->p * sizeof(double));
		memcpy(dst->cy, src->cy, dst->q * sizeof(double));
	}
	n = src->n;
	dx = differences(dst->p, src->cx, dst->cx);
	dy = differences(dst->q, src->cy, dst->cy);
	for (Size i = 0; i < (Size) dst->p; i++)
	{
		const double *from = src->sxy + i * dst->q;
		double	   *to = dst->sxy + i * dst->q;

		for (Size j = 0; j < (Size) dst->q; j++)
			to[j] += from[j] + src->sx[i] * dy[j] + dx[i] * (src->sy[j] + n * dy[j]);
		if ((i & 63) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	add_translated(dst->p, n, dx, src->sx, src->sxx, dst->sx, dst->sxx);
	add_translated(dst->q, n, dy, src->sy, src->syy, dst->sy, dst->syy);
	dst->n = state_rows_plus("cross_gram", dst->n, src->n);
	pfree(dx);
	pfree(dy);
}
