/*
 * contingency_cells.h
 *		The cells of a contingency: contingency.c and contingency_io.c.
 */
#ifndef NEUROENC_CONTINGENCY_CELLS_H
#define NEUROENC_CONTINGENCY_CELLS_H

#include "stats/contingency.h"

typedef struct ContingencyCell
{
	uint64		pair;			/* number of label a in the upper half, of b in the lower */
	int64		count;			/* >= 1 */
	char		status;
} ContingencyCell;

#define SH_PREFIX contingency
#define SH_ELEMENT_TYPE ContingencyCell
#define SH_KEY_TYPE uint64
#define SH_SCOPE extern
#define SH_DECLARE
#include "lib/simplehash.h"

/* Room for so many cells in all. */
extern void contingency_reserve(Contingency *c, Size n_cells);

/* A copy, ordered by the labels' numbers, or by their places where ranks are given, which then are the pairs. */
extern ContingencyCell *contingency_sorted_cells(const Contingency *c, const int *rank_a, const int *rank_b);

/* count >= 1 more rows of labels number a and b; was the pair new? */
extern bool contingency_count(Contingency *c, int a, int b, int64 count);

#endif							/* NEUROENC_CONTINGENCY_CELLS_H */
