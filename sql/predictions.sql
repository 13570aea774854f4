-- predictions: rows of predicted and measured vectors, held with their labels
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE TEMP TABLE rows (i int, block int, predicted tensor, y tensor);
INSERT INTO rows VALUES
	(1, 10, '[1,2]', '[1,5]'),
	(2, 10, '[2,2]', '[2,1]'),
	(3, 20, '[3,1]', '[3,4]'),
	(4, 20, '[4,3]', '[4,NaN]'),
	(5, 20, NULL, '[4,4]'),
	(6, 20, '[4,3]', NULL),
	(7, NULL, '[4,3]', '[4,4]');

-- rows with a NULL are skipped
SELECT n_samples(s), n_targets(s), n_blocks(s) FROM (SELECT predictions_agg(predicted, y, block) AS s FROM rows) AS q;
SELECT n_samples(s), n_targets(s), n_blocks(s) FROM (SELECT predictions_agg(predicted, y, block, i) AS s FROM rows) AS q;
SELECT n_samples(s), n_targets(s), n_blocks(s) FROM (SELECT predictions_agg(predicted, y, y, block) AS s FROM rows) AS q;
SELECT n_samples(s), n_targets(s), n_blocks(s) FROM (SELECT predictions_agg(predicted, y, y, block, i) AS s FROM rows) AS q;
SELECT predictions_agg(predicted, y, block) IS NULL AS none FROM rows WHERE i > 4;
SELECT predictions_agg(predicted, y, block) IS NULL AS none FROM rows WHERE false;
-- a scalar counts as one element
SELECT n_targets(predictions_agg('3', '4', 1));

-- text and binary forms
SELECT predictions_agg(predicted, y, block, i) AS s FROM rows WHERE i <= 2;
SELECT predictions_send(predictions_agg('[1]', '[NaN]', 7));
SELECT s::text::predictions::text = s::text AS same
FROM (SELECT predictions_agg(predicted, astype(y, CASE WHEN i > 2 THEN 'float8' ELSE 'float2' END), block, i) AS s FROM rows) AS q;

-- merging: sum, +, groups
SELECT n_samples(sum(s)), n_blocks(sum(s)) FROM (SELECT predictions_agg(predicted, y, block) AS s FROM rows GROUP BY i) AS q;
SELECT n_samples(s + s), n_blocks(s + s) FROM (SELECT predictions_agg(predicted, y, block) AS s FROM rows) AS q;
SELECT n_samples(sum(s)) FROM (VALUES (NULL::predictions), (NULL)) AS v (s);
SELECT i, n_samples(predictions_agg(predicted, y, block) OVER (ORDER BY i)) FROM rows WHERE i < 5 ORDER BY i;
CREATE TEMP TABLE kept AS SELECT block, predictions_agg(predicted, y, block) AS s FROM rows GROUP BY block;
SELECT block, n_samples(s) FROM kept ORDER BY block;
SELECT n_samples(sum(s)), n_targets(sum(s)), n_blocks(sum(s)) FROM kept;

-- parallel plans
CREATE TABLE predictions_rows (i int, block int, x tensor, y tensor) WITH (parallel_workers = 2);
INSERT INTO predictions_rows SELECT i, i / 10, random_normal('{5}', i), random_normal('{5}', -i) FROM generate_series(1, 3000) AS i;
ANALYZE predictions_rows;
CREATE TEMP TABLE serial_answer AS
	SELECT t.* FROM (SELECT predictions_agg(x, y, block, i) AS s FROM predictions_rows WHERE i >= 10 AND i < 2990) AS q, permutation_test(s) AS t;
SET min_parallel_table_scan_size = 0;
ALTER FUNCTION predictions_combine_rows(predictions, predictions) COST 1;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT predictions_agg(x, y, block), predictions_agg(x, y, block, i), predictions_agg(x, x, y, block),
	predictions_agg(x, x, y, block, i), identification(x, y, i), explainable_variance(y, block, i), noise_ceiling(x, x * x, 2), split_half(x, y)
FROM predictions_rows;
SELECT count(*) AS targets, bool_and(t = a) AS same
FROM (SELECT predictions_agg(x, y, block, i) AS s FROM predictions_rows WHERE i >= 10 AND i < 2990) AS q, permutation_test(s) AS t
	JOIN serial_answer AS a USING (target);
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
DROP TABLE predictions_rows;

