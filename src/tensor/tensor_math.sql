-- Arithmetic on tensors: operators and functions element by element, products,
-- norms, and numbers over all elements.

CREATE FUNCTION tensor_add(a tensor, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_add(tensor, tensor) IS 'The sum a + b element by element. Shapes are broadcast as by NumPy: aligned at the last dimension, sizes must be equal or one of them 1, and a missing dimension counts as 1, so a vector meets each row of a matrix. The element type is the wider of the two. NaN propagates. Shapes that don''t broadcast are an error.';

CREATE OPERATOR + (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (tensor, tensor) IS 'a + b element by element, broadcast as by NumPy: a vector meets each row of a matrix.';

CREATE FUNCTION tensor_add(a tensor, b float8) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_add_scalar' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_add(tensor, float8) IS 'The sum of each element of a and the number b. The tensor keeps its element type, to which (float4 for float2) the number is rounded.';

CREATE OPERATOR + (LEFTARG = tensor, RIGHTARG = float8, FUNCTION = tensor_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (tensor, float8) IS 'Each element + the number.';

CREATE FUNCTION tensor_add(a float8, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_scalar_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_add(float8, tensor) IS 'The sum of the number a and each element of b. The tensor keeps its element type, to which (float4 for float2) the number is rounded.';

CREATE OPERATOR + (LEFTARG = float8, RIGHTARG = tensor, FUNCTION = tensor_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (float8, tensor) IS 'The number + each element.';

CREATE FUNCTION tensor_subtract(a tensor, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_subtract' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_subtract(tensor, tensor) IS 'The difference a - b element by element. Shapes are broadcast as by NumPy: aligned at the last dimension, sizes must be equal or one of them 1, and a missing dimension counts as 1, so a vector meets each row of a matrix. The element type is the wider of the two. NaN propagates. Shapes that don''t broadcast are an error.';

CREATE OPERATOR - (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_subtract);
COMMENT ON OPERATOR - (tensor, tensor) IS 'a - b element by element, broadcast as by NumPy: a vector meets each row of a matrix.';

CREATE FUNCTION tensor_subtract(a tensor, b float8) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_subtract_scalar' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_subtract(tensor, float8) IS 'The difference of each element of a and the number b. The tensor keeps its element type, to which (float4 for float2) the number is rounded.';

CREATE OPERATOR - (LEFTARG = tensor, RIGHTARG = float8, FUNCTION = tensor_subtract);
COMMENT ON OPERATOR - (tensor, float8) IS 'Each element - the number.';

CREATE FUNCTION tensor_subtract(a float8, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_scalar_subtract' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_subtract(float8, tensor) IS 'The difference of the number a and each element of b. The tensor keeps its element type, to which (float4 for float2) the number is rounded.';

CREATE OPERATOR - (LEFTARG = float8, RIGHTARG = tensor, FUNCTION = tensor_subtract);
COMMENT ON OPERATOR - (float8, tensor) IS 'The number - each element.';

CREATE FUNCTION tensor_multiply(a tensor, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_multiply' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_multiply(tensor, tensor) IS 'The product a * b element by element. Shapes are broadcast as by NumPy: aligned at the last dimension, sizes must be equal or one of them 1, and a missing dimension counts as 1, so a vector meets each row of a matrix. The element type is the wider of the two. NaN propagates. Shapes that don''t broadcast are an error.';

CREATE OPERATOR * (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_multiply, COMMUTATOR = *);
COMMENT ON OPERATOR * (tensor, tensor) IS 'a * b element by element, broadcast as by NumPy: a vector meets each row of a matrix.';

CREATE FUNCTION tensor_multiply(a tensor, b float8) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_multiply_scalar' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_multiply(tensor, float8) IS 'The product of each element of a and the number b. The tensor keeps its element type, to which (float4 for float2) the number is rounded.';

CREATE OPERATOR * (LEFTARG = tensor, RIGHTARG = float8, FUNCTION = tensor_multiply, COMMUTATOR = *);
COMMENT ON OPERATOR * (tensor, float8) IS 'Each element * the number.';

CREATE FUNCTION tensor_multiply(a float8, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_scalar_multiply' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_multiply(float8, tensor) IS 'The product of the number a and each element of b. The tensor keeps its element type, to which (float4 for float2) the number is rounded.';

CREATE OPERATOR * (LEFTARG = float8, RIGHTARG = tensor, FUNCTION = tensor_multiply, COMMUTATOR = *);
COMMENT ON OPERATOR * (float8, tensor) IS 'The number * each element.';

CREATE FUNCTION tensor_divide(a tensor, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_divide' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_divide(tensor, tensor) IS 'The quotient a / b element by element. Shapes are broadcast as by NumPy: aligned at the last dimension, sizes must be equal or one of them 1, and a missing dimension counts as 1, so a vector meets each row of a matrix. The element type is the wider of the two. x / 0 is an infinity and 0 / 0 NaN, as in IEEE arithmetic. NaN propagates. Shapes that don''t broadcast are an error.';

CREATE OPERATOR / (LEFTARG = tensor, RIGHTARG = tensor, FUNCTION = tensor_divide);
COMMENT ON OPERATOR / (tensor, tensor) IS 'a / b element by element, broadcast as by NumPy: a vector meets each row of a matrix.';

CREATE FUNCTION tensor_divide(a tensor, b float8) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_divide_scalar' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_divide(tensor, float8) IS 'The quotient of each element of a and the number b. The tensor keeps its element type, to which (float4 for float2) the number is rounded. x / 0 is an infinity and 0 / 0 NaN, as in IEEE arithmetic.';

CREATE OPERATOR / (LEFTARG = tensor, RIGHTARG = float8, FUNCTION = tensor_divide);
COMMENT ON OPERATOR / (tensor, float8) IS 'Each element / the number.';

CREATE FUNCTION tensor_divide(a float8, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_scalar_divide' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_divide(float8, tensor) IS 'The quotient of the number a and each element of b. The tensor keeps its element type, to which (float4 for float2) the number is rounded. x / 0 is an infinity and 0 / 0 NaN, as in IEEE arithmetic.';

CREATE OPERATOR / (LEFTARG = float8, RIGHTARG = tensor, FUNCTION = tensor_divide);
COMMENT ON OPERATOR / (float8, tensor) IS 'The number / each element.';

CREATE FUNCTION tensor_negate(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_negate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tensor_negate(tensor) IS 'Each element with its sign changed.';

CREATE OPERATOR - (RIGHTARG = tensor, FUNCTION = tensor_negate);
COMMENT ON OPERATOR - (NONE, tensor) IS 'Each element with its sign changed.';

CREATE FUNCTION abs(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_abs' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION abs(tensor) IS 'The absolute value of each element, in the tensor''s element type.';

CREATE FUNCTION sqrt(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_sqrt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sqrt(tensor) IS 'The square root of each element, in the tensor''s element type; NaN for a negative one, as in NumPy (not an error as for float8).';

CREATE FUNCTION exp(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_exp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION exp(tensor) IS 'e to the power of each element, in the tensor''s element type; infinity where that overflows.';

CREATE FUNCTION ln(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_ln' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ln(tensor) IS 'The natural logarithm of each element, in the tensor''s element type; as in NumPy -infinity for 0 and NaN for a negative one (not an error as for float8).';

CREATE FUNCTION power(t tensor, p float8) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_power_scalar' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION power(tensor, float8) IS 'Each element to the power p, in the tensor''s element type; NaN for a negative element and a p that is no integer.';

CREATE FUNCTION power(a tensor, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_power' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION power(tensor, tensor) IS 'Each element of a to the power of b''s, broadcast as by a + b; the element type is the wider of the two.';

CREATE FUNCTION clip(t tensor, lo float8, hi float8) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_clip' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION clip(tensor, float8, float8) IS 'Each element moved into [lo, hi]; NaN stays. Use -infinity or infinity for no bound; lo > hi or a NaN bound is an error.';

CREATE FUNCTION l2_normalize(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_l2_normalize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION l2_normalize(tensor) IS 't / norm(t): all elements scaled to Euclidean length 1, computed in float8, in the tensor''s element type. A tensor of zeros stays zeros. NaN propagates.';

CREATE FUNCTION zscore(t tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_zscore' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION zscore(tensor) IS '(t - mean_of(t)) / std_of(t) over all elements, standard deviation with divisor n (ddof 0), computed in float8, in the tensor''s element type. A constant tensor becomes zeros. A NaN or an infinity makes all elements NaN.';

CREATE FUNCTION matmul(a tensor, b tensor) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_matmul' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION matmul(tensor, tensor) IS 'The matrix product: (m, k) with (k, n) gives (m, n), a vector (k) with (k, n) gives (n), (m, k) with a vector (k) gives (m). The element type is the wider of the two; float2 is multiplied in float4. Two vectors are an error (use dot), and so are sizes that don''t fit, another rank, and a result and scratch over neuroenc.memory_limit.';

CREATE FUNCTION dot(a tensor, b tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_dot' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION dot(tensor, tensor) IS 'The sum of the products of the elements of two tensors of equal shape, in float8. Different shapes are an error.';

CREATE FUNCTION norm(t tensor, p float8 DEFAULT 2) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_norm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION norm(tensor, float8) IS 'The p-norm (sum |x|^p)^(1/p) over all elements, so the Frobenius norm of a matrix at p = 2: any p > 0, infinity for the largest |x|, 0 for the number of elements that are not 0 (NaN is one of them, otherwise it propagates). Summed in float8, scaled against overflow. An empty tensor has norm 0. A negative p is an error.';

CREATE FUNCTION sum_of(t tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_sum_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sum_of(tensor) IS 'The sum of all elements, in float8. NaN propagates; an empty tensor has sum 0.';

CREATE FUNCTION mean_of(t tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_mean_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION mean_of(tensor) IS 'The mean of all elements, in float8. NaN propagates; NULL for an empty tensor.';

CREATE FUNCTION std_of(t tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_std_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION std_of(tensor) IS 'The standard deviation of all elements with divisor n (ddof 0, NumPy''s std; the aggregate stddev over rows has ddof 1), two passes in float8. NaN and infinities give NaN; NULL for an empty tensor.';

CREATE FUNCTION min_of(t tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_min_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION min_of(tensor) IS 'The least element. NaN if there is one, as in NumPy; NULL for an empty tensor.';

CREATE FUNCTION max_of(t tensor) RETURNS float8
	AS 'MODULE_PATHNAME', 'tensor_max_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION max_of(tensor) IS 'The greatest element. NaN if there is one, as in NumPy; NULL for an empty tensor.';

CREATE FUNCTION argmin(t tensor) RETURNS int
	AS 'MODULE_PATHNAME', 'tensor_argmin' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION argmin(tensor) IS 'The position of the first least element, from 1 and in C order, so that flatten(t)[argmin(t)] = min_of(t). The first NaN if there is one, as in NumPy; NULL for an empty tensor.';

CREATE FUNCTION argmax(t tensor) RETURNS int
	AS 'MODULE_PATHNAME', 'tensor_argmax' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION argmax(tensor) IS 'The position of the first greatest element, from 1 and in C order, so that flatten(t)[argmax(t)] = max_of(t). The first NaN if there is one, as in NumPy; NULL for an empty tensor.';

CREATE FUNCTION nan_count(t tensor) RETURNS int
	AS 'MODULE_PATHNAME', 'tensor_nan_count' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION nan_count(tensor) IS 'The number of elements that are NaN.';
