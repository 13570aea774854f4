/*
 * convolve.c
 *		Causal convolution along the rows of a run: row t of the result is the sum
 *		over j of kernel[j] times row t - j, cut to the length of the run.
 *
 * Direct: 2 n m v flops for n rows, a kernel of m and v columns, as axpys over
 * chunks of columns that stay in the first-level cache.  A banded Toeplitz
 * matrix times the rows by gemm would compute the zeros of its blocks too (three
 * times the flops at m = 32), and a NaN times such a zero would reach rows
 * outside the kernel.  A pair of FFTs takes about 120 flops an element at n = 10,000
 * whatever m, at a lower rate, and the whole run in memory: it would win from a
 * hundred rows of kernel on, a haemodynamic response at a tr of 0.3 s.
 *
 * The rows within the kernel's reach are held, in their own element type, and
 * each product is float8.
 */
#include "postgres.h"
#include "miscadmin.h"

#include "base/dispatch.h"
#include "encoding/convolve.h"

#define CHUNK 512				/* columns: 4 kB of sums */

HOT_LOOP static void
axpy_f4(Size n, double a, const float *restrict x, double *restrict y)
{
	for (Size i = 0; i < n; i++)
		y[i] += a * (double) x[i];
}

HOT_LOOP static void
axpy_f8(Size n, double a, const double *restrict x, double *restrict y)
{
	for (Size i = 0; i < n; i++)
		y[i] += a * x[i];
}

/* sum (n) += a times n elements of a row from 'start' */
static void
add_elements(double *sum, Size n, double a, const Tensor *row, Size start)
{
	float		chunk[CHUNK];

	switch ((TensorType) row->dtype)
	{
		case TENSOR_FLOAT8:
			axpy_f8(n, a, TENSOR_F8(row) + start, sum);
			break;
		case TENSOR_FLOAT4:
			axpy_f4(n, a, TENSOR_F4(row) + start, sum);
			break;
		case TENSOR_FLOAT2:
			half_to_float_n(TENSOR_F2(row) + start, chunk, n);
			axpy_f4(n, a, chunk, sum);
			break;
	}
}

bool
convolve_row(const RunHistory *h, int64 at, Size n_kernel, const double *kernel, double *sum)
{
	Size		width = (Size) h->width;
	int64		reach = Min((int64) n_kernel - 1, at);

	for (int64 j = 0; j <= reach; j++)
		if (run_history_row(h, at - j) == NULL)
			return false;
	memset(sum, 0, width * sizeof(double));
	for (Size start = 0; start < width; start += CHUNK)
	{
		CHECK_FOR_INTERRUPTS();
		for (int64 j = 0; j <= reach; j++)
			add_elements(sum + start, Min(CHUNK, width - start), kernel[j],
						 run_history_row(h, at - j), start);
	}
	return true;
}
