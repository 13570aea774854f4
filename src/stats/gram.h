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
#include "utils/expandeddatum.h"

#include "base/memory.h"
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

typedef struct Gram
{
	ExpandedObjectHeader hdr;	/* must be first */
	int			p;				/* features */
	int			v;				/* targets, 0 for a gram of x alone */
	bool		has_folds;		/* made with a fold column */
	int64		n_rows_seen;	/* next row's ordinal */

	bool		has_centre;		/* set when the first moments are made */
	double	   *cx;				/* p */
	double	   *cy;				/* v */

	int			n_cells;
	int			max_cells;
	int			last_cell;		/* where the last row went */
	GramCell   *cells;			/* in order of appearance */

	int			n_patterns;		/* >= 1; pattern 0 is "nothing missing" */
	int			max_patterns;
	uint8	  **patterns;		/* bit t set: target t is missing; (v + 7) / 8 bytes each */

	MemoryClaim *claim;
	Size		flat_size;		/* cached by get_flat_size, 0 = unknown */
} Gram;

#define GRAM_PATTERN_BYTES(v) (((Size) (v) + 7) / 8)
#define GRAM_MISSING(g, cell, t) \
	((cell)->pattern != 0 && \
	 ((g)->patterns[(cell)->pattern][(t) >> 3] & (1 << ((t) & 7))) != 0)

/* ---- gram.c: making, adding, merging ---- */

/* An empty gram whose context is a child of 'parent'. */
extern Gram *gram_new(MemoryContext parent, int p, int v, bool has_folds);

/*
 * One row.  x must be a finite vector of p, y (NULL when v = 0) of v elements,
 * NaN = missing, infinity refused.  Errors name the row's ordinal (from 1) and
 * the element.
 */
extern void gram_add_row(Gram *g, const Tensor *x, const Tensor *y, int64 fold);

/* dst += src; src is not changed. ERROR when the dimensions or fold columns differ. */
extern void gram_merge(Gram *dst, const Gram *src);

/* A new gram in 'parent': g + nothing; the cells for which keep(fold) holds. */
extern Gram *gram_copy(MemoryContext parent, const Gram *g);
extern Gram *gram_copy_folds(MemoryContext parent, const Gram *g, const int64 *folds, int n_folds,
							 bool without);

/* A new gram in 'parent' with only these features / targets (0-based). */
extern Gram *gram_select(MemoryContext parent, const Gram *g, const int *features, int n_features,
						 const int *targets, int n_targets);

/* a - b, in moments; ERROR if b was never added to a. */
extern Gram *gram_subtract(MemoryContext parent, const Gram *a, const Gram *b);

/* ---- gram.c: reading ---- */
extern int64 gram_n(const Gram *g);	/* rows */
extern int64 gram_cell_n(const GramCell *cell);
extern bool gram_rows_held(const Gram *g);	/* every row is held as a row */
extern bool gram_is_float4(const Gram *g);	/* no held row is float8 and no moments came from float8 */

/* Distinct fold ids, ascending, palloc'd; *n_folds of them. */
extern int64 *gram_fold_ids(const Gram *g, int *n_folds);

/* A common centre: the gram's own, or the mean of its rows, rounded to float4. cx p, cy v. */
extern void gram_get_centre(const Gram *g, double *cx, double *cy);

/* ---- gram_moments.c: sums over a cell, moments and held rows alike, about any centre (cx, cy) ---- */

/* n is returned; sx (p) and sxx (p x p) are added to. sxx may be NULL. */
extern int64 gram_cell_add_xx(const Gram *g, const GramCell *cell, const double *cx,
							  double *sx, double *sxx);

/*
 * For the targets idx[0 .. nt - 1] (0-based; missing ones count as 0):
 * sy (nt), syy (nt) and sxy (p x nt, row stride ldxy) are added to.
 */
extern void gram_cell_add_xy(const Gram *g, const GramCell *cell, const double *cx, const double *cy,
							 const int *idx, int nt, double *sy, double *syy,
							 double *sxy, Size ldxy);

/* Held rows of a cell as float8 minus centre (cx NULL: as they are), out n_held x p. */
extern void gram_cell_rows_x(const Gram *g, const GramCell *cell, const double *cx, double *out);
/* ... targets idx: out n_held x nt, missing stay NaN */
extern void gram_cell_rows_y(const Gram *g, const GramCell *cell, const double *cy,
							 const int *idx, int nt, double *out);
/* ... ordinals: out n_held */
extern void gram_cell_ordinals(const GramCell *cell, int64 *out);

/* ---- gram_io.c ---- */

/* A gram from any datum (expanded, flat, toasted). Read only: do not change it. */
extern const Gram *DatumGetGram(Datum d);
#define PG_GETARG_GRAM(n) DatumGetGram(PG_GETARG_DATUM(n))
#define GramGetDatum(g) EOHPGetRWDatum(&(g)->hdr)

#endif							/* NEUROENC_GRAM_H */
