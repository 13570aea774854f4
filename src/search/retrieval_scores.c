/*
 * retrieval_scores.c
 *		Scores of rankings: how well scores put relevant rows before the others.
 *
 * Rows are sorted once, by radix (stats/rank.c), O(n) and 56 to 80 bytes a row;
 * each score is then one pass.
 *
 * The subtlety is ties.  Rows of one score have no order, so a score of a
 * ranking is its mean over all orders of the tied rows: pairs count half in the
 * AUC (Hanley and McNeil 1982), a tie's rows share its positions' discounts in NDCG
 * (McSherry and Najork 2008, who have closed forms for the others as well), and
 * the first relevant row among g tied rows of which m are relevant is the j-th with
 * probability C(g - j, m - 1) / C(g, m).  Average precision alone is
 * scikit-learn's: tied rows are one step of the recall.
 *
 * Sums are over counts, or over gains in an order that the rows themselves give,
 * so that a score does not depend on the order in which rows came, to the bit.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/memory.h"
#include "base/progress.h"
#include "search/retrieval_scores.h"
#include "stats/rank.h"

#define MEMORY_HINT "Score fewer rows at a time: a sample, or queries by groups."

/* ---- the rows in order ---- */

RankedRows *
ranked_rows_new(Size n, bool has_queries, bool by_gain)
{
	Size		columns = (has_queries ? 3 : 2) + (by_gain ? 1 : 0);
	Size		sorting = has_queries ? 6 : 5;	/* at most: scratch, an order, a copy; queries with their order, twice */
	RankedRows *r = palloc0(sizeof(RankedRows));

	memory_claim_add(memory_claim(CurrentMemoryContext, "ranking"),
					 size_mul(size_add(n, 1), (columns + sorting) * sizeof(double)), MEMORY_HINT);
	r->n = n;
	r->has_queries = has_queries;
	r->by_gain = by_gain;
	r->score = huge_matrix(1, n + 1);
	r->gain = huge_matrix(1, n + 1);
	r->query = has_queries ? huge_alloc(size_mul(n + 1, sizeof(int64))) : NULL;
	r->ideal = by_gain ? huge_matrix(1, n + 1) : NULL;
	return r;
}

/* values (8 bytes each) in a new order, by way of room for n */
static void
reorder(void *values, const uint32 *order, Size n, uint64 *room)
{
	uint64	   *to = values;

	memcpy(room, values, n * sizeof(uint64));
	for (Size i = 0; i < n; i++)
	{
		breathe(true, i);
		to[i] = room[order[i]];
	}
}

/* order: where the rows stand, largest value first */
static void
order_descending(const double *values, Size n, uint32 *order)
{
	RankScratch scratch;
	RankOrder	ascending;

	rank_scratch_allocate(&scratch, n);
	ascending = rank_order(&scratch, n, values, true);
	for (Size i = 0; i < n; i++)
		order[i] = rank_index(&ascending, n - 1 - i);
	pfree(scratch.word[0]);
	pfree(scratch.word[1]);
}

static void
sort_descending(RankedRows *r, const double *by, uint32 *order, uint64 *room)
{
	order_descending(by, r->n, order);
	reorder(r->score, order, r->n, room);
	reorder(r->gain, order, r->n, room);
	if (r->has_queries)
		reorder(r->query, order, r->n, room);
}

typedef struct QueryRow
{
	uint64		query;			/* sorts as the number does */
	uint32		row;
} QueryRow;

