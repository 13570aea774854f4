/*
 * patterns.h
 *		The patterns state: sums of the patterns of each condition, by fold.
 *
 * A cell holds the rows of one (label, fold): their number and the sum of their
 * patterns in float8, or the one pattern itself while it came alone and in
 * float4 (or float2).  Merging adds cells.  The distances of an RDM, crossnobis
 * and the like are computed when the state is read, so that one scan can serve
 * them all.
 *
 * The aggregates that go straight to an RDM have the same state, which then
 * remembers what each row says: the metric and the precision matrix.
 */
#ifndef NEUROENC_PATTERNS_H
#define NEUROENC_PATTERNS_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state.h"
#include "stats/rdm.h"
#include "tensor/tensor.h"

#define PATTERNS_MAX_CHANNELS (1 << 26)
#define PATTERNS_MAX_CELLS	(1 << 27)

typedef struct PatternCell
{
	int			label;			/* index into Patterns.labels */
	TensorType	dtype;			/* float4: one row as it came; float8: a sum */
	int64		fold;			/* 0 without folds */
	int64		n;				/* rows, at least 1 */
	void	   *values;			/* n_channels */
} PatternCell;

/* Open addressing; a slot's entry is an index + 1, 0 is free. */
typedef struct PatternSlot
{
	uint32		hash;
	int			entry;
} PatternSlot;

typedef struct PatternIndex
{
	int			n_slots;		/* a power of two, or 0 */
	PatternSlot *slots;
} PatternIndex;

typedef struct Patterns
{
	StateHeader hdr;			/* must be first */
	int			n_channels;
	bool		has_folds;
	RdmMetric	metric;			/* asked for by the rows; RDM_UNKNOWN: none */
	Tensor	   *precision;		/* the same, as it was given; NULL: none */
	int64		n_rows;
	Size		value_bytes;	/* of all cells and the precision */

	int			n_labels;
	int			max_labels;
	Label	   *labels;			/* in order of appearance */
	PatternIndex label_index;

	int			n_cells;
	int			max_cells;
	int			last_cell;		/* where the last row went */
	PatternCell *cells;
	PatternIndex cell_index;

	/* where the last row's precision was (patterns_set_precision) */
	const void *precision_at;
	char		precision_toast[VARHDRSZ_EXTERNAL + sizeof(varatt_external)];

	MemoryClaim *claim;
} Patterns;

/* ---- patterns.c: making, adding, merging ---- */

/* An empty state whose context is a child of 'parent'; ERROR past PATTERNS_MAX_CHANNELS. */
extern Patterns *patterns_new(MemoryContext parent, int n_channels, bool has_folds);

/*
 * One row.  The pattern is a finite vector of n_channels: errors name the row's
 * ordinal (from 1) and the element.
 */
extern void patterns_add_row(Patterns *p, Label label, const Tensor *pattern, int64 fold);

/* The cell of (label, fold), made with n = 0 if new: the caller sets it. */
extern int	patterns_label(Patterns *p, Label label);
extern PatternCell *patterns_cell(Patterns *p, int label, int64 fold);

/* Room for the values of a cell, not cleared. */
extern void *patterns_alloc_values(Patterns *p, TensorType dtype);

/* A copy of a checked precision. */
extern void patterns_copy_precision(Patterns *p, const Tensor *precision);

/* One of correlation, cosine, euclidean, sqeuclidean, cityblock: ERROR listing them on any other word. */
extern RdmMetric patterns_metric_from_name(const char *name);

/* The metric that the rows ask for: ERROR if it was another before. */
extern void patterns_set_metric(Patterns *p, RdmMetric metric);

/*
 * The precision that a row gives: a symmetric finite matrix, or a vector of
 * precisions >= 0, of n_channels.  The first row's is copied, the others' are
 * compared with it: ERROR if one differs.
 */
extern void patterns_set_precision(Patterns *p, Datum precision);

/* ERROR unless it is a precision of n_channels. */
extern void precision_check(const Tensor *precision, int n_channels);

/* dst += src. ERROR when channels, folds, metrics or precisions differ. */
extern void patterns_merge(Patterns *dst, const Patterns *src);
extern Patterns *patterns_copy(MemoryContext parent, const Patterns *p);

/* ---- patterns_table.c: the cells in the order of their labels and folds ---- */

typedef struct PatternTable
{
	int			n_channels;
	int			n;				/* conditions, in the order of label_compare */
	Label	   *labels;			/* n, the texts are the state's */
	int			n_folds;
	int64	   *folds;			/* n_folds, ascending */
	int			n_cells;
	const PatternCell **cells;	/* by condition, then by fold */
	int		   *start;			/* n + 1: condition i has cells[start[i]] .. cells[start[i + 1] - 1] */
} PatternTable;

/* In CurrentMemoryContext; points into p. */
extern PatternTable *patterns_table(const Patterns *p);

/* sum += values, n of them; from any thread */
extern void pattern_add(double *sum, const void *values, TensorType dtype, Size n);

/* Channels first .. first + count - 1 of the mean over the rows of n_cells cells; from any thread. */
extern void pattern_mean(const PatternCell *const *cells, int n_cells, Size first, Size count, double *out);

/* cell[i * n_folds + f]: the index of condition i's cell in fold f, -1 if there is none; in CurrentMemoryContext */
extern int *pattern_table_cells_by_fold(const PatternTable *t);

/* ---- patterns_io.c ---- */

extern const StateKind patterns_kind;

#define PG_GETARG_PATTERNS(n) ((const Patterns *) state_from_datum(&patterns_kind, PG_GETARG_DATUM(n)))

#endif							/* NEUROENC_PATTERNS_H */
