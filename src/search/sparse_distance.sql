-- Products, distances and similarities of sparse vectors.

CREATE FUNCTION dot(a sparse, b sparse) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION dot(sparse, sparse) IS 'The inner product, summed in float8 over the indices that both have. Different widths are an error.';

CREATE FUNCTION dot(a sparse, b tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_dot_tensor' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION dot(sparse, tensor) IS 'The inner product with a dense vector, of any element type, summed in float8 over what a has. A tensor that is not a vector of a''s width is an error.';

CREATE FUNCTION dot(a tensor, b sparse) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_dot_sparse' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION dot(tensor, sparse) IS 'The inner product with a dense vector: dot(b, a).';

CREATE FUNCTION l2_distance(a sparse, b sparse) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_distance_l2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION l2_distance(sparse, sparse) IS 'The Euclidean distance, the root of the sum of squared differences, zeros included. Computed in float8. Different widths are an error.';

CREATE OPERATOR <-> (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <-> (sparse, sparse) IS 'The Euclidean distance, the root of the sum of squared differences, zeros included. The function is l2_distance. Precedence: 1 - a <-> b means (1 - a) <-> b, so write 1 - (a <-> b).';

CREATE FUNCTION negative_inner_product(a sparse, b sparse) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_negative_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION negative_inner_product(sparse, sparse) IS 'Minus dot(a, b), so that ORDER BY a <#> b puts the greatest inner product first. Computed in float8. Different widths are an error.';

CREATE OPERATOR <#> (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = negative_inner_product, COMMUTATOR = <#>);
COMMENT ON OPERATOR <#> (sparse, sparse) IS 'Minus dot(a, b), so that ORDER BY a <#> b puts the greatest inner product first. The function is negative_inner_product. Precedence: 1 - a <#> b means (1 - a) <#> b, so write 1 - (a <#> b). a<#>-b lexes as one operator <#>-, so put a space before a minus.';

CREATE FUNCTION cosine_distance(a sparse, b sparse) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_distance_cosine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION cosine_distance(sparse, sparse) IS '1 minus the cosine of the angle between a and b, from 0 to 2. NaN if either is all zeros. Computed in float8. Different widths are an error.';

CREATE OPERATOR <=> (LEFTARG = sparse, RIGHTARG = sparse, FUNCTION = cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=> (sparse, sparse) IS '1 minus the cosine of the angle between a and b, from 0 to 2. NaN if either is all zeros. The function is cosine_distance. Precedence: 1 - a <=> b means (1 - a) <=> b, so write 1 - (a <=> b).';

CREATE FUNCTION jaccard(a sparse, b sparse) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_jaccard' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION jaccard(sparse, sparse) IS 'Of the indices active in a or b, the share active in both, from 0 to 1 (Jaccard 1912); values do not count. NaN if both are all zeros. Different widths are an error.';

CREATE FUNCTION weighted_jaccard(a sparse, b sparse) RETURNS float8
	AS 'MODULE_PATHNAME', 'sparse_jaccard_weighted' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION weighted_jaccard(sparse, sparse) IS 'The sum of the lesser over the sum of the greater elements of a and b, from 0 to 1 (Ruzicka 1958): jaccard where all values are 1. NaN if both are all zeros. A negative element is an error. Different widths are an error.';
