/*
 * directions.h
 *		Directions of a space: inner products under a covariance, and what is left
 *		of rows without some directions.
 */
#ifndef NEUROENC_DIRECTIONS_H
#define NEUROENC_DIRECTIONS_H

#include "postgres.h"

/*
 * A covariance (p x p, both triangles) becomes its factor L, L L' (cholesky_f8);
 * false: it has no inverse, to the digits that float8 has.
 */
extern bool covariance_factor(Size p, double *covariance);

/* x (p) becomes inv(covariance) x, from the factor. */
extern void covariance_solve(Size p, const double *factor, double *x);

/* u' inv(covariance) v, from the factor; work: 2 p */
extern double covariance_inner_product(Size p, const double *factor, const double *u, const double *v, double *work);

/* covariance becomes its inverse symmetric root (p x p); false: it has no inverse.  root: p x p of scratch */
extern bool covariance_whitening(Size p, double *covariance, double *root);

/*
 * basis (min(k, p) x p): orthonormal rows that span the k x p directions, which
 * are destroyed.  Returns how many there are: a direction of length 0, or in the
 * span of the others but for a part of 'precision' of its length, adds none.
 */
extern Size span_basis(Size k, Size p, double *directions, double precision, double *basis);
extern Size span_scratch(Size k, Size p);

/* x (n x p) without its part in the span of 'rank' orthonormal rows; scores: n x rank of scratch */
extern void span_project_out(Size rank, Size p, const double *basis, Size n, double *x, double *scores);

#endif							/* NEUROENC_DIRECTIONS_H */
