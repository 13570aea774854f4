-- Casts between SQL arrays and tensors.

CREATE FUNCTION tensor(a real[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor(real[]) IS 'The array as a float4 tensor of the same dimensions; a NULL element becomes NaN; {} has shape (0).';

CREATE CAST (real[] AS tensor) WITH FUNCTION tensor(real[]) AS ASSIGNMENT;
COMMENT ON CAST (real[] AS tensor) IS 'A float4 tensor of the same dimensions; a NULL element becomes NaN.';

CREATE FUNCTION tensor(a double precision[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor(double precision[]) IS 'The array as a float8 tensor of the same dimensions; a NULL element becomes NaN; {} has shape (0).';

CREATE CAST (double precision[] AS tensor) WITH FUNCTION tensor(double precision[]) AS ASSIGNMENT;
COMMENT ON CAST (double precision[] AS tensor) IS 'A float8 tensor of the same dimensions; a NULL element becomes NaN.';

CREATE FUNCTION tensor(a numeric[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor(numeric[]) IS 'The array as a float8 tensor of the same dimensions; a NULL element becomes NaN; {} has shape (0). A number that float8 cannot hold is rounded; one that overflows is an error.';

CREATE CAST (numeric[] AS tensor) WITH FUNCTION tensor(numeric[]) AS ASSIGNMENT;
COMMENT ON CAST (numeric[] AS tensor) IS 'A float8 tensor of the same dimensions; a NULL element becomes NaN.';

CREATE FUNCTION tensor(a smallint[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor(smallint[]) IS 'The array as a float8 tensor of the same dimensions; a NULL element becomes NaN; {} has shape (0).';

CREATE CAST (smallint[] AS tensor) WITH FUNCTION tensor(smallint[]) AS ASSIGNMENT;
COMMENT ON CAST (smallint[] AS tensor) IS 'A float8 tensor of the same dimensions; a NULL element becomes NaN.';

CREATE FUNCTION tensor(a integer[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor(integer[]) IS 'The array as a float8 tensor of the same dimensions; a NULL element becomes NaN; {} has shape (0).';

CREATE CAST (integer[] AS tensor) WITH FUNCTION tensor(integer[]) AS ASSIGNMENT;
COMMENT ON CAST (integer[] AS tensor) IS 'A float8 tensor of the same dimensions; a NULL element becomes NaN.';

CREATE FUNCTION tensor(a bigint[]) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_from_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor(bigint[]) IS 'The array as a float8 tensor of the same dimensions; a NULL element becomes NaN; {} has shape (0). Integers beyond 2^53 are rounded, as PostgreSQL''s own cast does.';

CREATE CAST (bigint[] AS tensor) WITH FUNCTION tensor(bigint[]) AS ASSIGNMENT;
COMMENT ON CAST (bigint[] AS tensor) IS 'A float8 tensor of the same dimensions; a NULL element becomes NaN.';

CREATE FUNCTION tensor_real_array(t tensor) RETURNS real[]
	AS 'MODULE_PATHNAME', 'tensor_to_real' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor_real_array(tensor) IS 'The tensor as real[] of the same dimensions; the cast. A finite element that overflows is an error. No elements give {}; no dimensions, or more than 6, are an error.';

CREATE CAST (tensor AS real[]) WITH FUNCTION tensor_real_array(tensor) AS ASSIGNMENT;
COMMENT ON CAST (tensor AS real[]) IS 'An array of the same dimensions. A finite element that overflows is an error.';

CREATE FUNCTION tensor_float8_array(t tensor) RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'tensor_to_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor_float8_array(tensor) IS 'The tensor as double precision[] of the same dimensions; the cast. Exact. No elements give {}; no dimensions, or more than 6, are an error.';

CREATE CAST (tensor AS double precision[]) WITH FUNCTION tensor_float8_array(tensor) AS ASSIGNMENT;
COMMENT ON CAST (tensor AS double precision[]) IS 'An array of the same dimensions. Exact.';

CREATE FUNCTION tensor_numeric_array(t tensor) RETURNS numeric[]
	AS 'MODULE_PATHNAME', 'tensor_to_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor_numeric_array(tensor) IS 'The tensor as numeric[] of the same dimensions; the cast. Each element is the shortest decimal that reads back to it. No elements give {}; no dimensions, or more than 6, are an error.';

CREATE CAST (tensor AS numeric[]) WITH FUNCTION tensor_numeric_array(tensor) AS ASSIGNMENT;
COMMENT ON CAST (tensor AS numeric[]) IS 'An array of the same dimensions. Each element is the shortest decimal that reads back to it.';

CREATE FUNCTION tensor_smallint_array(t tensor) RETURNS smallint[]
	AS 'MODULE_PATHNAME', 'tensor_to_smallint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor_smallint_array(tensor) IS 'The tensor as smallint[] of the same dimensions; the cast. Rounded to nearest, ties to even; NaN and what is out of range are errors. No elements give {}; no dimensions, or more than 6, are an error.';

CREATE CAST (tensor AS smallint[]) WITH FUNCTION tensor_smallint_array(tensor) AS ASSIGNMENT;
COMMENT ON CAST (tensor AS smallint[]) IS 'An array of the same dimensions. Rounded to nearest, ties to even; NaN and what is out of range are errors.';

CREATE FUNCTION tensor_integer_array(t tensor) RETURNS integer[]
	AS 'MODULE_PATHNAME', 'tensor_to_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor_integer_array(tensor) IS 'The tensor as integer[] of the same dimensions; the cast. Rounded to nearest, ties to even; NaN and what is out of range are errors. No elements give {}; no dimensions, or more than 6, are an error.';

CREATE CAST (tensor AS integer[]) WITH FUNCTION tensor_integer_array(tensor) AS ASSIGNMENT;
COMMENT ON CAST (tensor AS integer[]) IS 'An array of the same dimensions. Rounded to nearest, ties to even; NaN and what is out of range are errors.';

CREATE FUNCTION tensor_bigint_array(t tensor) RETURNS bigint[]
	AS 'MODULE_PATHNAME', 'tensor_to_bigint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor_bigint_array(tensor) IS 'The tensor as bigint[] of the same dimensions; the cast. Rounded to nearest, ties to even; NaN and what is out of range are errors. No elements give {}; no dimensions, or more than 6, are an error.';

CREATE CAST (tensor AS bigint[]) WITH FUNCTION tensor_bigint_array(tensor) AS ASSIGNMENT;
COMMENT ON CAST (tensor AS bigint[]) IS 'An array of the same dimensions. Rounded to nearest, ties to even; NaN and what is out of range are errors.';

