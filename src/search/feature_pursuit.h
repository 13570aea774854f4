/*
 * feature_pursuit.h
 *		Features taken one after the other by what those before have left.
 */
#ifndef NEUROENC_FEATURE_PURSUIT_H
#define NEUROENC_FEATURE_PURSUIT_H

#include "postgres.h"

#include "search/feature_ranking.h"

/*
 * Orthogonal matching pursuit of class 1 in each training set: feature and score as feature_rank's.
 * On entry they hold another ranking (sets x k), from which places are
 * filled, with score 0, once nothing is left to explain.
 */
extern void feature_pursuit(const LogisticRows *rows, const ClassMoments *m, int k, int32 *feature, double *score);

#endif							/* NEUROENC_FEATURE_PURSUIT_H */
