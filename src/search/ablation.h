/*
 * ablation.h
 *		How the held-out score of a linear model falls as its units are dropped,
 *		from a gram alone.
 */
#ifndef NEUROENC_ABLATION_H
#define NEUROENC_ABLATION_H

#include "postgres.h"

#include "stats/gram.h"

typedef enum AblationFill
{
	ABLATION_REFIT,				/* the model is fitted again to the units that are left */
	ABLATION_MEAN,				/* the full model's weights; a dropped unit is its mean over the training rows */
	ABLATION_ZERO				/* ... is 0 */
} AblationFill;

typedef struct AblationOptions
{
	int			n_ranked;
	const int  *ranking;		/* n_ranked units, from 0 and distinct: the order in which they are dropped */
	int			n_steps;
	const int  *drop;			/* n_steps, ascending, 0 .. n_ranked: how many are dropped */
	double		alpha;			/* > 0 */
	AblationFill fill;
	bool		standardize;
} AblationOptions;

/* Scores after each step; NaN where there is none. */
typedef struct AblationCurve
{
	double	   *r;				/* n_steps: means over targets */
	double	   *r2;
	double	   *target_r;		/* n_steps x v, or NULL: not wanted */
	double	   *target_r2;
} AblationCurve;

/* g has two folds or more, and targets.  Fills the curve; memory is claimed for the call. */
extern void ablation_curve(const Gram *g, const AblationOptions *options, AblationCurve *curve);

#endif							/* NEUROENC_ABLATION_H */
