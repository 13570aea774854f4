/*
 * codes.h
 *		Sparse codes of a block of rows, and what makes them.
 */
#ifndef NEUROENC_CODES_H
#define NEUROENC_CODES_H

#include "postgres.h"

#include "tensor/tensor.h"

/* Row i has count[i] entries, each index (from 0) once, at the front of its room. */
typedef struct Codes
{
	TensorType	dtype;			/* of values, float4 or float8 */
	Size		value_room;		/* a row's, in elements */
	Size		index_room;
	int			n;				/* rows at hand */
	int32	   *count;			/* n */
	int32	   *index;			/* n x index_room */
	void	   *value;			/* n x value_room */
} Codes;

#define CODES_F4(c, i) ((float *) (c)->value + (Size) (i) * (c)->value_room)
#define CODES_F8(c, i) ((double *) (c)->value + (Size) (i) * (c)->value_room)
#define CODES_INDEX(c, i) ((c)->index + (Size) (i) * (c)->index_room)

/* Room for so many rows, in CurrentMemoryContext. */
extern Codes *codes_new(TensorType dtype, int rows, Size value_room, Size index_room);
extern Size codes_bytes(TensorType dtype, int rows, Size value_room, Size index_room);

/* Row i's values as float8. */
extern void codes_read_f8(const Codes *c, int i, double *out);

/* A method with its dictionary and options: rows of d elements become codes of width m. */
typedef struct Coder
{
	Size		d;
	Size		m;
	TensorType	dtype;			/* of rows as it reads them, and of codes' values */
	int			block_rows;		/* at most so many at once */
	Codes	   *codes;			/* room for as many */
	void		(*encode) (const struct Coder *c, int n, const void *x);	/* x n x d, into codes */
	void	   *method;
} Coder;

#endif							/* NEUROENC_CODES_H */
