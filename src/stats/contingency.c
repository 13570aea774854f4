/*
 * contingency.c
 *		Counts of pairs of labels: adding, merging, the sorted table.
 *
 * A row costs two look-ups of labels and one of the pair.  The state grows with
 * the number of different pairs, not with rows.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "stats/contingency.h"
#include "stats/contingency_cells.h"

#define SH_PREFIX contingency
#define SH_ELEMENT_TYPE ContingencyCell
#define SH_KEY_TYPE uint64
#define SH_KEY pair
#define SH_HASH_KEY(table, key) hash_combine(murmurhash32((uint32) ((key) >> 32)), murmurhash32((uint32) (key)))
#define SH_EQUAL(table, x, y) ((x) == (y))
#define SH_SCOPE extern
#define SH_DEFINE
#include "lib/simplehash.h"

#define MEMORY_HINT "Compare labelings of fewer labels."
#define CELL_BYTES	(4 * sizeof(ContingencyCell))	/* with the table's free places */

Contingency *
contingency_new(MemoryContext parent)
{
	Contingency *c = state_new(&contingency_kind, parent, sizeof(Contingency));

	c->claim = memory_claim(STATE_CONTEXT(c), "contingency");
	c->a = label_set_new(STATE_CONTEXT(c), c->claim, MEMORY_HINT);
	c->b = label_set_new(STATE_CONTEXT(c), c->claim, MEMORY_HINT);
	c->cells = contingency_create(STATE_CONTEXT(c), 16, NULL);
	return c;
}

bool
contingency_count(Contingency *c, int a, int b, int64 count)
{
	uint64		pair = (uint64) a << 32 | (uint32) b;
	ContingencyCell *cell;
	bool		found;

	if (count > CONTINGENCY_MAX_ROWS - c->n)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a contingency counts at most " INT64_FORMAT " rows", CONTINGENCY_MAX_ROWS)));
	cell = contingency_lookup(c->cells, pair);
	if (cell == NULL)
	{
		memory_claim_add(c->claim, CELL_BYTES, MEMORY_HINT);
		cell = contingency_insert(c->cells, pair, &found);
		cell->count = 0;
	}
	cell->count += count;
	c->n += count;
	return cell->count == count;
}

void
contingency_add(Contingency *c, Label a, Label b, int64 count)
{
	contingency_count(c, label_set_number(c->a, a, "labelings"), label_set_number(c->b, b, "labelings"), count);
}

/*
 * Cells of another table come in the order of their hashes, and would all pile up
 * in the first part of a smaller one: so it is made large enough before.
 */
void
contingency_reserve(Contingency *c, Size n_cells)
{
	Size		bytes = size_mul(n_cells - Min(n_cells, c->cells->members), CELL_BYTES);

	/* cells are claimed one by one as they come: here only the limit is asked */
	memory_claim_add(c->claim, bytes, MEMORY_HINT);
	memory_claim_sub(c->claim, bytes);
	if (c->cells->size < 2 * n_cells)
		contingency_grow(c->cells, 2 * n_cells);
}

/* Numbers, in 'ours', of the labels of 'theirs' */
static int *
renumbered(LabelSet *ours, const LabelSet *theirs)
{
	int			n = theirs->n;	/* they may be the same set */
	int		   *number = huge_alloc(Max(1, size_mul(n, sizeof(int))));

	for (int i = 0; i < n; i++)
		number[i] = label_set_number(ours, theirs->label[i], "labelings");
	return number;
}

void
contingency_merge(Contingency *dst, const Contingency *src)
{
	int		   *a = renumbered(dst->a, src->a);
	int		   *b = renumbered(dst->b, src->b);
	contingency_iterator at;
	const ContingencyCell *cell;

	if (dst != src)
		contingency_reserve(dst, (Size) dst->cells->members + src->cells->members);
	/* onto itself no cell is new, so the table stays where it is */
	contingency_start_iterate(src->cells, &at);
	while ((cell = contingency_iterate(src->cells, &at)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		contingency_count(dst, a[cell->pair >> 32], b[(uint32) cell->pair], cell->count);
	}
	pfree(a);
	pfree(b);
}

Contingency *
contingency_copy(MemoryContext parent, const Contingency *c)
{
	Contingency *copy = contingency_new(parent);

	contingency_merge(copy, c);
	return copy;
}

/* ---- the table ---- */

static int
compare_cells(const void *x, const void *y)
{
	uint64		a = ((const ContingencyCell *) x)->pair;
	uint64		b = ((const ContingencyCell *) y)->pair;

	return a < b ? -1 : a > b;
}

ContingencyCell *
contingency_sorted_cells(const Contingency *c, const int *rank_a, const int *rank_b)
{
	ContingencyCell *sorted = huge_alloc(Max(1, size_mul(c->cells->members, sizeof(ContingencyCell))));
	contingency_iterator at;
	const ContingencyCell *cell;
	Size		n = 0;

	contingency_start_iterate(c->cells, &at);
	while ((cell = contingency_iterate(c->cells, &at)) != NULL)
	{
		sorted[n] = *cell;
		if (rank_a)
			sorted[n].pair = (uint64) rank_a[cell->pair >> 32] << 32 | (uint32) rank_b[(uint32) cell->pair];
		n++;
	}
	qsort(sorted, n, sizeof(ContingencyCell), compare_cells);
	CHECK_FOR_INTERRUPTS();
	return sorted;
}

ContingencyTable *
contingency_table(const Contingency *c)
{
	ContingencyTable *t = palloc(sizeof(ContingencyTable));
	Size		n = c->cells->members;
	Size		per_label = 2 * sizeof(int) + sizeof(Label) + sizeof(int64);
	int		   *rank_a;
	int		   *rank_b;
	ContingencyCell *cells;

	memory_claim_add(memory_claim(CurrentMemoryContext, "contingency table"),
					 size_add(size_mul(n, sizeof(ContingencyCell) + 2 * sizeof(int32) + sizeof(int64)),
							  size_mul((Size) c->a->n + c->b->n, per_label)), MEMORY_HINT);
	rank_a = label_set_ranks(c->a);
	rank_b = label_set_ranks(c->b);
	cells = contingency_sorted_cells(c, rank_a, rank_b);
	t->n = c->n;
	t->n_cells = n;
	t->n_rows = c->a->n;
	t->n_columns = c->b->n;
	t->a = label_set_sorted(c->a, rank_a);
	t->b = label_set_sorted(c->b, rank_b);
	t->row = huge_alloc(Max(1, n * sizeof(int32)));
	t->column = huge_alloc(Max(1, n * sizeof(int32)));
	t->count = huge_alloc(Max(1, n * sizeof(int64)));
	t->row_sum = huge_alloc0(Max(1, t->n_rows * sizeof(int64)));
	t->column_sum = huge_alloc0(Max(1, t->n_columns * sizeof(int64)));
	for (Size i = 0; i < n; i++)
	{
		t->row[i] = (int32) (cells[i].pair >> 32);
		t->column[i] = (int32) (uint32) cells[i].pair;
		t->count[i] = cells[i].count;
		t->row_sum[t->row[i]] += t->count[i];
		t->column_sum[t->column[i]] += t->count[i];
	}
	pfree(cells);
	pfree(rank_a);
	pfree(rank_b);
	return t;
}
