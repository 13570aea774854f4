/*
 * convert.c
 *		Arrays of float as arrays of double, and the other way.
 */
#include "postgres.h"

#include "base/convert.h"
#include "base/dispatch.h"

HOT_LOOP void
widen_floats(const float *restrict in, double *restrict out, Size n)
{
	for (Size i = 0; i < n; i++)
		out[i] = in[i];
}

HOT_LOOP void
narrow_doubles(const double *restrict in, float *restrict out, Size n)
{
	for (Size i = 0; i < n; i++)
		out[i] = (float) in[i];
}