-- errors of rows
SELECT predictions_agg('[[1,2]]', '[1,2]', 1);
SELECT predictions_agg('[1,2]', '[1,2,3]', 1);
SELECT predictions_agg('[]', '[]', 1);
SELECT predictions_agg(x, x, 1) FROM (VALUES ('[1,2]'::tensor), (NULL), ('[1]')) AS v (x);
SELECT predictions_agg('[1,2]', x, 1) FROM (VALUES ('[1,2]'::tensor), ('[1,-Infinity]')) AS v (x);
SELECT predictions_agg('float8:[1e308]', 'float2:[Infinity]', 1);
SELECT predictions_add(NULL, '[1]', '[1]', 1);
SELECT predictions_combine(NULL, NULL);

-- errors of merging
SELECT predictions_agg('[1]', '[1]', 1) + predictions_agg('[1,2]', '[1,2]', 1);
SELECT predictions_agg('[1]', '[1]', 1) + predictions_agg('[1]', '[1]', 1, 1);
SELECT sum(s) FROM (SELECT predictions_agg('[1]', '[1]', 1) UNION ALL SELECT predictions_agg(tensor '[1]', tensor '[1]', tensor '[1]', 1)) AS v (s);

-- errors of values from elsewhere
SELECT 'gram(p=1):AQAA'::predictions;
SELECT 'predictions(v=1)'::predictions;
SELECT 'predictions():!!!'::predictions;
CREATE FUNCTION pg_temp.hostile(hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN n_samples(('predictions():' || replace(encode(decode(hex, 'hex'), 'base64'), E'\n', ''))::predictions)::text;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- version, vectors, labels, zero, v = 1, n = 1; a chunk of 1 row, float4; label 7; values 1 and 2
SELECT what, pg_temp.hostile(hex) FROM (VALUES
	(1, 'good', '01020100' || '01000000' || '0100000000000000' || '01000000' || '04000000' || '0700000000000000' || '0000803f' || '00000040'),
	(2, 'no bytes', ''),
	(3, 'version 9', '09020100' || '01000000' || '0000000000000000'),
	(4, 'four vectors', '01040100' || '01000000' || '0000000000000000'),
	(5, 'no label', '01020000' || '01000000' || '0000000000000000'),
	(6, 'v = 0', '01020100' || '00000000' || '0000000000000000'),
	(7, 'v = 2^31 - 1', '01020100' || 'ffffff7f' || '0000000000000000'),
	(8, 'n = -1', '01020100' || '01000000' || 'ffffffffffffffff'),
	(9, 'n = 2^31', '01020100' || '01000000' || '0000008000000000'),
	(10, 'no rows', '01020100' || '01000000' || '0000000000000000'),
	(11, 'too short', '01020100' || '01000000' || '0200000000000000' || '02000000' || '04000000' || '0700000000000000' || '0000803f' || '00000040'),
	(12, 'too long', '01020100' || '01000000' || '0000000000000000' || '00'),
	(13, 'chunk of 0 rows', '01020100' || '01000000' || '0100000000000000' || '00000000' || '04000000'),
	(14, 'chunk of 2 of 1 rows', '01020100' || '01000000' || '0100000000000000' || '02000000' || '04000000'),
	(15, 'float2', '01020100' || '01000000' || '0100000000000000' || '01000000' || '02000000'),
	(16, 'infinity', '01020100' || '01000000' || '0100000000000000' || '01000000' || '04000000' || '0700000000000000' || '0000807f' || '00000040'),
	(17, 'float4 after float8', '01010100' || '01000000' || '0200000000000000' || '01000000' || '08000000' || '0700000000000000' || '000000000000f03f'
		|| '01000000' || '04000000' || '0700000000000000' || '0000803f')) AS v (i, what, hex) ORDER BY i;

-- the limit
SET neuroenc.memory_limit = '1MB';
SELECT predictions_agg(random_normal('{1000}', i), random_normal('{1000}', i), i) FROM generate_series(1, 1000) AS i;
RESET neuroenc.memory_limit;
