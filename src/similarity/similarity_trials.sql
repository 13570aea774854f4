-- trial_set: repeated responses to labelled conditions, and the distance of two noisy populations

CREATE TYPE trial_set;

CREATE FUNCTION trial_set_in(cstring) RETURNS trial_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trial_set_in(cstring) IS 'input of type trial_set: trial_set(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION trial_set_out(trial_set) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trial_set_out(trial_set) IS 'output of type trial_set';
CREATE FUNCTION trial_set_recv(internal) RETURNS trial_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trial_set_recv(internal) IS 'binary input of type trial_set; every length, label, count and value is checked';
CREATE FUNCTION trial_set_send(trial_set) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trial_set_send(trial_set) IS 'binary output of type trial_set, little-endian; trial_set_recv gives back the same state exactly';

CREATE TYPE trial_set (
    INPUT = trial_set_in, OUTPUT = trial_set_out, RECEIVE = trial_set_recv, SEND = trial_set_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE trial_set IS 'repeated responses of a population to labelled conditions: for each label the trials, or, once they take more bytes, their number, sum and sums of products; made by trials_agg, merged by + and sum, so that one state a network serves its stochastic_shape_distance to all others; at most 1 GB where it is stored, not in flight';

-- transitions

CREATE FUNCTION trials_add(trial_set, text, tensor) RETURNS trial_set
    AS 'MODULE_PATHNAME', 'trials_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trials_add(trial_set, text, tensor) IS 'transition function of trials_agg(label, x)';
CREATE FUNCTION trials_add(trial_set, text, tensor, tensor) RETURNS trial_set
    AS 'MODULE_PATHNAME', 'trials_add_two_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trials_add(trial_set, text, tensor, tensor) IS 'transition function of stochastic_shape_distance(label, x, y)';
CREATE FUNCTION trials_add(trial_set, text, tensor, tensor, float8) RETURNS trial_set
    AS 'MODULE_PATHNAME', 'trials_add_two_text_alpha' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trials_add(trial_set, text, tensor, tensor, float8) IS 'transition function of stochastic_shape_distance(label, x, y, alpha)';

CREATE FUNCTION trials_add(trial_set, bigint, tensor) RETURNS trial_set
    AS 'MODULE_PATHNAME', 'trials_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trials_add(trial_set, bigint, tensor) IS 'transition function of trials_agg(label, x)';
CREATE FUNCTION trials_add(trial_set, bigint, tensor, tensor) RETURNS trial_set
    AS 'MODULE_PATHNAME', 'trials_add_two_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trials_add(trial_set, bigint, tensor, tensor) IS 'transition function of stochastic_shape_distance(label, x, y)';
CREATE FUNCTION trials_add(trial_set, bigint, tensor, tensor, float8) RETURNS trial_set
    AS 'MODULE_PATHNAME', 'trials_add_two_bigint_alpha' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION trials_add(trial_set, bigint, tensor, tensor, float8) IS 'transition function of stochastic_shape_distance(label, x, y, alpha)';

CREATE FUNCTION trial_set_combine(trial_set, trial_set) RETURNS trial_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION trial_set_combine(trial_set, trial_set) IS 'transition function of sum(trial_set)';
CREATE FUNCTION trial_set_combine_rows(trial_set, trial_set) RETURNS trial_set
    AS 'MODULE_PATHNAME', 'trial_set_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000000;
COMMENT ON FUNCTION trial_set_combine_rows(trial_set, trial_set) IS 'combine function of the aggregates that make trials and of sum(trial_set); its cost tells the planner that a parallel worker sends all of its rows, which takes longer than reading them';
CREATE FUNCTION trial_set_final(trial_set) RETURNS trial_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trial_set_final(trial_set) IS 'final function of trials_agg and sum(trial_set): hands the state on without copying it';
CREATE FUNCTION stochastic_shape_distance_final(trial_set) RETURNS float8
    AS 'MODULE_PATHNAME', 'trials_stochastic_shape_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION stochastic_shape_distance_final(trial_set) IS 'final function of the aggregate stochastic_shape_distance: of trials of two populations';

-- making and merging

CREATE AGGREGATE trials_agg(label text, x tensor) (
    SFUNC = trials_add, STYPE = trial_set, SSPACE = 67108864,
    FINALFUNC = trial_set_final, COMBINEFUNC = trial_set_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE trials_agg(text, tensor) IS 'the trials of a population: x the responses (a vector of p finite elements) in one trial of the condition that the label names; rows with a NULL are skipped, no row gives NULL; memory: a label''s rows, or 8 p^2 bytes where that is less; an error names the trial and element that is NaN or infinite, or the trial of another length';

CREATE AGGREGATE trials_agg(label bigint, x tensor) (
    SFUNC = trials_add, STYPE = trial_set, SSPACE = 67108864,
    FINALFUNC = trial_set_final, COMBINEFUNC = trial_set_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE trials_agg(bigint, tensor) IS 'the trials of a population: x the responses (a vector of p finite elements) in one trial of the condition that the label names; rows with a NULL are skipped, no row gives NULL; memory: a label''s rows, or 8 p^2 bytes where that is less; an error names the trial and element that is NaN or infinite, or the trial of another length';

CREATE AGGREGATE sum(trial_set) (
    SFUNC = trial_set_combine, STYPE = trial_set, SSPACE = 67108864,
    FINALFUNC = trial_set_final, COMBINEFUNC = trial_set_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(trial_set) IS 'the trials of all states, conditions of the same label joined: NULLs are skipped, no state gives NULL; an error if the numbers of units differ';

CREATE FUNCTION trial_set_plus(trial_set, trial_set) RETURNS trial_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION trial_set_plus(trial_set, trial_set) IS 'the trials of both, conditions of the same label joined; an error if the numbers of units differ';
CREATE OPERATOR + (LEFTARG = trial_set, RIGHTARG = trial_set, FUNCTION = trial_set_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (trial_set, trial_set) IS 'the trials of both, conditions of the same label joined';

CREATE FUNCTION labels(t trial_set) RETURNS text[]
    AS 'MODULE_PATHNAME', 'trials_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION labels(trial_set) IS 'the labels of the conditions: whole numbers by value, then text bytewise';
CREATE FUNCTION n_samples(t trial_set) RETURNS bigint
    AS 'MODULE_PATHNAME', 'trials_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(trial_set) IS 'number of trials, of all conditions';

-- the distance

CREATE FUNCTION stochastic_shape_distance(a trial_set, b trial_set, alpha float8 DEFAULT 1, seed bigint DEFAULT 0) RETURNS float8
    AS 'MODULE_PATHNAME', 'trials_stochastic_shape' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION stochastic_shape_distance(trial_set, trial_set, float8, bigint) IS 'stochastic shape distance of two noisy populations (Duong et al. 2023; netrep''s GaussianStochasticMetric): each condition''s trials as a Gaussian with its mean m and covariance S (n - 1), and after the best rotation Q of b onto a the root of the mean over conditions of alpha |m_a - Q m_b|^2 + (2 - alpha) Bures(S_a, Q S_b Q'')^2; alpha 1 (the default): 2-Wasserstein, 2: means alone, 0: covariances alone; in the units of the responses, means are not centred; conditions are those that both have (one trial has covariance 0); where the units differ in number the fewer are padded with units of zeros; found by alternating Procrustes steps from the means'' solution, the identity and random rotations by the seed, at most 1,000 steps: the minimum is not convex, so a distance may be a local one, too large, and of responses with little in common another one in rows of another order or plan, which is also what the triangle inequality can fail by; an error for an alpha outside 0 to 2, and where no condition is shared';

CREATE AGGREGATE stochastic_shape_distance(label text, x tensor, y tensor) (
    SFUNC = trials_add, STYPE = trial_set, SSPACE = 67108864,
    FINALFUNC = stochastic_shape_distance_final, COMBINEFUNC = trial_set_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic_shape_distance(text, tensor, tensor) IS 'stochastic shape distance of two populations from their trials, at alpha 1: x and y the responses in a trial of the condition that the label names; trials of the two need not be paired: where one is NULL the row counts for the other alone; rows without label and no row as trials_agg; otherwise as stochastic_shape_distance(trial_set, trial_set), seed 0';
CREATE AGGREGATE stochastic_shape_distance(label text, x tensor, y tensor, alpha float8) (
    SFUNC = trials_add, STYPE = trial_set, SSPACE = 67108864,
    FINALFUNC = stochastic_shape_distance_final, COMBINEFUNC = trial_set_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic_shape_distance(text, tensor, tensor, float8) IS 'the same at this alpha, from 0 (covariances alone) to 2 (means alone), the same in every row';

CREATE AGGREGATE stochastic_shape_distance(label bigint, x tensor, y tensor) (
    SFUNC = trials_add, STYPE = trial_set, SSPACE = 67108864,
    FINALFUNC = stochastic_shape_distance_final, COMBINEFUNC = trial_set_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic_shape_distance(bigint, tensor, tensor) IS 'stochastic shape distance of two populations from their trials, at alpha 1: x and y the responses in a trial of the condition that the label names; trials of the two need not be paired: where one is NULL the row counts for the other alone; rows without label and no row as trials_agg; otherwise as stochastic_shape_distance(trial_set, trial_set), seed 0';
CREATE AGGREGATE stochastic_shape_distance(label bigint, x tensor, y tensor, alpha float8) (
    SFUNC = trials_add, STYPE = trial_set, SSPACE = 67108864,
    FINALFUNC = stochastic_shape_distance_final, COMBINEFUNC = trial_set_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic_shape_distance(bigint, tensor, tensor, float8) IS 'the same at this alpha, from 0 (covariances alone) to 2 (means alone), the same in every row';
