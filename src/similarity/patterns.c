/*
 * patterns.c
 *		Patterns of conditions: adding rows and merging.
 *
 * A row costs a look-up of its label and fold, and one pass over its elements
 * that copies or adds them and checks that they are finite.  A cell's first
 * float4 row is kept as it came, which is exact and half the bytes; a second one
 * turns it into a float8 sum.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/parallel.h"
#include "common/hashfn.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/dispatch.h"
#include "similarity/patterns.h"

#define MEMORY_HINT "Take fewer channels (a region at a time) or fewer conditions."

/* What an allocation takes beside what was asked for, about; small ones are rounded up to a power of two. */
#define ALLOC_OVERHEAD	16
#define ALLOC_ROUNDED	8192

/* Stretches of a precision that are compared while it stays where it was. */
#define PRECISION_SAMPLES 64

Patterns *
patterns_new(MemoryContext parent, int n_channels, bool has_folds)
{
	Patterns   *p;

	if (n_channels > PATTERNS_MAX_CHANNELS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a pattern has at most %d channels, not %d", PATTERNS_MAX_CHANNELS, n_channels)));
	p = state_new(&patterns_kind, parent, sizeof(Patterns));
	p->n_channels = n_channels;
	p->has_folds = has_folds;
	p->claim = memory_claim(STATE_CONTEXT(p), "patterns");
	return p;
}

/* ---- memory ---- */

static void *
claim_and_alloc(Patterns *p, Size bytes)
{
	Size		taken = bytes;

	if (bytes < ALLOC_ROUNDED)
		for (taken = 8; taken < bytes; taken *= 2)
			;
	memory_claim_add(p->claim, size_add(taken, ALLOC_OVERHEAD), MEMORY_HINT);
	return MemoryContextAllocHuge(STATE_CONTEXT(p), Max(bytes, 1));
}

void *
patterns_alloc_values(Patterns *p, TensorType dtype)
{
	Size		bytes = size_mul(p->n_channels, dtype);

	p->value_bytes = size_add(p->value_bytes, bytes);
	return claim_and_alloc(p, bytes);
}

/* An array that has room for one more. */
static void *
grow_array(Patterns *p, void *array, int n, int *max, Size size)
{
	int			more = Max(8, n);

	if (n < *max)
		return array;
	memory_claim_add(p->claim, size_mul(more, size), MEMORY_HINT);
	*max = n + more;
	if (array)
		return repalloc_huge(array, size_mul(*max, size));
	return MemoryContextAllocHuge(STATE_CONTEXT(p), size_mul(*max, size));
}

/* ---- look-up ---- */

/* The next entry of this hash from a slot on, which is advanced; -1: none. */
static int
index_next(const PatternIndex *index, uint32 hash, uint32 *slot)
{
	uint32		mask = index->n_slots - 1;

	if (index->n_slots == 0)
		return -1;
	for (;; (*slot)++)
	{
		const PatternSlot *s = &index->slots[*slot & mask];

		if (s->entry == 0)
			return -1;
		if (s->hash == hash)
		{
			(*slot)++;
			return s->entry - 1;
		}
	}
}

static void
index_place(PatternIndex *index, uint32 hash, int entry)
{
	uint32		mask = index->n_slots - 1;
	uint32		slot = hash & mask;

	while (index->slots[slot].entry != 0)
		slot = (slot + 1) & mask;
	index->slots[slot] = (PatternSlot) {hash, entry};
}

/* Enters entry number n, the last of n + 1. */
static void
index_enter(Patterns *p, PatternIndex *index, uint32 hash, int n)
{
	if (index->n_slots < 2 * (n + 1))
	{
		PatternIndex old = *index;

		index->n_slots = Max(16, 2 * old.n_slots);
		memory_claim_add(p->claim, (Size) (index->n_slots - old.n_slots) * sizeof(PatternSlot), MEMORY_HINT);
		index->slots = MemoryContextAllocExtended(STATE_CONTEXT(p), (Size) index->n_slots * sizeof(PatternSlot),
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		for (int i = 0; i < old.n_slots; i++)
			if (old.slots[i].entry != 0)
				index_place(index, old.slots[i].hash, old.slots[i].entry);
		if (old.slots)
			pfree(old.slots);
	}
	index_place(index, hash, n + 1);
}

int
patterns_label(Patterns *p, Label label)
{
	uint32		hash = hash_bytes((const unsigned char *) label.text, label.length);
	uint32		slot = hash;
	char	   *text;
	int			i;

	while ((i = index_next(&p->label_index, hash, &slot)) >= 0)
		if (p->labels[i].length == label.length && memcmp(p->labels[i].text, label.text, label.length) == 0)
			return i;
	if (p->n_labels >= PATTERNS_MAX_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("patterns have at most %d labels", PATTERNS_MAX_CELLS)));
	p->labels = grow_array(p, p->labels, p->n_labels, &p->max_labels, sizeof(Label));
	text = claim_and_alloc(p, label.length);
	memcpy(text, label.text, label.length);
	p->labels[p->n_labels] = (Label) {text, label.length};
	index_enter(p, &p->label_index, hash, p->n_labels);
	return p->n_labels++;
}

PatternCell *
patterns_cell(Patterns *p, int label, int64 fold)
{
	uint32		hash = hash_combine(murmurhash32((uint32) (fold ^ (fold >> 32))), murmurhash32((uint32) label));
	uint32		slot = hash;
	int			i;

	if (p->n_cells > 0 && p->cells[p->last_cell].label == label && p->cells[p->last_cell].fold == fold)
		return &p->cells[p->last_cell];
	while ((i = index_next(&p->cell_index, hash, &slot)) >= 0)
		if (p->cells[i].label == label && p->cells[i].fold == fold)
		{
			p->last_cell = i;
			return &p->cells[i];
		}
	if (p->n_cells >= PATTERNS_MAX_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("patterns have at most %d labels in all folds", PATTERNS_MAX_CELLS)));
	p->cells = grow_array(p, p->cells, p->n_cells, &p->max_cells, sizeof(PatternCell));
	p->cells[p->n_cells] = (PatternCell) {.label = label, .fold = fold};
	index_enter(p, &p->cell_index, hash, p->n_cells);
	p->last_cell = p->n_cells;
	return &p->cells[p->n_cells++];
}

