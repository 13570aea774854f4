/*
 * gram.h
 *		The gram state: sufficient statistics of (x, y) by fold.
 *
 * A gram is a set of *cells*.  A cell holds the rows of one fold that lack the
 * same targets (y NaN); without missing data there is one cell a fold.  A cell
 * keeps its rows as they came while they take fewer bytes than its moments,
 * then folds them, in blocks, into moments about the gram's provisional mean
 * (the centre), so that each cell is in the smaller of the two forms.  Rows
 * that arrive after that wait in the cell until a block is worth a matrix
 * product.  So a cell's content is always: moments (or none) + held rows.
 *
 * Everything is additive: merging translates moments to one centre exactly
 * (Chan, Golub and LeVeque 1983) and appends rows.
 *
 * In flight a gram is an expanded object; the flat form is written by
 * gram_io.c.
 */
#ifndef NEUROENC_GRAM_H
#define NEUROENC_GRAM_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state.h"
#include "tensor/tensor.h"

/* Sums over n rows about the gram's centre; dimensions p and v are the gram's. */
typedef struct GramMoments
{
	int64		n;
	double	   *sx;				/* p: sum of x - cx */
	double	   *sxx;			/* p x p, both triangles */
	double	   *sy;				/* v: missing targets count as 0 */
	double	   *syy;			/* v: sum of squares */
	double	   *sxy;			/* p x v */
} GramMoments;

/* Consecutive rows of a cell, in their own element types. */
typedef struct GramChunk
{
	struct GramChunk *next;
	TensorType	xtype;			/* float4 or float8 */
	TensorType	ytype;
	int			n;
	int			capacity;
	int64	   *ordinal;		/* capacity: when the row arrived, from 0 */
	void	   *x;				/* capacity x p */
	void	   *y;				/* capacity x v, NaN where missing */
} GramChunk;

typedef struct GramCell
{
	int64		fold;
	int			pattern;		/* index into Gram.patterns; 0 = no target missing */
	int64		n_held;			/* rows in the chunks */
	Size		held_bytes;		/* of their x and y */
	GramChunk  *first;			/* held rows, in order of arrival */
	GramChunk  *last;
	GramMoments *moments;		/* of all other rows; NULL: none */
} GramCell;

/* Open addressing over an array: slots hold an index + 1, 0 is free. */
typedef struct GramIndex
{
	int			n_slots;		/* a power of two, 0 = not built yet */
	int		   *slots;
} GramIndex;

typedef struct Gram
{
	StateHeader hdr;			/* must be first */
	int			p;				/* features */
	int			v;				/* targets, 0 for a gram of x alone */
	bool		has_folds;		/* made with a fold column */
	bool		has_float8;		/* some x or y came as float8 */
	bool		products_float4;	/* some x'y were multiplied in float4: off by about 1e-8 |x| |y| */
	bool		keep_rows;		/* rows are never folded in; its owner's to set, not stored */
	int64		n_rows_seen;	/* next row's ordinal */

	bool		has_centre;		/* set when the first moments are made */
	double	   *cx;				/* p */
	double	   *cy;				/* v */

	int			n_cells;
	int			max_cells;
	int			last_cell;		/* where the last row went */
	GramCell   *cells;			/* in order of appearance */
	GramIndex	cell_index;		/* (fold, pattern) -> cells */

	int			n_patterns;		/* >= 1; pattern 0 is "nothing missing" */
	int			max_patterns;
	uint8	  **patterns;		/* bit t set: target t is missing; GRAM_PATTERN_BYTES each */
	GramIndex	pattern_index;	/* bits -> patterns */

	struct GramAhead *ahead;	/* a block that is being folded in by other threads, or NULL */

	MemoryClaim *claim;
} Gram;

#define GRAM_PATTERN_BYTES(v) (((Size) (v) + 7) / 8)
#define GRAM_MISSING(g, cell, t) \
	((cell)->pattern != 0 && \
	 ((g)->patterns[(cell)->pattern][(t) >> 3] & (1 << ((t) & 7))) != 0)

/* ---- gram.c: making, adding, merging ---- */

/* More columns than this can't be stored, nor rows counted exactly. */
#define GRAM_MAX_COLUMNS (1 << 26)

/* An empty gram whose context is a child of 'parent'; ERROR past GRAM_MAX_COLUMNS. */
extern Gram *gram_new(MemoryContext parent, int p, int v, bool has_folds);

/*
 * One row.  x must be a finite vector of p, y (NULL when v = 0) of v elements,
 * NaN = missing, infinity refused.  Errors name the row's ordinal (from 1) and
 * the element.
 */
extern void gram_add_row(Gram *g, const Tensor *x, const Tensor *y, int64 fold);

/* dst += src; src is not changed. ERROR when the dimensions or fold columns differ. */
extern void gram_merge(Gram *dst, const Gram *src);

/* The same where fold i of src, from 0, is fold folds[i] of dst. */
extern void gram_merge_folds(Gram *dst, const Gram *src, const int64 *folds);

/* A copy in 'parent'; only the given folds (sorted), or all but those. */
extern Gram *gram_copy(MemoryContext parent, const Gram *g);
extern Gram *gram_copy_folds(MemoryContext parent, const Gram *g, const int64 *folds, int n_folds,
							 bool without);

