-- inter-subject correlation, time segment matching

CREATE FUNCTION isc(r recordings) RETURNS tensor
    AS 'MODULE_PATHNAME', 'similarity_isc' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION isc(recordings) IS 'leave-one-out inter-subject correlation (Hasson et al. 2004): Pearson correlation over time of each subject''s voxel with the mean of the other subjects'' (as they are, no z-scoring, no Fisher transform), a float8 matrix subjects x voxels, subjects by ascending id. Missing values, voxel by voxel: a subject whose values are all NaN is left out (its own result is NaN), then the times at which one of the others is NaN. A constant voxel has correlation 0. Error: fewer than 2 subjects or shared times, subjects with different numbers of voxels, two rows of a subject at the same time';
CREATE AGGREGATE isc(subject bigint, t bigint, y tensor) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = isc, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE isc(bigint, bigint, tensor) IS 'leave-one-out inter-subject correlation of rows (subject, t, y): isc(recordings_agg(subject, t, y))';
CREATE FUNCTION isc_pairwise(r recordings) RETURNS tensor
    AS 'MODULE_PATHNAME', 'similarity_isc_pairwise' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION isc_pairwise(recordings) IS 'inter-subject correlation of all pairs of subjects, by voxel: a float8 matrix pairs x voxels; with subjects ascending the pairs are (1, 2), (1, 3) .. (2, 3) .. Missing values, voxel by voxel: a subject whose values are all NaN is left out (its own result is NaN), then the times at which one of the others is NaN. A constant voxel has correlation 0. Error: fewer than 2 subjects or shared times, subjects with different numbers of voxels, two rows of a subject at the same time';
CREATE AGGREGATE isc_pairwise(subject bigint, t bigint, y tensor) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = isc_pairwise, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE isc_pairwise(bigint, bigint, tensor) IS 'inter-subject correlation of all pairs of subjects from rows (subject, t, y): isc_pairwise(recordings_agg(subject, t, y))';
CREATE FUNCTION isfc(r recordings) RETURNS tensor
    AS 'MODULE_PATHNAME', 'similarity_isfc' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION isfc(recordings) IS 'inter-subject functional correlation (Simony et al. 2016): correlation of a subject''s voxel i with voxel j of the mean of the others, averaged over subjects (no Fisher transform) and made symmetric, (C + C'')/2, as BrainIAK does; a float8 matrix voxels x voxels. 2 times x voxels^2 flops a subject. A constant voxel has correlation 0. Error: a NaN (subject, time and element are named), over 1 GB (11,500 voxels), and as isc';
CREATE AGGREGATE isfc(subject bigint, t bigint, y tensor) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = isfc, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE isfc(bigint, bigint, tensor) IS 'inter-subject functional correlation of rows (subject, t, y): isfc(recordings_agg(subject, t, y))';

CREATE FUNCTION time_segment_match(r recordings, segment int) RETURNS TABLE (subject bigint, accuracy float8, chance float8, n_segments int)
    AS 'MODULE_PATHNAME', 'similarity_time_segment_match' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION time_segment_match(recordings, int) IS 'time segment matching (Haxby et al. 2011; Chen et al. 2015): each stretch of segment successive times of a subject, columns centred over time, is correlated (over its segment x voxels elements) with all such stretches of the mean of the other subjects; it is matched if its own time gives the largest of these, those that overlap it apart. A row a subject: the share of its segments that are matched, the share that guessing would match, and how many segments there are. Z-score voxels that differ in scale first. Subjects of different voxels are brought into a shared space before: time_segment_match(recordings_agg(subject, t, project(space, subject, y)), 10), with the space fitted on other times. Error: a segment that does not fit, a NaN, and as isc';
CREATE FUNCTION time_segment_final(recordings) RETURNS tensor
    AS 'MODULE_PATHNAME', 'similarity_time_segment_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION time_segment_final(recordings) IS 'final function of the aggregate time_segment_match(subject, t, y, segment)';
CREATE AGGREGATE time_segment_match(subject bigint, t bigint, y tensor, segment int) (
    SFUNC = recordings_add, STYPE = recordings, SSPACE = 67108864,
    FINALFUNC = time_segment_final, COMBINEFUNC = recordings_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE time_segment_match(bigint, bigint, tensor, int) IS 'time segment matching (Haxby et al. 2011; Chen et al. 2015): each stretch of segment successive times of a subject, columns centred over time, is correlated (over its segment x voxels elements) with all such stretches of the mean of the other subjects; it is matched if its own time gives the largest of these, those that overlap it apart. A float8 vector of the shares that are matched, subjects by ascending id; segment must be the same in every row; time_segment_match(recordings, segment) gives rows with the subjects'' ids';
