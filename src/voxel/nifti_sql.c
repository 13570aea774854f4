/*
 * nifti_sql.c
 *		NIfTI images in SQL: header, affine, voxels with their series, volumes,
 *		and a tensor as an image.
 *
 * The two set-returning functions give a row a call, so in a select list
 * nothing is spooled.  Their memory is claimed before it is allocated: the
 * file is not counted (the caller holds it), what is inflated of it is.
 * nifti_voxels converts a block of voxels at a time, whose tensors are laid
 * out in place, header and all, so a series is copied only into its row.
 *
 * Header and affine need only the beginning of a file, and only that is
 * fetched from a toasted value.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/memory.h"
#include "voxel/nifti.h"
#include "voxel/voxel.h"

/* Holds any header, also behind gzip's own with its longest extra field and a long name. */
#define BEGINNING (256 * 1024)

/* Bytes of series converted at once, and the fewest voxels. */
#define BLOCK_BYTES ((Size) 2 * 1024 * 1024)
#define BLOCK_VOXELS_MIN 32

static const char memory_hint[] = "Give a mask, or read the image volume by volume with nifti_volumes.";

static TupleDesc
result_row(FunctionCallInfo fcinfo)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	return BlessTupleDesc(desc);
}

/* ---- header and affine ---- */

static bool
read_beginning(Datum file, NiftiHeader *h)
{
	struct varlena *beginning = PG_DETOAST_DATUM_SLICE(file, 0, BEGINNING);
	ByteStream *stream = stream_open(VARDATA_ANY(beginning), VARSIZE_ANY_EXHDR(beginning));

	nifti_read_header(stream, h, "image");
	return stream_is_gzip(stream);
}

static Datum
int_array(const int32 *values, int n)
{
	Datum		elements[NIFTI_MAX_NDIM];

	for (int i = 0; i < n; i++)
		elements[i] = Int32GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

static Datum
float_array(const double *values, int n)
{
	Datum		elements[NIFTI_MAX_NDIM];

	for (int i = 0; i < n; i++)
		elements[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(voxel_nifti_header);
Datum
voxel_nifti_header(PG_FUNCTION_ARGS)
{
	TupleDesc	desc = result_row(fcinfo);
	NiftiHeader h;
	Datum		values[16];
	bool		nulls[16] = {false};
	int			n = 0;
	bool		gzip = read_beginning(PG_GETARG_DATUM(0), &h);

	values[n++] = Int32GetDatum(h.version);
	values[n++] = CStringGetTextDatum(h.big_endian ? "big" : "little");
	values[n++] = BoolGetDatum(gzip);
	values[n++] = int_array(h.dims, h.ndim);
	values[n++] = CStringGetTextDatum(h.type->name);
	values[n++] = float_array(h.pixdim, h.ndim);
	values[n++] = CStringGetTextDatum(nifti_space_unit(&h));
	values[n++] = CStringGetTextDatum(nifti_time_unit(&h));
	values[n++] = Int64GetDatum(h.vox_offset);
	values[n++] = Float8GetDatum(h.slope);
	values[n++] = Float8GetDatum(h.inter);
	values[n++] = Int32GetDatum(h.qform_code);
	values[n++] = Int32GetDatum(h.sform_code);
	values[n++] = Int32GetDatum(h.intent_code);
	values[n++] = CStringGetTextDatum(h.intent_name);
	values[n++] = CStringGetTextDatum(h.descrip);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

PG_FUNCTION_INFO_V1(voxel_nifti_affine);
Datum
voxel_nifti_affine(PG_FUNCTION_ARGS)
{
	NiftiHeader h;
	double		m[3][4];

	read_beginning(PG_GETARG_DATUM(0), &h);
	nifti_header_affine(&h, m);
	PG_RETURN_TENSOR(affine_tensor(m));
}

/* ---- images and masks ---- */

static void
open_argument(FunctionCallInfo fcinfo, int argument, NiftiImage *image, const char *what)
{
	struct varlena *file = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(argument));

	nifti_open(image, VARDATA_ANY(file), VARSIZE_ANY_EXHDR(file), what);
}

static Size
volume_bytes(const NiftiImage *image)
{
	return size_mul(image->n_spatial, image->sample_bytes);
}

static void
check_mask(const NiftiImage *mask, const NiftiImage *image)
{
	const int32 *a = mask->header.dims;
	const int32 *b = image->header.dims;

	if (a[0] != b[0] || a[1] != b[1] || a[2] != b[2])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the mask has %d x %d x %d voxels, but the image has %d x %d x %d",
						a[0], a[1], a[2], b[0], b[1], b[2])));
	if (mask->n_volumes != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the mask has %zu volumes, and a mask has one", mask->n_volumes)));
}

/*
 * The voxels of the second argument's mask, NULL for all voxels.  Claims the
 * index and what inflating the mask takes.
 */
static uint32 *
mask_argument(FunctionCallInfo fcinfo, const NiftiImage *image, MemoryClaim *claim, Size *n_in)
{
	NiftiImage	mask;
	Size		inflated;
	uint32	   *index;

	*n_in = image->n_spatial;
	if (PG_ARGISNULL(1))
		return NULL;
	open_argument(fcinfo, 1, &mask, "mask");
	check_mask(&mask, image);
	inflated = mask.samples ? 0 : volume_bytes(&mask);
	memory_claim_add(claim, size_add(size_mul(mask.n_spatial, sizeof(uint32)), inflated), NULL);
	index = nifti_mask_index(&mask, n_in);
	memory_claim_sub(claim, inflated + (mask.n_spatial - *n_in) * sizeof(uint32));
	return index;
}

/* Bytes of a float4 vector of n elements; ERROR if a row could not hold it beside the other columns. */
static Size
vector_bytes(Size n, const char *what)
{
	Size		bytes = size_add(TENSOR_HEADER_SIZE(1), size_mul(n, sizeof(float)));

	if (bytes > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a %s of %zu values does not fit in a row, which holds at most 1 GB", what, n),
				 errhint("Take the image in parts, or give a mask.")));
	return bytes;
}

