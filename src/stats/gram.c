/*
 * gram.c
 *		The gram's cells and rows: adding, merging, selecting, subtracting.
 *
 * A row costs one copy of its x and y into its cell's last chunk, checked for
 * NaN and infinity on the way.  The arithmetic (folding rows into moments) is
 * in gram_moments.c; gram.h says how a cell works.
 *
 * The subtlety: a cell is found by (fold, set of missing targets).  Data with
 * targets missing at random make a cell a row, so cells and patterns are found
 * by hashing, chunks start small, and such cells stay rows for ever because
 * their moments would be larger.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "common/hashfn.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "stats/block.h"
#include "stats/gram.h"
#include "stats/gram_object.h"

/* A cell folds its rows in when it has at least so many and their bytes pass the moments'. */
#define MIN_BLOCK_ROWS	256
#define MAX_BLOCK_ROWS	2048
#define MAX_CHUNK_ROWS	1024
#define SMALL_ROWS		512

#define MAX_ENTRIES		(1 << 28)	/* of cells or patterns: an index of 4 slots each stays an int */

/* What an allocation takes beside what was asked for, about. */
#define ALLOC_OVERHEAD	((Size) 24)

#define MEMORY_HINT "Aggregate fewer targets at a time (chunk the voxels), fewer features or fewer folds."

/* ---- finding cells and patterns ---- */

static uint32
cell_hash(int64 fold, int pattern)
{
	return hash_combine(murmurhash32((uint32) (fold ^ (fold >> 32))), murmurhash32((uint32) pattern));
}

/* Doubles an index that is over half full; its owner then re-enters every entry. */
static bool
index_needs_growth(const GramIndex *index, int n_entries)
{
	return index->n_slots < 2 * (n_entries + 1);
}

