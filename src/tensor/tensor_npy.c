/*
 * tensor_npy.c
 *		to_npy and from_npy: the SQL side of npy.c.
 *
 * The shape that a header claims is compared with the bytes that are there before
 * anything of that size is allocated.  A Fortran-order file is read as the C-order
 * array of the reversed shape and transposed.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/memory.h"
#include "tensor/npy.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(tensor_to_npy);
Datum
tensor_to_npy(PG_FUNCTION_ARGS)
{
	Tensor	   *t = PG_GETARG_TENSOR(0);
	Size		data = tensor_size(t) * t->dtype;
	char		header[NPY_MAX_HEADER];
	Size		length = npy_write_header(t, header);
	Size		bytes = size_add(VARHDRSZ + length, data);
	bytea	   *out;

	value_require("an npy file", bytes, TENSOR_SIZE_HINT);
	out = palloc(bytes);
	SET_VARSIZE(out, bytes);
	memcpy(VARDATA(out), header, length);
	memcpy(VARDATA(out) + length, TENSOR_DATA(t), data);
	PG_RETURN_BYTEA_P(out);
}

PG_FUNCTION_INFO_V1(tensor_from_npy);
Datum
tensor_from_npy(PG_FUNCTION_ARGS)
{
	bytea	   *file = PG_GETARG_BYTEA_PP(0);
	const char *data = VARDATA_ANY(file);
	Size		bytes = VARSIZE_ANY_EXHDR(file);
	NpyHeader	header;
	TensorType	dtype;
	Size		n;
	Tensor	   *t;

	npy_read_header(data, bytes, &header);
	dtype = npy_tensor_type(&header);
	n = tensor_check_shape(dtype, header.ndim, header.dims);
	if (bytes - header.length != n * (Size) header.width)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("an npy file of shape %s takes %zu bytes after its header, but has %zu",
						tensor_dims_text(header.ndim, header.dims), n * (Size) header.width,
						bytes - header.length)));
	if (header.fortran_order)
	{
		int32		reversed[TENSOR_MAX_NDIM];

		for (int d = 0; d < header.ndim; d++)
			reversed[d] = header.dims[header.ndim - 1 - d];
		t = tensor_new_unset(dtype, header.ndim, reversed);
	}
	else
		t = tensor_new_unset(dtype, header.ndim, header.dims);
	npy_read_elements(&header, data + header.length, n, t);
	if (header.fortran_order && header.ndim > 1)
		t = tensor_transpose(t, NULL);
	PG_RETURN_TENSOR(t);
}
