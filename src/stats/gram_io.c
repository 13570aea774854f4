/*
 * gram_io.c
 *		The bytes of a gram where it is stored or shipped (little-endian):
 *
 *	uint8 version, uint8 flags (1 folds, 2 float8 rows seen, 4 centre, 8 products in float4), uint16 zero
 *	int32 p, v;  int64 rows seen;  int32 n_patterns, n_cells
 *	if centre: float8 cx[p], cy[v]
 *	patterns 1 .. n_patterns - 1: (v + 7) / 8 bytes each (pattern 0 is all zero)
 *	a cell: int64 fold, int32 pattern, int32 n_chunks, int64 n in moments
 *		if n > 0: float8 sx[p], lower triangle of sxx by rows, sy[v], syy[v], sxy[p x v]
 *		a chunk: int32 n, uint8 xtype, ytype, uint16 zero, int64 ordinal[n], x, y
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "stats/gram.h"
#include "stats/gram_object.h"

#define FLAG_FOLDS		1
#define FLAG_FLOAT8		2
#define FLAG_CENTRE		4
#define FLAG_PRODUCTS	8
#define FLAGS_KNOWN		15

/* ---- writing ---- */

static void
write_moments(StateWriter *w, const Gram *g, const GramMoments *m)
{
	state_put_sums(w, "gram", m->sx, g->p);
	for (int j = 0; j < g->p; j++)
		state_put_sums(w, "gram", m->sxx + (Size) j * g->p, j + 1);
	state_put_sums(w, "gram", m->sy, g->v);
	state_put_sums(w, "gram", m->syy, g->v);
	state_put_sums(w, "gram", m->sxy, (Size) g->p * g->v);
}

/* The next chunk that holds rows of other types than this one, or NULL */
static const GramChunk *
run_end(const GramChunk *chunk)
{
	const GramChunk *end = chunk->next;

	while (end && end->xtype == chunk->xtype && end->ytype == chunk->ytype)
		end = end->next;
	return end;
}

static int64
run_rows(const GramChunk *first)
{
	int64		n = 0;

	for (const GramChunk *end = run_end(first), *chunk = first; chunk != end; chunk = chunk->next)
		n += chunk->n;
	return n;
}

/* Rows of the same types as one chunk: how they came to lie in memory does not show in the bytes. */
static void
write_run(StateWriter *w, const Gram *g, const GramChunk *first)
{
	const GramChunk *end = run_end(first);
	uint8		types[4] = {first->xtype, first->ytype, 0, 0};

	state_put_int32(w, (int32) run_rows(first));	/* more have no room in a value */
	state_put_bytes(w, types, 4);
	for (const GramChunk *chunk = first; chunk != end; chunk = chunk->next)
		state_put_array(w, chunk->ordinal, chunk->n, 8);
	for (const GramChunk *chunk = first; chunk != end; chunk = chunk->next)
		state_put_array(w, chunk->x, (Size) chunk->n * g->p, chunk->xtype);
	for (const GramChunk *chunk = first; chunk != end; chunk = chunk->next)
		state_put_array(w, chunk->y, (Size) chunk->n * g->v, chunk->ytype);
}

static void
write_cell(StateWriter *w, const Gram *g, const GramCell *cell)
{
	int			n_runs = 0;

	for (const GramChunk *first = cell->first; first; first = run_end(first))
		n_runs += run_rows(first) > 0;
	state_put_int64(w, cell->fold);
	state_put_int32(w, cell->pattern);
	state_put_int32(w, n_runs);
	state_put_int64(w, cell->moments ? cell->moments->n : 0);
	if (cell->moments && cell->moments->n > 0)
		write_moments(w, g, cell->moments);
	for (const GramChunk *first = cell->first; first; first = run_end(first))
		if (run_rows(first) > 0)
			write_run(w, g, first);
}

static void
write_gram(StateWriter *w, const void *state)
{
	const Gram *g = state;
	uint8		head[3] = {0, 0, 0};
	int			n_cells = 0;

	head[0] = (g->has_folds ? FLAG_FOLDS : 0) | (g->has_float8 ? FLAG_FLOAT8 : 0) |
		(g->has_centre ? FLAG_CENTRE : 0) | (g->products_float4 ? FLAG_PRODUCTS : 0);
	for (int i = 0; i < g->n_cells; i++)
		n_cells += gram_cell_n(&g->cells[i]) > 0;

	state_put_bytes(w, head, 3);
	state_put_int32(w, g->p);
	state_put_int32(w, g->v);
	state_put_int64(w, g->n_rows_seen);
	state_put_int32(w, g->n_patterns);
	state_put_int32(w, n_cells);
	if (g->has_centre)
	{
		state_put_sums(w, "gram", g->cx, g->p);
		state_put_sums(w, "gram", g->cy, g->v);
	}
	for (int i = 1; i < g->n_patterns; i++)
		state_put_bytes(w, g->patterns[i], GRAM_PATTERN_BYTES(g->v));
	for (int i = 0; i < g->n_cells; i++)
		if (gram_cell_n(&g->cells[i]) > 0)
			write_cell(w, g, &g->cells[i]);
}