static void
index_grow(Gram *g, GramIndex *index, int n_entries)
{
	int			n_slots = Max(16, index->n_slots);

	if (n_entries >= MAX_ENTRIES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a gram has at most %d folds and patterns of missing targets", MAX_ENTRIES)));
	while (n_slots < 4 * (n_entries + 1))
		n_slots *= 2;
	memory_claim_add(g->claim, (n_slots - index->n_slots) * sizeof(int), MEMORY_HINT);
	if (index->slots)
		pfree(index->slots);
	index->slots = MemoryContextAllocExtended(STATE_CONTEXT(g), n_slots * sizeof(int),
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	index->n_slots = n_slots;
}

static void
index_enter(GramIndex *index, uint32 hash, int entry)
{
	uint32		mask = index->n_slots - 1;
	uint32		slot = hash & mask;

	while (index->slots[slot] != 0)
		slot = (slot + 1) & mask;
	index->slots[slot] = entry + 1;
}

static uint32
pattern_hash(const Gram *g, const uint8 *bits)
{
	return hash_bytes(bits, GRAM_PATTERN_BYTES(g->v));
}

/* The pattern with these bits, entered if new. */
int
gram_pattern(Gram *g, const uint8 *bits)
{
	Size		bytes = GRAM_PATTERN_BYTES(g->v);
	uint32		hash = pattern_hash(g, bits);
	uint8	   *copy;

	if (index_needs_growth(&g->pattern_index, g->n_patterns))
	{
		index_grow(g, &g->pattern_index, g->n_patterns);
		for (int i = 0; i < g->n_patterns; i++)
			index_enter(&g->pattern_index, pattern_hash(g, g->patterns[i]), i);
	}
	for (uint32 slot = hash & (g->pattern_index.n_slots - 1); g->pattern_index.slots[slot] != 0;
		 slot = (slot + 1) & (g->pattern_index.n_slots - 1))
	{
		int			i = g->pattern_index.slots[slot] - 1;

		if (memcmp(g->patterns[i], bits, bytes) == 0)
			return i;
	}

	if (g->n_patterns == g->max_patterns)
	{
		g->max_patterns *= 2;
		g->patterns = repalloc_huge(g->patterns, size_mul(g->max_patterns, sizeof(uint8 *)));
	}
	memory_claim_add(g->claim, bytes + 2 * sizeof(uint8 *) + ALLOC_OVERHEAD, MEMORY_HINT);
	copy = MemoryContextAlloc(STATE_CONTEXT(g), Max(bytes, 1));
	memcpy(copy, bits, bytes);
	g->patterns[g->n_patterns] = copy;
	index_enter(&g->pattern_index, hash, g->n_patterns);
	return g->n_patterns++;
}

GramCell *
gram_cell(Gram *g, int64 fold, int pattern)
{
	uint32		hash;
	GramCell   *cell;

	if (g->n_cells > 0)
	{
		cell = &g->cells[g->last_cell];
		if (cell->fold == fold && cell->pattern == pattern)
			return cell;
	}

	hash = cell_hash(fold, pattern);
	if (index_needs_growth(&g->cell_index, g->n_cells))
	{
		index_grow(g, &g->cell_index, g->n_cells);
		for (int i = 0; i < g->n_cells; i++)
			index_enter(&g->cell_index, cell_hash(g->cells[i].fold, g->cells[i].pattern), i);
	}
	for (uint32 slot = hash & (g->cell_index.n_slots - 1); g->cell_index.slots[slot] != 0;
		 slot = (slot + 1) & (g->cell_index.n_slots - 1))
	{
		int			i = g->cell_index.slots[slot] - 1;

		if (g->cells[i].fold == fold && g->cells[i].pattern == pattern)
		{
			g->last_cell = i;
			return &g->cells[i];
		}
	}

	if (g->n_cells == g->max_cells)
	{
		int			max_cells = g->max_cells * 2;

		memory_claim_add(g->claim, (max_cells - g->max_cells) * sizeof(GramCell), MEMORY_HINT);
		g->cells = repalloc_huge(g->cells, size_mul(max_cells, sizeof(GramCell)));
		g->max_cells = max_cells;
	}
	cell = &g->cells[g->n_cells];
	memset(cell, 0, sizeof(GramCell));
	cell->fold = fold;
	cell->pattern = pattern;
	index_enter(&g->cell_index, hash, g->n_cells);
	g->last_cell = g->n_cells++;
	return cell;
}

/* ---- making ---- */

Gram *
gram_new(MemoryContext parent, int p, int v, bool has_folds)
{
	Gram	   *g;
	MemoryContext cxt;

	if (p > GRAM_MAX_COLUMNS || v > GRAM_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a gram has at most %d features and targets, not %d", GRAM_MAX_COLUMNS, Max(p, v))));
	g = state_new(&gram_kind, parent, sizeof(Gram));
	cxt = STATE_CONTEXT(g);
	g->p = p;
	g->v = v;
	g->has_folds = has_folds;
	g->max_cells = 4;
	g->cells = MemoryContextAlloc(cxt, g->max_cells * sizeof(GramCell));
	g->max_patterns = 4;
	g->patterns = MemoryContextAlloc(cxt, g->max_patterns * sizeof(uint8 *));
	g->patterns[0] = MemoryContextAllocZero(cxt, Max(GRAM_PATTERN_BYTES(v), 1));
	g->n_patterns = 1;
	g->claim = memory_claim(cxt, "gram");
	return g;
}

/* ---- rows ---- */

static Size
row_bytes(const Gram *g, TensorType xtype, TensorType ytype)
{
	return (Size) g->p * xtype + (Size) g->v * ytype;
}

static Size
chunk_bytes(const Gram *g, const GramChunk *chunk)
{
	return (row_bytes(g, chunk->xtype, chunk->ytype) + sizeof(int64)) * chunk->capacity +
		sizeof(GramChunk) + 4 * ALLOC_OVERHEAD;
}

/* Memory for the rows of an empty chunk. */
static void
chunk_alloc(Gram *g, GramChunk *chunk, TensorType xtype, TensorType ytype, int capacity)
{
	MemoryContext old = MemoryContextSwitchTo(STATE_CONTEXT(g));

	chunk->xtype = xtype;
	chunk->ytype = ytype;
	chunk->capacity = capacity;
	memory_claim_add(g->claim, chunk_bytes(g, chunk), MEMORY_HINT);
	chunk->ordinal = huge_alloc(size_mul(capacity, sizeof(int64)));
	chunk->x = huge_alloc(Max(1, size_mul(capacity, (Size) g->p * xtype)));
	chunk->y = huge_alloc(Max(1, size_mul(capacity, (Size) g->v * ytype)));
	MemoryContextSwitchTo(old);
}

static void
chunk_release(Gram *g, GramChunk *chunk)
{
	memory_claim_sub(g->claim, chunk_bytes(g, chunk));
	pfree(chunk->ordinal);
	pfree(chunk->x);
	pfree(chunk->y);
}

void
gram_free_chunk(Gram *g, GramChunk *chunk)
{
	chunk_release(g, chunk);
	pfree(chunk);
}

/*
 * Rows that make a block once the cell has moments: a product worth its pass
 * over X'Y, in at most the moments' memory.
 */
static int
block_rows(const Gram *g, Size bytes_per_row)
{
	Size		rows = gram_moments_bytes(g->p, g->v) / Max(bytes_per_row, 1);

	return (int) Min(Max(rows, MIN_BLOCK_ROWS), MAX_BLOCK_ROWS);
}

int
gram_block_rows(const Gram *g, const GramChunk *like)
{
	return block_rows(g, row_bytes(g, like->xtype, like->ytype));
}

GramChunk *
gram_reserve_rows(Gram *g, GramCell *cell, TensorType xtype, TensorType ytype, int n)
{
	GramChunk  *chunk = cell->last;
	int			capacity;

	if (chunk)
	{
		bool		wide_enough = chunk->xtype >= xtype && chunk->ytype >= ytype;

		if (wide_enough && chunk->capacity - chunk->n >= n)
			return chunk;
		xtype = Max(xtype, chunk->xtype);
		ytype = Max(ytype, chunk->ytype);
		if (!wide_enough && cell->moments && cell->n_held > 0)
		{
			gram_fold_in(g, cell);
			chunk = cell->last;
		}
		if (chunk && chunk->n == 0)
		{
			capacity = Max(chunk->capacity, n);
			chunk_release(g, chunk);
			chunk_alloc(g, chunk, xtype, ytype, capacity);
			return chunk;
		}
	}

	if (cell->moments)
		capacity = block_rows(g, row_bytes(g, xtype, ytype));
	else if (chunk == NULL)
		capacity = cell->pattern != 0 ? 1 : 8;
	else
		capacity = Min(chunk->capacity * 2, MAX_CHUNK_ROWS);
	chunk = MemoryContextAllocZero(STATE_CONTEXT(g), sizeof(GramChunk));
	chunk_alloc(g, chunk, xtype, ytype, Max(capacity, n));
	if (cell->last)
		cell->last->next = chunk;
	else
		cell->first = chunk;
	cell->last = chunk;
	return chunk;
}

/* Elements of rows from one chunk to another, whose type is the same or wider. */
static void
copy_values(const void *in, TensorType from, void *out, TensorType to, Size n)
{
	if (from == to)
		memcpy(out, in, n * from);
	else
		for (Size i = 0; i < n; i++)
			((double *) out)[i] = ((const float *) in)[i];
}

static void *
row_of(void *matrix, TensorType type, Size row, Size n_columns)
{
	return (char *) matrix + row * n_columns * type;
}

void
gram_join_small_chunks(Gram *g, GramCell *cell)
{
	GramChunk  *first = cell->first;
	GramChunk  *end = first;
	GramChunk  *joined;
	int			n = 0;

	while (end && n + end->n <= SMALL_ROWS && end->xtype == first->xtype && end->ytype == first->ytype)
	{
		n += end->n;
		end = end->next;
	}
	if (end == first || first->next == end)
		return;

	joined = MemoryContextAllocZero(STATE_CONTEXT(g), sizeof(GramChunk));
	chunk_alloc(g, joined, first->xtype, first->ytype, n);
	while (first != end)
	{
		GramChunk  *next = first->next;

		memcpy(joined->ordinal + joined->n, first->ordinal, first->n * sizeof(int64));
		memcpy(row_of(joined->x, joined->xtype, joined->n, g->p), first->x, (Size) first->n * g->p * first->xtype);
		memcpy(row_of(joined->y, joined->ytype, joined->n, g->v), first->y, (Size) first->n * g->v * first->ytype);
		joined->n += first->n;
		gram_free_chunk(g, first);
		first = next;
	}
	joined->next = end;
	cell->first = joined;
	if (end == NULL)
		cell->last = joined;
}

static double
row_element(const void *row, TensorType type, Size i)
{
	return type == TENSOR_FLOAT8 ? ((const double *) row)[i] : ((const float *) row)[i];
}

static const char *
not_finite_name(double value)
{
	return isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

_Noreturn static void
report_bad_x(const void *row, TensorType type, int p, int64 ordinal)
{
	for (int j = 0; j < p; j++)
	{
		double		value = row_element(row, type, j);

		if (!isfinite(value))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %d of x is %s in row " INT64_FORMAT,
							j + 1, not_finite_name(value), ordinal),
					 errdetail("Features must be finite; NaN is allowed in y only, where it means missing.")));
	}
	elog(ERROR, "x was not finite, then was");
}

/* The pattern of a row of y that is not all finite. */
static int
missing_pattern(Gram *g, const void *row, TensorType type, int64 ordinal)
{
	uint8	   *bits = palloc0(GRAM_PATTERN_BYTES(g->v));
	int			pattern;

	for (int t = 0; t < g->v; t++)
	{
		double		value = row_element(row, type, t);

		if (isnan(value))
			bits[t >> 3] |= 1 << (t & 7);
		else if (isinf(value))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %d of y is %s in row " INT64_FORMAT,
							t + 1, not_finite_name(value), ordinal),
					 errdetail("Responses must be finite, or NaN for a missing value.")));
	}
	pattern = gram_pattern(g, bits);
	pfree(bits);
	return pattern;
}

