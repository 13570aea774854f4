/*
 * tensor_shape.c
 *		Shape and element type: shape, ndims, size, dtype, astype, reshape,
 *		flatten, transpose, and concatenation along the first axis.
 *
 * transpose permutes axes by copying planes: of the input axis that is contiguous
 * in the input and the one that becomes contiguous in the output, in square tiles
 * that stay in cache, while an odometer runs over the other axes.  If both are the
 * same axis, whole runs are copied.  Cost: the bytes of the tensor, twice.
 * The accessors read the header only, so a toasted tensor is not fetched.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/memory.h"
#include "tensor/tensor.h"

#define TILE 32

/* ---- transposition ---- */

/* out[a + b * out_stride] = in[a * in_stride + b] for a < na, b < nb */
/* NOLINTBEGIN(bugprone-macro-parentheses): 'type' is a type */
#define DEFINE_PLANE(name, type)                                                                   \
	static void name(const type *in, Size in_stride, type *out, Size out_stride, Size na, Size nb) \
	{                                                                                              \
		for (Size b0 = 0; b0 < nb; b0 += TILE)                                                     \
		{                                                                                          \
			CHECK_FOR_INTERRUPTS();                                                                \
			for (Size a0 = 0; a0 < na; a0 += TILE)                                                 \
			{                                                                                      \
				Size		b1 = Min(b0 + TILE, nb);                                               \
				Size		a1 = Min(a0 + TILE, na);                                               \
                                                                                                   \
				if (a0 % ((Size) TILE * 1024) == 0)                                                \
					CHECK_FOR_INTERRUPTS();                                                        \
				for (Size b = b0; b < b1; b++)                                                     \
					for (Size a = a0; a < a1; a++)                                                 \
						out[a + b * out_stride] = in[a * in_stride + b];                           \
			}                                                                                      \
		}                                                                                          \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

DEFINE_PLANE(plane_2, uint16)
DEFINE_PLANE(plane_4, uint32)
DEFINE_PLANE(plane_8, uint64)

static void
transpose_plane(int width, const void *in, Size in_stride, void *out, Size out_stride, Size na,
				Size nb)
{
	if (width == 2)
		plane_2(in, in_stride, out, out_stride, na, nb);
	else if (width == 4)
		plane_4(in, in_stride, out, out_stride, na, nb);
	else
		plane_8(in, in_stride, out, out_stride, na, nb);
}

Tensor *
tensor_transpose(const Tensor *t, const int *axes)
{
	int			ndim = t->ndim;
	int			width = t->dtype;
	int			axis[TENSOR_MAX_NDIM];	/* input axis of each output axis */
	int32		dims[TENSOR_MAX_NDIM];
	Size		in_stride[TENSOR_MAX_NDIM]; /* of each output axis, in the input */
	Size		out_stride[TENSOR_MAX_NDIM];
	Size		position[TENSOR_MAX_NDIM] = {0};
	Size		step = 1;
	int			last = ndim - 1;
	int			contiguous = last;	/* the output axis that is contiguous in the input */
	const char *in = TENSOR_DATA(t);
	Size		in_offset = 0;
	Size		out_offset = 0;
	Tensor	   *result;

	for (int d = 0; d < ndim; d++)
	{
		axis[d] = axes ? axes[d] : ndim - 1 - d;
		dims[d] = t->dims[axis[d]];
		if (axis[d] == last)
			contiguous = d;
	}
	result = tensor_new_unset(width, ndim, dims);
	if (tensor_size(t) == 0)
		return result;
	if (ndim < 2)
	{
		memcpy(TENSOR_DATA(result), in, tensor_size(t) * width);
		return result;
	}
	for (int d = 0; d < ndim; d++)
	{
		in_stride[d] = 1;
		for (int e = axis[d] + 1; e < ndim; e++)
			in_stride[d] *= (Size) t->dims[e];
	}
	for (int d = last; d >= 0; d--)
	{
		out_stride[d] = step;
		step *= (Size) dims[d];
	}

	for (;;)
	{
		char	   *out = (char *) TENSOR_DATA(result);
		int			d;

		if (contiguous == last)
			memcpy(out + out_offset * width, in + in_offset * width, (Size) dims[last] * width);
		else
			transpose_plane(width, in + in_offset * width, in_stride[last], out + out_offset * width,
							out_stride[contiguous], dims[last], dims[contiguous]);
		CHECK_FOR_INTERRUPTS();

		/* the next place of the other axes */
		for (d = last - 1; d >= 0; d--)
		{
			if (d == contiguous)
				continue;
			in_offset += in_stride[d];
			out_offset += out_stride[d];
			if (++position[d] < (Size) dims[d])
				break;
			in_offset -= position[d] * in_stride[d];
			out_offset -= position[d] * out_stride[d];
			position[d] = 0;
		}
		if (d < 0)
			return result;
	}
}

Tensor *
tensor_reshape(const Tensor *t, int ndim, const int32 *dims)
{
	Size		n = tensor_size(t);
	Tensor	   *result;

	if (tensor_check_shape((TensorType) t->dtype, ndim, dims) != n)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("cannot reshape a tensor of shape %s to %s", tensor_shape_text(t),
						tensor_dims_text(ndim, dims))));
	result = tensor_new_unset((TensorType) t->dtype, ndim, dims);
	memcpy(TENSOR_DATA(result), TENSOR_DATA(t), n * t->dtype);
	return result;
}

/* ---- arguments ---- */

