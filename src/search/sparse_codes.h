/*
 * sparse_codes.h
 *		SQL glue that the methods which make sparse codes share.
 */
#ifndef NEUROENC_SPARSE_CODES_H
#define NEUROENC_SPARSE_CODES_H

#include "postgres.h"
#include "fmgr.h"

#include "search/codes.h"
#include "search/sae.h"
#include "search/sparse.h"
#include "tensor/tensor.h"

/* Elements start .. start + n - 1 into 'out', float4 or float8; ERROR where one is not finite ('what' names t). */
extern void codes_read_finite(const Tensor *t, const char *what, Size start, Size n, TensorType dtype, void *out);

/* All of a matrix, or of its transpose, likewise; in CurrentMemoryContext. */
extern void *codes_read_matrix(const Tensor *t, const char *what, bool transposed, TensorType dtype);

/* float8 where the tensor is, else float4 */
extern TensorType codes_dtype(const Tensor *t);

/* ---- one row ---- */

/* What a call site keeps between rows: its dictionary, and the coder of the options at hand. */
typedef struct KeptCoder
{
	MemoryContext cxt;			/* of the coder */
	Coder	   *coder;			/* NULL: none yet */
	char		options[64];
	void	   *dictionary;
} KeptCoder;

extern KeptCoder *kept_coder_new(void *dictionary);

/* Makes a coder for so many rows, in CurrentMemoryContext, with its memory claimed. */
typedef Coder *(*CoderMaker) (const void *dictionary, const void *options, int rows, int64 n_rows);

/* The code of argument x, a vector.  'function' codes matrices. */
extern Datum code_one_row(FunctionCallInfo fcinfo, int x_argument, KeptCoder *kept, CoderMaker make,
						  const void *options, Size options_bytes, TensorType dtype, const char *function);

/* ---- many rows ---- */

typedef struct ManyRows
{
	void	   *dictionary;
	Size		d;
	const void *options;
	CoderMaker	make;
	int			(*block_rows) (const void *dictionary, const void *options, int64 n_rows);
	TensorType	dtype;			/* of codes, at least */
	bool		follow_rows;	/* float8 where rows are */
	int64		batch_k;		/* of SaeBatch, 0: each row alone */
} ManyRows;

/*
 * The body of a set-returning function (id, code): of the rows of a matrix, whose ids
 * count from 1, or of points with ids, in their order.  'describe' is called once.
 */
typedef ManyRows (*DescribeRows) (FunctionCallInfo fcinfo);
extern Datum code_many_rows(FunctionCallInfo fcinfo, int x_argument, bool points, DescribeRows describe);

#endif							/* NEUROENC_SPARSE_CODES_H */