/* Does the cell hold so many rows that their moments are smaller, or a full block? */
static bool
time_to_fold_in(const Gram *g, const GramCell *cell)
{
	if (cell->n_held < MIN_BLOCK_ROWS || g->keep_rows)
		return false;
	if (cell->moments)
		return cell->last->n == cell->last->capacity;
	return cell->held_bytes > gram_moments_bytes(g->p, g->v);
}

/* One row that is already in the chunk's next place belongs to the cell now. */
static void
row_joins(Gram *g, GramCell *cell, GramChunk *chunk, int64 ordinal)
{
	chunk->ordinal[chunk->n++] = ordinal;
	cell->n_held++;
	cell->held_bytes += row_bytes(g, chunk->xtype, chunk->ytype);
}

void
gram_add_row(Gram *g, const Tensor *x, const Tensor *y, int64 fold)
{
	TensorType	xtype = x->dtype == TENSOR_FLOAT8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4;
	TensorType	ytype = y && y->dtype == TENSOR_FLOAT8 ? TENSOR_FLOAT8 : TENSOR_FLOAT4;
	int64		ordinal = g->n_rows_seen + 1;
	GramCell   *cell;
	GramChunk  *chunk;
	void	   *xrow;
	void	   *yrow;

	block_check_row(x, g->p, "x", ordinal);
	if (y)
		block_check_row(y, g->v, "y", ordinal);

	/* most rows miss nothing: write straight into that cell, and move if this one does */
	cell = gram_cell(g, fold, 0);
	chunk = gram_reserve_rows(g, cell, xtype, ytype, 1);
	xrow = row_of(chunk->x, chunk->xtype, chunk->n, g->p);
	yrow = row_of(chunk->y, chunk->ytype, chunk->n, g->v);

	if (!block_copy_row(x, chunk->xtype, xrow))
		report_bad_x(xrow, chunk->xtype, g->p, ordinal);
	if (y && !block_copy_row(y, chunk->ytype, yrow))
	{
		int			pattern = missing_pattern(g, yrow, chunk->ytype, ordinal);
		GramChunk  *own;

		cell = gram_cell(g, fold, pattern);
		own = gram_reserve_rows(g, cell, chunk->xtype, chunk->ytype, 1);
		copy_values(xrow, chunk->xtype, row_of(own->x, own->xtype, own->n, g->p), own->xtype, g->p);
		copy_values(yrow, chunk->ytype, row_of(own->y, own->ytype, own->n, g->v), own->ytype, g->v);
		chunk = own;
	}
	if (xtype == TENSOR_FLOAT8 || ytype == TENSOR_FLOAT8)
		g->has_float8 = true;
	g->n_rows_seen++;
	row_joins(g, cell, chunk, ordinal - 1);
	if (time_to_fold_in(g, cell))
		gram_fold_ahead(g, cell);
}

