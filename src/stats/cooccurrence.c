/*
 * cooccurrence.c
 *		Counting in how many rows two features are active together, and what is
 *		made of the counts (Li et al. 2024, The Geometry of Concepts, uses phi).
 *
 * A row with a active features of p costs a^2 / 2 increments, which for sparse
 * codes is next to nothing.  Rows where more than an eighth is active wait in a
 * block of 0 and 1, and are counted by gemm, p^2 flops a row, half the square: in
 * float4, since counts in a block are small whole numbers, so that both ways give
 * the same exact counts.  Memory: 2 p^2 bytes.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "stats/cooccurrence.h"

#define BLOCK_ROWS	512
#define PANEL		256
#define SPARSE(a, p) ((a) <= (p) / 8)	/* an increment costs some 60 flops of gemm */

#define MEMORY_HINT "Take fewer features, such as those that are active at all."

static Size
triangle(Size p)
{
	return p * (p + 1) / 2;
}

Cooccurrence *
cooccurrence_new(MemoryContext parent, int p, double threshold)
{
	Cooccurrence *c = state_new(&cooccurrence_kind, parent, sizeof(Cooccurrence));
	Size		bytes = triangle(p) * sizeof(uint32);
	MemoryContext old;

	c->p = p;
	c->threshold = threshold;
	c->claim = memory_claim(STATE_CONTEXT(c), "cooccurrence");
	memory_claim_add(c->claim, bytes + p * (sizeof(int32) + sizeof(double)), MEMORY_HINT);
	old = MemoryContextSwitchTo(STATE_CONTEXT(c));
	c->count = huge_alloc0(bytes);
	c->active = huge_alloc(p * sizeof(int32));
	c->values = huge_alloc(p * sizeof(double));
	MemoryContextSwitchTo(old);
	return c;
}

/* ---- rows ---- */

_Noreturn static void
report_nan(const Cooccurrence *c, const Tensor *codes)
{
	Size		i = 0;

	while (!isnan(tensor_get(codes, i)))
		i++;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element %zu of row " INT64_FORMAT " is NaN", i + 1, c->n + 1)));
}

/* The features over the threshold, in active; returns how many, -1 where one is NaN. */
static int
find_active(Cooccurrence *c, const Tensor *codes)
{
	double		threshold = c->threshold;
	int32	   *active = c->active;
	int			n = 0;
	bool		nan = false;

	if (codes->dtype == TENSOR_FLOAT4)
	{
		const float *x = TENSOR_F4(codes);

		for (int i = 0; i < c->p; i++)
		{
			active[n] = i;
			n += (double) x[i] > threshold;
			nan |= isnan(x[i]);
		}
	}
	else
	{
		const double *x = c->values;

		tensor_read_f8(codes, 0, c->p, c->values);
		for (int i = 0; i < c->p; i++)
		{
			active[n] = i;
			n += x[i] > threshold;
			nan |= isnan(x[i]);
		}
	}
	return nan ? -1 : n;
}

static void
count_sparse(Cooccurrence *c, int n, const int32 *active)
{
	for (int s = 0; s < n; s++)
	{
		uint32	   *row = COOCCURRENCE_ROW(c, active[s]);

		for (int t = 0; t <= s; t++)
			row[active[t]]++;
	}
}

static void
wait_dense(Cooccurrence *c, int n, const int32 *active)
{
	float	   *row;

	if (c->waiting == NULL)
	{
		Size		block = size_mul(BLOCK_ROWS, c->p);
		Size		panel = size_mul(PANEL, c->p);
		MemoryContext old;

		memory_claim_add(c->claim, (block + panel) * sizeof(float), MEMORY_HINT);
		old = MemoryContextSwitchTo(STATE_CONTEXT(c));
		c->waiting = huge_alloc(block * sizeof(float));
		c->product = huge_alloc(panel * sizeof(float));
		MemoryContextSwitchTo(old);
	}
	row = c->waiting + (Size) c->n_waiting * c->p;
	memset(row, 0, c->p * sizeof(float));
	for (int s = 0; s < n; s++)
		row[active[s]] = 1;
	if (++c->n_waiting == BLOCK_ROWS)
		cooccurrence_settle(c);
}

