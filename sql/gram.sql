-- gram: sufficient statistics of (x, y) by fold
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
-- rows and errors in one order
SET max_parallel_workers_per_gather = 0;

-- What a gram says, read through least squares: intercept, weights and the variance of y.
CREATE FUNCTION pg_temp.read(g gram) RETURNS TABLE (samples bigint, folds bigint[], target bigint, n bigint,
	variance numeric, intercept numeric, weights numeric[]) LANGUAGE sql AS
$$
	SELECT n_samples(g), folds(g), t.target, t.n, round(t.variance::numeric, 6), round(t.intercept::numeric, 6) + 0,
		   array(SELECT round(w::numeric, 6) + 0 FROM unnest(t.weights) AS w)
	FROM targets(ridge(g, 0), weights => true) AS t
$$;

-- y = (1 + 2 a - b, a)
CREATE TABLE gram_rows (fold int, x tensor, y tensor);
INSERT INTO gram_rows VALUES
	(10, '[0,0]', '[1,0]'), (10, '[1,0]', '[3,1]'), (10, '[0,1]', '[0,0]'),
	(20, '[2,1]', '[4,2]'), (20, '[1,3]', '[0,1]'), (30, '[4,4]', '[5,4]');

SELECT * FROM pg_temp.read((SELECT gram_agg(x, y, fold) FROM gram_rows));
SELECT n_samples(g), n_features(g), n_targets(g), folds(g) FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows) AS s;
SELECT n_samples(g), n_features(g), n_targets(g), folds(g) FROM (SELECT gram_agg(x, y) AS g FROM gram_rows) AS s;
SELECT n_samples(g), n_features(g), n_targets(g), folds(g) FROM (SELECT gram_agg(x) AS g FROM gram_rows) AS s;
-- the text form begins with words for people
SELECT substring(gram_agg(x, y, fold)::text FROM '^[^:]*:') FROM gram_rows;

-- No rows: NULL. A NULL in a row leaves the row out
SELECT gram_agg(x, y, fold) IS NULL AS none, gram_agg(x) IS NULL AS x_alone FROM gram_rows WHERE false;
SELECT n_samples(gram_agg(x, y, fold)) AS rows, folds(gram_agg(x, y, fold))
FROM (SELECT * FROM gram_rows UNION ALL VALUES (40, NULL::tensor, '[1,2]'::tensor), (40, '[1,2]', NULL), (NULL, '[1,2]', '[1,2]')) AS s;
SELECT sum(NULL::gram) IS NULL AS sum_of_nulls;
SELECT n_samples(NULL::gram) IS NULL AS strict;

-- A vector of one element may be a plain number; element types may mix
SELECT * FROM pg_temp.read((SELECT gram_agg(x, y) FROM (VALUES ('1'::tensor, 'float8:[2]'::tensor), ('[3]', 'float2:[6]'), ('float8:5', '10')) AS s (x, y)));

-- Merging: + and sum join folds of the same number, whatever the parts and their order
CREATE TABLE gram_parts AS
	SELECT part, gram_agg(x, y, fold) AS g FROM (SELECT *, row_number() OVER () % 3 AS part FROM gram_rows) AS s GROUP BY part;
SELECT * FROM pg_temp.read((SELECT sum(g) FROM gram_parts));
SELECT * FROM pg_temp.read((SELECT sum(g ORDER BY part DESC) FROM gram_parts)) WHERE target = 1;
SELECT * FROM pg_temp.read((SELECT a.g + b.g + c.g FROM gram_parts AS a, gram_parts AS b, gram_parts AS c WHERE a.part = 2 AND b.part = 0 AND c.part = 1)) WHERE target = 1;
SELECT n_samples(g + g) AS twice, folds(g + g) FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows) AS s;
SELECT n_samples(sum(g)) FROM (SELECT g FROM gram_parts UNION ALL SELECT NULL) AS s;

-- Parts: by folds
SELECT folds(fold(g, '{30,10}')), n_samples(fold(g, '{30,10}')), folds(without_folds(g, '{10}')) AS others,
	   n_samples(without_folds(g, '{10}')) AS n_others, n_samples(without_folds(g, '{}')) AS n_all, n_samples(fold(g, '{}')) AS n_none
FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows) AS s;
SELECT * FROM pg_temp.read((SELECT without_folds(gram_agg(x, y, fold), '{30}') FROM gram_rows));
-- by columns: the second target on the first feature; both targets on both features, in the other order
SELECT * FROM pg_temp.read((SELECT gram_targets(gram_features(gram_agg(x, y, fold), '{1}'), '{2}') FROM gram_rows));
SELECT * FROM pg_temp.read((SELECT gram_targets(gram_features(gram_agg(x, y, fold), '{2,1}'), '{2,1}') FROM gram_rows));
-- a column twice
SELECT n_features(gram_features(g, '{1,1,2}')), n_targets(gram_targets(g, '{2,2,2,1}')) FROM (SELECT gram_agg(x, y) AS g FROM gram_rows) AS s;

