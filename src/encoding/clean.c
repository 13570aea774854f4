/*
 * clean.c
 *		Slow drifts removed from all columns of a run: the mean, then X - Q'(Q X)
 *		with the rows of Q an orthonormal basis of the other drifts
 *		(drift_basis.c), and the columns divided by their standard deviation
 *		(divisor n) if asked to.
 *
 * Columns are taken in panels of about 32 MB: read as float8, two products, written
 * back; 4 n k v flops for n rows, k drifts and v columns, and no second matrix.
 *
 * A NaN is missing for its own column: columns are grouped by the rows that they
 * lack, and each group is fitted on those it has, with a basis of its own.
 * Each column is first taken about its first value, so that a constant is exactly 0
 * and a large mean costs no digits, and float8 columns are scaled by a power
 * of two, so that no square overflows.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/progress.h"
#include "encoding/clean.h"
#include "linalg/linalg.h"

#define PANEL_ELEMENTS	((Size) 1 << 22)
#define PANEL_NARROWEST 16
#define PANEL_WIDEST	1024

/* What is left of a column after the drifts, relative to the column, that is only rounding */
#define ROUNDING		1e-13

#define CLAIM_HINT "The drifts of a run are a matrix of rows by cosines and degrees: use a longer cutoff, a lower degree, or shorter runs."

/* ---- columns by the rows that they lack ---- */

/* A column and what identifies the set of its missing rows */
typedef struct ColumnKey
{
	uint64		hash;			/* sum of a random number for each missing row */
	Size		n_missing;
	Size		column;
} ColumnKey;

