/*
 * cells.h
 *		Points of a few dimensions sorted into the cells of a grid: who is near
 *		whom without looking at all pairs.
 *
 * A cell's key holds its coordinates, the first dimension's highest, with room
 * on each side: the cell that is o_1, o_2, .. steps away has the key
 * key + cells_step(c, o).  Keys ascend, so that cells a given step away from one
 * another are found by two places that both only move on.
 */
#ifndef NEUROENC_CELLS_H
#define NEUROENC_CELLS_H

#include "postgres.h"

#define CELLS_MAX_DIMENSIONS	4
#define CELLS_MAX_STEP			3	/* in each dimension */

typedef struct Cells
{
	int			n;				/* points */
	int			d;
	int			n_cells;		/* that have points */
	uint64	   *key;			/* n_cells, ascending */
	int32	   *start;			/* n_cells + 1: where a cell's points begin in 'point' */
	int32	   *point;			/* n, by cell, ascending in each */
} Cells;

/* Can cells of this side be told apart by keys?  x: n x d, finite. */
extern bool cells_fit(int n, int d, const double *x, double side);

/* In CurrentMemoryContext; the cells must fit. */
extern Cells *cells_new(int n, int d, const double *x, double side);
extern Size cells_bytes(int n);

/* What a step of offset[0 .. d - 1] cells, each at most CELLS_MAX_STEP, adds to a key. */
extern int64 cells_step(const Cells *c, const int *offset);

/* The first cell from 'from' on with at least this key; n_cells if there is none. */
static inline int
cells_advance(const Cells *c, int from, uint64 key)
{
	while (from < c->n_cells && c->key[from] < key)
		from++;
	return from;
}

#endif							/* NEUROENC_CELLS_H */
