/*
 * paired.c
 *		The paired state: adding rows, merging, reading, and its bytes.
 *
 * A row is copied side by side into the state's own room, checked there, and
 * given to the gram, which does all else.  Stored form (little-endian), after
 * the version: uint8 flags (1 option, 2 rows are kept), zero, the gram's
 * version; int32 p, q; float8 option; what the gram writes.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "miscadmin.h"

#include "base/convert.h"
#include "base/dispatch.h"
#include "similarity/paired.h"
#include "stats/block.h"

#define FLAG_OPTION		1
#define FLAG_ROWS		2

#define CONSTANT 1e-14			/* a standard deviation that is rounding, as a share of the mean */

/* A state around its gram, in whose place the caller may put one that was read. */
static Paired *
paired_around(MemoryContext parent, int p, int q, bool keep_rows)
{
	Paired	   *s = state_new(&paired_kind, parent, sizeof(Paired));

	s->p = p;
	s->q = q;
	s->keep_rows = keep_rows;
	return s;
}

static void
paired_own(Paired *s, Gram *g)
{
	s->gram = g;
	g->keep_rows = s->keep_rows;
}

Paired *
paired_new(MemoryContext parent, int p, int q, bool keep_rows)
{
	Paired	   *s = paired_around(parent, p, q, keep_rows);

	paired_own(s, gram_new(STATE_CONTEXT(s), p + q, 0, false));
	return s;
}

/* ---- rows ---- */

static void
require_finite(const Tensor *t, const char *what, int64 ordinal)
{
	Size		n = tensor_size(t);

	for (Size i = 0; i < n; i++)
	{
		double		value = tensor_get(t, i);

		if (!isfinite(value))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %zu of %s is %s in row " INT64_FORMAT, i + 1, what,
							isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity", ordinal),
					 errdetail("The responses of both populations must be finite.")));
	}
}

/* A worker's rows reach the leader as one value, which can't exceed 1 GB. */
static void
check_worker_rows(const Paired *s)
{
	if (IsParallelWorker() && s->keep_rows && s->gram->cells[0].held_bytes > MaxAllocSize / 10 * 9)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a parallel worker holds more paired rows than it can hand over, 1 GB"),
				 errhint("SET max_parallel_workers_per_gather = 0.")));
}

void
paired_add_row(Paired *s, const Tensor *x, const Tensor *y)
{
	int64		ordinal = s->gram->n_rows_seen + 1;
	TensorType	type = tensor_common_type(TENSOR_FLOAT4, y ? tensor_common_type(x->dtype, y->dtype) : x->dtype);
	Size		n = (Size) s->p + s->q;
	int32		dims[1] = {s->p + s->q};
	bool		finite;

	block_check_row(x, s->p, "x", ordinal);
	if (y)
		block_check_row(y, s->q, "y", ordinal);
	if (s->row == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(STATE_CONTEXT(s));

		s->row = tensor_new_unset(TENSOR_FLOAT8, 1, dims);
		MemoryContextSwitchTo(old);
	}
	s->row->dtype = type;
	SET_VARSIZE(s->row, TENSOR_HEADER_SIZE(1) + n * type);
	finite = block_copy_row(x, type, TENSOR_DATA(s->row));
	if (y)
		finite &= block_copy_row(y, type, (char *) TENSOR_DATA(s->row) + (Size) s->p * type);
	if (!finite)
	{
		require_finite(x, "x", ordinal);
		if (y)
			require_finite(y, "y", ordinal);
	}
	gram_add_row(s->gram, s->row, NULL, 0);
	check_worker_rows(s);
}

void
paired_set_option(Paired *s, double option)
{
	if (!isfinite(option))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the last argument is %g, but it must be finite", option)));
	if (s->has_option && s->option != option)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the last argument is %g in row " INT64_FORMAT ", but %g in the rows before it",
						option, s->gram->n_rows_seen + 1, s->option),
				 errdetail("It is one option of the whole aggregate.")));
	s->has_option = true;
	s->option = option;
}

/* ---- merging ---- */

