/*
 * dendrogram_io.c
 *		Text and binary forms of a dendrogram.
 *
 * The binary form, little-endian: uint8 version, method, zero, encoding; int32 n,
 * label_bytes, label_end[n], the bytes of the labels, float8 heights[n - 1],
 * int32 pairs[n - 1][2].  The text form is dendrogram(summary): and the binary
 * form in base64.  Labels are in the encoding named (stats/rdm_io.c); where they
 * are converted their order may change, and the leaves' numbers with it.
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "base/memory.h"
#include "clustering/dendrogram.h"

#define MAX_LEAVES ((int32) (MaxAllocSize / (sizeof(double) + 3 * sizeof(int32))))

static void
write_dendrogram(StateWriter *w, const void *value)
{
	const Dendrogram *d = value;
	uint8		head[3] = {d->method, 0, label_encoding(DENDROGRAM_LABELS_START(d), d->label_bytes)};

	state_put_bytes(w, head, 3);
	state_put_int32(w, d->n);
	state_put_int32(w, d->label_bytes);
	state_put_array(w, d->label_end, d->n, 4);
	state_put_bytes(w, DENDROGRAM_LABELS_START(d), d->label_bytes);
	state_put_array(w, DENDROGRAM_HEIGHTS(d), d->n - 1, 8);
	state_put_array(w, DENDROGRAM_PAIRS(d), 2 * (Size) (d->n - 1), 4);
}

static void
require_tree(const Dendrogram *d)
{
	const int32 *pair = DENDROGRAM_PAIRS(d);
	bool	   *merged = huge_alloc0(2 * (Size) d->n);

	for (int i = 0; i < d->n - 1; i++)
	{
		double		height = DENDROGRAM_HEIGHTS(d)[i];

		if (!isfinite(height) || (i > 0 && height < DENDROGRAM_HEIGHTS(d)[i - 1]))
			state_corrupt("dendrogram", "heights descend, or are not finite");
		if (pair[2 * (Size) i] < 0 || pair[2 * (Size) i] >= pair[2 * (Size) i + 1] || pair[2 * (Size) i + 1] >= d->n + i ||
			merged[pair[2 * (Size) i]] || merged[pair[2 * (Size) i + 1]])
			state_corrupt("dendrogram", "a merge is not of two clusters that are there");
		merged[pair[2 * (Size) i]] = merged[pair[2 * (Size) i + 1]] = true;
	}
	pfree(merged);
}

/* The same tree over labels in their order, order[k] being the number of the k-th. */
static Dendrogram *
in_order(const Dendrogram *d, const Label *labels, const int *order)
{
	int			n = d->n;
	Label	   *sorted = huge_alloc((Size) n * sizeof(Label));
	int32	   *number = huge_alloc((Size) n * sizeof(int32));
	Dendrogram *out;

	for (int i = 0; i < n; i++)
	{
		sorted[i] = labels[order[i]];
		number[order[i]] = i;
	}
	out = dendrogram_new(d->method, sorted, n);
	memcpy(DENDROGRAM_HEIGHTS(out), DENDROGRAM_HEIGHTS(d), (n - 1) * sizeof(double));
	for (int i = 0; i < n - 1; i++)
	{
		int32		a = DENDROGRAM_PAIRS(d)[2 * (Size) i];
		int32		b = DENDROGRAM_PAIRS(d)[2 * (Size) i + 1];

		a = a < n ? number[a] : a;
		b = b < n ? number[b] : b;
		DENDROGRAM_PAIRS(out)[2 * (Size) i] = Min(a, b);
		DENDROGRAM_PAIRS(out)[2 * i + 1] = Max(a, b);
	}
	return out;
}

static void *
read_dendrogram(StateReader *in)
{
	uint8		head[3];
	int32		n;
	int32		label_bytes;
	Label	   *labels;
	bool		converted;
	Dendrogram *d;

	state_get_bytes(in, head, 3);
	if (head[0] > LINKAGE_WARD || head[1] || !PG_VALID_BE_ENCODING(head[2]))
		state_corrupt("dendrogram", "unknown method, flags or encoding");
	n = state_get_int32(in);
	label_bytes = state_get_int32(in);
	if (n < 1 || n > MAX_LEAVES || label_bytes < 0)
		state_corrupt("dendrogram", "bad number of leaves or bytes");
	labels = labels_read(in, n, label_bytes, head[2], &converted);
	state_require(in, (Size) (n - 1) * (sizeof(double) + 2 * sizeof(int32)));
	d = dendrogram_new(head[0], labels, n);
	state_get_array(in, DENDROGRAM_HEIGHTS(d), n - 1, 8);
	state_get_array(in, DENDROGRAM_PAIRS(d), 2 * (Size) (n - 1), 4);
	require_tree(d);
	if (converted)
	{
		int		   *order = huge_alloc((Size) n * sizeof(int));

		labels_sort(labels, n, order);
		d = in_order(d, labels, order);
	}
	return d;
}

static char *
summarize_dendrogram(const void *value)
{
	const Dendrogram *d = value;

	return psprintf("n=%d, method=%s", d->n, linkage_method_name(d->method));
}

const FlatKind dendrogram_kind = {
	.name = "dendrogram",
	.version = DENDROGRAM_VERSION,
	.write = write_dendrogram,
	.read = read_dendrogram,
	.summary = summarize_dendrogram
};

FLAT_IO_FUNCTIONS(dendrogram, dendrogram_kind)
