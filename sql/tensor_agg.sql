SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;
SET extra_float_digits = 0;

CREATE TABLE agg_rows (id int, g text, v tensor);
INSERT INTO agg_rows VALUES
	(1, 'a', '[1,10,5]'), (2, 'a', '[2,20,5]'), (3, 'a', NULL), (4, 'a', '[6,60,5]'),
	(5, 'b', '[1,NaN,1]'), (6, 'b', '[3,NaN,NaN]'), (7, 'c', '[4,5,6]'), (8, 'd', NULL);

-- group a: means 3, 30, 5; squared deviations 4 + 1 + 9 = 14, so variance 7
SELECT g, sum(v), avg(v), min(v), max(v), variance(v), stddev(v) FROM agg_rows GROUP BY g ORDER BY g;
SELECT g, count_valid(v), nansum(v), nanavg(v) FROM agg_rows GROUP BY g ORDER BY g;
-- no rows, one row, NULL rows only
SELECT sum(v), avg(v), min(v), max(v), variance(v), stddev(v), count_valid(v), nansum(v), nanavg(v), stack(v)
FROM agg_rows WHERE false;

-- any shape: a matrix, no elements, no dimensions
SELECT avg(v), stddev(v), max(v) FROM (VALUES ('[[1,2],[3,4]]'::tensor), ('[[3,2],[1,0]]')) t(v);
SELECT avg(v), stddev(v), count_valid(v), min(v) FROM (VALUES ('[]'::tensor), ('[]')) t(v);
SELECT avg(v), stddev(v), count_valid(v), min(v) FROM (VALUES ('1'::tensor), ('2')) t(v);

-- element types: float2 gives float4 except as an extreme; one float8 row makes the answer float8
SELECT sum(v), avg(v), stddev(v), min(v), max(v), nansum(v) FROM (VALUES ('float2:[60000]'::tensor), ('float2:[60000]')) t(v);
SELECT sum(v), avg(v), variance(v), min(v), max(v) FROM (VALUES ('float2:[1]'::tensor), ('float8:[2]'), ('[3]')) t(v);

-- NaN and infinity
SELECT sum(v), min(v), max(v), variance(v), count_valid(v), nanavg(v)
FROM (VALUES ('[1,NaN,Infinity]'::tensor), ('[NaN,2,-Infinity]'), ('[3,4,1]')) t(v);
-- an offset costs no digits, and a constant has no variance
SELECT variance(v) FROM (VALUES ('float8:[100000001,0.1]'::tensor), ('float8:[100000002,0.1]'), ('float8:[100000003,0.1]')) t(v);

SELECT avg(v) FROM (VALUES ('[1,2]'::tensor), ('[1,2,3]')) t(v);
SELECT min(v) FROM (VALUES ('[1,2]'::tensor), ('[[1,2]]')) t(v);
SELECT nansum(v) FROM (VALUES ('1'::tensor), ('[1]')) t(v);

-- window frames: the state is read again and again, and goes on
SELECT id, avg(v) OVER w, max(v) OVER w, count_valid(v) OVER w, stddev(v) OVER w, stack(v) OVER w
FROM agg_rows WHERE g IN ('a', 'b') WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT id, sum(v) OVER (ORDER BY id ROWS 1 PRECEDING) FROM agg_rows WHERE g = 'a' ORDER BY id;
SELECT avg(v) FILTER (WHERE id > 1), avg(DISTINCT '[1]'::tensor * (id % 2)) FROM agg_rows WHERE g = 'a';

-- stack: rows to a matrix, in order; NULL rows skipped
SELECT stack(v ORDER BY id) AS forward, stack(v ORDER BY id DESC) AS backward FROM agg_rows WHERE g = 'a';
SELECT stack(m) AS matrices FROM (VALUES ('[[1,2]]'::tensor), ('[[3,4]]')) t(m);
SELECT stack(s) AS scalars FROM (VALUES ('1'::tensor), ('2')) t(s);
SELECT shape(stack(e)) AS empties FROM (VALUES ('[]'::tensor), ('[]')) t(e);
SELECT stack(v ORDER BY i) AS widened FROM (VALUES (1, 'float2:[1.5]'::tensor), (2, '[0.1]'), (3, 'float8:[0.1]'), (4, 'float2:[3]')) t(i, v);
SELECT stack(v) FROM (VALUES ('[1,2]'::tensor), ('[1,2,3]')) t(v);
SELECT stack('[[[[[[[[1]]]]]]]]'::tensor);
SELECT shape(m), m[1][2], m[5000][1], sum_of(m)
FROM (SELECT stack(('[1,10]'::tensor) * i ORDER BY i) AS m FROM generate_series(1, 5000) i) s;

