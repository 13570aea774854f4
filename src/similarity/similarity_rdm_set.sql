-- many RDMs, all pairs: rdm_similarity

CREATE TYPE rdm_set;

CREATE FUNCTION rdm_set_in(cstring) RETURNS rdm_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_set_in(cstring) IS 'input of type rdm_set: rdm_set(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION rdm_set_out(rdm_set) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_set_out(rdm_set) IS 'output of type rdm_set';
CREATE FUNCTION rdm_set_recv(internal) RETURNS rdm_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_set_recv(internal) IS 'binary input of type rdm_set; every length, label and value is checked';
CREATE FUNCTION rdm_set_send(rdm_set) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_set_send(rdm_set) IS 'binary output of type rdm_set, little-endian; rdm_set_recv gives back the same state exactly';

CREATE TYPE rdm_set (
    INPUT = rdm_set_in, OUTPUT = rdm_set_out, RECEIVE = rdm_set_recv, SEND = rdm_set_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE rdm_set IS 'labelled RDMs and the method to compare them by; made by rdm_similarity, merged by + and sum, read by similarity_matrix and similarity_pairs; at most 1 GB where it is stored, not in flight';

CREATE FUNCTION rdm_set_add(rdm_set, text, rdm, text) RETURNS rdm_set
    AS 'MODULE_PATHNAME', 'rdm_set_add_text' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rdm_set_add(rdm_set, text, rdm, text) IS 'transition function of rdm_similarity(label text, rdm, method)';
CREATE FUNCTION rdm_set_add(rdm_set, bigint, rdm, text) RETURNS rdm_set
    AS 'MODULE_PATHNAME', 'rdm_set_add_bigint' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rdm_set_add(rdm_set, bigint, rdm, text) IS 'transition function of rdm_similarity(label bigint, rdm, method)';
CREATE FUNCTION rdm_set_combine(rdm_set, rdm_set) RETURNS rdm_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rdm_set_combine(rdm_set, rdm_set) IS 'combine function of rdm_similarity; transition and combine function of sum(rdm_set)';
CREATE FUNCTION rdm_set_final(rdm_set) RETURNS rdm_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_set_final(rdm_set) IS 'final function of rdm_similarity and sum(rdm_set): hands the state on without copying it';

CREATE AGGREGATE rdm_similarity(label text, rdm rdm, method text) (
    SFUNC = rdm_set_add, STYPE = rdm_set, SSPACE = 67108864,
    FINALFUNC = rdm_set_final, COMBINEFUNC = rdm_set_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm_similarity(text, rdm, text) IS 'RDMs (of layers, areas, subjects), each under a label of its own, to be compared all with all by one method of rdm_compare: similarity_matrix gives the matrix, similarity_pairs the rows, as in `SELECT p.* FROM (SELECT rdm_similarity(layer, r, ''spearman'') AS s FROM t) q, similarity_pairs(q.s) AS p`. Rows with a NULL label or rdm are skipped, no row gives NULL. Memory: the RDMs. Errors: an unknown or NULL method, or two of them; two RDMs of one label; neuroenc.memory_limit';
CREATE AGGREGATE rdm_similarity(label bigint, rdm rdm, method text) (
    SFUNC = rdm_set_add, STYPE = rdm_set, SSPACE = 67108864,
    FINALFUNC = rdm_set_final, COMBINEFUNC = rdm_set_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rdm_similarity(bigint, rdm, text) IS 'rdm_similarity of numbered RDMs, in the order of their numbers; otherwise as rdm_similarity(label text, rdm, method)';
CREATE AGGREGATE sum(rdm_set) (
    SFUNC = rdm_set_combine, STYPE = rdm_set, SSPACE = 67108864,
    FINALFUNC = rdm_set_final, COMBINEFUNC = rdm_set_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(rdm_set) IS 'the union of sets of RDMs: as if rdm_similarity had seen the rows of all; an error if two have the same label, or are compared by different methods';
CREATE FUNCTION rdm_set_plus(rdm_set, rdm_set) RETURNS rdm_set
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rdm_set_plus(rdm_set, rdm_set) IS 'the union of two sets of RDMs';
CREATE OPERATOR + (LEFTARG = rdm_set, RIGHTARG = rdm_set, FUNCTION = rdm_set_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (rdm_set, rdm_set) IS 'the union of two sets of RDMs; an error if both have an RDM of the same label, or are compared by different methods';

CREATE FUNCTION labels(s rdm_set) RETURNS text[]
    AS 'MODULE_PATHNAME', 'rdm_set_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION labels(rdm_set) IS 'the labels of the RDMs in the order of the rows of similarity_matrix: whole numbers by value, then text bytewise';
CREATE FUNCTION n_rdms(s rdm_set) RETURNS int
    AS 'MODULE_PATHNAME', 'rdm_set_n_rdms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION n_rdms(rdm_set) IS 'number of RDMs';
CREATE FUNCTION method(s rdm_set) RETURNS text
    AS 'MODULE_PATHNAME', 'rdm_set_method' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION method(rdm_set) IS 'the method of rdm_compare by which the RDMs are compared';

CREATE FUNCTION similarity_matrix(s rdm_set) RETURNS tensor
    AS 'MODULE_PATHNAME', 'rdm_set_matrix' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION similarity_matrix(rdm_set) IS 'rdm_compare of all pairs of n RDMs: a symmetric n x n float8 matrix, rows and columns in the order of labels(s), NaN where it is not defined. On the diagonal an RDM with itself: 1, or 0 for euclidean and bures_distance; rho_a and kendall_tau_a are less than 1 there where distances tie. RDMs of the same labels without missing pairs are ranked, centred, whitened or decomposed once each, and all their pairs are one matrix product (Kendall''s tau and bures go pair by pair), n^2 m flops for m pairs of conditions, on neuroenc.threads threads; others are compared pair by pair over what the two share. Errors: two RDMs that share fewer than 3 conditions, by label; a missing pair for cka and bures; neuroenc.memory_limit';
CREATE FUNCTION similarity_pairs(s rdm_set) RETURNS TABLE (label_a text, label_b text, value float8)
    AS 'MODULE_PATHNAME', 'rdm_set_pairs' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 1000;
COMMENT ON FUNCTION similarity_pairs(rdm_set) IS 'similarity_matrix as rows: rdm_compare of each pair of two different RDMs, once, label_a before label_b in the order of labels(s); value is NULL where it is not defined';
