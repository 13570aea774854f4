/*
 * gram_moments.c
 *		From rows to moments: sums of x, y, x'x and x'y about a centre.
 *
 * Rows are taken in blocks of up to 2,048.  A block is centred in place (one
 * pass that also makes the column sums), then X'X is one dsyrk and X'Y one
 * product: n p^2 + 2 n p v flops, bytes about 8 n (p + v) + 24 p v a block.
 * X'X is always float8; X'Y of many float4 columns is float4 within a block
 * where block.c lets it.
 *
 * The subtlety: the centre is rounded to float4 (block.c), so that subtracting it
 * from float4 rows is exact where it matters (values near the mean), and any two
 * grams of the same data have centres close enough for exact translation.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/parallel.h"
#include "miscadmin.h"

#include "base/convert.h"
#include "base/dispatch.h"
#include "linalg/linalg.h"
#include "stats/block.h"
#include "stats/gram.h"
#include "stats/gram_object.h"

#define BLOCK_ROWS		1024
#define MIN_BLOCK_ROWS	64
#define BLOCK_BYTES		((Size) 32 << 20)

#define MEMORY_HINT "Aggregate fewer targets at a time (chunk the voxels), fewer features or fewer folds."

/* A sum of squares about the mean this small beside the one about the centre is rounding. */
#define CONSTANT_TOLERANCE 1e-13

double
gram_centred_squares(double n, double s, double ss)
{
	double		centred = n > 0 ? ss - s * s / n : 0;

	return centred > CONSTANT_TOLERANCE * ss && centred >= DBL_MIN ? centred : 0;
}

/* ---- moments as objects ---- */

static Size
moments_doubles(int p, int v)
{
	Size		pp = size_mul(p, p);
	Size		pv = size_mul(p, v);

	return size_add(size_add(pp, pv), size_add(p, size_mul(2, v)));
}

Size
gram_moments_bytes(int p, int v)
{
	return size_add(MAXALIGN(sizeof(GramMoments)), size_mul(moments_doubles(p, v), sizeof(double)));
}

/* All zero but sxy. */
static GramMoments *
moments_without_xy(int p, int v)
{
	GramMoments *m = huge_alloc(gram_moments_bytes(p, v));
	double	   *at = (double *) ((char *) m + MAXALIGN(sizeof(GramMoments)));

	m->sx = at;
	m->sxx = (at += p);
	m->sy = (at += (Size) p * p);
	m->syy = (at += v);
	m->sxy = (at += v);
	m->n = 0;
	memset(m->sx, 0, (m->sxy - m->sx) * sizeof(double));
	return m;
}

GramMoments *
gram_moments_new(int p, int v)
{
	GramMoments *m = moments_without_xy(p, v);

	memset(m->sxy, 0, (Size) p * v * sizeof(double));
	return m;
}

/* ---- one block into the sums ---- */

/* sxx += X'X of a centred block */
static void
add_products_xx(TensorType type, const void *x, int n, int p, double *sxx)
{
	if (type == TENSOR_FLOAT8)
		syrk_f8(true, p, n, 1, x, p, 1, sxx, p);
	else
	{
		Size		bytes = size_mul(size_mul(n, p), sizeof(double));
		MemoryContext scratch = scratch_create("gram block", bytes, MEMORY_HINT);
		double	   *wide = MemoryContextAllocHuge(scratch, Max(1, bytes));

		widen_floats(x, wide, (Size) n * p);
		syrk_f8(true, p, n, 1, wide, p, 1, sxx, p);
		MemoryContextDelete(scratch);
	}
}

/* May float4 rows be centred in float4? Only a gram that has seen huge float8 values says no. */
static bool
centre_is_float4(const double *centre, int n)
{
	for (int j = 0; j < n; j++)
		if ((double) (float) centre[j] != centre[j])
			return false;
	return true;
}

/* ---- the gram's own fold-in ---- */

