/*
 * edges_io.c
 *		The bytes of a graph where it is stored or shipped (little-endian):
 *
 *	uint8 version, are nodes labels, are only sums wanted, 5 zeros
 *	float8 resolution, int64 seed
 *	with labels: the labels as label_set_write() has them
 *	int64 n, and n rows: int64 source, int64 target, float8 weight
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "clustering/edges.h"

#define HEAD_BYTES 7

static void
write_edges(StateWriter *w, const void *state)
{
	const Edges *e = state;
	uint8		head[HEAD_BYTES] = {e->labels != NULL, e->options.sums};

	state_put_bytes(w, head, HEAD_BYTES);
	state_put_array(w, &e->options.resolution, 1, 8);
	state_put_int64(w, e->options.seed);
	if (e->labels)
		label_set_write(w, e->labels);
	state_put_int64(w, (int64) e->n);
	state_put_array(w, e->row, 3 * e->n, 8);
}

static void
read_rows(StateReader *r, Edges *e, Size n, bool validate)
{
	int			n_labels = e->labels ? e->labels->n : 0;

	edges_reserve(e, n);
	state_get_array(r, e->row, 3 * n, 8);
	e->n = n;
	for (Size i = 0; i < n; i++)
	{
		const EdgeRow *row = &e->row[i];

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (e->labels && (row->source < 0 || row->source >= n_labels || row->target < 0 || row->target >= n_labels))
			state_corrupt(r->name, "an edge's label is not there");
		if (validate && !(row->weight >= 0 && row->weight < INFINITY))
			state_corrupt(r->name, "a weight is negative or not finite");
		e->whole = e->whole && row->weight == floor(row->weight);
	}
}

static void *
read_edges(StateReader *r, MemoryContext parent, bool validate)
{
	static const uint8 zeros[HEAD_BYTES] = {0};
	uint8		head[HEAD_BYTES];
	EdgesOptions options;
	Edges	   *e;
	int64		n;

	state_get_bytes(r, head, HEAD_BYTES);
	if (head[0] > 1 || head[1] > 1 || memcmp(head + 2, zeros, HEAD_BYTES - 2) != 0)
		state_corrupt(r->name, "unknown flags");
	options.sums = head[1];
	state_get_array(r, &options.resolution, 1, 8);
	if (!(options.resolution >= 0 && options.resolution < INFINITY))
		state_corrupt(r->name, "its resolution is negative or not finite");
	options.seed = state_get_int64(r);
	e = edges_new(parent, head[0], &options);
	if (e->labels)
		label_set_read(r, e->labels);
	n = state_get_int64(r);
	if (n < 0 || n > (int64) (SIZE_MAX / sizeof(EdgeRow)))
		state_corrupt(r->name, "bad number of edges");
	state_require(r, size_mul(n, sizeof(EdgeRow)));
	if (n > 0)
		read_rows(r, e, (Size) n, validate);
	return e;
}

static void *
copy_edges(MemoryContext parent, const void *state)
{
	return edges_copy(parent, state);
}

static void
merge_edges(void *dst, const void *src)
{
	edges_merge(dst, src);
}

static char *
summarize_edges(const void *state)
{
	const Edges *e = state;

	return psprintf("n=%zu", e->n);
}

const StateKind edges_kind = {
	.name = "graph",
	.version = 1,
	.write = write_edges,
	.read = read_edges,
	.copy = copy_edges,
	.merge = merge_edges,
	.summary = summarize_edges,
	.size_hint = "Merge parallel edges or drop those of little weight, or pass the graph straight to the method: "
	"FROM (SELECT graph_agg(source, target, weight) AS g FROM edges) AS s, leiden(s.g) does not copy it."
};

STATE_IO_FUNCTIONS(graph, edges_kind)
STATE_MERGE_FUNCTIONS(graph, edges_kind)
