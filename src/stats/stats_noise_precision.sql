-- residuals: their sums; noise_precision: the inverse of their shrunk covariance

CREATE TYPE residuals;

CREATE FUNCTION residuals_in(cstring) RETURNS residuals
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION residuals_in(cstring) IS 'input of type residuals: residuals(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION residuals_out(residuals) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION residuals_out(residuals) IS 'output of type residuals';
CREATE FUNCTION residuals_recv(internal) RETURNS residuals
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION residuals_recv(internal) IS 'binary input of type residuals; every length, count and value is checked';
CREATE FUNCTION residuals_send(residuals) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION residuals_send(residuals) IS 'binary output of type residuals, little-endian; residuals_recv gives back the same state exactly';

CREATE TYPE residuals (
    INPUT = residuals_in, OUTPUT = residuals_out, RECEIVE = residuals_recv, SEND = residuals_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE residuals IS 'sums of residuals, m channels each: their number, mean, products (m x m) and the m + 1 higher sums that Ledoit and Wolf''s shrinkage needs; made by residuals_agg, merged by + and sum, read by noise_precision; 8 m^2 bytes, at most 1 GB where it is stored (11,000 channels), not in flight';

-- making one

CREATE FUNCTION residuals_add(residuals, tensor) RETURNS residuals
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION residuals_add(residuals, tensor) IS 'transition function of residuals_agg and noise_precision(residual)';
CREATE FUNCTION residuals_add(residuals, tensor, float8) RETURNS residuals
    AS 'MODULE_PATHNAME', 'residuals_add_shrinkage' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION residuals_add(residuals, tensor, float8) IS 'transition function of noise_precision(residual, shrinkage)';
CREATE FUNCTION residuals_combine(residuals, residuals) RETURNS residuals
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION residuals_combine(residuals, residuals) IS 'combine function of residuals_agg and noise_precision; transition and combine function of sum(residuals)';
CREATE FUNCTION residuals_final(residuals) RETURNS residuals
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION residuals_final(residuals) IS 'final function of residuals_agg and sum(residuals): hands the state on without copying it';

CREATE AGGREGATE residuals_agg(residual tensor) (
    SFUNC = residuals_add, STYPE = residuals, SSPACE = 67108864,
    FINALFUNC = residuals_final, COMBINEFUNC = residuals_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE residuals_agg(tensor) IS 'sums of residuals (vectors of m channels, one a row: what a model leaves of each volume or trial) for noise_precision(residuals): one state a run or session can be stored and added to. Rows with a NULL are skipped, no row gives NULL. Cost: n m^2 flops by syrk; memory: 8 m^2 bytes and a block of rows. An error names the row and element that is NaN or infinite, or the vector of another length, and says what neuroenc.memory_limit would not hold';
CREATE AGGREGATE sum(residuals) (
    SFUNC = residuals_combine, STYPE = residuals, SSPACE = 67108864,
    FINALFUNC = residuals_final, COMBINEFUNC = residuals_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(residuals) IS 'the sums over the rows of all; NULLs are skipped, none gives NULL; an error if channels differ in number';
CREATE FUNCTION residuals_plus(residuals, residuals) RETURNS residuals
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION residuals_plus(residuals, residuals) IS 'the sums over the rows of both';
CREATE OPERATOR + (LEFTARG = residuals, RIGHTARG = residuals, FUNCTION = residuals_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (residuals, residuals) IS 'the sums over the rows of both';

CREATE FUNCTION n_samples(r residuals) RETURNS bigint
    AS 'MODULE_PATHNAME', 'residuals_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(residuals) IS 'number of rows';
CREATE FUNCTION n_channels(r residuals) RETURNS int
    AS 'MODULE_PATHNAME', 'residuals_n_channels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_channels(residuals) IS 'number of channels, the elements of a residual';

-- the precision

CREATE FUNCTION noise_precision_final(residuals) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_noise_precision_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION noise_precision_final(residuals) IS 'final function of the aggregates noise_precision: with the shrinkage that the rows gave, or Ledoit and Wolf''s';
CREATE AGGREGATE noise_precision(residual tensor) (
    SFUNC = residuals_add, STYPE = residuals, SSPACE = 67108864,
    FINALFUNC = noise_precision_final, COMBINEFUNC = residuals_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE noise_precision(tensor) IS 'the inverse of the residuals'' covariance (m x m, float8) after shrinking: ((1 - a) S + a mu I)^-1, S the covariance about the mean (divided by n), mu its mean diagonal, a the intensity of least expected squared error (Ledoit and Wolf 2004), as scikit-learn''s LedoitWolf; for crossnobis and Mahalanobis distances. noise_shrinkage(residuals) tells a; for residuals that were demeaned by run, noise_precision(residuals, dof => n - runs). Single pass; rows with a NULL are skipped, no row gives NULL. Errors: fewer than two rows, NaN or infinity, residuals of different lengths, a covariance without inverse, neuroenc.memory_limit';
CREATE AGGREGATE noise_precision(residual tensor, shrinkage float8) (
    SFUNC = residuals_add, STYPE = residuals, SSPACE = 67108864,
    FINALFUNC = noise_precision_final, COMBINEFUNC = residuals_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE noise_precision(tensor, float8) IS 'noise_precision(residual) with a given shrinkage, the same in every row: 0 is the covariance itself (n must then exceed m), 1 a multiple of the identity, NULL Ledoit and Wolf''s; an error if it is not from 0 to 1 or changes between rows of a group';
CREATE FUNCTION noise_precision(r residuals, shrinkage float8 DEFAULT NULL, dof bigint DEFAULT NULL) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_noise_precision' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION noise_precision(residuals, float8, bigint) IS 'the inverse of the shrunk covariance of residuals that are summed already, see the aggregate noise_precision(tensor). shrinkage from 0 to 1, NULL: Ledoit and Wolf''s. dof: what sums of squares are divided by, NULL: n rows; n minus the number of runs where each run was demeaned, n minus the rank of the model where residuals are of a regression (the intensity is that of n, the covariance is scaled by n / dof, as in rsatoolbox). NULL gives NULL';
CREATE FUNCTION noise_shrinkage(r residuals) RETURNS float8
    AS 'MODULE_PATHNAME', 'stats_noise_shrinkage' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION noise_shrinkage(residuals) IS 'Ledoit and Wolf''s shrinkage intensity, from 0 to 1, as scikit-learn''s ledoit_wolf_shrinkage; 0 for one channel';
CREATE FUNCTION noise_precision(g gram, shrinkage float8) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_gram_precision' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION noise_precision(gram, float8) IS 'the inverse of the shrunk covariance of a gram''s x, all folds together, with a given shrinkage from 0 to 1; Ledoit and Wolf''s own needs sums that a gram does not keep: residuals_agg';

-- the covariance itself

CREATE FUNCTION covariance(g gram, shrinkage float8 DEFAULT 0, dof bigint DEFAULT NULL) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_gram_covariance' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION covariance(gram, float8, bigint) IS 'the covariance of a gram''s x about its mean, all folds together (p x p, float8): (1 - shrinkage) S + shrinkage mu I, S divided by dof (NULL: n rows; n - 1 is NumPy''s), mu its mean diagonal; shrinkage from 0 (the default, S itself) to 1. For causal_inner_product and whiten. A gram or shrinkage that is NULL gives NULL; fewer than two rows are an error';
CREATE FUNCTION covariance(r residuals, shrinkage float8 DEFAULT NULL, dof bigint DEFAULT NULL) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_covariance' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION covariance(residuals, float8, bigint) IS 'the shrunk covariance of rows that residuals_agg summed, the matrix whose inverse noise_precision(residuals, shrinkage, dof) is; shrinkage NULL: Ledoit and Wolf''s. Residuals that are NULL give NULL';
