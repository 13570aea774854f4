/*
 * consensus_io.c
 *		The bytes of label sets where they are stored or shipped (little-endian):
 *
 *	uint8 version;  the labels (stats/label.h);  int32 n;  ids, runs (int64 each), labels' numbers (int32), n of each
 */
#include "postgres.h"

#include "miscadmin.h"

#include "clustering/consensus.h"

static void
write_label_sets(StateWriter *w, const void *state)
{
	const LabelSets *s = state;

	label_set_write(w, s->labels);
	state_put_int32(w, s->n);
	for (int i = 0; i < s->n; i++)
		state_put_int64(w, s->row[i].id);
	for (int i = 0; i < s->n; i++)
		state_put_int64(w, s->row[i].run);
	for (int i = 0; i < s->n; i++)
		state_put_int32(w, s->row[i].label);
}

static void *
read_label_sets(StateReader *r, MemoryContext parent, bool validate)
{
	LabelSets  *s = label_sets_new(parent);
	int32		n;

	label_set_read(r, s->labels);
	n = state_get_int32(r);
	if (n < 0)
		state_corrupt(r->name, "bad number of rows");
	state_require(r, size_mul(n, 2 * sizeof(int64) + sizeof(int32)));
	label_sets_reserve(s, n);
	for (int i = 0; i < n; i++)
		s->row[i].id = state_get_int64(r);
	for (int i = 0; i < n; i++)
		s->row[i].run = state_get_int64(r);
	for (int i = 0; i < n; i++)
	{
		s->row[i].label = state_get_int32(r);
		s->row[i].zero = 0;
		if (s->row[i].label < -1 || s->row[i].label >= s->labels->n)
			state_corrupt(r->name, "a label has a number that is not there");
	}
	s->n = n;
	return s;
}

static void *
copy_label_sets(MemoryContext parent, const void *state)
{
	LabelSets  *copy = label_sets_new(parent);

	label_sets_merge(copy, state);
	return copy;
}

static void
merge_label_sets(void *dst, const void *src)
{
	label_sets_merge(dst, src);
}

static char *
summarize_label_sets(const void *state)
{
	return psprintf("n=%d", ((const LabelSets *) state)->n);
}

const StateKind label_sets_kind = {
	.name = "label_sets",
	.version = 1,
	.write = write_label_sets,
	.read = read_label_sets,
	.copy = copy_label_sets,
	.merge = merge_label_sets,
	.summary = summarize_label_sets,
	.size_hint = "Pass it straight to consensus() or coassociation() in one query level, which does not copy it, or take fewer runs."
};

STATE_IO_FUNCTIONS(label_sets, label_sets_kind)
STATE_MERGE_FUNCTIONS(label_sets, label_sets_kind)