void
gram_set_centre(Gram *g, const double *cx, const double *cy)
{
	MemoryContext old = MemoryContextSwitchTo(STATE_CONTEXT(g));

	g->cx = huge_alloc(Max(1, g->p) * sizeof(double));
	g->cy = huge_alloc(Max(1, g->v) * sizeof(double));
	MemoryContextSwitchTo(old);
	memcpy(g->cx, cx, g->p * sizeof(double));
	if (g->v > 0)
		memcpy(g->cy, cy, g->v * sizeof(double));
	g->has_centre = true;
}

static void
require_shippable(const Gram *g)
{
	if (IsParallelWorker() && EOH_get_flat_size((ExpandedObjectHeader *) &g->hdr) > MaxAllocSize / 2)
	{
		Size		more = gram_moments_bytes(g->p, g->v);

		if (EOH_get_flat_size((ExpandedObjectHeader *) &g->hdr) + more > MaxAllocSize)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a gram of %d features and %d targets is too large for a parallel worker to hand over",
							g->p, g->v),
					 errhint("SET max_parallel_workers_per_gather = 0, or aggregate fewer targets at a time.")));
	}
}

GramMoments *
gram_cell_moments(Gram *g, GramCell *cell, bool *fresh)
{
	if (fresh)
		*fresh = cell->moments == NULL;
	if (cell->moments == NULL)
	{
		MemoryContext old;

		require_shippable(g);
		memory_claim_add(g->claim, gram_moments_bytes(g->p, g->v), MEMORY_HINT);
		old = MemoryContextSwitchTo(STATE_CONTEXT(g));
		cell->moments = fresh ? moments_without_xy(g->p, g->v) : gram_moments_new(g->p, g->v);
		MemoryContextSwitchTo(old);
	}
	return cell->moments;
}

/* A chunk's block of the wanted type: its own memory where the type is right, else a wide copy. */
static void *
chunk_as(MemoryContext scratch, void *data, TensorType have, TensorType want, Size n)
{
	double	   *wide;

	if (have == want)
		return data;
	wide = MemoryContextAllocHuge(scratch, Max(1, size_mul(n, sizeof(double))));
	widen_floats(data, wide, n);
	return wide;
}

/* The type that a chunk's rows are multiplied in. */
TensorType
gram_block_type(const Gram *g, const GramChunk *chunk)
{
	return block_float4_pays(g->p, g->v) && chunk->xtype == TENSOR_FLOAT4 && chunk->ytype == TENSOR_FLOAT4 &&
		centre_is_float4(g->cx, g->p) && centre_is_float4(g->cy, g->v)
		? TENSOR_FLOAT4 : TENSOR_FLOAT8;
}

/* The part of a fold-in that needs x alone: x is centred in place, m counts its rows. */
void
gram_fold_in_x(Gram *g, GramMoments *m, const GramChunk *chunk, TensorType type, void *x)
{
	block_centre(type, x, g->p, chunk->n, g->p, g->cx, m->sx, NULL);
	add_products_xx(type, x, chunk->n, g->p, m->sxx);
	m->n += chunk->n;
}

/* The rows of one chunk into the moments; the chunk's values are used up. */
static void
fold_in_chunk(Gram *g, GramMoments *m, GramChunk *chunk)
{
	TensorType	type = gram_block_type(g, chunk);
	int			n = chunk->n;
	Size		nx = (Size) n * g->p;
	Size		ny = (Size) n * g->v;
	Size		wide = (chunk->xtype != type ? nx : 0) + (chunk->ytype != type ? ny : 0);
	MemoryContext scratch = scratch_create("gram block", size_mul(wide, sizeof(double)), MEMORY_HINT);
	void	   *x = chunk_as(scratch, chunk->x, chunk->xtype, type, nx);
	void	   *y = g->v == 0 ? NULL : chunk_as(scratch, chunk->y, chunk->ytype, type, ny);

	gram_fold_in_x(g, m, chunk, type, x);
	if (y)
	{
		g->products_float4 |= type == TENSOR_FLOAT4;
		block_centre(type, y, g->v, n, g->v, g->cy, m->sy, m->syy);
		block_add_products(type, x, y, n, g->p, g->v, m->sxx, (Size) g->p + 1, m->syy, m->sxy);
	}
	MemoryContextDelete(scratch);
}

