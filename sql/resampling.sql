-- permutation_test, compare_test, bootstrap_r
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By hand: three rows, each a block. Target 1: y = predicted, r 1, which 1 of the 6 permutations reaches, and 2 (the reverse) in
-- size; target 2: r -1, which all 6 reach; target 3: y is constant, r 0 always.  The largest of the three is 1 where target 1 or 2
-- reaches it (2 of 6).
CREATE TEMP TABLE three AS
	SELECT i, tensor('[' || i || ',' || i || ',' || i || ']') AS predicted, tensor('[' || i || ',' || -i || ',7]') AS y FROM generate_series(1, 3) AS i;
SELECT t.target, round(t.r::numeric, 3) AS r, round(t.p::numeric, 2) AS p, round(t.p_fwe::numeric, 2) AS p_fwe
FROM (SELECT predictions_agg(predicted, y, i) AS s FROM three) AS q, permutation_test(s, n_perm => 50000) AS t;
SELECT t.target, round(t.r::numeric, 3) AS r, round(t.p::numeric, 2) AS p, round(t.p_fwe::numeric, 2) AS p_fwe
FROM (SELECT predictions_agg(predicted, y, i) AS s FROM three) AS q, permutation_test(s, 50000, two_sided => true) AS t;
-- p = (1 + count) / (1 + n_perm): one permutation gives 1/2 or 1
SELECT t.target, t.p FROM (SELECT predictions_agg(predicted, y, i) AS s FROM three) AS q, permutation_test(s, n_perm => 1, seed => 3) AS t;

-- Blocks of two rows: three blocks, whose permutations keep the rows' order.  y = predicted: 1 of 6
CREATE TEMP TABLE series AS
	SELECT i, i / 2 AS block, random_normal('{3}', i) AS x, random_normal('{3}', 50 + i) AS y FROM generate_series(0, 5) AS i;
SELECT t.target, round(t.r::numeric, 3) AS r, round(t.p::numeric, 2) AS p
FROM (SELECT predictions_agg(x, x, block, i) AS s FROM series) AS q, permutation_test(s, n_perm => 50000) AS t;
-- the same whatever the order of arrival; positions are any numbers in that order
SELECT count(*) AS same FROM (SELECT predictions_agg(x, y, block, i) AS a, predictions_agg(x, y, block, i ORDER BY i DESC) AS b,
		predictions_agg(x, y, -3 + 100 * block, 7 * i - 2) AS c FROM series) AS q,
	permutation_test(a) AS t JOIN permutation_test(b) AS u ON t = u JOIN permutation_test(c) AS w ON t = w;
-- but not with the order within blocks turned round in one
SELECT count(*) AS same FROM (SELECT predictions_agg(x, y, block, i) AS a, predictions_agg(x, y, block, CASE block WHEN 1 THEN -i ELSE i END) AS b FROM series) AS q,
	permutation_test(a) AS t JOIN permutation_test(b) AS u ON t = u;
-- a block of a length of its own stays: of three blocks two change places, so p is 1/2
SELECT t.target, round(t.r::numeric, 3) AS r, round(t.p::numeric, 2) AS p
FROM (SELECT predictions_agg(x, x, block, i) AS s FROM series WHERE i > 0) AS q, permutation_test(s, n_perm => 50000) AS t;
-- seeds
SELECT count(*) FILTER (WHERE t = u) AS same_seed, count(*) FILTER (WHERE t = w) AS other_seed
FROM (SELECT predictions_agg(random_normal('{20}', i), random_normal('{20}', -i), i) AS s FROM generate_series(1, 50) AS i) AS q,
	permutation_test(s, seed => 5) AS t JOIN permutation_test(s, seed => 5) AS u USING (target) JOIN permutation_test(s, seed => 6) AS w USING (target);

-- Missing values: r over the rows where both are; fewer than 2 give NULL. Target 1: of the 24 permutations, those that put (1,2,3)
-- against (1,2,3) and (1,3,5) have r 1, 2/24; target 2: only (1,3,4) against (1,3,4), 1/24; target 3 has one pair
SELECT t.target, round(t.r::numeric, 3) AS r, round(t.p::numeric, 2) AS p
FROM (SELECT predictions_agg(x, y, i) AS s FROM (VALUES
	(1, '[1,1,1]'::tensor, '[1,1,NaN]'::tensor), (2, '[2,NaN,2]', '[2,9,NaN]'), (3, '[3,3,3]', '[3,3,1]'), (4, '[5,4,NaN]', '[NaN,4,1]')) AS v (i, x, y)) AS q,
	permutation_test(s, n_perm => 20000) AS t;

-- compare_test. By hand: y = (1,-1,2,-2), a = y (r 1), b = (1,-1,-2,2) (sums ay 10, by 2 - 8 = -6, r -.6), blocks of two rows.
-- They are equal in the first block: swaps of none and of that one give 1.6, of the second and of both -1.6, so 2 of 4 reach it
SELECT t.target, round(t.r_a::numeric, 3) AS r_a, round(t.r_b::numeric, 3) AS r_b, round(t.difference::numeric, 3) AS difference, round(t.p::numeric, 2) AS p
FROM (SELECT predictions_agg(a, b, y, i / 2) AS s FROM (VALUES
	(0, '[1]'::tensor, '[1]'::tensor, '[1]'::tensor), (1, '[-1]', '[-1]', '[-1]'), (2, '[2]', '[-2]', '[2]'), (3, '[-2]', '[2]', '[-2]')) AS v (i, a, b, y)) AS q,
	compare_test(s, n_perm => 20000) AS t;
