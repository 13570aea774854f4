/*
 * paired.h
 *		The paired state: two populations' responses to the same rows.
 *
 * A row is (x, y), the responses of p and q units to one stimulus.  The state is
 * a gram (stats/gram.h) of z = (x, y) side by side: rows while they take fewer
 * bytes than the moments of z, then moments about a provisional mean, so that
 * one state gives X'X, X'Y and Y'Y however many rows come.  Measures that need
 * the rows (kernels, neighbours) set keep_rows, and the rows stay.
 *
 * Aggregates over the rows of one population alone (two_nn) have q = 0.
 *
 * An aggregate's option (the sigma of cka_rbf) is remembered here from its
 * first row on, for the final function.
 */
#ifndef NEUROENC_PAIRED_H
#define NEUROENC_PAIRED_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "stats/gram.h"
#include "tensor/tensor.h"

typedef struct Paired
{
	StateHeader hdr;			/* must be first */
	int			p;				/* units of x */
	int			q;				/* units of y; 0: there is no y */
	bool		keep_rows;
	bool		has_option;
	double		option;			/* finite; 0 if there is none */
	Gram	   *gram;			/* of p + q features, no targets, no folds */
	Tensor	   *row;			/* room for the row that comes */
} Paired;

/* ---- paired.c ---- */

/* An empty state whose context is a child of 'parent'. */
extern Paired *paired_new(MemoryContext parent, int p, int q, bool keep_rows);

/* One row.  Finite vectors of p and q elements (y NULL if q is 0); errors name the row (from 1), x or y, and the element. */
extern void paired_add_row(Paired *s, const Tensor *x, const Tensor *y);

/* The aggregate's option in the row that comes; ERROR if it was another before, or is not finite. */
extern void paired_set_option(Paired *s, double option);

/* ---- reading; everything is palloc'd in CurrentMemoryContext ---- */

extern int64 paired_n(const Paired *s);	/* rows */
extern bool paired_rows_held(const Paired *s);

/* ERROR unless rows are held: 'measure' names what needs them. */
extern void paired_require_rows(const Paired *s, const char *measure);

/* The rows, as they came: x n x p, y n x q (either may be NULL).  Rows must be held. */
extern void paired_rows(const Paired *s, double *x, double *y);

/* The same less their means; the bytes of both. */
extern void paired_centred_rows(const Paired *s, double *x, double *y);
extern Size paired_rows_bytes(const Paired *s);

/* Centred cross-products, both triangles. */
typedef struct PairedProducts
{
	int64		n;
	int			p;
	int			q;
	double	   *xx;				/* p x p */
	double	   *yy;				/* q x q */
	double	   *xy;				/* p x q */
	double	   *mean;			/* p + q, of x and then of y */
} PairedProducts;

extern PairedProducts paired_products(const Paired *s);
extern Size paired_products_bytes(const Paired *s);

/* Of a scatter (p x p) about the mean of n rows: columns that are constant but for rounding become 0. */
extern void drop_constant_columns(double *scatter, const double *mean, Size p, double n);

/* a (n x m) less the means of its columns */
extern void centre_columns(double *a, Size n, Size m);

extern const StateKind paired_kind;

/* ERROR if it holds one population alone */
extern const Paired *paired_argument(Datum d);
#define PG_GETARG_PAIRED(n) paired_argument(PG_GETARG_DATUM(n))

#endif							/* NEUROENC_PAIRED_H */
