-- column_corr, column_spearman, column_r2: agreement of two tensors, column by column over rows
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By hand. Column 1: b = 2a, so r 1; column 2: b = -a; column 3: deviations (-1,0,1) and (-1,2,-1), r 0;
-- column 4: a is constant
CREATE TEMP TABLE pairs (i int, a tensor, b tensor);
INSERT INTO pairs VALUES
	(1, '[1,1,1,7]', '[2,-1,1,1]'),
	(2, '[2,2,2,7]', '[4,-2,4,2]'),
	(3, '[3,3,3,7]', '[6,-3,1,3]');
SELECT column_corr(a, b) FROM pairs;
SELECT column_spearman(a, b) FROM pairs;
-- R2 of y = (1,2,3) (sum of squares 2): column 1 errs by (1,2,3), 1 - 14/2; column 2 by (2,4,6), 1 - 56/2;
-- column 3 by (0,2,-2), 1 - 8/2; column 4 is a constant y, 0
SELECT column_r2(a, b) FROM pairs;
-- exact and mean predictions
SELECT column_r2(a, a), column_r2(a, '[2,2,2,7]') FROM pairs;

-- Ties take the mean of their ranks: (1,1,2,2,3,3) and (1,2,2,3,3,3), r .839146
SELECT round((column_spearman(a, b))[1]::numeric, 6) AS spearman
FROM (VALUES ('[1]'::tensor, '[1]'::tensor), ('[1]', '[2]'), ('[2]', '[2]'), ('[2]', '[3]'), ('[3]', '[3]'), ('[3]', '[3]')) AS v (a, b);
-- a monotone map, an infinity and a negative zero among zeros
SELECT column_spearman(a, b)
FROM (VALUES ('float8:[-Infinity,-0]'::tensor, 'float8:[1,5]'::tensor), ('float8:[1e-300,0]', 'float8:[2,5]'), ('float8:[5,1]', 'float8:[3,6]'), ('float8:[Infinity,2]', 'float8:[1e300,7]')) AS v (a, b);

-- NaN is missing for its column alone: column 1 keeps y = (1,2), predicted (2,4), column 2 all four
SELECT column_corr(a, b), column_spearman(a, b), column_r2(a, b)
FROM (VALUES ('[1,1]'::tensor, '[2,3]'::tensor), ('[NaN,2]', '[9,2]'), ('[2,3]', '[4,1]'), ('[5,4]', '[NaN,0]')) AS v (a, b);
-- fewer than two valid rows
SELECT column_corr(a, b), column_spearman(a, b), column_r2(a, b) FROM pairs WHERE i = 1;
SELECT column_corr(a, b), column_spearman(a, b), column_r2(a, b)
FROM (VALUES ('[NaN,1]'::tensor, '[1,1]'::tensor), ('[NaN,2]', '[2,NaN]')) AS v (a, b);
-- infinities
SELECT column_corr(a, b), column_r2(a, b), column_r2(b, a)
FROM (VALUES ('[Infinity,1]'::tensor, '[1,1]'::tensor), ('[1,2]', '[2,2]'), ('[2,3]', '[3,3]')) AS v (a, b);
-- no rows, NULL rows
SELECT column_corr(a, b), column_spearman(a, b), column_r2(a, b) FROM pairs WHERE false;
SELECT column_corr(a, NULL), column_spearman(NULL, b), column_r2(a, NULL) FROM pairs;
SELECT column_corr(a, b), column_spearman(a, b), column_r2(a, b)
FROM (SELECT a, b FROM pairs UNION ALL SELECT NULL, b FROM pairs UNION ALL SELECT a, NULL FROM pairs) AS s;
-- no columns; element types mix
SELECT column_corr('[]', '[]'), column_spearman('[]', '[]'), column_r2('[]', '[]');
SELECT column_corr(a, b), column_spearman(a, b)
FROM (VALUES ('float2:[1]'::tensor, 'float8:[3]'::tensor), ('[2]', '[2]'), ('float8:[3]', 'float2:[1]'), ('float2:[4]', '[0]')) AS v (a, b);

-- groups, and as a window
SELECT g, column_corr(a, b), column_spearman(a, b), column_r2(a, b)
FROM pairs, generate_series(1, 2) AS g GROUP BY g ORDER BY g;
SELECT i, column_corr(a, b) OVER (ORDER BY i), column_spearman(a, b) OVER (ORDER BY i) FROM pairs;

-- Columns far from zero with an odd first row, against corr()
CREATE TEMP TABLE far AS
	SELECT t, format('float8:[%s]', CASE WHEN t = 0 THEN 0 ELSE 1e6 + t % 7 END)::tensor AS a,
		   format('float8:[%s]', CASE WHEN t = 0 THEN 0 ELSE 1e6 + t % 5 + t % 7 END)::tensor AS b,
		   CASE WHEN t = 0 THEN 0 ELSE 1e6 + t % 7 END AS x, CASE WHEN t = 0 THEN 0 ELSE 1e6 + t % 5 + t % 7 END AS y
	FROM generate_series(0, 999) AS t;
SELECT abs((column_corr(a, b))[1] - corr(x, y)) < 1e-9 AS same FROM far;
SELECT abs((column_corr(a, b))[1] - corr(x, y)) < 1e-9 AS same FROM far WHERE t > 0;

-- Parallel plans: partial aggregates, the same answer
CREATE TABLE columns_rows (t int, a tensor, b tensor) WITH (parallel_workers = 2);
INSERT INTO columns_rows
	SELECT t, format('[%s,%s,%s]', t % 11, t % 13, CASE WHEN t % 3 = 0 THEN 'NaN' ELSE (t % 17)::text END)::tensor,
		   format('float8:[%s,%s,%s]', t % 11 + t % 3, -(t % 13), t % 17 + t % 5)::tensor
	FROM generate_series(1, 3000) AS t;
ANALYZE columns_rows;
CREATE TEMP TABLE serial_answer AS
	SELECT column_corr(a, b) AS r, column_spearman(a, b) AS s, column_r2(a, b) AS r2 FROM columns_rows;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT column_corr(a, b), column_spearman(a, b), column_r2(a, b) FROM columns_rows;
SELECT max_of(abs(p.r - q.r)) < 1e-12 AS corr, p.s = q.s AS spearman, max_of(abs(p.r2 - q.r2)) < 1e-12 AS r2
FROM (SELECT column_corr(a, b) AS r, column_spearman(a, b) AS s, column_r2(a, b) AS r2 FROM columns_rows) AS p, serial_answer AS q;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
DROP TABLE columns_rows;

-- Errors
SELECT column_corr('[[1,2]]', '[[1,2]]');
SELECT column_corr('[1,2]', '[1]');
SELECT column_spearman('[1,2]', '[1]');
SELECT column_r2('1', '1');
SELECT column_corr(a, a) FROM (VALUES ('[1,2]'::tensor), (NULL), ('[1]')) AS v (a);
SELECT column_spearman(a, a) FROM (VALUES ('[1,2]'::tensor), (NULL), ('[1]')) AS v (a);
SELECT column_moments_transition(NULL, '[1]', '[1]');
SELECT column_moments_combine('[1]', '[1]');
SELECT column_corr_final('float8:[1,2]');
SELECT column_r2_final('[[1]]');
SELECT column_corr_final(NULL);
-- ranks hold every row: the limit names both figures
SET neuroenc.memory_limit = '1MB';
\set VERBOSITY sqlstate
SELECT column_spearman(a, a) FROM far, generate_series(1, 100);
\set VERBOSITY default
SELECT column_spearman(a, a) FROM far;
RESET neuroenc.memory_limit;
