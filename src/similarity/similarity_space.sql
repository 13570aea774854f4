-- shared_space: subjects' responses mapped into one space

CREATE TYPE shared_space;

CREATE FUNCTION shared_space_in(cstring) RETURNS shared_space
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION shared_space_in(cstring) IS 'input of type shared_space: shared_space(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION shared_space_out(shared_space) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION shared_space_out(shared_space) IS 'output of type shared_space';
CREATE FUNCTION shared_space_recv(internal) RETURNS shared_space
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION shared_space_recv(internal) IS 'binary input of type shared_space; every length, count and value is checked';
CREATE FUNCTION shared_space_send(shared_space) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION shared_space_send(shared_space) IS 'binary output of type shared_space, little-endian; shared_space_recv gives back the same value exactly';

CREATE TYPE shared_space (
    INPUT = shared_space_in, OUTPUT = shared_space_out, RECEIVE = shared_space_recv, SEND = shared_space_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = external
);
COMMENT ON TYPE shared_space IS 'a space of k dimensions that several subjects'' responses are mapped into: of each subject the mean of every voxel and a map W (voxels x k), orthonormal by column (by row where a subject has fewer than k voxels), and the shared series S (times x k), the mean of all subjects there; a row y of a subject is (y - mean) W in the space. Made by srm and hyperalign, extended by add_subjects, used by project and reconstruct; 8 bytes a number, at most 1 GB where it is stored';

-- making one

CREATE FUNCTION srm(r recordings, k int, n_iter int DEFAULT 10, seed bigint DEFAULT 0) RETURNS shared_space
    AS 'MODULE_PATHNAME', 'similarity_srm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION srm(recordings, int, int, bigint) IS 'shared response model, deterministic (Chen et al. 2015, eq. 2): minimises sum_i |X_i - S W_i''|^2 over the shared series S (times x k) and orthonormal maps W_i (voxels x k), X_i a subject''s rows centred by voxel (not scaled: z-score them first if voxels or subjects differ in scale), by n_iter turns: W_i from the polar decomposition of X_i''S, S the mean of X_i W_i. The start is random orthonormal maps by seed and subject id; the same seed and rows give the same answer on any plan. S is determined up to a rotation. Subjects may differ in voxels; times that some subject lacks are left out. Cost: about n_times^2 (voxels + 2 k n_iter) flops a subject with more voxels than times, 4 n_times voxels k n_iter otherwise. Error: fewer than 2 subjects, k over the voxels of a subject or not under the shared times, n_iter under 1, a NaN (subject, time and element are named), a subject that does not vary, two rows of a subject at the same time, past neuroenc.memory_limit';
CREATE FUNCTION srm_final(recordings) RETURNS shared_space
    AS 'MODULE_PATHNAME', 'similarity_srm_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION srm_final(recordings) IS 'final function of the aggregates srm(subject, t, y, k, ...)';
CREATE AGGREGATE srm(subject bigint, t bigint, y tensor, k int) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = srm_final, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE srm(bigint, bigint, tensor, int) IS 'the shared response model of rows (subject, t, y): srm(recordings_agg(subject, t, y), k), with 10 turns and seed 0; k must be the same in every row';
CREATE AGGREGATE srm(subject bigint, t bigint, y tensor, k int, n_iter int) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = srm_final, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE srm(bigint, bigint, tensor, int, int) IS 'the shared response model of rows (subject, t, y): srm(recordings_agg(subject, t, y), k, n_iter), with seed 0; k and n_iter must be the same in every row';
CREATE AGGREGATE srm(subject bigint, t bigint, y tensor, k int, n_iter int, seed bigint) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = srm_final, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE srm(bigint, bigint, tensor, int, int, bigint) IS 'the shared response model of rows (subject, t, y): srm(recordings_agg(subject, t, y), k, n_iter, seed); k, n_iter and seed must be the same in every row';

