-- cross_gram: what correlations of x with y take; corr

CREATE TYPE cross_gram;

CREATE FUNCTION cross_gram_in(cstring) RETURNS cross_gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cross_gram_in(cstring) IS 'input of type cross_gram: cross_gram(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION cross_gram_out(cross_gram) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cross_gram_out(cross_gram) IS 'output of type cross_gram';
CREATE FUNCTION cross_gram_recv(internal) RETURNS cross_gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cross_gram_recv(internal) IS 'binary input of type cross_gram; every length, count and value is checked';
CREATE FUNCTION cross_gram_send(cross_gram) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cross_gram_send(cross_gram) IS 'binary output of type cross_gram, little-endian; cross_gram_recv gives back the same state exactly';

CREATE TYPE cross_gram (
    INPUT = cross_gram_in, OUTPUT = cross_gram_out, RECEIVE = cross_gram_recv, SEND = cross_gram_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE cross_gram IS 'sums of two populations'' responses x and y to the same rows: counts, means, sums of squares and X''Y, without the X''X of a gram; made by cross_agg, merged by + and sum, read by corr and soft_match; 8 p q bytes; at most 1 GB where it is stored, not in flight';

CREATE FUNCTION cross_gram_add(cross_gram, tensor, tensor) RETURNS cross_gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cross_gram_add(cross_gram, tensor, tensor) IS 'transition function of cross_agg and soft_match';
CREATE FUNCTION cross_gram_combine(cross_gram, cross_gram) RETURNS cross_gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cross_gram_combine(cross_gram, cross_gram) IS 'combine function of cross_agg and soft_match; transition and combine function of sum(cross_gram)';
CREATE FUNCTION cross_gram_final(cross_gram) RETURNS cross_gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cross_gram_final(cross_gram) IS 'final function of cross_agg and sum(cross_gram): hands the state on without copying it';

CREATE AGGREGATE cross_agg(x tensor, y tensor) (
    SFUNC = cross_gram_add, STYPE = cross_gram, SSPACE = 67108864,
    FINALFUNC = cross_gram_final, COMBINEFUNC = cross_gram_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cross_agg(tensor, tensor) IS 'cross_gram of x (p finite elements a row, the units of one model or area) and y (q finite elements, those of another), for corr and soft_match: any number of rows in 8 p q bytes and a block of rows; half the work of gram_agg or less, which also takes X''X and targets that miss values; rows with a NULL are skipped, no row gives NULL; sums are float8 about a provisional mean (Chan, Golub and LeVeque 1983), products of float4 rows float4 within a block where p q is 250,000 and more; 2 n p q flops. Errors name the row, x or y and the element that is NaN or infinite, or the row of another length';

CREATE AGGREGATE sum(cross_gram) (
    SFUNC = cross_gram_combine, STYPE = cross_gram, SSPACE = 67108864,
    FINALFUNC = cross_gram_final, COMBINEFUNC = cross_gram_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(cross_gram) IS 'the cross_gram of all rows of all of them; NULLs are skipped, none gives NULL; an error if their units differ in number';

CREATE FUNCTION cross_gram_plus(cross_gram, cross_gram) RETURNS cross_gram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cross_gram_plus(cross_gram, cross_gram) IS 'the cross_gram of the rows of both; an error if their units differ in number';
CREATE OPERATOR + (LEFTARG = cross_gram, RIGHTARG = cross_gram, FUNCTION = cross_gram_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (cross_gram, cross_gram) IS 'the cross_gram of the rows of both';

CREATE FUNCTION n_samples(g cross_gram) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cross_gram_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(cross_gram) IS 'number of rows';

CREATE FUNCTION corr(g gram) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_corr_gram' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION corr(gram) IS 'Pearson''s r of every feature of x with every target of y, all folds together: a p x v float8 tensor, unit by unit where x and y are two models'' units; of a gram of x alone, p x p with 1 on the diagonal. A target that misses values (NaN) is correlated over the rows it has. NaN where a unit is constant or has fewer than 2 rows, as numpy.corrcoef. Rows are gone through once, by gram_agg, in constant memory; for the correlations alone cross_agg is cheaper, without X''X. An error past 1 GB, 8 p v bytes';
CREATE FUNCTION corr(g cross_gram) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_corr_cross_gram' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION corr(cross_gram) IS 'Pearson''s r of every unit of x with every unit of y: a p x q float8 tensor; NaN where a unit is constant or there are fewer than 2 rows. An error past 1 GB, 8 p q bytes';
