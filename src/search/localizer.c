/*
 * localizer.c
 *		Units that respond more to one condition than to another: the running moments,
 *		Welch's t (Welch 1947), its p and q.
 *
 * Each condition has a count and, unit by unit, a mean and a sum of squares about
 * it, which every row updates (Welford 1962) and which merge exactly (Chan, Golub
 * and LeVeque 1983).  5 flops and 36 bytes an element: the state is read and
 * written once a row, which for up to some 50,000 units is in the processor's
 * cache.  No mean is ever subtracted from a square, so a common offset costs no
 * digits, and a unit that is constant has a variance of 0 exactly.
 *
 * t = (m1 - m0) / sqrt(v1 / n1 + v0 / n0), variances of ddof 1, with Satterthwaite's
 * degrees of freedom, (a + b)^2 / (a^2 / (n1 - 1) + b^2 / (n0 - 1)) for a = v1 / n1 and
 * b = v0 / n0.
 *
 * The stored form, little-endian: uint8 version, 3 zeros; int32 p; for condition false and
 * then true: int64 n, float8 mean[p], squares[p] (neither if n is 0).
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "search/localizer.h"
#include "search/selectivity.h"
#include "stats/block.h"
#include "stats/fdr.h"
#include "stats/student.h"

#define MEMORY_HINT "Localize fewer units at a time, such as a layer."

Localizer *
localizer_new(MemoryContext parent, int p)
{
	Localizer  *l;
	MemoryContext old;
	double	   *at;

	if (p < 1 || p > LOCALIZER_MAX_UNITS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a localizer has 1 to %d units, not %d", LOCALIZER_MAX_UNITS, p)));
	l = state_new(&localizer_kind, parent, sizeof(Localizer));
	l->p = p;
	old = MemoryContextSwitchTo(STATE_CONTEXT(l));
	memory_claim_add(memory_claim(CurrentMemoryContext, "localizer"), size_mul(5 * sizeof(double), p), MEMORY_HINT);
	at = huge_alloc0(size_mul(5 * sizeof(double), p));
	for (int c = 0; c < 2; c++)
	{
		l->condition[c].mean = at + (Size) (2 * c) * p;
		l->condition[c].squares = at + (Size) (2 * c + 1) * p;
	}
	l->row = at + (Size) 4 * p;
	MemoryContextSwitchTo(old);
	return l;
}

/* ---- rows ---- */

/* share: 1 / n, this row counted.  Returns false where a square is past float8. */
HOT_LOOP static bool
add_values(Size p, const double *restrict x, double share, double *restrict mean, double *restrict squares)
{
	uint64		bad = 0;

	for (Size j = 0; j < p; j++)
	{
		double		delta = x[j] - mean[j];
		uint64		bits;

		mean[j] += delta * share;
		squares[j] += delta * (x[j] - mean[j]);
		memcpy(&bits, &squares[j], sizeof(bits));
		bad |= (bits & UINT64CONST(0x7ff0000000000000)) == UINT64CONST(0x7ff0000000000000);
	}
	return bad == 0;
}

void
localizer_add_row(Localizer *l, const Tensor *x, bool condition)
{
	LocalizerMoments *m = &l->condition[condition];
	int64		ordinal = state_rows_plus("localizer", l->condition[0].n + l->condition[1].n, 1);
	Size		i = 0;

	block_check_row(x, l->p, "x", ordinal);
	if (!block_copy_row(x, TENSOR_FLOAT8, l->row))
	{
		while (isfinite(l->row[i]))
			i++;
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("element %zu of x is %s in row " INT64_FORMAT, i + 1,
						isnan(l->row[i]) ? "NaN" : l->row[i] > 0 ? "Infinity" : "-Infinity", ordinal),
				 errdetail("Activity must be finite.")));
	}
	m->n++;
	if (!add_values(l->p, l->row, 1 / (double) m->n, m->mean, m->squares))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("squares of x are past the range of float8 in row " INT64_FORMAT, ordinal)));
}

/* ---- merging ---- */

HOT_LOOP static void
merge_values(Size p, double n, double n_more, double *restrict mean, double *restrict squares,
			 const double *restrict mean_more, const double *restrict squares_more)
{
	double		share = n_more / (n + n_more);

	for (Size j = 0; j < p; j++)
	{
		double		delta = mean_more[j] - mean[j];

		mean[j] += delta * share;
		squares[j] += squares_more[j] + delta * delta * (n * share);
	}
}

static void
merge_moments(Size p, LocalizerMoments *dst, const LocalizerMoments *src)
{
	if (src->n == 0)
		return;
	if (dst->n == 0)
	{
		memcpy(dst->mean, src->mean, p * sizeof(double));
		memcpy(dst->squares, src->squares, p * sizeof(double));
	}
	else
		merge_values(p, (double) dst->n, (double) src->n, dst->mean, dst->squares, src->mean, src->squares);
	dst->n = state_rows_plus("localizer", dst->n, src->n);
}

static void *
copy_localizer(MemoryContext parent, const void *state)
{
	const Localizer *l = state;
	Localizer  *copy = localizer_new(parent, l->p);

	for (int c = 0; c < 2; c++)
		merge_moments(l->p, &copy->condition[c], &l->condition[c]);
	return copy;
}

static void
merge_localizer(void *dst_state, const void *src_state)
{
	Localizer  *dst = dst_state;
	const Localizer *src = src_state;

	if (dst->p != src->p)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a localizer of %d units can't be added to one of %d", src->p, dst->p)));
	if (src == dst)
		src = copy_localizer(CurrentMemoryContext, src);
	for (int c = 0; c < 2; c++)
		merge_moments(dst->p, &dst->condition[c], &src->condition[c]);
}

