-- pca and project: principal components of the features of a gram
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By hand: five points on two axes about (10, 20); sums of squares 18 and 2, so variances 4.5 and 0.5 (n - 1 = 4)
CREATE TEMP TABLE points (i int, x tensor);
INSERT INTO points VALUES (1, '[13,20]'), (2, '[7,20]'), (3, '[10,21]'), (4, '[10,19]'), (5, '[10,20]');
CREATE TEMP TABLE fitted AS SELECT pca(gram_agg(x), 2) AS p FROM points;
SELECT components(p), mean(p) FROM fitted;
SELECT explained_variance(p), explained_variance_ratio(p) FROM fitted;
-- scores: the distances along each axis; rows of a matrix at once; the element type is at least float4
SELECT i, project(p, x) FROM points, fitted ORDER BY i;
SELECT project(p, '[[13,20],[10,19]]'), project(p, 'float8:[11,22]'), project(p, 'float2:[11,22]') FROM fitted;
-- the variance of the scores is the explained variance
SELECT variance(project(p, x::float8[]::tensor)) = explained_variance(p) AS same FROM points, fitted GROUP BY p::text, explained_variance(p);
-- by default all components; fewer are the first ones
SELECT components(pca(gram_agg(x))) FROM points;
SELECT components(pca(gram_agg(x), 1)), explained_variance_ratio(pca(gram_agg(x), k => 1)) FROM points;
-- a sum of grams, and grams of x and y by fold, are the same rows
SELECT components(pca(sum(g), 2)), mean(pca(sum(g), 2)) FROM (SELECT gram_agg(x) AS g FROM points GROUP BY i % 2) AS s;
SELECT components(pca(gram_agg(x, x, i % 2), 2)) FROM points;

-- More features than rows: +-(1,2,2) lies along (1,2,2)/3, with variance 2 * 9 / 1; the sign is that of the largest loading
SELECT max_of(abs(components(p) - 'float8:[[1,2,2]]'::tensor / 3)) < 1e-15 AS components, explained_variance(p), explained_variance_ratio(p)
FROM (SELECT pca(gram_agg(x)) AS p FROM (VALUES ('[1,2,2]'::tensor), ('[-1,-2,-2]')) AS v (x)) AS s;
-- loadings of equal size: the first is positive
SELECT max_of(abs(components(p) - 'float8:[[1,-1]]'::tensor / sqrt(2))) < 1e-15 AS components
FROM (SELECT pca(gram_agg(x), 1) AS p FROM (VALUES ('[-1,1]'::tensor), ('[1,-1]'), ('[0,0]')) AS v (x)) AS s;
-- past the rank of the data: zero
SELECT mean(p), components(p), explained_variance(p), explained_variance_ratio(p), project(p, '[1,2,3]')
FROM (SELECT pca(gram_agg(x)) AS p FROM (VALUES ('[0,5,0]'::tensor), ('[0,5,2]'), ('[0,5,4]'), ('[0,5,2]')) AS v (x)) AS s;
SELECT components(p), explained_variance(p), explained_variance_ratio(p)
FROM (SELECT pca(gram_agg('[1,2]'::tensor)) AS p FROM generate_series(1, 5)) AS s;
-- NaN in a row stays in that row; no rows; NULL
SELECT project(p, '[[NaN,20],[13,20]]'), project(p, zeros('{0,2}')), project(p, NULL), project(NULL, '[1,2]') FROM fitted;
SELECT pca(NULL, 2) IS NULL, pca(gram_agg(x), 2) IS NULL FROM points WHERE false;

-- Text and binary round trips, and a stored value fetched once a query
SELECT left(p::text, 20), p::text::pca::text = p::text AS text, pca_send(p::text::pca) = pca_send(p) AS binary FROM fitted;
CREATE TEMP TABLE stored (name text, p pca);
INSERT INTO stored SELECT 'a', pca(gram_agg(random_uniform('{1500}', i)), 20) FROM generate_series(1, 60) AS i;
INSERT INTO stored SELECT 'b', pca(gram_agg(random_uniform('{1500}', i)), 20) FROM generate_series(61, 120) AS i;
SELECT name, pg_column_size(p) > 200000 AS large, count(DISTINCT project(p, x)) AS projections,
	   bool_and(project(p, x) = project(p::text::pca, x)) AS same