/* A number for each row that is as good as random (splitmix64; Steele, Lea and Flood 2014) */
static uint64
row_key(uint64 i)
{
	uint64		z = (i + 1) * UINT64CONST(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static bool
is_missing(const RunMatrix *m, Size row, Size column)
{
	Size		at = row * (Size) m->width + column;

	return m->held == TENSOR_FLOAT8 ? isnan(((double *) m->data)[at]) :
		isnan(((float *) m->data)[at]);
}

static int
compare_keys(const void *a, const void *b)
{
	const ColumnKey *x = a;
	const ColumnKey *y = b;

	if (x->n_missing != y->n_missing)
		return x->n_missing < y->n_missing ? -1 : 1;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* A key for each column, those that lack the same rows next to one another. */
static ColumnKey *
columns_by_missing_rows(const RunMatrix *m)
{
	Size		width = (Size) m->width;
	ColumnKey  *keys = huge_alloc0(width * sizeof(ColumnKey));

	for (Size c = 0; c < width; c++)
		keys[c].column = c;
	if (!m->missing)
		return keys;
	for (Size i = 0; i < m->n_rows; i++)
	{
		uint64		key = row_key(i);

		CHECK_FOR_INTERRUPTS();
		for (Size c = 0; c < width; c++)
			if (is_missing(m, i, c))
			{
				keys[c].hash += key;
				keys[c].n_missing++;
			}
	}
	qsort(keys, width, sizeof(ColumnKey), compare_keys);
	return keys;
}

/* ---- a panel of columns ---- */

typedef struct Panel
{
	RunMatrix  *m;
	Size		n;
	Size	   *rows;			/* n: those that the columns have */
	Size		w;
	Size	   *columns;		/* w */
	bool		adjacent;		/* the columns stand side by side */
	double	   *x;				/* n x w */
	double	   *fitted;			/* drifts x w */
	double	   *line;			/* of w each, as are the next */
	double	   *shift;			/* first value of the column */
	double	   *scale;			/* power of two */
	double	   *mean;
	double	   *before;			/* sum of squares of x about its mean */
	double	   *after;			/* of what the drifts leave */
} Panel;

#define PANEL_LINES 6

HOT_LOOP static void
read_f4(const float *row, const Size *columns, bool adjacent, Size w, double *out)
{
	if (adjacent)
		for (Size c = 0; c < w; c++)
			out[c] = row[columns[0] + c];
	else
		for (Size c = 0; c < w; c++)
			out[c] = row[columns[c]];
}

HOT_LOOP static void
read_f8(const double *row, const Size *columns, bool adjacent, Size w, double *out)
{
	if (adjacent)
		memcpy(out, row + columns[0], w * sizeof(double));
	else
		for (Size c = 0; c < w; c++)
			out[c] = row[columns[c]];
}

HOT_LOOP static void
write_f4(float *row, const Size *columns, bool adjacent, Size w, const double *in)
{
	if (adjacent)
		for (Size c = 0; c < w; c++)
			row[columns[0] + c] = (float) in[c];
	else
		for (Size c = 0; c < w; c++)
			row[columns[c]] = (float) in[c];
}

HOT_LOOP static void
write_f8(double *row, const Size *columns, bool adjacent, Size w, const double *in)
{
	if (adjacent)
		memcpy(row + columns[0], in, w * sizeof(double));
	else
		for (Size c = 0; c < w; c++)
			row[columns[c]] = in[c];
}

static void
read_row(const Panel *p, Size i, double *out)
{
	Size		at = p->rows[i] * (Size) p->m->width;

	CHECK_FOR_INTERRUPTS();
	if (p->m->held == TENSOR_FLOAT8)
		read_f8((double *) p->m->data + at, p->columns, p->adjacent, p->w, out);
	else
		read_f4((float *) p->m->data + at, p->columns, p->adjacent, p->w, out);
}

static void
write_row(const Panel *p, Size i, const double *in)
{
	Size		at = p->rows[i] * (Size) p->m->width;

	CHECK_FOR_INTERRUPTS();
	if (p->m->held == TENSOR_FLOAT8)
		write_f8((double *) p->m->data + at, p->columns, p->adjacent, p->w, in);
	else
		write_f4((float *) p->m->data + at, p->columns, p->adjacent, p->w, in);
}

/* most = max(most, |x - shift|); NaN is not noticed here */
HOT_LOOP static void
line_largest(Size w, const double *x, const double *shift, double *restrict most)
{
	for (Size c = 0; c < w; c++)
	{
		double		d = fabs(x[c] - shift[c]);

		most[c] = d > most[c] ? d : most[c];
	}
}

/* x = (x - shift) scale, added to sum */
HOT_LOOP static void
line_shift(Size w, double *restrict x, const double *shift, const double *scale,
		   double *restrict sum)
{
	for (Size c = 0; c < w; c++)
	{
		x[c] = (x[c] - shift[c]) * scale[c];
		sum[c] += x[c];
	}
}

/* x -= mean, its square added to squares */
HOT_LOOP static void
line_centre(Size w, double *restrict x, const double *mean, double *restrict squares)
{
	for (Size c = 0; c < w; c++)
	{
		x[c] -= mean[c];
		squares[c] += x[c] * x[c];
	}
}

HOT_LOOP static void
line_add_squares(Size w, const double *x, double *restrict sum)
{
	for (Size c = 0; c < w; c++)
		sum[c] += x[c] * x[c];
}

HOT_LOOP static void
line_multiply(Size w, const double *x, const double *factor, double *restrict out)
{
	for (Size c = 0; c < w; c++)
		out[c] = x[c] * factor[c] + 0.0;	/* no -0 */
}

/* Shift by the first row; scale the largest difference to [1, 2), float4 has no need of it. */
static void
panel_shift_and_scale(const Panel *p)
{
	read_row(p, 0, p->shift);
	for (Size c = 0; c < p->w; c++)
		p->scale[c] = 1;
	if (p->m->held != TENSOR_FLOAT8)
		return;
	memset(p->before, 0, p->w * sizeof(double));
	for (Size i = 1; i < p->n; i++)
	{
		read_row(p, i, p->line);
		line_largest(p->w, p->line, p->shift, p->before);
	}
	for (Size c = 0; c < p->w; c++)
		if (p->before[c] > 0 && isfinite(p->before[c]))
			p->scale[c] = ldexp(1.0, -Max(-1000, Min(1000, ilogb(p->before[c]))));
}

/* x: the columns, shifted and scaled, less their means */
static void
panel_read(const Panel *p)
{
	panel_shift_and_scale(p);
	memset(p->mean, 0, p->w * sizeof(double));
	for (Size i = 0; i < p->n; i++)
	{
		read_row(p, i, p->x + i * p->w);
		line_shift(p->w, p->x + i * p->w, p->shift, p->scale, p->mean);
	}
	for (Size c = 0; c < p->w; c++)
		p->mean[c] /= (double) p->n;
	memset(p->before, 0, p->w * sizeof(double));
	for (Size i = 0; i < p->n; i++)
		line_centre(p->w, p->x + i * p->w, p->mean, p->before);
}

/*
 * x less its projection on rows 1 .. rank - 1 of the basis (row 0 is the
 * constant), and the squares of what is left.
 */
static void
panel_remove_drifts(const Panel *p, Size rank, const double *basis)
{
	const double *q = basis + p->n;

	memset(p->after, 0, p->w * sizeof(double));
	if (rank == p->n)
		return;
	if (rank == 1)
	{
		memcpy(p->after, p->before, p->w * sizeof(double));
		return;
	}
	gemm_f8(false, false, rank - 1, p->w, p->n, 1.0, q, p->n, p->x, p->w, 0.0, p->fitted, p->w);
	gemm_f8(true, false, p->n, p->w, rank - 1, -1.0, q, p->n, p->fitted, p->w, 1.0, p->x, p->w);
	for (Size i = 0; i < p->n; i++)
		line_add_squares(p->w, p->x + i * p->w, p->after);
}

/* The last factor of a column: NaN if a value was infinite, 0 where only rounding is left. */
static double
column_factor(const Panel *p, Size c, bool standardize)
{
	if (!isfinite(p->before[c]))
		return NAN;
	if (p->after[c] <= ROUNDING * ROUNDING * p->before[c])
		return 0;
	return standardize ? sqrt((double) p->n / p->after[c]) : 1 / p->scale[c];
}

static void
panel_clean(const Panel *p, Size rank, const double *basis, bool standardize)
{
	panel_read(p);
	panel_remove_drifts(p, rank, basis);
	for (Size c = 0; c < p->w; c++)
		p->scale[c] = column_factor(p, c, standardize);
	for (Size i = 0; i < p->n; i++)
	{
		line_multiply(p->w, p->x + i * p->w, p->scale, p->line);
		write_row(p, i, p->line);
	}
}

/* ---- the run ---- */

static Size
panel_width(const RunMatrix *m)
{
	Size		w = PANEL_ELEMENTS / m->n_rows;

	return Min((Size) m->width, Max(PANEL_NARROWEST, Min(PANEL_WIDEST, w)));
}

/* Doubles of the basis: none where the drifts span everything */
static Size
basis_size(const RunMatrix *m, const DriftSpec *drifts)
{
	return DRIFT_VECTORS(drifts) >= m->n_rows ? 0 : size_mul(DRIFT_VECTORS(drifts), m->n_rows);
}

static Size
scratch_bytes(const RunMatrix *m, const DriftSpec *drifts)
{
	Size		w = panel_width(m);
	Size		doubles = basis_size(m, drifts);

	doubles = size_add(doubles, size_mul(w, size_add(m->n_rows, PANEL_LINES + 1)));
	doubles = size_add(doubles, m->n_rows);
	if (basis_size(m, drifts) > 0)
		doubles = size_add(size_add(doubles, size_mul(w, DRIFT_VECTORS(drifts))),
						   drift_basis_scratch(drifts, m->n_rows) / sizeof(double));
	return size_add(size_mul(doubles, sizeof(double)), size_mul((Size) m->width, sizeof(ColumnKey)));
}

/* Columns keys[0 .. n_columns - 1], which lack the same rows. */
static void
clean_group(Panel *p, const ColumnKey *keys, Size n_columns, const DriftSpec *drifts,
			double *basis, bool standardize)
{
	const RunMatrix *m = p->m;
	Size		most = panel_width(m);
	Size		rank;

	p->n = 0;
	for (Size i = 0; i < m->n_rows; i++)
		if (keys[0].n_missing == 0 || !is_missing(m, i, keys[0].column))
			p->rows[p->n++] = i;
	if (p->n == 0)
	{
		progress_add((double) n_columns);
		return;
	}
	rank = drift_basis(drifts, m->n_rows, p->n, p->rows, basis);
	for (Size first = 0; first < n_columns; first += most)
	{
		p->w = Min(most, n_columns - first);
		for (Size c = 0; c < p->w; c++)
			p->columns[c] = keys[first + c].column;
		p->adjacent = p->columns[p->w - 1] - p->columns[0] == p->w - 1;
		panel_clean(p, rank, basis, standardize);
		progress_add((double) p->w);
	}
}

void
run_matrix_clean(RunMatrix *m, const DriftSpec *drifts, bool standardize)
{
	Size		width = m->width < 0 ? 0 : (Size) m->width;
	MemoryContext scratch;
	MemoryContext old;
	Panel		p = {.m = m};
	ColumnKey  *keys;
	double	   *basis;
	double	   *lines;
	Size		w;

	if (width == 0)
		return;
	w = panel_width(m);
	scratch = scratch_create("clean", scratch_bytes(m, drifts), CLAIM_HINT);
	old = MemoryContextSwitchTo(scratch);
	basis = huge_alloc(Max(1, basis_size(m, drifts) * sizeof(double)));
	p.rows = huge_alloc(m->n_rows * sizeof(Size));
	p.columns = huge_alloc(w * sizeof(Size));
	p.x = huge_matrix(m->n_rows, w);
	p.fitted = huge_matrix(basis_size(m, drifts) > 0 ? DRIFT_VECTORS(drifts) : 0, w);
	lines = huge_matrix(PANEL_LINES, w);
	p.line = lines;
	p.shift = lines + w;
	p.scale = lines + 2 * w;
	p.mean = lines + 3 * w;
	p.before = lines + 4 * w;
	p.after = lines + 5 * w;

	progress_begin("clean", (double) width);
	keys = columns_by_missing_rows(m);
	for (Size first = 0, end; first < width; first = end)
	{
		for (end = first + 1; end < width && keys[end].hash == keys[first].hash &&
			 keys[end].n_missing == keys[first].n_missing; end++)
			;
		clean_group(&p, keys + first, end - first, drifts, basis, standardize);
	}
	progress_end();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}
