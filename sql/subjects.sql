-- inter-subject correlation, shared response model, hyperalignment, time segment matching
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
SET extra_float_digits = 0;
CREATE FUNCTION pg_temp.rounded(t tensor) RETURNS tensor LANGUAGE sql AS
	'SELECT reshape(array_agg(round(u::numeric, 5)::float4 ORDER BY i)::tensor, shape(t)) FROM unnest(t::float8[]) WITH ORDINALITY AS u (u, i)';

-- Three subjects, two voxels.  Voxel 1: (1,2,3), (2,4,6), (3,1,2); the others' sums are (5,5,8), (4,3,5), (3,6,9), so
-- r is sqrt(3)/2, .5 and -.5.  Voxel 2 is constant in subject 3: r 0 there, 1 for the others.
CREATE TEMP TABLE film (subject int, t int, y tensor);
INSERT INTO film VALUES
	(1, 10, '[1,1]'), (1, 20, '[2,5]'), (1, 30, '[3,3]'),
	(2, 10, '[2,3]'), (2, 20, '[4,11]'), (2, 30, '[6,7]'),
	(3, 10, '[3,8]'), (3, 20, '[1,8]'), (3, 30, '[2,8]');
SELECT pg_temp.rounded(isc(subject, t, y)) AS isc FROM film;
SELECT pg_temp.rounded(isc(r)) AS isc FROM (SELECT recordings_agg(subject, t, y) AS r FROM film) AS q;
SELECT pg_temp.rounded(isc_pairwise(subject, t, y)) AS pairs FROM film;
-- the order of rows does not matter
SELECT pg_temp.rounded(isc(subject, t, y ORDER BY t DESC, subject)) AS isc FROM film;

-- missing: subject 3 never has voxel 1, so it is left out there; at time 20 subject 1 has none of voxel 2, so that time is
SELECT pg_temp.rounded(isc(subject, t, y)) AS isc
FROM (SELECT subject, t, CASE WHEN subject = 3 THEN '[NaN,2]' || y[2:2] WHEN subject = 1 AND t = 20 THEN '[2,NaN,0]' ELSE y || tensor '[0]' END AS y FROM film) AS q;

-- two voxels of two subjects: voxel 1 equal, voxel 2 of opposite sign
SELECT pg_temp.rounded(isfc(subject, t, y)) AS isfc
FROM (VALUES (1, 1, tensor '[1,1]'), (1, 2, '[0,0]'), (1, 3, '[-1,1]'), (2, 1, '[1,-1]'), (2, 2, '[0,0]'), (2, 3, '[-1,-1]')) AS v (subject, t, y);

-- NULL in, NULL out
SELECT isc(NULL::recordings) IS NULL AND srm(NULL, 2) IS NULL AND hyperalign(NULL) IS NULL AND project(NULL, 1, '[1]') IS NULL AS none;
SELECT isc(subject, t, y) IS NULL AND srm(subject, t, y, 1) IS NULL AND hyperalign(subject, t, y) IS NULL AND time_segment_match(subject, t, y, 2) IS NULL AS none
FROM film WHERE false;

-- One series (2, -1, -1) in all: subject 1 has it in voxel 1, subject 2 in 3/5 and 4/5 of two, 3 negative.  The maps are those directions.
CREATE TEMP TABLE one AS
	SELECT srm(subject, t, y, 1) AS space
	FROM (VALUES (1, 1, tensor '[102,5]'), (1, 2, '[99,5]'), (1, 3, '[99,5]'),
		(2, 1, '[1.2,1.6]'), (2, 2, '[-0.6,-0.8]'), (2, 3, '[-0.6,-0.8]'),
		(3, 1, '[-2]'), (3, 2, '[1]'), (3, 3, '[1]')) AS v (subject, t, y);
