/*
 * pls.c
 *		Partial least squares regression from X'X and X'Y.
 *
 * Kernel algorithm #2 of Dayal and MacGregor (1997): a component's weights w are
 * the direction of x that covaries most with y, the leading left singular
 * vector of what is left of X'Y; r is w freed of the earlier components, so that
 * the scores are X r with X as it is, and only X'Y is deflated:
 *
 *		t't = r'X'X r,  p = X'X r / t't,  q = Y'X r / t't,  X'Y -= t't p q'
 *
 * The regression is B = R Q'.  With many targets together (PLS2) w is an
 * eigenvector of X'Y Y'X or, by way of the targets, Y'X X'Y, whichever is
 * smaller.  That square costs p v min(p, v) flops at first and is downdated with
 * X'Y, so that a component costs 8 p v + 2 p^2 and a few products with it.
 * Target by target (PLS1) w is X'y itself, and all targets of a block go
 * together: 2 p^2 + 4 p a flops a target for component a.
 *
 * No step of it scales a feature.  Past the rank of the data, X'Y is rounding
 * only: there it stops.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "base/dispatch.h"
#include "base/memory.h"
#include "encoding/component_models.h"
#include "linalg/linalg.h"

/* What is left of X'Y is rounding at this share of its size at first. */
#define NOTHING_LEFT	1e-12

/* The square of X'Y is made anew where downdates have left so little of it. */
#define STALE			1e-3

static double
largest_square(int p, const double *xx)
{
	double		most = 0;

	for (int j = 0; j < p; j++)
		most = Max(most, xx[(Size) j * p + j]);
	return most;
}

/* Scores of so small a square are rounding, r of length |r|. */
static double
smallest_square(int p, double largest, double r_square)
{
	return p * DBL_EPSILON * largest * r_square;
}

/* ---- all targets together ---- */

Size
pls_joint_bytes(int p, int nt, int n_components)
{
	Size		d = Min(p, nt);
	Size		components = size_mul(n_components, size_add(size_mul(2, p), nt));

	return size_add(size_add(size_mul(d, d), size_add(components, 4 * (Size) p)) * sizeof(double),
					eigh_top_scratch(d));
}

/* XY XY' or XY'XY, whichever is smaller; returns its trace. */
static double
square_of(int p, int nt, const double *xy, double *square)
{
	int			d = Min(p, nt);
	double		trace = 0;

	syrk_f8(p > nt, d, Max(p, nt), 1, xy, nt, 0, square, d);
	for (int i = 0; i < d; i++)
		trace += square[(Size) i * d + i];
	return trace;
}

/* m (d x d) -= scores (a u' + u a') - factor a a'; returns its trace. */
HOT_LOOP static double
downdate(double *m, int d, const double *a, const double *u, double scores, double factor)
{
	double		trace = 0;

	for (int i = 0; i < d; i++)
	{
		double		by_u = scores * a[i];
		double		by_a = scores * u[i] - factor * a[i];
		double	   *row = m + (Size) i * d;

		for (int k = 0; k < d; k++)
			row[k] -= by_u * u[k] + by_a * a[k];
		trace += row[i];
	}
	return trace;
}

/* The square of xy - scores p q' from that of xy, xy read once; returns its trace. */
static double
deflate_square(int p, int nt, const double *xy, const double *x_loading, const double *y_loading, double scores,
			   double *square)
{
	bool		by_feature = p <= nt;
	int			d = Min(p, nt);
	const double *a = by_feature ? x_loading : y_loading;
	const double *other = by_feature ? y_loading : x_loading;
	double	   *u = huge_matrix(1, d);
	double		length = 0;
	double		trace;

	for (int i = 0; i < Max(p, nt); i++)
		length += other[i] * other[i];
	gemv_f8(!by_feature, d, Max(p, nt), 1, xy, nt, other, 0, u);
	trace = downdate(square, d, a, u, scores, scores * scores * length);
	pfree(u);
	return trace;
}

/* w (p): the leading left singular vector of xy; returns its singular value. */
static double
covariance_direction(int p, int nt, const double *xy, const double *square, double *w)
{
	double	   *by_target;
	double		top;
	double		length = 0;

	if (p <= nt)
	{
		top = eigh_top_f8(p, square, w);
		return sqrt(Max(0, top));
	}
	by_target = huge_matrix(1, nt);
	eigh_top_f8(nt, square, by_target);
	gemv_f8(false, p, nt, 1, xy, nt, by_target, 0, w);
	pfree(by_target);
	for (int j = 0; j < p; j++)
		length += w[j] * w[j];
	length = sqrt(length);
	for (int j = 0; j < p && length > 0; j++)
		w[j] /= length;
	return length;
}

HOT_LOOP static void
subtract_multiple(double *to, const double *from, double factor, int n)
{
	for (int i = 0; i < n; i++)
		to[i] -= factor * from[i];
}