CREATE FUNCTION hyperalign(r recordings, n_iter int DEFAULT 1) RETURNS shared_space
    AS 'MODULE_PATHNAME', 'similarity_hyperalign' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hyperalign(recordings, int) IS 'hyperalignment (Haxby et al. 2011) by orthogonal Procrustes, in three passes: the subject with the most voxels (of those, the smallest id) is the reference, and the others, by ascending id, are each mapped to the mean of those before; then n_iter times every subject to the mean of the others; then every subject to the mean of all. Rows are centred by voxel, not scaled (z-score first), and the common space is not z-scored between passes. The space has as many dimensions as the largest subject has voxels; a subject with fewer is as if padded with zeros. Deterministic. Maps are determined only in the directions in which a subject''s rows vary: have more times than voxels, or use srm. Cost: (n_iter + 2) times the SVD of a voxels x voxels matrix a subject: take some hundreds of voxels (an area, a searchlight). Error: fewer than 2 subjects or shared times, n_iter under 0, a NaN, a subject that does not vary, two rows of a subject at the same time, past neuroenc.memory_limit';
CREATE FUNCTION hyperalign_final(recordings) RETURNS shared_space
    AS 'MODULE_PATHNAME', 'similarity_hyperalign_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hyperalign_final(recordings) IS 'final function of the aggregate hyperalign(subject, t, y)';
CREATE AGGREGATE hyperalign(subject bigint, t bigint, y tensor) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = hyperalign_final, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE hyperalign(bigint, bigint, tensor) IS 'hyperalignment of rows (subject, t, y): hyperalign(recordings_agg(subject, t, y))';

CREATE FUNCTION add_subjects(s shared_space, r recordings) RETURNS shared_space
    AS 'MODULE_PATHNAME', 'similarity_add_subjects' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION add_subjects(shared_space, recordings) IS 'the space with further subjects, each mapped to the shared series by one orthogonal Procrustes over the times that the space and all new subjects have; the series and the other subjects'' maps stay as they are. Error: a subject that is in the space already, too few of these times (k + 1 for srm, 2 for hyperalign), fewer voxels than components of an srm, and as srm';

-- rows into the space, and back

CREATE FUNCTION project(s shared_space, subject bigint, y tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'similarity_project' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION project(shared_space, bigint, tensor) IS 'a subject''s row y (a vector of its voxels, or a matrix of rows) in the shared space: (y - mean) W, k elements a row, float8 if y is, otherwise float4; NaN in y makes the row NaN; an error if the subject is not in the space or y has another number of elements';
CREATE FUNCTION reconstruct(s shared_space, subject bigint, z tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'similarity_reconstruct' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION reconstruct(shared_space, bigint, tensor) IS 'a row z of the shared space (k elements, or a matrix of rows) as the subject''s voxels: z W'' + mean; with project of another subject this predicts one subject''s responses from the other''s; an error if the subject is not in the space or z has another number of elements';

-- reading one

CREATE FUNCTION shared_response(s shared_space) RETURNS tensor
    AS 'MODULE_PATHNAME', 'similarity_shared_response' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shared_response(shared_space) IS 'the shared series S, times x k (float8), times ascending: the mean over the subjects it was fitted on of their rows in the space';
CREATE FUNCTION shared_series(s shared_space) RETURNS TABLE (t bigint, y tensor)
    AS 'MODULE_PATHNAME', 'similarity_shared_series' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION shared_series(shared_space) IS 'the shared series S, a row a time';
CREATE FUNCTION subject_map(s shared_space, subject bigint) RETURNS tensor
    AS 'MODULE_PATHNAME', 'similarity_subject_map' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION subject_map(shared_space, bigint) IS 'a subject''s map W, voxels x k (float8), W''W = I (WW'' = I where the subject has fewer than k voxels); an error if it is not in the space';
CREATE FUNCTION space_subjects(s shared_space) RETURNS TABLE (subject bigint, n_voxels int, explained float8)
    AS 'MODULE_PATHNAME', 'similarity_space_subjects' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION space_subjects(shared_space) IS 'a row a subject, ascending: its voxels, and the share of the variance of the rows it was fitted on that the shared series explains, 1 - |X - S W''|^2 / |X|^2; it may be negative';
CREATE FUNCTION space_info(s shared_space, OUT method text, OUT k int, OUT n_times int, OUT n_subjects int, OUT objective float8, OUT explained float8) RETURNS record
    AS 'MODULE_PATHNAME', 'similarity_space_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION space_info(shared_space) IS 'how a space was made: srm or hyperalign; its dimensions, times and subjects; the objective, sum |X_i - S W_i''|^2 over subjects, and the share of variance that is explained, 1 - objective / sum |X_i|^2';
