/*
 * nifti.c
 *		NIfTI headers: NIfTI-1 (Cox et al. 2004, nifti1.h) and NIfTI-2 (2011,
 *		nifti2.h), single files, both byte orders; and the affine that a header
 *		gives, by the rules that nibabel follows.
 *
 * The two versions hold the same fields at different places and widths, so one
 * reader serves both by a table.  A header is hostile until it is checked:
 * everything that later sizes depend on (dims, data type, vox_offset) is
 * validated here, before anything is allocated.
 *
 * The affine takes 0-based (i, j, k) to millimetres and comes from the first
 * of these that the header has:
 *	 1. sform_code > 0: srow_x, srow_y, srow_z as they stand;
 *	 2. qform_code > 0: the rotation of quaternion (a, b, c, d), a computed so
 *		that its length is 1, times pixdim[1..3], the third axis times qfac
 *		(-1 if pixdim[0] < 0, else 1), and qoffset;
 *	 3. else nibabel's base affine, which is SPM's and not "method 1" of the
 *		standard: voxel sizes pixdim[1..3] with the first axis flipped (the
 *		storage order is taken as left, anterior, superior) and the centre of
 *		the grid at 0.
 * For 2 and 3 a negative voxel size counts as its absolute value, and 0 as 1.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "base/client_detail.h"
#include "voxel/nifti.h"

static const NiftiType nifti_types[] = {
	{1, "binary", 1, NIFTI_UNREADABLE},
	{2, "uint8", 8, NIFTI_UINT8},
	{4, "int16", 16, NIFTI_INT16},
	{8, "int32", 32, NIFTI_INT32},
	{16, "float32", 32, NIFTI_FLOAT32},
	{32, "complex64", 64, NIFTI_UNREADABLE},
	{64, "float64", 64, NIFTI_FLOAT64},
	{128, "RGB24", 24, NIFTI_UNREADABLE},
	{256, "int8", 8, NIFTI_INT8},
	{512, "uint16", 16, NIFTI_UINT16},
	{768, "uint32", 32, NIFTI_UINT32},
	{1024, "int64", 64, NIFTI_INT64},
	{1280, "uint64", 64, NIFTI_UINT64},
	{1536, "float128", 128, NIFTI_UNREADABLE},
	{1792, "complex128", 128, NIFTI_UNREADABLE},
	{2048, "complex256", 256, NIFTI_UNREADABLE},
	{2304, "RGBA32", 32, NIFTI_UNREADABLE},
};

/* Where a version keeps a field, and how wide it is (bytes). */
typedef struct HeaderLayout
{
	Size		header_size;
	int			dim_width,
				real_width,
				code_width,		/* qform_code, sform_code */
				units_width;
	int			magic,
				datatype,
				bitpix,
				dim,
				pixdim,
				vox_offset,
				slope,
				inter,
				descrip,
				qform_code,
				sform_code,
				quatern,
				qoffset,
				srow,
				units,
				intent_code,
				intent_name;
} HeaderLayout;

static const HeaderLayout layouts[2] = {
	{
		.header_size = NIFTI1_HEADER_SIZE,
		.dim_width = 2, .real_width = 4, .code_width = 2, .units_width = 1,
		.magic = 344, .datatype = 70, .bitpix = 72, .dim = 40, .pixdim = 76, .vox_offset = 108,
		.slope = 112, .inter = 116, .descrip = 148, .qform_code = 252, .sform_code = 254,
		.quatern = 256, .qoffset = 268, .srow = 280, .units = 123, .intent_code = 68,
		.intent_name = 328,
	},
	{
		.header_size = NIFTI2_HEADER_SIZE,
		.dim_width = 8, .real_width = 8, .code_width = 4, .units_width = 4,
		.magic = 4, .datatype = 12, .bitpix = 14, .dim = 16, .pixdim = 104, .vox_offset = 168,
		.slope = 176, .inter = 184, .descrip = 240, .qform_code = 344, .sform_code = 348,
		.quatern = 352, .qoffset = 376, .srow = 400, .units = 500, .intent_code = 504,
		.intent_name = 508,
	},
};

/* ---- fields ---- */

/* width bytes at 'at', in this machine's order */
static void
get_bytes(const uint8 *header, int at, int width, bool swap, void *out)
{
	for (int i = 0; i < width; i++)
		((uint8 *) out)[i] = header[at + (swap ? width - 1 - i : i)];
}

static int64
get_int(const uint8 *header, int at, int width, bool swap)
{
	int16		i2 = 0;
	int32		i4 = 0;
	int64		i8 = 0;

	switch (width)
	{
		case 1:
			return header[at];
		case 2:
			get_bytes(header, at, 2, swap, &i2);
			return i2;
		case 4:
			get_bytes(header, at, 4, swap, &i4);
			return i4;
		default:
			get_bytes(header, at, 8, swap, &i8);
			return i8;
	}
}

