/*
 * block.c
 *		Blocks of rows on their way into sums: taking in, centring, and X'Y.
 *
 * Centring is one pass, in tiles of columns shared by threads, that also makes
 * the columns' sums.  X'Y of float4 blocks is sgemm within the block, added to
 * the float8 sum (gemm_f4_accumulate), unless the columns' scales would take
 * their products out of float4's range: then they are float8 too.
 */
#include "postgres.h"

#include <math.h>

#include "base/convert.h"
#include "base/dispatch.h"
#include "base/memory.h"
#include "linalg/linalg.h"
#include "stats/block.h"

#define COLUMN_TILE		512

/* ---- a row ---- */

void
block_check_row(const Tensor *t, int expected, const char *what, int64 ordinal)
{
	if (t->ndim > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s of row " INT64_FORMAT " has shape %s, but a vector is needed",
						what, ordinal, tensor_shape_text(t))));
	if (tensor_size(t) != (Size) expected)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s of row " INT64_FORMAT " has %zu elements, but the rows before it have %d",
						what, ordinal, tensor_size(t), expected)));
}

/* Copy with a check in the same pass: true if all n are finite. */
HOT_LOOP static bool
copy_finite_f4(const float *in, float *out, Size n)
{
	uint32		bad = 0;

	for (Size i = 0; i < n; i++)
	{
		uint32		bits;

		memcpy(&bits, &in[i], 4);
		bad |= (bits & 0x7f800000u) == 0x7f800000u;
		out[i] = in[i];
	}
	return bad == 0;
}

HOT_LOOP static bool
copy_finite_f8(const double *in, double *out, Size n)
{
	uint64		bad = 0;

	for (Size i = 0; i < n; i++)
	{
		uint64		bits;

		memcpy(&bits, &in[i], 8);
		bad |= (bits & UINT64CONST(0x7ff0000000000000)) == UINT64CONST(0x7ff0000000000000);
		out[i] = in[i];
	}
	return bad == 0;
}

bool
block_copy_row(const Tensor *t, TensorType type, void *row)
{
	Size		n = tensor_size(t);

	if (type == TENSOR_FLOAT8)
	{
		if (t->dtype == TENSOR_FLOAT8)
			return copy_finite_f8(TENSOR_F8(t), row, n);
		tensor_read_f8(t, 0, n, row);
		return copy_finite_f8(row, row, n);
	}
	if (t->dtype == TENSOR_FLOAT4)
		return copy_finite_f4(TENSOR_F4(t), row, n);
	tensor_read_f4(t, 0, n, row);
	return copy_finite_f4(row, row, n);
}

/* ---- centring in place ---- */

double
block_provisional_mean(double sum, double n)
{
	double		mean = n > 0 ? sum / n : 0;
	double		rounded = (float) mean;

	return isfinite(rounded) ? rounded : isfinite(mean) ? mean : 0;
}

typedef struct CentreJob
{
	TensorType	type;
	void	   *data;			/* n x n_columns, row stride ld */
	Size		ld;
	int			n;
	int			n_columns;
	const double *centre;		/* n_columns */
	double	   *sum;			/* n_columns, added to */
	double	   *sum_squares;	/* the same, or NULL */
} CentreJob;

/* data -= centre, NaN becomes 0; s and ss are sums over the rows */
HOT_LOOP static void
centre_f4(float *data, Size ld, int n, int n_columns, const double *centre, double *s, double *ss)
{
	float		c[COLUMN_TILE];

	for (int j = 0; j < n_columns; j++)
	{
		c[j] = (float) centre[j];
		s[j] = 0;
		ss[j] = 0;
	}
	for (int i = 0; i < n; i++)
	{
		float	   *row = data + i * ld;

		for (int j = 0; j < n_columns; j++)
		{
			float		d = row[j] - c[j];

			d = d == d ? d : 0;
			row[j] = d;
			s[j] += d;
			ss[j] += (double) d * d;
		}
	}
}

HOT_LOOP static void
centre_f8(double *data, Size ld, int n, int n_columns, const double *centre, double *s, double *ss)
{
	for (int j = 0; j < n_columns; j++)
	{
		s[j] = 0;
		ss[j] = 0;
	}
	for (int i = 0; i < n; i++)
	{
		double	   *row = data + i * ld;

		for (int j = 0; j < n_columns; j++)
		{
			double		d = row[j] - centre[j];

			d = d == d ? d : 0;
			row[j] = d;
			s[j] += d;
			ss[j] += d * d;
		}
	}
}