/* ---- merging ---- */

static void
require_same_columns(const Gram *a, const Gram *b)
{
	if (a->p != b->p || a->v != b->v)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("grams have different columns: %d features and %d targets, and %d and %d",
						a->p, a->v, b->p, b->v)));
	if (a->has_folds != b->has_folds)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("one gram has folds and the other has none"),
				 errhint("Make both with gram_agg(x, y, fold), or both without a fold.")));
}

void
gram_append_rows(Gram *dst, int dst_cell, const GramChunk *src, int64 ordinal_shift)
{
	int			done = 0;

	while (done < src->n)
	{
		GramCell   *cell = &dst->cells[dst_cell];
		GramChunk  *chunk = gram_reserve_rows(dst, cell, src->xtype, src->ytype, 1);
		Size		n = Min(src->n - done, chunk->capacity - chunk->n);

		copy_values(row_of(src->x, src->xtype, done, dst->p), src->xtype,
					row_of(chunk->x, chunk->xtype, chunk->n, dst->p), chunk->xtype, n * dst->p);
		copy_values(row_of(src->y, src->ytype, done, dst->v), src->ytype,
					row_of(chunk->y, chunk->ytype, chunk->n, dst->v), chunk->ytype, n * dst->v);
		for (Size i = 0; i < n; i++)
			chunk->ordinal[chunk->n + i] = src->ordinal[done + i] + ordinal_shift;
		chunk->n += (int) n;
		cell->n_held += n;
		cell->held_bytes += n * row_bytes(dst, chunk->xtype, chunk->ytype);
		done += (int) n;
		if (time_to_fold_in(dst, cell))
			gram_fold_in(dst, cell);
	}
}

