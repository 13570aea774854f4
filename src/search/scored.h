/*
 * scored.h
 *		The scored state: rows of (score, gain), with or without the query that
 *		each belongs to.
 *
 * Scores of rankings (AUC, average precision, NDCG ...) need all rows in the
 * order of their scores, which no smaller state can hold exactly.  The rows are a
 * predictions state (stats/predictions.h): one vector (score, gain) in float8,
 * whose label is the query.
 */
#ifndef NEUROENC_SCORED_H
#define NEUROENC_SCORED_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "search/retrieval_scores.h"
#include "stats/predictions.h"

typedef struct Scored
{
	StateHeader hdr;			/* must be first */
	bool		has_queries;
	int32		k;				/* option of an aggregate: how many of the first rows count; 0: all */
	Predictions *rows;
} Scored;

/* An empty state whose context is a child of 'parent'. */
extern Scored *scored_new(MemoryContext parent, bool has_queries, int k);

/* ERROR, naming the row's ordinal, unless score and gain are finite and gain >= 0. */
extern void scored_add(Scored *s, int64 query, double score, double gain);

/* ERROR unless the rows were collected with queries, or without, and with this k. */
extern void scored_require_same(const Scored *s, bool has_queries, int k);

/* The rows in the order of their scores, in CurrentMemoryContext, claimed for its life. */
extern RankedRows *scored_ranked(const Scored *s, bool by_gain);

#define PG_GETARG_SCORED(n) ((const Scored *) state_from_datum(&scored_kind, PG_GETARG_DATUM(n)))

extern const StateKind scored_kind;

#endif							/* NEUROENC_SCORED_H */
