SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- corr: three units of x against two of y over four rows; unit 3 of x is constant
CREATE TABLE unit_rows (id int, x tensor, y tensor);
INSERT INTO unit_rows VALUES (1, '[1,1,7]', '[2,0]'), (2, '[2,0,7]', '[4,1]'), (3, '[3,1,7]', '[6,0]'), (4, '[4,0,7]', '[8,1]');
SELECT astype(corr(gram_agg(x, y)), 'float4') AS r FROM unit_rows;
SELECT astype(corr(cross_agg(x, y)), 'float4') AS r FROM unit_rows;
SELECT astype(corr(gram_agg(x)), 'float4') AS r FROM unit_rows;
-- folds make no difference
SELECT astype(corr(gram_agg(x, y, id / 3)), 'float4') AS r FROM unit_rows;
-- a target that misses a value is correlated over the others: r of (1, 3, 4) and (2, 6, 9)
SELECT round(v::numeric, 12) AS r FROM unnest((SELECT corr(gram_agg(x, y)) FROM (VALUES ('[1]'::tensor, '[2,1]'::tensor), ('[2]', '[NaN,2]'), ('[3]', '[6,1]'), ('[4]', '[9,3]')) s (x, y))) WITH ORDINALITY u (v, i) ORDER BY i;
SELECT round(corr(x::float8, y::float8)::numeric, 12) AS r FROM (VALUES (1, 2), (3, 6), (4, 9)) s (x, y);
SELECT round(corr(x::float8, y::float8)::numeric, 12) AS r FROM (VALUES (1, 1), (2, 2), (3, 1), (4, 3)) s (x, y);
-- one row, no row, NULLs
SELECT corr(gram_agg(x, y)), corr(cross_agg(x, y)) FROM unit_rows WHERE id = 1;
SELECT corr(gram_agg(x, y)), corr(cross_agg(x, y)) FROM unit_rows WHERE id = 0;
SELECT n_samples(cross_agg(x, CASE WHEN id > 1 THEN y END)) FROM unit_rows;

-- the cross_gram: sums, merging, storing
SELECT astype(a, 'float4') = astype(b, 'float4') AS merged, astype(a, 'float4') = astype(c, 'float4') AS summed, a = d AS stored FROM
    (SELECT corr(cross_agg(x, y)) AS a, corr(cross_agg(x, y) FILTER (WHERE id < 3) + cross_agg(x, y) FILTER (WHERE id > 2)) AS b,
        corr(cross_agg(x, y)::text::cross_gram) AS d FROM unit_rows) q,
    (SELECT corr(sum(g)) AS c FROM (SELECT cross_agg(x, y) AS g FROM unit_rows GROUP BY id) s) r;
SELECT left(cross_agg(x, y)::text, 27) FROM unit_rows;
SELECT sum(g) IS NULL AS empty FROM (SELECT NULL::cross_gram AS g) q;
-- float8 rows after float4 rows, and a large mean
SELECT round((corr(cross_agg(x, y)))[1][1]::numeric, 6) FROM (SELECT array_fill(0, '{1}')::float8[]::tensor(float8) + 1e6 + id AS x, array_fill(0, '{1}')::float8[]::tensor(float8) - id AS y FROM generate_series(1, 600) id) q;

-- errors
SELECT cross_agg(x, '[1,NaN]'::tensor) FROM unit_rows;
SELECT cross_agg('[1,-Infinity]'::tensor, y) FROM unit_rows;
SELECT cross_agg(x, CASE WHEN id < 3 THEN y ELSE '[1]' END ORDER BY id) FROM unit_rows;
SELECT cross_agg('[[1]]'::tensor, y) FROM unit_rows;
SELECT cross_agg('[]'::tensor, y) FROM unit_rows;
SELECT (SELECT cross_agg(x, y) FROM unit_rows) + (SELECT cross_agg(y, x) FROM unit_rows);
SELECT 'cross_gram(p=1):AAAA'::cross_gram;
SELECT 'cross_gram(p=1):AQQAAA=='::cross_gram;

-- best_match: ties the first, NaN passed over
SELECT * FROM best_match('[[1,NaN,3],[2,2,1],[NaN,NaN,NaN],[-Infinity,NaN,-Infinity]]');
SELECT * FROM best_match('[[1],[2]]'::tensor);
SELECT count(*) FROM best_match(zeros('{0,3}'));
SELECT * FROM best_match('[1,2]');

-- assignment: greedy would take 0 and 5, 7 in all; the best is 1 + 2 + 2
SELECT * FROM assignment('[[4,1,3],[2,0,5],[3,2,2]]');
SELECT sum(cost) FROM assignment('[[4,1,3],[2,0,5],[3,2,2]]', maximize => true);
-- more columns than rows, and more rows than columns
SELECT * FROM assignment('[[9,2,7,8],[6,1,3,7]]');
SELECT * FROM assignment('[[9,6],[2,1],[7,3],[8,7]]');
-- forbidden pairs
SELECT * FROM assignment('[[1,Infinity],[1,5]]');
SELECT * FROM assignment('[[-Infinity,3],[2,9]]', true);
SELECT * FROM assignment('[[Infinity,1],[Infinity,2]]');
SELECT * FROM assignment('[[1,2],[NaN,2]]');
SELECT * FROM assignment('[[1,-Infinity]]');
SELECT * FROM assignment('[1,2]');
SELECT count(*) FROM assignment(zeros('{0,3}'));
SELECT * FROM assignment('[[5]]');

