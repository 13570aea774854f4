/*
 * patterns_io.c
 *		The bytes of patterns where they are stored or shipped (little-endian):
 *
 *	uint8 version, has_folds, metric (0: none), element size of the precision (0: none), its rank
 *	int32 n_channels, n_labels, n_cells, label_bytes
 *	int32 label_end[n_labels], the bytes of the labels, which ascend
 *	int32 label[n_cells], int64 fold[n_cells], int64 rows[n_cells], uint8 element size[n_cells]: by label, then by fold
 *	values[n_channels] of each cell: one float4 pattern, or a float8 sum
 *	the precision's elements
 *
 * Equal states have equal bytes, whatever the order in which their rows came
 * (but for the rounding of sums).
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "similarity/patterns.h"


static void
write_labels(StateWriter *w, const PatternTable *t)
{
	Size		end = 0;

	for (int i = 0; i < t->n; i++)
		end = size_add(end, t->labels[i].length);
	if (end > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("labels of %zu bytes can't be stored: a value is at most 1 GB", end),
				 errhint("Use shorter labels.")));
	state_put_int32(w, (int32) end);
	end = 0;
	for (int i = 0; i < t->n; i++)
		state_put_int32(w, (int32) (end += t->labels[i].length));
	for (int i = 0; i < t->n; i++)
		state_put_bytes(w, t->labels[i].text, t->labels[i].length);
}

static void
write_patterns(StateWriter *w, const void *state)
{
	const Patterns *p = state;
	const Tensor *precision = p->precision;
	PatternTable *t = patterns_table(p);
	uint8		head[4] = {p->has_folds, p->metric, precision ? precision->dtype : 0, precision ? precision->ndim : 0};

	state_put_bytes(w, head, 4);
	state_put_int32(w, p->n_channels);
	state_put_int32(w, t->n);
	state_put_int32(w, t->n_cells);
	write_labels(w, t);
	for (int i = 0; i < t->n; i++)
		for (int c = t->start[i]; c < t->start[i + 1]; c++)
			state_put_int32(w, i);
	for (int c = 0; c < t->n_cells; c++)
		state_put_int64(w, t->cells[c]->fold);
	for (int c = 0; c < t->n_cells; c++)
		state_put_int64(w, t->cells[c]->n);
	for (int c = 0; c < t->n_cells; c++)
	{
		uint8		dtype = t->cells[c]->dtype;

		state_put_bytes(w, &dtype, 1);
	}
	for (int c = 0; c < t->n_cells; c++)
		state_put_array(w, t->cells[c]->values, p->n_channels, t->cells[c]->dtype);
	if (precision)
		state_put_array(w, TENSOR_DATA(precision), tensor_size(precision), precision->dtype);
}

static void
read_labels(StateReader *r, Patterns *p, int n_labels)
{
	int32		label_bytes = state_get_int32(r);
	int32		start = 0;
	int32	   *end;
	char	   *text;

	if (label_bytes < 0)
		state_corrupt("patterns", "bad number of bytes of labels");
	state_require(r, size_add(size_mul(n_labels, sizeof(int32)), label_bytes));
	end = palloc(n_labels * sizeof(int32));
	text = palloc(label_bytes + 1);
	state_get_array(r, end, n_labels, 4);
	state_get_bytes(r, text, label_bytes);
	for (int i = 0; i < n_labels; i++)
	{
		Label		label;

		if (end[i] < start || end[i] > label_bytes)
			state_corrupt("patterns", "labels overlap or pass their end");
		label = (Label) {text + start, end[i] - start};
		if (memchr(label.text, 0, label.length))
			state_corrupt("patterns", "a label contains a zero byte");
		pg_verifymbstr(label.text, label.length, false);
		if (i > 0 && label_compare(p->labels[i - 1], label) >= 0)
			state_corrupt("patterns", "labels do not ascend");
		patterns_label(p, label);
		start = end[i];
	}
	if (start != label_bytes)
		state_corrupt("patterns", "bytes are left over after the labels");
	pfree(end);
	pfree(text);
}

static void
require_finite(const void *values, TensorType dtype, Size n)
{
	for (Size i = 0; i < n; i++)
		if (!(dtype == TENSOR_FLOAT4 ? isfinite(((const float *) values)[i]) : isfinite(((const double *) values)[i])))
			state_corrupt("patterns", "a value is not finite");
}

/* The cells' labels, folds, rows and types, checked; their values are still to be read. */
static void
read_cells(StateReader *r, Patterns *p, int n_cells)
{
	Size		per_cell = sizeof(int32) + 2 * sizeof(int64) + 1;
	int32	   *label;
	int64	   *fold;
	int64	   *rows;
	uint8	   *dtype;

	state_require(r, size_mul(n_cells, per_cell));
	label = huge_alloc((Size) n_cells * sizeof(int32));
	fold = huge_alloc((Size) n_cells * sizeof(int64));
	rows = huge_alloc((Size) n_cells * sizeof(int64));
	dtype = huge_alloc(n_cells);
	state_get_array(r, label, n_cells, 4);
	state_get_array(r, fold, n_cells, 8);
	state_get_array(r, rows, n_cells, 8);
	state_get_bytes(r, dtype, n_cells);
	for (int c = 0; c < n_cells; c++)
	{
		PatternCell *cell;
		int			before = c == 0 ? -1 : label[c - 1];
		bool		same = c > 0 && label[c] == before;

		if (label[c] < 0 || label[c] >= p->n_labels || (!same && label[c] != before + 1) ||
			(same && fold[c] <= fold[c - 1]) || (!p->has_folds && fold[c] != 0))
			state_corrupt("patterns", "labels and folds of the sums do not ascend");
		if (rows[c] < 1 || rows[c] > STATE_MAX_ROWS - p->n_rows ||
			!(dtype[c] == TENSOR_FLOAT8 || (dtype[c] == TENSOR_FLOAT4 && rows[c] == 1)))
			state_corrupt("patterns", "bad number of rows or element type");
		cell = patterns_cell(p, label[c], fold[c]);
		cell->dtype = dtype[c];
		cell->n = rows[c];
		p->n_rows += rows[c];
	}
	if (label[n_cells - 1] != p->n_labels - 1)
		state_corrupt("patterns", "a label has no sum");
	pfree(label);
	pfree(fold);
	pfree(rows);
	pfree(dtype);
}

