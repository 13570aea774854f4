/*
 * softmax_projection.h
 *		The softmax_projection state: queries moved onto the span of a bank of keys.
 *
 * Query i weighs key j by w_ij = exp(cos(query_i, key_j) / temperature).  The state
 * has, of each query, sums over the keys of w, w^2, w |key| and w key / |key|, all
 * over exp(peak / temperature), peak being the largest cosine so far.
 *
 * The queries come with every row, so a stored state keeps only their fingerprint;
 * in flight it has their directions.
 */
#ifndef NEUROENC_SOFTMAX_PROJECTION_H
#define NEUROENC_SOFTMAX_PROJECTION_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "search/repeated_argument.h"
#include "tensor/tensor.h"

/* Squares of elements must stay in range. */
#define PROJECTION_ELEMENT_LIMIT	1e150


/* The queries in flight */
typedef struct ProjectionQueries
{
	RepeatedArgument argument;	/* as they came */
	double	   *unit;			/* q x d */
} ProjectionQueries;

/* Keys that wait for their product with the queries */
typedef struct ProjectionBlock
{
	MemoryContext cxt;
	int			n;
	int			most;
	double	   *unit;			/* most x d */
	double	   *norm;			/* most */
	double	   *weight;			/* q x most: cosines, then weights */
} ProjectionBlock;

typedef struct Projection
{
	StateHeader hdr;			/* must be first */
	int			q;
	int			d;
	double		temperature;
	int64		n;				/* keys in the sums */
	uint64		fingerprint[2]; /* of the queries */
	double	   *peak;			/* q; -Infinity: no key yet */
	double	   *sum;			/* q: of w */
	double	   *sum_squares;	/* q: of w^2 */
	double	   *sum_norm;		/* q: of w |key| */
	double	   *sum_unit;		/* q x d: of w key / |key| */
	ProjectionQueries *queries; /* NULL in a state that was stored, until a row comes */
	ProjectionBlock *block;		/* NULL: no row waits */
	MemoryClaim *claim;
} Projection;

/* ---- softmax_projection.c ---- */

/* An empty state whose context is a child of 'parent'. */
extern Projection *projection_new(MemoryContext parent, int q, int d, double temperature);

/* The queries of a new state (p NULL), or of one that was stored: ERROR unless they are its own. */
extern Projection *projection_set_queries(Projection *p, MemoryContext parent, const Tensor *queries, double temperature);

/* A key: d finite elements, not all 0; errors name its ordinal. */
extern void projection_add(Projection *p, const Tensor *key);

/* Takes in the keys that wait. */
extern void projection_settle(Projection *p);

/* dst += src, which may be dst.  Both are settled.  ERROR when queries or temperature differ. */
extern void projection_merge(Projection *dst, const Projection *src);
extern Projection *projection_copy(MemoryContext parent, const Projection *p);

/* What the keys' weighted mean makes of query i (p has a key) */
typedef struct ProjectedQuery
{
	double		norm;			/* mean of |key| */
	double		length;			/* of the mean of key / |key| */
	double		n_effective;	/* (sum w)^2 / sum w^2 */
} ProjectedQuery;

/* projection (d) = norm * mean of key / |key| */
extern ProjectedQuery projection_of(const Projection *p, int i, double *projection);

/* ---- softmax_projection_io.c ---- */

#define PG_GETARG_PROJECTION(n) ((const Projection *) state_from_datum(&projection_kind, PG_GETARG_DATUM(n)))

extern const StateKind projection_kind;

#endif							/* NEUROENC_SOFTMAX_PROJECTION_H */
