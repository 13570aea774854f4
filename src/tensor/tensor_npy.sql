-- NumPy's .npy files.

CREATE FUNCTION to_npy(t tensor) RETURNS bytea
	AS 'MODULE_PATHNAME', 'tensor_to_npy' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION to_npy(tensor) IS 'The tensor as the bytes of a NumPy .npy file, format 1.0, C order, element type f2, f4 or f8: numpy.load(io.BytesIO(...)) reads it.';

CREATE FUNCTION from_npy(file bytea) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_npy' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION from_npy(bytea) IS 'A NumPy .npy file as a tensor: formats 1.0 to 3.0, either byte order, C and Fortran order. f2, f4 and f8 keep their type; bool and integers of 8 and 16 bits become float4, of 32 and 64 bits float8. A 64-bit integer that float8 cannot hold exactly, another element type (named), a header that is not strictly one, or bytes too few or too many for the shape are errors. Format: numpy.lib.format.';
