-- paired: two populations' responses to the same rows
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE TEMP TABLE rows (i int, x tensor, y tensor);
INSERT INTO rows VALUES
	(1, '[1,2]', '[1,5,0]'),
	(2, '[2,2]', '[2,1,0]'),
	(3, '[3,1]', '[3,4,1]'),
	(4, '[4,3]', '[4,0,2]'),
	(5, NULL, '[4,4,4]'),
	(6, '[4,3]', NULL);

-- rows with a NULL are skipped; no row gives NULL
SELECT n_samples(s), n_units_x(s), n_units_y(s) FROM (SELECT paired_agg(x, y) AS s FROM rows) AS q;
SELECT paired_agg(x, y) IS NULL AS none FROM rows WHERE i > 4;
SELECT paired_agg(x, y) IS NULL AS none FROM rows WHERE false;
-- a scalar counts as one element
SELECT n_samples(s), n_units_x(s), n_units_y(s) FROM (SELECT paired_agg('3', '4') AS s) AS q;

-- text and binary forms
SELECT paired_agg(x, y) AS s FROM rows WHERE i <= 2;
SELECT paired_send(paired_agg('[1]', '[2]'));
SELECT s::text::paired::text = s::text AS same, n_samples(s::text::paired)
FROM (SELECT paired_agg(x, astype(y, CASE WHEN i > 2 THEN 'float8' ELSE 'float2' END)) AS s FROM rows) AS q;

-- merging: sum, +, groups, windows; the measures are those of all rows
SELECT n_samples(sum(s)) AS n, round(cka(sum(s))::numeric, 12) AS cka FROM (SELECT paired_agg(x, y) AS s FROM rows GROUP BY i) AS q;
SELECT round(cka(x, y)::numeric, 12) AS cka FROM rows;
SELECT n_samples(s + s), n_units_y(s + s) FROM (SELECT paired_agg(x, y) AS s FROM rows) AS q;
SELECT n_samples(sum(s)) FROM (VALUES (NULL::paired), (NULL)) AS v (s);
SELECT i, n_samples(paired_agg(x, y) OVER (ORDER BY i)) FROM rows WHERE i < 5 ORDER BY i;
CREATE TEMP TABLE kept AS SELECT i % 2 AS half, paired_agg(x, y) AS s FROM rows GROUP BY 1;
SELECT half, n_samples(s) FROM kept ORDER BY half;
SELECT n_samples(sum(s)), round(cka(sum(s))::numeric, 12) AS cka FROM kept;

-- parallel plans; rows that are kept, and moments, merge to the same answer
CREATE TABLE paired_rows (i int, x tensor, y tensor) WITH (parallel_workers = 2);
INSERT INTO paired_rows SELECT i, random_normal('{5}', i), random_normal('{4}', -i) + take(random_normal('{5}', i), '{1,2,3,4}') FROM generate_series(1, 3000) AS i;
ANALYZE paired_rows;
CREATE TEMP TABLE serial_answer AS SELECT cka(s), mean_cca(s), procrustes(s), cka_debiased(s) AS debiased FROM (SELECT paired_agg(x, y) AS s FROM paired_rows) AS q;
SET min_parallel_table_scan_size = 0;
ALTER FUNCTION paired_combine_rows(paired, paired) COST 1;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT paired_agg(x, y), cka(x, y), cka_debiased(x, y), cka_rbf(x, y), cka_rbf(x, y, 2), cca(x, y), cca(x, y, 1),
	mean_cca(x, y), svcca(x, y), svcca(x, y, 0.9), pwcca(x, y), procrustes(x, y), procrustes_rotation(x, y), procrustes_similarity(x, y),
	shape_distance(x, y), shape_distance(x, y, 0.5), shape_distance_euclidean(x, y), shape_distance_euclidean(x, y, 0.5), bures_similarity(x, y), rv(x, y)
FROM paired_rows;
SELECT abs(a.cka - s.cka) < 1e-12 AND abs(a.mean_cca - s.mean_cca) < 1e-12 AND abs(a.procrustes - s.procrustes) < 1e-12 AND abs(a.debiased - s.debiased) < 1e-12 AS same
FROM (SELECT cka(x, y), mean_cca(x, y), procrustes(x, y), cka_debiased(x, y) AS debiased FROM paired_rows) AS a, serial_answer AS s;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
DROP TABLE paired_rows;

-- errors of rows: the row, x or y, the element
SELECT paired_agg('[1]'::tensor, '[]'::tensor);
SELECT paired_agg('[]'::tensor, '[1]'::tensor);
SELECT paired_agg('[[1,2]]'::tensor, '[1]'::tensor);
SELECT paired_agg(x, y) FROM (VALUES (1, tensor '[1,2]', tensor '[1]'), (2, '[1,2]', '[NaN]')) AS v (i, x, y);
SELECT paired_agg(x, y) FROM (VALUES (tensor '[1,2]', tensor '[1]'), ('[1,-Infinity]', '[NaN]')) AS v (x, y);
SELECT paired_agg(x, y) FROM (VALUES (tensor '[1,2]', tensor '[1]'), ('[1,2,3]', '[1]')) AS v (x, y);
SELECT paired_agg(x, y) FROM (VALUES (tensor '[1,2]', tensor '[1]'), ('[1,2]', '[1,2]')) AS v (x, y);

-- errors of merging, options that change
SELECT paired_agg('[1]'::tensor, '[1]'::tensor) + paired_agg('[1]'::tensor, '[1,2]'::tensor);
SELECT cka_rbf(x, y, i) FROM rows;
SELECT cka_rbf(x, y, 'NaN') FROM rows;
SELECT cca(x, y, i) FROM rows;

-- errors of input
SELECT ''::paired;
SELECT 'gram(p=1):AQ=='::paired;
SELECT 'paired():'::paired;
SELECT 'paired():AQ=='::paired;
SELECT 'paired():/w=='::paired;
SELECT 'paired():AQAAAQAAAAAAAAAAAAAAAAAAAAAA'::paired;
