/*
 * decode.h
 *		Sums of a decoder's rows, as codes weight them.
 */
#ifndef NEUROENC_DECODE_H
#define NEUROENC_DECODE_H

#include "postgres.h"

#include "search/sparse.h"

typedef struct Decoder
{
	Size		m;
	Size		d;
	TensorType	dtype;
	void	   *rows;			/* m x d */
	double	   *bias;			/* d, or NULL */
} Decoder;

/* The code's values times rows, and the bias, summed in float8: out d. */
extern void decode_row(const Decoder *d, const Sparse *code, double *out);

#endif							/* NEUROENC_DECODE_H */
