/*
 * predictions.h
 *		The predictions state: rows of predicted and measured vectors, with labels.
 *
 * Tests of predictions need the rows: a permutation pairs a prediction with
 * another row's measurement, a decoded vector is compared with all others.  So
 * the state holds them, in their own element type, and sorts them by label when
 * it is read: an answer does not depend on the order in which they came.
 *
 * A row has 1 to 3 vectors of v elements and 1 or 2 labels:
 *	 predicted, y				block[, position in the block]
 *	 predicted a, predicted b, y	block[, position in the block]
 *	 predicted, actual			item
 *	 y							repeat, stimulus
 *
 * In flight it is an expanded object; predictions_io.c writes the flat form.
 */
#ifndef NEUROENC_PREDICTIONS_H
#define NEUROENC_PREDICTIONS_H

#include "postgres.h"
#include "fmgr.h"

#include "base/memory.h"
#include "base/state.h"
#include "tensor/tensor.h"

#define PREDICTIONS_MAX_VECTORS 3
#define PREDICTIONS_MAX_LABELS	2
#define PREDICTIONS_MAX_COLUMNS (1 << 26)
#define PREDICTIONS_MAX_ROWS	(PG_INT32_MAX - 1)	/* so that an int counts them */

typedef struct PredictionChunk
{
	struct PredictionChunk *next;
	TensorType	dtype;			/* float4 or float8 */
	int			n;
	int			capacity;
	int64	   *labels;			/* capacity x n_labels */
	void	   *values;			/* capacity x n_vectors x v */
} PredictionChunk;

/* Whose rows these are, for messages about memory. */
typedef struct RowsOwner
{
	const char *name;
	const char *hint;			/* how to need less */
} RowsOwner;

typedef struct Predictions
{
	StateHeader hdr;			/* must be first */
	int			n_vectors;
	int			n_labels;
	int			v;
	int64		n;				/* rows */
	PredictionChunk *first;
	PredictionChunk *last;
	const RowsOwner *owner;
	MemoryClaim *claim;
} Predictions;

/* ---- predictions.c ---- */

extern const RowsOwner predictions_owner;

/* An empty state whose context is a child of 'parent'. */
extern Predictions *predictions_new(MemoryContext parent, const RowsOwner *owner, int n_vectors, int n_labels, int v);

/*
 * One row.  Vectors of v elements, NaN = missing, infinity refused; errors name
 * the row's ordinal (from 1), the vector and the element.
 */
extern void predictions_add_row(Predictions *p, Tensor *const *vectors, const int64 *labels);

/* Is an element infinite?  (NaN is not.)  For callers that have a better name for the row than its ordinal. */
extern bool tensor_has_infinity(const Tensor *t);

/* Room for n more rows of this type at the end, n >= 1; the chunk's n is not advanced. */
extern PredictionChunk *predictions_reserve(Predictions *p, TensorType dtype, int n);

/* dst += src, which is not changed. ERROR when vectors, labels or columns differ in number. */
extern void predictions_merge(Predictions *dst, const Predictions *src);

extern Predictions *predictions_copy(MemoryContext parent, const Predictions *p);

/* ---- predictions_rows.c: the rows in the order of their labels ---- */

typedef struct PredictionRow
{
	int64		label[PREDICTIONS_MAX_LABELS];
	const void *values;			/* n_vectors x v */
	TensorType	dtype;
} PredictionRow;

/* Rows sorted by label; those of the same first label are a block. */
typedef struct PredictionRows
{
	int			n;
	int			v;
	int			n_vectors;
	int			n_labels;
	PredictionRow *row;			/* n */
	int			n_blocks;
	int		   *start;			/* n_blocks + 1: block b is row[start[b]] .. row[start[b + 1] - 1] */
} PredictionRows;

/* In CurrentMemoryContext; points into p. */
extern PredictionRows *predictions_rows(const Predictions *p);

/* Bytes of it, for preflights. */
extern Size predictions_rows_bytes(const Predictions *p);

/* Elements first .. first + count - 1 of vector k of rows r0 .. r0 + n - 1: out n x count, row stride ldout */
extern void predictions_gather(const PredictionRows *rows, int r0, int n, int k, int first, int count,
							   double *out, Size ldout);

/* which[t] = true where target t misses a value (NaN in any vector); v flags */
extern void predictions_missing(const PredictionRows *rows, bool *which);

/*
 * m columns of n values (row stride ld), each centred on its mean over the rows
 * where 'valid' (laid out as x; NULL: all) is not 0, and scaled to unit norm; 0
 * where it is not valid.  A constant column becomes 0 exactly.  count: m, valid rows.
 */
#define COLUMNS_AT_ONCE 64
extern void columns_standardize(double *x, const double *valid, int n, int m, Size ld, int *count);

/* ---- predictions_io.c ---- */

#define PG_GETARG_PREDICTIONS(n) ((const Predictions *) state_from_datum(&predictions_kind, PG_GETARG_DATUM(n)))

extern const StateKind predictions_kind;

/* As predictions_kind's, where the rows are part of another state. */
extern Predictions *predictions_read(StateReader *r, MemoryContext parent, const RowsOwner *owner, bool validate);

#endif							/* NEUROENC_PREDICTIONS_H */