/* Every chunk but the last is freed; the last waits, empty, for the rows to come, if it has room for a block. */
static void
release_rows(Gram *g, GramCell *cell)
{
	while (cell->first != cell->last)
	{
		GramChunk  *next = cell->first->next;

		gram_free_chunk(g, cell->first);
		cell->first = next;
	}
	if (cell->last->capacity < gram_block_rows(g, cell->last))
	{
		gram_free_chunk(g, cell->last);
		cell->first = cell->last = NULL;
	}
	else
		cell->last->n = 0;
	cell->n_held = 0;
	cell->held_bytes = 0;
}

void
gram_need_centre(Gram *g)
{
	double	   *cx;
	double	   *cy;

	if (g->has_centre)
		return;
	cx = huge_alloc(Max(1, g->p) * sizeof(double));
	cy = huge_alloc(Max(1, g->v) * sizeof(double));
	gram_get_centre(g, cx, cy);
	gram_set_centre(g, cx, cy);
	pfree(cx);
	pfree(cy);
}

void
gram_fold_in(Gram *g, GramCell *cell)
{
	GramMoments *m;

	gram_wait(g);
	if (cell->n_held == 0)
		return;
	gram_need_centre(g);
	m = gram_cell_moments(g, cell, NULL);
	gram_join_small_chunks(g, cell);
	for (GramChunk *chunk = cell->first; chunk; chunk = chunk->next)
		fold_in_chunk(g, m, chunk);
	release_rows(g, cell);
}

/*
 * No more rows are coming soon: what waits in cells that have moments joins
 * them, and the room for further rows is given back.
 */
void
gram_settle(Gram *g)
{
	gram_wait_and_free(g);
	for (int i = 0; i < g->n_cells; i++)
	{
		GramCell   *cell = &g->cells[i];

		if (!cell->moments)
			continue;
		gram_fold_in(g, cell);
		if (cell->first)
			gram_free_chunk(g, cell->first);
		cell->first = cell->last = NULL;
	}
}

/* ---- translation ---- */

/* Sums about c as sums about c': shifts dx = c - c' (p), dy (v), for m's n rows. */
typedef struct Translation
{
	const double *dx;
	const double *dy;
	bool		none;
} Translation;

static Translation
translation_new(const Gram *g, const double *cx_from, const double *cy_from,
				const double *cx_to, const double *cy_to, const int *idx, int nt)
{
	Translation t;
	double	   *dx = huge_alloc(Max(1, g->p) * sizeof(double));
	double	   *dy = huge_alloc(Max(1, nt) * sizeof(double));

	t.none = true;
	for (int j = 0; j < g->p; j++)
	{
		dx[j] = cx_from[j] - cx_to[j];
		t.none &= dx[j] == 0;
	}
	for (int i = 0; i < nt; i++)
	{
		int			k = idx ? idx[i] : i;

		dy[i] = cy_from[k] - cy_to[k];
		t.none &= dy[i] == 0;
	}
	t.dx = dx;
	t.dy = dy;
	return t;
}

static void
translation_free(Translation t)
{
	pfree((void *) t.dx);
	pfree((void *) t.dy);
}

