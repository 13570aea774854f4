/*
 * mds.h
 *		Classical multidimensional scaling, and the spectrum of an RDM's kernel.
 */
#ifndef NEUROENC_MDS_H
#define NEUROENC_MDS_H

#include "stats/rdm.h"

/*
 * Coordinates of all conditions in k dimensions, 1 <= k <= n - 1: out n x k.  A dimension whose
 * eigenvalue is not positive is 0.  ERROR where a pair is missing.
 */
extern void mds_coordinates(const Rdm *r, Size k, double *out);

/* Eigenvalues of the matrix that mds decomposes, descending: n of them. */
extern void mds_eigenvalues(const Rdm *r, double *values);

/* The same of rdm_kernel's matrix. */
extern void rdm_spectrum(const Rdm *r, double *values);

/* Bytes of scratch, for preflights: of k coordinates, or (k 0) of all eigenvalues. */
extern Size mds_scratch(Size n, Size k);

#endif							/* NEUROENC_MDS_H */