/* ---- the test ---- */

static void
test_unit(const LocalizerMoments *off, const LocalizerMoments *on, Size j, bool one_sided, LocalizedUnit *out)
{
	double		n1 = (double) on->n;
	double		n0 = (double) off->n;
	double		a = on->squares[j] / (n1 - 1) / n1;
	double		b = off->squares[j] / (n0 - 1) / n0;
	double		difference = on->mean[j] - off->mean[j];

	*out = (LocalizedUnit) {NAN, NAN, NAN, NAN, NAN, 0};
	if (n1 < 2 || n0 < 2 || isinf(a + b))
		return;
	out->t = difference / sqrt(a + b);
	out->d_prime = selectivity_d_prime(n1, on->mean[j], on->squares[j], n0, off->mean[j], off->squares[j]);
	if (a + b > 0)
	{
		double		share = a / (a + b);	/* so that no square under- or overflows */

		out->df = 1 / (share * share / (n1 - 1) + (1 - share) * (1 - share) / (n0 - 1));
		out->p = student_two_sided(out->t, out->df);
	}
	else if (!isnan(out->t))
		out->p = 0;
	if (one_sided)
		out->p = out->t > 0 ? out->p / 2 : 1 - out->p / 2;
}

typedef struct RankedUnit
{
	double		t;
	int			unit;
} RankedUnit;

Size
localizer_scratch(const Localizer *l)
{
	return size_mul(l->p, sizeof(double) + sizeof(RankedUnit) + FDR_SCRATCH(1));
}

static int
compare_units(const void *a, const void *b)
{
	const RankedUnit *x = a;
	const RankedUnit *y = b;

	CHECK_FOR_INTERRUPTS();
	return x->t > y->t ? -1 : x->t < y->t ? 1 : x->unit < y->unit ? -1 : x->unit > y->unit;
}

void
localizer_test(const Localizer *l, bool one_sided, LocalizedUnit *out)
{
	double	   *q = huge_alloc(l->p * sizeof(double));
	RankedUnit *ranked = huge_alloc(l->p * sizeof(RankedUnit));
	Size		n = 0;

	for (int j = 0; j < l->p; j++)
	{
		if ((j & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
		test_unit(&l->condition[0], &l->condition[1], j, one_sided, &out[j]);
		if (isnan(out[j].t))
			continue;
		q[n] = out[j].p;
		ranked[n++] = (RankedUnit) {out[j].t, j};
	}
	fdr_adjust(n, q, false);
	for (Size i = 0; i < n; i++)
		out[ranked[i].unit].q = q[i];
	qsort(ranked, n, sizeof(RankedUnit), compare_units);
	for (Size i = 0; i < n; i++)
		out[ranked[i].unit].rank = (int) i + 1;
	pfree(q);
	pfree(ranked);
}

/* ---- stored ---- */

static void
write_localizer(StateWriter *w, const void *state)
{
	const Localizer *l = state;
	uint8		head[3] = {0, 0, 0};

	state_put_bytes(w, head, 3);
	state_put_int32(w, l->p);
	for (int c = 0; c < 2; c++)
	{
		const LocalizerMoments *m = &l->condition[c];

		state_put_int64(w, m->n);
		if (m->n > 0)
		{
			state_put_sums(w, "localizer", m->mean, l->p);
			state_put_sums(w, "localizer", m->squares, l->p);
		}
	}
}

static void
require_moments(const LocalizerMoments *m, int p)
{
	for (int j = 0; j < p; j++)
		if (!isfinite(m->mean[j]) || !(m->squares[j] >= 0) || isinf(m->squares[j]))
			state_corrupt("localizer", "a mean is not finite, or a sum of squares is not finite and at least 0");
}

static void *
read_localizer(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		p;
	Localizer  *l;

	state_get_bytes(r, head, 3);
	p = state_get_int32(r);
	if (head[0] || head[1] || head[2] || p < 1 || p > LOCALIZER_MAX_UNITS)
		state_corrupt("localizer", "bad header or number of units");
	/* both counts, and the moments of one condition, since there is a row */
	state_require(r, 2 * sizeof(int64) + 2 * sizeof(double) * (Size) p);
	l = localizer_new(parent, p);
	for (int c = 0; c < 2; c++)
	{
		LocalizerMoments *m = &l->condition[c];

		m->n = state_get_int64(r);
		if (m->n < 0 || m->n > STATE_MAX_ROWS)
			state_corrupt("localizer", "bad number of rows");
		if (m->n == 0)
			continue;
		state_get_array(r, m->mean, p, 8);
		state_get_array(r, m->squares, p, 8);
		if (validate)
			require_moments(m, p);
	}
	if (l->condition[0].n + l->condition[1].n == 0)
		state_corrupt("localizer", "it has no rows");
	return l;
}

static char *
summarize_localizer(const void *state)
{
	const Localizer *l = state;

	return psprintf("units=%d, n=" INT64_FORMAT "+" INT64_FORMAT, l->p, l->condition[1].n, l->condition[0].n);
}

const StateKind localizer_kind = {
	.name = "localizer",
	.version = 1,
	.write = write_localizer,
	.read = read_localizer,
	.copy = copy_localizer,
	.merge = merge_localizer,
	.summary = summarize_localizer,
	.size_hint = MEMORY_HINT
};
