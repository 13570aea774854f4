-- gram: the sufficient statistics of (x, y), by fold

CREATE TYPE gram;

CREATE FUNCTION gram_in(cstring) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gram_in(cstring) IS 'input of type gram: gram(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION gram_out(gram) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gram_out(gram) IS 'output of type gram';
CREATE FUNCTION gram_recv(internal) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gram_recv(internal) IS 'binary input of type gram; every length, count and value is checked';
CREATE FUNCTION gram_send(gram) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gram_send(gram) IS 'binary output of type gram, little-endian; gram_recv gives back the same state exactly';

CREATE TYPE gram (
    INPUT = gram_in, OUTPUT = gram_out, RECEIVE = gram_recv, SEND = gram_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE gram IS 'sufficient statistics of features x and responses y by fold: counts, means, X''X, X''Y and the diagonal of Y''Y, or the rows themselves while they take fewer bytes; made by gram_agg, merged by + and sum, solved by ridge_cv, ridge, pca; at most 1 GB where it is stored, not in flight';

-- making one

CREATE FUNCTION gram_agg_x(gram, tensor) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION gram_agg_x(gram, tensor) IS 'transition function of gram_agg(x)';
CREATE FUNCTION gram_agg_xy(gram, tensor, tensor) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION gram_agg_xy(gram, tensor, tensor) IS 'transition function of gram_agg(x, y)';
CREATE FUNCTION gram_agg_xy_fold(gram, tensor, tensor, bigint) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION gram_agg_xy_fold(gram, tensor, tensor, bigint) IS 'transition function of gram_agg(x, y, fold)';
CREATE FUNCTION gram_combine(gram, gram) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION gram_combine(gram, gram) IS 'combine function of gram_agg; transition and combine function of sum(gram)';
CREATE FUNCTION gram_final(gram) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gram_final(gram) IS 'final function of gram_agg and sum(gram): hands the state on without copying it';

CREATE AGGREGATE gram_agg(x tensor) (
    SFUNC = gram_agg_x, STYPE = gram, SSPACE = 67108864,
    FINALFUNC = gram_final, COMBINEFUNC = gram_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE gram_agg(tensor) IS 'gram of features alone, for pca: x a vector of p finite elements a row (a tensor without dimensions counts as one element); NULL rows are skipped, no row gives NULL; memory: the smaller of the rows and 8 p^2 bytes; an error names the row and element that is NaN or infinite, or the row of another length, and says what neuroenc.memory_limit would not hold';
CREATE AGGREGATE gram_agg(x tensor, y tensor) (
    SFUNC = gram_agg_xy, STYPE = gram, SSPACE = 67108864,
    FINALFUNC = gram_final, COMBINEFUNC = gram_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE gram_agg(tensor, tensor) IS 'gram of features x (p finite elements) and responses y (v elements, NaN = missing for that target alone), without folds: ridge_cv then uses generalized cross-validation; rows with a NULL are skipped, no row gives NULL; numbers, memory and errors as gram_agg(x, y, fold)';
CREATE AGGREGATE gram_agg(x tensor, y tensor, fold bigint) (
    SFUNC = gram_agg_xy_fold, STYPE = gram, SSPACE = 67108864,
    FINALFUNC = gram_final, COMBINEFUNC = gram_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE gram_agg(tensor, tensor, bigint) IS 'gram of features x (p finite elements) and responses y (v elements, NaN = missing for that target alone) by cross-validation fold (a scanner run, a session, a subject); fold is any bigint, ids need not follow one another; rows with a NULL are skipped, no row gives NULL; sums are float8 about a provisional mean (Chan, Golub and LeVeque 1983), X''Y of float4 rows is multiplied in float4 within a block of rows where p v is 250,000 and more (give x as float8, x::tensor(float8), where features are nearly equal, a thousandth of their spread apart or less, and alphas go below a millionth of the largest eigenvalue of X''X: R2 would be off by 1e-5 to 3e-4 there); memory: the smaller of the rows and 8 p (p + v) bytes a fold, and again for each pattern of missing targets; an error names the row and element of an x that is NaN or infinite or a y that is infinite, a row of another length, and both figures where neuroenc.memory_limit would be passed';

CREATE AGGREGATE sum(gram) (
    SFUNC = gram_combine, STYPE = gram, SSPACE = 67108864,
    FINALFUNC = gram_final, COMBINEFUNC = gram_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(gram) IS 'the gram of all rows of all grams: folds of the same number are joined; NULLs are skipped, no gram gives NULL; an error if features, targets or the presence of folds differ';

-- sums and differences

CREATE FUNCTION gram_plus(gram, gram) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION gram_plus(gram, gram) IS 'the gram of the rows of both; folds of the same number are joined, so give sessions folds of their own (session * 100 + run)';
CREATE OPERATOR + (LEFTARG = gram, RIGHTARG = gram, FUNCTION = gram_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (gram, gram) IS 'the gram of the rows of both; folds of the same number are joined';

CREATE FUNCTION gram_minus(gram, gram) RETURNS gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION gram_minus(gram, gram) IS 'the gram without the rows of the second, which were added to it before: works on moments, so held rows are folded in; an error if that leaves a negative count or variance';
CREATE OPERATOR - (LEFTARG = gram, RIGHTARG = gram, FUNCTION = gram_minus);
COMMENT ON OPERATOR - (gram, gram) IS 'the gram without the rows of the second, which were added before; where whole folds go, without_folds is exact';

-- counts and parts

CREATE FUNCTION n_samples(g gram) RETURNS bigint
    AS 'MODULE_PATHNAME', 'gram_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(gram) IS 'number of rows, of all folds, those with missing targets included';
CREATE FUNCTION n_features(g gram) RETURNS int
    AS 'MODULE_PATHNAME', 'gram_n_features' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_features(gram) IS 'number of features, the elements of x';
CREATE FUNCTION n_targets(g gram) RETURNS int
    AS 'MODULE_PATHNAME', 'gram_n_targets' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_targets(gram) IS 'number of targets, the elements of y; 0 for a gram of x alone';
CREATE FUNCTION folds(g gram) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'gram_folds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION folds(gram) IS 'the folds, ascending; NULL for a gram made without a fold column';

CREATE FUNCTION fold(g gram, folds bigint[]) RETURNS gram
    AS 'MODULE_PATHNAME', 'gram_fold' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION fold(gram, bigint[]) IS 'the part of the gram from these folds, in any order, repeats count once; an error names a fold that is not there, or says that the gram has no folds';
CREATE FUNCTION without_folds(g gram, folds bigint[]) RETURNS gram
    AS 'MODULE_PATHNAME', 'gram_without_folds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION without_folds(gram, bigint[]) IS 'the gram without these folds: the sum of the others, exact (nothing is subtracted); all folds leave a gram of no rows; an error names a fold that is not there, or says that the gram has no folds';
CREATE FUNCTION gram_features(g gram, features int[]) RETURNS gram
    AS 'MODULE_PATHNAME', 'gram_select_features' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION gram_features(gram, int[]) IS 'the gram of these features (from 1, in this order, repeats allowed) and all targets, without a scan: fits of subsets of features from one gram; an error names a feature that is not there; so is an empty array';
CREATE FUNCTION gram_targets(g gram, targets int[]) RETURNS gram
    AS 'MODULE_PATHNAME', 'gram_select_targets' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION gram_targets(gram, int[]) IS 'the gram of all features and these targets (from 1, in this order, repeats allowed), without a scan; an error names a target that is not there; so is an empty array';