HOT_LOOP static void
add_counts(const float *from, Size n, uint32 *to)
{
	for (Size j = 0; j < n; j++)
		to[j] += (uint32) (int32) from[j];
}

void
cooccurrence_settle(Cooccurrence *c)
{
	for (int first = 0; first < c->p && c->n_waiting > 0; first += PANEL)
	{
		int			m = Min(PANEL, c->p - first);
		Size		width = (Size) first + m;

		gemm_f4(true, false, m, width, c->n_waiting, 1, c->waiting + first, c->p, c->waiting, c->p, 0, c->product, width);
		for (int i = 0; i < m; i++)
			add_counts(c->product + i * width, (Size) first + i + 1, COOCCURRENCE_ROW(c, first + i));
	}
	c->n_waiting = 0;
}

static void
require_more(const Cooccurrence *c, int64 n)
{
	if (c->n > (int64) COOCCURRENCE_MAX_ROWS - n)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cooccurrence counts at most %u rows", COOCCURRENCE_MAX_ROWS)));
}

void
cooccurrence_add_active(Cooccurrence *c, int n, const int32 *active)
{
	require_more(c, 1);
	if (SPARSE(n, c->p))
		count_sparse(c, n, active);
	else
		wait_dense(c, n, active);
	c->n++;
}

void
cooccurrence_add(Cooccurrence *c, const Tensor *codes)
{
	int			n;

	if (tensor_size(codes) != (Size) c->p || codes->ndim > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("row " INT64_FORMAT " has shape %s, but the rows before it have %d elements",
						c->n + 1, tensor_shape_text(codes), c->p)));
	n = find_active(c, codes);
	if (n < 0)
		report_nan(c, codes);
	cooccurrence_add_active(c, n, c->active);
}

/* ---- states ---- */

void
cooccurrence_merge(Cooccurrence *dst, const Cooccurrence *src)
{
	Size		end = triangle(dst->p);

	if (dst->p != src->p || dst->threshold != src->threshold)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("cooccurrence of %d features over %g and of %d over %g can't be added",
						dst->p, dst->threshold, src->p, src->threshold)));
	require_more(dst, src->n);
	for (Size i = 0; i < end; i++)
	{
		if ((i & 0xfffff) == 0)
			CHECK_FOR_INTERRUPTS();
		dst->count[i] += src->count[i];
	}
	dst->n += src->n;
}

Cooccurrence *
cooccurrence_copy(MemoryContext parent, const Cooccurrence *c)
{
	Cooccurrence *copy = cooccurrence_new(parent, c->p, c->threshold);

	cooccurrence_merge(copy, c);
	return copy;
}

/* ---- measures ---- */

/*
 * Pearson's r of two columns of 0 and 1.  Products of counts are exact: they are
 * below 2^64, and their difference is below 2^62.
 */
static double
phi(uint64 n, uint64 n11, uint64 n1, uint64 n2)
{
	double		variance = (double) (n1 * (n - n1)) * (double) (n2 * (n - n2));

	return variance > 0 ? (double) (int64) (n * n11 - n1 * n2) / sqrt(variance) : 0;
}

static double
share(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static double
measure(CooccurrenceMethod method, uint64 n, uint64 n11, uint64 n1, uint64 n2)
{
	switch (method)
	{
		case COOCCURRENCE_PHI:
			return phi(n, n11, n1, n2);
		case COOCCURRENCE_JACCARD:
			return share((double) n11, (double) (n1 + n2 - n11));
		case COOCCURRENCE_DICE:
			return share(2 * (double) n11, (double) (n1 + n2));
		case COOCCURRENCE_OVERLAP:
			return share((double) n11, (double) Min(n1, n2));
		case COOCCURRENCE_MATCHING:
			return share((double) (n + 2 * n11 - n1 - n2), (double) n);
		case COOCCURRENCE_COUNT:
			return (double) n11;
	}
	return 0;
}

void
cooccurrence_measure(const Cooccurrence *c, CooccurrenceMethod method, int i, double *out)
{
	const uint32 *row = COOCCURRENCE_ROW(c, i);

	for (int j = 0; j <= i; j++)
		out[j] = measure(method, (uint64) c->n, row[j], row[i], COOCCURRENCE_ROW(c, j)[j]);
}
