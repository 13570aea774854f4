SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;
SET extra_float_digits = 0;

-- Query (5,0), keys (1,0) and (0,2): cosines 1 and 0, so at temperature 1 weights are e / (e + 1) = .731059 and .268941.
-- norm = .731059 + 2 (.268941) = 1.268941; the mean of directions is (.731059, .268941), of length .778958;
-- n_effective = 1 / .606776.  The query's own length does not matter.
CREATE TABLE projection_keys (id int, k tensor) WITH (parallel_workers = 2);
INSERT INTO projection_keys VALUES (1, '[1,0]'), (2, '[0,2]'), (3, NULL);
SELECT query, round(projection[1]::numeric, 6) AS p1, round(projection[2]::numeric, 6) AS p2, round(norm::numeric, 6) AS norm,
    round(length::numeric, 6) AS length, round(n_effective::numeric, 6) AS n_effective
FROM projections((SELECT softmax_projection('[5,0]', k, 1) FROM projection_keys));
-- Several queries: a row each, as one matrix too.
SELECT query, round(norm::numeric, 6) AS norm FROM projections((SELECT softmax_projection('[[5,0],[0,1],[-1,-1]]', k, 1) FROM projection_keys));
SELECT shape(projected(p)), dtype(projected(p)), n_samples(p), abs(norm((projected(p))[3:3]) - 1.5 * sqrt(0.5)) < 1e-15 AS third
FROM (SELECT softmax_projection('[[5,0],[0,1],[-1,-1]]', k, 1) AS p FROM projection_keys) s;
-- Towards 0 the nearest key is left, however far exponents go; at a high temperature the plain mean.
SELECT projected(softmax_projection('[1,0.5]', k, 1e-6)) FROM projection_keys;
SELECT norm(projection - tensor 'float8:[0.75,0.75]') < 1e-6 AS mean, round(n_effective::numeric, 9) AS n
FROM projections((SELECT softmax_projection('[1,0.5]', k, 1e9) FROM projection_keys));
-- the larger cosine may come first or last
SELECT bool_and(abs(a.norm - b.norm) < 1e-15) AS same
FROM projections((SELECT softmax_projection('[1,0]', k, 0.01 ORDER BY id) FROM projection_keys)) a,
    projections((SELECT softmax_projection('[1,0]', k, 0.01 ORDER BY id DESC) FROM projection_keys)) b;
-- one key; any element type; no row; only NULLs
SELECT projected(softmax_projection('float2:[1,2]', 'float8:[3,4]', 0.1));
SELECT softmax_projection('[1,2]', k, 1) FROM projection_keys WHERE id > 2;
SELECT softmax_projection('[1,2]', k, 1) IS NULL AS none FROM projection_keys WHERE false;
SELECT projected(NULL), n_samples(NULL::softmax_projection);

-- More keys than a block, by the formula; parts added are the whole; text and binary keep every bit.
CREATE TABLE projection_many (id int, k tensor) WITH (parallel_workers = 2);
INSERT INTO projection_many SELECT i, random_normal('{12}', i) * (1 + i % 4) FROM generate_series(1, 1000) i;
CREATE TABLE projection_query AS SELECT random_normal('{3,12}', 5) AS q;
CREATE TABLE projection_whole AS SELECT softmax_projection((SELECT q FROM projection_query), k, 0.1) AS p FROM projection_many;
SELECT max(abs(norm - plain_norm)) < 1e-12 AS norm, max(abs(length - norm(plain_direction))) < 1e-12 AS length,
    max(norm(projection - plain_norm * plain_direction)) < 1e-12 AS projection, max(abs(n_effective / plain_n - 1)) < 1e-12 AS n
FROM projection_whole, projections(p),
    LATERAL (SELECT sum(w * norm(k)) / sum(w) AS plain_norm, sum(astype(k, 'float8') / norm(k) * w) / sum(w) AS plain_direction,
                sum(w) ^ 2 / sum(w ^ 2) AS plain_n
             FROM (SELECT k, exp((1 - (k <=> r)) / 0.1) AS w
                   FROM projection_many, (SELECT r FROM projection_query, rows(q) WITH ORDINALITY s(r, n) WHERE n = query) v) x) y;
