-- recordings: responses of several subjects to the same times

CREATE TYPE recordings;

CREATE FUNCTION recordings_in(cstring) RETURNS recordings
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recordings_in(cstring) IS 'input of type recordings: recordings(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION recordings_out(recordings) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recordings_out(recordings) IS 'output of type recordings';
CREATE FUNCTION recordings_recv(internal) RETURNS recordings
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recordings_recv(internal) IS 'binary input of type recordings; every length, count and value is checked';
CREATE FUNCTION recordings_send(recordings) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recordings_send(recordings) IS 'binary output of type recordings, little-endian; recordings_recv gives back the same state exactly';

CREATE TYPE recordings (
    INPUT = recordings_in, OUTPUT = recordings_out, RECEIVE = recordings_recv, SEND = recordings_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE recordings IS 'responses y of several subjects at times t, held in their own element type; each subject has its own number of voxels; made by recordings_agg(subject, t, y), merged by + and sum, read by isc, isfc, srm, hyperalign and time_segment_match. Rows of different subjects belong together where their times are equal: times that some subject lacks are left out for all, and recordings_subjects says how many. At most 1 GB where it is stored, not in flight';

-- making one

CREATE FUNCTION recordings_add(recordings, bigint, bigint, tensor) RETURNS recordings
    AS 'MODULE_PATHNAME', 'similarity_recordings_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION recordings_add(recordings, bigint, bigint, tensor) IS 'transition function of recordings_agg and of the aggregates over (subject, t, y)';
CREATE FUNCTION recordings_add(recordings, bigint, bigint, tensor, int) RETURNS recordings
    AS 'MODULE_PATHNAME', 'similarity_recordings_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION recordings_add(recordings, bigint, bigint, tensor, int) IS 'transition function of the aggregates srm(subject, t, y, k) and time_segment_match(subject, t, y, segment)';
CREATE FUNCTION recordings_add(recordings, bigint, bigint, tensor, int, int) RETURNS recordings
    AS 'MODULE_PATHNAME', 'similarity_recordings_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION recordings_add(recordings, bigint, bigint, tensor, int, int) IS 'transition function of the aggregate srm(subject, t, y, k, n_iter)';
CREATE FUNCTION recordings_add(recordings, bigint, bigint, tensor, int, int, bigint) RETURNS recordings
    AS 'MODULE_PATHNAME', 'similarity_recordings_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION recordings_add(recordings, bigint, bigint, tensor, int, int, bigint) IS 'transition function of the aggregate srm(subject, t, y, k, n_iter, seed)';
CREATE FUNCTION recordings_combine(recordings, recordings) RETURNS recordings
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION recordings_combine(recordings, recordings) IS 'transition function of sum(recordings)';
CREATE FUNCTION recordings_combine_rows(recordings, recordings) RETURNS recordings
    AS 'MODULE_PATHNAME', 'recordings_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000000;
COMMENT ON FUNCTION recordings_combine_rows(recordings, recordings) IS 'combine function of the aggregates over (subject, t, y) and of sum(recordings); its cost tells the planner that a parallel worker sends all of its rows, which takes longer than reading them';
CREATE FUNCTION recordings_final(recordings) RETURNS recordings
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recordings_final(recordings) IS 'final function of recordings_agg and sum(recordings): hands the state on without copying it';

CREATE AGGREGATE recordings_agg(subject bigint, t bigint, y tensor) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = recordings_final, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE recordings_agg(bigint, bigint, tensor) IS 'rows of several subjects: y, a vector of the subject''s voxels (as many as it has in its other rows), at time t, which means the same moment of the stimulus in all subjects; give runs times of their own, such as run * 1000 + volume. NaN in y is a missing value; rows with a NULL are skipped, no row gives NULL. Memory: the rows (float4 unless a float8 comes). An error names subject, time and element that is infinite, a subject whose rows differ in length, and what neuroenc.memory_limit would not hold; two rows of a subject at one time are an error where the recordings are read';
CREATE AGGREGATE sum(recordings) (
    SFUNC = recordings_combine, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = recordings_final, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE sum(recordings) IS 'the rows of all recordings; rows of the same subject join; NULLs are skipped, no recordings give NULL; an error if a subject''s number of voxels differs';

CREATE FUNCTION recordings_plus(recordings, recordings) RETURNS recordings
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION recordings_plus(recordings, recordings) IS 'the rows of both; rows of the same subject join';
CREATE OPERATOR + (LEFTARG = recordings, RIGHTARG = recordings, FUNCTION = recordings_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (recordings, recordings) IS 'the rows of both; rows of the same subject join';

CREATE FUNCTION n_samples(r recordings) RETURNS bigint
    AS 'MODULE_PATHNAME', 'similarity_recordings_n_samples' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_samples(recordings) IS 'number of rows of all subjects, those at times that others lack included';
CREATE FUNCTION n_subjects(r recordings) RETURNS int
    AS 'MODULE_PATHNAME', 'similarity_recordings_n_subjects' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION n_subjects(recordings) IS 'number of subjects';
CREATE FUNCTION n_times(r recordings) RETURNS int
    AS 'MODULE_PATHNAME', 'similarity_recordings_n_times' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION n_times(recordings) IS 'number of times that all subjects have: those that analyses use; an error if a subject has two rows at the same time';
CREATE FUNCTION recordings_subjects(r recordings) RETURNS TABLE (subject bigint, n_voxels int, n_rows bigint, n_dropped bigint)
    AS 'MODULE_PATHNAME', 'similarity_recordings_subjects' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION recordings_subjects(recordings) IS 'a row a subject, ascending: its voxels, its rows, and how many of these analyses leave out because another subject has none at that time; an error if a subject has two rows at the same time';
