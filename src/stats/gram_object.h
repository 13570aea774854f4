/*
 * gram_object.h
 *		What the gram's own files share with one another, and with nobody else.
 */
#ifndef NEUROENC_GRAM_OBJECT_H
#define NEUROENC_GRAM_OBJECT_H

#include "stats/gram.h"

/* gram.c */
extern void gram_free_chunk(Gram *g, GramChunk *chunk);

/* Rows of a block like this chunk's once the cell has moments. */
extern int	gram_block_rows(const Gram *g, const GramChunk *like);

/* Rows of src (which may be of another gram with the same columns) to the end of dst's cell. */
extern void gram_append_rows(Gram *dst, int dst_cell, const GramChunk *src, int64 ordinal_shift);

/* A cell's first chunks, as long as they are small, as one: a fold-in passes over X'Y once a chunk. */
extern void gram_join_small_chunks(Gram *g, GramCell *cell);
extern int	gram_compare_folds(const void *a, const void *b);	/* of int64, for qsort and bsearch */

/* gram_moments.c */
extern void gram_set_centre(Gram *g, const double *cx, const double *cy);

/* Sets the centre from the rows held, if there is none. */
extern void gram_need_centre(Gram *g);

/*
 * The cell's moments, made (zero) if there are none: the gram has its centre.
 * With fresh not NULL, *fresh says that they were made and that sxy is the caller's to set.
 */
extern GramMoments *gram_cell_moments(Gram *g, GramCell *cell, bool *fresh);

/* cell's moments (made if need be) += sign * m, where m is about (cx, cy), sign 1 or -1 */
extern void gram_add_moments(Gram *g, GramCell *cell, const GramMoments *m,
							 const double *cx, const double *cy, int sign);

/* What gram_ahead.c needs of a fold-in. */
extern TensorType gram_block_type(const Gram *g, const GramChunk *chunk);
extern void gram_fold_in_x(Gram *g, GramMoments *m, const GramChunk *chunk, TensorType type, void *x);

/* gram_ahead.c */

/* gram_fold_in for a cell whose rows may be folded while the next ones are read. */
extern void gram_fold_ahead(Gram *g, GramCell *cell);
extern void gram_wait_and_free(Gram *g);

#endif							/* NEUROENC_GRAM_OBJECT_H */
