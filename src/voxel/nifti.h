/*
 * nifti.h
 *		NIfTI images in memory: the header, its affine, and the samples.
 */
#ifndef NEUROENC_NIFTI_H
#define NEUROENC_NIFTI_H

#include "postgres.h"

#include "tensor/tensor.h"
#include "voxel/gunzip.h"

#define NIFTI1_HEADER_SIZE	348
#define NIFTI2_HEADER_SIZE	540
#define NIFTI_HEADER_MAX	NIFTI2_HEADER_SIZE
#define NIFTI_MAX_NDIM		7

/* The number formats that are read; other codes have a name only. */
typedef enum NiftiKind
{
	NIFTI_UNREADABLE = 0,
	NIFTI_UINT8,
	NIFTI_INT8,
	NIFTI_INT16,
	NIFTI_UINT16,
	NIFTI_INT32,
	NIFTI_UINT32,
	NIFTI_INT64,
	NIFTI_UINT64,
	NIFTI_FLOAT32,
	NIFTI_FLOAT64
} NiftiKind;

typedef struct NiftiType
{
	int			code;
	const char *name;
	int			bits;			/* of a sample */
	NiftiKind	kind;
} NiftiType;

typedef struct NiftiHeader
{
	int			version;		/* 1 or 2 */
	bool		big_endian;
	bool		swap;			/* byte order is not this machine's */
	int			ndim;
	int32		dims[NIFTI_MAX_NDIM];	/* 1 from ndim on */
	const NiftiType *type;
	double		qfac;			/* pixdim[0] */
	double		pixdim[NIFTI_MAX_NDIM];
	int64		vox_offset;
	double		slope;
	double		inter;
	int			qform_code;
	int			sform_code;
	double		quatern[3];		/* b, c, d */
	double		qoffset[3];
	double		srow[3][4];
	int			units;			/* xyzt_units */
	int			intent_code;
	char		intent_name[17];
	char		descrip[81];
} NiftiHeader;

/* An image being read. */
typedef struct NiftiImage
{
	NiftiHeader header;
	Size		sample_bytes;
	Size		n_spatial;		/* samples in a volume: dims 1 to 3 */
	Size		n_volumes;		/* product of dims 4 to 7 */
	const uint8 *samples;		/* a plain file's first sample; NULL if gzip */
	ByteStream *stream;			/* at the next sample not read */
} NiftiImage;

/* ---- nifti.c: header and affine ---- */

/* Reads and checks a header; ERROR if it is none or contradicts itself. 'what': "image", "mask" */
extern void nifti_read_header(ByteStream *s, NiftiHeader *h, const char *what);
extern void nifti_header_affine(const NiftiHeader *h, double m[3][4]);
extern const char *nifti_space_unit(const NiftiHeader *h);
extern const char *nifti_time_unit(const NiftiHeader *h);

/* Bytes of a new single file's header with the four bytes that follow it. */
#define NIFTI_VOX_OFFSET(version) ((version) == 1 ? 352 : 544)

/*
 * Writes the header of a new image (native byte order, sform set, no scaling)
 * into out, NIFTI_VOX_OFFSET(version) bytes.
 */
extern void nifti_write_header(int version, int ndim, const int32 *dims, bool float8_samples,
							   double affine[3][4], uint8 *out);

/* ---- nifti_data.c: samples ---- */

/* Opens an image for reading its samples; ERROR if they can't all be in the file. */
extern void nifti_open(NiftiImage *image, const void *file, Size bytes, const char *what);

/*
 * Samples start, ... or index[0 .. n - 1] of a volume (raw, in file order) as
 * float4, byte-swapped and scaled.
 */
extern void nifti_convert(const NiftiHeader *h, const uint8 *volume, const uint32 *index, Size start,
						  Size n, float *out);

/* The next volume's samples, raw. 'room' (volume bytes) is used if the file is gzip. */
extern const uint8 *nifti_next_volume(NiftiImage *image, Size volume, uint8 *room);

/* Indices of the samples that are neither 0 nor NaN. */
extern uint32 *nifti_mask_index(NiftiImage *mask, Size *n_in);

/*
 * Raw samples of many volumes from which series are taken: sample v of volume
 * t is at volumes + t * stride, element index[v], or v if index is NULL.
 */
typedef struct NiftiSeries
{
	const NiftiHeader *header;
	const uint8 *volumes;
	Size		stride;			/* bytes */
	const uint32 *index;
	Size		n_series;
	Size		n_volumes;
} NiftiSeries;

/* Reads what series of the image (those of index, or all) need into memory. */
extern void nifti_load_series(NiftiImage *image, const uint32 *index, Size n_in, NiftiSeries *series);

/* Series first .. first + n - 1, each n_volumes floats, 'out_stride' bytes apart. */
extern void nifti_read_series(const NiftiSeries *series, Size first, Size n, char *out, Size out_stride);

/* C order (i, j, k[, t]) float4 or float8 to file order, i fastest. */
extern void nifti_fortran_order(int ndim, const int32 *dims, Size sample_bytes, const char *in, char *out);

#endif							/* NEUROENC_NIFTI_H */
