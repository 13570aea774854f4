-- Aggregates over rows of tensors: element by element, and rows gathered into one tensor.

CREATE FUNCTION tensor_accumulate_sum(internal, tensor) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_accumulate_sum' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tensor_accumulate_sum(internal, tensor) IS 'Takes a row into a state of sums; used by the aggregates.';

CREATE FUNCTION tensor_accumulate_valid(internal, tensor) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_accumulate_valid' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tensor_accumulate_valid(internal, tensor) IS 'Takes a row into a state of sums and counts without NaN; used by the aggregates.';

CREATE FUNCTION tensor_accumulate_count(internal, tensor) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_accumulate_count' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tensor_accumulate_count(internal, tensor) IS 'Takes a row into a state of counts without NaN; used by the aggregates.';

CREATE FUNCTION tensor_accumulate_min(internal, tensor) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_accumulate_min' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tensor_accumulate_min(internal, tensor) IS 'Takes a row into a state of least elements; used by the aggregates.';

CREATE FUNCTION tensor_accumulate_max(internal, tensor) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_accumulate_max' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tensor_accumulate_max(internal, tensor) IS 'Takes a row into a state of greatest elements; used by the aggregates.';

CREATE FUNCTION tensor_accumulate_moments(internal, tensor) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_accumulate_moments' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tensor_accumulate_moments(internal, tensor) IS 'Takes a row into a state of means and squared deviations; used by the aggregates.';

CREATE FUNCTION tensor_accumulate_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_accumulate_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION tensor_accumulate_combine(internal, internal) IS 'Merges two states; used by the aggregates.';

CREATE FUNCTION tensor_accumulate_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'tensor_accumulate_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_accumulate_serialize(internal) IS 'A state as bytes; used by the aggregates.';

CREATE FUNCTION tensor_accumulate_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_accumulate_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_accumulate_deserialize(bytea, internal) IS 'A state from bytes; used by the aggregates.';

CREATE FUNCTION tensor_final_sum(internal) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_final_sum' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_final_sum(internal) IS 'A state''s sums; used by the aggregates.';

CREATE FUNCTION tensor_final_mean(internal) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_final_mean' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_final_mean(internal) IS 'A state''s means; used by the aggregates.';

CREATE FUNCTION tensor_final_extreme(internal) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_final_extreme' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_final_extreme(internal) IS 'A state''s least or greatest elements; used by the aggregates.';

CREATE FUNCTION tensor_final_count(internal) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_final_count' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_final_count(internal) IS 'A state''s counts; used by the aggregates.';

CREATE FUNCTION tensor_final_variance(internal) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_final_variance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_final_variance(internal) IS 'A state''s variances; used by the aggregates.';

CREATE FUNCTION tensor_final_stddev(internal) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_final_stddev' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_final_stddev(internal) IS 'A state''s standard deviations; used by the aggregates.';

