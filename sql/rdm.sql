-- rdm: labelled dissimilarities, one a pair of conditions
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- four conditions; whole numbers come first, by value, then text; the pair (10, a) is missing
CREATE TEMP TABLE example AS SELECT rdm_from_matrix('{c,10,a,2}',
	'[[0,1,2,3],[1,0,NaN,5],[2,NaN,0,6],[3,5,6,0]]', 'euclidean') AS r;
SELECT labels(r), n_conditions(r), metric(r) FROM example;
SELECT rdm_matrix(r) FROM example;
SELECT e.* FROM example, rdm_entries(r) AS e;
SELECT rdm_counts(r) FROM example;
SELECT rdm_distance(r, 'a', '2') AS a2, rdm_distance(r, 'c', '10') AS c10, rdm_distance(r, 2, 10) AS "2, 10",
	rdm_distance(r, 10, 2) AS "10, 2", rdm_distance(r, 'a', '10') AS missing, rdm_distance(r, 'a', 'a') AS self FROM example;
SELECT rdm_subset(r, ARRAY['c', '2', 'a']) AS three, rdm_subset(r, ARRAY['a', 'c', '2'])::text = rdm_subset(r, ARRAY['c', '2', 'a'])::text AS same FROM example;
SELECT rdm_matrix(rdm_subset(r, ARRAY[10, 2])) AS numbers, rdm_matrix(rdm_subset(r, ARRAY['c'])) AS one,
	n_conditions(rdm_subset(r, '{}'::text[])) AS none FROM example;

-- labels as bigint prints them are numbers; others are text, bytewise
SELECT labels(rdm_from_matrix('{b,B,-1,007,10,9,-10,"",9223372036854775808,-0,1e3," 1",é}', zeros('{13,13}')));

-- 0, 1 and 2 conditions
SELECT n, r, labels(r), rdm_matrix(r), rdm_counts(r), (SELECT count(*) FROM rdm_entries(r)) AS entries
FROM generate_series(0, 2) AS n, LATERAL (SELECT rdm_from_matrix((ARRAY['x', 'y'])[:n], zeros(ARRAY[n, n])) AS r) AS q ORDER BY n;
SELECT rdm_from_matrix(NULL, '[[0]]') IS NULL AS no_labels, rdm_from_matrix('{a}', NULL) IS NULL AS no_matrix, rdm_distance(NULL, 'a', 'a') IS NULL AS no_rdm;
SELECT * FROM rdm_entries(NULL);

-- text and binary forms give back the same value
SELECT r, rdm_send(r), r::text::rdm::text = r::text AS same FROM example;
CREATE TEMP TABLE kept AS SELECT r FROM example;
SELECT k.r::text = e.r::text AS same FROM kept k, example e;

-- sums in another order, and float4: mirrored elements that differ by rounding are one distance
SELECT e.* FROM rdm_entries(rdm_from_matrix('{a,b,c}', '[[1e-9,1e-8,4],[-1e-8,0,2],[4.000001,2,0]]')) AS e;
SELECT e.* FROM rdm_entries(rdm_from_matrix('{a,b}', 'float8:[[NaN,1e308],[1e308,NaN]]')) AS e;

-- errors of a matrix
SELECT rdm_from_matrix('{a,b}', '[[0,1],[1,0]]', 'taxicab');
SELECT rdm_from_matrix('{a,b,c}', '[[0,1],[1,0]]');
SELECT rdm_from_matrix('{a}', '[0]');
SELECT rdm_from_matrix('{a,NULL}', '[[0,1],[1,0]]');
SELECT rdm_from_matrix('{b,a,b}', '[[0,1,2],[1,0,3],[2,3,0]]');
SELECT rdm_from_matrix('{a,b}', '[[0,1],[2,0]]');
SELECT rdm_from_matrix('{a,b}', '[[0,1],[NaN,0]]');
SELECT rdm_from_matrix('{a,b}', '[[0,Infinity],[Infinity,0]]');
SELECT rdm_from_matrix('{a,b}', '[[0,1],[1,0.5]]');
SELECT rdm_from_matrix(array_agg(i::text), zeros('{1,1}')) FROM generate_series(1, 16001) AS i;

-- errors of labels
SELECT rdm_subset(r, ARRAY['a', 'face']) FROM example;
SELECT rdm_subset(r, ARRAY['a', NULL]) FROM example;
SELECT rdm_subset(r, ARRAY['a', 'c', 'a']) FROM example;
SELECT rdm_subset(r, ARRAY[10, 3]) FROM example;
SELECT rdm_distance(r, 'a', repeat('long', 50)) FROM example;
SELECT rdm_distance(r, 7, 2) FROM example;

