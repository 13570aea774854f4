/*
 * banded.h
 *		Banded ridge: one scale a band of features and target, found by random search.
 *
 *	banded.c		Dirichlet draws, the search over them, the fit at the best
 *	banded_primal.c	the search from moments
 *
 * Scales s_b (they sum to the number of bands) make ridge of features that are
 * multiplied by sqrt(s_b), which is ridge with the penalty alpha / s_b on band
 * b.  All equal, they are plain ridge.
 */
#ifndef NEUROENC_BANDED_H
#define NEUROENC_BANDED_H

#include "postgres.h"

#include "encoding/ridge.h"

/* Weightings of the bands to try, in this order. */
typedef struct BandDraws
{
	int			n_bands;
	const int  *widths;			/* n_bands, their sum is the number of features */
	int			n_draws;
	const double *scales;		/* n_draws x n_bands; 0 leaves a band out */
	int			batch;			/* targets whose sums are held at a time; 0: as many as is good */
} BandDraws;

/*
 * Samples of a Dirichlet distribution times n_bands, n_draws x n_bands: the
 * first all equal, then the concentrations in turn.  Draw i depends on seed, i
 * and its concentration alone.
 */
extern void banded_sample(int n_bands, int n_draws, int n_concentrations, const double *concentration,
						  uint64 seed, double *scales);

/* Chooses the draw and alpha of every target and fits: what ridge_cv_fit does when it is given draws. */
extern void banded_fit(RidgeJob *job, const RidgePlan *plan, const BandDraws *draws);

/* The score of every draw and target at its best alpha: table n_draws x v, NaN where there is none. */
extern void banded_scores(RidgeJob *job, const RidgePlan *plan, const BandDraws *draws, double *table);

/* ---- between the two files ---- */

typedef struct BandedSearch
{
	RidgeJob   *job;
	const BandDraws *draws;
	int		   *draw;			/* v: the best so far, -1: none */
	double	   *score;			/* v: its score, -infinity: none */
	double	   *table;			/* as banded_scores, or NULL: only the best counts */
} BandedSearch;

/* A target's score at a draw's best alpha. */
typedef struct BandedOffer
{
	double		score;
	double		alpha;
	double		r;
	double		r2;
	double		r2_pooled;
} BandedOffer;

extern void banded_offer(BandedSearch *search, int draw, int target, const BandedOffer *offer);

/* Every draw for a group that has folds. */
extern void banded_primal(BandedSearch *search, const TargetGroup *group);

#endif							/* NEUROENC_BANDED_H */
