SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Six vectors and the query (3, 4): by angle, by distance, by inner product.  2 and 3 are equal: the lower id first.
CREATE TABLE exact_search (id int PRIMARY KEY, k tensor);
INSERT INTO exact_search VALUES (1, '[30,40]'), (3, '[4,3]'), (2, '[4,3]'), (4, '[3,5]'), (5, '[-3,-4]'), (6, '[0,1]');
SELECT id, round((k <=> '[3,4]')::numeric, 9) AS cosine FROM exact_search ORDER BY k <=> '[3,4]', id;
SELECT id, round((k <-> '[3,4]')::numeric, 9) AS l2 FROM exact_search ORDER BY k <-> '[3,4]', id;
SELECT id, k <#> '[3,4]' AS negative_product FROM exact_search ORDER BY k <#> '[3,4]', id;
SELECT id, k <+> '[3,4]' AS l1 FROM exact_search ORDER BY k <+> '[3,4]', id;
SELECT id, k <~> '[3,4]' AS correlation FROM exact_search ORDER BY k <~> '[3,4]', id;

-- the query on either side; of a row, a sub-select, a parameter, a CTE; of another element type
SELECT array_agg(id) FROM (SELECT id FROM exact_search ORDER BY '[3,4]' <=> k, id LIMIT 3) s;
SELECT array_agg(id) FROM (SELECT id FROM exact_search ORDER BY k <=> (SELECT k FROM exact_search WHERE id = 2), id LIMIT 3) s;
SET plan_cache_mode = force_generic_plan;
PREPARE nearest(tensor) AS SELECT array_agg(id) FROM (SELECT id FROM exact_search ORDER BY k <-> $1, id LIMIT 3) s;
EXECUTE nearest('[3,4]');
EXECUTE nearest('float2:[-3,-4]');
EXECUTE nearest('float8:[0,1]');
EXECUTE nearest(NULL);
RESET plan_cache_mode;
DEALLOCATE nearest;

-- Rows out of line, in all element types, longer than the blocks in which halves are widened.
CREATE TABLE exact_stored (id int PRIMARY KEY, k tensor);
INSERT INTO exact_stored SELECT i, astype(random_normal('{3000}', i), CASE i % 3 WHEN 0 THEN 'float2' WHEN 1 THEN 'float4' ELSE 'float8' END)
    FROM generate_series(1, 60) i;
