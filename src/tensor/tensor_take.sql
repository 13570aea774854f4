-- Picking along the first axis.

CREATE FUNCTION take(t tensor, indexes int[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_take' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION take(tensor, int[]) IS 'The elements of a vector, or rows of a matrix, with the indexes given, counted from 1, in their order, repeats allowed. NULL or an index out of range is an error.';

CREATE FUNCTION mask(t tensor, keep bool[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_mask' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION mask(tensor, bool[]) IS 'The elements of a vector, or rows of a matrix, where keep is true; NULL counts as false. Another length than the first dimension is an error.';

CREATE FUNCTION scatter("values" tensor, indexes int[], size int) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_scatter' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION scatter(tensor, int[], int) IS 'The inverse of take: a tensor of size elements (or rows) that holds the values at the indexes given, counted from 1, and 0 elsewhere; from the voxels of a mask back to the volume. NULL, an index out of range, one that occurs twice, or another number of indexes than values is an error.';