/* For readers of stored bytes and for gram_merge: the cell of (fold, pattern bits), made if new. */
extern int	gram_pattern(Gram *g, const uint8 *bits);
extern GramCell *gram_cell(Gram *g, int64 fold, int pattern);

/*
 * Room for n more rows of these types at the end of a cell; the chunk's n is
 * not advanced.  The chunk may be of wider types: a cell that has seen float8
 * keeps all that follows in float8, so that a mix of types makes no small chunks.
 */
extern GramChunk *gram_reserve_rows(Gram *g, GramCell *cell, TensorType xtype, TensorType ytype, int n);

/* A new gram in 'parent' with only these features / targets (0-based). */
extern Gram *gram_select(MemoryContext parent, const Gram *g, const int *features, int n_features,
						 const int *targets, int n_targets);

/*
 * The gram of z = map' (x - centre), map p x q: the centre is gram_get_centre's.
 * Rows stay rows; targets, folds and missing values are as they were.
 */
extern Gram *gram_map_features(MemoryContext parent, const Gram *g, const double *map, int q);

/* a - b, in moments; ERROR if b was never added to a. */
extern Gram *gram_subtract(MemoryContext parent, const Gram *a, const Gram *b);

/* ---- gram.c: reading ---- */
extern int64 gram_n(const Gram *g);	/* rows */
extern int64 gram_cell_n(const GramCell *cell);
extern bool gram_rows_held(const Gram *g);	/* every row is held as a row */

/* Distinct fold ids, ascending, palloc'd; *n_folds of them. */
extern int64 *gram_fold_ids(const Gram *g, int *n_folds);

/* A common centre: the gram's own, or the mean of some of its rows, rounded to float4. cx p, cy v. */
extern void gram_get_centre(const Gram *g, double *cx, double *cy);

/* ---- gram_moments.c: sums over cells, moments and held rows alike ---- */

/*
 * Sum of squares about the mean from sums about the centre; 0 when it is rounding
 * only, or below float8's normal range, where digits are lost.
 */
extern double gram_centred_squares(double n, double s, double ss);

/* Moments of nt targets in one allocation in CurrentMemoryContext, zero. */
extern GramMoments *gram_moments_new(int p, int v);
extern Size gram_moments_bytes(int p, int v);

/* Folds a cell's held rows into its moments (made if need be). Changes g. */
extern void gram_fold_in(Gram *g, GramCell *cell);

/*
 * Waits until no other thread works on the gram.  To be called before anything
 * but gram_add_row looks at it; DatumGetGram does.
 */
extern void gram_wait(Gram *g);

/* The same for every cell that has moments; frees the room kept for further rows. Changes g. */
extern void gram_settle(Gram *g);

/*
 * Sums about the centre (cx, cy) over the cells g->cells[cells[0 .. n_cells - 1]]:
 * returns the number of rows; sx (p) and sxx (p x p, NULL: not wanted) are added to.
 */
extern int64 gram_sum_xx(const Gram *g, const int *cells, int n_cells, const double *cx,
						 double *sx, double *sxx);

/* As gram_sum_xx, the diagonal of sxx alone: sx and sxx (p each) are added to. */
extern int64 gram_sum_squares_x(const Gram *g, const int *cells, int n_cells, const double *cx,
								double *sx, double *sxx);

/* 0 .. n_cells - 1, palloc'd: all cells of a gram */
extern int *gram_all_cells(const Gram *g);

/*
 * As gram_sum_xx for the targets idx[0 .. nt - 1] (0-based; a missing value counts
 * as 0): sy (nt), syy (nt) and sxy (p x nt, row stride ldxy) are added to.
 */
extern void gram_sum_xy(const Gram *g, const int *cells, int n_cells,
						const double *cx, const double *cy, const int *idx, int nt,
						double *sy, double *syy, double *sxy, Size ldxy);

/* Held rows of these cells, one below the other, as float8. */
extern int64 gram_held_n(const Gram *g, const int *cells, int n_cells);
extern void gram_held_x(const Gram *g, const int *cells, int n_cells, const double *cx, double *out);

/* ... their targets idx: out n x nt; missing stay NaN; cy by target of g, NULL: as they are */
extern void gram_held_y(const Gram *g, const int *cells, int n_cells, const double *cy,
						const int *idx, int nt, double *out, Size ldout);

/* ... when they arrived: out n */
extern void gram_held_ordinals(const Gram *g, const int *cells, int n_cells, int64 *out);

/* ---- gram_centred.c: the x of all rows about its mean ---- */

/* mean (p), and the sums of squares and products about it (p x p, both triangles) */
extern void gram_scatter(const Gram *g, double *mean, double *scatter);

/* mean (p), and every row about it (n x p), where all rows are held */
extern void gram_centred_rows(const Gram *g, double *mean, double *rows);

/* ---- gram_io.c ---- */

/* From any datum (expanded, flat, toasted). Read only: do not change it. */
#define DatumGetGram(d) ((const Gram *) state_from_datum(&gram_kind, d))
#define PG_GETARG_GRAM(n) DatumGetGram(PG_GETARG_DATUM(n))
#define GramGetDatum(g) StateGetDatum(g)

extern const StateKind gram_kind;

#endif							/* NEUROENC_GRAM_H */
