/*
 * householder.h
 *		Blocks of Householder reflectors, for this room's decompositions.
 *
 * k reflectors H_i = I - tau_i v_i v_i' of length n make the block reflector
 * H_0 H_1 ... H_{k-1} = I - V' T V, where V is k x n with the v_i in its rows
 * and T is k x k upper triangular (Schreiber and Van Loan 1989).
 */
#ifndef NEUROENC_HOUSEHOLDER_H
#define NEUROENC_HOUSEHOLDER_H

#include "postgres.h"

/* Reflectors in a block when vectors are transformed back. */
extern Size householder_block(Size n);

/* Doubles of scratch that the two apply functions take for blocks of up to k on 'count' vectors. */
extern Size householder_scratch(Size k, Size count);

/* V (k x n, explicit, with its ones and zeros) and tau give T (k x k, lower part zero). */
extern void householder_form_t(Size k, Size n, const double *v, const double *tau, double *t);

/* Rows of Z (count x n) are vectors z: z = H z for the block H = I - V' T V */
extern void householder_apply_rows(Size count, Size n, Size k, const double *v, const double *t,
								   double *z, Size ldz, double *scratch);

/* The same where the columns of Z (n x count) are the vectors. */
extern void householder_apply_columns(Size n, Size count, Size k, const double *v, const double *t,
									  double *z, Size ldz, double *scratch);

/*
 * y = op(A) x, A *column-major* m x n: shared by threads and open to
 * interrupts.  x has stride incx, y is contiguous.
 */
extern void panel_gemv(bool trans, Size m, Size n, const double *a, Size lda,
					   const double *x, Size incx, double *y);

#endif							/* NEUROENC_HOUSEHOLDER_H */