/* ---- reading ---- */

/* What no rows could have given. */
static void
validate_moments(const Gram *g, const GramCell *cell, const GramMoments *m)
{
	state_require_finite("gram", m->sx, g->p);
	state_require_finite("gram", m->sxx, (Size) g->p * g->p);
	state_require_finite("gram", m->sy, g->v);
	state_require_finite("gram", m->syy, g->v);
	state_require_finite("gram", m->sxy, (Size) g->p * g->v);
	for (int j = 0; j < g->p; j++)
		if (m->sxx[(Size) j * g->p + j] < 0)
			state_corrupt("gram", "a sum of squares of x is negative");
	for (int t = 0; t < g->v; t++)
	{
		if (m->syy[t] < 0)
			state_corrupt("gram", "a sum of squares of y is negative");
		if (GRAM_MISSING(g, cell, t) && (m->sy[t] != 0 || m->syy[t] != 0))
			state_corrupt("gram", "a missing target has sums");
	}
}

static void
read_moments(StateReader *r, Gram *g, int at, int64 n, bool validate)
{
	GramCell   *cell = &g->cells[at];
	Size		doubles = (Size) g->p * (g->p + 1) / 2 + g->p + 2 * (Size) g->v + (Size) g->p * g->v;
	MemoryContext old;
	GramMoments *m;

	if (!g->has_centre)
		state_corrupt("gram", "it has moments but no centre");
	state_require(r, size_mul(doubles, 8));
	memory_claim_add(g->claim, gram_moments_bytes(g->p, g->v), NULL);
	old = MemoryContextSwitchTo(STATE_CONTEXT(g));
	m = gram_moments_new(g->p, g->v);
	MemoryContextSwitchTo(old);
	m->n = n;
	state_get_array(r, m->sx, g->p, 8);
	for (int j = 0; j < g->p; j++)
	{
		state_get_array(r, m->sxx + (Size) j * g->p, j + 1, 8);
		for (int k = 0; k < j; k++)
			m->sxx[(Size) k * g->p + j] = m->sxx[(Size) j * g->p + k];
	}
	state_get_array(r, m->sy, g->v, 8);
	state_get_array(r, m->syy, g->v, 8);
	state_get_array(r, m->sxy, (Size) g->p * g->v, 8);
	if (validate)
		validate_moments(g, cell, m);
	cell->moments = m;
}

static double
element(const void *values, TensorType type, Size i)
{
	return type == TENSOR_FLOAT8 ? ((const double *) values)[i] : ((const float *) values)[i];
}

static void
validate_rows(const Gram *g, const GramCell *cell, const GramChunk *chunk, int first, int n)
{
	for (int i = first; i < first + n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (chunk->ordinal[i] < 0 || chunk->ordinal[i] >= g->n_rows_seen)
			state_corrupt("gram", "a row's ordinal is out of range");
		for (int j = 0; j < g->p; j++)
			if (!isfinite(element(chunk->x, chunk->xtype, (Size) i * g->p + j)))
				state_corrupt("gram", "an element of x is not finite");
		for (int t = 0; t < g->v; t++)
		{
			double		y = element(chunk->y, chunk->ytype, (Size) i * g->v + t);

			if (isinf(y) || (isnan(y) != GRAM_MISSING(g, cell, t)))
				state_corrupt("gram", "an element of y does not agree with what is missing");
		}
	}
}

static bool
is_row_type(uint8 type)
{
	return type == TENSOR_FLOAT4 || type == TENSOR_FLOAT8;
}

static void
read_chunk(StateReader *r, Gram *g, int at, bool validate)
{
	int32		n = state_get_int32(r);
	uint8		types[4];
	GramCell   *cell = &g->cells[at];
	GramChunk  *chunk;
	Size		row;

	state_get_bytes(r, types, 4);
	if (n <= 0 || !is_row_type(types[0]) || !is_row_type(types[1]) || types[2] || types[3])
		state_corrupt("gram", "bad header of held rows");
	if (!g->has_float8 && (types[0] == TENSOR_FLOAT8 || types[1] == TENSOR_FLOAT8))
		state_corrupt("gram", "it has float8 rows but says it has none");
	row = size_add(size_add(8, size_mul(g->p, types[0])), size_mul(g->v, types[1]));
	state_require(r, size_mul(n, row));

	chunk = gram_reserve_rows(g, cell, types[0], types[1], n);
	if (chunk->xtype != types[0] || chunk->ytype != types[1])
		state_corrupt("gram", "float4 rows follow float8 rows");
	state_get_array(r, chunk->ordinal + chunk->n, n, 8);
	state_get_array(r, (char *) chunk->x + (Size) chunk->n * g->p * types[0], (Size) n * g->p, types[0]);
	state_get_array(r, (char *) chunk->y + (Size) chunk->n * g->v * types[1], (Size) n * g->v, types[1]);
	if (validate)
		validate_rows(g, cell, chunk, chunk->n, n);
	chunk->n += n;
	cell->n_held += n;
	cell->held_bytes += n * (row - 8);
}