static void
adopt_centre(Gram *dst, const Gram *src)
{
	if (dst->has_centre || !src->has_centre)
		return;
	gram_set_centre(dst, src->cx, src->cy);
}

/* The cell of dst for a cell of src, whose fold is 'fold' there */
static int
matching_cell(Gram *dst, const Gram *src, const GramCell *cell, int64 fold)
{
	int			pattern = cell->pattern == 0 ? 0 : gram_pattern(dst, src->patterns[cell->pattern]);

	return (int) (gram_cell(dst, fold, pattern) - dst->cells);
}

static void
merge_cell(Gram *dst, const Gram *src, const GramCell *cell, int64 fold, int64 ordinal_shift)
{
	int			target = matching_cell(dst, src, cell, fold);

	if (cell->moments)
	{
		state_rows_plus("gram", gram_cell_n(&dst->cells[target]), cell->moments->n);
		gram_add_moments(dst, &dst->cells[target], cell->moments, src->cx, src->cy, 1);
	}
	for (const GramChunk *chunk = cell->first; chunk; chunk = chunk->next)
	{
		CHECK_FOR_INTERRUPTS();
		gram_append_rows(dst, target, chunk, ordinal_shift);
	}
}

void
gram_merge(Gram *dst, const Gram *src)
{
	gram_merge_folds(dst, src, NULL);
}

void
gram_merge_folds(Gram *dst, const Gram *src, const int64 *folds)
{
	int64		n;

	require_same_columns(dst, src);
	gram_wait(dst);
	n = state_rows_plus("gram", dst->n_rows_seen, src->n_rows_seen);
	adopt_centre(dst, src);
	for (int i = 0; i < src->n_cells; i++)
	{
		int64		fold = src->cells[i].fold;

		merge_cell(dst, src, &src->cells[i], folds ? folds[fold] : fold, dst->n_rows_seen);
	}
	dst->n_rows_seen = n;
	dst->has_float8 |= src->has_float8;
	dst->products_float4 |= src->products_float4;
}

