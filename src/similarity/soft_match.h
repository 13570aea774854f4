/*
 * soft_match.h
 *		Soft matching of two populations' units.
 */
#ifndef NEUROENC_SOFT_MATCH_H
#define NEUROENC_SOFT_MATCH_H

#include "postgres.h"

/*
 * The largest sum of plan[i, j] a[i, j] over transport plans with the uniform
 * masses 1/p of rows and 1/q of columns; a: p x q, finite; changed.
 */
extern double soft_match_best(Size p, Size q, double *a);

#endif							/* NEUROENC_SOFT_MATCH_H */
