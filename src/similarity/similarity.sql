-- rdm: a labelled representational dissimilarity matrix

CREATE TYPE rdm;

CREATE FUNCTION rdm_in(cstring) RETURNS rdm
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_in(cstring) IS 'input of type rdm: rdm(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION rdm_out(rdm) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_out(rdm) IS 'output of type rdm';
CREATE FUNCTION rdm_recv(internal) RETURNS rdm
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_recv(internal) IS 'binary input of type rdm; every length, label and count is checked';
CREATE FUNCTION rdm_send(rdm) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_send(rdm) IS 'binary output of type rdm, little-endian; rdm_recv gives back the same value exactly';

CREATE TYPE rdm (
    INPUT = rdm_in, OUTPUT = rdm_out, RECEIVE = rdm_recv, SEND = rdm_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE rdm IS 'representational dissimilarity matrix (Kriegeskorte, Mur and Bandettini 2008): a float8 distance a pair of labelled conditions, NaN where a pair is missing, and the metric it was made by; conditions are in the order of their labels (whole numbers by value, then text bytewise), and two RDMs are always aligned by label; made by the aggregate rdm and by rdm_from_matrix; at most 16,000 conditions';

-- a matrix as an rdm, and back

CREATE FUNCTION rdm_from_matrix(labels text[], d tensor, metric text DEFAULT 'unknown') RETURNS rdm
    AS 'MODULE_PATHNAME', 'rdm_from_matrix' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm_from_matrix(text[], tensor, text) IS 'the rdm of a symmetric n x n matrix of distances whose rows and columns are the n labels, in any order; NaN is a missing pair; metric says what the distances are, so that cka and bures know what to square: unknown, correlation, cosine, euclidean, sqeuclidean, cityblock, mahalanobis, crossnobis, poisson, transformed; an error if the shape is not that of the labels, if a label is NULL or there twice, if an element is infinite, if the diagonal is not 0 (NaN passes) or if two mirrored elements differ by more than 1e-6 of their size';
CREATE FUNCTION labels(r rdm) RETURNS text[]
    AS 'MODULE_PATHNAME', 'rdm_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION labels(rdm) IS 'the labels of the conditions in the order of the rows of rdm_matrix: whole numbers by value, then text bytewise';
CREATE FUNCTION n_conditions(r rdm) RETURNS int
    AS 'MODULE_PATHNAME', 'rdm_n_conditions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_conditions(rdm) IS 'number of conditions';
CREATE FUNCTION metric(r rdm) RETURNS text
    AS 'MODULE_PATHNAME', 'rdm_metric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION metric(rdm) IS 'what the distances are: correlation, cosine, euclidean, sqeuclidean, cityblock, mahalanobis, crossnobis, poisson; unknown for a matrix from elsewhere, transformed for ranks and other transforms';
CREATE FUNCTION rdm_matrix(r rdm) RETURNS tensor
    AS 'MODULE_PATHNAME', 'rdm_matrix' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_matrix(rdm) IS 'the distances as a symmetric n x n float8 matrix, rows and columns in the order of labels(r), 0 on the diagonal, NaN where a pair is missing; over 1 GB (11,500 conditions) is an error';