/* ---- rows ---- */

HOT_LOOP static bool
all_finite_f4(const float *x, Size n)
{
	int			bad = 0;

	for (Size i = 0; i < n; i++)
		bad |= !(fabsf(x[i]) <= FLT_MAX);
	return !bad;
}

HOT_LOOP static bool
all_finite_f8(const double *x, Size n)
{
	int			bad = 0;

	for (Size i = 0; i < n; i++)
		bad |= !(fabs(x[i]) <= DBL_MAX);
	return !bad;
}

/* Turns a cell's values into a float8 sum. */
static void
widen_cell(Patterns *p, PatternCell *cell)
{
	double	   *sum;

	if (cell->dtype == TENSOR_FLOAT8)
		return;
	sum = patterns_alloc_values(p, TENSOR_FLOAT8);
	memset(sum, 0, (Size) p->n_channels * sizeof(double));
	pattern_add(sum, cell->values, TENSOR_FLOAT4, p->n_channels);
	pfree(cell->values);
	p->value_bytes -= (Size) p->n_channels * sizeof(float);
	memory_claim_sub(p->claim, (Size) p->n_channels * sizeof(float));
	cell->values = sum;
	cell->dtype = TENSOR_FLOAT8;
}

/* cell += n rows of this sum */
static void
add_to_cell(Patterns *p, PatternCell *cell, const void *values, TensorType dtype, int64 n)
{
	if (cell->n == 0)
	{
		cell->dtype = dtype;
		cell->values = patterns_alloc_values(p, dtype);
		memcpy(cell->values, values, (Size) p->n_channels * dtype);
	}
	else
	{
		bool		itself = values == cell->values;

		widen_cell(p, cell);
		if (itself)
			pattern_add(cell->values, cell->values, TENSOR_FLOAT8, p->n_channels);
		else
			pattern_add(cell->values, values, dtype, p->n_channels);
	}
	cell->n += n;
	p->n_rows = state_rows_plus("patterns", p->n_rows, n);
}

_Noreturn static void
report_not_finite(const Tensor *pattern, int64 ordinal)
{
	Size		i = 0;
	double		value;

	while (isfinite(tensor_get(pattern, i)))
		i++;
	value = tensor_get(pattern, i);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element %zu of the pattern of row " INT64_FORMAT " is %s", i + 1, ordinal,
					isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"),
			 errdetail("Distances are taken over all channels, so patterns must be finite."),
			 errhint("Leave out the channels that are missing somewhere (take), or the rows that miss one.")));
}

