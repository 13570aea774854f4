/*
 * convert.h
 *		Arrays of float as arrays of double, and the other way.
 */
#ifndef NEUROENC_CONVERT_H
#define NEUROENC_CONVERT_H

#include "postgres.h"

extern void widen_floats(const float *in, double *out, Size n);

/* rounded; infinity where a double is too large */
extern void narrow_doubles(const double *in, float *out, Size n);

#endif							/* NEUROENC_CONVERT_H */
