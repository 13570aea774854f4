/*
 * class_sums.c
 *		Rows summed by class: adding and merging.
 *
 * Without products all classes are summed in float8 about one point, the first
 * row of the state: p additions a row, and a common offset costs no digits.
 * Merging translates one state's sums to the other's point:
 *
 *	 sum (y + t) = sum y + n t		sum |y + t|^2 = sum |y|^2 + 2 t.sum y + n |t|^2
 *
 * With products a row goes to its class's residuals, which fold blocks in by
 * syrk: n p^2 flops, and 8 p^2 bytes a class that has more than a block of rows.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "search/class_sums.h"
#include "stats/block.h"

#define MEMORY_HINT "Take fewer features, or fewer classes."

ClassSums *
class_sums_new(MemoryContext parent, int p, bool products)
{
	ClassSums  *s;
	int			most = products ? RESIDUALS_MAX_CHANNELS : CLASS_SUMS_MAX_FEATURES;

	if (p > most)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sums of classes have at most %d features, not %d", most, p)));
	s = state_new(&class_sums_kind, parent, sizeof(ClassSums));
	s->p = p;
	s->products = products;
	s->claim = memory_claim(STATE_CONTEXT(s), "class_sums");
	s->labels = label_set_new(STATE_CONTEXT(s), s->claim, MEMORY_HINT);
	memory_claim_add(s->claim, size_mul(p, sizeof(double)), MEMORY_HINT);
	s->row = MemoryContextAllocHuge(STATE_CONTEXT(s), p * sizeof(double));
	return s;
}

/* ---- classes ---- */

static void
start_class(ClassSums *s, ClassSum *class)
{
	Size		bytes = s->p * sizeof(double);

	memset(class, 0, sizeof(*class));
	if (s->products)
		class->residuals = residuals_new(STATE_CONTEXT(s), s->p);
	else
	{
		memory_claim_add(s->claim, bytes, MEMORY_HINT);
		class->sum = MemoryContextAllocHuge(STATE_CONTEXT(s), bytes);
		memset(class->sum, 0, bytes);
	}
}

/* The class of a label, made if it is new. */
static ClassSum *
class_of(ClassSums *s, Label label)
{
	int			known = s->labels->n;
	int			number = label_set_number(s->labels, label, "sums of classes");

	if (number < known)
		return &s->classes[number];
	if (number == s->max_classes)
	{
		int			most = Max(4, 2 * s->max_classes);
		Size		bytes = size_mul(most, sizeof(ClassSum));

		memory_claim_add(s->claim, bytes - s->max_classes * sizeof(ClassSum), MEMORY_HINT);
		s->classes = s->classes ? repalloc_huge(s->classes, bytes) : MemoryContextAllocHuge(STATE_CONTEXT(s), bytes);
		s->max_classes = most;
	}
	start_class(s, &s->classes[number]);
	return &s->classes[number];
}

static void
set_centre(ClassSums *s, const double *centre)
{
	memory_claim_add(s->claim, s->p * sizeof(double), MEMORY_HINT);
	s->centre = MemoryContextAllocHuge(STATE_CONTEXT(s), s->p * sizeof(double));
	memcpy(s->centre, centre, s->p * sizeof(double));
}

/* ---- rows ---- */

/* sum += x - centre; returns |x - centre|^2 */
HOT_LOOP static double
add_about(Size p, const double *x, const double *centre, double *sum)
{
	double		squares = 0;

#pragma omp simd reduction(+:squares)
	for (Size j = 0; j < p; j++)
	{
		double		y = x[j] - centre[j];

		sum[j] += y;
		squares += y * y;
	}
	return squares;
}

