/*
 * cooccurrence_io.c
 *		The bytes of a cooccurrence where it is stored or shipped (little-endian):
 *
 *	uint8 version, 3 zeros;  int32 p;  int64 n;  float8 threshold
 *	uint32 count[p (p + 1) / 2]: the lower triangle with its diagonal, row after row
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "stats/cooccurrence.h"

#define HEAD_BYTES 3

static void
write_cooccurrence(StateWriter *w, const void *state)
{
	const Cooccurrence *c = state;
	uint8		head[HEAD_BYTES] = {0};

	state_put_bytes(w, head, HEAD_BYTES);
	state_put_int32(w, c->p);
	state_put_int64(w, c->n);
	state_put_array(w, &c->threshold, 1, 8);
	state_put_array(w, c->count, (Size) c->p * ((Size) c->p + 1) / 2, 4);
}

/* No pair is active more often than either of the two, nor so seldom that there would have to be more rows. */
static void
require_counts(const StateReader *r, const Cooccurrence *c)
{
	for (int i = 0; i < c->p; i++)
	{
		const uint32 *row = COOCCURRENCE_ROW(c, i);

		CHECK_FOR_INTERRUPTS();
		if ((int64) row[i] > c->n)
			state_corrupt(r->name, "a feature is active in more rows than there are");
		for (int j = 0; j < i; j++)
		{
			uint32		other = COOCCURRENCE_ROW(c, j)[j];

			if (row[j] > row[i] || row[j] > other || (int64) row[i] + other - row[j] > c->n)
				state_corrupt(r->name, "counts of a pair and of its features do not agree");
		}
	}
}

static void *
read_cooccurrence(StateReader *r, MemoryContext parent, bool validate)
{
	static const uint8 zeros[HEAD_BYTES] = {0};
	uint8		head[HEAD_BYTES];
	int32		p;
	int64		n;
	double		threshold;
	Size		counts;
	Cooccurrence *c;

	state_get_bytes(r, head, HEAD_BYTES);
	p = state_get_int32(r);
	n = state_get_int64(r);
	state_get_array(r, &threshold, 1, 8);
	if (memcmp(head, zeros, HEAD_BYTES) != 0 || p < 1 || p > COOCCURRENCE_MAX_FEATURES ||
		n < 0 || n > (int64) COOCCURRENCE_MAX_ROWS || !isfinite(threshold))
		state_corrupt(r->name, "bad number of features or rows, or threshold");
	counts = (Size) p * ((Size) p + 1) / 2;
	state_require(r, counts * sizeof(uint32));
	c = cooccurrence_new(parent, p, threshold);
	c->n = n;
	state_get_array(r, c->count, counts, 4);
	if (validate)
		require_counts(r, c);
	return c;
}

static void *
copy_cooccurrence(MemoryContext parent, const void *state)
{
	return cooccurrence_copy(parent, state);
}

static void
merge_cooccurrence(void *dst, const void *src)
{
	cooccurrence_merge(dst, src);
}

static void
settle_cooccurrence(void *state)
{
	cooccurrence_settle(state);
}

static char *
summarize_cooccurrence(const void *state)
{
	const Cooccurrence *c = state;

	return psprintf("p=%d, n=" INT64_FORMAT, c->p, c->n);
}

const StateKind cooccurrence_kind = {
	.name = "cooccurrence",
	.version = 1,
	.write = write_cooccurrence,
	.read = read_cooccurrence,
	.copy = copy_cooccurrence,
	.merge = merge_cooccurrence,
	.summary = summarize_cooccurrence,
	.settle = settle_cooccurrence,
	.size_hint = "Take fewer features, or pass it straight to the solver: "
	"cooccurrence_graph(cooccurrence(codes)) in one query level does not copy it."
};

STATE_IO_FUNCTIONS(cooccurrence, cooccurrence_kind)
STATE_MERGE_FUNCTIONS(cooccurrence, cooccurrence_kind)