/* A worker's state reaches the leader as one value, which can't exceed 1 GB. */
static void
check_worker_size(const Patterns *p)
{
	if (IsParallelWorker() && p->value_bytes > MaxAllocSize / 10 * 9)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a parallel worker holds more patterns than it can hand over, 1 GB"),
				 errhint("Set max_parallel_workers_per_gather to 0.")));
}

void
patterns_add_row(Patterns *p, Label label, const Tensor *pattern, int64 fold)
{
	int64		ordinal = p->n_rows + 1;
	Size		m = p->n_channels;

	if (pattern->ndim > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the pattern of row " INT64_FORMAT " has shape %s, but a vector is needed",
						ordinal, tensor_shape_text(pattern)),
				 errhint("flatten(t) makes a vector of any tensor.")));
	if (tensor_size(pattern) != m)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the pattern of row " INT64_FORMAT " has %zu channels, but the patterns before it have %zu",
						ordinal, tensor_size(pattern), m)));
	if (pattern->dtype == TENSOR_FLOAT2)
		pattern = tensor_as(pattern, TENSOR_FLOAT4);
	if (!(pattern->dtype == TENSOR_FLOAT4 ? all_finite_f4(TENSOR_F4(pattern), m) : all_finite_f8(TENSOR_F8(pattern), m)))
		report_not_finite(pattern, ordinal);
	add_to_cell(p, patterns_cell(p, patterns_label(p, label), fold), TENSOR_DATA(pattern), pattern->dtype, 1);
	check_worker_size(p);
}

/* ---- what rows ask for ---- */

RdmMetric
patterns_metric_from_name(const char *name)
{
	for (RdmMetric metric = RDM_CORRELATION; metric <= RDM_CITYBLOCK; metric++)
		if (strcmp(name, rdm_metric_name(metric)) == 0)
			return metric;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("metric \"%s\" is not known here", name),
			 errhint("Metrics of patterns are correlation, cosine, euclidean, sqeuclidean and cityblock. "
					 "Mahalanobis distances take a precision in the metric's place; crossnobis and poisson_rdm are functions of their own.")));
}

void
patterns_set_metric(Patterns *p, RdmMetric metric)
{
	if (p->metric == metric)
		return;
	if (p->metric != RDM_UNKNOWN || p->n_rows > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the metric of row " INT64_FORMAT " is %s, but it was %s before",
						p->n_rows + 1, rdm_metric_name(metric), rdm_metric_name(p->metric)),
				 errdetail("All rows of a group have one metric.")));
	p->metric = metric;
}

void
precision_check(const Tensor *t, int n_channels)
{
	Size		m = n_channels;

	if (t->ndim < 1 || t->ndim > 2 || t->dims[0] != n_channels || t->dims[t->ndim - 1] != n_channels)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("prec has shape %s, but the patterns have %d channels", tensor_shape_text(t), n_channels),
				 errdetail("It is a symmetric matrix of %d x %d, or a vector of %d precisions.",
						   n_channels, n_channels, n_channels)));
	for (Size i = 0; i < m; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (t->ndim == 1)
		{
			double		value = tensor_get(t, i);

			if (!(value >= 0 && isfinite(value)))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("element %zu of prec must be finite and not negative", i + 1),
						 errdetail_client("It is %g.", value)));
			continue;
		}
		for (Size j = 0; j <= i; j++)
		{
			double		lower = tensor_get(t, i * m + j);
			double		upper = tensor_get(t, j * m + i);

			if (!isfinite(lower) || !isfinite(upper))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("element (%zu, %zu) or (%zu, %zu) of prec is not finite", i + 1, j + 1, j + 1, i + 1)));
			if (fabs(lower - upper) >
				1e-6 * (fabs(lower) + fabs(upper) + sqrt(fabs(tensor_get(t, i * m + i)) * fabs(tensor_get(t, j * m + j)))))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("prec is not symmetric: elements (%zu, %zu) and (%zu, %zu) differ", i + 1, j + 1, j + 1, i + 1),
						 errdetail_client("They are %g and %g.", lower, upper)));
		}
	}
}