static double
get_real(const uint8 *header, int at, int width, bool swap)
{
	float		f4 = 0;
	double		f8 = 0;

	if (width == 4)
		get_bytes(header, at, 4, swap, &f4);
	else
		get_bytes(header, at, 8, swap, &f8);
	return width == 4 ? f4 : f8;
}

static void
put_int(uint8 *header, int at, int width, int64 value)
{
	int16		i2 = (int16) value;
	int32		i4 = (int32) value;

	if (width == 1)
		header[at] = (uint8) value;
	else
		memcpy(header + at, width == 2 ? (void *) &i2 : width == 4 ? (void *) &i4 : (void *) &value, width);
}

static void
put_real(uint8 *header, int at, int width, double value)
{
	float		f4 = (float) value;

	if (width == 4 && isinf(f4) && !isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a number is out of range for the float4 fields of a NIfTI-1 header"),
				 errdetail_client("It is %g.", value)));
	memcpy(header + at, width == 4 ? (void *) &f4 : (void *) &value, width);
}

/* ---- reading ---- */

#define MALFORMED(...) \
	ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg(__VA_ARGS__)))

/* Version and byte order from sizeof_hdr. */
static bool
recognise(const uint8 *header, NiftiHeader *h)
{
#ifdef WORDS_BIGENDIAN
	const bool	native_big = true;
#else
	const bool	native_big = false;
#endif

	for (int swap = 0; swap <= 1; swap++)
		for (int version = 1; version <= 2; version++)
			if (get_int(header, 0, 4, swap) == (int64) layouts[version - 1].header_size)
			{
				h->swap = swap;
				h->big_endian = native_big != h->swap;
				h->version = version;
				return true;
			}
	return false;
}

static void
check_magic(const uint8 *header, const NiftiHeader *h, const char *what)
{
	const uint8 *magic = header + layouts[h->version - 1].magic;
	static const char *const single[2] = {"n+1", "n+2\0\r\n\032\n"};
	static const char *const pair[2] = {"ni1", "ni2\0\r\n\032\n"};
	int			length = h->version == 1 ? 4 : 8;

	if (memcmp(magic, pair[h->version - 1], 4) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the %s is the header of a NIfTI-%d .hdr/.img pair", what, h->version),
				 errdetail("Its samples are in another file, and only single files are read."),
				 errhint("Save it as a single .nii or .nii.gz file first.")));
	if (memcmp(magic, single[h->version - 1], length) == 0)
		return;
	if (h->version == 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("the %s is not a NIfTI file: it has no magic \"n+1\"", what),
				 errdetail("Its header has NIfTI's size; it may be an Analyze 7.5 header, which has no orientation.")));
	MALFORMED("the %s is a damaged NIfTI-2 file: its magic is not \"n+2\" with the eight bytes' end-of-line check",
			  what);
}

static void
read_dims(const uint8 *header, NiftiHeader *h, const char *what)
{
	const HeaderLayout *at = &layouts[h->version - 1];
	int64		ndim = get_int(header, at->dim, at->dim_width, h->swap);
	Size		samples = 1;

	if (ndim < 1 || ndim > NIFTI_MAX_NDIM)
		MALFORMED("the %s has dim[0] = %lld, not 1 to 7 dimensions", what, (long long) ndim);
	h->ndim = (int) ndim;
	for (int d = 0; d < NIFTI_MAX_NDIM; d++)
	{
		int64		n = get_int(header, at->dim + (d + 1) * at->dim_width, at->dim_width, h->swap);

		h->pixdim[d] = get_real(header, at->pixdim + (d + 1) * at->real_width, at->real_width, h->swap);
		h->dims[d] = 1;
		if (d >= h->ndim)
			continue;
		if (n < 1)
			MALFORMED("the %s has dim[%d] = %lld", what, d + 1, (long long) n);
		if (n > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the %s has dim[%d] = %lld, and at most %d is read",
							what, d + 1, (long long) n, PG_INT32_MAX)));
		h->dims[d] = (int32) n;
		/* counted in bits, so that bytes never wrap */
		if (samples > SIZE_MAX / h->type->bits / (Size) n)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the dimensions of the %s multiply to more samples than a file can hold", what)));
		samples *= (Size) n;
	}
}