static void
read_precision(StateReader *r, Patterns *p, TensorType dtype, int ndim, bool validate)
{
	int32		dims[2] = {p->n_channels, p->n_channels};
	Size		n = ndim == 1 ? (Size) p->n_channels : size_mul(p->n_channels, p->n_channels);
	Tensor	   *precision;

	state_require(r, size_mul(n, dtype));
	precision = tensor_new_unset(dtype, ndim, dims);
	state_get_array(r, TENSOR_DATA(precision), n, dtype);
	if (validate)
		precision_check(precision, p->n_channels);
	patterns_copy_precision(p, precision);
	pfree(precision);
}

static void *
read_patterns(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[4];
	int32		n_channels;
	int32		n_labels;
	int32		n_cells;
	Patterns   *p;

	state_get_bytes(r, head, 4);
	n_channels = state_get_int32(r);
	n_labels = state_get_int32(r);
	n_cells = state_get_int32(r);
	if (head[0] > 1 || head[1] > RDM_CITYBLOCK ||
		(head[2] != 0 && head[2] != TENSOR_FLOAT2 && head[2] != TENSOR_FLOAT4 && head[2] != TENSOR_FLOAT8) ||
		(head[2] == 0 ? head[3] != 0 : head[3] < 1 || head[3] > 2))
		state_corrupt("patterns", "unknown flags, metric or precision");
	if (n_channels < 1 || n_channels > PATTERNS_MAX_CHANNELS || n_labels < 1 || n_cells < n_labels ||
		n_cells > PATTERNS_MAX_CELLS)
		state_corrupt("patterns", "bad number of channels, labels or sums");
	p = patterns_new(parent, n_channels, head[0]);
	p->metric = head[1];
	read_labels(r, p, n_labels);
	read_cells(r, p, n_cells);
	for (int c = 0; c < n_cells; c++)
	{
		PatternCell *cell = &p->cells[c];

		CHECK_FOR_INTERRUPTS();
		state_require(r, size_mul(n_channels, cell->dtype));
		cell->values = patterns_alloc_values(p, cell->dtype);
		state_get_array(r, cell->values, n_channels, cell->dtype);
		if (validate)
			require_finite(cell->values, cell->dtype, n_channels);
	}
	if (head[2] != 0)
		read_precision(r, p, head[2], head[3], validate);
	return p;
}

static void *
copy_patterns(MemoryContext parent, const void *state)
{
	return patterns_copy(parent, state);
}

static void
merge_patterns(void *dst, const void *src)
{
	patterns_merge(dst, src);
}

static char *
summarize_patterns(const void *state)
{
	const Patterns *p = state;

	return psprintf("conditions=%d, channels=%d, n=" INT64_FORMAT, p->n_labels, p->n_channels, p->n_rows);
}

const StateKind patterns_kind = {
	.name = "patterns",
	.version = 1,
	.write = write_patterns,
	.read = read_patterns,
	.copy = copy_patterns,
	.merge = merge_patterns,
	.summary = summarize_patterns,
	.size_hint = "Aggregate fewer channels at a time (a region), or fewer folds.",
};