void
block_centre_f4_raw(float *data, Size ld, int n, int n_columns, const double *centre,
					double *sum, double *sum_squares)
{
	double		s[COLUMN_TILE];
	double		ss[COLUMN_TILE];

	for (int j0 = 0; j0 < n_columns; j0 += COLUMN_TILE)
	{
		int			m = Min(COLUMN_TILE, n_columns - j0);

		centre_f4(data + j0, ld, n, m, centre + j0, s, ss);
		for (int j = 0; j < m; j++)
		{
			sum[j0 + j] += s[j];
			sum_squares[j0 + j] += ss[j];
		}
	}
}

static void
centre_tile(int64 tile, int worker, void *arg)
{
	CentreJob  *job = arg;
	int			j0 = (int) (tile * COLUMN_TILE);
	int			m = Min(COLUMN_TILE, job->n_columns - j0);
	double		s[COLUMN_TILE];
	double		ss[COLUMN_TILE];

	if (job->type == TENSOR_FLOAT4)
		centre_f4((float *) job->data + j0, job->ld, job->n, m, job->centre + j0, s, ss);
	else
		centre_f8((double *) job->data + j0, job->ld, job->n, m, job->centre + j0, s, ss);
	for (int j = 0; j < m; j++)
	{
		job->sum[j0 + j] += s[j];
		if (job->sum_squares)
			job->sum_squares[j0 + j] += ss[j];
	}
}

void
block_centre(TensorType type, void *data, Size ld, int n, int n_columns,
			 const double *centre, double *sum, double *sum_squares)
{
	CentreJob	job = {type, data, ld, n, n_columns, centre, sum, sum_squares};

	parallel_for((n_columns + COLUMN_TILE - 1) / COLUMN_TILE, 0, centre_tile, &job);
}

/* ---- products ---- */

/* The least and the greatest of n sums of squares that are not 0, stride apart; false if there is none. */
static bool
range_of_squares(const double *ss, int n, Size stride, double *least, double *greatest)
{
	*least = INFINITY;
	*greatest = 0;
	for (int j = 0; j < n; j++)
	{
		double		value = ss[j * stride];

		if (value > 0)
		{
			*least = Min(*least, value);
			*greatest = Max(*greatest, value);
		}
	}
	return *greatest > 0;
}

bool
block_products_fit_float4(const double *xx, Size xx_stride, int p, const double *yy, int v)
{
	double		x0,
				x1,
				y0,
				y1;

	if (!range_of_squares(xx, p, xx_stride, &x0, &x1) || !range_of_squares(yy, v, 1, &y0, &y1))
		return true;
	return sqrt(x1) * sqrt(y1) < 1e37 && sqrt(x0) * sqrt(y0) > 1e-20;
}

void
block_add_wide_products(const float *x, int p, const float *y, Size ldy, int n, int nt,
						double *sxy, Size ldxy)
{
	Size		nx = size_mul(n, p);
	Size		bytes = size_mul(size_add(nx, size_mul(n, nt)), sizeof(double));
	MemoryContext scratch = scratch_create("block of rows", bytes, "Take fewer columns at a time.");
	double	   *wide = MemoryContextAllocHuge(scratch, Max(1, bytes));

	widen_floats(x, wide, nx);
	for (Size i = 0; i < (Size) n; i++)
		widen_floats(y + i * ldy, wide + nx + i * nt, nt);
	gemm_f8(true, false, p, nt, n, 1, wide, p, wide + nx, nt, 1, sxy, ldxy);
	MemoryContextDelete(scratch);
}

void
block_add_products(TensorType type, const void *x, const void *y, int n, int p, int v,
				   const double *xx, Size xx_stride, const double *yy, double *sxy)
{
	if (type == TENSOR_FLOAT8)
		gemm_f8(true, false, p, v, n, 1, x, p, y, v, 1, sxy, v);
	else if (block_products_fit_float4(xx, xx_stride, p, yy, v))
		gemm_f4_accumulate(p, v, n, x, p, y, v, true, sxy, v);
	else
		block_add_wide_products(x, p, y, v, n, v, sxy, v);
}
