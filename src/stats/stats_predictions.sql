-- predictions: rows of predicted and measured vectors, for tests that need the rows

CREATE TYPE predictions;

CREATE FUNCTION predictions_in(cstring) RETURNS predictions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION predictions_in(cstring) IS 'input of type predictions: predictions(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION predictions_out(predictions) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION predictions_out(predictions) IS 'output of type predictions';
CREATE FUNCTION predictions_recv(internal) RETURNS predictions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION predictions_recv(internal) IS 'binary input of type predictions; every length, count and value is checked';
CREATE FUNCTION predictions_send(predictions) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION predictions_send(predictions) IS 'binary output of type predictions, little-endian; predictions_recv gives back the same state exactly';

CREATE TYPE predictions (
    INPUT = predictions_in, OUTPUT = predictions_out, RECEIVE = predictions_recv, SEND = predictions_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE predictions IS 'rows of predicted and measured vectors, held with a block label and, if given, each row''s position in its block; made by predictions_agg, merged by + and sum, read by permutation_test, compare_test and bootstrap_r; at most 1 GB where it is stored, not in flight';

-- making one

CREATE FUNCTION predictions_add(predictions, tensor, tensor, bigint) RETURNS predictions
    AS 'MODULE_PATHNAME', 'predictions_add_pair' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION predictions_add(predictions, tensor, tensor, bigint) IS 'transition function of predictions_agg(predicted, y, block) and of identification';
CREATE FUNCTION predictions_add(predictions, tensor, tensor, bigint, bigint) RETURNS predictions
    AS 'MODULE_PATHNAME', 'predictions_add_pair_position' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION predictions_add(predictions, tensor, tensor, bigint, bigint) IS 'transition function of predictions_agg(predicted, y, block, t)';
CREATE FUNCTION predictions_add(predictions, tensor, tensor, tensor, bigint) RETURNS predictions
    AS 'MODULE_PATHNAME', 'predictions_add_two' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION predictions_add(predictions, tensor, tensor, tensor, bigint) IS 'transition function of predictions_agg(predicted_a, predicted_b, y, block)';
CREATE FUNCTION predictions_add(predictions, tensor, tensor, tensor, bigint, bigint) RETURNS predictions
    AS 'MODULE_PATHNAME', 'predictions_add_two_position' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION predictions_add(predictions, tensor, tensor, tensor, bigint, bigint) IS 'transition function of predictions_agg(predicted_a, predicted_b, y, block, t)';
CREATE FUNCTION predictions_combine(predictions, predictions) RETURNS predictions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION predictions_combine(predictions, predictions) IS 'transition function of sum(predictions)';
CREATE FUNCTION predictions_combine_rows(predictions, predictions) RETURNS predictions
    AS 'MODULE_PATHNAME', 'predictions_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000000;
COMMENT ON FUNCTION predictions_combine_rows(predictions, predictions) IS 'combine function of predictions_agg, identification, explainable_variance and sum(predictions); its cost tells the planner that a parallel worker sends all of its rows, which takes longer than reading them';
CREATE FUNCTION predictions_final(predictions) RETURNS predictions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION predictions_final(predictions) IS 'final function of predictions_agg and sum(predictions): hands the state on without copying it';

CREATE AGGREGATE predictions_agg(predicted tensor, y tensor, block bigint) (
    SFUNC = predictions_add, STYPE = predictions, SSPACE = 67108864,
    FINALFUNC = predictions_final, COMBINEFUNC = predictions_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE predictions_agg(tensor, tensor, bigint) IS 'rows of a model''s predictions (v elements, made while the row was held out) and of what was measured (v elements), with the block that a row belongs to: a run, a stretch of it, or the row''s own number where rows are independent. For bootstrap_r, and for permutation_test where every block is one row: blocks of several rows need the form with t. NaN in either vector is missing for that target alone; rows with a NULL are skipped, no row gives NULL. Memory: the rows (2 v elements each, float4 unless a float8 comes). An error names the row, argument and element that is infinite, or the vector of another length, and says what neuroenc.memory_limit would not hold';
CREATE AGGREGATE predictions_agg(predicted tensor, y tensor, block bigint, t bigint) (
    SFUNC = predictions_add, STYPE = predictions, SSPACE = 67108864,
    FINALFUNC = predictions_final, COMBINEFUNC = predictions_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE predictions_agg(tensor, tensor, bigint, bigint) IS 'predictions with each row''s position t in its block (a time, a volume; any bigint, different for each row of a block; two blocks are aligned by the order of their positions). It is an argument, and not ORDER BY, so that the answer is the same on parallel plans and after merges. Otherwise as predictions_agg(predicted, y, block)';
CREATE AGGREGATE predictions_agg(predicted_a tensor, predicted_b tensor, y tensor, block bigint) (
    SFUNC = predictions_add, STYPE = predictions, SSPACE = 67108864,
    FINALFUNC = predictions_final, COMBINEFUNC = predictions_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE predictions_agg(tensor, tensor, tensor, bigint) IS 'rows of the predictions of two models and of what was measured, for compare_test; otherwise as predictions_agg(predicted, y, block)';
CREATE AGGREGATE predictions_agg(predicted_a tensor, predicted_b tensor, y tensor, block bigint, t bigint) (
    SFUNC = predictions_add, STYPE = predictions, SSPACE = 67108864,
    FINALFUNC = predictions_final, COMBINEFUNC = predictions_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE predictions_agg(tensor, tensor, tensor, bigint, bigint) IS 'rows of the predictions of two models and of what was measured, with each row''s position t in its block, which compare_test does not need but which makes its sums the same to the last bit on every plan; otherwise as predictions_agg(predicted, y, block)';

CREATE AGGREGATE sum(predictions) (
    SFUNC = predictions_combine, STYPE = predictions, SSPACE = 67108864,
    FINALFUNC = predictions_final, COMBINEFUNC = predictions_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(predictions) IS 'the rows of all predictions; rows of the same block label join in one block, so give sessions blocks of their own; NULLs are skipped, no predictions give NULL; an error if the number of vectors, of their elements or of labels differs';

CREATE FUNCTION predictions_plus(predictions, predictions) RETURNS predictions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION predictions_plus(predictions, predictions) IS 'the rows of both; rows of the same block label join in one block';
CREATE OPERATOR + (LEFTARG = predictions, RIGHTARG = predictions, FUNCTION = predictions_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (predictions, predictions) IS 'the rows of both; rows of the same block label join in one block';

CREATE FUNCTION n_samples(p predictions) RETURNS bigint
    AS 'MODULE_PATHNAME', 'predictions_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(predictions) IS 'number of rows, those with missing values included';
CREATE FUNCTION n_targets(p predictions) RETURNS int
    AS 'MODULE_PATHNAME', 'predictions_n_targets' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_targets(predictions) IS 'number of targets, the elements of y';
CREATE FUNCTION n_blocks(p predictions) RETURNS int
    AS 'MODULE_PATHNAME', 'predictions_n_blocks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_blocks(predictions) IS 'number of different block labels';
