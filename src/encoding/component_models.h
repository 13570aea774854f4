/*
 * component_models.h
 *		Regression on a few components of the features: partial least squares and
 *		principal components.
 *
 *	component_models.c	groups of targets, training sets, scores
 *	pls.c				weights by partial least squares
 *	pcr.c				weights by principal components
 */
#ifndef NEUROENC_COMPONENT_MODELS_H
#define NEUROENC_COMPONENT_MODELS_H

#include "postgres.h"

#include "encoding/encoder.h"
#include "stats/gram.h"

typedef enum ComponentModel
{
	COMPONENTS_PLS_JOINT,		/* PLS2: components for all targets together */
	COMPONENTS_PLS_BY_TARGET,	/* PLS1 for each */
	COMPONENTS_PCR
} ComponentModel;

/* The encoder is in a child context of 'parent'; 1 <= n_components <= min(p, n - 1). */
extern Encoder *component_model_fit(MemoryContext parent, const Gram *g, ComponentModel model,
									int n_components);

/*
 * Weights (p x nt) of a training set with centred X'X (p x p) and X'Y (p x nt,
 * destroyed); they return the components found, fewer than asked for where the
 * rest of the data has no more.  Scratch is in CurrentMemoryContext.
 */
extern int	pls_joint(int p, int nt, const double *xx, double *xy, int n_components, double *weights);
extern int	pls_by_target(int p, int nt, const double *xx, double *xy, int n_components, double *weights);
extern Size pls_joint_bytes(int p, int nt, int n_components);
extern Size pls_by_target_bytes(int p, int nt, int n_components);

/* The leading principal components of X'X, one for a training set and any number of blocks. */
typedef struct PcrBasis
{
	int			k;
	double	   *components;		/* k x p: rows over the square root of their eigenvalue */
} PcrBasis;

extern PcrBasis pcr_basis(int p, double *xx, int n_components);	/* xx is destroyed */
extern void pcr_weights(const PcrBasis *basis, int p, int nt, const double *xy, double *weights);

#endif							/* NEUROENC_COMPONENT_MODELS_H */