-- errors of values from elsewhere
SELECT 'gram(p=1):AQAA'::rdm;
SELECT 'rdm(n=1)'::rdm;
SELECT 'rdm():!!!'::rdm;
CREATE FUNCTION pg_temp.hostile(hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN labels(('rdm():' || replace(encode(decode(hex, 'hex'), 'base64'), E'\n', ''))::rdm)::text;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- version, metric, flags, encoding; n = 2, 2 bytes of labels; they end at 1 and 2; a, b; the distance 1, the count 1
SELECT i, what, pg_temp.hostile(hex) FROM (VALUES
	(1, 'good', '01030000' || '02000000' || '02000000' || '01000000' || '02000000' || '6162' || '000000000000f03f'),
	(2, 'good, a mean', '01030100' || '02000000' || '02000000' || '01000000' || '02000000' || '6162' || '000000000000f03f' || '01000000'),
	(3, 'no bytes', ''),
	(4, 'version 9', '09030000' || '00000000' || '00000000'),
	(5, 'metric 10', '010a0000' || '00000000' || '00000000'),
	(6, 'flags 2', '01030200' || '00000000' || '00000000'),
	(7, 'encoding 35, of clients only', '01030023' || '00000000' || '00000000'),
	(8, 'encoding 255', '010300ff' || '00000000' || '00000000'),
	(9, 'n = -1', '01030000' || 'ffffffff' || '00000000'),
	(10, 'n = 16001', '01030000' || '813e0000' || '00000000'),
	(11, 'n = 16000, no bytes of it', '01030000' || '803e0000' || '00000000'),
	(12, '2^31 - 1 bytes of labels', '01030000' || '01000000' || 'ffffff7f' || 'ffffff7f'),
	(13, '-1 bytes of labels', '01030000' || '01000000' || 'ffffffff' || '00000000'),
	(14, 'a label ends before it begins', '01030000' || '02000000' || '02000000' || '02000000' || '01000000' || '6162' || '000000000000f03f'),
	(15, 'a label passes the end', '01030000' || '02000000' || '02000000' || '01000000' || '03000000' || '6162' || '000000000000f03f'),
	(16, 'a byte after the labels', '01030000' || '02000000' || '03000000' || '01000000' || '02000000' || '616263' || '000000000000f03f'),
	(17, 'a byte, no label', '01030000' || '00000000' || '01000000' || '61'),
	(18, 'labels descend', '01030000' || '02000000' || '02000000' || '01000000' || '02000000' || '6261' || '000000000000f03f'),
	(19, 'labels are the same', '01030000' || '02000000' || '02000000' || '01000000' || '02000000' || '6161' || '000000000000f03f'),
	(20, 'a zero byte', '01030000' || '02000000' || '02000000' || '01000000' || '02000000' || '6100' || '000000000000f03f'),
	(21, 'not UTF-8', '01030006' || '02000000' || '02000000' || '01000000' || '02000000' || '61ff' || '000000000000f03f'),
	(22, 'half a character a label', '01030006' || '02000000' || '02000000' || '01000000' || '02000000' || 'c3a9' || '000000000000f03f'),
	(23, 'no distance', '01030000' || '02000000' || '02000000' || '01000000' || '02000000' || '6162'),
	(24, 'an infinite distance', '01030000' || '02000000' || '02000000' || '01000000' || '02000000' || '6162' || '000000000000f07f'),
	(25, 'no count', '01030100' || '02000000' || '02000000' || '01000000' || '02000000' || '6162' || '000000000000f03f'),
	(26, 'a negative count', '01030100' || '02000000' || '02000000' || '01000000' || '02000000' || '6162' || '000000000000f03f' || 'ffffffff'),
	(27, 'a distance of no rdm', '01030100' || '02000000' || '02000000' || '01000000' || '02000000' || '6162' || '000000000000f03f' || '00000000'),
	(28, 'too long', '01030000' || '00000000' || '00000000' || '00')) AS v (i, what, hex) ORDER BY i;
-- labels of a LATIN1 database (encoding 8), e9 and e8, in this one's encoding; and of one in
-- LATIN2 (9), a5 and b1, which are in another order here: the conditions change places, and
-- their distances to z, 1 and 2, with them
SELECT labels(r), rdm_distance(r, 'é', 'è') FROM (SELECT
	('rdm():' || encode(decode('01030008' || '02000000' || '02000000' || '01000000' || '02000000' || 'e8e9' || '000000000000f03f', 'hex'), 'base64'))::rdm AS r) AS q;
SELECT e.* FROM rdm_entries(('rdm():' || encode(decode('01030009' || '03000000' || '03000000' || '01000000' || '02000000' || '03000000' || '7aa5b1'
	|| '000000000000f03f' || '0000000000000040' || '0000000000000840', 'hex'), 'base64'))::rdm) AS e;
-- in MULE_INTERNAL (7), which no conversion leads from to UTF8
SELECT labels(('rdm():' || encode(decode('01030007' || '02000000' || '02000000' || '01000000' || '02000000' || 'e8e9' || '000000000000f03f', 'hex'), 'base64'))::rdm);
