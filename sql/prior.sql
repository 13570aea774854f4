-- ridge_prior_cv: a new subject's fit under a prior from other subjects' weights
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Two features that are orthogonal in every fold, X'X = 4 I, and y = 2 x1 + 2 x2 without noise: X'y = (8, 8).
CREATE TABLE prior_rows AS
	SELECT * FROM (VALUES
		(1, 1, 'float8:[1,1]'::tensor, 'float8:[4]'::tensor), (2, 1, 'float8:[-1,-1]', 'float8:[-4]'),
		(3, 2, 'float8:[1,-1]', 'float8:[0]'), (4, 2, 'float8:[-1,1]', 'float8:[0]')) AS s (id, fold, x, y);
CREATE TABLE prior_gram AS SELECT gram_agg(x, y, fold ORDER BY id) AS g FROM prior_rows;

CREATE FUNCTION pg_temp.show(t tensor) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg((round(w::numeric, 6) + 0)::text, ' ' ORDER BY i) FROM unnest(t) WITH ORDINALITY AS u (w, i) $$;

-- Prior [[3, 0]]: M / trace(M) = diag(1, 0), so S = diag(1 - s + 2 s, 1 - s) = diag(1 + s, 1 - s), and at alpha 4 each
-- weight is 8 / (4 + 4 / S_j): at s = 0.5, 8 / (4 + 8/3) = 1.2 and 8 / (4 + 8) = 0.666667; ridge has 1 and 1.
SELECT s, pg_temp.show(weights(ridge_prior_cv(g, 'float8:[[3,0]]', '{4}', ARRAY[s]))) AS weights
FROM prior_gram, unnest('{0,0.5,1}'::float8[]) AS s;
-- neither the sign nor the length of the prior matters, nor how often a row stands there
SELECT w, pg_temp.show(weights(ridge_prior_cv(g, w, '{4}', '{0.5}'))) AS weights
FROM prior_gram, unnest(ARRAY['[-1,0]', '[1e30,0]', '[1e-30,0]']) AS row, LATERAL (SELECT ('[' || row || ',' || row || ']')::tensor(float4) AS w) AS p;
-- prior [[1, 1]]: S = [[1, s], [s, 1]] has eigenvalues 1 + s along (1, 1) and 1 - s; X'y lies along (1, 1), so both are 8 / (4 + 4 / 1.5)
SELECT pg_temp.show(weights(ridge_prior_cv(g, '[[1,1]]', '{4}', '{0.5}'))) AS weights FROM prior_gram;
-- directions of equal length are ridge: S = I whatever s is
SELECT pg_temp.show(weights(ridge_prior_cv(g, '[[1,0],[0,-1]]', '{4}', '{0.9}'))) AS weights FROM prior_gram;

-- What the encoder is, and what reads it
SELECT n, n_features, n_targets, n_folds, model, prior_strength, scores, scoring, per_target, standardize, alphas, dtype
FROM prior_gram, encoder_info(ridge_prior_cv(g, '[[3,0]]', '{4,4,1}', '{0.5}'));
SELECT pg_temp.show(predict(ridge_prior_cv(g, '[[3,0]]', '{4}', '{0.5}'), '[[0,0],[1,1],[1,-1]]')) AS predictions FROM prior_gram;
SELECT target, n, alpha, round(intercept::numeric, 6) AS intercept, pg_temp.show(t.weights) AS weights
FROM (SELECT ridge_prior_cv(g + g, '[[3,0]]', '{4}', '{0.5}') AS e FROM prior_gram OFFSET 0) AS s, targets(e, weights => true) AS t;
-- stored and read back
SELECT (encoder_info(e::text::encoder)).prior_strength, e::text = e::text::encoder::text AS same
FROM (SELECT ridge_prior_cv(g, '[[3,0]]', '{4}', '{0.5}') AS e FROM prior_gram OFFSET 0) AS s;
SELECT cv_predictions(g, ridge_prior_cv(g, '[[3,0]]', '{4}', '{0.5}')) FROM prior_gram;

-- 24 rows of 40 features; 12 voxels of a new subject whose weights are sums of 3 directions, as those of 60 voxels of others
CREATE TABLE prior_few AS
WITH d AS (SELECT stack(random_normal('{40}', i) ORDER BY i) AS axes FROM generate_series(1, 3) AS i),
	 w AS (SELECT stack(matmul(random_normal('{3}', 100 + i), axes) ORDER BY i) AS new FROM generate_series(1, 12) AS i, d)
SELECT i, i % 4 AS fold, x, matmul(new, x) + 3 * random_normal('{12}', 2000 + i) AS y
FROM generate_series(1, 24) AS i, LATERAL (SELECT random_normal('{40}', 1000 + i) AS x OFFSET 0) AS q, w;
CREATE TABLE prior_others AS
WITH d AS (SELECT stack(random_normal('{40}', i) ORDER BY i) AS axes FROM generate_series(1, 3) AS i)
SELECT stack(matmul(random_normal('{3}', 300 + i), axes) + 0.1 * random_normal('{40}', 400 + i) ORDER BY i) AS shared,
	   stack(random_normal('{40}', 10000 + i) * (random_normal('{40}', 5) * 3) ORDER BY i) AS other
