-- a matrix as an rdm, and back

CREATE FUNCTION rdm_from_matrix(labels text[], d tensor, metric text DEFAULT 'unknown') RETURNS rdm
    AS 'MODULE_PATHNAME', 'rdm_from_matrix' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rdm_from_matrix(text[], tensor, text) IS 'the rdm of a symmetric n x n matrix of distances whose rows and columns are the n labels, in any order; NaN is a missing pair; metric says what the distances are, so that cka and bures know what to square: unknown, correlation, cosine, euclidean, sqeuclidean, cityblock, mahalanobis, crossnobis, poisson, transformed; an error if the shape is not that of the labels, if a label is NULL or there twice, if an element is infinite, if a diagonal element is not 0 or two mirrored elements differ, by more than 1e-6 of the largest distance (a diagonal of NaN passes)';
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
CREATE FUNCTION rdm_counts(r rdm) RETURNS tensor
    AS 'MODULE_PATHNAME', 'rdm_counts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_counts(rdm) IS 'how many RDMs had each pair of a mean (avg), as a symmetric n x n float8 matrix in the order of labels(r), 0 on the diagonal; of an rdm that is not a mean, 1 where the pair is there and 0 where it is missing';
CREATE FUNCTION rdm_entries(r rdm) RETURNS TABLE (a text, b text, distance float8)
    AS 'MODULE_PATHNAME', 'rdm_entries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5000;
COMMENT ON FUNCTION rdm_entries(rdm) IS 'a row a pair of conditions, n (n - 1) / 2 in all, in the order of SciPy''s squareform: (1,2) (1,3) .. (2,3) .. with the conditions in the order of labels(r); distance is NULL where the pair is missing';

-- some of its conditions

CREATE FUNCTION rdm_subset(r rdm, labels text[]) RETURNS rdm
    AS 'MODULE_PATHNAME', 'rdm_subset_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_subset(rdm, text[]) IS 'the conditions of these labels, in the order of their labels whatever the array''s; metric and counts stay; an error if a label is not there, is NULL or comes twice (a bare ''{a,b}'' fits the bigint form too: write ARRAY[''a'',''b''])';
CREATE FUNCTION rdm_subset(r rdm, labels bigint[]) RETURNS rdm
    AS 'MODULE_PATHNAME', 'rdm_subset_labels' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_subset(rdm, bigint[]) IS 'the conditions of these labels, given as numbers; otherwise as rdm_subset(rdm, text[])';
CREATE FUNCTION rdm_distance(r rdm, a text, b text) RETURNS float8
    AS 'MODULE_PATHNAME', 'rdm_distance_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_distance(rdm, text, text) IS 'the distance of conditions a and b: 0 if they are the same, NULL if the pair is missing; an error if one is not there. For many pairs of one rdm rdm_entries is faster: each call reads the whole rdm';
CREATE FUNCTION rdm_distance(r rdm, a bigint, b bigint) RETURNS float8
    AS 'MODULE_PATHNAME', 'rdm_distance_bigint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rdm_distance(rdm, bigint, bigint) IS 'the distance of conditions a and b, given as numbers; otherwise as rdm_distance(rdm, text, text)';
