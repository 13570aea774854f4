/*
 * pmi.h
 *		Labels of units: words of the descriptions of the items that drive a unit
 *		most, by pointwise mutual information.
 */
#ifndef NEUROENC_PMI_H
#define NEUROENC_PMI_H

#include "postgres.h"

#include "stats/label.h"
#include "stats/points.h"

/* The words of descriptions; words are numbered in the order of label_compare. */
typedef struct PmiWords
{
	int			n;
	const Label *word;			/* n */
	Size	   *start;			/* descriptions + 1 */
	int32	   *of;				/* description d has words of[start[d]] .. of[start[d + 1] - 1], each once */
} PmiWords;

/*
 * Splits descriptions at white space.  In CurrentMemoryContext, claimed for its life; texts
 * are copies.
 */
extern PmiWords *pmi_words(const Label *descriptions, int n);

typedef struct PmiOptions
{
	double		share;			/* of the items that are a unit's top items */
	int			n_words;		/* at most so many a unit */
	int			min_count;		/* a word of fewer top items is none */
	double		smoothing;		/* items more that have a word, none of them a top item; at least 0 */
} PmiOptions;

typedef struct PmiLabel
{
	int32		word;
	int32		count;			/* top items that have it */
	int32		total;			/* and all items */
	double		pmi;
} PmiLabel;

typedef struct PmiUnit
{
	int32		items;			/* top items */
	int32		n_labels;
} PmiUnit;

/*
 * Rows are items, whose labels are their descriptions, and words are the
 * descriptions'.  unit (d) and label (d x n_words) become what each unit is called,
 * the best first.  Scratch of its own is claimed for the time of the call.
 */
extern void pmi_labels(const PointRows *rows, const PmiWords *words, const PmiOptions *options, PmiUnit *unit, PmiLabel *label);

#endif							/* NEUROENC_PMI_H */