CREATE AGGREGATE sum(tensor) (
	SFUNC = tensor_accumulate_sum, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_sum,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE sum(tensor) IS 'The sum over rows, element by element. Summed in float8; the result is float8 if a row is, else float4; a sum beyond that is an infinity. NaN propagates. NULL rows are skipped; NULL if there is no row. Rows of different shapes are an error.';

CREATE AGGREGATE avg(tensor) (
	SFUNC = tensor_accumulate_sum, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_mean,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE avg(tensor) IS 'The mean over rows, element by element. Summed in float8; the result is float8 if a row is, else float4. NaN propagates. NULL rows are skipped; NULL if there is no row. Rows of different shapes are an error.';

CREATE AGGREGATE min(tensor) (
	SFUNC = tensor_accumulate_min, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_extreme,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE min(tensor) IS 'The least over rows, element by element, in the rows'' element type. NaN propagates, as in NumPy and unlike min(float8). NULL rows are skipped; NULL if there is no row. Rows of different shapes are an error.';

CREATE AGGREGATE max(tensor) (
	SFUNC = tensor_accumulate_max, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_extreme,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE max(tensor) IS 'The greatest over rows, element by element, in the rows'' element type. NaN propagates, as in NumPy. NULL rows are skipped; NULL if there is no row. Rows of different shapes are an error.';

CREATE AGGREGATE variance(tensor) (
	SFUNC = tensor_accumulate_moments, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_variance,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE variance(tensor) IS 'The variance over rows, element by element, with divisor n - 1 (ddof 1). Kept in float8 about a running mean (Welford 1962; merged as by Chan, Golub and LeVeque 1983), so that an offset costs no digits; the result is float8 if a row is, else float4. NaN and infinities give NaN. NULL for fewer than two rows; NULL rows are skipped. Rows of different shapes are an error.';

CREATE AGGREGATE stddev(tensor) (
	SFUNC = tensor_accumulate_moments, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_stddev,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE stddev(tensor) IS 'The standard deviation over rows, element by element: the root of variance (ddof 1). The result is float8 if a row is, else float4. NaN and infinities give NaN. NULL for fewer than two rows; NULL rows are skipped. Rows of different shapes are an error.';

CREATE AGGREGATE count_valid(tensor) (
	SFUNC = tensor_accumulate_count, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_count,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE count_valid(tensor) IS 'The number of rows whose element is not NaN, element by element, as a float8 tensor. NULL rows are skipped; NULL if there is no row. Rows of different shapes are an error.';

CREATE AGGREGATE nansum(tensor) (
	SFUNC = tensor_accumulate_valid, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_sum,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE nansum(tensor) IS 'The sum over rows, element by element, of what is not NaN: 0 where all is NaN, as in NumPy. Summed in float8; the result is float8 if a row is, else float4. NULL rows are skipped; NULL if there is no row. Rows of different shapes are an error.';

CREATE AGGREGATE nanavg(tensor) (
	SFUNC = tensor_accumulate_valid, STYPE = internal, SSPACE = 16384, FINALFUNC = tensor_final_mean,
	COMBINEFUNC = tensor_accumulate_combine, SERIALFUNC = tensor_accumulate_serialize,
	DESERIALFUNC = tensor_accumulate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE nanavg(tensor) IS 'The mean over rows, element by element, of what is not NaN: NaN where all is NaN. Summed in float8; the result is float8 if a row is, else float4. NULL rows are skipped; NULL if there is no row. Rows of different shapes are an error.';

CREATE FUNCTION tensor_stack_add(internal, tensor) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_stack_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tensor_stack_add(internal, tensor) IS 'Appends a row; used by stack.';

CREATE FUNCTION tensor_stack_add_float4(internal, float4) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_stack_add_float4' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tensor_stack_add_float4(internal, float4) IS 'Appends a row; used by tensor_agg.';

CREATE FUNCTION tensor_stack_add_float8(internal, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'tensor_stack_add_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tensor_stack_add_float8(internal, float8) IS 'Appends a row; used by tensor_agg.';

CREATE FUNCTION tensor_stack_final(internal) RETURNS tensor
	AS 'MODULE_PATHNAME', 'tensor_stack_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tensor_stack_final(internal) IS 'The rows as one tensor; used by stack and tensor_agg.';

CREATE AGGREGATE stack(tensor) (
	SFUNC = tensor_stack_add, STYPE = internal, SSPACE = 65536, FINALFUNC = tensor_stack_final);
COMMENT ON AGGREGATE stack(tensor) IS 'Rows gathered into one tensor with one dimension more, first: n vectors of k give shape (n, k). Order the rows: stack(t ORDER BY id). The element type is the widest of the rows''. NULL rows are skipped; NULL if there is no row. Rows of different shapes or of 8 dimensions, and a result over 1 GB, are errors.';

CREATE AGGREGATE tensor_agg(float8) (
	SFUNC = tensor_stack_add_float8, STYPE = internal, SSPACE = 65536, FINALFUNC = tensor_stack_final);
COMMENT ON AGGREGATE tensor_agg(float8) IS 'Numbers gathered into a float8 vector. Order the rows: tensor_agg(value ORDER BY id). A NULL becomes NaN and keeps its place, as in the cast from an array; NULL if there is no row. A result over 1 GB is an error.';

CREATE AGGREGATE tensor_agg(float4) (
	SFUNC = tensor_stack_add_float4, STYPE = internal, SSPACE = 65536, FINALFUNC = tensor_stack_final);
COMMENT ON AGGREGATE tensor_agg(float4) IS 'Numbers gathered into a float4 vector; otherwise as tensor_agg(float8).';
