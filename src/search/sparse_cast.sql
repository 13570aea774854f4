-- Making sparse vectors and looking into them.

CREATE FUNCTION sparse(t tensor) RETURNS sparse
	AS 'MODULE_PATHNAME', 'sparse_from_tensor' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sparse(tensor) IS 'The elements of t that are not zero; float8 of a float8 tensor, else float4. A tensor that is not a vector of one or more elements, a NaN or an infinity is an error.';

CREATE CAST (tensor AS sparse) WITH FUNCTION sparse(tensor) AS ASSIGNMENT;
COMMENT ON CAST (tensor AS sparse) IS 'The elements that are not zero; of a vector without NaN and infinities.';

CREATE FUNCTION tensor(s sparse) RETURNS tensor
	AS 'MODULE_PATHNAME', 'sparse_to_tensor' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tensor(sparse) IS 'The vector with its zeros, of the same element type. More than 1 GB is an error.';

CREATE CAST (sparse AS tensor) WITH FUNCTION tensor(sparse) AS ASSIGNMENT;
COMMENT ON CAST (sparse AS tensor) IS 'The vector with its zeros, of the same element type.';

CREATE FUNCTION sparse_from_entries(indices int[], vals float8[], width int, dtype text DEFAULT 'float4') RETURNS sparse
	AS 'MODULE_PATHNAME', 'sparse_from_entries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sparse_from_entries(int[], float8[], int, text) IS 'A sparse vector of pairs in any order: element indices[i], counted from 1, is vals[i]; zeros are dropped. dtype is float4 or float8. From a table of one row an entry: sparse_from_entries(array_agg(feature), array_agg(value), 1024). An index given twice or out of range, a NULL, NaN or infinity, a value too large for dtype, or arrays of different lengths are errors.';

CREATE FUNCTION sdr(indices int[], width int) RETURNS sparse
	AS 'MODULE_PATHNAME', 'sparse_sdr' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sdr(int[], int) IS 'A binary sparse distributed representation: the sparse vector of this width that is 1 at the indices, counted from 1, given in any order. An index given twice, NULL or out of range is an error.';

CREATE FUNCTION active_at(VARIADIC indices int[]) RETURNS sparse
	AS 'MODULE_PATHNAME', 'sparse_active_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION active_at(int[]) IS 'The sparse vector that is 1 at the indices, counted from 1, and as wide as the greatest of them: for queries by &&, @> and <@, which do not look at widths, such as code @> active_at(17, 92). An index given twice, NULL or below 1 is an error.';

CREATE FUNCTION sparse_width(s sparse) RETURNS int
	AS 'MODULE_PATHNAME', 'sparse_width' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparse_width(sparse) IS 'The number of elements, zeros included.';

CREATE FUNCTION n_active(s sparse) RETURNS int
	AS 'MODULE_PATHNAME', 'sparse_n_active' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_active(sparse) IS 'The number of elements that are not zero.';

CREATE FUNCTION active(s sparse) RETURNS int[]
	AS 'MODULE_PATHNAME', 'sparse_active' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION active(sparse) IS 'The indices of the elements that are not zero, from 1, ascending.';

CREATE FUNCTION entries(s sparse) RETURNS TABLE (index int, value float8)
	AS 'MODULE_PATHNAME', 'sparse_entries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 50;
COMMENT ON FUNCTION entries(sparse) IS 'The elements that are not zero, a row each, by index, from 1.';

CREATE FUNCTION activation(s sparse, index int) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_activation' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION activation(sparse, int) IS 'The element at this index, from 1 to the width; 0 where the vector has none. The items that activate feature 17 most: WHERE code @> active_at(17) ORDER BY activation(code, 17) DESC. An index out of range is an error.';

CREATE FUNCTION norm(s sparse, p float8 DEFAULT 2) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_vector_norm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION norm(sparse, float8) IS 'The p-norm (sum |x|^p)^(1/p): any p > 0, infinity for the largest |x|, 0 for the number of elements that are not zero. Summed in float8, scaled against overflow. A negative p is an error.';