static void
read_type(const uint8 *header, NiftiHeader *h, const char *what)
{
	const HeaderLayout *at = &layouts[h->version - 1];
	int			code = (int) get_int(header, at->datatype, 2, h->swap);
	int			bitpix = (int) get_int(header, at->bitpix, 2, h->swap);

	h->type = NULL;
	for (size_t i = 0; i < lengthof(nifti_types); i++)
		if (nifti_types[i].code == code)
			h->type = &nifti_types[i];
	if (h->type == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the %s has datatype %d, which NIfTI does not define", what, code)));
	if (bitpix != h->type->bits)
		MALFORMED("the %s has bitpix %d, but its datatype %s has %d bits",
				  what, bitpix, h->type->name, h->type->bits);
}

static void
read_vox_offset(const uint8 *header, NiftiHeader *h, const char *what)
{
	const HeaderLayout *at = &layouts[h->version - 1];
	double		offset;

	if (h->version == 1)
		offset = get_real(header, at->vox_offset, 4, h->swap);
	else
		offset = (double) get_int(header, at->vox_offset, 8, h->swap);

	if (isnan(offset) || offset < NIFTI_VOX_OFFSET(h->version) || offset != rint(offset))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("vox_offset of the %s is not a whole number from %d on", what, NIFTI_VOX_OFFSET(h->version)),
				 errdetail_client("It is %g.", offset)));
	if (offset > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vox_offset of the %s is over %d, the most that is read", what, PG_INT32_MAX),
				 errdetail_client("It is %g.", offset)));
	h->vox_offset = (int64) offset;
}

/* A text field, cut at its first zero byte; other than printable ASCII becomes '?'. */
static void
read_text(const uint8 *field, int width, char *out)
{
	int			i;

	for (i = 0; i < width && field[i] != '\0'; i++)
		out[i] = (char) (field[i] >= ' ' && field[i] <= '~' ? field[i] : '?');
	out[i] = '\0';
}

void
nifti_read_header(ByteStream *s, NiftiHeader *h, const char *what)
{
	uint8		header[NIFTI_HEADER_MAX];
	const HeaderLayout *at;
	Size		got = stream_read(s, header, NIFTI1_HEADER_SIZE);

	memset(h, 0, sizeof(*h));
	if (got < 4 || !recognise(header, h))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("the %s is not a NIfTI file", what),
				 errdetail("It does not begin with the header size 348 (NIfTI-1) or 540 (NIfTI-2).")));
	at = &layouts[h->version - 1];
	if (got == NIFTI1_HEADER_SIZE && h->version == 2)
		got += stream_read(s, header + got, NIFTI2_HEADER_SIZE - NIFTI1_HEADER_SIZE);
	if (got < at->header_size)
		MALFORMED("the %s ends after %zu bytes, within its NIfTI-%d header of %zu bytes",
				  what, got, h->version, at->header_size);
	check_magic(header, h, what);

	read_type(header, h, what);
	read_dims(header, h, what);
	read_vox_offset(header, h, what);

	h->qfac = get_real(header, at->pixdim, at->real_width, h->swap);
	h->slope = get_real(header, at->slope, at->real_width, h->swap);
	h->inter = get_real(header, at->inter, at->real_width, h->swap);
	h->qform_code = (int) get_int(header, at->qform_code, at->code_width, h->swap);
	h->sform_code = (int) get_int(header, at->sform_code, at->code_width, h->swap);
	h->units = (int) get_int(header, at->units, at->units_width, h->swap);
	h->intent_code = (int) get_int(header, at->intent_code, h->version == 1 ? 2 : 4, h->swap);
	for (int i = 0; i < 3; i++)
	{
		h->quatern[i] = get_real(header, at->quatern + i * at->real_width, at->real_width, h->swap);
		h->qoffset[i] = get_real(header, at->qoffset + i * at->real_width, at->real_width, h->swap);
		for (int j = 0; j < 4; j++)
			h->srow[i][j] = get_real(header, at->srow + (4 * i + j) * at->real_width, at->real_width, h->swap);
	}
	read_text(header + at->descrip, 80, h->descrip);
	read_text(header + at->intent_name, 16, h->intent_name);
}

const char *
nifti_space_unit(const NiftiHeader *h)
{
	switch (h->units & 7)
	{
		case 1:
			return "meter";
		case 2:
			return "mm";
		case 3:
			return "micron";
		default:
			return "unknown";
	}
}

const char *
nifti_time_unit(const NiftiHeader *h)
{
	switch (h->units & 56)
	{
		case 8:
			return "sec";
		case 16:
			return "msec";
		case 24:
			return "usec";
		case 32:
			return "hz";
		case 40:
			return "ppm";
		case 48:
			return "rads";
		default:
			return "unknown";
	}
}

/* ---- the affine ---- */