/* *rows_left: how many rows there may still be, so that no count of them overflows */
static void
read_cell(StateReader *r, Gram *g, int64 *rows_left, bool validate)
{
	int64		fold = state_get_int64(r);
	int32		pattern = state_get_int32(r);
	int32		n_chunks = state_get_int32(r);
	int64		n = state_get_int64(r);
	int			n_before = g->n_cells;
	int			at;
	GramMoments *moments;

	if (pattern < 0 || pattern >= g->n_patterns || n_chunks < 0 || n < 0 || n > STATE_MAX_ROWS ||
		(n == 0 && n_chunks == 0))
		state_corrupt("gram", "bad header of a cell");
	if (!g->has_folds && fold != 0)
		state_corrupt("gram", "it has a fold but says it has none");
	at = (int) (gram_cell(g, fold, pattern) - g->cells);
	if (g->n_cells == n_before)
		state_corrupt("gram", "a cell comes twice");
	if (n > 0)
		read_moments(r, g, at, n, validate);
	/* where there are moments, rows of a wider type would fold the others into them: the value is to be as it was written */
	moments = g->cells[at].moments;
	g->cells[at].moments = NULL;
	for (int i = 0; i < n_chunks; i++)
		read_chunk(r, g, at, validate);
	g->cells[at].moments = moments;
	*rows_left -= gram_cell_n(&g->cells[at]);
	if (*rows_left < 0)
		state_corrupt("gram", "it has more rows than it has seen");
}

static void
read_patterns(StateReader *r, Gram *g, int32 n_patterns)
{
	Size		bytes = GRAM_PATTERN_BYTES(g->v);
	uint8	   *bits = palloc0(Max(bytes, 1));

	state_require(r, size_mul(n_patterns - 1, bytes));
	for (int i = 1; i < n_patterns; i++)
	{
		CHECK_FOR_INTERRUPTS();
		state_get_bytes(r, bits, bytes);
		if (g->v % 8 != 0 && (bits[bytes - 1] >> (g->v % 8)) != 0)
			state_corrupt("gram", "a pattern of missing targets is too long");
		if (gram_pattern(g, bits) != i)
			state_corrupt("gram", "a pattern of missing targets comes twice");
	}
	pfree(bits);
}

static void *
read_gram(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		p;
	int32		v;
	int64		n_rows_seen;
	int64		rows_left;
	int32		n_patterns;
	int32		n_cells;
	Gram	   *g;

	state_get_bytes(r, head, 3);
	if ((head[0] & ~FLAGS_KNOWN) || head[1] || head[2])
		state_corrupt("gram", "unknown flags");
	p = state_get_int32(r);
	v = state_get_int32(r);
	n_rows_seen = state_get_int64(r);
	n_patterns = state_get_int32(r);
	n_cells = state_get_int32(r);
	if (p < 1 || p > GRAM_MAX_COLUMNS || v < 0 || v > GRAM_MAX_COLUMNS)
		state_corrupt("gram", "bad number of features or targets");
	if (n_rows_seen < 0 || n_rows_seen > STATE_MAX_ROWS || n_patterns < 1 || n_cells < 0 || (v == 0 && n_patterns > 1))
		state_corrupt("gram", "bad counts");
	if (head[0] & FLAG_CENTRE)
		state_require(r, size_mul((Size) p + v, 8));

	g = gram_new(parent, p, v, (head[0] & FLAG_FOLDS) != 0);
	g->has_float8 = (head[0] & FLAG_FLOAT8) != 0;
	g->products_float4 = (head[0] & FLAG_PRODUCTS) != 0;
	g->n_rows_seen = n_rows_seen;
	if (head[0] & FLAG_CENTRE)
	{
		double	   *cx = huge_alloc(size_mul((Size) p + v, 8));

		state_get_array(r, cx, (Size) p + v, 8);
		if (validate)
			state_require_finite("gram", cx, (Size) p + v);
		gram_set_centre(g, cx, cx + p);
		pfree(cx);
	}
	read_patterns(r, g, n_patterns);
	rows_left = n_rows_seen;
	for (int i = 0; i < n_cells; i++)
	{
		CHECK_FOR_INTERRUPTS();
		read_cell(r, g, &rows_left, validate);
	}
	return g;
}

static void *
copy_gram(MemoryContext parent, const void *state)
{
	return gram_copy(parent, state);
}

static void
merge_gram(void *dst, const void *src)
{
	gram_merge(dst, src);
}

static char *
summarize_gram(const void *state)
{
	const Gram *g = state;

	return psprintf("p=%d, v=%d, n=" INT64_FORMAT, g->p, g->v, gram_n(g));
}

static void
settle_gram(void *state)
{
	gram_wait(state);
}

const StateKind gram_kind = {
	.name = "gram",
	.version = 1,
	.write = write_gram,
	.read = read_gram,
	.copy = copy_gram,
	.merge = merge_gram,
	.summary = summarize_gram,
	.settle = settle_gram,
	.size_hint = "Chunk the targets, or pass the gram straight to its solver: "
	"ridge_cv(gram_agg(...)) in one query level does not copy it."
};

STATE_IO_FUNCTIONS(gram, gram_kind)
