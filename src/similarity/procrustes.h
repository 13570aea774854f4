/*
 * procrustes.h
 *		How well one population can be rotated onto another.
 */
#ifndef NEUROENC_PROCRUSTES_H
#define NEUROENC_PROCRUSTES_H

#include "similarity/alignment.h"

/* Of two populations of unit Frobenius norm, after the best rotation; NaN if one is constant. */
typedef struct Match
{
	double		cosine;			/* nuclear norm of X'Y */
	double		angle;			/* its arc, exact near 0 */
} Match;

/* Coordinates a (n x p) and b (n x q), or products aa, bb, ab. */
extern Match match_rows(Alignment *al, Size n, Size p, const double *a, Size q, const double *b);
extern Match match_products(Alignment *al, Size p, const double *aa, Size q, const double *bb, const double *ab);

/* The partial isometry R (p x q, palloc'd) that makes X R closest to Y; NULL if a population is constant. */
extern double *procrustes_rotation(Alignment *a);

/*
 * Shape space of Williams et al. (2021): populations whitened in part,
 * X (alpha I + (1 - alpha) (X'X)^-1/2), alpha 1 Procrustes, 0 CCA.
 */
typedef struct ShapeMatch
{
	Match		match;
	double		norm_x;			/* of the centred populations, as they came */
	double		norm_y;
} ShapeMatch;

extern ShapeMatch shape_match(Alignment *a, double alpha);

/* The two metrics: the angle; and the distance after rotation when whitening keeps each norm. */
extern double shape_angle(ShapeMatch m);
extern double shape_euclidean(ShapeMatch m);

#endif							/* NEUROENC_PROCRUSTES_H */