SELECT o.name, max(abs(o.d - o.plain)) < 1e-9 AS same, count(*)
FROM exact_stored a, (SELECT k FROM exact_stored WHERE id IN (3, 4, 5)) b(k),
    LATERAL (SELECT astype(a.k, 'float8') AS x, astype(b.k, 'float8') AS y) w,
    LATERAL (VALUES ('l2', a.k <-> b.k, norm(x - y)), ('l1', a.k <+> b.k, norm(x - y, 1)), ('product', a.k <#> b.k, -sum_of(x * y)),
        ('cosine', a.k <=> b.k, 1 - sum_of(x * y) / norm(x) / norm(y)),
        ('correlation', a.k <~> b.k, 1 - mean_of(zscore(x) * zscore(y)))) o(name, d, plain)
GROUP BY 1 ORDER BY 1;

-- The correlation where the first element lies far from the others: against corr() of PostgreSQL.
SELECT n, abs((a <~> b) - (SELECT 1 - corr(x, y) FROM unnest(a::float8[], b::float8[]) u(x, y))) < 1e-12 AS same
FROM (VALUES (1, tensor 'float8:[1000000,1,2,3,5]', tensor 'float8:[3,1,4,1,5]'), (2, '[1000,1,2,3,7]', '[1000,2,1,3,5]'),
    (3, 'float2:[1,2,4,8]', '[8,1,2,4]')) v(n, a, b) ORDER BY n;

-- Rows that a filter keeps, 1 in 1,000, are all there to be found: 10 of 20, the nearest of them.
CREATE TABLE exact_many (id int, k tensor) WITH (parallel_workers = 2, toast_tuple_target = 8160);
INSERT INTO exact_many SELECT i, random_normal('{16}', i) FROM generate_series(1, 20000) i;
ANALYZE exact_many;
CREATE TABLE exact_found AS
    SELECT id, row_number() OVER (ORDER BY k <=> (SELECT k FROM exact_many WHERE id = 17), id) AS rank FROM exact_many WHERE id % 1000 = 7;
SELECT count(*), count(*) FILTER (WHERE rank <= 10) AS nearest
FROM (SELECT id FROM exact_many WHERE id % 1000 = 7 ORDER BY k <=> (SELECT k FROM exact_many WHERE id = 17), id LIMIT 10) s JOIN exact_found USING (id);

-- ... by a parallel plan too, which answers as the plain one does.
SET parallel_setup_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT id FROM exact_many ORDER BY k <=> (SELECT k FROM exact_many WHERE id = 17) LIMIT 10;
CREATE TABLE exact_parallel AS SELECT id FROM exact_many ORDER BY k <=> (SELECT k FROM exact_many WHERE id = 17), id LIMIT 10;
SET max_parallel_workers_per_gather = 0;
SELECT array_agg(id) = (SELECT array_agg(id) FROM exact_parallel) AS same, count(*)
FROM (SELECT id FROM exact_many ORDER BY k <=> (SELECT k FROM exact_many WHERE id = 17), id LIMIT 10) s;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;

-- The nearest of each group.
SELECT g, n.id, n.d = (SELECT min(k <-> tensor '[3,4]') FROM exact_search WHERE id % 2 = g) AS least
FROM generate_series(0, 1) g, LATERAL (SELECT id, k <-> '[3,4]' AS d FROM exact_search WHERE id % 2 = g ORDER BY 2, 1 LIMIT 1) n;

-- Prefixes: (3, 4) of (3, 4, 12) at length 1, or as it is; the element type stays; zeros stay zeros; NaN propagates.
SELECT subvector('[3,4,12]', 2), subvector('[3,4,12]', 2, false), subvector('[3,4,12]', 3, normalized => false);
SELECT subvector('float2:[3,4,5]', 2), subvector('float8:[3,4,5]', 2), subvector('[0,0,1]', 2), subvector('[1,NaN]', 2);
SELECT subvector(NULL, 2), subvector('[1]', 1);
SELECT round(('[3,4,12]'::tensor <=> '[4,3,0]')::numeric, 7) AS whole, round((subvector('[3,4,12]', 2) <=> subvector('[4,3,0]', 2))::numeric, 7) AS prefix;
SELECT bool_and(subvector(k, n, false) = k[1:n]) AS same, count(*) FROM exact_stored, unnest(ARRAY[1, 2, 500, 2999, 3000]) n;
SELECT subvector('[1,2]', 3);
SELECT subvector('[1,2]', 0);
SELECT subvector('[1,2]', 2147483647);
SELECT subvector('[[1,2]]', 1);
CREATE TABLE exact_matrix AS SELECT reshape(k, '{30,100}') AS v FROM exact_stored WHERE id = 1;
SELECT subvector(v, 5) FROM exact_matrix;

-- A coarse pass over stored prefixes, then the whole vectors of those that it kept.
CREATE TABLE exact_prefix (id int, k tensor, prefix tensor GENERATED ALWAYS AS (subvector(k, 8)) STORED);
INSERT INTO exact_prefix (id, k) SELECT i, random_normal('{8}', i) || random_normal('{56}', -i) * 0.1 FROM generate_series(1, 2000) i;
WITH q AS MATERIALIZED (SELECT k, prefix FROM exact_prefix WHERE id = 5),
    coarse AS (SELECT id, k FROM exact_prefix ORDER BY prefix <=> (SELECT prefix FROM q) LIMIT 50),
    found AS (SELECT id FROM coarse ORDER BY k <=> (SELECT k FROM q), id LIMIT 10),
    exact AS (SELECT id FROM exact_prefix ORDER BY k <=> (SELECT k FROM q), id LIMIT 10)
SELECT count(*) AS found FROM found JOIN exact USING (id);

DROP TABLE exact_search, exact_stored, exact_many, exact_found, exact_parallel, exact_matrix, exact_prefix;