void
class_sums_add(ClassSums *s, Label label, const Tensor *x)
{
	ClassSum   *class;

	block_check_row(x, s->p, "x", s->n + 1);
	if (!block_copy_row(x, TENSOR_FLOAT8, s->row))
	{
		Size		i = 0;

		while (isfinite(s->row[i]))
			i++;
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("element %zu of x of row " INT64_FORMAT " is %g", i + 1, s->n + 1, s->row[i]),
				 errdetail("Rows must be finite.")));
	}
	class = class_of(s, label);
	if (s->products)
		residuals_add_row(class->residuals, x);
	else
	{
		if (s->centre == NULL)
			set_centre(s, s->row);
		class->squares += add_about(s->p, s->row, s->centre, class->sum);
		class->n++;
	}
	s->n++;
}

/* ---- merging ---- */

/* dst += src, whose y become y + t */
static void
merge_translated(ClassSum *dst, const ClassSum *src, Size p, const double *t)
{
	double		n = (double) src->n;
	double		along = 0;
	double		tt = 0;

	for (Size j = 0; j < p; j++)
	{
		along += t[j] * src->sum[j];
		tt += t[j] * t[j];
		dst->sum[j] += src->sum[j] + n * t[j];
	}
	dst->squares += Max(0, src->squares + 2 * along + n * tt);
	dst->n += src->n;
}

void
class_sums_merge(ClassSums *dst, const ClassSums *src)
{
	if (dst->p != src->p)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sums of classes of %d features can't be added to sums of %d", src->p, dst->p)));
	if (dst->products != src->products)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sums of classes with products and without can't be added"),
				 errhint("Make both with class_sums_agg, or both with class_means_agg.")));
	if (!dst->products && dst->centre == NULL && src->centre)
		set_centre(dst, src->centre);
	for (Size j = 0; !dst->products && src->centre && j < (Size) dst->p; j++)
		dst->row[j] = src->centre[j] - dst->centre[j];
	for (int i = 0; i < src->labels->n; i++)
	{
		ClassSum   *class = class_of(dst, src->labels->label[i]);

		CHECK_FOR_INTERRUPTS();
		if (dst->products)
			residuals_merge(class->residuals, src->classes[i].residuals);
		else
			merge_translated(class, &src->classes[i], dst->p, dst->row);
	}
	dst->n = state_rows_plus("class_sums", dst->n, src->n);
}

ClassSums *
class_sums_copy(MemoryContext parent, const ClassSums *s)
{
	ClassSums  *copy = class_sums_new(parent, s->p, s->products);

	class_sums_merge(copy, s);
	return copy;
}

/* ---- reading ---- */

int64
class_sums_n(const ClassSums *s, int class)
{
	return s->products ? residuals_n(s->classes[class].residuals) : s->classes[class].n;
}

void
class_sums_mean(const ClassSums *s, int class, double *mean)
{
	const ClassSum *c = &s->classes[class];

	if (s->products)
		residuals_mean(c->residuals, mean);
	else
		for (Size j = 0; j < (Size) s->p; j++)
			mean[j] = s->centre[j] + c->sum[j] / (double) c->n;
}

double
class_sums_squares(const ClassSums *s, int class)
{
	const ClassSum *c = &s->classes[class];
	double		squares = 0;

	Assert(!s->products);
	if (c->n == 1)
		return 0;
	for (Size j = 0; j < (Size) s->p; j++)
		squares += c->sum[j] * c->sum[j];
	return Max(0, c->squares - squares / (double) c->n);
}

void
class_sums_difference(const ClassSums *s, int positive, int negative, double *difference)
{
	Size		p = s->p;
	double	   *mean = palloc_extended(p * sizeof(double), MCXT_ALLOC_HUGE);
	double		rest = negative >= 0 ? 1 : (double) (s->n - class_sums_n(s, positive));

	class_sums_mean(s, positive, difference);
	for (int i = 0; i < s->labels->n; i++)
	{
		double		share = negative >= 0 ? 1 : (double) class_sums_n(s, i) / rest;

		CHECK_FOR_INTERRUPTS();
		if (i == positive || (negative >= 0 && i != negative))
			continue;
		class_sums_mean(s, i, mean);
		for (Size j = 0; j < p; j++)
			difference[j] -= share * mean[j];
	}
	pfree(mean);
}
