/*
 * fir.c
 *		Finite impulse response (FIR) features: each row of a time series becomes
 *		the concatenation of the rows d steps earlier, for each delay d, so that
 *		a linear model on them learns a response of any shape over the delays
 *		(Kay, David, Prenger, Hansen and Gallant 2008; Theunissen et al. 2001).
 *
 * A sliding window of decoded rows is kept, from the oldest that the longest
 * delay reaches to the newest that a negative delay looks ahead to.  Each row is
 * fetched and decoded once, and leaves when no later row can draw on it: work
 * O(rows x delays x width), memory (span of the delays) rows, never more than
 * the run itself.
 *
 * The window is bounded by the run, so a delay never crosses from one run into
 * another: what lies outside is zero.
 */
#include "postgres.h"

#include "encoding/fir.h"

#define FIR_FIRST_CAPACITY 16

/* A held row with its pointer and the allocator's header */
#define HELD_BYTES(row) (VARSIZE(row) + 32)

FirHistory *
fir_history_new(MemoryContext parent)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "neuroenc fir history",
											  ALLOCSET_DEFAULT_SIZES);
	FirHistory *h = MemoryContextAllocZero(cxt, sizeof(FirHistory));

	h->cxt = cxt;
	h->claim = memory_claim(cxt, "fir");
	h->capacity = FIR_FIRST_CAPACITY;
	h->rows = MemoryContextAllocZero(cxt, h->capacity * sizeof(Tensor *));
	h->width = -1;
	return h;
}

static void
fir_history_grow(FirHistory *h)
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
fir_history_push(FirHistory *h, const Tensor *row)
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
		memory_claim_add(h->claim, HELD_BYTES(row),
						 "Rows are held from the longest delay to the furthest look ahead: use nearer delays, or narrower rows.");
		copy = MemoryContextAllocHuge(h->cxt, VARSIZE(row));
		memcpy(copy, row, VARSIZE(row));
	}
	if ((Size) (h->next - h->first) == h->capacity)
		fir_history_grow(h);
	h->rows[h->next % h->capacity] = copy;
	h->next++;
}

void
fir_history_trim(FirHistory *h, int64 before)
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

/* Copy n elements of 'from' to element 'start' of 'to', which may be of another type. */
static void
fir_copy_elements(Tensor *to, Size start, const Tensor *from, Size n)
{
	if (to->dtype == from->dtype)
		memcpy((char *) TENSOR_DATA(to) + start * to->dtype, TENSOR_DATA(from), n * to->dtype);
	else
		for (Size i = 0; i < n; i++)
			tensor_set(to, start + i, tensor_get(from, i));
}

Tensor *
fir_row(const FirHistory *h, int64 at, int n_delays, const int32 *delays)
{
	Size		width = (Size) h->width;
	Tensor	   *out;

	for (int i = 0; i < n_delays; i++)
	{
		int64		source = at - delays[i];

		if (source >= h->first && source < h->next && h->rows[source % h->capacity] == NULL)
			return NULL;
	}

	out = tensor_new_vector(h->rows[at % h->capacity]->dtype, size_mul(width, n_delays));
	for (int i = 0; i < n_delays; i++)
	{
		int64		source = at - delays[i];

		if (source >= h->first && source < h->next)
			fir_copy_elements(out, i * width, h->rows[source % h->capacity], width);
	}
	return out;
}
