/*
 * gram_object.h
 *		What the gram's own files share with one another, and with nobody else.
 */
#ifndef NEUROENC_GRAM_OBJECT_H
#define NEUROENC_GRAM_OBJECT_H

#include "stats/gram.h"

/* gram_io.c */
extern const ExpandedObjectMethods gram_expanded_methods;

/* gram.c */
extern void gram_free_chunk(Gram *g, GramChunk *chunk);
extern int	gram_compare_folds(const void *a, const void *b);	/* of int64, for qsort and bsearch */

/* gram_moments.c */
extern void gram_set_centre(Gram *g, const double *cx, const double *cy);

/* The cell's moments, made (zero) if there are none: the gram has its centre. */
extern GramMoments *gram_cell_moments(Gram *g, GramCell *cell);

/* cell's moments (made if need be) += sign * m, where m is about (cx, cy), sign 1 or -1 */
extern void gram_add_moments(Gram *g, GramCell *cell, const GramMoments *m,
							 const double *cx, const double *cy, int sign);

#endif							/* NEUROENC_GRAM_OBJECT_H */
