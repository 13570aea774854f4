/*
 * nifti_data.c
 *		Samples of a NIfTI image: converted to float4, taken volume by volume or,
 *		transposed, as one series a voxel.
 *
 * A file holds volume after volume, each with i fastest.  A series therefore
 * touches every volume: taken one by one, they would read a cache line for
 * each 2-byte sample.  nifti_read_series works on tiles of 16 volumes by 512
 * voxels that stay in the first cache: 512 neighbouring samples of a volume
 * are converted at once, and 16 values of a voxel are written at once.  The
 * cost is one pass over the samples and one over the result.
 *
 * A plain file is read where it lies.  Of a gzip file with a mask only the
 * samples in the mask are kept (raw, 1 to 8 bytes each); without a mask all.
 * Volumes taken in order need memory for one.
 *
 * Scaling is sample * scl_slope + scl_inter in float8, rounded to float4; a
 * slope of 0, NaN or infinity means none, and then a sample is rounded to
 * float4 directly.  float64 samples beyond float4 become infinite.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bswap.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "voxel/nifti.h"

#define TILE_VOXELS 512
#define TILE_VOLUMES 16

/* ---- opening ---- */

static void
check_sizes(NiftiImage *image, const char *what)
{
	const NiftiHeader *h = &image->header;
	Size		bytes;

	image->sample_bytes = h->type->bits / 8;
	image->n_spatial = (Size) h->dims[0] * h->dims[1];
	image->n_spatial = size_mul(image->n_spatial, h->dims[2]);
	image->n_volumes = (Size) h->dims[3] * h->dims[4];
	image->n_volumes = size_mul(image->n_volumes, size_mul(h->dims[5], h->dims[6]));
	if (image->n_spatial > PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a volume of the %s has %zu voxels, and at most %u are read",
						what, image->n_spatial, PG_UINT32_MAX)));
	if (image->n_volumes > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the %s has %zu volumes, and at most %d are read",
						what, image->n_volumes, PG_INT32_MAX)));

	bytes = size_mul(size_mul(image->n_spatial, image->n_volumes), image->sample_bytes);
	if (bytes > stream_bound(image->stream))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("the %s is truncated", what),
				 errdetail("Its header describes %zu bytes of samples, and the file has %s%zu.", bytes,
						   stream_is_gzip(image->stream) ? "no more than " : "",
						   stream_bound(image->stream))));
}

void
nifti_open(NiftiImage *image, const void *file, Size bytes, const char *what)
{
	NiftiHeader *h = &image->header;
	Size		skip;

	image->stream = stream_open(file, bytes);
	nifti_read_header(image->stream, h, what);
	if (h->type->kind == NIFTI_UNREADABLE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the %s has datatype %s, which is not read", what, h->type->name),
				 errdetail("Read are int8, int16, int32, int64, their unsigned forms, float32 and float64.")));
	if (isfinite(h->slope) && h->slope != 0 && !isfinite(h->inter))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("the %s has a scl_slope, but its scl_inter is not finite", what),
				 errdetail_client("They are %g and %g.", h->slope, h->inter)));

	skip = h->vox_offset - (h->version == 1 ? NIFTI1_HEADER_SIZE : NIFTI2_HEADER_SIZE);
	if (skip > stream_bound(image->stream) || !stream_skip(image->stream, skip))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("the %s is truncated", what),
				 errdetail("Its samples begin at byte %lld, beyond the end of the file.",
						   (long long) h->vox_offset)));
	check_sizes(image, what);
	image->samples = stream_is_gzip(image->stream) ? NULL : (const uint8 *) file + h->vox_offset;
}

/* ---- conversion ---- */

/* Raw samples of one tile, contiguous and aligned. */
typedef union RawTile
{
	uint8		u1[TILE_VOXELS];
	int8		i1[TILE_VOXELS];
	int16		i2[TILE_VOXELS];
	uint16		u2[TILE_VOXELS];
	int32		i4[TILE_VOXELS];
	uint32		u4[TILE_VOXELS];
	int64		i8[TILE_VOXELS];
	uint64		u8[TILE_VOXELS];
	float		f4[TILE_VOXELS];
	double		f8[TILE_VOXELS];
} RawTile;

#define GATHER(type, to) \
	do { \
		for (Size i = 0; i < n; i++) \
			memcpy(&(to)[i], volume + (Size) index[i] * sizeof(type), sizeof(type)); \
	} while (0)