/* The first n sizes; 1 for the rest. */
static void
voxel_sizes(const NiftiHeader *h, int n, double size[3])
{
	for (int d = 0; d < 3; d++)
	{
		size[d] = d < n ? fabs(h->pixdim[d]) : 1;
		if (size[d] == 0)
			size[d] = 1;
	}
}

/* Rotation of the quaternion (a, b, c, d), a >= 0. */
static void
quaternion_rotation(const NiftiHeader *h, double r[3][3])
{
	double		b = h->quatern[0];
	double		c = h->quatern[1];
	double		d = h->quatern[2];
	double		a2 = 1 - (b * b + c * c + d * d);
	double		slack = 3 * (h->version == 1 ? FLT_EPSILON : DBL_EPSILON);
	double		a;
	double		s;

	if (!(a2 >= -slack))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("the quaternion of the NIfTI header is longer than 1"),
				 errdetail_client("It is (%g, %g, %g).", b, c, d)));
	a = a2 < slack ? 0 : sqrt(a2);
	s = 2 / (a * a + b * b + c * c + d * d);

	r[0][0] = 1 - s * (c * c + d * d);
	r[0][1] = s * (b * c - a * d);
	r[0][2] = s * (b * d + a * c);
	r[1][0] = s * (b * c + a * d);
	r[1][1] = 1 - s * (b * b + d * d);
	r[1][2] = s * (c * d - a * b);
	r[2][0] = s * (b * d - a * c);
	r[2][1] = s * (c * d + a * b);
	r[2][2] = 1 - s * (b * b + c * c);
}

void
nifti_header_affine(const NiftiHeader *h, double m[3][4])
{
	double		size[3];

	if (h->sform_code > 0)
		memcpy(m, h->srow, sizeof(h->srow));
	else if (h->qform_code > 0)
	{
		double		r[3][3];

		quaternion_rotation(h, r);
		voxel_sizes(h, 3, size);
		if (h->qfac < 0)
			size[2] = -size[2];
		for (int i = 0; i < 3; i++)
		{
			for (int j = 0; j < 3; j++)
				m[i][j] = r[i][j] * size[j];
			m[i][3] = h->qoffset[i];
		}
	}
	else
	{
		memset(m, 0, 12 * sizeof(double));
		voxel_sizes(h, h->ndim, size);
		size[0] = -size[0];
		for (int i = 0; i < 3; i++)
		{
			m[i][i] = size[i];
			m[i][3] = -size[i] * ((h->dims[i] - 1) / 2.0);
		}
	}

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 4; j++)
		{
			m[i][j] += 0.0;		/* no -0 */
			if (!isfinite(m[i][j]))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
						 errmsg("the affine of the NIfTI header is not finite"),
						 errdetail("It comes from the %s.", h->sform_code > 0 ? "sform" :
								   h->qform_code > 0 ? "qform" : "voxel sizes (pixdim)")));
		}
}

/* ---- writing ---- */

void
nifti_write_header(int version, int ndim, const int32 *dims, bool float8_samples,
				   double affine[3][4], uint8 *out)
{
	const HeaderLayout *at = &layouts[version - 1];
	int			real = at->real_width;

	memset(out, 0, NIFTI_VOX_OFFSET(version));
	put_int(out, 0, 4, at->header_size);
	memcpy(out + at->magic, version == 1 ? "n+1" : "n+2\0\r\n\032\n", version == 1 ? 4 : 8);
	put_int(out, at->datatype, 2, float8_samples ? 64 : 16);
	put_int(out, at->bitpix, 2, float8_samples ? 64 : 32);
	put_int(out, at->dim, at->dim_width, ndim);
	put_real(out, at->pixdim, real, 1);
	for (int d = 0; d < NIFTI_MAX_NDIM; d++)
	{
		double		size = 1;

		if (d < 3)
			size = hypot(hypot(affine[0][d], affine[1][d]), affine[2][d]);
		put_int(out, at->dim + (d + 1) * at->dim_width, at->dim_width, d < ndim ? dims[d] : 1);
		put_real(out, at->pixdim + (d + 1) * real, real, size);
	}
	if (version == 1)
		put_real(out, at->vox_offset, real, NIFTI_VOX_OFFSET(1));
	else
		put_int(out, at->vox_offset, 8, NIFTI_VOX_OFFSET(2));
	put_real(out, at->slope, real, 1);
	put_int(out, at->units, at->units_width, 2);	/* millimetres */
	put_int(out, at->sform_code, at->code_width, 2);	/* aligned: nibabel's choice for new images */
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 4; j++)
			put_real(out, at->srow + (4 * i + j) * real, real, affine[i][j]);
	strcpy((char *) out + at->descrip, "neuroenc");
}