/* order: rows by query, those of a query as they were: a radix sort by the bytes that differ */
static void
order_by_query(const int64 *query, Size n, uint32 *order)
{
	QueryRow   *from = huge_alloc(size_mul(n + 1, sizeof(QueryRow)));
	QueryRow   *to = huge_alloc(size_mul(n + 1, sizeof(QueryRow)));
	uint64		differ = 0;

	for (Size i = 0; i < n; i++)
	{
		from[i] = (QueryRow) {(uint64) query[i] ^ UINT64CONST(1) << 63, (uint32) i};
		differ |= from[i].query ^ from[0].query;
	}
	for (int shift = 0; shift < 64; shift += 8)
	{
		Size		begin[257] = {0};
		QueryRow   *swap;

		if ((differ >> shift & 0xff) == 0)
			continue;
		for (Size i = 0; i < n; i++)
			begin[(from[i].query >> shift & 0xff) + 1]++;
		for (int b = 1; b < 257; b++)
			begin[b] += begin[b - 1];
		for (Size i = 0; i < n; i++)
		{
			breathe(true, i);
			to[begin[from[i].query >> shift & 0xff]++] = from[i];
		}
		swap = from;
		from = to;
		to = swap;
	}
	for (Size i = 0; i < n; i++)
		order[i] = from[i].row;
	pfree(from);
	pfree(to);
}

static void
find_queries(RankedRows *r)
{
	Size		n_queries = 1;

	for (Size i = 1; i < r->n && r->has_queries; i++)
		n_queries += r->query[i] != r->query[i - 1];
	memory_claim_add(memory_claim(CurrentMemoryContext, "ranking"), size_mul(n_queries + 1, sizeof(Size)), MEMORY_HINT);
	r->start = huge_alloc(size_mul(n_queries + 1, sizeof(Size)));
	r->n_queries = 0;
	r->start[r->n_queries++] = 0;
	for (Size i = 1; i < r->n && r->has_queries; i++)
		if (r->query[i] != r->query[i - 1])
			r->start[r->n_queries++] = i;
	r->start[r->n_queries] = r->n;
}

void
ranked_rows_sort(RankedRows *r)
{
	Size		n = r->n;
	uint32	   *order = huge_alloc(size_mul(n + 1, sizeof(uint32)));
	uint64	   *room = huge_alloc(size_mul(n + 1, sizeof(uint64)));

	if (n > 0 && r->by_gain)
	{
		/* ties are then in the order of their gains, since later sorts leave them in some order that this one gave */
		sort_descending(r, r->gain, order, room);
		memcpy(r->ideal, r->gain, n * sizeof(double));
		if (r->has_queries)
		{
			order_by_query(r->query, n, order);
			reorder(r->ideal, order, n, room);
		}
	}
	if (n > 0)
		sort_descending(r, r->score, order, room);
	if (r->has_queries)
	{
		order_by_query(r->query, n, order);
		reorder(r->score, order, n, room);
		reorder(r->gain, order, n, room);
		reorder(r->query, order, n, room);
	}
	pfree(order);
	pfree(room);
	find_queries(r);
}

/* ---- ties ---- */

/* Rows of one score: [start, end), places counted from 0 within the query */
typedef struct Tie
{
	Size		start;
	Size		end;
	Size		relevant;
} Tie;

/* The tie that begins at place 'start' of the query's n rows. */
static Tie
next_tie(const RankedRows *r, Size q, Size start)
{
	const double *score = r->score + r->start[q];
	const double *gain = r->gain + r->start[q];
	Size		n = r->start[q + 1] - r->start[q];
	Tie			tie = {start, start, 0};

	do
	{
		breathe(true, tie.end);
		tie.relevant += gain[tie.end] > 0;
		tie.end++;
	} while (tie.end < n && score[tie.end] == score[start]);
	return tie;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): 'tie' is declared */
#define FOR_EACH_TIE(tie, r, q) \
	for (Tie tie = {0}; tie.end < (r)->start[(q) + 1] - (r)->start[q] && \
		 (tie = next_tie(r, q, tie.end), true);)
/* NOLINTEND(bugprone-macro-parentheses) */

Size
ranked_relevant(const RankedRows *r, Size q)
{
	Size		n = 0;

	for (Size i = r->start[q]; i < r->start[q + 1]; i++)
		n += r->gain[i] > 0;
	return n;
}

/* ---- scores ---- */

/* The share of (relevant, other) pairs that are in order. */
double
ranking_auc(const RankedRows *r, Size q, int k)
{
	uint64		n_relevant = 0;
	uint64		n_others = 0;
	uint64		twice = 0;		/* of pairs in order; at most n^2 / 2 < 2^63 */

	FOR_EACH_TIE(tie, r, q)
	{
		uint64		others = tie.end - tie.start - tie.relevant;

		twice += others * (2 * n_relevant + tie.relevant);
		n_relevant += tie.relevant;
		n_others += others;
	}
	return n_relevant == 0 || n_others == 0 ? NAN : (double) twice / 2 / (double) n_relevant / (double) n_others;
}