/* sx, sxx += sign times m's, translated */
static void
add_translated_xx(const GramMoments *m, int p, Translation t, int sign, double *sx, double *sxx)
{
	double		n = m->n;

	for (int j = 0; j < p && sxx; j++)
	{
		const double *from = m->sxx + (Size) j * p;
		double	   *to = sxx + (Size) j * p;

		if (t.none)
			for (int k = 0; k < p; k++)
				to[k] += sign * from[k];
		else
			for (int k = 0; k < p; k++)
				to[k] += sign * (from[k] + (m->sx[j] * t.dx[k] + t.dx[j] * m->sx[k]) +
								 n * t.dx[j] * t.dx[k]);
		if ((j & 63) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (int j = 0; j < p; j++)
		sx[j] += sign * (m->sx[j] + n * t.dx[j]);
}

/*
 * sy, syy, sxy += sign times m's for the targets idx, translated.  A target
 * that m's rows lack has sums of 0 and keeps them.
 */
typedef struct TranslateXY
{
	const GramMoments *m;
	Size		v;				/* of m */
	const int  *idx;
	int			first;			/* of idx, where those are consecutive; else -1 */
	int			nt;
	Translation t;
	const double *dy;			/* nt: 0 where the target is missing */
	double		sign;
	double	   *sxy;
	Size		ldxy;
} TranslateXY;

HOT_LOOP static void
add_times(double *restrict to, const double *restrict from, double sign, int n)
{
	for (int i = 0; i < n; i++)
		to[i] += sign * from[i];
}

static void
translate_xy_row(int64 j, int worker, void *arg)
{
	TranslateXY *job = arg;
	const GramMoments *m = job->m;
	const double *from = m->sxy + (Size) j * job->v;
	double	   *to = job->sxy + (Size) j * job->ldxy;

	if (job->first >= 0 && job->t.none)
		add_times(to, from + job->first, job->sign, job->nt);
	else
		for (int i = 0; i < job->nt; i++)
		{
			int			k = job->idx ? job->idx[i] : i;

			to[i] += job->sign * (from[k] + m->sx[j] * job->dy[i] + job->t.dx[j] * (m->sy[k] + m->n * job->dy[i]));
		}
}

static void
add_translated_xy(const Gram *g, const GramCell *cell, const GramMoments *m, const int *idx, int nt,
				  Translation t, int sign, double *sy, double *syy, double *sxy, Size ldxy)
{
	double		n = m->n;
	double	   *dy = huge_alloc(Max(1, nt) * sizeof(double));
	TranslateXY job = {m, g->v, idx, -1, nt, t, dy, sign, sxy, ldxy};

	/* idx is ascending, so first and last tell */
	if (nt > 0 && (idx == NULL || idx[nt - 1] - idx[0] == nt - 1))
		job.first = idx ? idx[0] : 0;
	for (int i = 0; i < nt; i++)
		dy[i] = GRAM_MISSING(g, cell, idx ? idx[i] : i) ? 0 : t.dy[i];
	parallel_for(g->p, 0, translate_xy_row, &job);
	for (int i = 0; i < nt; i++)
	{
		int			k = idx ? idx[i] : i;

		syy[i] += sign * (m->syy[k] + 2 * dy[i] * m->sy[k] + n * dy[i] * dy[i]);
		sy[i] += sign * (m->sy[k] + n * dy[i]);
	}
	pfree(dy);
}

void
gram_add_moments(Gram *g, GramCell *cell, const GramMoments *m, const double *cx, const double *cy,
				 int sign)
{
	GramMoments *to = gram_cell_moments(g, cell, NULL);
	Translation t = translation_new(g, cx, cy, g->cx, g->cy, NULL, g->v);

	add_translated_xx(m, g->p, t, sign, to->sx, to->sxx);
	add_translated_xy(g, cell, m, NULL, g->v, t, sign, to->sy, to->syy, to->sxy, g->v);
	to->n += sign * m->n;
	translation_free(t);
}

/* ---- reading held rows ---- */

/* Runs of rows, chunk after chunk, over a list of cells */
typedef struct RowCursor
{
	const Gram *g;
	const int  *cells;
	int			n_cells;
	int			at;				/* in cells */
	const GramChunk *chunk;		/* NULL: the next cell's first */
	int			row;
} RowCursor;

static RowCursor
cursor_new(const Gram *g, const int *cells, int n_cells)
{
	RowCursor	c = {g, cells, n_cells, -1, NULL, 0};

	return c;
}

/* The next run of at most max rows; false at the end. */
static bool
cursor_next(RowCursor *c, int max, const GramChunk **chunk, int *row, int *n)
{
	while (c->chunk == NULL || c->row >= c->chunk->n)
	{
		c->row = 0;
		if (c->chunk)
			c->chunk = c->chunk->next;
		while (c->chunk == NULL)
		{
			if (++c->at >= c->n_cells)
				return false;
			c->chunk = c->g->cells[c->cells[c->at]].first;
		}
	}
	*chunk = c->chunk;
	*row = c->row;
	*n = Min(max, c->chunk->n - c->row);
	c->row += *n;
	return true;
}

/* Elements of a stored row to a row of a block, changing type. */
static void
convert_row(const void *in, TensorType from, void *out, TensorType to, const int *idx, int n)
{
	int			first = idx && n > 0 ? idx[0] : 0;
	bool		contiguous = n == 0 || idx == NULL || idx[n - 1] - first == n - 1;

	if (contiguous && from == to)
		memcpy(out, (const char *) in + (Size) first * from, (Size) n * from);
	else if (from == TENSOR_FLOAT8)
		for (int i = 0; i < n; i++)
			((double *) out)[i] = ((const double *) in)[idx ? idx[i] : i];
	else if (to == TENSOR_FLOAT8)
		for (int i = 0; i < n; i++)
			((double *) out)[i] = ((const float *) in)[idx ? idx[i] : i];
	else
		for (int i = 0; i < n; i++)
			((float *) out)[i] = ((const float *) in)[idx ? idx[i] : i];
}

/*
 * Fills a block with up to max rows, raw; x (ld p) or y (targets idx, ld nt)
 * may be NULL.  Returns the rows.
 */
static int
gather_rows(RowCursor *c, int max, TensorType type, void *x, void *y, const int *idx, int nt)
{
	const Gram *g = c->g;
	const GramChunk *chunk;
	int			row;
	int			n;
	int			done = 0;

	while (done < max && cursor_next(c, max - done, &chunk, &row, &n))
	{
		for (int i = 0; i < n; i++)
		{
			Size		r = row + i;

			if (x)
				convert_row((char *) chunk->x + r * g->p * chunk->xtype, chunk->xtype,
							(char *) x + (Size) (done + i) * g->p * type, type, NULL, g->p);
			if (y)
				convert_row((char *) chunk->y + r * g->v * chunk->ytype, chunk->ytype,
							(char *) y + (Size) (done + i) * nt * type, type, idx, nt);
		}
		done += n;
		CHECK_FOR_INTERRUPTS();
	}
	return done;
}

/* Rows of a block: of n, and at most 32 MB of them where that leaves a fair product. */
static int
block_rows(int64 n, Size bytes_per_row)
{
	Size		fits = BLOCK_BYTES / Max(bytes_per_row, 1);

	return (int) Min(n, (int64) Min((Size) BLOCK_ROWS, Max((Size) MIN_BLOCK_ROWS, fits)));
}

int64
gram_held_n(const Gram *g, const int *cells, int n_cells)
{
	int64		n = 0;

	for (int i = 0; i < n_cells; i++)
		n += g->cells[cells[i]].n_held;
	return n;
}

/* ---- sums over cells ---- */

/*
 * What the moments of this cell count from the data is valid only about the
 * gram's centre: g->has_centre holds whenever a cell has moments.
 */
int64
gram_sum_xx(const Gram *g, const int *cells, int n_cells, const double *cx, double *sx, double *sxx)
{
	int64		n_held = gram_held_n(g, cells, n_cells);
	int64		n = n_held;

	for (int i = 0; i < n_cells; i++)
	{
		const GramMoments *m = g->cells[cells[i]].moments;

		if (m)
		{
			Translation t = translation_new(g, g->cx, NULL, cx, NULL, NULL, 0);

			add_translated_xx(m, g->p, t, 1, sx, sxx);
			translation_free(t);
			n += m->n;
		}
	}

	if (n_held > 0)
	{
		RowCursor	cursor = cursor_new(g, cells, n_cells);
		Size		row = size_mul(g->p, sizeof(double));
		int			max = block_rows(n_held, row);
		MemoryContext scratch = scratch_create("gram rows", size_mul(max, row), MEMORY_HINT);
		double	   *x = MemoryContextAllocHuge(scratch, size_mul(max, row));
		int			rows;

		while ((rows = gather_rows(&cursor, max, TENSOR_FLOAT8, x, NULL, NULL, 0)) > 0)
		{
			block_centre(TENSOR_FLOAT8, x, g->p, rows, g->p, cx, sx, NULL);
			if (sxx)
				add_products_xx(TENSOR_FLOAT8, x, rows, g->p, sxx);
		}
		MemoryContextDelete(scratch);
	}
	return n;
}

int *
gram_all_cells(const Gram *g)
{
	int		   *cells = palloc(Max(1, g->n_cells) * sizeof(int));

	for (int i = 0; i < g->n_cells; i++)
		cells[i] = i;
	return cells;
}

int64
gram_sum_squares_x(const Gram *g, const int *cells, int n_cells, const double *cx, double *sx, double *sxx)
{
	int64		n_held = gram_held_n(g, cells, n_cells);
	int64		n = 0;

	for (int i = 0; i < n_cells; i++)
	{
		const GramMoments *m = g->cells[cells[i]].moments;

		for (int j = 0; m && j < g->p; j++)
		{
			double		d = g->cx[j] - cx[j];

			sxx[j] += m->sxx[(Size) j * g->p + j] + 2 * d * m->sx[j] + m->n * d * d;
			sx[j] += m->sx[j] + m->n * d;
		}
		n += m ? m->n : 0;
	}
	if (n_held > 0)
	{
		RowCursor	cursor = cursor_new(g, cells, n_cells);
		Size		row = size_mul(g->p, sizeof(double));
		int			max = block_rows(n_held, row);
		MemoryContext scratch = scratch_create("gram rows", size_mul(max, row), MEMORY_HINT);
		double	   *x = MemoryContextAllocHuge(scratch, size_mul(max, row));
		int			rows;

		while ((rows = gather_rows(&cursor, max, TENSOR_FLOAT8, x, NULL, NULL, 0)) > 0)
			block_centre(TENSOR_FLOAT8, x, g->p, rows, g->p, cx, sx, sxx);
		MemoryContextDelete(scratch);
	}
	return n + n_held;
}

/*
 * The held rows' part of gram_sum_xy, in float8: rows are held where they are
 * few beside the features, and there an error of 1e-7 in X'Y would count.
 */
static void
sum_held_xy(const Gram *g, const int *cells, int n_cells, int64 n_held,
			const double *cx, const double *cy, const int *idx, int nt,
			double *sy, double *syy, double *sxy, Size ldxy)
{
	RowCursor	cursor = cursor_new(g, cells, n_cells);
	Size		row = size_mul(size_add(g->p, nt), sizeof(double));
	int			max = block_rows(n_held, row);
	MemoryContext scratch = scratch_create("gram rows", size_mul(max, row), MEMORY_HINT);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	double	   *x = huge_matrix(max, g->p);
	double	   *y = huge_matrix(max, nt);
	double	   *cy_idx = huge_matrix(1, nt);
	double	   *unused = huge_alloc0(g->p * sizeof(double));
	int			rows;

	for (int i = 0; i < nt; i++)
		cy_idx[i] = cy[idx ? idx[i] : i];
	while ((rows = gather_rows(&cursor, max, TENSOR_FLOAT8, x, y, idx, nt)) > 0)
	{
		block_centre(TENSOR_FLOAT8, x, g->p, rows, g->p, cx, unused, NULL);
		block_centre(TENSOR_FLOAT8, y, nt, rows, nt, cy_idx, sy, syy);
		gemm_f8(true, false, g->p, nt, rows, 1, x, g->p, y, nt, 1, sxy, ldxy);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
}

void
gram_sum_xy(const Gram *g, const int *cells, int n_cells, const double *cx, const double *cy,
			const int *idx, int nt, double *sy, double *syy, double *sxy, Size ldxy)
{
	int64		n_held = gram_held_n(g, cells, n_cells);

	for (int i = 0; i < n_cells; i++)
	{
		const GramCell *cell = &g->cells[cells[i]];

		if (cell->moments)
		{
			Translation t = translation_new(g, g->cx, g->cy, cx, cy, idx, nt);

			add_translated_xy(g, cell, cell->moments, idx, nt, t, 1, sy, syy, sxy, ldxy);
			translation_free(t);
		}
	}
	if (n_held > 0 && nt > 0)
		sum_held_xy(g, cells, n_cells, n_held, cx, cy, idx, nt, sy, syy, sxy, ldxy);
}

/* ---- held rows as float8 ---- */

void
gram_held_x(const Gram *g, const int *cells, int n_cells, const double *cx, double *out)
{
	RowCursor	cursor = cursor_new(g, cells, n_cells);
	int			rows;

	while ((rows = gather_rows(&cursor, BLOCK_ROWS, TENSOR_FLOAT8, out, NULL, NULL, 0)) > 0)
	{
		if (cx)
			for (int i = 0; i < rows; i++)
				for (int j = 0; j < g->p; j++)
					out[(Size) i * g->p + j] -= cx[j];
		out += (Size) rows * g->p;
	}
}

void
gram_held_y(const Gram *g, const int *cells, int n_cells, const double *cy, const int *idx, int nt,
			double *out, Size ldout)
{
	RowCursor	cursor = cursor_new(g, cells, n_cells);

	/* a row at a time, since the block's rows are nt apart and the caller's ldout */
	while (gather_rows(&cursor, 1, TENSOR_FLOAT8, NULL, out, idx, nt) > 0)
	{
		if (cy)
			for (int i = 0; i < nt; i++)
				out[i] -= cy[idx ? idx[i] : i];
		out += ldout;
	}
}

void
gram_held_ordinals(const Gram *g, const int *cells, int n_cells, int64 *out)
{
	RowCursor	cursor = cursor_new(g, cells, n_cells);
	const GramChunk *chunk;
	int			row;
	int			n;

	while (cursor_next(&cursor, INT_MAX, &chunk, &row, &n))
	{
		memcpy(out, chunk->ordinal + row, n * sizeof(int64));
		out += n;
	}
}

/* ---- the centre ---- */

#define CENTRE_ROWS 256			/* of each cell: any point near the mean will do */

void
gram_get_centre(const Gram *g, double *cx, double *cy)
{
	double	   *row;
	double	   *n_y;
	int64		n = 0;

	if (g->has_centre)
	{
		memcpy(cx, g->cx, g->p * sizeof(double));
		if (g->v > 0)
			memcpy(cy, g->cy, g->v * sizeof(double));
		return;
	}

	row = huge_alloc(Max(g->p, g->v) * sizeof(double));
	n_y = huge_alloc0(Max(1, g->v) * sizeof(double));
	memset(cx, 0, g->p * sizeof(double));
	memset(cy, 0, g->v * sizeof(double));
	for (int c = 0; c < g->n_cells; c++)
	{
		RowCursor	cursor = cursor_new(g, &c, 1);

		for (int i = 0; i < CENTRE_ROWS && gather_rows(&cursor, 1, TENSOR_FLOAT8, row, NULL, NULL, 0) == 1; i++)
		{
			for (int j = 0; j < g->p; j++)
				cx[j] += row[j];
			n++;
		}
		cursor = cursor_new(g, &c, 1);
		for (int i = 0; i < CENTRE_ROWS && g->v > 0 &&
			 gather_rows(&cursor, 1, TENSOR_FLOAT8, NULL, row, NULL, g->v) == 1; i++)
			for (int t = 0; t < g->v; t++)
				if (!isnan(row[t]))
				{
					cy[t] += row[t];
					n_y[t]++;
				}
	}
	for (int j = 0; j < g->p; j++)
		cx[j] = block_provisional_mean(cx[j], n);
	for (int t = 0; t < g->v; t++)
		cy[t] = block_provisional_mean(cy[t], n_y[t]);
	pfree(row);
	pfree(n_y);
}
