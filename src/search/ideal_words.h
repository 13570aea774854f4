/*
 * ideal_words.h
 *		A vector for each level of each factor, whose sums are the rows.
 */
#ifndef NEUROENC_IDEAL_WORDS_H
#define NEUROENC_IDEAL_WORDS_H

#include "postgres.h"

/* Cells: rows of one combination of levels, by their mean. */
typedef struct IdealCells
{
	Size		n;				/* cells */
	Size		d;				/* elements */
	int			f;				/* factors */
	const double *x;			/* n x d: the mean of a cell's rows */
	const double *weight;		/* n: how many they are; all 1 or more */
	double		squares;		/* of all rows about the mean of their cell */
	const int  *level;			/* n x f: from 0 */
	const int  *n_levels;		/* f */
} IdealCells;

typedef struct IdealWords
{
	double	   *vectors;		/* 1 + sum of n_levels rows of d: the common vector, then each factor's levels */
	double	   *weight;			/* of each row of these: how many rows have the level */
	double		r2;				/* of the rows, about their mean; NaN if they do not vary */
} IdealWords;

/*
 * Least squares over all rows, the levels of a factor adding up to 0.  Returns -1, or the (first)
 * factor whose levels the others tell already: then nothing is determined.
 */
extern int	ideal_words_fit(const IdealCells *cells, IdealWords *out);

/* Bytes of scratch that it takes in CurrentMemoryContext. */
extern Size ideal_words_scratch(const IdealCells *cells);

#endif							/* NEUROENC_IDEAL_WORDS_H */
