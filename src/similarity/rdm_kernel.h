/*
 * rdm_kernel.h
 *		The kernel of an RDM: the inner products of centred patterns that its
 *		distances stand for.
 *
 * K = -1/2 J D2 J, J = I - 11'/n (Torgerson 1952; Gower 1966).  Of a euclidean RDM it is
 * exactly X X' with the columns of X centred, so measures of kernels (cka, bures,
 * effective rank) need no patterns.  D2, the squared distances, by metric:
 *
 *	 euclidean, mahalanobis	the distances squared
 *	 sqeuclidean			as they are
 *	 crossnobis				as they are: squared, unbiased; K may have negative eigenvalues
 *	 correlation, cosine	as they are: twice them is the squared euclidean distance of
 *							patterns of unit norm (correlation: centred first), and no
 *							scale-free measure sees the factor 2
 *	 cityblock				as they are: they are of negative type, so K has no
 *							negative eigenvalue
 *	 poisson				as they are: a divergence grows as a squared distance
 *	 unknown, transformed	as they are: say the metric in rdm_from_matrix if they are
 *							euclidean
 */
#ifndef NEUROENC_RDM_KERNEL_H
#define NEUROENC_RDM_KERNEL_H

#include "stats/rdm.h"

/* Whether distances of this metric are squared to make D2. */
extern bool rdm_kernel_squares(RdmMetric metric);

/*
 * K of the m conditions (ascending indices of r; NULL: all, m is then
 * r->n_conditions): out m x m, symmetric, rows and columns sum to 0 up to
 * rounding.  ERROR that names the pair where one is missing.  Cost: m^2, no
 * scratch but m doubles.
 */
extern void rdm_kernel(const Rdm *r, const int *conditions, int m, double *out);

/* The same of the distances as they are, or squared, whatever the metric. */
extern void rdm_centred(const Rdm *r, const int *conditions, int m, bool square, double *out);

#endif							/* NEUROENC_RDM_KERNEL_H */