SELECT n_samples(sum(p)), max_of(abs(projected(sum(p)) - projected((SELECT p FROM projection_whole)))) < 1e-13 AS parts
FROM (SELECT softmax_projection((SELECT q FROM projection_query), k, 0.1) AS p FROM projection_many GROUP BY id % 7) s;
SELECT n_samples(p + p), max_of(abs(projected(p + p) - projected(p))) < 1e-15 AS plus, p::text::softmax_projection::text = p::text AS text,
    split_part(p::text, ':', 1) AS summary FROM projection_whole;
SELECT max_of(abs(projected(softmax_projection((SELECT q FROM projection_query), k, 0.1 ORDER BY id DESC)) - projected((SELECT p FROM projection_whole)))) < 1e-13 AS order_of_rows
FROM projection_many;

-- A parallel plan merges states; each row's query may come from a table as well.
SET parallel_setup_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT softmax_projection((SELECT q FROM projection_query), k, 0.1) FROM projection_many;
SELECT max_of(abs(projected(softmax_projection((SELECT q FROM projection_query), k, 0.1)) - projected((SELECT p FROM projection_whole)))) < 1e-13 AS parallel
FROM projection_many;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;
SELECT max_of(abs(projected(softmax_projection(q, k, 0.1)) - projected((SELECT p FROM projection_whole)))) < 1e-13 AS joined
FROM projection_many, projection_query;
-- Projected queries search on: the keys nearest to each.
SELECT query, count(*) FROM neighbors((SELECT topk(id, k, (SELECT projected(p) FROM projection_whole), 4, 'cosine') FROM projection_many)) GROUP BY 1 ORDER BY 1;
-- a state with a query that changes is none
SELECT softmax_projection(k, k, 1) FROM projection_many;
SELECT softmax_projection('[1,2]', k, id) FROM projection_keys;

SELECT softmax_projection('[1,2]', k, 0) FROM projection_keys;
SELECT softmax_projection('[1,2]', k, 'NaN') FROM projection_keys;
SELECT softmax_projection('[1,2]', k, NULL) FROM projection_keys;
SELECT softmax_projection(NULL, k, 1) FROM projection_keys;
SELECT softmax_projection('[1,2,3]', k, 1) FROM projection_keys;
SELECT softmax_projection('[[1,2],[0,0]]', k, 1) FROM projection_keys;
SELECT softmax_projection('[1,NaN]', k, 1) FROM projection_keys;
SELECT softmax_projection('[[[1,2]]]', k, 1) FROM projection_keys;
SELECT softmax_projection(zeros('{0,2}'), k, 1) FROM projection_keys;
SELECT softmax_projection('[1,2]', k - tensor '[0,2]', 1) FROM projection_keys WHERE id = 2;
SELECT softmax_projection('[1,2]', k * tensor '[1,Infinity]', 1) FROM projection_keys WHERE id = 2;
SELECT softmax_projection('[1,2]', 'float8:[1,1e160]', 1);
SELECT (SELECT p FROM projection_whole) + softmax_projection('[1,2]', '[3,4]', 0.1);
SELECT a + b FROM (SELECT softmax_projection('[1,2]', k, 1) AS a, softmax_projection('[2,1]', k, 1) AS b FROM projection_keys) s;
SELECT softmax_projection_add(NULL, '[1]', '[1]', 1);
SELECT 'softmax_projection(x):AQ=='::softmax_projection;
SET neuroenc.memory_limit = '3MB';
SELECT softmax_projection(random_normal('{10000,64}', 1), random_normal('{64}', i), 1) FROM generate_series(1, 3) i;
RESET neuroenc.memory_limit;

DROP TABLE projection_keys, projection_many, projection_query, projection_whole;