/* ---- nifti_voxels ---- */

typedef struct VoxelScan
{
	TupleDesc	desc;
	NiftiImage	image;
	uint32	   *index;			/* of the mask, or NULL */
	NiftiSeries series;
	double		affine[3][4];
	Size		next;			/* voxel, counted over the mask */
	Size		block_first;
	Size		block_size;		/* voxels in the block now, 0 before the first */
	Size		block_room;
	Size		tensor_stride;	/* bytes from one tensor of the block to the next */
	char	   *block;
} VoxelScan;

static void
claim_series(const NiftiImage *image, Size n_in, bool masked, MemoryClaim *claim)
{
	Size		packed;

	if (image->samples)
		return;
	packed = size_mul(size_mul(n_in, image->sample_bytes), image->n_volumes);
	memory_claim_add(claim, size_add(packed, masked ? volume_bytes(image) : 0), memory_hint);
}

/* Room for a block of tensors, their headers written. */
static void
prepare_block(VoxelScan *scan, MemoryClaim *claim)
{
	Size		tensor_bytes = vector_bytes(scan->image.n_volumes, "series");
	Tensor	   *first;

	scan->tensor_stride = TYPEALIGN(8, tensor_bytes);
	scan->block_room = Max(BLOCK_BYTES / scan->tensor_stride, BLOCK_VOXELS_MIN);
	scan->block_room = Max(Min(scan->block_room, scan->series.n_series), 1);
	memory_claim_add(claim, size_mul(scan->block_room, scan->tensor_stride), NULL);
	scan->block = huge_alloc0(size_mul(scan->block_room, scan->tensor_stride));

	first = (Tensor *) scan->block;
	SET_VARSIZE(first, tensor_bytes);
	first->version = TENSOR_VERSION;
	first->dtype = TENSOR_FLOAT4;
	first->ndim = 1;
	first->dims[0] = (int32) scan->image.n_volumes;
	for (Size i = 1; i < scan->block_room; i++)
		memcpy(scan->block + i * scan->tensor_stride, first, TENSOR_HEADER_SIZE(1));
}

static VoxelScan *
start_voxels(FunctionCallInfo fcinfo)
{
	VoxelScan  *scan = palloc0(sizeof(VoxelScan));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "nifti_voxels");
	Size		n_in;

	scan->desc = result_row(fcinfo);
	open_argument(fcinfo, 0, &scan->image, "image");
	nifti_header_affine(&scan->image.header, scan->affine);
	scan->index = mask_argument(fcinfo, &scan->image, claim, &n_in);
	claim_series(&scan->image, n_in, scan->index != NULL, claim);
	nifti_load_series(&scan->image, scan->index, n_in, &scan->series);
	prepare_block(scan, claim);
	return scan;
}

/* The series of the next voxel, in the block. */
static Tensor *
next_series(VoxelScan *scan)
{
	if (scan->next == scan->block_first + scan->block_size)
	{
		scan->block_first = scan->next;
		scan->block_size = Min(scan->block_room, scan->series.n_series - scan->next);
		nifti_read_series(&scan->series, scan->block_first, scan->block_size,
						  scan->block + TENSOR_HEADER_SIZE(1), scan->tensor_stride);
	}
	return (Tensor *) (scan->block + (scan->next - scan->block_first) * scan->tensor_stride);
}

static Datum
voxel_row(VoxelScan *scan)
{
	const int32 *dims = scan->image.header.dims;
	Size		at = scan->index ? scan->index[scan->next] : scan->next;
	int32		i = (int32) (at % dims[0]);
	int32		j = (int32) (at / dims[0] % dims[1]);
	int32		k = (int32) (at / dims[0] / dims[1]);
	double		grid[3] = {i, j, k};
	double		mm[3];
	Voxel		v;
	Datum		values[5];
	bool		nulls[5] = {false};

	affine_apply(scan->affine, grid, mm);
	voxel_set(&v, mm[0], mm[1], mm[2]);
	values[0] = Int32GetDatum(i);
	values[1] = Int32GetDatum(j);
	values[2] = Int32GetDatum(k);
	values[3] = PointerGetDatum(&v);
	values[4] = PointerGetDatum(next_series(scan));
	return HeapTupleGetDatum(heap_form_tuple(scan->desc, values, nulls));
}

