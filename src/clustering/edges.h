/*
 * edges.h
 *		The graph state: weighted edges without direction, between nodes that are
 *		bigint identifiers or labels.
 *
 * (stats/graph.h has the Graph that shortest paths run on; this is what SQL
 * calls a graph.)  The state keeps the edges as they came, so that the sum of
 * the weights of parallel ones can be taken in an order that does not depend on
 * the plan.  Where a sum is exact in any order (whole weights), or where its last
 * bits decide nothing (modularity), parallel edges are merged as soon as the rows
 * fill their memory.
 *
 * An aggregate that takes options keeps them here, since a final function does
 * not see an aggregate's arguments.
 */
#ifndef NEUROENC_EDGES_H
#define NEUROENC_EDGES_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "stats/label.h"

typedef struct EdgeRow
{
	int64		source;			/* identifier, or the label's number */
	int64		target;
	double		weight;			/* finite, >= 0 */
} EdgeRow;

typedef struct EdgesOptions
{
	bool		sums;			/* only sums are asked for: merge early */
	double		resolution;
	int64		seed;
} EdgesOptions;

typedef struct Edges
{
	StateHeader hdr;			/* must be first */
	EdgesOptions options;
	LabelSet   *labels;			/* NULL where nodes are identifiers */
	Size		n;
	Size		capacity;
	EdgeRow    *row;			/* capacity */
	Size		futile;			/* the capacity at which merging parallel edges last brought little */
	bool		whole;			/* all weights are whole numbers: their sums are exact */
	MemoryClaim *claim;
} Edges;

/* ---- edges.c ---- */

extern const EdgesOptions edges_no_options;

/* An empty state whose context is a child of 'parent'. */
extern Edges *edges_new(MemoryContext parent, bool labelled, const EdgesOptions *options);

/* One edge; ERROR unless the weight is finite and not negative. */
extern void edges_add(Edges *e, int64 source, int64 target, double weight);
extern void edges_add_labels(Edges *e, Label source, Label target, double weight);

/* Room for n more rows at once. */
extern void edges_reserve(Edges *e, Size n);

extern void edges_require_options(const Edges *e, bool labelled, const EdgesOptions *options);

/* dst += src, which may be dst. */
extern void edges_merge(Edges *dst, const Edges *src);
extern Edges *edges_copy(MemoryContext parent, const Edges *e);

/* ---- edges_merged.c: nodes in their order, each pair of nodes once ---- */

typedef struct MergedEdges
{
	int			n;				/* nodes */
	const int64 *id;			/* n, ascending; NULL where nodes have labels */
	const Label *label;			/* n, in the order of label_compare; the texts are the state's */
	Size		m;				/* edges */
	int32	   *a;				/* m: a <= b, by a, then b; a = b is an edge from a node to itself */
	int32	   *b;
	double	   *weight;			/* sums */
} MergedEdges;

/* In CurrentMemoryContext, claimed for its life.  The same rows in any order give the same bits. */
extern MergedEdges *edges_merged(const Edges *e);

/* ---- edges_io.c ---- */

#define PG_GETARG_EDGES(n) ((const Edges *) state_from_datum(&edges_kind, PG_GETARG_DATUM(n)))

extern const StateKind edges_kind;

#endif							/* NEUROENC_EDGES_H */
