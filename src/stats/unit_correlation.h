/*
 * unit_correlation.h
 *		Pearson's r of every unit of x with every unit of y, from their sums.
 */
#ifndef NEUROENC_UNIT_CORRELATION_H
#define NEUROENC_UNIT_CORRELATION_H

#include "postgres.h"

#include "stats/cross_gram.h"
#include "stats/gram.h"

/*
 * r: p x v, of x with the targets y; a gram of x alone (v = 0): p x p, 1 on the
 * diagonal.  A target's r is over the rows where it has a value.  NaN where a
 * side is constant or has fewer than 2 rows.
 */
extern void correlation_of_gram(const Gram *g, double *r);

/* r: p x q */
extern void correlation_of_cross_gram(const CrossGram *g, double *r);

#endif							/* NEUROENC_UNIT_CORRELATION_H */
