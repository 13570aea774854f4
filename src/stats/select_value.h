/*
 * select_value.h
 *		The k-th smallest of some values.
 */
#ifndef NEUROENC_SELECT_VALUE_H
#define NEUROENC_SELECT_VALUE_H

#include "postgres.h"

/* Moves the k-th smallest (from 0) of n values, none of them NaN, to place k, none smaller after it.  For threads too. */
extern void select_value(double *values, int64 n, int64 k);

#endif							/* NEUROENC_SELECT_VALUE_H */