/* dst += src.  ERROR when the units or the options differ.  Rows are kept where both keep them. */
static void
paired_merge(Paired *dst, const Paired *src)
{
	if (dst->p != src->p || dst->q != src->q)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("paired states have different units: %d and %d, and %d and %d",
						dst->p, dst->q, src->p, src->q)));
	if (dst->has_option != src->has_option || dst->option != src->option)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("paired states have different options: %s and %s",
						dst->has_option ? psprintf("%g", dst->option) : "none",
						src->has_option ? psprintf("%g", src->option) : "none")));
	dst->keep_rows &= src->keep_rows;
	dst->gram->keep_rows = dst->keep_rows;
	gram_merge(dst->gram, src->gram);
}

static Paired *
paired_copy(MemoryContext parent, const Paired *s)
{
	Paired	   *copy = paired_around(parent, s->p, s->q, s->keep_rows);

	copy->has_option = s->has_option;
	copy->option = s->option;
	paired_own(copy, gram_copy(STATE_CONTEXT(copy), s->gram));
	return copy;
}

/* ---- reading ---- */

int64
paired_n(const Paired *s)
{
	return gram_n(s->gram);
}

bool
paired_rows_held(const Paired *s)
{
	return gram_rows_held(s->gram);
}

void
paired_require_rows(const Paired *s, const char *measure)
{
	if (!paired_rows_held(s))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs the rows, but this paired state holds their moments alone", measure),
				 errhint("Make it with paired_agg(x, y), which keeps the rows.")));
}

static void
read_values(const void *row, TensorType type, Size start, Size n, double *out)
{
	if (type == TENSOR_FLOAT8)
		memcpy(out, (const double *) row + start, n * sizeof(double));
	else
		widen_floats((const float *) row + start, out, n);
}

void
paired_rows(const Paired *s, double *x, double *y)
{
	const Gram *g = s->gram;

	Assert(paired_rows_held(s));
	for (int c = 0; c < g->n_cells; c++)
		for (const GramChunk *chunk = g->cells[c].first; chunk; chunk = chunk->next)
			for (int i = 0; i < chunk->n; i++)
			{
				const char *row = (const char *) chunk->x + (Size) i * g->p * chunk->xtype;

				CHECK_FOR_INTERRUPTS();
				if (x)
				{
					read_values(row, chunk->xtype, 0, s->p, x);
					x += s->p;
				}
				if (y)
				{
					read_values(row, chunk->xtype, s->p, s->q, y);
					y += s->q;
				}
			}
}

HOT_LOOP static void
add_row(double *restrict sum, const double *restrict row, double scale, Size m)
{
	for (Size j = 0; j < m; j++)
		sum[j] += scale * row[j];
}

void
centre_columns(double *a, Size n, Size m)
{
	double	   *shift = huge_alloc(size_mul(Max(m, 1), sizeof(double)));

	/* by the first row, so that a constant is 0 exactly; by the mean; by what rounding left of it */
	for (int pass = 0; pass < 3; pass++)
	{
		memset(shift, 0, m * sizeof(double));
		for (Size i = 0; i < (pass == 0 ? Min(n, 1) : n); i++)
		{
			add_row(shift, a + i * m, pass == 0 ? 1 : 1.0 / n, m);
			if ((i & 255) == 0)
				CHECK_FOR_INTERRUPTS();
		}
		for (Size i = 0; i < n; i++)
			add_row(a + i * m, shift, -1, m);
	}
	pfree(shift);
}

void
paired_centred_rows(const Paired *s, double *x, double *y)
{
	paired_rows(s, x, y);
	if (x)
		centre_columns(x, paired_n(s), s->p);
	if (y)
		centre_columns(y, paired_n(s), s->q);
}

Size
paired_rows_bytes(const Paired *s)
{
	return size_mul(size_mul(paired_n(s), (Size) s->p + s->q), sizeof(double));
}

Size
paired_products_bytes(const Paired *s)
{
	Size		all = (Size) s->p + s->q;

	return size_mul(2 * sizeof(double), size_mul(all, all + 1));
}

/* rows x columns of a matrix with stride ld, as a matrix of its own */
static double *
block_of(const double *a, Size ld, Size rows, Size columns)
{
	double	   *block = huge_matrix(rows, columns);

	for (Size i = 0; i < rows; i++)
		memcpy(block + i * columns, a + i * ld, columns * sizeof(double));
	return block;
}

