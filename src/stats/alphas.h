/*
 * alphas.h
 *		Penalties as SQL arguments: finite numbers, alone or as an array.
 */
#ifndef NEUROENC_ALPHAS_H
#define NEUROENC_ALPHAS_H

#include "postgres.h"
#include "utils/array.h"

/* Finite and positive, or not negative. */
extern void argument_require_alpha(double alpha, bool zero_allowed);

/* A float8[] of alphas; at least one, none NULL; palloc'd. */
extern double *argument_alphas(ArrayType *array, bool zero_allowed, int *n);

#endif							/* NEUROENC_ALPHAS_H */
