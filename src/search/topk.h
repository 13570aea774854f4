/*
 * topk.h
 *		The topk state: for each of q queries, the k best of all rows seen.
 *
 * A query's list is a heap whose first entry is its worst, of min(n, k) entries
 * after n rows.  Entries are ordered by loss (minus the score where larger is
 * better, else the score), then id, both ascending: of equal scores the lower id
 * is the better.  Losses are those of the rows in float8 and don't depend on what
 * came before, so the lists are the same in whatever order rows come.
 *
 * The queries themselves come with every row, so a stored state keeps only their
 * fingerprint; in flight it has them prepared for products.
 */
#ifndef NEUROENC_TOPK_H
#define NEUROENC_TOPK_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "search/repeated_argument.h"
#include "tensor/tensor.h"

/* Stored: never renumber. */
typedef enum TopkMetric
{
	TOPK_DOT = 1,				/* inner product, largest first */
	TOPK_COSINE = 2,			/* cosine similarity, largest first */
	TOPK_EUCLIDEAN = 3,			/* distance, smallest first */
	TOPK_CORRELATION = 4,		/* Pearson's r over the elements, largest first */
	TOPK_ELEMENT = 5			/* no queries: element i of a row is its score in list i, largest first */
} TopkMetric;

/* Squares of elements must stay in range. */
#define TOPK_ELEMENT_LIMIT	1e150

typedef struct TopkEntry
{
	double		loss;
	int64		id;
} TopkEntry;

#define TOPK_MAX_ROWS		(PG_INT64_MAX / 4)

/* The queries in flight.  What a metric looks at is a vector less its centre; see topk_vector. */
typedef struct TopkQueries
{
	RepeatedArgument argument;	/* as it came */
	TensorType	dtype;			/* of values: float4 or float8 */
	const void *values;			/* q x d; the argument's where it can be */
	double	   *squared;		/* q: of each vector as the metric looks at it */
	double	   *centre;			/* q: each query's mean (correlation); else NULL */
	double	   *middle;			/* d: the mean of the queries (euclidean); else NULL */
	double	   *norm;			/* q: |v|, about the middle */
	float	   *unit;			/* q x d: v / |v|; 0 where that is 0 */
} TopkQueries;

/* Rows that wait for their product with the queries (topk_block.c). */
typedef struct TopkBlock
{
	MemoryContext cxt;
	MemoryClaim *claim;
	int			n;
	int			capacity;
	int			most;			/* rows */
	TensorType	dtype;			/* of values: float4 or float8 */
	int64	   *id;				/* capacity */
	void	   *values;			/* capacity x d */
	double	   *squared;		/* capacity, as of queries */
	double	   *centre;			/* capacity: of correlation, else 0 */
	double	   *norm;			/* capacity */
	float	   *unit;			/* capacity x d */
	double	   *row;			/* d */
} TopkBlock;

/* Of lists of elements: what enters them */
typedef struct TopkElements
{
	double	   *row;			/* d: of scratch */
	double	   *least;			/* d: of each list the last score, once it is full */
	int64	   *id;				/* d: and its id */
} TopkElements;

typedef struct Topk
{
	StateHeader hdr;			/* must be first */
	TopkMetric	metric;
	int			q;
	int			d;
	int			k;
	int64		n;				/* rows in the lists */
	uint64		fingerprint[2]; /* of the queries */
	Size		capacity;		/* of a list */
	TopkEntry  *entry;			/* q x capacity */
	bool		sorted;			/* each list, from its worst to its best: still a heap */
	TopkQueries *queries;		/* NULL in a state that was stored, until a row comes */
	TopkBlock  *block;			/* NULL: no row waits */
	TopkElements *elements;		/* NULL: not made, or there are queries */
	MemoryClaim *claim;
} Topk;

/* Entries of each list */
static inline Size
topk_length(const Topk *t)
{
	return (Size) Min(t->n, (int64) t->k);
}

static inline double
topk_loss(TopkMetric metric, double score)
{
	return metric == TOPK_EUCLIDEAN ? score : 0 - score;	/* not -x, which makes -0 of 0 */
}

/* The way back is the same. */
static inline double
topk_score(TopkMetric metric, double loss)
{
	return topk_loss(metric, loss);
}

/* ---- topk.c ---- */

extern const char *topk_metric_name(TopkMetric metric);

/* One that has queries; false for another word. */
extern bool topk_metric_from_name(const char *name, Size length, TopkMetric *metric);

/* An empty state whose context is a child of 'parent'. */
extern Topk *topk_new(MemoryContext parent, TopkMetric metric, int q, int d, int k);

/* Room for lists after n rows. */
extern void topk_reserve(Topk *t, int64 n);

/* An entry for a list of 'length', where it is among the k best; returns the new length. */
extern Size topk_offer(TopkEntry *list, Size length, Size k, TopkEntry entry);

/* Takes in the rows that wait, and sorts the lists. */
extern void topk_settle(Topk *t);

/* dst += src, which may be dst.  Both are settled.  ERROR when queries, k or metric differ. */
extern void topk_merge(Topk *dst, const Topk *src);
extern Topk *topk_copy(MemoryContext parent, const Topk *t);

/* ---- topk_queries.c ---- */

/* The queries of a new state (t NULL), or of one that was stored: ERROR unless they are its own. */
extern Topk *topk_set_queries(Topk *t, MemoryContext parent, const Tensor *queries, TopkMetric metric, int k);

/*
 * A vector as the metric looks at it: x (d, float8) less its mean (correlation),
 * or as it is.  Returns its squared length; *centre is what was taken off.
 */
extern double topk_vector(TopkMetric metric, double *x, int d, double *centre);

/* unit (d) = (x - middle) / |x - middle|, middle NULL: 0; squared is |x|^2; x is overwritten.  Returns the length. */
extern double topk_unit(double *x, double squared, const double *middle, int d, float *unit);

/* ---- topk_block.c ---- */

/* The elements of a key, all finite; errors name its id. */
extern void topk_read_key(const Tensor *key, int64 id, double *out);

/* A row of d elements */
extern void topk_add(Topk *t, int64 id, const Tensor *key);

/* Takes in the rows that wait, and frees what they took. */
extern void topk_flush(Topk *t);

/* ---- topk_elements.c ---- */

/* Lists of the d elements, without queries; and a row of them. */
extern Topk *topk_new_elements(MemoryContext parent, int d, int k);
extern void topk_add_elements(Topk *t, int64 id, const Tensor *key);

/* ---- topk_io.c ---- */

#define PG_GETARG_TOPK(n) ((const Topk *) state_from_datum(&topk_kind, PG_GETARG_DATUM(n)))

extern const StateKind topk_kind;

#endif							/* NEUROENC_TOPK_H */
