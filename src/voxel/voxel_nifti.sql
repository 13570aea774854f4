-- NIfTI images: what is in a file, and a tensor as a file

CREATE FUNCTION nifti_header(image bytea,
	OUT version int, OUT byte_order text, OUT gzip bool, OUT dims int[], OUT datatype text,
	OUT pixdim float8[], OUT space_unit text, OUT time_unit text, OUT vox_offset bigint,
	OUT scl_slope float8, OUT scl_inter float8, OUT qform_code int, OUT sform_code int,
	OUT intent_code int, OUT intent_name text, OUT descrip text)
AS 'MODULE_PATHNAME', 'voxel_nifti_header' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nifti_header(bytea) IS 'The header of a NIfTI-1 or NIfTI-2 file (.nii or .nii.gz, either byte order), one row: version 1 or 2; byte_order little or big; dims, and pixdim, the sizes along them (exact float8 values of what may be float4 fields); datatype, space_unit and time_unit by the names that nibabel prints; slope and intercept of the samples as written (slope 0 or NaN: no scaling); where the samples begin; texts with other than printable ASCII as ?. Only the beginning of the file is fetched, so a truncated file still shows its header. Errors: not a NIfTI file, the header of an .hdr/.img pair, a datatype that NIfTI does not define or that contradicts bitpix, dimensions not 1 to 7 or below 1, a vox_offset within the header.';

CREATE FUNCTION nifti_affine(image bytea) RETURNS tensor
AS 'MODULE_PATHNAME', 'voxel_nifti_affine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nifti_affine(bytea) IS 'The 4 x 4 float8 affine of a NIfTI file, which takes 0-based grid indices (i, j, k, 1) to the units of its header, as a rule millimetres. By nibabel''s rules, the first that applies: sform_code > 0: the sform; qform_code > 0: quaternion, pixdim, qfac and qoffset; else nibabel''s base affine as SPM has it: voxel sizes from pixdim, the first axis flipped, the centre of the grid at 0 (the standard''s method 1 has neither the flip nor the centring). There, a negative voxel size counts as its absolute value and 0 as 1. An error if it is not finite, if the quaternion is longer than 1, and as nifti_header.';

CREATE FUNCTION nifti_voxels(image bytea, mask bytea DEFAULT NULL)
RETURNS TABLE (i int, j int, k int, v voxel, series tensor)
AS 'MODULE_PATHNAME', 'voxel_nifti_voxels' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 ROWS 100000;
COMMENT ON FUNCTION nifti_voxels(bytea, bytea) IS 'The voxels of a NIfTI file (.nii or .nii.gz, version 1 or 2, either byte order), one row each: i, j, k, 0-based as in the NIfTI standard; v, the voxel in millimetres (nifti_affine applied to i, j, k); series, float4, its samples over dims 4 to 7, dim 4 fastest (length 1 for a three-dimensional image). Rows come in file order, i fastest, then j, k. mask is a NIfTI image of the same three dims and one volume: only voxels where it is neither 0 nor NaN are returned. Samples of int8 to int64, uint8 to uint64, float32 and float64 are read, as sample * scl_slope + scl_inter computed in float8 (slope 0 or not finite: none); beyond float4 they become infinite. Memory: what a gzip file inflates to (of a masked one, only the samples in the mask), checked against neuroenc.memory_limit. Errors: as nifti_header and nifti_affine, other datatypes, a truncated or corrupt file, a mask of another shape. A NULL image gives no rows.';

CREATE FUNCTION nifti_volumes(image bytea, mask bytea DEFAULT NULL)
RETURNS TABLE (t int, volume tensor)
AS 'MODULE_PATHNAME', 'voxel_nifti_volumes' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 ROWS 500;
COMMENT ON FUNCTION nifti_volumes(bytea, bytea) IS 'The volumes of a NIfTI file, one row each: t, 0-based, over dims 4 to 7, dim 4 fastest; volume, a float4 vector of the voxels in the mask (all without one), in the order of nifti_voxels. Files, masks, scaling and errors are as in nifti_voxels, but no affine is needed. Memory: one volume.';

CREATE FUNCTION to_nifti(affine tensor, volume tensor) RETURNS bytea
AS 'MODULE_PATHNAME', 'voxel_to_nifti' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION to_nifti(tensor, tensor) IS 'A tensor (i, j, k) or (i, j, k, t) as a NIfTI-1 single file (.nii, not compressed); NIfTI-2 if a dimension is over 32,767. float8 is written as float64, float4 and float2 as float32, unscaled, in this machine''s byte order. The affine is the sform (code 2, float4 in NIfTI-1, float8 in NIfTI-2), pixdim the lengths of its columns, qform_code 0, units mm. A vector over all voxels in the order of nifti_voxels (i fastest) has the shape (k, j, i): transpose(reshape(vector, ARRAY[nk, nj, ni])) is the volume. Errors: an affine that is not a finite 4 x 4 with last row 0 0 0 1, a tensor of other rank, an empty one, an image over 1 GB.';