int
gram_compare_folds(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

Gram *
gram_copy_folds(MemoryContext parent, const Gram *g, const int64 *folds, int n_folds, bool without)
{
	Gram	   *copy = gram_new(parent, g->p, g->v, g->has_folds);

	copy->keep_rows = g->keep_rows;
	adopt_centre(copy, g);
	for (int i = 0; i < g->n_cells; i++)
	{
		const GramCell *cell = &g->cells[i];
		bool		listed = n_folds > 0 &&
			bsearch(&cell->fold, folds, n_folds, sizeof(int64), gram_compare_folds) != NULL;

		if (listed != without)
			merge_cell(copy, g, cell, cell->fold, 0);
	}
	copy->n_rows_seen = g->n_rows_seen;
	copy->has_float8 = g->has_float8;
	copy->products_float4 |= g->products_float4;
	return copy;
}

Gram *
gram_copy(MemoryContext parent, const Gram *g)
{
	return gram_copy_folds(parent, g, NULL, 0, true);
}

/* ---- selecting columns ---- */

static void
select_columns(const void *in, TensorType from, const int *columns, int n, void *out, TensorType to)
{
	if (to == TENSOR_FLOAT4)
		for (int j = 0; j < n; j++)
			((float *) out)[j] = ((const float *) in)[columns[j]];
	else if (from == TENSOR_FLOAT8)
		for (int j = 0; j < n; j++)
			((double *) out)[j] = ((const double *) in)[columns[j]];
	else
		for (int j = 0; j < n; j++)
			((double *) out)[j] = ((const float *) in)[columns[j]];
}

static void
add_columns(const double *in, const int *columns, int n, double *out)
{
	for (int j = 0; j < n; j++)
		out[j] += in[columns[j]];
}

/* to += these columns of m, about the same centre */
static void
select_moments(const Gram *g, const GramMoments *m, const int *features, int p,
			   const int *targets, int v, GramMoments *to)
{
	to->n += m->n;
	add_columns(m->sx, features, p, to->sx);
	add_columns(m->sy, targets, v, to->sy);
	add_columns(m->syy, targets, v, to->syy);
	for (int j = 0; j < p; j++)
	{
		CHECK_FOR_INTERRUPTS();
		add_columns(m->sxx + (Size) features[j] * g->p, features, p, to->sxx + (Size) j * p);
		add_columns(m->sxy + (Size) features[j] * g->v, targets, v, to->sxy + (Size) j * v);
	}
}

/* The pattern that a cell's pattern becomes when only these targets are kept. */
static int
select_pattern(Gram *dst, const Gram *g, const GramCell *cell, const int *targets, int v)
{
	uint8	   *bits = palloc0(Max(GRAM_PATTERN_BYTES(v), 1));
	int			pattern;

	for (int t = 0; t < v; t++)
		if (GRAM_MISSING(g, cell, targets[t]))
			bits[t >> 3] |= 1 << (t & 7);
	pattern = gram_pattern(dst, bits);
	pfree(bits);
	return pattern;
}

Gram *
gram_select(MemoryContext parent, const Gram *g, const int *features, int n_features,
			const int *targets, int n_targets)
{
	Gram	   *s = gram_new(parent, n_features, n_targets, g->has_folds);

	if (g->has_centre)
	{
		double	   *cx = huge_alloc(Max(1, n_features) * sizeof(double));
		double	   *cy = huge_alloc(Max(1, n_targets) * sizeof(double));

		select_columns(g->cx, TENSOR_FLOAT8, features, n_features, cx, TENSOR_FLOAT8);
		select_columns(g->cy, TENSOR_FLOAT8, targets, n_targets, cy, TENSOR_FLOAT8);
		gram_set_centre(s, cx, cy);
		pfree(cx);
		pfree(cy);
	}
	for (int i = 0; i < g->n_cells; i++)
	{
		const GramCell *cell = &g->cells[i];
		int			pattern = select_pattern(s, g, cell, targets, n_targets);
		int			at = (int) (gram_cell(s, cell->fold, pattern) - s->cells);

		if (cell->moments)
			select_moments(g, cell->moments, features, n_features, targets, n_targets,
						   gram_cell_moments(s, &s->cells[at], NULL));
		for (const GramChunk *chunk = cell->first; chunk; chunk = chunk->next)
		{
			for (int r = 0; r < chunk->n; r++)
			{
				GramCell   *to = &s->cells[at];
				GramChunk  *out = gram_reserve_rows(s, to, chunk->xtype, chunk->ytype, 1);

				CHECK_FOR_INTERRUPTS();
				select_columns(row_of(chunk->x, chunk->xtype, r, g->p), chunk->xtype, features, n_features,
							   row_of(out->x, out->xtype, out->n, s->p), out->xtype);
				select_columns(row_of(chunk->y, chunk->ytype, r, g->v), chunk->ytype, targets, n_targets,
							   row_of(out->y, out->ytype, out->n, s->v), out->ytype);
				row_joins(s, to, out, chunk->ordinal[r]);
				if (time_to_fold_in(s, to))
					gram_fold_in(s, to);
			}
		}
	}
	s->n_rows_seen = g->n_rows_seen;
	s->has_float8 = g->has_float8;
	s->products_float4 |= g->products_float4;
	return s;
}

/* ---- subtracting ---- */

/*
 * What is left of a sum of squares about the mean may not be negative: allow
 * for rounding relative to what was there.
 */
static void
require_not_negative(double n, double s, double ss, double ss_before, const char *what, int64 i,
					 int64 fold)
{
	double		left = ss - s * s / n;

	if (left < -1e-9 * ss_before)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the second gram was never added to the first: subtracting it leaves %s " INT64_FORMAT
						" with a negative sum of squares", what, i + 1),
				 errdetail_client("It is %g in fold " INT64_FORMAT ".", left, fold)));
}

