SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Query (1,0), (0,1) and item (1,2), (3,4): max(1, 3) + max(2, 4) = 7; the other way max(1, 2) + max(3, 4) = 6.
SELECT maxsim('[[1,0],[0,1]]', '[[1,2],[3,4]]') AS there, maxsim('[[1,2],[3,4]]', '[[1,0],[0,1]]') AS back;
-- Cosines: max(1/sqrt(5), 3/5) + max(2/sqrt(5), 4/5)
SELECT maxsim('[[1,0],[0,1]]', '[[1,2],[3,4]]', 'cosine') - (0.6 + 2 / sqrt(5)) AS zero;
-- A vector is an item of one; with itself its cosine is exactly 1.
SELECT maxsim('[1,2]', '[3,4]') AS dot, maxsim('[0.1,0.2,0.7]', '[0.1,0.2,0.7]', 'cosine') AS itself,
       maxsim('[1,2]', '[[3,4],[-3,-4]]', metric => 'dot') AS best;
-- all products negative: the largest is the least so
SELECT maxsim('[[1,1]]', '[[-1,-1],[-2,-3]]') AS dot, maxsim('[[1,1]]', '[[-1,-1],[-2,-2]]', 'cosine') AS cosine;

-- any mix of element types, in float8 where float4 would overflow
SELECT maxsim(a, b) AS dot FROM (VALUES (tensor 'float2:[[1,2],[3,4]]'), ('[[1,2],[3,4]]'), ('float8:[[1,2],[3,4]]')) s(a),
    (VALUES (tensor 'float2:[[5,6]]'), ('[[5,6]]'), ('float8:[[5,6]]')) t(b);
SELECT abs(maxsim('[[1e30,1]]', '[[1e30,0],[-1e30,5]]') / 1e60 - 1) < 1e-6 AS one, maxsim('float8:[[1e100,1]]', '[[0,2]]') AS two;

-- Zeros are padding for cosines, and a product like any other for dot.
SELECT maxsim('[[1,0],[0,0]]', '[[-1,0],[0,0]]') AS dot, maxsim('[[1,0],[0,0]]', '[[-1,0],[0,0]]', 'cosine') AS cosine,
       maxsim('[0,0]', '[1,0]', 'cosine') AS no_query, maxsim('[1,0]', '[[0,0]]', 'cosine') AS no_item;
-- nothing to compare, NULL, NaN, infinity
SELECT maxsim(zeros('{0,2}'), '[1,2]') AS no_query, maxsim('[1,2]', zeros('{0,2}')) AS no_item, maxsim(NULL, '[1]') AS null_query, maxsim('[1]', NULL) AS null_item;
SELECT maxsim('[[1,NaN]]', '[1,2]') AS query, maxsim('[1,2]', '[[1,2],[NaN,0]]') AS item, maxsim('[1,2]', '[[1,2],[NaN,0]]', 'cosine') AS cosine,
       maxsim('[1,2]', '[[Infinity,0],[0,1]]') AS infinite, maxsim('[0,1]', '[[Infinity,0],[0,1]]') AS none;

SELECT maxsim('[1,2]', '[1,2,3]');
SELECT maxsim('[[1,2]]', '[[[1,2]]]');
SELECT maxsim('1', '[1]');
SELECT maxsim(zeros('{2,0}'), '[1]');
SELECT maxsim('[1]', '[1]', 'euclidean');
SELECT maxsim('[1]', '[1]', NULL);

-- Random items against their vectors pair by pair, the query a sub-select that is out of line; more vectors than a panel.
CREATE TABLE maxsim_items (id int, v tensor);
INSERT INTO maxsim_items SELECT i, random_normal(ARRAY[10 + 7 * i, 40], i) FROM generate_series(1, 20) i;
INSERT INTO maxsim_items SELECT 20 + id, astype(v, 'float2') FROM maxsim_items WHERE id <= 5;
INSERT INTO maxsim_items SELECT 30 + id, astype(v, 'float8') FROM maxsim_items WHERE id <= 5;
SELECT max(abs(maxsim((SELECT v FROM maxsim_items WHERE id = 17), i.v) - plain)) < 1e-9 AS dot,
    max(abs(maxsim((SELECT v FROM maxsim_items WHERE id = 17), i.v, 'cosine') - cosine)) < 1e-11 AS cosine, count(*)