int
pls_joint(int p, int nt, const double *xx, double *xy, int n_components, double *weights)
{
	Size		d = Min(p, nt);
	double	   *square = huge_matrix(d, d);
	double	   *w = huge_matrix(1, p);
	double	   *x_loading = huge_matrix(n_components, p);
	double	   *y_loading = huge_matrix(n_components, nt);
	double	   *r = huge_matrix(n_components, p);
	double	   *dots = huge_matrix(1, n_components);
	double		largest = largest_square(p, xx);
	double		fresh = square_of(p, nt, xy, square);
	double		first = 0;
	int			k = 0;

	for (; k < n_components; k++)
	{
		double	   *rk = r + (Size) k * p;
		double	   *pk = x_loading + (Size) k * p;
		double	   *qk = y_loading + (Size) k * nt;
		double		left = covariance_direction(p, nt, xy, square, w);
		double		scores = 0;
		double		length = 0;
		double		trace;

		if (k == 0)
			first = left;
		if (left <= NOTHING_LEFT * first)
			break;
		memcpy(rk, w, p * sizeof(double));
		if (k > 0)
		{
			gemv_f8(false, k, p, 1, x_loading, p, w, 0, dots);
			gemv_f8(true, p, k, -1, r, p, dots, 1, rk);
		}
		gemv_f8(false, p, p, 1, xx, p, rk, 0, pk);
		for (int j = 0; j < p; j++)
		{
			scores += rk[j] * pk[j];
			length += rk[j] * rk[j];
		}
		if (scores <= smallest_square(p, largest, length))
			break;
		for (int j = 0; j < p; j++)
			pk[j] /= scores;
		gemv_f8(true, nt, p, 1 / scores, xy, nt, rk, 0, qk);
		trace = deflate_square(p, nt, xy, pk, qk, scores, square);
		for (int j = 0; j < p; j++)
		{
			subtract_multiple(xy + (Size) j * nt, qk, scores * pk[j], nt);
			if ((j & 63) == 0)
				CHECK_FOR_INTERRUPTS();
		}
		if (trace < STALE * fresh)
			fresh = square_of(p, nt, xy, square);
	}
	memset(weights, 0, (Size) p * nt * sizeof(double));
	if (k > 0)
		gemm_f8(true, false, p, nt, k, 1, r, p, y_loading, nt, 0, weights, nt);
	pfree(square);
	pfree(w);
	pfree(x_loading);
	pfree(y_loading);
	pfree(r);
	pfree(dots);
	return k;
}

/* ---- each target by itself, a block of them at a time ---- */

Size
pls_by_target_bytes(int p, int nt, int n_components)
{
	Size		matrices = size_add(size_mul(2, n_components), 1);

	return size_mul(size_mul(size_add(size_mul(matrices, p), 5), nt), sizeof(double));
}

/* out[t] = sum over rows of a o b, both p x nt */
HOT_LOOP static void
column_dots(const double *restrict a, const double *restrict b, int p, int nt, double *restrict out)
{
	memset(out, 0, nt * sizeof(double));
	for (int j = 0; j < p; j++)
		for (int t = 0; t < nt; t++)
			out[t] += a[(Size) j * nt + t] * b[(Size) j * nt + t];
}

/* to -= from diag(factor) */
HOT_LOOP static void
subtract_columns(double *restrict to, const double *restrict from, const double *restrict factor, int p, int nt)
{
	for (int j = 0; j < p; j++)
		for (int t = 0; t < nt; t++)
			to[(Size) j * nt + t] -= from[(Size) j * nt + t] * factor[t];
}

/* out = in diag(factor); may be in place */
HOT_LOOP static void
scale_columns(const double *in, const double *factor, int p, int nt, double *out)
{
	for (int j = 0; j < p; j++)
		for (int t = 0; t < nt; t++)
			out[(Size) j * nt + t] = in[(Size) j * nt + t] * factor[t];
}

int
pls_by_target(int p, int nt, const double *xx, double *xy, int n_components, double *weights)
{
	Size		n = (Size) p * nt;
	double	   *r = huge_matrix(n_components, n);
	double	   *x_loading = huge_matrix(n_components, n);
	double	   *w = huge_matrix(1, n);
	double	   *first = huge_matrix(1, nt);
	double	   *length = huge_matrix(1, nt);	/* of what is left of xy */
	double	   *r_square = huge_matrix(1, nt);
	double	   *scores = huge_matrix(1, nt);
	double	   *factor = huge_matrix(1, nt);
	double		largest = largest_square(p, xx);
	int			k = 0;

	memset(weights, 0, n * sizeof(double));
	for (; k < n_components; k++)
	{
		double	   *rk = r + k * n;
		double	   *pk = x_loading + k * n;
		int			n_left = 0;

		column_dots(xy, xy, p, nt, length);
		for (int t = 0; t < nt; t++)
		{
			length[t] = sqrt(length[t]);
			if (k == 0)
				first[t] = length[t];
			factor[t] = length[t] > NOTHING_LEFT * first[t] ? 1 / length[t] : 0;
		}
		scale_columns(xy, factor, p, nt, w);
		memcpy(rk, w, n * sizeof(double));
		for (int b = 0; b < k; b++)
		{
			column_dots(x_loading + b * n, w, p, nt, factor);
			subtract_columns(rk, r + b * n, factor, p, nt);
			CHECK_FOR_INTERRUPTS();
		}
		gemm_f8(false, false, p, nt, p, 1, xx, p, rk, nt, 0, pk, nt);
		column_dots(rk, pk, p, nt, scores);
		column_dots(rk, rk, p, nt, r_square);
		for (int t = 0; t < nt; t++)
		{
			bool		more = scores[t] > smallest_square(p, largest, r_square[t]);

			factor[t] = more ? 1 / scores[t] : 0;
			n_left += more;
		}
		if (n_left == 0)
			break;
		scale_columns(pk, factor, p, nt, pk);

		/* q = r'xy / scores; xy -= scores q p; weights += q r */
		column_dots(rk, xy, p, nt, length);
		subtract_columns(xy, pk, length, p, nt);
		for (int t = 0; t < nt; t++)
			factor[t] *= -length[t];
		subtract_columns(weights, rk, factor, p, nt);
		CHECK_FOR_INTERRUPTS();
	}
	pfree(r);
	pfree(x_loading);
	pfree(w);
	pfree(first);
	pfree(length);
	pfree(r_square);
	pfree(scores);
	pfree(factor);
	return k;
}
