-- features that are active together

CREATE TYPE cooccurrence;

CREATE FUNCTION cooccurrence_in(cstring) RETURNS cooccurrence
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cooccurrence_in(cstring) IS 'input of type cooccurrence: cooccurrence(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION cooccurrence_out(cooccurrence) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cooccurrence_out(cooccurrence) IS 'output of type cooccurrence';
CREATE FUNCTION cooccurrence_recv(internal) RETURNS cooccurrence
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cooccurrence_recv(internal) IS 'binary input of type cooccurrence; every length and count is checked';
CREATE FUNCTION cooccurrence_send(cooccurrence) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cooccurrence_send(cooccurrence) IS 'binary output of type cooccurrence, little-endian; cooccurrence_recv gives back the same state exactly';

CREATE TYPE cooccurrence (
    INPUT = cooccurrence_in, OUTPUT = cooccurrence_out, RECEIVE = cooccurrence_recv, SEND = cooccurrence_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE cooccurrence IS 'in how many of n rows each pair of p features is active, exactly; made by the aggregate cooccurrence, merged by + and sum, read by phi, cooccurrence_matrix and cooccurrence_graph. 2 p^2 bytes; at most 1 GB (23,000 features) where it is stored, not in flight';

CREATE FUNCTION cooccurrence_add(cooccurrence, tensor) RETURNS cooccurrence
    AS 'MODULE_PATHNAME', 'cooccurrence_add_codes' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cooccurrence_add(cooccurrence, tensor) IS 'transition function of cooccurrence(codes)';
CREATE FUNCTION cooccurrence_add(cooccurrence, tensor, float8) RETURNS cooccurrence
    AS 'MODULE_PATHNAME', 'cooccurrence_add_codes' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cooccurrence_add(cooccurrence, tensor, float8) IS 'transition function of cooccurrence(codes, threshold)';
CREATE FUNCTION cooccurrence_combine(cooccurrence, cooccurrence) RETURNS cooccurrence
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cooccurrence_combine(cooccurrence, cooccurrence) IS 'combine function of cooccurrence; transition and combine function of sum(cooccurrence)';
CREATE FUNCTION cooccurrence_final(cooccurrence) RETURNS cooccurrence
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cooccurrence_final(cooccurrence) IS 'final function of cooccurrence and sum(cooccurrence): hands the state on without copying it';

CREATE AGGREGATE cooccurrence(codes tensor) (
    SFUNC = cooccurrence_add, STYPE = cooccurrence, SSPACE = 67108864,
    FINALFUNC = cooccurrence_final, COMBINEFUNC = cooccurrence_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cooccurrence(tensor) IS 'in how many rows each pair of features is active: codes is a vector of p activities (such as those of a sparse autoencoder), of which those over 0 are active. A row is what counts as together: a token, or a block of them (max(codes) grouped by block). Rows where codes is NULL are skipped, no row gives NULL. Cost of a row: a^2 / 2 increments for a active features, or p^2 flops of a matrix product where more than an eighth is active; memory 2 p^2 bytes. Errors: a NaN, vectors of different lengths, more than 65,536 features or 4,294,967,295 rows, neuroenc.memory_limit';
CREATE AGGREGATE cooccurrence(codes tensor, threshold float8) (
    SFUNC = cooccurrence_add, STYPE = cooccurrence, SSPACE = 67108864,
    FINALFUNC = cooccurrence_final, COMBINEFUNC = cooccurrence_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cooccurrence(tensor, float8) IS 'cooccurrence(codes) where activities over threshold, the same in every row, are active';
CREATE AGGREGATE sum(cooccurrence) (
    SFUNC = cooccurrence_combine, STYPE = cooccurrence, SSPACE = 67108864,
    FINALFUNC = cooccurrence_final, COMBINEFUNC = cooccurrence_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(cooccurrence) IS 'the counts over the rows of all; NULLs are skipped, none gives NULL; an error if features or thresholds differ';
CREATE FUNCTION cooccurrence_plus(cooccurrence, cooccurrence) RETURNS cooccurrence
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cooccurrence_plus(cooccurrence, cooccurrence) IS 'the counts over the rows of both';
CREATE OPERATOR + (LEFTARG = cooccurrence, RIGHTARG = cooccurrence, FUNCTION = cooccurrence_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (cooccurrence, cooccurrence) IS 'the counts over the rows of both';

CREATE FUNCTION n_samples(c cooccurrence) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cooccurrence_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(cooccurrence) IS 'number of rows';
CREATE FUNCTION n_features(c cooccurrence) RETURNS int
    AS 'MODULE_PATHNAME', 'cooccurrence_n_features' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_features(cooccurrence) IS 'number of features';

CREATE FUNCTION cooccurrence_matrix(c cooccurrence, method text DEFAULT 'phi') RETURNS tensor
    AS 'MODULE_PATHNAME', 'clustering_cooccurrence_matrix' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cooccurrence_matrix(cooccurrence, text) IS 'p x p float8, how far each pair of features goes together. With n rows, n11 where both are active, n1 and n2 where the one and the other is, n00 = n + n11 - n1 - n2 where none is: phi, Pearson''s r of the two activities, (n11 n00 - n10 n01) / sqrt(n1 (n - n1) n2 (n - n2)) (Yule 1912), 1 on the diagonal and 0 in the rows of a feature that is always or never active; jaccard, n11 / (n1 + n2 - n11); dice, 2 n11 / (n1 + n2); overlap, n11 / min(n1, n2); matching, (n11 + n00) / n; count, n11, with n1 on the diagonal; 0 where what is divided by is 0. Errors: an unknown method, more than 1 GB (11,585 features)';
CREATE FUNCTION phi(c cooccurrence) RETURNS tensor
    AS 'MODULE_PATHNAME', 'clustering_phi' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION phi(cooccurrence) IS 'cooccurrence_matrix(c, ''phi''): the affinity by which Li et al. 2024 (The Geometry of Concepts) find lobes of features';
CREATE FUNCTION cooccurrence_graph(c cooccurrence, method text DEFAULT 'phi', above float8 DEFAULT 0) RETURNS graph
    AS 'MODULE_PATHNAME', 'clustering_cooccurrence_graph' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cooccurrence_graph(cooccurrence, text, float8) IS 'the graph of features, 1 .. p, that go together: an edge joins each pair whose cooccurrence_matrix(c, method) is over above (0: positive), and that is its weight; for leiden, where the matrix would be large or its negative values in the way. 24 bytes an edge. Errors: an unknown method, above negative or not finite, neuroenc.memory_limit';