FROM maxsim_items i,
    LATERAL (SELECT sum(product) AS plain, sum(cosine) AS cosine
             FROM (SELECT max(dot(q, k)) AS product, max(1 - (q <=> k)) AS cosine
                   FROM (SELECT v FROM maxsim_items WHERE id = 17) x, rows(x.v) WITH ORDINALITY r(q, n), rows(i.v) k GROUP BY n) b) s
WHERE i.id IN (1, 9, 21, 22, 31, 32);
-- The vectors of an item in another order: the same score to the last bit.
SELECT bool_and(maxsim(q.v, i.v) = maxsim(q.v, (SELECT stack(r ORDER BY n DESC) FROM rows(i.v) WITH ORDINALITY s(r, n)))) AS same
FROM maxsim_items i, (SELECT v FROM maxsim_items WHERE id = 3) q WHERE i.id <= 25;
-- An item is the best of all for itself (cosine), and best first.
SELECT array_agg(id) FROM (SELECT id FROM maxsim_items WHERE id <= 20 ORDER BY maxsim((SELECT v FROM maxsim_items WHERE id = 8), v, 'cosine') DESC, id LIMIT 1) s;

-- Pooling by 2: (1,0) with (2,0.01), (0,1) with (0,3), in the order of their first vectors, means of the vectors themselves.
SELECT pool_tokens('[[1,0],[0,1],[2,0.01],[0,3]]', 2);
SELECT pool_tokens('[[0,1],[1,0],[2,0.01],[0,3]]', 2);
-- by 1 each is its own cluster; by as many or more there is one; 5 by 2 gives 2
SELECT pool_tokens('[[1,0],[0,1],[1,1]]', 1) AS one, pool_tokens('[[1,0],[0,1],[2,2]]', 3) AS three, pool_tokens('[[1,0],[0,1],[2,2]]', 100) AS many,
       pool_tokens('[[1,0],[2,0],[0,1],[0,2],[0,3]]', 2) AS five;
-- copies, zeros (which go together), one vector, none; the element type stays
SELECT pool_tokens('[[1,2],[1,2],[1,2],[1,2]]', 2) AS copies, pool_tokens('[[0,0],[1,1],[0,0],[3,3]]', 2) AS zeros,
       pool_tokens('[[5,6]]', 2) AS one, shape(pool_tokens(zeros('{0,3}'), 2)) AS none, pool_tokens('float2:[[1,0],[3,0]]', 2) AS half,
       pool_tokens('float8:[[0.1,0],[0.3,0]]', 2) AS wide, pool_tokens(NULL, 2) AS missing;
-- Planted directions come back: 60 vectors about 6 of them, pooled by 10.
SELECT shape(pooled), (SELECT array_agg((SELECT j FROM rows(eye(6)) WITH ORDINALITY e(axis, j) ORDER BY r <=> axis LIMIT 1) ORDER BY n) FROM rows(pooled) WITH ORDINALITY p(r, n)) AS axes
FROM (SELECT pool_tokens(stack((SELECT axis FROM rows(eye(6)) WITH ORDINALITY e(axis, j) WHERE j = i % 6 + 1) * (1 + i % 3) + random_normal('{6}', i) * 0.05 ORDER BY i), 10) AS pooled
      FROM generate_series(0, 59) i) s;
-- A pooled item scores nearly as the whole one.
SELECT maxsim(v, pool_tokens(v, 1), 'cosine') AS whole, maxsim(v, pool_tokens(v, 2), 'cosine') / 17 > 0.5 AS half FROM maxsim_items WHERE id = 1;

SELECT pool_tokens('[1,2]', 2);
SELECT pool_tokens('[[1,2]]', 0);
SELECT pool_tokens('[[1,2],[3,NaN]]', 2);
SELECT pool_tokens('[[1,2],[-Infinity,1]]', 2);
SELECT pool_tokens(zeros('{3,0}'), 2);
SET neuroenc.memory_limit = '1MB';
SELECT pool_tokens(random_normal('{2000,4}', 1), 2);
SELECT maxsim(random_normal('{64,4}', 1), random_normal('{3000,4}', 1));
RESET neuroenc.memory_limit;
DROP TABLE maxsim_items;
