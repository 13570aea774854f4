-- recordings: responses of several subjects to the same times
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE TEMP TABLE rows (i int, subject int, t int, y tensor);
INSERT INTO rows VALUES
	(1, 20, 1, '[1,2]'), (2, 20, 2, '[3,4]'), (3, 20, 5, '[5,NaN]'),
	(4, 10, 5, '[1,2,3]'), (5, 10, 1, 'float8:[4,5,6]'),
	(6, -3, 1, '[7]'), (7, -3, 5, '[8]'), (8, -3, 6, '[9]'), (9, -3, 7, '[9]'),
	(10, NULL, 1, '[1]'), (11, 20, NULL, '[1,2]'), (12, 20, 9, NULL);

-- subjects have their own voxels; rows with a NULL are skipped; times 2, 6 and 7 are not of all
SELECT n_samples(r), n_subjects(r), n_times(r) FROM (SELECT recordings_agg(subject, t, y) AS r FROM rows) AS q;
SELECT s.* FROM (SELECT recordings_agg(subject, t, y) AS r FROM rows) AS q, recordings_subjects(r) AS s;
SELECT recordings_agg(subject, t, y) IS NULL AS none FROM rows WHERE i > 9;
SELECT recordings_agg(subject, t, y) IS NULL AS none FROM rows WHERE false;
-- one row; a scalar counts as one element
SELECT n_samples(r), n_subjects(r), n_times(r) FROM (SELECT recordings_agg(1, 1, '3') AS r) AS q;

-- text and binary forms
SELECT recordings_agg(subject, t, y) AS r FROM rows WHERE i <= 2;
SELECT recordings_send(recordings_agg(2, 3, '[NaN]'));
SELECT r::text::recordings::text = r::text AS same FROM (SELECT recordings_agg(subject, t, y) AS r FROM rows) AS q;

-- merging: sum, +, groups
SELECT n_samples(sum(r)), n_subjects(sum(r)), n_times(sum(r)) FROM (SELECT recordings_agg(subject, t, y) AS r FROM rows GROUP BY i) AS q;
SELECT n_samples(r + r), n_subjects(r + r) FROM (SELECT recordings_agg(subject, t, y) AS r FROM rows) AS q;
SELECT n_samples(sum(r)) FROM (VALUES (NULL::recordings), (NULL)) AS v (r);
SELECT i, n_samples(recordings_agg(subject, t, y) OVER (ORDER BY i)) FROM rows WHERE i < 5 ORDER BY i;
CREATE TEMP TABLE kept AS SELECT subject, recordings_agg(subject, t, y) AS r FROM rows GROUP BY subject;
SELECT subject, n_samples(r) FROM kept ORDER BY subject;
SELECT n_samples(sum(r)), n_subjects(sum(r)), n_times(sum(r)) FROM kept;

-- parallel plans
CREATE TABLE recordings_rows (subject int, t int, y tensor) WITH (parallel_workers = 2);
INSERT INTO recordings_rows SELECT s, i, random_normal('{5}', 1000 * s + i) FROM generate_series(1, 4) AS s, generate_series(1, 500) AS i;
ANALYZE recordings_rows;
CREATE TEMP TABLE serial_answer AS
	SELECT isc(subject, t, y) AS isc, shared_response(srm(subject, t, y, 2)) AS srm FROM recordings_rows;
SET min_parallel_table_scan_size = 0;
ALTER FUNCTION recordings_combine_rows(recordings, recordings) COST 1;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT recordings_agg(subject, t, y), isc(subject, t, y), isc_pairwise(subject, t, y), isfc(subject, t, y),
	srm(subject, t, y, 2), srm(subject, t, y, 2, 3), srm(subject, t, y, 2, 3, 1), hyperalign(subject, t, y), time_segment_match(subject, t, y, 3)
FROM recordings_rows;
SELECT q.isc = a.isc AS same, q.srm = a.srm AS same
FROM (SELECT isc(subject, t, y) AS isc, shared_response(srm(subject, t, y, 2)) AS srm FROM recordings_rows) AS q, serial_answer AS a;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
DROP TABLE recordings_rows;

-- errors of rows
SELECT recordings_agg(1, 2, '[[1,2]]');
SELECT recordings_agg(1, 2, '[]');
SELECT recordings_agg(7, t, y) FROM (VALUES (1, '[1,2]'::tensor), (2, '[1]')) AS v (t, y);
SELECT recordings_agg(7, t, y) FROM (VALUES (1, '[1,2]'::tensor), (2, '[1,-Infinity]')) AS v (t, y);
SELECT recordings_agg(7, 3, 'float2:[1,Infinity]');
SELECT recordings_add(NULL, 1, 1, '[1]');
SELECT recordings_combine(NULL, NULL);
-- two rows at one time are found when they are read
SELECT n_samples(r), n_times(r) FROM (SELECT recordings_agg(7, 3, '[1]') + recordings_agg(7, 3, '[2]') AS r) AS q;

-- errors of merging
SELECT recordings_agg(7, 1, '[1]') + recordings_agg(7, 2, '[1,2]');

-- errors of values from elsewhere
SELECT 'predictions(v=1):AQAA'::recordings;
SELECT 'recordings(n=1)'::recordings;
SELECT 'recordings():!!!'::recordings;
CREATE FUNCTION pg_temp.hostile(hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN n_samples(('recordings():' || replace(encode(decode(hex, 'hex'), 'base64'), E'\n', ''))::recordings)::text;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT what, pg_temp.hostile(hex) FROM (VALUES
	('good', '01000000 01000000 0200000000000000 010100 01000000 0100000000000000 01000000 04000000 0300000000000000 0000c07f'),
	('no subjects', '01000000 00000000'),
	('nothing', ''),
	('version', '02000000 00000000'),
	('options', '01040000 00000000'),
	('flags', '01000100 00000000'),
	('negative subjects', '01000000 ffffffff'),
	('too few subjects', '01000000 02000000 0200000000000000 010100 01000000 0000000000000000'),
	('subjects twice', '01000000 02000000 0200000000000000 010100 01000000 0000000000000000 0200000000000000 010100 01000000 0000000000000000'),
	('two vectors', '01000000 01000000 0200000000000000 020100 01000000 0000000000000000'),
	('infinity', '01000000 01000000 0200000000000000 010100 01000000 0100000000000000 01000000 04000000 0300000000000000 0000807f'),
	('many rows', '01000000 01000000 0200000000000000 010100 01000000 feffff7f00000000 feffff7f 04000000'),
	('left over', '01000000 00000000 00')) AS v (what, hex);
