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
COMMENT ON FUNCTION rdm_recv(internal) IS 'binary input of type rdm; every length, label, distance and count is checked, and labels are converted from the encoding of the database that wrote them';
CREATE FUNCTION rdm_send(rdm) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_send(rdm) IS 'binary output of type rdm, little-endian; rdm_recv gives back the same value exactly';

CREATE TYPE rdm (
    INPUT = rdm_in, OUTPUT = rdm_out, RECEIVE = rdm_recv, SEND = rdm_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE rdm IS 'representational dissimilarity matrix (Kriegeskorte, Mur and Bandettini 2008): a float8 distance a pair of labelled conditions, NaN where a pair is missing, and the metric it was made by; conditions are in the order of their labels (whole numbers by value, then text bytewise), and two RDMs are always aligned by label; made by the aggregate rdm and by rdm_from_matrix; at most 16,000 conditions';
