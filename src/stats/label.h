/*
 * label.h
 *		Labels of rows: texts (whole numbers among them) that name conditions,
 *		classes, clusters.
 *
 * SQL takes a label as text or as bigint; here it is always text.
 */
#ifndef NEUROENC_LABEL_H
#define NEUROENC_LABEL_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state_text.h"

struct ArrayType;

/* A label: not terminated. */
typedef struct Label
{
	const char *text;
	int			length;
} Label;

/* A text or bigint value, and argument n of a function's text or bigint overload; palloc'd where it is a bigint */
extern Label label_from_datum(Datum value, bool is_bigint);
extern Label label_argument(FunctionCallInfo fcinfo, int n, bool is_bigint);

/* "face", for messages; palloc'd and clipped */
extern char *label_text(Label label);

/*
 * Whole numbers (as bigint prints them) by value before all other labels, those
 * bytewise: 2 before 10 before a.  Total, and the same in every database.
 */
extern int	label_compare(Label a, Label b);

/*
 * The order that sorts labels: order[k] is the index of the k-th.  ERROR
 * (duplicate label, named) if two are equal.
 */
extern void labels_sort(const Label *labels, int n, int *order);

/* Labels as SQL texts, and as a text[]. */
extern Datum *labels_datums(const Label *labels, int n);
extern struct ArrayType *labels_array(const Label *labels, int n);
extern Size labels_array_bytes(const Label *labels, int n);

/*
 * A label's bytes in 'encoding', a server's, as this database's: a copy, or the
 * same where they need no conversion.  'state' names the value in errors.
 */
extern char *label_bytes_to_server(const char *state, const char *bytes, int n, int encoding);

/*
 * n labels of a binary form: int32 end of each, then their bytes, in 'encoding'.
 * They must ascend, unless they had to be 'converted' to this database's, which
 * may change their order (and make two of them equal: labels_sort finds that).
 */
extern Label *labels_read(StateReader *r, int n, int label_bytes, int encoding, bool *converted);

/* ---- label_set.c: distinct labels, numbered as they come ---- */

#define LABEL_SET_MAX	(1 << 26)

typedef struct LabelSet
{
	MemoryContext cxt;
	MemoryClaim *claim;
	const char *hint;			/* of the memory limit */
	int			n;
	int			max;
	Label	   *label;			/* n, in order of appearance */
	struct label_set_hash *index;
} LabelSet;

/* An empty set that allocates in cxt and claims from 'claim'. */
extern LabelSet *label_set_new(MemoryContext cxt, MemoryClaim *claim, const char *hint);

/* The label's number, from 0; entered if new.  'what' names what has too many of them. */
extern int	label_set_number(LabelSet *s, Label label, const char *what);

/* rank[i]: the place of label i in the order of label_compare; n of them, in CurrentMemoryContext */
extern int *label_set_ranks(const LabelSet *s);

/* The labels in that order, given their ranks; huge_alloc'd, the texts are the set's */
extern const Label *label_set_sorted(const LabelSet *s, const int *rank);

/*
 * Binary form, inside a state: uint8 encoding (PostgreSQL's number of the one
 * that the labels are in; 0 if all are ASCII), int32 n, lengths, bytes.  Reading
 * enters them into an empty set, converted to this database's encoding.
 */
extern void label_set_write(StateWriter *w, const LabelSet *s);
extern void label_set_read(StateReader *r, LabelSet *s);

/* The encoding to name with these bytes: the database's, or SQL_ASCII where all of them are ASCII. */
extern int	label_encoding(const char *bytes, Size n);

#endif							/* NEUROENC_LABEL_H */
