/*
 * localizer.h
 *		The localizer state: means and variances of units under two conditions, and
 *		Welch's t of each unit from them.
 */
#ifndef NEUROENC_LOCALIZER_H
#define NEUROENC_LOCALIZER_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "tensor/tensor.h"

#define LOCALIZER_MAX_UNITS (1 << 26)

/* Rows of one condition. */
typedef struct LocalizerMoments
{
	int64		n;
	double	   *mean;			/* p */
	double	   *squares;		/* p: sums of squares about the mean */
} LocalizerMoments;

typedef struct Localizer
{
	StateHeader hdr;			/* must be first */
	int			p;				/* units */
	LocalizerMoments condition[2];	/* false, true */
	double	   *row;			/* p: the row that comes */
} Localizer;

/* An empty state whose context is a child of 'parent'. */
extern Localizer *localizer_new(MemoryContext parent, int p);

/* One row: a finite vector of p; errors name the row's ordinal (from 1) and the element. */
extern void localizer_add_row(Localizer *l, const Tensor *x, bool condition);

/* One unit; NaN where it is not defined. */
typedef struct LocalizedUnit
{
	double		t;				/* +-Infinity where the means differ without variance */
	double		df;
	double		p;
	double		q;
	double		d_prime;
	int			rank;			/* from 1, the highest t first, then the lower unit; 0 where t is NaN */
} LocalizedUnit;

/*
 * out: l->p units.  p is of |t|, or one-sided of t > 0; q is Benjamini and
 * Hochberg's over the units with a t.  localizer_scratch bytes of scratch.
 */
extern void localizer_test(const Localizer *l, bool one_sided, LocalizedUnit *out);
extern Size localizer_scratch(const Localizer *l);

extern const StateKind localizer_kind;

#define PG_GETARG_LOCALIZER(n) ((const Localizer *) state_from_datum(&localizer_kind, PG_GETARG_DATUM(n)))

#endif							/* NEUROENC_LOCALIZER_H */
