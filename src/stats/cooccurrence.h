/*
 * cooccurrence.h
 *		The cooccurrence state: in how many rows each pair of features is active.
 */
#ifndef NEUROENC_COOCCURRENCE_H
#define NEUROENC_COOCCURRENCE_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "tensor/tensor.h"

#define COOCCURRENCE_MAX_FEATURES	65536
#define COOCCURRENCE_MAX_ROWS		PG_UINT32_MAX

typedef struct Cooccurrence
{
	StateHeader hdr;			/* must be first */
	int			p;
	double		threshold;		/* a feature is active where it is over this */
	int64		n;
	uint32	   *count;			/* p (p + 1) / 2: the lower triangle, row after row; the diagonal: rows where a feature is active */
	int			n_waiting;		/* rows of 'waiting' that are not in count yet: cooccurrence_settle */
	float	   *waiting;		/* block of dense rows of 0 and 1, NULL before the first */
	float	   *product;		/* a panel of their products */
	int32	   *active;			/* p: scratch */
	double	   *values;			/* p: scratch */
	MemoryClaim *claim;
} Cooccurrence;

/* Row i of the triangle */
#define COOCCURRENCE_ROW(c, i)	((c)->count + (Size) (i) * ((Size) (i) + 1) / 2)

/* ---- cooccurrence.c ---- */

extern Cooccurrence *cooccurrence_new(MemoryContext parent, int p, double threshold);

/* One row, p elements.  A NaN is an ERROR that names row and element. */
extern void cooccurrence_add(Cooccurrence *c, const Tensor *codes);

/* One row of which n features, ascending and from 0, are active. */
extern void cooccurrence_add_active(Cooccurrence *c, int n, const int32 *active);

/* Counts what is waiting. */
extern void cooccurrence_settle(Cooccurrence *c);

/* dst += src, which may be dst and is settled. */
extern void cooccurrence_merge(Cooccurrence *dst, const Cooccurrence *src);
extern Cooccurrence *cooccurrence_copy(MemoryContext parent, const Cooccurrence *c);

/* How pairs are measured, of n11 rows where both are active, n1 and n2 where one of them is, n in all */
typedef enum CooccurrenceMethod
{
	COOCCURRENCE_PHI,			/* Pearson's r of the two activities */
	COOCCURRENCE_JACCARD,		/* n11 / (n1 + n2 - n11) */
	COOCCURRENCE_DICE,			/* 2 n11 / (n1 + n2) */
	COOCCURRENCE_OVERLAP,		/* n11 / min(n1, n2) */
	COOCCURRENCE_MATCHING,		/* rows where both or none is / n */
	COOCCURRENCE_COUNT			/* n11 */
} CooccurrenceMethod;

/* Of features 0 .. i with feature i, settled: out i + 1.  0 where it is not defined. */
extern void cooccurrence_measure(const Cooccurrence *c, CooccurrenceMethod method, int i, double *out);

/* ---- stats_cooccurrence.c ---- */

/* Argument n of a transition function, 0 where it has none. */
extern double cooccurrence_threshold_argument(FunctionCallInfo fcinfo, int n, bool may_be_negative);

/* The running state, or for a first row one of p features in 'cxt'; ERROR if the threshold is not that of the rows before. */
extern Cooccurrence *cooccurrence_of_row(Cooccurrence *running, MemoryContext cxt, Size p, double threshold);

/* ---- cooccurrence_io.c ---- */

#define PG_GETARG_COOCCURRENCE(n) ((const Cooccurrence *) state_from_datum(&cooccurrence_kind, PG_GETARG_DATUM(n)))

extern const StateKind cooccurrence_kind;

#endif							/* NEUROENC_COOCCURRENCE_H */
