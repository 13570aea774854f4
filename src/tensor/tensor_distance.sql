-- Distances between two tensors of equal shape, as functions and operators.  COST 100: what a call takes is some ten
-- times a cheap operator's, and far more would make every search pay for compiling its plan (jit_optimize_above_cost).

CREATE FUNCTION l2_distance(a tensor, b tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_l2_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION l2_distance(tensor, tensor) IS 'The Euclidean distance, the root of the sum of squared differences (not divided by the number of elements). Any mix of element types, computed in float8. NaN in either gives NaN. Different shapes are an error.';

CREATE OPERATOR <-> (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = l2_distance, COMMUTATOR = <->);
COMMENT ON OPERATOR <-> (tensor, tensor) IS 'The Euclidean distance, the root of the sum of squared differences (not divided by the number of elements). The function is l2_distance. Precedence: 1 - a <-> b means (1 - a) <-> b, so write 1 - (a <-> b).';

CREATE FUNCTION negative_inner_product(a tensor, b tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_negative_inner_product' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION negative_inner_product(tensor, tensor) IS 'Minus dot(a, b), so that ORDER BY a <#> b puts the greatest inner product first. Any mix of element types, computed in float8. NaN in either gives NaN. Different shapes are an error.';

CREATE OPERATOR <#> (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = negative_inner_product, COMMUTATOR = <#>);
COMMENT ON OPERATOR <#> (tensor, tensor) IS 'Minus dot(a, b), so that ORDER BY a <#> b puts the greatest inner product first. The function is negative_inner_product. Precedence: 1 - a <#> b means (1 - a) <#> b, so write 1 - (a <#> b). a<#>-b lexes as one operator <#>-, so put a space before a minus.';

CREATE FUNCTION cosine_distance(a tensor, b tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_cosine_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cosine_distance(tensor, tensor) IS '1 minus the cosine of the angle between a and b, from 0 to 2. NaN if either is all zeros or has no elements. Any mix of element types, computed in float8. NaN in either gives NaN. Different shapes are an error.';

CREATE OPERATOR <=> (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = cosine_distance, COMMUTATOR = <=>);
COMMENT ON OPERATOR <=> (tensor, tensor) IS '1 minus the cosine of the angle between a and b, from 0 to 2. NaN if either is all zeros or has no elements. The function is cosine_distance. Precedence: 1 - a <=> b means (1 - a) <=> b, so write 1 - (a <=> b).';

CREATE FUNCTION l1_distance(a tensor, b tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_l1_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION l1_distance(tensor, tensor) IS 'The city-block distance, the sum of absolute differences. Any mix of element types, computed in float8. NaN in either gives NaN. Different shapes are an error.';

CREATE OPERATOR <+> (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = l1_distance, COMMUTATOR = <+>);
COMMENT ON OPERATOR <+> (tensor, tensor) IS 'The city-block distance, the sum of absolute differences. The function is l1_distance. Precedence: 1 - a <+> b means (1 - a) <+> b, so write 1 - (a <+> b).';

CREATE FUNCTION correlation_distance(a tensor, b tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_correlation_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION correlation_distance(tensor, tensor) IS '1 minus Pearson''s r over the elements, from 0 to 2. NaN if either is constant or has fewer than two elements. Any mix of element types, computed in float8. NaN in either gives NaN. Different shapes are an error.';

CREATE OPERATOR <~> (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = correlation_distance, COMMUTATOR = <~>);
COMMENT ON OPERATOR <~> (tensor, tensor) IS '1 minus Pearson''s r over the elements, from 0 to 2. NaN if either is constant or has fewer than two elements. The function is correlation_distance. Precedence: 1 - a <~> b means (1 - a) <~> b, so write 1 - (a <~> b). a<~>-b lexes as one operator <~>-, so put a space before a minus.';
