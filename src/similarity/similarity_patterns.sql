-- patterns: sums of the patterns of each condition, by fold; what RDMs are computed from

CREATE TYPE patterns;

CREATE FUNCTION patterns_in(cstring) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_in(cstring) IS 'input of type patterns: patterns(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION patterns_out(patterns) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_out(patterns) IS 'output of type patterns';
CREATE FUNCTION patterns_recv(internal) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_recv(internal) IS 'binary input of type patterns; every length, label, count and value is checked';
CREATE FUNCTION patterns_send(patterns) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_send(patterns) IS 'binary output of type patterns, little-endian, labels and folds ascending; patterns_recv gives back the same state exactly';

CREATE TYPE patterns (
    INPUT = patterns_in, OUTPUT = patterns_out, RECEIVE = patterns_recv, SEND = patterns_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE patterns IS 'the activity patterns of labelled conditions: for each label, and each fold (scanner run, repetition) if there are folds, the number of its rows and the sum of their patterns; made by patterns_agg, merged by + and sum, read by rdm, crossnobis, rdm_crossed and poisson_rdm, so that one scan serves many RDMs and a new session is added without another; at most 1 GB where it is stored, not in flight';

-- transitions

CREATE FUNCTION patterns_add(patterns, text, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor) IS 'transition function of patterns_agg(label, pattern), rdm(label, pattern) and poisson_rdm(label, pattern)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor) IS 'transition function of patterns_agg(label, pattern), rdm(label, pattern) and poisson_rdm(label, pattern)';

CREATE FUNCTION patterns_add(patterns, text, tensor, text) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_metric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, text) IS 'transition function of rdm(label, pattern, metric)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, text) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_metric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, text) IS 'transition function of rdm(label, pattern, metric)';

CREATE FUNCTION patterns_add(patterns, text, tensor, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, tensor) IS 'transition function of rdm(label, pattern, prec)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, tensor) IS 'transition function of rdm(label, pattern, prec)';

CREATE FUNCTION patterns_add(patterns, text, tensor, bigint) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_fold' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, bigint) IS 'transition function of patterns_agg, crossnobis, rdm_crossed and poisson_rdm of (label, pattern, fold)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, bigint) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_fold' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, bigint) IS 'transition function of patterns_agg, crossnobis, rdm_crossed and poisson_rdm of (label, pattern, fold)';

CREATE FUNCTION patterns_add(patterns, text, tensor, bigint, text) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_fold_metric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, bigint, text) IS 'transition function of rdm_crossed(label, pattern, fold, metric)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, bigint, text) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_fold_metric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, bigint, text) IS 'transition function of rdm_crossed(label, pattern, fold, metric)';

CREATE FUNCTION patterns_add(patterns, text, tensor, bigint, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_text_fold_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, text, tensor, bigint, tensor) IS 'transition function of crossnobis(label, pattern, fold, prec)';

CREATE FUNCTION patterns_add(patterns, bigint, tensor, bigint, tensor) RETURNS patterns
    AS 'MODULE_PATHNAME', 'patterns_add_bigint_fold_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_add(patterns, bigint, tensor, bigint, tensor) IS 'transition function of crossnobis(label, pattern, fold, prec)';

CREATE FUNCTION patterns_combine(patterns, patterns) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION patterns_combine(patterns, patterns) IS 'combine function of the aggregates over patterns; transition and combine function of sum(patterns)';
CREATE FUNCTION patterns_final(patterns) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION patterns_final(patterns) IS 'final function of patterns_agg and sum(patterns): hands the state on without copying it';

-- making one

CREATE AGGREGATE patterns_agg(label text, pattern tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE patterns_agg(text, tensor) IS 'the patterns of labelled conditions (pattern: a vector of m channels, the same for all rows; a label met several times is averaged), for rdm(patterns) and poisson_rdm(patterns). Rows with a NULL are skipped, no row gives NULL. Memory: m elements a label, float4 while a label has one float4 row, else float8. An error names the row and element that is NaN or infinite, or the pattern of another length, and says what neuroenc.memory_limit would not hold';

CREATE AGGREGATE patterns_agg(label bigint, pattern tensor) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE patterns_agg(bigint, tensor) IS 'patterns_agg(label, pattern) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE patterns_agg(label text, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE patterns_agg(text, tensor, bigint) IS 'patterns_agg(label, pattern) with the fold (scanner run, repetition) of each row, for crossnobis, rdm_crossed and poisson_rdm across folds; rdm(patterns) of it is that of the means over all rows. Memory: m elements for each label in each fold';

CREATE AGGREGATE patterns_agg(label bigint, pattern tensor, fold bigint) (
    SFUNC = patterns_add, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE patterns_agg(bigint, tensor, bigint) IS 'patterns_agg(label, pattern, fold) with whole numbers as labels, which are kept as text';

CREATE AGGREGATE sum(patterns) (
    SFUNC = patterns_combine, STYPE = patterns, SSPACE = 67108864,
    FINALFUNC = patterns_final, COMBINEFUNC = patterns_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(patterns) IS 'the rows of all patterns; rows of the same label and fold join in one mean, so give the runs of each session fold numbers of their own; NULLs are skipped, no patterns give NULL; an error if channels differ in number or only some have folds';
CREATE FUNCTION patterns_plus(patterns, patterns) RETURNS patterns
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION patterns_plus(patterns, patterns) IS 'the rows of both; rows of the same label and fold join in one mean';
CREATE OPERATOR + (LEFTARG = patterns, RIGHTARG = patterns, FUNCTION = patterns_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (patterns, patterns) IS 'the rows of both; rows of the same label and fold join in one mean';

CREATE FUNCTION labels(p patterns) RETURNS text[]
    AS 'MODULE_PATHNAME', 'patterns_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION labels(patterns) IS 'the labels of the conditions, in the order that RDMs have them: whole numbers by value, then text bytewise';
CREATE FUNCTION folds(p patterns) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'patterns_folds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION folds(patterns) IS 'the folds, ascending; NULL if the patterns were made without';
CREATE FUNCTION n_conditions(p patterns) RETURNS int
    AS 'MODULE_PATHNAME', 'patterns_n_conditions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_conditions(patterns) IS 'number of conditions, which are the different labels';
CREATE FUNCTION n_channels(p patterns) RETURNS int
    AS 'MODULE_PATHNAME', 'patterns_n_channels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_channels(patterns) IS 'number of channels (voxels, units, sensors), the elements of a pattern';
CREATE FUNCTION n_samples(p patterns) RETURNS bigint
    AS 'MODULE_PATHNAME', 'patterns_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(patterns) IS 'number of rows';
