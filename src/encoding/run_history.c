/*
 * run_history.c
 *		The rows of a run that a sliding window function still reaches.
 *
 * Each row is fetched and decoded once, appended, and leaves when no later row
 * can draw on it: memory is that of the rows within reach, never more than the
 * run itself.
 */
#include "postgres.h"

#include "encoding/run_history.h"

#define FIRST_CAPACITY 16

/* A held row with its pointer and the allocator's header */
#define HELD_BYTES(row) (VARSIZE(row) + 32)

RunHistory *
run_history_new(MemoryContext parent, const char *what, const char *hint)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "neuroenc run history",
											  ALLOCSET_DEFAULT_SIZES);
	RunHistory *h = MemoryContextAllocZero(cxt, sizeof(RunHistory));

	h->cxt = cxt;
	h->claim = memory_claim(cxt, what);
	h->hint = hint;
	h->capacity = FIRST_CAPACITY;
	h->rows = MemoryContextAllocZero(cxt, h->capacity * sizeof(Tensor *));
	h->width = -1;
	return h;
}

static void
run_history_grow(RunHistory *h)
{
	Size		capacity = size_mul(h->capacity, 2);
	Tensor	  **rows;

	rows = MemoryContextAllocHuge(h->cxt, size_mul(capacity, sizeof(Tensor *)));
	for (int64 i = h->first; i < h->next; i++)
		rows[i % capacity] = h->rows[i % h->capacity];
	pfree(h->rows);
	h->rows = rows;
	h->capacity = capacity;
}

void
run_history_push(RunHistory *h, const Tensor *row)
{
	Tensor	   *copy = NULL;

	if (row != NULL)
	{
		if (h->width >= 0 && row->dims[0] != h->width)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("row " INT64_FORMAT " of the run has width %d, earlier rows have width %d",
							h->next + 1, row->dims[0], h->width)));
		h->width = row->dims[0];
		memory_claim_add(h->claim, HELD_BYTES(row), h->hint);
		copy = MemoryContextAllocHuge(h->cxt, VARSIZE(row));
		memcpy(copy, row, VARSIZE(row));
	}
	if ((Size) (h->next - h->first) == h->capacity)
		run_history_grow(h);
	h->rows[h->next % h->capacity] = copy;
	h->next++;
}

void
run_history_trim(RunHistory *h, int64 before)
{
	for (; h->first < before && h->first < h->next; h->first++)
	{
		Tensor	   *row = h->rows[h->first % h->capacity];

		if (row != NULL)
		{
			memory_claim_sub(h->claim, HELD_BYTES(row));
			pfree(row);
		}
	}
}
