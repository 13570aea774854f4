/*
 * prior.h
 *		Ridge with a Gaussian prior from other subjects' weights (prior.c).
 */
#ifndef NEUROENC_PRIOR_H
#define NEUROENC_PRIOR_H

#include "postgres.h"

#include "encoding/encoder.h"
#include "encoding/ridge.h"
#include "stats/gram.h"

typedef struct PriorOptions
{
	int			m;				/* voxels of other subjects, at least 1 */
	const double *weights;		/* m x p, finite, not all 0 */
	int			n_strengths;	/* at least 1 */
	const double *strengths;	/* 0 .. 1 */
	int			n_alphas;		/* 0: the default grid */
	const double *alphas;
} PriorOptions;

/*
 * The gram has at least two folds.  The encoder, in a child context of
 * 'parent', is of model ridge with prior and of the strength that was chosen.
 */
extern Encoder *ridge_prior_cv_fit(MemoryContext parent, const Gram *g, const PriorOptions *options);

#endif							/* NEUROENC_PRIOR_H */
