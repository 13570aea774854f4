/*
 * label_set.c
 *		Distinct labels, found by hashing and numbered in order of appearance.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "stats/label.h"

typedef struct LabelEntry
{
	uint32		status;
	uint32		hash;
	Label		label;
	int			number;
} LabelEntry;

#define SH_PREFIX label_set
#define SH_ELEMENT_TYPE LabelEntry
#define SH_KEY_TYPE Label
#define SH_KEY label
#define SH_HASH_KEY(table, key) hash_bytes((const unsigned char *) (key).text, (key).length)
#define SH_EQUAL(table, a, b) ((a).length == (b).length && memcmp((a).text, (b).text, (a).length) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

LabelSet *
label_set_new(MemoryContext cxt, MemoryClaim *claim, const char *hint)
{
	LabelSet   *s = MemoryContextAllocZero(cxt, sizeof(LabelSet));

	s->cxt = cxt;
	s->claim = claim;
	s->hint = hint;
	s->index = label_set_create(cxt, 16, NULL);
	return s;
}

int
label_set_number(LabelSet *s, Label label, const char *what)
{
	LabelEntry *entry = label_set_lookup(s->index, label);
	Label		copy = {NULL, label.length};
	char	   *text;
	bool		found;

	if (entry)
		return entry->number;
	if (s->n >= LABEL_SET_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s have at most %d labels", what, LABEL_SET_MAX)));
	memory_claim_add(s->claim, label.length + 2 * sizeof(LabelEntry) + 2 * sizeof(Label), s->hint);
	if (s->n == s->max)
	{
		int			most = Max(16, 2 * s->max);

		s->label = s->label ? repalloc_huge(s->label, most * sizeof(Label)) :
			MemoryContextAlloc(s->cxt, most * sizeof(Label));
		s->max = most;
	}
	text = MemoryContextAlloc(s->cxt, Max(1, label.length));
	memcpy(text, label.text, label.length);
	copy.text = text;
	entry = label_set_insert(s->index, copy, &found);
	entry->number = s->n;
	s->label[s->n] = copy;
	return s->n++;
}

int *
label_set_ranks(const LabelSet *s)
{
	int		   *order = huge_alloc(Max(1, (Size) s->n) * sizeof(int));
	int		   *rank = huge_alloc(Max(1, (Size) s->n) * sizeof(int));

	labels_sort(s->label, s->n, order);
	for (int i = 0; i < s->n; i++)
		rank[order[i]] = i;
	pfree(order);
	return rank;
}

const Label *
label_set_sorted(const LabelSet *s, const int *rank)
{
	Label	   *sorted = huge_alloc(Max(1, (Size) s->n) * sizeof(Label));

	for (int i = 0; i < s->n; i++)
		sorted[rank[i]] = s->label[i];
	return sorted;
}

/* ---- bytes ---- */

int
label_encoding(const char *bytes, Size n)
{
	for (Size i = 0; i < n; i++)
		if (IS_HIGHBIT_SET(bytes[i]))
			return GetDatabaseEncoding();
	return PG_SQL_ASCII;
}

void
label_set_write(StateWriter *w, const LabelSet *s)
{
	uint8		encoding = PG_SQL_ASCII;

	for (int i = 0; i < s->n && encoding == PG_SQL_ASCII; i++)
		encoding = label_encoding(s->label[i].text, s->label[i].length);
	state_put_bytes(w, &encoding, 1);
	state_put_int32(w, s->n);
	for (int i = 0; i < s->n; i++)
		state_put_int32(w, s->label[i].length);
	for (int i = 0; i < s->n; i++)
		state_put_bytes(w, s->label[i].text, s->label[i].length);
}

/* A label of these bytes, in this database's encoding. */
static Label
converted(StateReader *r, int length, int encoding)
{
	char	   *ours;

	if (length < 0)
		state_corrupt(r->name, "a label's length is negative");
	state_require(r, length);
	if (memchr(r->at, 0, length) != NULL)
		state_corrupt(r->name, "a label has a zero byte");
	ours = label_bytes_to_server(r->name, r->at, length, encoding);
	return (Label) {ours, ours != r->at ? (int) strlen(ours) : length};
}

void
label_set_read(StateReader *r, LabelSet *s)
{
	uint8		byte;
	int			encoding;
	int32		n;
	int32	   *length;

	state_get_bytes(r, &byte, 1);
	encoding = byte;
	n = state_get_int32(r);
	if (!PG_VALID_BE_ENCODING(encoding))
		state_corrupt(r->name, "unknown encoding of labels");
	if (n < 0 || n > LABEL_SET_MAX)
		state_corrupt(r->name, "bad number of labels");
	state_require(r, size_mul(n, sizeof(int32)));
	length = huge_alloc(Max(1, size_mul(n, sizeof(int32))));
	state_get_array(r, length, n, 4);
	for (int i = 0; i < n; i++)
	{
		Label		label = converted(r, length[i], encoding);

		CHECK_FOR_INTERRUPTS();
		if (label_set_number(s, label, r->name) != i)
			state_corrupt(r->name, "a label comes twice");
		if (label.text != r->at)
			pfree((char *) label.text);
		r->at += length[i];
	}
	pfree(length);
}