static void
gather(const uint8 *volume, Size sample_bytes, const uint32 *index, Size n, RawTile *raw)
{
	switch (sample_bytes)
	{
		case 1:
			GATHER(uint8, raw->u1);
			break;
		case 2:
			GATHER(uint16, raw->u2);
			break;
		case 4:
			GATHER(uint32, raw->u4);
			break;
		default:
			GATHER(uint64, raw->u8);
			break;
	}
}

static void
swap_bytes(Size sample_bytes, Size n, RawTile *raw)
{
	switch (sample_bytes)
	{
		case 2:
			for (Size i = 0; i < n; i++)
				raw->u2[i] = pg_bswap16(raw->u2[i]);
			break;
		case 4:
			for (Size i = 0; i < n; i++)
				raw->u4[i] = pg_bswap32(raw->u4[i]);
			break;
		case 8:
			for (Size i = 0; i < n; i++)
				raw->u8[i] = pg_bswap64(raw->u8[i]);
			break;
	}
}

#define CONVERT(from) \
	do { \
		if (scaled) \
			for (Size i = 0; i < n; i++) \
				out[i] = (float) (slope * (double) (from)[i] + inter); \
		else \
			for (Size i = 0; i < n; i++) \
				out[i] = (float) (from)[i]; \
	} while (0)

static void
convert_tile(const NiftiHeader *h, const RawTile *raw, Size n, float *out)
{
	double		slope = h->slope;
	double		inter = h->inter;
	bool		scaled = isfinite(slope) && slope != 0 && !(slope == 1 && inter == 0);

	switch (h->type->kind)
	{
		case NIFTI_UINT8:
			CONVERT(raw->u1);
			break;
		case NIFTI_INT8:
			CONVERT(raw->i1);
			break;
		case NIFTI_INT16:
			CONVERT(raw->i2);
			break;
		case NIFTI_UINT16:
			CONVERT(raw->u2);
			break;
		case NIFTI_INT32:
			CONVERT(raw->i4);
			break;
		case NIFTI_UINT32:
			CONVERT(raw->u4);
			break;
		case NIFTI_INT64:
			CONVERT(raw->i8);
			break;
		case NIFTI_UINT64:
			CONVERT(raw->u8);
			break;
		case NIFTI_FLOAT32:
			CONVERT(raw->f4);
			break;
		case NIFTI_FLOAT64:
			CONVERT(raw->f8);
			break;
		case NIFTI_UNREADABLE:
			Assert(false);
			break;
	}
}

void
nifti_convert(const NiftiHeader *h, const uint8 *volume, const uint32 *index, Size start,
			  Size n, float *out)
{
	Size		sample_bytes = h->type->bits / 8;
	RawTile		raw;

	for (Size done = 0; done < n; done += TILE_VOXELS)
	{
		Size		m = Min(n - done, TILE_VOXELS);

		if (index)
			gather(volume, sample_bytes, index + start + done, m, &raw);
		else
			memcpy(&raw, volume + (start + done) * sample_bytes, m * sample_bytes);
		if (h->swap)
			swap_bytes(sample_bytes, m, &raw);
		convert_tile(h, &raw, m, out + done);
	}
}

/* ---- volumes ---- */

const uint8 *
nifti_next_volume(NiftiImage *image, Size volume, uint8 *room)
{
	Size		bytes = image->n_spatial * image->sample_bytes;
	Size		got;

	CHECK_FOR_INTERRUPTS();
	if (image->samples)
		return image->samples + volume * bytes;
	got = stream_read(image->stream, room, bytes);
	if (got < bytes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("the gzip file is truncated"),
				 errdetail("It ends after %zu of the %zu bytes of volume %zu.", got, bytes, volume)));
	if (volume == image->n_volumes - 1)
		stream_verify_end(image->stream);
	return room;
}

uint32 *
nifti_mask_index(NiftiImage *mask, Size *n_in)
{
	Size		n = mask->n_spatial;
	Size		count = 0;
	uint32	   *index = huge_alloc(size_mul(n, sizeof(uint32)));
	uint8	   *room = mask->samples ? NULL : huge_alloc(n * mask->sample_bytes);
	const uint8 *volume = nifti_next_volume(mask, 0, room);
	float		values[TILE_VOXELS];

	for (Size start = 0; start < n; start += TILE_VOXELS)
	{
		Size		m = Min(n - start, TILE_VOXELS);

		nifti_convert(&mask->header, volume, NULL, start, m, values);
		for (Size i = 0; i < m; i++)
			if (values[i] != 0 && !isnan(values[i]))
				index[count++] = (uint32) (start + i);
		CHECK_FOR_INTERRUPTS();
	}
	if (room)
		pfree(room);
	*n_in = count;
	return repalloc_huge(index, Max(count, 1) * sizeof(uint32));
}

