/*
 * compare.h
 *		What qsort and bsearch compare plain numbers with.
 */
#ifndef NEUROENC_COMPARE_H
#define NEUROENC_COMPARE_H

#include "postgres.h"

/* None of them NaN; may be called in a parallel_for task. */
extern int	compare_doubles(const void *a, const void *b);

/* These look for interrupts, so that a long sort can be cancelled: on the backend's own thread only. */
extern int	compare_int32(const void *a, const void *b);
extern int	compare_int64(const void *a, const void *b);

#endif							/* NEUROENC_COMPARE_H */
