-- Shape and element type.

CREATE FUNCTION shape(t tensor) RETURNS int[]
	AS 'MODULE_PATHNAME', 'tensor_shape' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION shape(tensor) IS 'The dimensions of a tensor, {2,3} for 2 rows and 3 columns; {} for a single number.';

CREATE FUNCTION ndims(t tensor) RETURNS int
	AS 'MODULE_PATHNAME', 'tensor_ndims' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ndims(tensor) IS 'The number of dimensions of a tensor, 0 to 8.';

CREATE FUNCTION size(t tensor) RETURNS int
	AS 'MODULE_PATHNAME', 'tensor_size_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION size(tensor) IS 'The number of elements of a tensor, the product of its dimensions.';

CREATE FUNCTION dtype(t tensor) RETURNS text
	AS 'MODULE_PATHNAME', 'tensor_dtype' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dtype(tensor) IS 'The element type of a tensor: float2, float4 or float8.';

CREATE FUNCTION astype(t tensor, dtype text) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_astype' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION astype(tensor, text) IS 'The tensor with another element type, float2, float4 or float8; rounds to nearest, ties to even. A finite element that overflows (65520 and more in float2) is an error.';

CREATE FUNCTION reshape(t tensor, shape int[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_reshape_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION reshape(tensor, int[]) IS 'The same elements, in C order, in another shape of the same size; one dimension may be -1 and is then worked out. Another size is an error.';

CREATE FUNCTION flatten(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_flatten' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION flatten(tensor) IS 'All elements, in C order (row by row), as a vector.';

CREATE FUNCTION transpose(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_transpose_sql' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION transpose(tensor) IS 'The tensor with its axes in reverse order: rows become columns. A vector stays as it is.';

CREATE FUNCTION transpose(t tensor, axes int[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_transpose_axes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION transpose(tensor, int[]) IS 'The tensor with its axes in the order given, counted from 1: axis d of the result is axis axes[d] of the argument. Axes that are not a permutation are an error.';

CREATE FUNCTION tensor_concat(a tensor, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_concat' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor_concat(tensor, tensor) IS 'Two tensors one after the other along the first axis; also the operator ||. The other dimensions must be equal; the element type is the wider of the two.';

CREATE OPERATOR || (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_concat);
COMMENT ON OPERATOR || (tensor, tensor) IS 'Concatenates along the first axis: [1,2] || [3] is [1,2,3]. The other dimensions must be equal; the element type is the wider of the two.';
