/*
 * transport.h
 *		Optimal transport between two discrete distributions, exactly.
 */
#ifndef NEUROENC_TRANSPORT_H
#define NEUROENC_TRANSPORT_H

#include "postgres.h"

/*
 * A problem of at most max_m sources and max_n sinks, and the solver's memory:
 * one allocation, so that the tasks of a parallel_for can have one each.
 */
typedef struct Transport Transport;

extern Size transport_bytes(Size max_m, Size max_n);
extern Transport *transport_place(void *memory, Size max_m, Size max_n);

/*
 * The least sum of cost[i, j] flow[i, j] over flows from 'supply' (m, all > 0) to
 * 'demand' (n, all > 0) of equal sums.  cost: m x n, finite.  Whole numbers are
 * moved exactly, so give uniform masses as n / gcd and m / gcd.  Without
 * 'interruptible' nothing of PostgreSQL is called.
 */
extern double transport_solve(Transport *t, Size m, Size n, const double *supply, const double *demand,
							  const double *cost, bool interruptible);

/* The flows of the last solution that are not 0, at most m + n - 1: returns their number. */
extern Size transport_flows(const Transport *t, int *source, int *sink, double *flow);

#endif							/* NEUROENC_TRANSPORT_H */