-- a is better: p is small; for b against a it is near 1; equal models: p 1; a's scale and offset don't matter
CREATE TEMP TABLE models AS
	SELECT i, i / 5 AS block, y, y + random_normal('{2}', 100 + i) AS a, y * 0.2 + random_normal('{2}', 200 + i) AS b
	FROM (SELECT i, random_normal('{2}', i) AS y FROM generate_series(0, 99) AS i OFFSET 0) AS q;
SELECT t.target, round(t.r_a::numeric, 2) AS r_a, round(t.r_b::numeric, 2) AS r_b, round(t.p::numeric, 3) AS p_a, round(u.p::numeric, 3) AS p_b,
	round(w.p::numeric, 3) AS p_two, e.p AS p_equal, round(m.p::numeric, 3) AS p_scaled
FROM (SELECT predictions_agg(a, b, y, block) AS ab, predictions_agg(b, a, y, block) AS ba, predictions_agg(a, a, y, block) AS aa,
		predictions_agg(a * 10 + 3, b, y, block) AS scaled FROM models) AS q,
	compare_test(ab) AS t JOIN compare_test(ba) AS u USING (target) JOIN compare_test(ab, two_sided => true) AS w USING (target)
	JOIN compare_test(aa) AS e USING (target) JOIN compare_test(scaled) AS m USING (target);

-- bootstrap_r. Two blocks, of r 1 and -1: draws of the one, of the other and of both (r 0) fill the interval
SELECT t.target, round(t.r::numeric, 6) AS r, round(t.low::numeric, 6) AS low, round(t.high::numeric, 6) AS high
FROM (SELECT predictions_agg(x, y, i / 2) AS s FROM (VALUES
	(0, '[1]'::tensor, '[1]'::tensor), (1, '[2]', '[2]'), (2, '[1]', '[2]'), (3, '[2]', '[1]')) AS v (i, x, y)) AS q, bootstrap_r(s) AS t;
SELECT t.target, round(t.r::numeric, 2) AS r, t.low < t.r AND t.r < t.high AS inside, round((t.high - t.low)::numeric, 1) AS width,
	h.low > t.low AND h.high < t.high AS narrower
FROM (SELECT predictions_agg(a, y, block) AS s FROM models) AS q, bootstrap_r(s, 2000) AS t JOIN bootstrap_r(s, 2000, level => 0.5) AS h USING (target);
-- fewer than 2 rows: NULL; a constant: 0
SELECT t.* FROM (SELECT predictions_agg(x, y, i) AS s FROM (VALUES
	(0, '[1,1]'::tensor, '[1,5]'::tensor), (1, '[2,2]', '[NaN,5]'), (2, '[3,3]', '[NaN,5]')) AS v (i, x, y)) AS q, bootstrap_r(s) AS t;

-- NULL gives no row; states from a table, and straight from the aggregate
SELECT count(*) FROM permutation_test(NULL);
CREATE TEMP TABLE stored AS SELECT predictions_agg(a, y, block, i) AS s FROM models;
SELECT count(*) AS same FROM stored, LATERAL (SELECT predictions_agg(a, y, block, i) AS s FROM models) AS q,
	permutation_test(stored.s) AS t JOIN permutation_test(q.s) AS u ON t = u;

-- Errors
SELECT * FROM permutation_test((SELECT predictions_agg(a, y, block) FROM models));
SELECT * FROM permutation_test((SELECT predictions_agg(a, y, block, i % 3) FROM models));
SELECT * FROM permutation_test((SELECT predictions_agg(a, y, 7, i) FROM models));
SELECT * FROM permutation_test((SELECT predictions_agg(a, y, CASE WHEN i < 10 THEN 1 WHEN i < 30 THEN 2 ELSE 3 END, i) FROM models));
SELECT * FROM permutation_test((SELECT predictions_agg(a, b, y, block, i) FROM models));
SELECT * FROM permutation_test((SELECT s FROM stored), n_perm => 0);
SELECT * FROM permutation_test((SELECT s FROM stored), n_perm => 2000000000);
SELECT * FROM compare_test((SELECT s FROM stored));
SELECT * FROM compare_test((SELECT predictions_agg(a, b, y, 1) FROM models));
SELECT * FROM compare_test((SELECT predictions_agg(a, b, y, block) FROM models), n_perm => -1);
SELECT * FROM bootstrap_r((SELECT predictions_agg(a, b, y, block) FROM models));
SELECT * FROM bootstrap_r((SELECT s FROM stored), level => 1);
SELECT * FROM bootstrap_r((SELECT s FROM stored), level => 'NaN');
SELECT * FROM bootstrap_r((SELECT s FROM stored), n_boot => 0);
SELECT * FROM permutation_test('predictions():AQIBAAEAAAAAAAAAAAAAAA==');
-- the limit
SET neuroenc.memory_limit = '1MB';
SELECT * FROM permutation_test((SELECT s FROM stored), n_perm => 1000000);
SELECT * FROM bootstrap_r((SELECT s FROM stored), n_boot => 1000000);
RESET neuroenc.memory_limit;