/* Sum over steps of the recall of (step) (precision there). */
double
ranking_average_precision(const RankedRows *r, Size q, int k)
{
	Size		n_relevant = ranked_relevant(r, q);
	Size		found = 0;
	double		sum = 0;

	FOR_EACH_TIE(tie, r, q)
	{
		found += tie.relevant;
		sum += (double) tie.relevant * ((double) found / (double) tie.end);
	}
	return n_relevant == 0 ? NAN : sum / (double) n_relevant;
}

/* The mean of 1 / (place of the first relevant row, from 1); 0 if there is none. */
double
ranking_reciprocal_rank(const RankedRows *r, Size q, int k)
{
	FOR_EACH_TIE(tie, r, q)
	{
		double		g = (double) (tie.end - tie.start);
		double		m = (double) tie.relevant;
		double		p = m / g;	/* that the first is the j-th */
		double		sum = 0;

		if (tie.relevant == 0)
			continue;
		/* NOLINTNEXTLINE(cert-flp30-c): a count, which a double holds exactly */
		for (double j = 1; j <= g - m + 1; j++)
		{
			breathe(true, (Size) j);
			sum += p / ((double) tie.start + j);
			p *= (g - j - m + 1) / (g - j);
		}
		return sum;
	}
	return 0;
}

/* How many of the tie's places are among the first k (0: all). */
static Size
places_within(const Tie *tie, int k)
{
	if (k == 0 || tie->end <= (Size) k)
		return tie->end - tie->start;
	return tie->start < (Size) k ? (Size) k - tie->start : 0;
}

/* The share of the relevant rows that is among the first k. */
double
ranking_recall(const RankedRows *r, Size q, int k)
{
	Size		n_relevant = ranked_relevant(r, q);
	double		found = 0;

	FOR_EACH_TIE(tie, r, q)
	{
		Size		places = places_within(&tie, k);

		if (places == 0)
			break;
		found += (double) tie.relevant * ((double) places / (double) (tie.end - tie.start));
	}
	return n_relevant == 0 ? NAN : found / (double) n_relevant;
}

/* Of the place, from 0 (Jarvelin and Kekalainen 2002). */
static double
discount(Size place)
{
	return 1 / log2((double) place + 2);
}

double
ranking_ndcg(const RankedRows *r, Size q, int k)
{
	const double *gain = r->gain + r->start[q];
	const double *ideal = r->ideal + r->start[q];
	Size		n = r->start[q + 1] - r->start[q];
	Size		first = k == 0 ? n : Min((Size) k, n);
	double		largest = n > 0 ? ideal[0] : 0;	/* gains in its units: their sums stay in range */
	double		dcg = 0;
	double		best = 0;

	if (largest == 0)
		return NAN;
	FOR_EACH_TIE(tie, r, q)
	{
		Size		places = places_within(&tie, k);
		double		gains = 0;
		double		discounts = 0;

		if (places == 0)
			break;
		for (Size i = tie.start; i < tie.end; i++)
			gains += gain[i] / largest;
		for (Size i = 0; i < places; i++)
		{
			breathe(true, i);
			discounts += discount(tie.start + i);
		}
		dcg += gains / (double) (tie.end - tie.start) * discounts;
	}
	for (Size i = 0; i < first; i++)
	{
		breathe(true, i);
		best += ideal[i] / largest * discount(i);
	}
	return dcg / best;
}

double
ranking_mean(const RankedRows *r, RankingScore score, int k)
{
	double		sum = 0;
	Size		n = 0;

	for (Size q = 0; q < r->n_queries; q++)
	{
		double		value = score(r, q, k);

		if ((q & 0xff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (isnan(value))
			continue;
		sum += value;
		n++;
	}
	return n == 0 ? NAN : sum / (double) n;
}
