/*
 * decimal.h
 *		Decimal numbers in text to and from binary floating point: correctly
 *		rounded in, shortest round-trip digits out.
 */
#ifndef NEUROENC_DECIMAL_H
#define NEUROENC_DECIMAL_H

#include "tensor/tensor.h"

/* Longest text that decimal_print writes: "-2.2250738585072014e-308" */
#define DECIMAL_MAX_CHARS 32

typedef enum DecimalStatus
{
	DECIMAL_OK,
	DECIMAL_SYNTAX,				/* no number here */
	DECIMAL_OVERFLOW			/* a finite number too large for the type */
} DecimalStatus;

/*
 * Read the number at *s as 'dtype', store it at element i of 'data' and move *s
 * behind it.  Numbers are [+-]digits[.digits][e[+-]digits], nan, inf, infinity
 * in any case.
 */
extern DecimalStatus decimal_read(const char **s, TensorType dtype, void *data, Size i);

/* Write element i of 'data'; returns the number of characters, no terminating zero. */
extern int	decimal_print(TensorType dtype, const void *data, Size i, char *out);

#endif							/* NEUROENC_DECIMAL_H */