void
drop_constant_columns(double *scatter, const double *mean, Size p, double n)
{
	for (Size j = 0; j < p; j++)
		if (scatter[j * p + j] <= n * (CONSTANT * mean[j]) * (CONSTANT * mean[j]))
			for (Size i = 0; i < p; i++)
				scatter[i * p + j] = scatter[j * p + i] = 0;
}

PairedProducts
paired_products(const Paired *s)
{
	Size		all = s->gram->p;
	double	   *mean = huge_matrix(1, all);
	double	   *z = huge_matrix(all, all);
	PairedProducts m = {paired_n(s), s->p, s->q, NULL, NULL, NULL, mean};

	gram_scatter(s->gram, mean, z);
	drop_constant_columns(z, mean, all, m.n);
	m.xx = block_of(z, all, s->p, s->p);
	m.xy = block_of(z + s->p, all, s->p, s->q);
	m.yy = block_of(z + s->p * all + s->p, all, s->q, s->q);
	pfree(z);
	return m;
}

/* ---- bytes ---- */

static void
write_paired(StateWriter *w, const void *state)
{
	const Paired *s = state;
	uint8		head[3] = {(s->has_option ? FLAG_OPTION : 0) | (s->keep_rows ? FLAG_ROWS : 0), 0, gram_kind.version};

	state_put_bytes(w, head, 3);
	state_put_int32(w, s->p);
	state_put_int32(w, s->q);
	state_put_array(w, &s->option, 1, 8);
	gram_kind.write(w, s->gram);
}

static void *
read_paired(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		p;
	int32		q;
	Paired	   *s;

	state_get_bytes(r, head, 3);
	if ((head[0] & ~(FLAG_OPTION | FLAG_ROWS)) || head[1] || head[2] != gram_kind.version)
		state_corrupt("paired", "unknown flags or version of its gram");
	p = state_get_int32(r);
	q = state_get_int32(r);
	if (p < 1 || p > GRAM_MAX_COLUMNS || q < 0 || q > GRAM_MAX_COLUMNS)
		state_corrupt("paired", "bad number of units");
	s = paired_around(parent, p, q, (head[0] & FLAG_ROWS) != 0);
	s->has_option = (head[0] & FLAG_OPTION) != 0;
	state_get_array(r, &s->option, 1, 8);
	if (!isfinite(s->option) || (!s->has_option && s->option != 0))
		state_corrupt("paired", "bad option");
	paired_own(s, gram_kind.read(r, STATE_CONTEXT(s), validate));
	if (s->gram->p != p + q || s->gram->v != 0 || s->gram->has_folds || s->gram->n_cells > 1)
		state_corrupt("paired", "the gram is not of these units");
	if (s->keep_rows && !paired_rows_held(s))
		state_corrupt("paired", "it keeps rows but has moments");
	return s;
}

static void *
copy_paired(MemoryContext parent, const void *state)
{
	return paired_copy(parent, state);
}

static void
merge_paired(void *dst, const void *src)
{
	paired_merge(dst, src);
}

static char *
summarize_paired(const void *state)
{
	const Paired *s = state;

	return psprintf("p=%d, q=%d, n=" INT64_FORMAT, s->p, s->q, paired_n(s));
}

static void
settle_paired(void *state)
{
	gram_wait(((Paired *) state)->gram);
}

const Paired *
paired_argument(Datum d)
{
	const Paired *s = state_from_datum(&paired_kind, d);

	if (s->q == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the paired state holds one population alone")));
	return s;
}

const StateKind paired_kind = {
	.name = "paired",
	.version = 1,
	.write = write_paired,
	.read = read_paired,
	.copy = copy_paired,
	.merge = merge_paired,
	.summary = summarize_paired,
	.settle = settle_paired,
	.size_hint = "Pass it straight to its measure: cka(paired_agg(x, y)) in one query level does not copy it; "
	"or use grams, which hold the moments of any number of rows: cka(gram_agg(x, y), gram_agg(x), gram_agg(y))."
};

STATE_IO_FUNCTIONS(paired, paired_kind)
