-- points: rows of vectors, alone, with ids, with labels, with labels and folds
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

CREATE TEMP TABLE t (id bigint, label text, x tensor);
INSERT INTO t VALUES (3, 'b', '[1,2]'), (1, 'a', '[3,4]'), (2, 'b', NULL), (NULL, NULL, '[5,6]'), (10, 'a', 'float8:[7,0.1]');

SELECT points_agg(x) AS alone, n_samples(points_agg(x)), n_dimensions(points_agg(x)) FROM t WHERE id = 1;
SELECT n_samples(points_agg(x)) AS alone, n_samples(points_agg(id, x)) AS ids, n_samples(points_agg(x, label)) AS labels,
    n_samples(points_agg(x, id)) AS numbers FROM t;
SELECT points_agg(x) FROM t WHERE false;

-- the text form gives the same value back; merging is the same rows
SELECT bool_and(p::text::points::text = p::text) AS round_trip
FROM (SELECT points_agg(x, label) FROM t UNION ALL SELECT points_agg(id, x) FROM t UNION ALL SELECT points_agg(x) FROM t) s(p);
SELECT n_samples(p + p) AS twice, n_samples(sum(p)) AS summed FROM (SELECT points_agg(x, label) AS p FROM t) s GROUP BY p::text, n_samples(p + p);
SELECT (a + b)::text = (SELECT points_agg(x, label)::text FROM t) AS same
FROM (SELECT points_agg(x, label) AS a FROM t WHERE id <= 3) s, (SELECT points_agg(x, label) AS b FROM t WHERE id > 3) u;

-- labels and folds: rows without one of them are skipped
SELECT n_samples(points_agg(x, label, id)) AS texts, n_samples(points_agg(x, id, id % 2)) AS numbers, n_samples(points_agg(x, label, NULL)) AS none FROM t;
SELECT p::text::points::text = p::text AS round_trip, n_samples(p + p) AS twice, n_samples(q + p) AS merged
FROM (SELECT points_agg(x, label, id) AS p, points_agg(x, 'z' || label, -id) AS q FROM t) s;

-- errors
SELECT a + b FROM (SELECT points_agg(x, label, id) AS a, points_agg(x, label) AS b FROM t) s;
SELECT silhouette(points_agg(x)) FROM t;
SELECT points_agg(x) FROM (VALUES (tensor '[1,2]'), ('[1,2,3]')) v(x);
SELECT points_agg(x) FROM (VALUES (tensor '[[1,2]]')) v(x);
SELECT points_agg(x) FROM (VALUES (tensor '[]')) v(x);
SELECT points_agg(x) FROM (VALUES (tensor '[1,2]'), ('[1,NaN]')) v(x);
SELECT points_agg(x) FROM (VALUES (tensor 'float2:[1,Infinity]')) v(x);
SELECT points_agg(x) FROM (VALUES (tensor 'float8:[-Infinity]')) v(x);
SELECT a + b FROM (SELECT points_agg(id, x) AS a, points_agg(x) AS b FROM t) s;
SELECT a + b FROM (SELECT points_agg(x) AS a FROM t) s, (SELECT points_agg(tensor '[1]') AS b) u;
SELECT points 'points(d=1, n=1):AQAAAA==';
SELECT points 'gram(p=3)';