FROM stored, (SELECT random_uniform('{1500}', i) AS x FROM generate_series(1, 3) AS i) AS rows GROUP BY name, p::text, pg_column_size(p) ORDER BY name;

-- The text form's bytes made by hand: p 2, k 1, n 3, total variance 5, means 10 and 20, variance 4, component (0.6, 0.8)
SELECT mean(p), components(p), explained_variance(p), explained_variance_ratio(p), project(p, '[15,30]')
FROM (SELECT 'pca(anything):AQAAAAIAAAABAAAAAwAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T8='::pca AS p) AS s;
-- Bytes that no pca has
SELECT 'pca():AgAAAAIAAAABAAAAAwAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T8='::pca;  -- version 2
SELECT 'pca():AQEAAAIAAAABAAAAAwAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T8='::pca;  -- a flag
SELECT 'pca():AQAAAAIAAAADAAAAAwAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T8='::pca;  -- more components than features
SELECT 'pca():AQAAAAAAAAAAAAAAAwAAAAAAAAAAAAAAAAAUQA=='::pca;  -- no features
SELECT 'pca():AQAAAAIAAAABAAAAAQAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T8='::pca;  -- one row
SELECT 'pca():AQAAAP///3////9//////////38AAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T8='::pca;  -- sizes that the bytes do not have
SELECT 'pca():AQAAAAIAAAABAAAAAwAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/'::pca;  -- a value too few
SELECT 'pca():AQAAAAIAAAABAAAAAwAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T94'::pca;  -- a byte too many
SELECT 'pca():AQAAAAIAAAABAAAAAwAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAA+H8AAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T8='::pca;  -- NaN
SELECT 'pca():AQAAAAIAAAABAAAAAwAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAAAQwDMzMzMzM+M/mpmZmZmZ6T8='::pca;  -- a negative variance
SELECT 'pca():AQAAAAIAAAABAAAAAwAAAAAAAAAAAAAAAADwfwAAAAAAACRAAAAAAAAANEAAAAAAAAAQQDMzMzMzM+M/mpmZmZmZ6T8='::pca;  -- an infinite total
SELECT 'pca():AQAAAAIAAAACAAAACQAAAAAAAAAAAAAAAAAUQAAAAAAAACRAAAAAAAAANEAAAAAAAADwPwAAAAAAABBAMzMzMzMz4z+amZmZmZnpP5qZmZmZmek/MzMzMzMz478='::pca;  -- ascending variances
SELECT 'pca():AQ'::pca;
SELECT 'pca():!!!!'::pca;
SELECT 'gram():AQAAAA=='::pca;
SELECT ''::pca;

-- Errors
SELECT pca(gram_agg(x), 0) FROM points;
SELECT pca(gram_agg(x), 3) FROM points;
SELECT pca(gram_agg(x), 2) FROM points WHERE i < 3;
SELECT pca(gram_agg(x)) FROM points WHERE i = 1;
SELECT project(p, '[1,2,3]') FROM fitted;
SELECT project(p, '[[1],[2]]') FROM fitted;
SELECT project(p, '1') FROM fitted;
SELECT project(p, '[[[1,2]]]') FROM fitted;
SET neuroenc.memory_limit = '1MB';
\set VERBOSITY sqlstate
SELECT pca(gram_agg(random_uniform('{300}', i)), 2) FROM generate_series(1, 400) AS i;
\set VERBOSITY default
RESET neuroenc.memory_limit;

SELECT pca(gram_agg(x)) FROM (VALUES ('float8:[1e200]'::tensor), ('float8:[2e200]')) AS v (x);
