/*
 * householder.h
 *		Products of Householder reflectors, for this room's decompositions.
 *
 * k reflectors H_i = I - tau_i v_i v_i' make the block reflector
 * H_0 H_1 ... H_{k-1} = I - V' T V, where V is k x n with the v_i in its rows
 * and T is k x k upper triangular (Schreiber and Van Loan 1989).
 */
#ifndef NEUROENC_HOUSEHOLDER_H
#define NEUROENC_HOUSEHOLDER_H

#include "postgres.h"

/* Which vectors a product is applied to: the rows of a row-major matrix, or its columns. */
typedef enum VectorsIn
{
	VECTORS_IN_ROWS,
	VECTORS_IN_COLUMNS
} VectorsIn;

/* V (k x n, with its ones and zeros, rows contiguous) and tau give T (k x k, lower part zero). */
extern void householder_form_t(Size k, Size n, const double *v, const double *tau, double *t);

/*
 * z = H z, or z = H' z (transposed), for 'count' vectors z of length n in Z, H =
 * I - V' T V.  scratch: 2 k count doubles.
 */
extern void householder_apply_block(bool transposed, Size count, Size n, Size k, const double *v,
									const double *t, VectorsIn in, double *z, Size ldz,
									double *scratch);

/*
 * A sequence of reflectors of vectors of 'length': v_i is zero before element
 * i, which is 1.  copy() writes v_first .. v_{first + k - 1} to V (k x (length -
 * first)), their elements before 'first' left out.
 */
typedef struct Reflectors
{
	Size		count;
	Size		length;
	const double *tau;
	void		(*copy) (const void *source, Size first, Size k, double *v);
	const void *source;
} Reflectors;

/* z = H_0 H_1 ... H_{count-1} z for 'vectors' vectors of r->length in Z; calls progress_add for householder_flops. */
extern void householder_apply(const Reflectors *r, VectorsIn in, Size vectors, double *z, Size ldz);
extern double householder_flops(Size count, Size length, Size vectors);

/* Bytes of scratch it takes for 'count' reflectors. */
extern Size householder_scratch(Size count, Size length, Size vectors);

/*
 * y = op(A) x, A *column-major* m x n: shared by threads and open to
 * interrupts.  x has stride incx, y is contiguous.
 */
extern void panel_gemv(bool trans, Size m, Size n, const double *a, Size lda,
					   const double *x, Size incx, double *y);

#endif							/* NEUROENC_HOUSEHOLDER_H */
