/*
 * concept.h
 *		Which unit of a layer, and which combination of units, finds a concept in
 *		pictures: network dissection and Net2Vec.
 */
#ifndef NEUROENC_CONCEPT_H
#define NEUROENC_CONCEPT_H

#include "postgres.h"

#include "search/logistic.h"

typedef struct ConceptOptions
{
	double		quantile;		/* share of the places where a unit is active, in (0, 1) */
	double		alpha;			/* of the logistic regression */
	bool		thresholded;	/* combine which units are active; else how much */
	bool		balanced;		/* places with and without the concept weigh the same in all */
} ConceptOptions;

/* By unit. */
typedef struct ConceptUnits
{
	double	   *threshold;		/* d: a unit is active above */
	double	   *iou;			/* d: where it is active against where the concept is */
	int		   *held_best;		/* n_folds: the best unit of each fold's others */
	double		held_iou;		/* of those on their folds together; NaN without folds */
} ConceptUnits;

typedef struct ConceptVector
{
	double	   *weights;		/* d */
	double		intercept;
	double		iou;
	double		held_iou;		/* of the fits to each fold's others, on their folds together; NaN without folds */
} ConceptVector;

/*
 * Rows are places, x the units' activations there, label 1 the concept and 0
 * not, both present (and outside each fold).  Results are in CurrentMemoryContext.
 */
extern ConceptUnits *concept_units(const LogisticRows *rows, double quantile);

/* The unit (from 0) of largest IoU, of equal ones the first. */
extern int	concept_best_unit(const ConceptUnits *units, Size d);

/* x is overwritten if 'thresholded'. */
extern ConceptVector *concept_vector(LogisticRows *rows, const ConceptUnits *units, const ConceptOptions *options);

#endif							/* NEUROENC_CONCEPT_H */