void
patterns_copy_precision(Patterns *p, const Tensor *precision)
{
	Size		bytes = VARSIZE(precision);

	p->value_bytes = size_add(p->value_bytes, bytes);
	p->precision = claim_and_alloc(p, bytes);
	memcpy(p->precision, precision, bytes);
}

_Noreturn static void
report_another_precision(const Patterns *p)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("prec of row " INT64_FORMAT " differs from that of the rows before it", p->n_rows + 1),
			 errdetail("All rows of a group have one precision.")));
}

/* Are the two the same, as far as a few stretches of them tell? */
static bool
same_samples(const Tensor *a, const Tensor *b)
{
	Size		size = VARSIZE(a);
	Size		step = Max(64, size / PRECISION_SAMPLES);

	if (VARSIZE(b) != size)
		return false;
	for (Size at = 0; at < size; at += step)
		if (memcmp((const char *) a + at, (const char *) b + at, Min(64, size - at)) != 0)
			return false;
	return true;
}

/*
 * A precision of 1,000 channels is 8 MB in every row.  One that is stored out of
 * line is known by its toast pointer and not fetched again; one in memory that
 * stays at its place (a constant, a sub-select's value) is compared in samples.
 */
void
patterns_set_precision(Patterns *p, Datum d)
{
	struct varlena *given = (struct varlena *) DatumGetPointer(d);
	bool		on_disk = VARATT_IS_EXTERNAL_ONDISK(given);
	bool		plain = !VARATT_IS_EXTENDED(given);
	const Tensor *precision;

	if (p->precision != NULL)
	{
		if (on_disk && memcmp(p->precision_toast, given, sizeof(p->precision_toast)) == 0)
			return;
		if (plain && p->precision_at == given)
		{
			if (!same_samples(p->precision, (const Tensor *) given))
				report_another_precision(p);
			return;
		}
	}
	precision = DatumGetTensor(d);
	if (p->precision == NULL)
	{
		if (p->n_rows > 0)
			report_another_precision(p);
		precision_check(precision, p->n_channels);
		patterns_copy_precision(p, precision);
	}
	else if (VARSIZE(precision) != VARSIZE(p->precision) ||
			 memcmp(precision, p->precision, VARSIZE(precision)) != 0)
		report_another_precision(p);
	if (on_disk)
		memcpy(p->precision_toast, given, sizeof(p->precision_toast));
	p->precision_at = plain ? given : NULL;
	if ((const void *) precision != given)
		pfree((void *) precision);
}

/* ---- merging ---- */

static bool
same_precision(const Tensor *a, const Tensor *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

static void
check_mergeable(const Patterns *dst, const Patterns *src)
{
	const char *detail = NULL;

	if (dst->n_channels != src->n_channels)
		detail = psprintf("One has %d channels, the other %d.", dst->n_channels, src->n_channels);
	else if (dst->has_folds != src->has_folds)
		detail = "One has folds, the other has none.";
	else if (dst->metric != src->metric)
		detail = psprintf("One is for metric %s, the other for %s.", rdm_metric_name(dst->metric),
						  rdm_metric_name(src->metric));
	else if (!same_precision(dst->precision, src->precision))
		detail = "Their precisions differ.";
	if (detail)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("patterns of different kinds can't be added"),
				 errdetail("%s", detail)));
}

void
patterns_merge(Patterns *dst, const Patterns *src)
{
	int			n_cells = src->n_cells;
	int		   *label = palloc(Max(1, src->n_labels) * sizeof(int));

	check_mergeable(dst, src);
	for (int i = 0; i < src->n_labels; i++)
		label[i] = patterns_label(dst, src->labels[i]);
	for (int i = 0; i < n_cells; i++)
	{
		const PatternCell *from = &src->cells[i];
		PatternCell *to = patterns_cell(dst, label[from->label], from->fold);

		CHECK_FOR_INTERRUPTS();
		add_to_cell(dst, to, from->values, from->dtype, from->n);
	}
	pfree(label);
	check_worker_size(dst);
}

Patterns *
patterns_copy(MemoryContext parent, const Patterns *p)
{
	Patterns   *copy = patterns_new(parent, p->n_channels, p->has_folds);

	copy->metric = p->metric;
	if (p->precision)
		patterns_copy_precision(copy, p->precision);
	patterns_merge(copy, p);
	return copy;
}