static void
subtract_cell(Gram *d, GramCell *cell, const GramMoments *m, const Gram *b)
{
	GramMoments *left = cell->moments;
	int64		n_before = left ? left->n : 0;
	int64		n = n_before - m->n;
	double	   *before;

	if (n < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the second gram was never added to the first: it has " INT64_FORMAT
						" rows of a fold that has " INT64_FORMAT " there", m->n, n_before),
				 errdetail_client("It is fold " INT64_FORMAT ".", cell->fold)));
	if (m->n == 0)
		return;

	before = huge_alloc(size_mul((Size) d->p + d->v, sizeof(double)));
	for (int j = 0; j < d->p; j++)
		before[j] = left->sxx[(Size) j * d->p + j];
	for (int t = 0; t < d->v; t++)
		before[d->p + t] = left->syy[t];
	gram_add_moments(d, cell, m, b->cx, b->cy, -1);
	for (int j = 0; j < d->p; j++)
		require_not_negative(Max(n, 1), left->sx[j], left->sxx[(Size) j * d->p + j], before[j],
							 "feature", j, cell->fold);
	for (int t = 0; t < d->v; t++)
		require_not_negative(Max(n, 1), left->sy[t], left->syy[t], before[d->p + t],
							 "target", t, cell->fold);
	pfree(before);
}

/* Every cell as moments alone, about one centre. */
static Gram *
all_moments(MemoryContext parent, const Gram *g, const Gram *centre_of)
{
	Gram	   *m = gram_new(parent, g->p, g->v, g->has_folds);

	adopt_centre(m, centre_of);
	gram_merge(m, g);
	for (int i = 0; i < m->n_cells; i++)
		gram_fold_in(m, &m->cells[i]);
	return m;
}

Gram *
gram_subtract(MemoryContext parent, const Gram *a, const Gram *b)
{
	Gram	   *all;
	Gram	   *part;
	Gram	   *left;

	require_same_columns(a, b);
	all = all_moments(CurrentMemoryContext, a, a->has_centre ? a : b);
	part = all_moments(CurrentMemoryContext, b, all);
	for (int i = 0; i < part->n_cells; i++)
	{
		const GramCell *cell = &part->cells[i];
		int			from = matching_cell(all, part, cell, cell->fold);	/* may move all->cells */

		if (cell->moments)
			subtract_cell(all, &all->cells[from], cell->moments, part);
	}

	/* leave out the cells that are empty now, so that the folds left are the folds there are */
	left = gram_new(parent, a->p, a->v, a->has_folds);
	adopt_centre(left, all);
	for (int i = 0; i < all->n_cells; i++)
		if (gram_cell_n(&all->cells[i]) > 0)
			merge_cell(left, all, &all->cells[i], all->cells[i].fold, 0);
	left->n_rows_seen = Max(gram_n(left), a->n_rows_seen - b->n_rows_seen);
	left->has_float8 = a->has_float8 || b->has_float8;
	left->products_float4 |= all->products_float4 || part->products_float4;
	MemoryContextDelete(STATE_CONTEXT(part));
	MemoryContextDelete(STATE_CONTEXT(all));
	return left;
}

/* ---- reading ---- */

int64
gram_cell_n(const GramCell *cell)
{
	return cell->n_held + (cell->moments ? cell->moments->n : 0);
}

int64
gram_n(const Gram *g)
{
	int64		n = 0;

	for (int i = 0; i < g->n_cells; i++)
		n += gram_cell_n(&g->cells[i]);
	return n;
}

bool
gram_rows_held(const Gram *g)
{
	for (int i = 0; i < g->n_cells; i++)
		if (g->cells[i].moments)
			return false;
	return true;
}

int64 *
gram_fold_ids(const Gram *g, int *n_folds)
{
	int64	   *ids = huge_alloc(Max(1, g->n_cells) * sizeof(int64));
	int			n = 0;

	for (int i = 0; i < g->n_cells; i++)
		ids[i] = g->cells[i].fold;
	qsort(ids, g->n_cells, sizeof(int64), gram_compare_folds);
	for (int i = 0; i < g->n_cells; i++)
		if (n == 0 || ids[n - 1] != ids[i])
			ids[n++] = ids[i];
	*n_folds = n;
	return ids;
}
