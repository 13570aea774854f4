/*
 * convolve.c
 *		Causal convolution along the rows of a run: row t of the result is the sum
 *		over j of kernel[j] times row t - j, cut to the length of the run.
 *
 * Direct: 2 n m v flops for n rows, a kernel of m and v columns, as sums of a few
 * rows at a time over chunks of columns that stay in the first-level cache.  A banded Toeplitz
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

#define ROWS 4					/* added at a time, so that sums are read and written once for all */

HOT_LOOP static void
add_rows_f4(Size n, const double *a, const float *const *x, double *restrict sum)
{
	const float *x0 = x[0];
	const float *x1 = x[1];
	const float *x2 = x[2];
	const float *x3 = x[3];

	for (Size i = 0; i < n; i++)
		sum[i] += a[0] * (double) x0[i] + a[1] * (double) x1[i] + a[2] * (double) x2[i] +
			a[3] * (double) x3[i];
}

HOT_LOOP static void
add_rows_f8(Size n, const double *a, const double *const *x, double *restrict sum)
{
	const double *x0 = x[0];
	const double *x1 = x[1];
	const double *x2 = x[2];
	const double *x3 = x[3];

	for (Size i = 0; i < n; i++)
		sum[i] += a[0] * x0[i] + a[1] * x1[i] + a[2] * x2[i] + a[3] * x3[i];
}

/* sum (n) += a times n elements of a row of any type from 'start' */
static void
add_row(double *sum, Size n, double a, const Tensor *row, Size start)
{
	double		chunk[CHUNK];

	tensor_read_f8(row, start, n, chunk);
	for (Size i = 0; i < n; i++)
		sum[i] += a * chunk[i];
}

/* The same of ROWS rows from 'at' back; false if they are not all float4 or all float8. */
static bool
add_rows(double *sum, Size n, const double *a, const RunHistory *h, int64 at, Size start)
{
	const float *x4[ROWS] = {NULL};
	const double *x8[ROWS] = {NULL};
	uint8		type = run_history_row(h, at)->dtype;

	for (int r = 0; r < ROWS; r++)
	{
		const Tensor *row = run_history_row(h, at - r);

		if (row->dtype != type || type == TENSOR_FLOAT2)
			return false;
		x4[r] = TENSOR_F4(row) + start;
		x8[r] = TENSOR_F8(row) + start;
	}
	if (type == TENSOR_FLOAT8)
		add_rows_f8(n, a, x8, sum);
	else
		add_rows_f4(n, a, x4, sum);
	return true;
}

bool
convolve_row(const RunHistory *h, int64 at, Size n_kernel, const double *kernel, double *sum)
{
	Size		width = (Size) h->width;
	int64		n_rows = Min((int64) n_kernel, at + 1);

	for (int64 j = 0; j < n_rows; j++)
		if (run_history_row(h, at - j) == NULL)
			return false;
	memset(sum, 0, width * sizeof(double));
	for (Size start = 0; start < width; start += CHUNK)
	{
		Size		n = Min(CHUNK, width - start);
		int64		j = 0;

		CHECK_FOR_INTERRUPTS();
		while (j < n_rows)
			if (j + ROWS <= n_rows && add_rows(sum + start, n, kernel + j, h, at - j, start))
				j += ROWS;
			else
			{
				add_row(sum + start, n, kernel[j], run_history_row(h, at - j), start);
				j++;
			}
	}
	return true;
}