-- Subtraction undoes addition; folds that are emptied go
SELECT * FROM pg_temp.read((SELECT sum(g) - (SELECT g FROM gram_parts WHERE part = 1) + (SELECT g FROM gram_parts WHERE part = 1) FROM gram_parts));
SELECT folds(a.g - b.g), n_samples(a.g - b.g)
FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows) AS a, (SELECT gram_agg(x, y, fold) AS g FROM gram_rows WHERE fold = 20) AS b;
SELECT n_samples(g - g) AS nothing, folds(g - g) FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows) AS s;
-- not if it was never added: too many rows, rows of another fold, rows that differ
SELECT a.g - b.g FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows WHERE fold = 20) AS a, (SELECT gram_agg(x, y, 20) AS g FROM gram_rows) AS b;
SELECT a.g - b.g FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows WHERE fold = 20) AS a, (SELECT gram_agg(x, y, fold) AS g FROM gram_rows WHERE fold = 30) AS b;
SELECT a.g - b.g FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows WHERE fold = 10) AS a, (SELECT gram_agg(x * 100, y, 10) AS g FROM gram_rows WHERE fold = 20) AS b;

-- Missing responses: counted by target
SELECT samples, target, n, variance, intercept, weights
FROM pg_temp.read((SELECT gram_agg(x, CASE WHEN fold = 20 THEN tensor(format('[NaN,%s]', y[2])) ELSE y END, fold) FROM gram_rows));
SELECT samples, target, n, variance, intercept, weights
FROM pg_temp.read((SELECT gram_targets(gram_agg(x, CASE WHEN fold = 20 THEN tensor(format('[NaN,%s]', y[2])) ELSE y END, fold), '{2}') FROM gram_rows));
SELECT folds(g), n_samples(g) FROM (SELECT gram_agg(x, filled(ARRAY[2], 'NaN'), fold) AS g FROM gram_rows) AS s;

-- Many rows are held as moments: y = (3 + 2 a - b, c), the second missing in every hundredth row
CREATE TABLE gram_many AS
	SELECT i, i % 4 AS fold, tensor(format('float8:[%s,%s,%s]', i % 7, i % 11 - 5000, i * i % 13)) AS x,
		   tensor(format('float8:[%s,%s]', 3 + 2 * (i % 7) - (i % 11 - 5000), CASE WHEN i % 100 = 0 THEN 'NaN' ELSE (i * i % 13)::text END)) AS y
	FROM generate_series(1, 4000) AS i;
SELECT * FROM pg_temp.read((SELECT gram_agg(x, y, fold) FROM gram_many));
SELECT * FROM pg_temp.read((SELECT gram_agg(x, y, fold) - gram_agg(x, y, fold) FILTER (WHERE i % 3 = 0) FROM gram_many));
SELECT * FROM pg_temp.read((SELECT fold(gram_agg(x, y, fold), '{1,3}') FROM gram_many));
SELECT * FROM pg_temp.read((SELECT gram_targets(gram_features(gram_agg(x, y, fold), '{3,1}'), '{2}') FROM gram_many));

-- Text and binary give back the same state
SELECT gram_send(g::text::gram) = gram_send(g) AS rows, gram_send(m::text::gram) = gram_send(m) AS moments
FROM (SELECT gram_agg(x, y, fold) AS g FROM gram_rows) AS s, (SELECT gram_agg(x, y, fold) AS m FROM gram_many) AS t;
CREATE TABLE gram_stored AS SELECT 1 AS id, gram_agg(x, y, fold) AS g FROM gram_rows UNION ALL SELECT 2, gram_agg(x, y, fold) FROM gram_many
	UNION ALL SELECT 3, gram_agg(x) FROM gram_rows UNION ALL SELECT 4, NULL;
SELECT id, n_samples(g), n_features(g), n_targets(g), folds(g) FROM gram_stored ORDER BY id;
SELECT * FROM pg_temp.read((SELECT sum(g) FROM gram_stored WHERE id = 2)) WHERE target = 1;

-- In parallel: partial states, merged
ALTER TABLE gram_many SET (parallel_workers = 2);
ANALYZE gram_many;
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT gram_agg(x, y, fold) FROM gram_many;
EXPLAIN (COSTS OFF) SELECT gram_agg(x), gram_agg(x, y) FROM gram_many;
SELECT * FROM pg_temp.read((SELECT gram_agg(x, y, fold) FROM gram_many));
ALTER TABLE gram_stored SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT sum(g) FROM gram_stored;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
SET max_parallel_workers_per_gather = 0;

