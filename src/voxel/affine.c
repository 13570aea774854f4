/*
 * affine.c
 *		Affine maps of space: 4 x 4 tensors whose last row is 0 0 0 1, taking grid
 *		indices (i, j, k, 1) to millimetres, as NIfTI's sform does.
 *
 * Inverse by Gauss-Jordan elimination with partial pivoting on columns scaled
 * by powers of two (exactly) to length 1 to 2.  Whether a map is singular
 * depends on the angles between its axes and not on the size of a voxel: it
 * is, when the volume that they span is under 1e-12 of the product of their
 * lengths.
 */
#include "postgres.h"

#include <math.h>

#include "base/client_detail.h"
#include "voxel/voxel.h"

#define SINGULAR_VOLUME 1e-12

void
affine_read(const Tensor *t, double m[3][4])
{
	double		all[16];

	if (t->ndim != 2 || t->dims[0] != 4 || t->dims[1] != 4)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an affine must be a tensor of shape (4, 4), not %s", tensor_shape_text(t))));
	tensor_read_f8(t, 0, 16, all);
	for (int i = 0; i < 16; i++)
		if (!isfinite(all[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("element [%d][%d] of the affine is not finite", i / 4 + 1, i % 4 + 1)));
	if (all[12] != 0 || all[13] != 0 || all[14] != 0 || all[15] != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the last row of an affine must be 0 0 0 1"),
				 errdetail_client("It is %g %g %g %g.", all[12], all[13], all[14], all[15])));
	memcpy(m, all, 12 * sizeof(double));
}

Tensor *
affine_tensor(double m[3][4])
{
	Tensor	   *t = tensor_new_matrix(TENSOR_FLOAT8, 4, 4);
	double	   *out = TENSOR_F8(t);

	memcpy(out, m, 12 * sizeof(double));
	out[15] = 1;
	return t;
}

void
affine_apply(double m[3][4], const double x[3], double out[3])
{
	for (int r = 0; r < 3; r++)
		out[r] = m[r][0] * x[0] + m[r][1] * x[1] + m[r][2] * x[2] + m[r][3];
}

bool
affine_invert(double m[3][4], double out[3][4])
{
	double		a[3][6];
	int			scale[3];		/* powers of two */
	double		volume = 1;		/* of the pivots so far, over the axes' lengths */

	for (int c = 0; c < 3; c++)
	{
		double		length = hypot(hypot(m[0][c], m[1][c]), m[2][c]);
		int			exponent;

		if (length == 0 || !isfinite(length))
			return false;
		frexp(length, &exponent);
		scale[c] = exponent - 1;
		volume /= ldexp(length, -scale[c]);
		for (int r = 0; r < 3; r++)
		{
			a[r][c] = ldexp(m[r][c], -scale[c]);
			a[r][3 + c] = r == c;
		}
	}

	for (int c = 0; c < 3; c++)
	{
		int			pivot = c;

		for (int r = c + 1; r < 3; r++)
			if (fabs(a[r][c]) > fabs(a[pivot][c]))
				pivot = r;
		volume *= fabs(a[pivot][c]);
		if (volume < SINGULAR_VOLUME)
			return false;
		for (int k = 0; k < 6; k++)
		{
			double		swap = a[c][k];

			a[c][k] = a[pivot][k];
			a[pivot][k] = swap;
		}
		for (int r = 0; r < 3; r++)
		{
			double		factor = a[r][c] / a[c][c];

			if (r == c)
				continue;
			for (int k = 0; k < 6; k++)
				a[r][k] -= factor * a[c][k];
		}
	}

	for (int r = 0; r < 3; r++)
	{
		for (int c = 0; c < 3; c++)
			out[r][c] = ldexp(a[r][3 + c] / a[r][r], -scale[r]);
		out[r][3] = -(out[r][0] * m[0][3] + out[r][1] * m[1][3] + out[r][2] * m[2][3]);
		for (int c = 0; c < 4; c++)
		{
			if (!isfinite(out[r][c]))
				return false;
			out[r][c] += 0.0;	/* -0 is written 0 */
		}
	}
	return true;
}

PG_FUNCTION_INFO_V1(voxel_transform);
Datum
voxel_transform(PG_FUNCTION_ARGS)
{
	Tensor	   *affine = PG_GETARG_TENSOR(0);
	Voxel	   *v = PG_GETARG_VOXEL(1);
	Voxel	   *out = palloc(sizeof(Voxel));
	double		m[3][4];
	double		x[3] = {v->x[0], v->x[1], v->x[2]};
	double		y[3];

	affine_read(affine, m);
	affine_apply(m, x, y);
	voxel_set(out, y[0], y[1], y[2]);
	PG_FREE_IF_COPY(affine, 0);
	PG_RETURN_POINTER(out);
}

PG_FUNCTION_INFO_V1(voxel_invert_affine);
Datum
voxel_invert_affine(PG_FUNCTION_ARGS)
{
	double		m[3][4];
	double		inverse[3][4];

	affine_read(PG_GETARG_TENSOR(0), m);
	if (!affine_invert(m, inverse))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the affine is singular"),
				 errdetail("Its three axes span no volume, so it has no inverse.")));
	PG_RETURN_TENSOR(affine_tensor(inverse));
}