PG_FUNCTION_INFO_V1(voxel_nifti_voxels);
Datum
voxel_nifti_voxels(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	VoxelScan  *scan;
	Datum		row;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		call->user_fctx = PG_ARGISNULL(0) ? NULL : start_voxels(fcinfo);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	if (scan == NULL || scan->next == scan->series.n_series)
		SRF_RETURN_DONE(call);

	row = voxel_row(scan);
	scan->next++;
	SRF_RETURN_NEXT(call, row);
}

/* ---- nifti_volumes ---- */

typedef struct VolumeScan
{
	TupleDesc	desc;
	NiftiImage	image;
	uint32	   *index;			/* of the mask, or NULL */
	Size		n_in;
	uint8	   *room;			/* for one inflated volume, or NULL */
	Size		next;
} VolumeScan;

static VolumeScan *
start_volumes(FunctionCallInfo fcinfo)
{
	VolumeScan *scan = palloc0(sizeof(VolumeScan));
	MemoryClaim *claim = memory_claim(CurrentMemoryContext, "nifti_volumes");

	scan->desc = result_row(fcinfo);
	open_argument(fcinfo, 0, &scan->image, "image");
	scan->index = mask_argument(fcinfo, &scan->image, claim, &scan->n_in);
	/* the tensor and its row */
	memory_claim_add(claim, size_mul(2, vector_bytes(scan->n_in, "volume")), "Give a mask.");
	if (!scan->image.samples)
	{
		memory_claim_add(claim, volume_bytes(&scan->image), NULL);
		scan->room = huge_alloc(volume_bytes(&scan->image));
	}
	return scan;
}

static Datum
volume_row(VolumeScan *scan)
{
	const uint8 *samples = nifti_next_volume(&scan->image, scan->next, scan->room);
	Tensor	   *volume = tensor_new_vector(TENSOR_FLOAT4, scan->n_in);
	Datum		values[2];
	bool		nulls[2] = {false};

	nifti_convert(&scan->image.header, samples, scan->index, 0, scan->n_in, TENSOR_F4(volume));
	values[0] = Int32GetDatum((int32) scan->next);
	values[1] = PointerGetDatum(volume);
	return HeapTupleGetDatum(heap_form_tuple(scan->desc, values, nulls));
}

PG_FUNCTION_INFO_V1(voxel_nifti_volumes);
Datum
voxel_nifti_volumes(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	VolumeScan *scan;
	Datum		row;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		call->user_fctx = PG_ARGISNULL(0) ? NULL : start_volumes(fcinfo);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	scan = call->user_fctx;
	if (scan == NULL || scan->next == scan->image.n_volumes)
		SRF_RETURN_DONE(call);

	row = volume_row(scan);
	scan->next++;
	SRF_RETURN_NEXT(call, row);
}

/* ---- to_nifti ---- */

static void
check_volume(const Tensor *volume)
{
	if (volume->ndim != 3 && volume->ndim != 4)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an image is made of a tensor (i, j, k) or (i, j, k, t), not of one of shape %s",
						tensor_shape_text(volume))));
	if (tensor_size(volume) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an image can't be made of an empty tensor, shape %s", tensor_shape_text(volume))));
}

static int
version_for(const Tensor *volume)
{
	for (int d = 0; d < volume->ndim; d++)
		if (volume->dims[d] > PG_INT16_MAX)
			return 2;
	return 1;
}

PG_FUNCTION_INFO_V1(voxel_to_nifti);
Datum
voxel_to_nifti(PG_FUNCTION_ARGS)
{
	Tensor	   *volume = PG_GETARG_TENSOR(1);
	double		affine[3][4];
	int			version;
	Size		offset;
	Size		bytes;
	bytea	   *file;

	affine_read(PG_GETARG_TENSOR(0), affine);
	check_volume(volume);
	if (volume->dtype == TENSOR_FLOAT2)
		volume = tensor_as(volume, TENSOR_FLOAT4);

	version = version_for(volume);
	offset = NIFTI_VOX_OFFSET(version);
	bytes = size_add(size_mul(tensor_size(volume), volume->dtype), VARHDRSZ + offset);
	if (bytes > VALUE_MAX_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the image would take %zu bytes, and a bytea holds at most %zu", bytes, VALUE_MAX_BYTES),
				 errhint("Write the volumes as several images.")));
	file = palloc(bytes);
	SET_VARSIZE(file, bytes);
	nifti_write_header(version, volume->ndim, volume->dims, volume->dtype == TENSOR_FLOAT8, affine,
					   (uint8 *) VARDATA(file));
	nifti_fortran_order(volume->ndim, volume->dims, volume->dtype, TENSOR_DATA(volume),
						VARDATA(file) + offset);
	PG_RETURN_BYTEA_P(file);
}