FROM generate_series(1, 60) AS i, d;
CREATE TABLE prior_fits AS
SELECT g, ridge_cv(g) AS ridge, ridge_prior_cv(g, shared) AS shared, ridge_prior_cv(g, other) AS other
FROM (SELECT gram_agg(x, y, fold ORDER BY i) AS g FROM prior_few) AS s, prior_others;
-- the prior that is theirs is used, the other is not, and then the fit is that of ridge_cv
SELECT (encoder_info(shared)).prior_strength > 0 AS used, (encoder_info(other)).prior_strength AS unused,
	   (SELECT avg(r2_pooled) FROM targets(shared)) > (SELECT avg(r2_pooled) FROM targets(ridge)) + 0.2 AS better,
	   max_of(abs(weights(other) - weights(ridge))) AS same_weights,
	   (SELECT bool_and(a.alpha = b.alpha AND a.r2 = b.r2) FROM targets(other) AS a JOIN LATERAL targets(ridge) AS b USING (target)) AS same_scores
FROM prior_fits;
-- rows, moments, and rows with missing responses give the same; float4 data give float4 weights
SELECT i.form, m.form, i.dtype, max_of(abs(weights(e) - weights(f))) < 1e-5 AS weights, (SELECT max(abs(a.r2 - b.r2)) < 1e-6 FROM targets(e) AS a JOIN LATERAL targets(f) AS b USING (target)) AS scores
FROM (SELECT ridge_prior_cv(g, shared, '{1,10,100}', '{0.5}') AS e, ridge_prior_cv(g + g - g, shared, '{1,10,100}', '{0.5}') AS f
	  FROM (SELECT g FROM prior_fits) AS a, (SELECT shared FROM prior_others) AS b OFFSET 0) AS s,
	 encoder_info(e) AS i, encoder_info(f) AS m;
-- a target without row 1 is fitted on the others, as by itself
SELECT max_of(abs(a.weights - b.weights)) < 1e-6 AS weights, abs(a.r2 - b.r2) < 1e-6 AS r2, a.n, b.n
FROM (SELECT ridge_prior_cv(gram_agg(x, y[1:1] || CASE WHEN i = 1 THEN tensor '[NaN]' ELSE y[2:2] END, fold ORDER BY i), (SELECT shared FROM prior_others), '{1,10,100}', '{0.5}') AS e,
			 ridge_prior_cv(gram_agg(x, y[2:2], fold ORDER BY i) FILTER (WHERE i > 1), (SELECT shared FROM prior_others), '{1,10,100}', '{0.5}') AS f
	  FROM prior_few OFFSET 0) AS s, targets(e, weights => true) AS a, targets(f, weights => true) AS b
WHERE a.target = 2;
-- an offset of the features, and what a constant feature is, change nothing
SELECT max_of(abs(weights(e) - weights(f))) < 1e-4 AS weights, max_of(abs((weights(e))[41:41])) AS constant
FROM (SELECT ridge_prior_cv(gram_agg(x + 1000 || tensor '[7]', y, fold), prior, '{10}', '{0.5}') AS e,
			 ridge_prior_cv(gram_agg(x || tensor '[0]', y, fold), prior, '{10}', '{0.5}') AS f
	  FROM prior_few, (SELECT stack(w || tensor '[0]') AS prior FROM prior_others, rows(shared) AS w) AS p GROUP BY prior OFFSET 0) AS s;
-- no target varies: the smallest strength
SELECT (encoder_info(ridge_prior_cv(gram_agg(x, '[5]'::tensor, fold), '[[3,0]]', strengths => '{0.7,0.2}'))).prior_strength FROM prior_rows;
-- NULL
SELECT ridge_prior_cv(g, NULL) IS NULL AS no_prior, ridge_prior_cv(NULL, '[[3,0]]') IS NULL AS no_gram FROM prior_gram;

-- Errors
SELECT ridge_prior_cv(g, '[3,0]') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3],[0]]') FROM prior_gram;
SELECT ridge_prior_cv(g, '(0,2):[]') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3,0],[1,NaN]]') FROM prior_gram;
SELECT ridge_prior_cv(g, 'float8:[[-Infinity,0]]') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[0,0],[0,0]]') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3,0]]', '{0}') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3,0]]', '{}') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3,0]]', strengths => '{}') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3,0]]', strengths => '{0,1.5}') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3,0]]', strengths => '{NaN}') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3,0]]', strengths => '{0,NULL}') FROM prior_gram;
SELECT ridge_prior_cv(g, '[[3,0]]', strengths => NULL) FROM prior_gram;
SELECT ridge_prior_cv(gram_agg(x, y), '[[3,0]]') FROM prior_rows;
SELECT ridge_prior_cv(gram_agg(x, y, 1), '[[3,0]]') FROM prior_rows;
SELECT ridge_prior_cv(gram_agg(x), '[[3,0]]') FROM prior_rows;

DROP TABLE prior_rows, prior_gram, prior_few, prior_others, prior_fits;
