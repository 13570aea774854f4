/*
 * contingency_io.c
 *		The bytes of a contingency where it is stored or shipped (little-endian):
 *
 *	uint8 version;  labels a, labels b, as label_set_write() has them
 *	int64 cells;  for each, ascending: int32 number of label a, int32 of b; int64 count >= 1
 */
#include "postgres.h"

#include "miscadmin.h"

#include "stats/contingency.h"
#include "stats/contingency_cells.h"

#define CELL_BYTES 16

static void
write_contingency(StateWriter *w, const void *state)
{
	const Contingency *c = state;
	Size		n = c->cells->members;
	ContingencyCell *cell;

	label_set_write(w, c->a);
	label_set_write(w, c->b);
	state_put_int64(w, n);
	if (w->buffer == NULL)
	{
		w->n = size_add(w->n, size_mul(n, CELL_BYTES));
		return;
	}
	cell = contingency_sorted_cells(c, NULL, NULL); /* not as they lie in the table: equal states have equal bytes */
	for (Size i = 0; i < n; i++)
	{
		state_put_int32(w, (int32) (cell[i].pair >> 32));
		state_put_int32(w, (int32) (uint32) cell[i].pair);
		state_put_int64(w, cell[i].count);
	}
	pfree(cell);
}

static void *
read_contingency(StateReader *r, MemoryContext parent, bool validate)
{
	Contingency *c = contingency_new(parent);
	int64		n;

	label_set_read(r, c->a);
	label_set_read(r, c->b);
	n = state_get_int64(r);
	if (n < 0 || n > (int64) c->a->n * c->b->n)
		state_corrupt(r->name, "bad number of pairs");
	state_require(r, size_mul(n, CELL_BYTES));
	contingency_reserve(c, n);
	for (int64 i = 0; i < n; i++)
	{
		int32		a = state_get_int32(r);
		int32		b = state_get_int32(r);
		int64		count = state_get_int64(r);

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (a < 0 || a >= c->a->n || b < 0 || b >= c->b->n || count < 1 || count > CONTINGENCY_MAX_ROWS - c->n)
			state_corrupt(r->name, "bad pair or count");
		if (!contingency_count(c, a, b, count))
			state_corrupt(r->name, "a pair comes twice");
	}
	return c;
}

static void *
copy_contingency(MemoryContext parent, const void *state)
{
	return contingency_copy(parent, state);
}

static void
merge_contingency(void *dst, const void *src)
{
	contingency_merge(dst, src);
}

static char *
summarize_contingency(const void *state)
{
	const Contingency *c = state;

	return psprintf("a=%d, b=%d, n=" INT64_FORMAT, c->a->n, c->b->n, c->n);
}

const StateKind contingency_kind = {
	.name = "contingency",
	.version = 1,
	.write = write_contingency,
	.read = read_contingency,
	.copy = copy_contingency,
	.merge = merge_contingency,
	.summary = summarize_contingency,
	.size_hint = "Pass it straight to the index: ami(contingency_agg(a, b)) in one query level does not copy it."
};

STATE_IO_FUNCTIONS(contingency, contingency_kind)
STATE_MERGE_FUNCTIONS(contingency, contingency_kind)
