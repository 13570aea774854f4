/*
 * contingency.h
 *		The contingency state: how often each pair of labels came, sparse.
 *
 * Two labelings of the same rows, a (classes, what is known) and b (clusters,
 * what was found), are compared from the counts of their pairs alone.
 */
#ifndef NEUROENC_CONTINGENCY_H
#define NEUROENC_CONTINGENCY_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state.h"
#include "stats/label.h"

#define CONTINGENCY_MAX_ROWS (INT64CONST(1) << 62)

typedef struct Contingency
{
	StateHeader hdr;			/* must be first */
	LabelSet   *a;
	LabelSet   *b;
	int64		n;				/* rows */
	struct contingency_hash *cells;
	MemoryClaim *claim;
} Contingency;

/* ---- contingency.c ---- */

/* An empty state whose context is a child of 'parent'. */
extern Contingency *contingency_new(MemoryContext parent);

/* count more rows of this pair; ERROR past CONTINGENCY_MAX_ROWS */
extern void contingency_add(Contingency *c, Label a, Label b, int64 count);

/* dst += src, which may be dst. */
extern void contingency_merge(Contingency *dst, const Contingency *src);
extern Contingency *contingency_copy(MemoryContext parent, const Contingency *c);

/* The counts in the order of their labels, a then b: the same whatever the rows' order was. */
typedef struct ContingencyTable
{
	int64		n;
	Size		n_cells;		/* of pairs that came */
	int32	   *row;			/* n_cells: place of a in the order of its labels */
	int32	   *column;			/* n_cells: that of b */
	int64	   *count;			/* n_cells */
	int			n_rows;			/* labels a, and b */
	int			n_columns;
	int64	   *row_sum;		/* n_rows, 0 where a label came in no pair */
	int64	   *column_sum;		/* n_columns */
	const Label *a;				/* n_rows, sorted; the texts are the state's */
	const Label *b;				/* n_columns */
} ContingencyTable;

/* In CurrentMemoryContext, claimed for its life. */
extern ContingencyTable *contingency_table(const Contingency *c);

/* ---- contingency_io.c ---- */

#define PG_GETARG_CONTINGENCY(n) ((const Contingency *) state_from_datum(&contingency_kind, PG_GETARG_DATUM(n)))

extern const StateKind contingency_kind;

#endif							/* NEUROENC_CONTINGENCY_H */
