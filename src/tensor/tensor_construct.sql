-- Tensors from nothing.

CREATE FUNCTION zeros(shape int[], dtype text DEFAULT 'float4') RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_zeros' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION zeros(int[], text) IS 'A tensor of zeros: zeros(ARRAY[2, 3]) has 2 rows and 3 columns, zeros(''{}'') is a single number. More than 8 dimensions, a negative or NULL one, more than 1 GB: an error.';

CREATE FUNCTION ones(shape int[], dtype text DEFAULT 'float4') RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_ones' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ones(int[], text) IS 'A tensor of ones of the shape given: ones(ARRAY[3]) is a vector of three. Errors as zeros.';

CREATE FUNCTION filled(shape int[], value float8, dtype text DEFAULT 'float4') RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_filled' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION filled(int[], float8, text) IS 'A tensor of the shape given, every element the value. A finite value that overflows the element type is an error; other errors as zeros.';

CREATE FUNCTION eye(n int, dtype text DEFAULT 'float4') RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_eye' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION eye(int, text) IS 'The n x n identity matrix; eye(0) is empty. A negative n and more than 1 GB are errors.';

CREATE FUNCTION arange(start float8, stop float8, step float8 DEFAULT 1, dtype text DEFAULT 'float8') RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_arange' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION arange(float8, float8, float8, text) IS 'The vector start, start + step, ... up to but without stop: ceil((stop - start) / step) elements, as NumPy''s arange, so none if stop is on the wrong side. step 0, NaN and infinities are errors.';

CREATE FUNCTION logspace(a float8, b float8, n int, dtype text DEFAULT 'float8') RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_logspace' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION logspace(float8, float8, int, text) IS 'The vector of n numbers from 10^a to 10^b whose logarithms are equally spaced, both ends included, as NumPy''s logspace; n = 1 gives 10^a. An element that overflows is an error.';

CREATE FUNCTION random_normal(shape int[], seed bigint DEFAULT 0, dtype text DEFAULT 'float4') RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_random_normal' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION random_normal(int[], bigint, text) IS 'Independent standard normal numbers (mean 0, variance 1). The same shape and seed give the same tensor, always: for other numbers give another seed, a row''s id for instance. Errors as zeros. Philox 4x32-10 (Salmon et al. 2011) and Box-Muller.';

CREATE FUNCTION random_uniform(shape int[], seed bigint DEFAULT 0, dtype text DEFAULT 'float4') RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_random_uniform' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION random_uniform(int[], bigint, text) IS 'Independent uniform numbers, at least 0 and less than 1. The same shape and seed give the same tensor, always: for other numbers give another seed, a row''s id for instance. Errors as zeros. Philox 4x32-10 (Salmon et al. 2011).';
