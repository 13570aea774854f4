/*
 * npy.h
 *		NumPy's .npy format (NEP 1; versions 1.0, 2.0 and 3.0).
 */
#ifndef NEUROENC_NPY_H
#define NEUROENC_NPY_H

#include "tensor/tensor.h"

typedef struct NpyHeader
{
	char		kind;			/* 'b', 'i', 'u', 'f' */
	int			width;			/* bytes an element */
	bool		big_endian;
	bool		fortran_order;
	int			ndim;
	int32		dims[TENSOR_MAX_NDIM];
	Size		length;			/* bytes before the elements */
} NpyHeader;

/* Read and check the header of 'bytes' bytes; ERROR names what is wrong. */
extern void npy_read_header(const char *data, Size bytes, NpyHeader *header);

/* The element type of the tensor that such a file becomes */
extern TensorType npy_tensor_type(const NpyHeader *header);

/* Convert n elements, in file order, into a tensor of npy_tensor_type */
extern void npy_read_elements(const NpyHeader *header, const char *data, Size n, Tensor *t);

/* Write a version 1.0 header, at most NPY_MAX_HEADER bytes; returns its length, a multiple of 64. */
#define NPY_MAX_HEADER 256
extern Size npy_write_header(const Tensor *t, char *out);

#endif							/* NEUROENC_NPY_H */