int
tensor_dims_from_array(struct ArrayType *array, int32 dims[TENSOR_MAX_NDIM], const char *what)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	Assert(ARR_ELEMTYPE(array) == INT4OID);
	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a one-dimensional array without NULLs", what)));
	if (n > TENSOR_MAX_NDIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s has %d elements, but a tensor has at most %d dimensions", what, n,
						TENSOR_MAX_NDIM)));
	memcpy(dims, ARRAY_ELEMENTS(array), n * sizeof(int32));
	return n;
}

/* ---- SQL ---- */

PG_FUNCTION_INFO_V1(tensor_shape);
Datum
tensor_shape(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR_HEADER(0);
	Datum		dims[TENSOR_MAX_NDIM];

	for (int d = 0; d < t->ndim; d++)
		dims[d] = Int32GetDatum(t->dims[d]);
	PG_RETURN_ARRAYTYPE_P(construct_array(dims, t->ndim, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

PG_FUNCTION_INFO_V1(tensor_ndims);
Datum
tensor_ndims(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_TENSOR_HEADER(0)->ndim);
}

PG_FUNCTION_INFO_V1(tensor_size_sql);
Datum
tensor_size_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32((int32) tensor_size(PG_GETARG_TENSOR_HEADER(0)));
}

PG_FUNCTION_INFO_V1(tensor_dtype);
Datum
tensor_dtype(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR_HEADER(0);

	PG_RETURN_TEXT_P(cstring_to_text(tensor_type_name((TensorType) t->dtype)));
}

PG_FUNCTION_INFO_V1(tensor_astype);
Datum
tensor_astype(PG_FUNCTION_ARGS)
{
	TensorType	dtype = tensor_type_from_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	PG_RETURN_TENSOR(tensor_as_checked(PG_GETARG_TENSOR(0), dtype));
}

PG_FUNCTION_INFO_V1(tensor_reshape_sql);
Datum
tensor_reshape_sql(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	int32		dims[TENSOR_MAX_NDIM];
	int			ndim = tensor_dims_from_array(PG_GETARG_ARRAYTYPE_P(1), dims, "shape");
	int			open = -1;
	int32		wanted[TENSOR_MAX_NDIM];

	memcpy(wanted, dims, sizeof(wanted));
	for (int d = 0; d < ndim; d++)
		if (dims[d] == -1)
		{
			if (open >= 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("shape %s has more than one -1", tensor_dims_text(ndim, dims))));
			open = d;
			wanted[d] = 1;
		}
	if (open >= 0)
	{
		Size		others = tensor_check_shape((TensorType) t->dtype, ndim, wanted);

		if (others == 0 || tensor_size(t) % others != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("cannot reshape a tensor of shape %s to %s", tensor_shape_text(t),
							tensor_dims_text(ndim, dims))));
		wanted[open] = (int32) (tensor_size(t) / others);
	}
	PG_RETURN_TENSOR(tensor_reshape(t, ndim, wanted));
}

PG_FUNCTION_INFO_V1(tensor_flatten);
Datum
tensor_flatten(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	int32		n = (int32) tensor_size(t);

	PG_RETURN_TENSOR(tensor_reshape(t, 1, &n));
}

PG_FUNCTION_INFO_V1(tensor_transpose_sql);
Datum
tensor_transpose_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_TENSOR(tensor_transpose(PG_GETARG_TENSOR(0), NULL));
}

PG_FUNCTION_INFO_V1(tensor_transpose_axes);
Datum
tensor_transpose_axes(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	int			axes[TENSOR_MAX_NDIM];
	int			n = tensor_dims_from_array(PG_GETARG_ARRAYTYPE_P(1), axes, "axes");
	int			seen = 0;
	char	   *given = tensor_dims_text(n, axes);

	for (int d = 0; d < n; d++)
	{
		if (axes[d] >= 1 && axes[d] <= n)
			seen |= 1 << (axes[d] - 1);
		axes[d]--;
	}
	if (n != t->ndim || seen != (1 << n) - 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("axes %s are not a permutation of 1 to %d", given, t->ndim)));
	PG_RETURN_TENSOR(tensor_transpose(t, axes));
}

PG_FUNCTION_INFO_V1(tensor_concat);
Datum
tensor_concat(PG_FUNCTION_ARGS)
{
	Tensor	   *a = PG_GETARG_TENSOR(0);
	Tensor	   *b = PG_GETARG_TENSOR(1);
	TensorType	dtype = tensor_common_type(a->dtype, b->dtype);
	int32		dims[TENSOR_MAX_NDIM];
	Size		bytes_a;
	Tensor	   *result;

	if (a->ndim == 0 || a->ndim != b->ndim ||
		memcmp(a->dims + 1, b->dims + 1, (a->ndim - 1) * sizeof(int32)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("cannot concatenate tensors of shapes %s and %s", tensor_shape_text(a),
						tensor_shape_text(b)),
				 errdetail("Both need the same dimensions after the first.")));
	memcpy(dims, a->dims, a->ndim * sizeof(int32));
	if (b->dims[0] > PG_INT32_MAX - dims[0])
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("tensors of shapes %s and %s are too long to concatenate",
						tensor_shape_text(a), tensor_shape_text(b)),
				 errhint(TENSOR_SIZE_HINT)));
	dims[0] += b->dims[0];
	result = tensor_new_unset(dtype, a->ndim, dims);
	a = tensor_as(a, dtype);
	b = tensor_as(b, dtype);
	bytes_a = tensor_size(a) * (Size) dtype;
	memcpy(TENSOR_DATA(result), TENSOR_DATA(a), bytes_a);
	memcpy((char *) TENSOR_DATA(result) + bytes_a, TENSOR_DATA(b), tensor_size(b) * (Size) dtype);
	PG_RETURN_TENSOR(result);
}
