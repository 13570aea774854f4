-- contingency: how often each pair of labels came, what two labelings of the same rows are compared by

CREATE TYPE contingency;

CREATE FUNCTION contingency_in(cstring) RETURNS contingency
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contingency_in(cstring) IS 'input of type contingency: contingency(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION contingency_out(contingency) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contingency_out(contingency) IS 'output of type contingency';
CREATE FUNCTION contingency_recv(internal) RETURNS contingency
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contingency_recv(internal) IS 'binary input of type contingency; every length and count is checked, and labels are converted from the encoding of the database that wrote them';
CREATE FUNCTION contingency_send(contingency) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contingency_send(contingency) IS 'binary output of type contingency, little-endian; contingency_recv gives back the same state exactly';

CREATE TYPE contingency (
    INPUT = contingency_in, OUTPUT = contingency_out, RECEIVE = contingency_recv, SEND = contingency_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE contingency IS 'how often each pair of labels (a, b) came, as many numbers as there are different pairs; made by contingency_agg, merged by + and sum, listed by entries, read by adjusted_rand, ami and the other indices of agreement, by f1 and class_scores: several indices of one reading. At most 2^62 rows, and 1 GB where it is stored';

CREATE FUNCTION contingency_add(contingency, text, text) RETURNS contingency
    AS 'MODULE_PATHNAME', 'contingency_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION contingency_add(contingency, text, text) IS 'transition function of contingency_agg and of what is read from such counts';
CREATE FUNCTION contingency_add(contingency, bigint, bigint) RETURNS contingency
    AS 'MODULE_PATHNAME', 'contingency_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION contingency_add(contingency, bigint, bigint) IS 'transition function of contingency_agg and of what is read from such counts where labels are numbers';
CREATE FUNCTION contingency_combine(contingency, contingency) RETURNS contingency
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION contingency_combine(contingency, contingency) IS 'combine function of contingency_agg and of the indices of agreement; transition and combine function of sum(contingency)';
CREATE FUNCTION contingency_final(contingency) RETURNS contingency
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contingency_final(contingency) IS 'final function of contingency_agg and sum(contingency): hands the state on without copying it';

CREATE AGGREGATE contingency_agg(a text, b text) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = contingency_final, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE contingency_agg(text, text) IS 'counts of the pairs of labels a (classes, what is known) and b (clusters, what was found) of the same rows; rows where a or b is NULL are skipped, no row gives NULL. Errors: more than 67108864 different labels, neuroenc.memory_limit';
CREATE AGGREGATE contingency_agg(a bigint, b bigint) (
    SFUNC = contingency_add, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = contingency_final, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE contingency_agg(bigint, bigint) IS 'contingency_agg(a, b) with labels given as numbers, such as kmeans() makes';
CREATE AGGREGATE sum(contingency) (
    SFUNC = contingency_combine, STYPE = contingency, SSPACE = 65536,
    FINALFUNC = contingency_final, COMBINEFUNC = contingency_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(contingency) IS 'the counts of all contingencies; NULLs are skipped, none gives NULL';

CREATE FUNCTION contingency_plus(contingency, contingency) RETURNS contingency
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contingency_plus(contingency, contingency) IS 'the counts of both';
CREATE OPERATOR + (LEFTARG = contingency, RIGHTARG = contingency, FUNCTION = contingency_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (contingency, contingency) IS 'the counts of both';

CREATE FUNCTION n_samples(c contingency) RETURNS bigint
    AS 'MODULE_PATHNAME', 'contingency_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(contingency) IS 'number of rows';
CREATE FUNCTION entries(c contingency) RETURNS TABLE (a text, b text, n bigint)
    AS 'MODULE_PATHNAME', 'contingency_entries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION entries(contingency) IS 'the pairs of labels that came and how often, in the order of their labels: whole numbers by value, then other labels bytewise';
