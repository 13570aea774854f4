/*
 * consensus.h
 *		The label_sets state: labels that many runs gave to the same rows, and how
 *		often two rows were together.
 */
#ifndef NEUROENC_CONSENSUS_H
#define NEUROENC_CONSENSUS_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "stats/label.h"

#define LABEL_SETS_MAX_ROWS (PG_INT32_MAX / 2)

/* One label that a run gave. */
typedef struct LabelGiven
{
	int64		id;
	int64		run;
	int32		label;			/* a number of the label set; -1: noise */
	int32		zero;
} LabelGiven;

typedef struct LabelSets
{
	StateHeader hdr;			/* must be first */
	int			n;
	int			capacity;
	LabelGiven *row;			/* n, as they came */
	LabelSet   *labels;
	MemoryClaim *claim;
} LabelSets;

/* An empty state whose context is a child of 'parent'. */
extern LabelSets *label_sets_new(MemoryContext parent);

/* Room for n more rows at the end. */
extern void label_sets_reserve(LabelSets *s, int n);

/* The label "-1" is noise. */
extern void label_sets_add(LabelSets *s, int64 id, int64 run, Label label);
extern void label_sets_merge(LabelSets *dst, const LabelSets *src);

/* All labels of the same rows, side by side. */
typedef struct LabelTable
{
	int			n;				/* ids */
	int			n_runs;
	bool		complete;		/* every run labels every id */
	int64	   *id;				/* n, ascending */
	int32	   *code;			/* n_runs x n: two ids are together where codes are equal; noise and absent ones have codes of their own */
	int32	   *present;		/* n_runs x n: 1, or 0; NULL if complete */
} LabelTable;

/* In CurrentMemoryContext, claimed for its life; ERROR if a run labels an id twice. */
extern LabelTable *label_table(const LabelSets *s);

/*
 * 1 - (runs in which two ids are together) / (runs that have both), in condensed
 * order; NaN where no run has both.
 */
extern void label_table_distances(const LabelTable *t, double *distance);

/* ---- consensus_io.c ---- */

#define PG_GETARG_LABEL_SETS(n) ((const LabelSets *) state_from_datum(&label_sets_kind, PG_GETARG_DATUM(n)))

extern const StateKind label_sets_kind;

#endif							/* NEUROENC_CONSENSUS_H */