-- As a window: each row's state so far
SELECT n_samples(gram_agg(x, y, fold) OVER (ORDER BY fold)) AS so_far FROM gram_rows;

-- float4 and float8 rows in turn are kept in few chunks; the sums are those of float8 alone
SET neuroenc.memory_limit = '32MB';
SELECT n_samples(mixed) AS n, max(abs(m.r - w.r)) < 1e-6 AS same
FROM (SELECT gram_agg(astype(x, CASE WHEN i % 2 = 0 THEN 'float4' ELSE 'float8' END), astype(y, CASE WHEN i % 3 = 0 THEN 'float8' ELSE 'float4' END), i % 2) AS mixed,
			 gram_agg(astype(x, 'float8'), astype(y, 'float8'), i % 2) AS wide
	  FROM (SELECT i, random_normal(ARRAY[40], i) AS x, random_normal(ARRAY[500], -i) AS y FROM generate_series(1, 2000) AS i) AS rows) AS s,
	 score(ridge(wide, 1), mixed) AS m JOIN score(ridge(wide, 1), wide) AS w USING (target)
GROUP BY 1;
-- more columns than memory for their products
\set VERBOSITY sqlstate
SELECT n_features(gram_features(gram_agg(tensor('[1,2]') * i::float8, tensor('[1]')), array_fill(1, ARRAY[20000]))) FROM generate_series(1, 300) AS i;
\set VERBOSITY default
RESET neuroenc.memory_limit;
SELECT memory_in_use FROM neuroenc_info();

-- Errors name the row and the element
SELECT gram_agg(x, y) FROM (VALUES ('[1,2]'::tensor, '[1]'::tensor), ('[1,NaN]', '[1]')) AS s (x, y);
SELECT gram_agg(x, y, 1) FROM (VALUES ('[1,2]'::tensor, '[1]'::tensor), ('[1,2]', '[2]'), ('float8:[-Infinity,0]', '[1]')) AS s (x, y);
SELECT gram_agg(x, y) FROM (VALUES ('[1,2]'::tensor, '[1,NaN,Infinity]'::tensor)) AS s (x, y);
SELECT gram_agg(x, y) FROM (VALUES ('[1,2]'::tensor, '[1]'::tensor), ('[1,2,3]', '[1]')) AS s (x, y);
SELECT gram_agg(x, y) FROM (VALUES ('[1,2]'::tensor, '[1]'::tensor), ('[1,2]', '[1,2]')) AS s (x, y);
SELECT gram_agg(x) FROM (VALUES ('[[1,2]]'::tensor)) AS s (x);
SELECT gram_agg('[]'::tensor);
SELECT gram_agg('[1]'::tensor, '[]'::tensor);
SELECT gram_agg(x, y) + gram_agg(x, y, fold) FROM gram_rows;
SELECT gram_agg(x, y) + gram_agg(x) FROM gram_rows;
SELECT gram_agg(x, y) + gram_agg(y, x || x) FROM gram_rows;
SELECT gram_agg(x, y) - gram_agg(x) FROM gram_rows;
SELECT sum(g) FROM (SELECT gram_agg(x, y) AS g FROM gram_rows UNION ALL SELECT gram_agg(x) FROM gram_rows) AS s;
SELECT fold(gram_agg(x, y, fold), '{10,40}') FROM gram_rows;
SELECT without_folds(gram_agg(x, y, fold), '{40}') FROM gram_rows;
SELECT fold(gram_agg(x, y, fold), '{10,NULL}') FROM gram_rows;
SELECT fold(gram_agg(x, y), '{1}') FROM gram_rows;
SELECT gram_features(gram_agg(x, y), '{0}') FROM gram_rows;
SELECT gram_features(gram_agg(x, y), '{1,3}') FROM gram_rows;
SELECT gram_features(gram_agg(x, y), '{}') FROM gram_rows;
SELECT gram_targets(gram_agg(x, y), '{NULL}') FROM gram_rows;
SELECT gram_targets(gram_agg(x), '{1}') FROM gram_rows;
SELECT gram_agg_x(NULL, '[1]');
SELECT gram_combine(g, g) FROM gram_stored WHERE id = 1;

-- Malformed text
SELECT ''::gram;
SELECT 'gram(p=1)'::gram;
SELECT 'gram(p=1):'::gram;
SELECT 'gram(p=1):AQ=='::gram;
SELECT 'gram(p=1):!!!!'::gram;
SELECT 'encoder(p=1):AQAAAA=='::gram;
SELECT 'gram():CQAAAA=='::gram;
SELECT (left(g::text, -12))::gram FROM gram_stored WHERE id = 1;
SELECT (rtrim(g::text, '=') || 'AAAA')::gram IS NULL FROM gram_stored WHERE id = 3;

DROP TABLE gram_rows, gram_parts, gram_many, gram_stored;
