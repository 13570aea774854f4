/*
 * cross_gram_io.c
 *		The bytes of a cross_gram where it is stored or shipped (little-endian):
 *
 *	uint8 version, type (4 or 8), 2 zeros;  int32 p, q;  int64 n
 *	unless n is 0: float8 cx[p], sx[p], sxx[p], cy[q], sy[q], syy[q], sxy[p x q]
 *
 * Rows that wait are folded in before they are written.
 */
#include "postgres.h"

#include "stats/cross_gram.h"
#include "stats/gram.h"

/* The moments lie one after the other. */
static Size
moments_doubles(const CrossGram *g)
{
	return 3 * ((Size) g->p + g->q) + (Size) g->p * g->q;
}

static void
write_cross_gram(StateWriter *w, const void *state)
{
	const CrossGram *g = state;
	uint8		head[3] = {g->type, 0, 0};

	cross_gram_settle((CrossGram *) g);
	state_put_bytes(w, head, 3);
	state_put_int32(w, g->p);
	state_put_int32(w, g->q);
	state_put_int64(w, g->n);
	if (g->n > 0)
		state_put_sums(w, "cross_gram", g->cx, moments_doubles(g));
}

static void
validate_moments(const CrossGram *g)
{
	state_require_finite("cross_gram", g->cx, moments_doubles(g));
	for (int i = 0; i < g->p; i++)
		if (g->sxx[i] < 0)
			state_corrupt("cross_gram", "a sum of squares is negative");
	for (int j = 0; j < g->q; j++)
		if (g->syy[j] < 0)
			state_corrupt("cross_gram", "a sum of squares is negative");
}

static void *
read_cross_gram(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		p;
	int32		q;
	int64		n;
	CrossGram  *g;

	state_get_bytes(r, head, 3);
	if ((head[0] != TENSOR_FLOAT4 && head[0] != TENSOR_FLOAT8) || head[1] || head[2])
		state_corrupt("cross_gram", "bad type or unknown flags");
	p = state_get_int32(r);
	q = state_get_int32(r);
	n = state_get_int64(r);
	if (p < 1 || q < 1 || p > GRAM_MAX_COLUMNS || q > GRAM_MAX_COLUMNS || n < 0 || n > STATE_MAX_ROWS)
		state_corrupt("cross_gram", "bad number of units or rows");
	if (n > 0)
		state_require(r, size_mul(size_add(size_mul(p, q), 3 * ((Size) p + q)), sizeof(double)));
	g = cross_gram_new(parent, p, q);
	g->type = head[0];
	g->n = n;
	if (n == 0)
		return g;
	cross_gram_make_moments(g);
	state_get_array(r, g->cx, moments_doubles(g), sizeof(double));
	if (validate)
		validate_moments(g);
	return g;
}

static void
merge_cross_gram(void *dst, const void *src)
{
	cross_gram_merge(dst, (CrossGram *) src);
}

static void *
copy_cross_gram(MemoryContext parent, const void *state)
{
	const CrossGram *g = state;
	CrossGram  *copy = cross_gram_new(parent, g->p, g->q);

	merge_cross_gram(copy, g);
	return copy;
}

static char *
summarize_cross_gram(const void *state)
{
	const CrossGram *g = state;

	return psprintf("p=%d, q=%d, n=" INT64_FORMAT, g->p, g->q, cross_gram_n(g));
}

const StateKind cross_gram_kind = {
	.name = "cross_gram",
	.version = 1,
	.write = write_cross_gram,
	.read = read_cross_gram,
	.copy = copy_cross_gram,
	.merge = merge_cross_gram,
	.summary = summarize_cross_gram,
	.size_hint = "Take slices of x or y, or pass the state straight to corr: corr(cross_agg(x, y)) in one query level does not copy it."
};

const CrossGram *
DatumGetCrossGram(Datum d)
{
	CrossGram  *g = (CrossGram *) state_from_datum(&cross_gram_kind, d);

	cross_gram_settle(g);
	return g;
}

STATE_IO_FUNCTIONS(cross_gram, cross_gram_kind)