-- transport: two sources of 1/2, three sinks of 1/3
SELECT source, sink, round(mass::numeric, 6) AS mass, cost FROM transport_plan('[[0,1,2],[2,1,0]]');
-- masses given: 3 units at 0 and 1 at 1, to 1 at 0 and 3 at 2, on a line: 1 stays, 2 go 2, 1 goes 1
SELECT * FROM transport_plan('[[0,2],[1,1]]', '[3,1]', '[1,3]');
SELECT sum(mass * cost) FROM transport_plan('[[0,2],[1,1]]', '[3,1]', '[1,3]');
-- no mass at a source; one side uniform of the other's sum
SELECT * FROM transport_plan('[[5,5],[0,1],[2,2]]', '[0,2,0]', '[1,1]');
SELECT * FROM transport_plan('[[0,1],[1,0]]', demand => '[2,6]');
SELECT count(*) FROM transport_plan(NULL);
SELECT count(*) FROM transport_plan(zeros('{0,2}'));
SELECT * FROM transport_plan('[[0,1],[1,0]]', '[1,1]', '[1,2]');
SELECT * FROM transport_plan('[[0,1],[1,0]]', '[1,-1]');
SELECT * FROM transport_plan('[[0,1],[1,0]]', '[0,0]');
SELECT * FROM transport_plan('[[0,1],[1,0]]', '[1,1,1]');
SELECT * FROM transport_plan('[[0,Infinity],[1,0]]');

-- soft_match: a permutation of the units matches entirely
SELECT round(score::numeric, 6) AS score, round(distance::numeric, 6) AS distance FROM (SELECT (soft_match(x, take(x, '{3,1,2}'))).* FROM (SELECT x[1:2] || ARRAY[id * id]::tensor AS x FROM unit_rows) q) m;
-- two units against three: half of the first goes to each of its copies
SELECT round(score::numeric, 6) AS score, round(distance::numeric, 6) AS distance FROM soft_match('[[1,1,0],[0,0,1]]'::tensor);
SELECT round((soft_match('[[1,0,0],[0,1,0]]'::tensor)).score::numeric, 6);
SELECT round((m).score::numeric, 6) AS score, round((m).distance::numeric, 6) AS distance FROM (SELECT soft_match(cross_agg(x, y)) AS m FROM (VALUES ('[0,0]'::tensor, '[0]'::tensor), ('[2,0]', '[2]')) q (x, y)) s;
-- unscaled: x_1 = (-1, 1), x_2 = 0, y = (-2, 2): mean |x|^2 1, |y|^2 8, products 4 and 0, plan 1/2 each
SELECT round((m).score::numeric, 6) AS score, round((m).distance::numeric, 6) AS distance, round(sqrt(1 + 8 - 4)::numeric, 6) AS by_hand FROM (SELECT soft_match(cross_agg(x, y), scaled => false) AS m FROM (VALUES ('[0,0]'::tensor, '[0]'::tensor), ('[2,0]', '[4]')) q (x, y)) s;
SELECT soft_match(x, y) FROM unit_rows WHERE id = 1;
SELECT soft_match(zeros('{0,3}'));
SELECT soft_match('[[1,2]]'::tensor);
SELECT soft_match('[0]'::tensor);

-- excess_correlation: the units of y are units of x, which a rotation mixes
CREATE TABLE unit_noise AS SELECT i AS id, random_normal('{6}', i) AS x FROM generate_series(1, 50) i;
SELECT unit, partner, round(r::numeric, 6) AS r, r_rotated < .999 AND r_rotated > 0 AS mixed, abs(r - r_rotated - excess) < 1e-12 AS difference
    FROM excess_correlation((SELECT gram_agg(x, take(x, '{4,2}')) FROM unit_noise));
-- one feature: its rotation is itself or its negative
SELECT unit, partner, round(r::numeric, 6) AS r, round(abs(r_rotated)::numeric, 6) AS rotated FROM excess_correlation((SELECT gram_agg(x[1:1], x[1:1] * 2) FROM unit_noise), seed => 3);
-- constants
SELECT * FROM excess_correlation((SELECT gram_agg(x[1:2] * 0, x[1:1]) FROM unit_noise));
SELECT * FROM excess_correlation((SELECT gram_agg(x[1:2], x[1:1] * 0) FROM unit_noise));
SELECT bool_and(a.r_rotated = b.r_rotated) AS same_seed FROM excess_correlation((SELECT gram_agg(x, x) FROM unit_noise), 5) a JOIN excess_correlation((SELECT gram_agg(x, x) FROM unit_noise), 5) b USING (unit);
SELECT * FROM excess_correlation((SELECT gram_agg(x) FROM unit_noise));
SELECT * FROM excess_correlation((SELECT gram_agg(x, CASE WHEN id > 3 THEN '[1,2]' ELSE '[NaN,1]' END::tensor) FROM unit_noise));

DROP TABLE unit_rows, unit_noise;
