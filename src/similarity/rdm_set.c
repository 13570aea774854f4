/*
 * rdm_set.c
 *		Labelled RDMs as a state: adding, merging, and the bytes where they are
 *		stored or shipped (little-endian):
 *
 *	uint8 version, method, 2 zeros;  int32 n
 *	n times, labels ascending: int32 bytes of the label, uint8 its encoding, the label, the rdm's binary form
 *
 * A row is put at its place by a binary search, so that a label that is there
 * already is found, and the order in which rows came does not matter.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "similarity/rdm_set.h"

#define FIRST_RDMS	16
#define MEMORY_HINT "Compare fewer RDMs at a time."

RdmSet *
rdm_set_new(MemoryContext parent, CompareMethod method)
{
	RdmSet	   *s = state_new(&rdm_set_kind, parent, sizeof(RdmSet));

	s->method = method;
	s->claim = memory_claim(STATE_CONTEXT(s), "rdm_set");
	return s;
}

static void
grow(RdmSet *s)
{
	int			max = s->max == 0 ? FIRST_RDMS : 2 * s->max;
	Size		each = sizeof(Label) + sizeof(Rdm *);

	if (s->n == RDM_SET_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an rdm_set has at most %d RDMs", RDM_SET_MAX)));
	memory_claim_add(s->claim, size_mul(max - s->max, each), MEMORY_HINT);
	if (s->max == 0)
	{
		s->labels = MemoryContextAlloc(STATE_CONTEXT(s), max * sizeof(Label));
		s->rdms = MemoryContextAlloc(STATE_CONTEXT(s), max * sizeof(Rdm *));
	}
	else
	{
		s->labels = repalloc(s->labels, max * sizeof(Label));
		s->rdms = repalloc(s->rdms, max * sizeof(Rdm *));
	}
	s->max = max;
}

/* Where a label stands, or is to be put. */
static int
place_of(const RdmSet *s, Label label)
{
	int			low = 0;
	int			high = s->n;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (label_compare(s->labels[middle], label) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
rdm_set_add(RdmSet *s, Label label, const Rdm *r)
{
	int			at = place_of(s, label);
	Size		bytes = size_add(VARSIZE(r), label.length);
	char	   *text;
	Rdm		   *copy;

	if (at < s->n && label_compare(s->labels[at], label) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("there are two RDMs of one label"),
				 errdetail_client("It is \"%s\".", label_text(label)),
				 errhint("Average them first, by avg(rdm), or give each a label of its own.")));
	if (s->n == s->max)
		grow(s);
	memory_claim_add(s->claim, bytes, MEMORY_HINT);
	copy = MemoryContextAllocHuge(STATE_CONTEXT(s), bytes);
	memcpy(copy, r, VARSIZE(r));
	text = (char *) copy + VARSIZE(r);
	memcpy(text, label.text, label.length);
	memmove(s->labels + at + 1, s->labels + at, (s->n - at) * sizeof(Label));
	memmove(s->rdms + at + 1, s->rdms + at, (s->n - at) * sizeof(Rdm *));
	s->labels[at] = (Label) {text, label.length};
	s->rdms[at] = copy;
	s->n++;
}

void
rdm_set_require_method(const RdmSet *s, CompareMethod method)
{
	if (s->method != method)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("RDMs are compared by %s, not by %s", compare_method_name(s->method), compare_method_name(method)),
				 errdetail("All rows of an aggregate name one method.")));
}

static void
merge_rdm_set(void *dst, const void *src)
{
	const RdmSet *from = src;

	rdm_set_require_method(dst, from->method);
	for (int i = 0; i < from->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		rdm_set_add(dst, from->labels[i], from->rdms[i]);
	}
}

static void *
copy_rdm_set(MemoryContext parent, const void *state)
{
	RdmSet	   *copy = rdm_set_new(parent, ((const RdmSet *) state)->method);

	merge_rdm_set(copy, state);
	return copy;
}

/* ---- bytes ---- */

static void
write_rdm_set(StateWriter *w, const void *state)
{
	const RdmSet *s = state;
	uint8		head[3] = {s->method, 0, 0};

	state_put_bytes(w, head, 3);
	state_put_int32(w, s->n);
	for (int i = 0; i < s->n; i++)
	{
		uint8		encoding = GetDatabaseEncoding();

		state_put_int32(w, s->labels[i].length);
		state_put_bytes(w, &encoding, 1);
		state_put_bytes(w, s->labels[i].text, s->labels[i].length);
		flat_write(&rdm_kind, w, s->rdms[i]);
	}
}

/* The next label in this database's encoding. */
static Label
read_label(StateReader *r)
{
	int32		length = state_get_int32(r);
	uint8		byte;
	int			encoding;
	char	   *text;
	char	   *ours;

	state_get_bytes(r, &byte, 1);
	encoding = byte;
	if (length < 0 || !PG_VALID_BE_ENCODING(encoding))
		state_corrupt("rdm_set", "bad length or encoding of a label");
	state_require(r, length);
	text = palloc(length + 1);
	state_get_bytes(r, text, length);
	text[length] = '\0';
	if (memchr(text, 0, length))
		state_corrupt("rdm_set", "a label contains a zero byte");
	ours = label_bytes_to_server("rdm_set", text, length, encoding);
	return (Label) {ours, ours != text ? (int) strlen(ours) : length};
}

static void *
read_rdm_set(StateReader *r, MemoryContext parent, bool validate)
{
	uint8		head[3];
	int32		n;
	RdmSet	   *s;
	MemoryContext row,
				old;

	state_get_bytes(r, head, 3);
	if (head[0] > COMPARE_LAST || head[1] || head[2])
		state_corrupt("rdm_set", "unknown method");
	n = state_get_int32(r);
	if (n < 0 || n > RDM_SET_MAX)
		state_corrupt("rdm_set", "bad number of RDMs");
	s = rdm_set_new(parent, head[0]);
	row = AllocSetContextCreate(CurrentMemoryContext, "neuroenc rdm_set input", ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < n; i++)
	{
		Label		label;

		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(row);
		label = read_label(r);
		rdm_set_add(s, label, flat_read(&rdm_kind, r));
		MemoryContextSwitchTo(old);
		MemoryContextReset(row);
	}
	MemoryContextDelete(row);
	return s;
}

static char *
summarize_rdm_set(const void *state)
{
	const RdmSet *s = state;

	return psprintf("n=%d, method=%s", s->n, compare_method_name(s->method));
}

const StateKind rdm_set_kind = {
	.name = "rdm_set",
	.version = 1,
	.write = write_rdm_set,
	.read = read_rdm_set,
	.copy = copy_rdm_set,
	.merge = merge_rdm_set,
	.summary = summarize_rdm_set,
	.size_hint = "Compare fewer RDMs, or pass the set straight on: similarity_matrix(rdm_similarity(...)) "
	"in one query level does not copy it."
};
