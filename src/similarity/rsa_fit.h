/*
 * rsa_fit.h
 *		A weighted sum of model RDMs, fitted and cross-validated over conditions.
 */
#ifndef NEUROENC_RSA_FIT_H
#define NEUROENC_RSA_FIT_H

#include "similarity/compare.h"

typedef struct RsaFit
{
	double	   *weight;			/* n_models: of all conditions */
	double	   *fold_weight;	/* n_models: mean over the folds' training sets */
	double		fit;			/* prediction and data over all conditions, not cross-validated */
	double		score;			/* over pairs of held-out conditions, mean over folds; NaN if undefined in all */
	int			n_scored;		/* folds that the mean is over */
	int			n_conditions;	/* that all RDMs have */
} RsaFit;

/* pearson, cosine and their whitened forms */
extern bool rsa_fit_takes(CompareMethod method);

/*
 * Over the conditions that all RDMs have, without pairs that one of them misses (ERROR
 * if there are some and the method is whitened); with 'squared', distances whose metric
 * is not squared yet (rdm_kernel.h) are squared first.  ERROR for fewer than 3
 * conditions a fold.  Result in CurrentMemoryContext, scratch claimed there.
 */
extern RsaFit *rsa_fit(CompareMethod method, const Rdm *data, const Rdm *const *models, int n_models,
					   int n_folds, uint64 seed, bool squared);

#endif							/* NEUROENC_RSA_FIT_H */
