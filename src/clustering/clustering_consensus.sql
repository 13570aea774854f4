-- label_sets: labels that many runs gave to the same rows, their co-association and consensus

CREATE TYPE label_sets;

CREATE FUNCTION label_sets_in(cstring) RETURNS label_sets
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_sets_in(cstring) IS 'input of type label_sets: label_sets(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION label_sets_out(label_sets) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_sets_out(label_sets) IS 'output of type label_sets';
CREATE FUNCTION label_sets_recv(internal) RETURNS label_sets
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_sets_recv(internal) IS 'binary input of type label_sets; lengths and numbers are checked, and labels are converted from the encoding of the database that wrote them';
CREATE FUNCTION label_sets_send(label_sets) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_sets_send(label_sets) IS 'binary output of type label_sets, little-endian; label_sets_recv gives back the same state exactly';

CREATE TYPE label_sets (
    INPUT = label_sets_in, OUTPUT = label_sets_out, RECEIVE = label_sets_recv, SEND = label_sets_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE label_sets IS 'labels that many runs of clustering (other seeds, methods, sessions or subjects) gave to the same rows: ids, runs, labels. Made by label_sets_agg, merged by + and sum, read by coassociation() and consensus(). At most 1 GB where it is stored, not in flight';

CREATE FUNCTION label_sets_add(label_sets, bigint, bigint, text) RETURNS label_sets
    AS 'MODULE_PATHNAME', 'label_sets_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION label_sets_add(label_sets, bigint, bigint, text) IS 'transition function of label_sets_agg(id, run, label) and coassociation(id, run, label)';
CREATE FUNCTION label_sets_add(label_sets, bigint, bigint, bigint) RETURNS label_sets
    AS 'MODULE_PATHNAME', 'label_sets_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION label_sets_add(label_sets, bigint, bigint, bigint) IS 'transition function of label_sets_agg(id, run, label) and coassociation(id, run, label) where labels are numbers';
CREATE FUNCTION label_sets_combine(label_sets, label_sets) RETURNS label_sets
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION label_sets_combine(label_sets, label_sets) IS 'combine function of the aggregates over label sets; transition and combine function of sum(label_sets)';
CREATE FUNCTION label_sets_final(label_sets) RETURNS label_sets
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_sets_final(label_sets) IS 'final function of label_sets_agg and sum(label_sets): hands the state on without copying it';

CREATE AGGREGATE label_sets_agg(id bigint, run bigint, label text) (
    SFUNC = label_sets_add, STYPE = label_sets, SSPACE = 1048576,
    FINALFUNC = label_sets_final, COMBINEFUNC = label_sets_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE label_sets_agg(bigint, bigint, text) IS 'the labels that each run gave to rows (ids). The label -1 is noise: such a row is together with none. A label means the same only within its run. Rows with a NULL are skipped, no row gives NULL';
CREATE AGGREGATE label_sets_agg(id bigint, run bigint, label bigint) (
    SFUNC = label_sets_add, STYPE = label_sets, SSPACE = 1048576,
    FINALFUNC = label_sets_final, COMBINEFUNC = label_sets_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE label_sets_agg(bigint, bigint, bigint) IS 'label_sets_agg(id, run, label) with labels given as numbers, such as kmeans() makes';
CREATE AGGREGATE sum(label_sets) (
    SFUNC = label_sets_combine, STYPE = label_sets, SSPACE = 1048576,
    FINALFUNC = label_sets_final, COMBINEFUNC = label_sets_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(label_sets) IS 'the labels of all label sets; NULLs are skipped, none gives NULL';
CREATE FUNCTION label_sets_plus(label_sets, label_sets) RETURNS label_sets
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION label_sets_plus(label_sets, label_sets) IS 'the labels of both';
CREATE OPERATOR + (LEFTARG = label_sets, RIGHTARG = label_sets, FUNCTION = label_sets_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (label_sets, label_sets) IS 'the labels of both';

CREATE FUNCTION coassociation(s label_sets) RETURNS rdm
    AS 'MODULE_PATHNAME', 'label_sets_coassociation' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION coassociation(label_sets) IS 'for each pair of ids 1 - (runs in which they have the same label) / (runs that label both), as an rdm whose labels are the ids: 0 for rows that are always together (Fred and Jain 2005). A pair that no run labels is missing. Noise (-1) is together with none. An error names a run that labels an id twice, and past the conditions that an rdm can have';
CREATE AGGREGATE coassociation(id bigint, run bigint, label text) (
    SFUNC = label_sets_add, STYPE = label_sets, SSPACE = 1048576,
    FINALFUNC = coassociation, COMBINEFUNC = label_sets_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE coassociation(bigint, bigint, text) IS 'coassociation(label_sets_agg(id, run, label))';
CREATE AGGREGATE coassociation(id bigint, run bigint, label bigint) (
    SFUNC = label_sets_add, STYPE = label_sets, SSPACE = 1048576,
    FINALFUNC = coassociation, COMBINEFUNC = label_sets_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE coassociation(bigint, bigint, bigint) IS 'coassociation(label_sets_agg(id, run, label)) with labels given as numbers';
CREATE FUNCTION consensus(s label_sets, k int, method text DEFAULT 'ward') RETURNS TABLE (id bigint, cluster int)
    AS 'MODULE_PATHNAME', 'label_sets_consensus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION consensus(label_sets, int, text) IS 'k clusters on which many runs agree: the cut of linkage(coassociation(s), method) to k, a row an id, in the order of ids; clusters are numbered from 1 by size, the largest first, those of one size by their first id. Methods as of linkage(); ward takes 1 - co-association as if it were a euclidean distance. An error names a pair that no run labels both of, a run that labels an id twice, a k that is not from 1 to the number of ids, and what neuroenc.memory_limit would not hold (8 n (n - 1) / 2 bytes for n ids). (Strehl and Ghosh 2002; Fred and Jain 2005)';
