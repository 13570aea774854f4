-- The tensor type: input and output, type modifier.

CREATE TYPE tensor;

CREATE FUNCTION tensor_in(cstring, oid, int) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_in(cstring, oid, int) IS 'Reads a tensor from text; used by the type.';

CREATE FUNCTION tensor_out(tensor) RETURNS cstring
	AS 'MODULE_PATHNAME', 'tensor_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_out(tensor) IS 'Writes a tensor as text; used by the type.';

CREATE FUNCTION tensor_recv(internal, oid, int) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_recv(internal, oid, int) IS 'Reads a tensor from its binary form; used by the type.';

CREATE FUNCTION tensor_send(tensor) RETURNS bytea
	AS 'MODULE_PATHNAME', 'tensor_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_send(tensor) IS 'The binary form of a tensor: bytes 1 (version), element size, rank, ''<'' (little-endian elements), the dimensions as big-endian int32, the elements in C order.';

CREATE FUNCTION tensor_typmod_in(cstring[]) RETURNS int
	AS 'MODULE_PATHNAME', 'tensor_typmod_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_typmod_in(cstring[]) IS 'Reads a type modifier, tensor(float2, 768); used by the type.';

CREATE FUNCTION tensor_typmod_out(int) RETURNS cstring
	AS 'MODULE_PATHNAME', 'tensor_typmod_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_typmod_out(int) IS 'Writes a type modifier; used by the type.';

CREATE FUNCTION tensor_subscript(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_subscript' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_subscript(internal) IS 'Subscripts, 1-based: t[2] of a vector and t[2][3] of a matrix give float8, NULL if out of range or if their number is not the rank; slices t[2:3], t[:][1:2] give a tensor of the same rank, cut to the bounds that exist, axes not mentioned whole. Indexes and slices are not mixed: write [2:2]. UPDATE may assign to an element or a slice that exists.';

CREATE TYPE tensor (
	INPUT = tensor_in,
	OUTPUT = tensor_out,
	RECEIVE = tensor_recv,
	SEND = tensor_send,
	TYPMOD_IN = tensor_typmod_in,
	TYPMOD_OUT = tensor_typmod_out,
	SUBSCRIPT = tensor_subscript,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external,
	CATEGORY = 'N'
);
COMMENT ON TYPE tensor IS 'A dense array of numbers in C order, 0 to 8 dimensions, of float2 (IEEE half), float4 (default) or float8, up to 1 GB. Text: [1,2.5,NaN], [[1,2],[3,4]], 3.5 (no dimensions), float8:[1,2] for another element type, (0,3):[] for an empty tensor of two or more dimensions. A number too large for the element type is an error; lists of unequal length are an error. NaN and infinities are values. tensor(768), tensor(float2), tensor(float2, 768), tensor(64, 64) fix the element type or the shape of a column: values are converted to the element type, another shape is an error. A literal is read as float4 unless it says otherwise, also when it is cast to tensor(float8): write ''float8:[0.1]''.';

CREATE FUNCTION tensor(tensor, int, bool) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_apply_typmod' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor(tensor, int, bool) IS 'Applies a type modifier; used by casts to tensor(...).';

CREATE CAST (tensor AS tensor) WITH FUNCTION tensor(tensor, int, bool) AS IMPLICIT;
COMMENT ON CAST (tensor AS tensor) IS 'Converts to the element type of the modifier (a finite value that overflows is an error); another shape than the modifier''s is an error.';