-- tensor_agg: numbers to a vector, in order; NULL becomes NaN
SELECT tensor_agg(i ORDER BY i DESC), tensor_agg(i::real ORDER BY i), tensor_agg(nullif(i, 2) ORDER BY i), tensor_agg(i / 2.0 ORDER BY i)
FROM generate_series(1, 3) i;
SELECT tensor_agg(i) FROM generate_series(1, 0) i;
SELECT tensor_agg(NULL::float8) FROM generate_series(1, 2) i;
SELECT g, tensor_agg(id ORDER BY id) FROM agg_rows GROUP BY g ORDER BY g;

-- parallel plans merge, and say the same
CREATE TABLE agg_many (id int, v tensor) WITH (parallel_workers = 2, autovacuum_enabled = off);
INSERT INTO agg_many
SELECT i, CASE WHEN i % 100 <> 0 THEN ('[1,-2,0]'::tensor * i + 10000) / CASE WHEN i % 7 = 0 THEN '[1,1,0]'::tensor ELSE '[1,1,1]'::tensor END * CASE WHEN i % 7 = 0 THEN '[1,1,NaN]'::tensor ELSE '[1,1,1]'::tensor END END
FROM generate_series(1, 3000) i;
ANALYZE agg_many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT avg(v) FROM agg_many;
EXPLAIN (COSTS OFF) SELECT sum(v) FROM agg_many;
EXPLAIN (COSTS OFF) SELECT min(v) FROM agg_many;
EXPLAIN (COSTS OFF) SELECT max(v) FROM agg_many;
EXPLAIN (COSTS OFF) SELECT variance(v) FROM agg_many;
EXPLAIN (COSTS OFF) SELECT stddev(v) FROM agg_many;
EXPLAIN (COSTS OFF) SELECT count_valid(v) FROM agg_many;
EXPLAIN (COSTS OFF) SELECT nansum(v) FROM agg_many;
EXPLAIN (COSTS OFF) SELECT nanavg(v) FROM agg_many;
CREATE TABLE agg_answers AS SELECT 'parallel' AS plan, sum(v), avg(v), min(v), max(v), variance(v), stddev(v), count_valid(v), nansum(v), nanavg(v) FROM agg_many;
SET max_parallel_workers_per_gather = 0;
INSERT INTO agg_answers SELECT 'alone' AS plan, sum(v), avg(v), min(v), max(v), variance(v), stddev(v), count_valid(v), nansum(v), nanavg(v) FROM agg_many;
SELECT p.min = a.min AS min, p.max = a.max AS max, p.count_valid = a.count_valid AS count,
	norm(take(p.sum - a.sum, '{1,2}')) <= 1e-6 * norm(take(a.sum, '{1,2}')) AS sum,
	norm(take(p.avg - a.avg, '{1,2}')) <= 1e-6 * norm(take(a.avg, '{1,2}')) AS avg,
	norm(take(p.variance - a.variance, '{1,2}')) <= 1e-6 * norm(take(a.variance, '{1,2}')) AS variance,
	norm(take(p.stddev - a.stddev, '{1,2}')) <= 1e-6 * norm(take(a.stddev, '{1,2}')) AS stddev,
	norm(p.nansum - a.nansum) <= 1e-6 * norm(a.nansum) AS nansum,
	norm(p.nanavg - a.nanavg) <= 1e-6 * norm(a.nanavg) AS nanavg
FROM agg_answers p, agg_answers a WHERE p.plan = 'parallel' AND a.plan = 'alone';
-- 2,970 rows: i to 3,000 without the hundreds; of them 2,970 - 424 have a third element
SELECT avg, min, max, count_valid, nanavg FROM agg_answers WHERE plan = 'alone';
RESET max_parallel_workers_per_gather;

-- many groups, in memory and sorted
SELECT count(*), max(s) FROM (SELECT id % 1000, sum_of(count_valid(v)) AS s FROM agg_many GROUP BY 1) g;
SET enable_hashagg = off;
SELECT count(*), max(s) FROM (SELECT id % 1000, sum_of(count_valid(v)) AS s FROM agg_many GROUP BY 1) g;
RESET enable_hashagg;

-- a state over the memory limit is refused before it is made
SET neuroenc.memory_limit = '4MB';
SELECT avg(v) FROM (SELECT zeros('{1000000}') AS v) t;
RESET neuroenc.memory_limit;
-- the functions behind the aggregates are no way in: nobody can make an internal value
DO $$
BEGIN
	PERFORM tensor_accumulate_sum(NULL, '[1]');
	RAISE NOTICE 'let in';
EXCEPTION WHEN undefined_function OR feature_not_supported THEN	-- minor versions differ
	RAISE NOTICE 'refused';
END $$;
DROP TABLE agg_rows, agg_many, agg_answers;
