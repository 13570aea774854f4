/*
 * patterns_rdm.h
 *		From patterns to dissimilarities.
 */
#ifndef NEUROENC_PATTERNS_RDM_H
#define NEUROENC_PATTERNS_RDM_H

#include "similarity/patterns.h"

/*
 * Of the means over all rows of each condition.  The metric is one of
 * patterns_metric_from_name's, or RDM_MAHALANOBIS with a (checked) precision.
 */
extern Rdm *patterns_rdm(const Patterns *p, RdmMetric metric, const Tensor *precision);

/* Across folds: see crossnobis.h; precision (checked) may be NULL. */
extern Rdm *patterns_crossnobis(const Patterns *p, const Tensor *precision);

/*
 * Each condition in one fold against each in a later one: d (n x n, of the
 * table's conditions) is the mean over pairs of folds f < g of the distance of
 * row i's pattern in f to column j's in g, NaN where there is no such pair.
 */
extern void patterns_crossed(const PatternTable *t, RdmMetric metric, double *d);

/* Symmetrised Kullback-Leibler divergence of Poisson rates, over channels; across folds with 'crossvalidate'. */
extern Rdm *patterns_poisson(const Patterns *p, double prior_lambda, double prior_weight, bool crossvalidate);

/* ERROR unless there are at least two folds; 'what' needs them. */
extern void patterns_require_folds(const Patterns *p, const char *what);

#endif							/* NEUROENC_PATTERNS_RDM_H */
