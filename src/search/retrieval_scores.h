/*
 * retrieval_scores.h
 *		Scores of rankings: how well scores put relevant rows before the others.
 */
#ifndef NEUROENC_RETRIEVAL_SCORES_H
#define NEUROENC_RETRIEVAL_SCORES_H

#include "postgres.h"

/*
 * Rows of queries, best score first.  A row is relevant if its gain is over 0.
 * Rows of one query and one score are tied: their order says nothing.
 */
typedef struct RankedRows
{
	Size		n;
	bool		has_queries;
	bool		by_gain;
	double	   *score;			/* n */
	double	   *gain;			/* n; with by_gain ties are in an order that depends on their gains alone */
	int64	   *query;			/* n, or NULL */
	double	   *ideal;			/* n, with by_gain: each query's gains, largest first; else NULL */
	Size		n_queries;		/* 1 without queries */
	Size	   *start;			/* n_queries + 1: query q is rows start[q] .. start[q + 1] - 1, queries ascending */
} RankedRows;

/* Room for n rows (score, gain and query to be set) in CurrentMemoryContext, claimed for its life. */
extern RankedRows *ranked_rows_new(Size n, bool has_queries, bool by_gain);

/* From any order of the rows to the one above: O(n), on the backend's thread. */
extern void ranked_rows_sort(RankedRows *r);

/* How many relevant rows query q has. */
extern Size ranked_relevant(const RankedRows *r, Size q);

/* ---- scores of query q; NaN where one is not defined ---- */

/* How a score is read off a query's rows; k: of the first k rows, 0: of all */
typedef double (*RankingScore) (const RankedRows *r, Size q, int k);

extern double ranking_auc(const RankedRows *r, Size q, int k);
extern double ranking_average_precision(const RankedRows *r, Size q, int k);
extern double ranking_reciprocal_rank(const RankedRows *r, Size q, int k);
extern double ranking_recall(const RankedRows *r, Size q, int k);

/* of rows sorted by gain */
extern double ranking_ndcg(const RankedRows *r, Size q, int k);

/* Its mean over the queries where it is defined, NaN if that is none. */
extern double ranking_mean(const RankedRows *r, RankingScore score, int k);

#endif							/* NEUROENC_RETRIEVAL_SCORES_H */
