/*
 * class_scores.h
 *		How well predicted classes match the actual ones, from the counts of their
 *		pairs: precision, recall, F1.
 */
#ifndef NEUROENC_CLASS_SCORES_H
#define NEUROENC_CLASS_SCORES_H

#include "postgres.h"

#include "stats/contingency.h"

/* Every class that came, predicted or actual, in the order of label_compare. */
typedef struct ClassCounts
{
	int64		n;				/* rows */
	int			n_classes;
	Label	   *label;			/* n_classes; the texts are the contingency's */
	int64	   *actual;			/* rows of the class */
	int64	   *predicted;		/* rows that were said to be */
	int64	   *right;			/* rows that are and were */
} ClassCounts;

typedef enum ClassAverage
{
	CLASS_MACRO,				/* all classes count the same */
	CLASS_MICRO,				/* all rows do: the share of right rows */
	CLASS_WEIGHTED				/* classes count by their actual rows */
} ClassAverage;

/* From pairs of a = actual, b = predicted; in CurrentMemoryContext, claimed for its life. */
extern ClassCounts *class_counts(const ContingencyTable *t);

/* 2 right / (predicted + actual); NaN for 0 / 0 */
extern double class_f1(int64 right, int64 predicted, int64 actual);

/* NaN without rows */
extern double class_mean_f1(const ClassCounts *c, ClassAverage average);

#endif							/* NEUROENC_CLASS_SCORES_H */