/* ---- series ---- */

/* The raw samples of index, packed. */
static void
pack(const uint8 *volume, Size sample_bytes, const uint32 *index, Size n, uint8 *out)
{
	RawTile		raw;

	for (Size done = 0; done < n; done += TILE_VOXELS)
	{
		Size		m = Min(n - done, TILE_VOXELS);

		gather(volume, sample_bytes, index + done, m, &raw);
		memcpy(out + done * sample_bytes, &raw, m * sample_bytes);
	}
}

void
nifti_load_series(NiftiImage *image, const uint32 *index, Size n_in, NiftiSeries *series)
{
	Size		volume_bytes = image->n_spatial * image->sample_bytes;
	Size		packed_bytes = n_in * image->sample_bytes;
	uint8	   *packed;
	uint8	   *room = NULL;

	series->header = &image->header;
	series->n_series = n_in;
	series->n_volumes = image->n_volumes;
	if (image->samples)
	{
		series->volumes = image->samples;
		series->stride = volume_bytes;
		series->index = index;
		return;
	}

	packed = huge_alloc(Max(packed_bytes * image->n_volumes, 1));
	if (index)
		room = huge_alloc(volume_bytes);
	for (Size t = 0; t < image->n_volumes; t++)
	{
		uint8	   *to = packed + t * packed_bytes;

		if (index)
			pack(nifti_next_volume(image, t, room), image->sample_bytes, index, n_in, to);
		else
			nifti_next_volume(image, t, to);
	}
	if (room)
		pfree(room);
	series->volumes = packed;
	series->stride = packed_bytes;
	series->index = NULL;
}

static void
write_tile(const float tile[TILE_VOLUMES][TILE_VOXELS], Size voxels, Size volumes,
		   char *out, Size out_stride)
{
	for (Size v = 0; v < voxels; v++)
	{
		float	   *to = (float *) (out + v * out_stride);

		for (Size t = 0; t < volumes; t++)
			to[t] = tile[t][v];
	}
}

void
nifti_read_series(const NiftiSeries *series, Size first, Size n, char *out, Size out_stride)
{
	float		tile[TILE_VOLUMES][TILE_VOXELS];

	for (Size v = 0; v < n; v += TILE_VOXELS)
	{
		Size		voxels = Min(n - v, TILE_VOXELS);

		for (Size t = 0; t < series->n_volumes; t += TILE_VOLUMES)
		{
			Size		volumes = Min(series->n_volumes - t, TILE_VOLUMES);

			for (Size u = 0; u < volumes; u++)
				nifti_convert(series->header, series->volumes + (t + u) * series->stride,
							  series->index, first + v, voxels, tile[u]);
			write_tile(tile, voxels, volumes, out + v * out_stride + t * sizeof(float), out_stride);
			CHECK_FOR_INTERRUPTS();
		}
	}
}

/* ---- C order to file order ---- */

#define REORDER_COLUMNS 64

#define REORDER(type) \
	do { \
		for (Size i = i0; i < i1; i++) \
		{ \
			const type *from = (const type *) in + (i * nj + j) * n_columns + c0; \
			for (Size c = 0; c < columns; c++) \
				memcpy(out + (column[c] + i) * sizeof(type), &from[c], sizeof(type)); \
		} \
	} while (0)

void
nifti_fortran_order(int ndim, const int32 *dims, Size sample_bytes, const char *in, char *out)
{
	Size		ni = dims[0];
	Size		nj = dims[1];
	Size		nk = dims[2];
	Size		nt = ndim > 3 ? dims[3] : 1;
	Size		n_columns = nk * nt;	/* of a row (i, j) */

	for (Size j = 0; j < nj; j++)
	{
		for (Size c0 = 0; c0 < n_columns; c0 += REORDER_COLUMNS)
		{
			Size		columns = Min(n_columns - c0, REORDER_COLUMNS);
			Size		column[REORDER_COLUMNS];	/* where element i = 0 of each goes */

			for (Size c = 0; c < columns; c++)
				column[c] = (((c0 + c) % nt * nk + (c0 + c) / nt) * nj + j) * ni;
			for (Size i0 = 0; i0 < ni; i0 += 16)
			{
				Size		i1 = Min(i0 + 16, ni);

				if (sample_bytes == sizeof(float))
					REORDER(float);
				else
					REORDER(double);
			}
			CHECK_FOR_INTERRUPTS();
		}
	}
}
