/*
 * drift_basis.h
 *		An orthonormal basis of the slow drifts of a run: cosines and polynomials.
 */
#ifndef NEUROENC_DRIFT_BASIS_H
#define NEUROENC_DRIFT_BASIS_H

#include "postgres.h"

typedef struct DriftSpec
{
	Size		n_cosines;		/* at least 1, the constant */
	Size		degree;			/* of the polynomials, 0 for none but the constant */
} DriftSpec;

/* Vectors, at most: the constant is one of the cosines. */
#define DRIFT_VECTORS(spec) ((spec)->n_cosines + (spec)->degree)

/*
 * The rows of basis (DRIFT_VECTORS(spec) x n) = an orthonormal basis of the drifts
 * at n of the n_times time points of a run, times (ascending), the constant
 * first.  Returns how many there are, n if the drifts span everything: then the
 * basis is not formed.  Allocates drift_basis_scratch() bytes in CurrentMemoryContext.
 */
extern Size drift_basis(const DriftSpec *spec, Size n_times, Size n, const Size *times, double *basis);
extern Size drift_basis_scratch(const DriftSpec *spec, Size n_times);

#endif							/* NEUROENC_DRIFT_BASIS_H */