SELECT method, k, n_times, n_subjects, abs(objective) < 1e-10 AS none_left, round(explained::numeric, 6) AS explained FROM one, space_info(space);
SELECT s.subject, n_voxels, round(explained::numeric, 6) AS explained, pg_temp.rounded(abs(subject_map(space, s.subject))) AS map FROM one, space_subjects(space) AS s;
SELECT shape(shared_response(space)), pg_temp.rounded(abs(shared_response(space))) FROM one;
SELECT t, pg_temp.rounded(abs(y)) AS y FROM one, shared_series(space);
-- from subject 1's voxels to the space, and on to those of subject 2
SELECT pg_temp.rounded(abs(project(space, 1, '[102,5]'))) AS z, pg_temp.rounded(reconstruct(space, 2, project(space, 1, '[102,7]'))) AS y FROM one;
SELECT pg_temp.rounded(reconstruct(space, 1, project(space, 3, '[[-2],[1]]'))) AS y FROM one;
SELECT project(space, 1, '[1,NaN]') AS z FROM one;
-- a fourth subject joins, at two of the times and with a mean of its own
SELECT s.subject, n_voxels, round(explained::numeric, 6) AS explained,
	pg_temp.rounded(reconstruct(grown, s.subject, project(grown, 1, '[102,5]'))) AS at_time_1
FROM (SELECT add_subjects(space, r) AS grown
	  FROM one, (SELECT recordings_agg(0, t, y) AS r FROM (VALUES (1, tensor '[7,2,0]'), (3, '[4,2,0]'), (9, '[0,0,0]')) AS v (t, y)) AS w) AS q,
	space_subjects(grown) AS s;

-- text and binary forms
SELECT left(space::text, 47) AS space, space::text::shared_space::text = space::text AS same FROM one;

-- hyperalignment: the second subject is the first turned by 90 degrees
CREATE TEMP TABLE turned AS
	SELECT hyperalign(subject, t, y) AS space
	FROM (VALUES (1, 1, tensor '[1,0]'), (1, 2, '[0,2]'), (1, 3, '[-1,-2]'),
		(2, 1, '[0,1]'), (2, 2, '[-2,0]'), (2, 3, '[2,-1]')) AS v (subject, t, y);
SELECT method, k, n_times, n_subjects, abs(objective) < 1e-10 AS none_left, round(explained::numeric, 6) AS explained FROM turned, space_info(space);
SELECT pg_temp.rounded(reconstruct(space, 2, project(space, 1, '[3,4]'))) AS turned, pg_temp.rounded(matmul(subject_map(space, 1), transpose(subject_map(space, 2)))) AS rotation FROM turned;
-- a subject short of a voxel
SELECT i.k, s.subject, s.n_voxels, shape(subject_map(space, s.subject)) AS map
FROM (SELECT hyperalign(recordings_agg(subject, t, CASE subject WHEN 1 THEN y[1:1] ELSE y END), 0) AS space FROM film) AS q,
	space_info(space) AS i, space_subjects(space) AS s;

-- time segments: subjects that see the same, and one that sees it backwards
CREATE TEMP TABLE clips AS
	SELECT s AS subject, t, tensor('[' || sin(t * t) || ',' || cos(3 * t) || ']') AS y FROM generate_series(1, 2) AS s, generate_series(1, 20) AS t
	UNION ALL SELECT 3, 21 - t, tensor('[' || sin(t * t) || ',' || cos(3 * t) || ']') FROM generate_series(1, 20) AS t;
SELECT m.* FROM (SELECT recordings_agg(subject, t, y) AS r FROM clips WHERE subject < 3) AS q, time_segment_match(r, 3) AS m;
SELECT time_segment_match(subject, t, y, 3) FROM clips WHERE subject < 3;
SELECT m.subject, m.accuracy < 0.3 AS lost FROM (SELECT recordings_agg(subject, t, y) AS r FROM clips WHERE subject <> 2) AS q, time_segment_match(r, 3) AS m;

