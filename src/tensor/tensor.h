/*
 * tensor.h
 *		The tensor type: layout, access and checks that other rooms use.
 *
 * On-disk layout, 8-byte aligned, host byte order:
 *
 *	 0  int32   vl_len_ (varlena)
 *	 4  uint8   version, TENSOR_VERSION
 *	 5  uint8   dtype, a TensorType
 *	 6  uint8   ndim, 0 .. 8
 *	 7  uint8   zero
 *	 8  int32   dims[ndim]
 *	    zero padding to a multiple of 8
 *	    elements, C order
 *
 * Rank 0 holds one element.  A dimension may be 0.
 */
#ifndef NEUROENC_TENSOR_H
#define NEUROENC_TENSOR_H

#include "postgres.h"
#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

struct ArrayType;

#define TENSOR_VERSION	1
#define TENSOR_MAX_NDIM 8

typedef enum TensorType
{
	TENSOR_FLOAT2 = 2,			/* the value is the element size */
	TENSOR_FLOAT4 = 4,
	TENSOR_FLOAT8 = 8
} TensorType;

typedef struct Tensor
{
	int32		vl_len_;
	uint8		version;
	uint8		dtype;
	uint8		ndim;
	uint8		zero;
	int32		dims[FLEXIBLE_ARRAY_MEMBER];
} Tensor;

#define TENSOR_HEADER_SIZE(ndim) TYPEALIGN(8, offsetof(Tensor, dims) + (ndim) * sizeof(int32))
#define TENSOR_DATA(t)	((void *) ((char *) (t) + TENSOR_HEADER_SIZE((t)->ndim)))
#define TENSOR_F2(t)	((uint16 *) TENSOR_DATA(t))
#define TENSOR_F4(t)	((float *) TENSOR_DATA(t))
#define TENSOR_F8(t)	((double *) TENSOR_DATA(t))

#define DatumGetTensor(d)		((Tensor *) PG_DETOAST_DATUM(d))
#define PG_GETARG_TENSOR(n)		DatumGetTensor(PG_GETARG_DATUM(n))
/* Rank, dims and type alone, without fetching the elements of a toasted tensor */
#define PG_GETARG_TENSOR_HEADER(n) \
	((Tensor *) PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(n), 0, \
									   TENSOR_HEADER_SIZE(TENSOR_MAX_NDIM) - VARHDRSZ))
#define PG_RETURN_TENSOR(t)		PG_RETURN_POINTER(t)

/* The elements of an SQL array (ARR_DATA_PTR without its mix of signs) */
#define ARRAY_ELEMENTS(a) \
	((void *) ((char *) (a) + (ARR_HASNULL(a) ? (Size) (a)->dataoffset \
											  : (Size) ARR_OVERHEAD_NONULLS(ARR_NDIM(a)))))

/* ---- tensor.c: making and reading ---- */

/* What to do about a tensor over 1 GB */
#define TENSOR_SIZE_HINT "Take it in parts, one a row, or use an element type of fewer bytes."

/* Elements of a shape, or ERROR: rank over 8, a negative dimension, over 1 GB in bytes. */
extern Size tensor_check_shape(TensorType dtype, int ndim, const int32 *dims);

/* A new tensor in CurrentMemoryContext, elements zero. */
extern Tensor *tensor_new(TensorType dtype, int ndim, const int32 *dims);
extern Tensor *tensor_new_vector(TensorType dtype, Size n);
extern Tensor *tensor_new_matrix(TensorType dtype, Size rows, Size cols);

/* The same with the elements left unset, for callers that write every one. */
extern Tensor *tensor_new_unset(TensorType dtype, int ndim, const int32 *dims);

/* Number of elements. */
extern Size tensor_size(const Tensor *t);

/* "float2", "float4", "float8" and back (ERROR on any other word) */
extern const char *tensor_type_name(TensorType dtype);
extern TensorType tensor_type_from_name(const char *name);

/* "(3, 4)" for messages; palloc'd */
extern char *tensor_shape_text(const Tensor *t);
extern char *tensor_dims_text(int ndim, const int32 *dims);

/* One element, by flat index. */
extern double tensor_get(const Tensor *t, Size i);
extern void tensor_set(Tensor *t, Size i, double value);

/* All elements (or n from start) converted into a buffer, and back into a tensor. */
extern void tensor_read_f4(const Tensor *t, Size start, Size n, float *out);
extern void tensor_read_f8(const Tensor *t, Size start, Size n, double *out);
extern void tensor_write_f4(Tensor *t, Size start, Size n, const float *in);
extern void tensor_write_f8(Tensor *t, Size start, Size n, const double *in);

/* The tensor itself if it has this element type already, else a converted copy. */
extern Tensor *tensor_as(const Tensor *t, TensorType dtype);

/* The same, but a finite value that overflows the new type is an ERROR that names it (casts, astype). */
extern Tensor *tensor_as_checked(const Tensor *t, TensorType dtype);

/* The wider of two element types. */
extern TensorType tensor_common_type(TensorType a, TensorType b);

/* ---- checks with errors; 'what' names the argument in the message ---- */
extern void tensor_require_vector(const Tensor *t, const char *what);
extern void tensor_require_matrix(const Tensor *t, const char *what);
extern void tensor_require_same_shape(const Tensor *a, const Tensor *b);

/* ---- tensor_shape.c ---- */

/* Axis d of the result is axis axes[d] of t, counted from 0; axes NULL reverses all. A new tensor. */
extern Tensor *tensor_transpose(const Tensor *t, const int *axes);

/* The same elements in another shape of the same size (checked). A new tensor. */
extern Tensor *tensor_reshape(const Tensor *t, int ndim, const int32 *dims);

/* An int[] argument as dimensions: at most 8, none NULL. Returns the rank; 'what' names it in errors. */
extern int tensor_dims_from_array(struct ArrayType *array, int32 dims[TENSOR_MAX_NDIM],
								  const char *what);

/* ---- tensor_linalg.c ---- */

/*
 * The elements as float8, in CurrentMemoryContext: all finite, and of a square
 * matrix that is symmetric but for rounding, which is averaged away; else ERROR
 * ("what needs finite elements, ..").
 */
extern double *tensor_finite_elements(const Tensor *t, const char *what);
extern double *tensor_symmetric_elements(const Tensor *t, const char *what);

/* ---- tensor_io.c ---- */

/* JSON text: nested lists of numbers, null (NaN), "NaN", "Infinity", "-Infinity". */
extern Tensor *tensor_parse_json(const char *text, TensorType dtype);
extern char *tensor_print_json(const Tensor *t);

/* Copy n elements, reversing the bytes of each if 'swap'; 'out' is aligned, 'in' need not be. */
extern void tensor_copy_bytes(void *out, const void *in, TensorType dtype, Size n, bool swap);

/* ---- tensor_typmod.c ---- */

/* Convert to the element type, and check the shape, that a type modifier asks for (-1: neither). */
extern Tensor *tensor_coerce(Tensor *t, int32 typmod);

/* The element type that a type modifier asks for, else 'otherwise'. */
extern TensorType tensor_typmod_dtype(int32 typmod, TensorType otherwise);

/* ---- half.c: IEEE binary16, with F16C where the machine has it ---- */
extern float half_to_float(uint16 h);
extern uint16 float_to_half(float f);	/* round to nearest even, overflow to infinity */
extern uint16 double_to_half(double d); /* one rounding, not two */
extern void half_to_float_n(const uint16 *h, float *f, Size n);
extern void float_to_half_n(const float *f, uint16 *h, Size n);

#endif							/* NEUROENC_TENSOR_H */
