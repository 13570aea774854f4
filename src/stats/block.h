/*
 * block.h
 *		Blocks of rows on their way into sums: taking in, centring, and X'Y.
 *
 * A block is n rows of float4 or float8, row-major.  Sums of float4 blocks are
 * float8; their products may be float4 within the block.
 */
#ifndef NEUROENC_BLOCK_H
#define NEUROENC_BLOCK_H

#include "postgres.h"

#include "tensor/tensor.h"

/* ERROR unless t is a vector of 'expected' elements; 'what' and the row's ordinal (from 1) name it. */
extern void block_check_row(const Tensor *t, int expected, const char *what, int64 ordinal);

/* A tensor's elements into a row of a type that is wide enough; true if all are finite. */
extern bool block_copy_row(const Tensor *t, TensorType type, void *row);

/*
 * A point to centre about, from a sum over n rows: their mean rounded to float4,
 * so that subtracting it from float4 rows is exact where it matters.
 */
extern double block_provisional_mean(double sum, double n);

/*
 * Products of float4 rows are worth making in float4 where they are large.
 * Below, float8 costs little and keeps small problems exact: an error of 1e-7
 * in X'Y counts where features are as many as rows or nearly collinear.
 */
static inline bool
block_float4_pays(int p, int v)
{
	return (Size) p * v >= 250000;
}

/*
 * data -= centre (n_columns), NaN becomes 0; the columns' sums are added to sum
 * and the sums of squares to sum_squares (NULL: not wanted).  A float4 block is
 * centred in float4.
 */
extern void block_centre(TensorType type, void *data, Size ld, int n, int n_columns,
						 const double *centre, double *sum, double *sum_squares);

/* The same for float4, on this thread, without a call of PostgreSQL. */
extern void block_centre_f4_raw(float *data, Size ld, int n, int n_columns, const double *centre,
								double *sum, double *sum_squares);

/*
 * sxy (p x v) += X'Y of centred blocks of the same type; float4 ones are
 * multiplied in float4 unless the columns' scales forbid it, which the sums of
 * squares tell: xx has p of them, xx_stride apart, yy has v.
 */
extern void block_add_products(TensorType type, const void *x, const void *y, int n, int p, int v,
							   const double *xx, Size xx_stride, const double *yy, double *sxy);

/* Do products of such columns fit float4, with digits to spare? */
extern bool block_products_fit_float4(const double *xx, Size xx_stride, int p, const double *yy, int v);

/* sxy += X'Y of float4 blocks, in float8; y has nt of ldy columns */
extern void block_add_wide_products(const float *x, int p, const float *y, Size ldy, int n, int nt,
									double *sxy, Size ldxy);

#endif							/* NEUROENC_BLOCK_H */