-- errors
SELECT isc(subject, t, y) FROM film WHERE subject = 1;
SELECT isc(subject, t, y) FROM film WHERE subject < 3 AND (subject, t) IN ((1, 10), (1, 20), (2, 20), (2, 30));
SELECT isc(subject, t, CASE subject WHEN 2 THEN y[1:1] ELSE y END) FROM film;
SELECT isc(subject, 7, y) FROM film;
SELECT isfc(subject, t, CASE WHEN subject = 2 AND t = 20 THEN '[1,NaN]' ELSE y END) FROM film;
SELECT srm(subject, t, y, 3) FROM film;
SELECT srm(subject, t, y, 0) FROM film;
SELECT srm(subject, t, y, t) FROM film;
SELECT srm(subject, t, y, NULL) FROM film;
SELECT srm(recordings_agg(subject, t, y), 1, 0) FROM film;
SELECT srm(subject, t, y, 1) FROM film WHERE subject = 2;
SELECT srm(subject, t, y, 1) FROM film WHERE t = 20;
SELECT srm(subject, t, CASE WHEN subject = 2 AND t = 20 THEN '[1,NaN]' ELSE y END, 1) FROM film;
SELECT srm(subject, t, CASE subject WHEN 3 THEN '[5,0.1]' ELSE y END, 1) FROM film;
SELECT srm(subject, t, astype(y, 'float8') * 1e100::float8, 1) FROM film;
SELECT hyperalign(recordings_agg(subject, t, y), -1) FROM film;
SELECT hyperalign(subject, t, y) FROM film WHERE t = 20;
SELECT project(space, 9, '[1,2]') FROM one;
SELECT project(space, 1, '[1,2,3]') FROM one;
SELECT project(space, 1, '[[[1,2]]]') FROM one;
SELECT reconstruct(space, 1, '[1,2]') FROM one;
SELECT subject_map(space, 9) FROM one;
SELECT add_subjects(space, r) FROM one, (SELECT recordings_agg(2, 1, '[1]') AS r) AS q;
SELECT add_subjects(space, r) FROM one, (SELECT recordings_agg(5, 1, '[1]') AS r) AS q;
SELECT time_segment_match(subject, t, y, 0) FROM film;
SELECT time_segment_match(subject, t, y, 2) FROM film;
SELECT time_segment_match(subject, t, CASE WHEN t = 30 THEN '[NaN,1]' ELSE y END, 1) FROM film;
SELECT srm_final(recordings_agg(subject, t, y)) FROM film;

-- errors of values from elsewhere
SELECT 'recordings(v=1):AQAA'::shared_space;
CREATE FUNCTION pg_temp.hostile(hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (space_info(('shared_space():' || replace(encode(decode(hex, 'hex'), 'base64'), E'\n', ''))::shared_space))::text;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
\set series '0500000000000000 000000000000f03f'
\set subject '0200000000000000 01000000 000000000000f03f 0000000000000000 0000000000000000 000000000000f03f'
SELECT what, pg_temp.hostile(hex) FROM (VALUES
	('good', '01010000 01000000 01000000 01000000' || :'series' || :'subject'),
	('nothing', ''),
	('version', '02010000 01000000 01000000 01000000'),
	('method', '01030000 01000000 01000000 01000000' || :'series' || :'subject'),
	('components', '01010000 00000000 01000000 01000000' || :'series' || :'subject'),
	('huge', '01010000 00000004 ffffff7f 01000000' || :'series' || :'subject'),
	('subjects', '01010000 01000000 01000000 02000000' || :'series' || :'subject'),
	('subject twice', '01010000 01000000 01000000 02000000' || :'series' || :'subject' || :'subject'),
	('times', '01010000 01000000 02000000 00000000 0500000000000000 0500000000000000 000000000000f03f 000000000000f03f'),
	('NaN', '01010000 01000000 01000000 00000000 0500000000000000 000000000000f87f'),
	('total', '01010000 01000000 01000000 01000000' || :'series' || '0200000000000000 01000000 0000000000000000 0000000000000000 0000000000000000 000000000000f03f'),
	('voxels', '01010000 01000000 01000000 01000000' || :'series' || '0200000000000000 00000000 000000000000f03f 0000000000000000 0000000000000000 000000000000f03f'),
	('cut', '01010000 01000000 01000000 01000000' || :'series' || '0200000000000000 02000000 000000000000f03f 0000000000000000 0000000000000000 000000000000f03f'),
	('left over', '01010000 01000000 01000000 01000000' || :'series' || :'subject' || '00')) AS v (what, hex);
