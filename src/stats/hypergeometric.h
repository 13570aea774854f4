/*
 * hypergeometric.h
 *		Tails of the hypergeometric distribution.
 */
#ifndef NEUROENC_HYPERGEOMETRIC_H
#define NEUROENC_HYPERGEOMETRIC_H

#include "postgres.h"

/*
 * P(X >= at_least), X being how many of 'drawn' are marked, drawn without
 * replacement from a population of which 'marked' are.  0 <= marked, drawn <=
 * population <= 2^31.  Relative error under 1e-12 down to 1e-300; smaller
 * ones may come as 0.
 */
extern double hypergeometric_tail(int64 population, int64 marked, int64 drawn, int64 at_least);

#endif							/* NEUROENC_HYPERGEOMETRIC_H */
