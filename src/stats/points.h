/*
 * points.h
 *		The points state: rows of finite vectors, each alone, with an id, or with
 *		a label.
 *
 * Methods that need the rows themselves (clustering, neighbours, probes) take
 * them from here, whether an aggregate or a window function collected them.
 * They are read in the order of their content (points_rows), so that an answer
 * does not depend on the order in which rows came, nor on the plan.
 *
 * The rows are a predictions state (stats/predictions.h) of one vector and one
 * label, which is the id, or the label's number; and a second one, the fold, where
 * rows came with folds.  An aggregate that takes
 * options (kmeans_fit(t, k, seed)) keeps them here, since a final function does
 * not see an aggregate's arguments.
 */
#ifndef NEUROENC_POINTS_H
#define NEUROENC_POINTS_H

#include "postgres.h"
#include "fmgr.h"

#include "base/state.h"
#include "stats/label.h"
#include "stats/predictions.h"
#include "tensor/tensor.h"

#define POINTS_MAX_OPTIONS	4
#define POINTS_WORD_BYTES	32

/* What comes with a row.  Stored: never renumber. */
typedef enum PointsKey
{
	POINTS_ALONE = 0,
	POINTS_ID = 1,
	POINTS_LABEL = 2,
	POINTS_LABEL_FOLD = 3		/* a label and a cross-validation fold */
} PointsKey;

/* The options of an aggregate: whole numbers, and a word such as a method's name ("" for none). */
typedef struct PointsOptions
{
	int			n;
	int64		number[POINTS_MAX_OPTIONS];
	char		word[POINTS_WORD_BYTES];
} PointsOptions;

typedef struct Points
{
	StateHeader hdr;			/* must be first */
	PointsKey	key;
	PointsOptions options;
	LabelSet   *labels;			/* of rows that have labels, else NULL */
	Predictions *rows;			/* NULL before the first row */
	int64		cleared;		/* rows that points_clear took away; not stored */
	MemoryClaim *claim;			/* of the labels */
} Points;

/* ---- points.c ---- */

/* An empty state whose context is a child of 'parent'; options NULL: none. */
extern const RowsOwner points_owner;

extern Points *points_new(MemoryContext parent, PointsKey key, const PointsOptions *options);

/*
 * One row: a vector of one element or more, all finite (errors name the row's
 * ordinal, from 1, and the element), of as many as the rows before.
 */
extern void points_add(Points *p, const Tensor *t);
extern void points_add_id(Points *p, int64 id, const Tensor *t);
extern void points_add_label(Points *p, Label label, const Tensor *t);
extern void points_add_label_fold(Points *p, Label label, int64 fold, const Tensor *t);

/* Without its rows, which still count in errors and whose number of elements still binds. */
extern void points_clear(Points *p);

/* ERROR when a row's options are not those of the rows before. */
extern void points_require_options(const Points *p, const PointsOptions *options);

/* Do rows of this key have labels? */
static inline bool
points_key_has_labels(PointsKey key)
{
	return key == POINTS_LABEL || key == POINTS_LABEL_FOLD;
}

/* ERROR unless the rows came with labels; with labels and folds. */
extern void points_require_labels(const Points *p);
extern void points_require_folds(const Points *p);

/* The word of an option, clipped to what PointsOptions holds: an unknown word stays unknown. */
extern void points_set_word(PointsOptions *options, const char *word);

/* dst += src, which may be dst.  ERROR when keys, options or the vectors' elements differ. */
extern void points_merge(Points *dst, const Points *src);
extern Points *points_copy(MemoryContext parent, const Points *p);

static inline int
points_n(const Points *p)
{
	return p->rows ? (int) p->rows->n : 0;
}

static inline int
points_dimensions(const Points *p)
{
	return p->rows ? p->rows->v : 0;
}

/* ---- points_rows.c: the rows as a matrix, in the order of their content ---- */

typedef struct PointRows
{
	int			n;
	int			d;
	TensorType	dtype;			/* float4, or float8 if a row is */
	void	   *values;			/* n x d; no -0 */
	int32	   *came;			/* n: which row of the state this is, in order of arrival from 0 */
	int64	   *id;				/* n, of POINTS_ID, else NULL */
	int64	   *fold;			/* n, of POINTS_LABEL_FOLD, else NULL */
	int32	   *label;			/* n, of rows with labels: places in the order of label_compare; else NULL */
	int			n_labels;
	const Label *labels;		/* n_labels, in that order; the texts are the state's */
} PointRows;

#define POINT_ROWS_F4(r) ((float *) (r)->values)
#define POINT_ROWS_F8(r) ((double *) (r)->values)

/*
 * A copy in CurrentMemoryContext, with points_rows_bytes claimed for the context's life.  Rows are sorted by a hash
 * of their elements, then the elements, then id, or label and fold: the same rows give
 * the same matrix, bit for bit, in whatever order they came.
 */
extern PointRows *points_rows(const Points *p);
extern Size points_rows_bytes(const Points *p);

/* The same with elements as float8 whatever they came as. */
extern PointRows *points_rows_f8(const Points *p);

/* Rows first .. first + n - 1 as float8: out n x d. */
extern void point_rows_read_f8(const PointRows *r, int first, int n, double *out);

/* Elements first .. first + n - 1 of all rows as float8, element by element: out n x rows.  Backend thread. */
extern void point_rows_columns_f8(const PointRows *r, int first, int n, double *out);

/* How many rows differ from each other, stopping at 'enough' (they are sorted: one pass). */
extern int	point_rows_distinct(const PointRows *r, int enough);

/* ERROR if two rows have the same id. */
extern void point_rows_require_distinct_ids(const PointRows *r);

/* ---- stats_points.c ---- */

/*
 * The body of a transition function: the arguments that are the vector, and the
 * id or label (-1: none), after which the fold comes; rows where one of them is NULL are skipped.  Options
 * (NULL: none) must be the same in every row.
 */
extern Datum points_transition(FunctionCallInfo fcinfo, int tensor_argument, int key_argument, PointsKey key,
							   bool bigint_label, const PointsOptions *options);

/* ---- points_io.c ---- */

#define PG_GETARG_POINTS(n) ((const Points *) state_from_datum(&points_kind, PG_GETARG_DATUM(n)))

extern const StateKind points_kind;

#endif							/* NEUROENC_POINTS_H */
