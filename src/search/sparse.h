/*
 * sparse.h
 *		The sparse type: a vector of a stated width of which a few elements are not
 *		zero.
 *
 * On-disk layout, 8-byte aligned, host byte order:
 *
 *	 0  int32   vl_len_ (varlena)
 *	 4  uint8   version, SPARSE_VERSION
 *	 5  uint8   dtype, TENSOR_FLOAT4 or TENSOR_FLOAT8
 *	 6  uint16  zero
 *	 8  int32   width, 1 .. 2^31 - 1
 *	12  int32   n, how many elements are not zero (the active ones)
 *	16  int32   index[n], ascending, from 0 (SQL and text count from 1)
 *	    zero padding to a multiple of 8
 *	    values[n], finite, none of them zero
 *
 * No zero is stored, so that equal vectors have equal bytes (of one element type).
 */
#ifndef NEUROENC_SEARCH_SPARSE_H
#define NEUROENC_SEARCH_SPARSE_H

#include "tensor/tensor.h"

#define SPARSE_VERSION	1

typedef struct Sparse
{
	int32		vl_len_;
	uint8		version;
	uint8		dtype;
	uint16		zero;
	int32		width;
	int32		n;
	int32		index[FLEXIBLE_ARRAY_MEMBER];
} Sparse;

#define SPARSE_HEADER_SIZE(n) TYPEALIGN(8, offsetof(Sparse, index) + (Size) (n) * sizeof(int32))
#define SPARSE_VALUES(s) ((void *) ((char *) (s) + SPARSE_HEADER_SIZE((s)->n)))
#define SPARSE_F4(s)	((float *) SPARSE_VALUES(s))
#define SPARSE_F8(s)	((double *) SPARSE_VALUES(s))

#define DatumGetSparse(d)		sparse_from_datum(d)
#define PG_GETARG_SPARSE(n)		sparse_from_datum(PG_GETARG_DATUM(n))
#define SparsePGetDatum(s)		PointerGetDatum(s)
#define PG_RETURN_SPARSE(s)		PG_RETURN_POINTER(s)

/* Detoasted; ERROR on a version that this library does not read, or a length that does not fit. */
extern Sparse *sparse_from_datum(Datum d);

/* What to do about a vector over 1 GB */
#define SPARSE_SIZE_HINT "Keep fewer entries, or take the vector in parts."

/* The greatest n of a value under 1 GB. */
extern Size sparse_max_entries(TensorType dtype);

/* A new value in CurrentMemoryContext whose n indices and values the caller sets, as the layout says. */
extern Sparse *sparse_new_unset(TensorType dtype, int32 width, Size n);

/*
 * From n pairs in any order, indices from 0: zeros are dropped (and what becomes
 * zero in float4).  ERROR, with indices as SQL counts them: an index out of
 * range or given twice, a value that is not finite or overflows float4.
 */
extern Sparse *sparse_from_pairs(TensorType dtype, int32 width, Size n, const int32 *index, const double *value);

/* From all 'width' elements; the same errors. */
extern Sparse *sparse_from_dense_f4(int32 width, const float *x);
extern Sparse *sparse_from_dense_f8(TensorType dtype, int32 width, const double *x);

/* Value i of n */
static inline double
sparse_value(const Sparse *s, Size i)
{
	return s->dtype == TENSOR_FLOAT4 ? (double) SPARSE_F4(s)[i] : SPARSE_F8(s)[i];
}

/* ERROR unless the widths are the same. */
extern void sparse_require_same_width(const Sparse *a, const Sparse *b);

/* ERROR unless s fits a type modifier, the width (-1: any). */
extern void sparse_require_typmod(const Sparse *s, int32 typmod);

#endif							/* NEUROENC_SEARCH_SPARSE_H */
