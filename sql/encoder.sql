-- encoder: reading and applying a fitted model
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
SET max_parallel_workers_per_gather = 0;

CREATE FUNCTION pg_temp.show(t tensor) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg((round(w::numeric, 6) + 0)::text, ' ' ORDER BY i) FROM unnest(t) WITH ORDINALITY AS u (w, i) $$;
-- r, R2 and n of the rows of t(x, y), predicted one by one: sum over rows, as the definition says
CREATE FUNCTION pg_temp.score_rows(e encoder, xs tensor[], ys tensor[]) RETURNS TABLE (target bigint, r numeric, r2 numeric, n bigint)
LANGUAGE sql AS
$$
	SELECT target, round(corr(y, yhat)::numeric, 6), round((1 - sum((y - yhat) ^ 2) / (var_pop(y) * count(y)))::numeric, 6), count(y)
	FROM (SELECT target, nullif(y, 'NaN') AS y, yhat
		  FROM unnest(xs, ys) AS u (x, y_row), unnest(y_row) WITH ORDINALITY AS a (y, target)
			   JOIN LATERAL unnest(predict(e, x)) WITH ORDINALITY AS b (yhat, target) USING (target)) AS s
	WHERE y IS NOT NULL GROUP BY target ORDER BY target
$$;

-- Two folds, one feature, two targets, the second -2 times the feature; the models of alpha 2 are worked out in ridge.sql:
-- y1 = 1.142857 + 1.071429 x; y2 = -3 - (10 / 7) (x - 1.5)
CREATE TABLE encoder_rows (id serial, fold int, x tensor, y tensor);
INSERT INTO encoder_rows (fold, x, y) VALUES
	(1, 'float8:[0]', 'float8:[1,0]'), (1, 'float8:[2]', 'float8:[4,-4]'),
	(2, 'float8:[1]', 'float8:[1,-2]'), (2, 'float8:[3]', 'float8:[5,-6]');
CREATE TABLE encoder_fits AS
	SELECT gram_agg(x, y, fold ORDER BY id) AS g, ridge_cv(gram_agg(x, y, fold ORDER BY id), ARRAY[2.0]) AS e FROM encoder_rows;

-- targets: a row each, weights if asked for
SELECT target, n, round(r2::numeric, 6) AS r2, round(intercept::numeric, 6) AS intercept, weights IS NULL AS none FROM encoder_fits, targets(e);
SELECT target, pg_temp.show(t.weights) AS weights FROM encoder_fits, targets(e, weights => true) AS t;
SELECT target, pg_temp.show(t.weights) AS weights FROM encoder_fits, targets(e, true) AS t WHERE target = 2;
-- under names of one's own
SELECT target, round(r2::numeric, 6) AS r2, t.weights IS NULL AS none FROM encoder_fits, targets(e, ARRAY[907, 31]) AS t;
SELECT target, pg_temp.show(t.weights) AS weights FROM encoder_fits, targets(e, ARRAY[907, 31], weights => true) AS t;
-- in a select list, from an aggregate in flight, under LIMIT, and from several models
SELECT (t).target, round((t).alpha::numeric, 3) AS alpha FROM (SELECT targets(e) AS t FROM encoder_fits) AS s;
SELECT (targets(ridge(gram_agg(x, y), 2))).target FROM encoder_rows;
SELECT target FROM encoder_fits, targets(e, weights => true) LIMIT 1;
SELECT part, target, n, round(intercept::numeric, 6) AS intercept
FROM (SELECT id % 2 AS part, ridge(gram_agg(x, y), 0) AS e FROM encoder_rows GROUP BY 1 OFFSET 0) AS s, targets(e) ORDER BY 1, 2;
SELECT (SELECT string_agg(target::text, ',') FROM targets(e)) FROM encoder_fits;
SELECT count(*) FROM targets(NULL);
-- what is not defined is NULL
SELECT target, n, variance, alpha, r, r2, r2_pooled, intercept
FROM (SELECT ridge(gram_agg(x, y || CASE id WHEN 1 THEN tensor '[3,NaN]' ELSE '[NaN,NaN]' END), 1) AS e FROM encoder_rows OFFSET 0) AS s, targets(e)
WHERE target > 2;

-- weights: features by targets
SELECT shape(weights(e)), dtype(weights(e)), pg_temp.show(weights(e)) FROM encoder_fits;
SELECT shape(weights(ridge(gram_agg(x || x || x, y[1:1]), 2))) FROM encoder_rows;

-- predict: one row, rows, none; the element type is the model's
SELECT pg_temp.show(predict(e, '[3.5]')) AS one, dtype(predict(e, '[3.5]')) FROM encoder_fits;
SELECT shape(predict(e, '[[0],[3.5]]')), pg_temp.show(predict(e, '[[0],[3.5]]')) AS two FROM encoder_fits;
SELECT shape(predict(e, '[[0],[1],[2],[3],[3.5]]')), pg_temp.show(predict(e, '[[0],[1],[2],[3],[3.5]]')) AS five FROM encoder_fits;
SELECT shape(predict(e, '(0,1):[]')) AS none FROM encoder_fits;
SELECT dtype(predict(ridge(gram_agg(x::tensor(float4), y::tensor(float4)), 2), 'float8:[3.5]')) FROM encoder_rows;
-- NaN stays in its row
SELECT predict(e, '[NaN]') FROM encoder_fits;
SELECT replace(pg_temp.show(take(flatten(predict(e, '[[0],[1],[NaN],[3],[3.5]]')), '{1,2,3,4,7,8,9,10}')), ' ', ',') AS others FROM encoder_fits;

-- The dual form says the same as the primal
CREATE TABLE encoder_wide AS
	SELECT i, i % 5 AS fold, random_normal(ARRAY[60], i) AS x, random_normal(ARRAY[3], 1000 + i) AS y FROM generate_series(1, 30) AS i;
CREATE TABLE encoder_both AS
	SELECT ridge(g, 3) AS dual, ridge(g + g - g, 3) AS primal, g FROM (SELECT gram_agg(x, y, fold ORDER BY i) AS g FROM encoder_wide) AS s;
SELECT (encoder_info(dual)).form, (encoder_info(primal)).form, max_of(abs(weights(dual) - weights(primal))) < 1e-6 AS weights,
	   (SELECT max(max_of(abs(predict(dual, x) - predict(primal, x)))) < 1e-5 FROM encoder_wide) AS one,
	   max_of(abs(predict(dual, (SELECT stack(x) FROM encoder_wide)) - predict(primal, (SELECT stack(x) FROM encoder_wide)))) < 1e-5 AS many
FROM encoder_both;
SELECT bool_and(abs(d.intercept - p.intercept) < 1e-6) AS intercepts, bool_and(max_of(abs(d.weights - p.weights)) < 1e-6) AS weights
FROM encoder_both, targets(dual, weights => true) AS d JOIN LATERAL targets(primal, weights => true) AS p USING (target);

-- score: other data, from their gram alone. y1 = 3 and 7 at x = 1, 3: predicted 2.214286 and 4.357143, so R2 is
-- 1 - (0.785714^2 + 2.642857^2) / 8; y2 is -2 for both (constant: 0)
SELECT target, round(r::numeric, 6) AS r, round(r2::numeric, 6) AS r2, n
FROM encoder_fits, score(e, (SELECT gram_agg(x, y) FROM (VALUES ('float8:[1]'::tensor, 'float8:[3,-2]'::tensor), ('float8:[3]', 'float8:[7,-2]')) AS s (x, y)));
-- on its own data, folds together
SELECT target, round(r::numeric, 6) AS r, round(r2::numeric, 6) AS r2, n FROM encoder_fits, score(e, g);
SELECT * FROM pg_temp.score_rows((SELECT e FROM encoder_fits), (SELECT array_agg(x) FROM encoder_rows), (SELECT array_agg(y) FROM encoder_rows));
-- from moments and with missing responses, the same as by the rows
CREATE TABLE encoder_new AS
	SELECT i, random_normal(ARRAY[3], i)::tensor(float8) + 50 AS x,
		   random_normal(ARRAY[3], i)::tensor(float8) * 2 + random_normal(ARRAY[3], 5000 + i)::tensor(float8)
		   + CASE WHEN i % 9 = 0 THEN 'float8:[0,NaN,0]'::tensor ELSE 'float8:[7,8,9]' END AS y
	FROM generate_series(1, 1500) AS i;
CREATE TABLE encoder_three AS SELECT ridge(gram_agg(x, y), 30) AS e FROM encoder_new WHERE i <= 500;
SELECT target, round(r::numeric, 6) AS r, round(r2::numeric, 6) AS r2, n
FROM encoder_three, score(e, (SELECT gram_agg(x, y) FROM encoder_new WHERE i > 500));
SELECT * FROM pg_temp.score_rows((SELECT e FROM encoder_three), (SELECT array_agg(x ORDER BY i) FROM encoder_new WHERE i > 500), (SELECT array_agg(y ORDER BY i) FROM encoder_new WHERE i > 500));
SELECT target, round(r::numeric, 6) AS r, round(r2::numeric, 6) AS r2, n
FROM encoder_three, score(e, (SELECT gram_agg(x, y) FROM encoder_new WHERE i > 1490));
SELECT * FROM pg_temp.score_rows((SELECT e FROM encoder_three), (SELECT array_agg(x) FROM encoder_new WHERE i > 1490), (SELECT array_agg(y) FROM encoder_new WHERE i > 1490));
-- one row, or none, has no score
SELECT target, r, r2, n FROM encoder_fits, score(e, fold(g, '{}'));
SELECT target, r, r2, n FROM encoder_fits, score(e, (SELECT gram_agg(x, y) FROM encoder_rows WHERE id = 1));

-- cv_predictions: without fold 1 y1 is 3 + 1 (x - 2), without fold 2 2.5 + 0.75 (x - 1); y2 -4 - (x - 2) and -2 - (x - 1)
SELECT "row", fold, pg_temp.show(prediction) AS prediction FROM encoder_fits, cv_predictions(g, e);
-- row is when the row came
SELECT "row", c.fold, pg_temp.show(prediction) AS prediction
FROM (SELECT gram_agg(x, y, fold ORDER BY id DESC) AS g FROM encoder_rows) AS s, encoder_fits AS f, cv_predictions(s.g, f.e) AS c;
-- wide rows, standardized: as by hand for each fold
SELECT count(*) AS rows, bool_and(max_of(abs(c.prediction - predict(ridge(without_folds(g, ARRAY[c.fold]), 3, standardize => true), w.x))) < 1e-5) AS equal
FROM (SELECT g, ridge(g, 3, standardize => true) AS e FROM encoder_both OFFSET 0) AS s, cv_predictions(g, e) AS c JOIN encoder_wide AS w ON w.i = c.row AND w.fold = c.fold;
-- missing responses are predicted too; a target without an alpha is predicted by its mean
SELECT "row", fold, pg_temp.show(prediction) AS prediction
FROM (SELECT gram_agg(x, y || CASE id WHEN 1 THEN tensor 'float8:[3,NaN]' ELSE 'float8:[NaN,NaN]' END, fold ORDER BY id) AS g FROM encoder_rows) AS s,
	 LATERAL (SELECT ridge(g, 0) AS e OFFSET 0) AS f, cv_predictions(g, e);

-- encoder_info
SELECT n, n_features, n_targets, n_folds, model, scores, scoring, scoring_asked, solver FROM encoder_fits, encoder_info(e);
SELECT l1_ratio, n_components, bands, prior_strength FROM encoder_fits, encoder_info(e);
SELECT per_target, standardize, alphas, form, dtype, bytes = octet_length(encoder_send(e)) + 4 AS bytes FROM encoder_fits, encoder_info(e);
SELECT n_folds, scores, scoring, scoring_asked, solver, per_target, alphas FROM (SELECT ridge_cv(gram_agg(x, y), ARRAY[2, 1.0], scoring => 'r', per_target => false) AS e FROM encoder_rows OFFSET 0) AS s, encoder_info(e);
SELECT n_folds, scores, scoring, scoring_asked, solver, per_target, alphas, standardize FROM (SELECT ridge(gram_agg(x, y, fold), 7, true) AS e FROM encoder_rows OFFSET 0) AS s, encoder_info(e);
-- a fold of one row: R2 was asked for, pooled R2 is used
SELECT n_folds, scoring, scoring_asked FROM (SELECT ridge_cv(gram_agg(x, y, id)) AS e FROM encoder_rows OFFSET 0) AS s, encoder_info(e);
SELECT solver, form, dtype FROM (SELECT ridge_cv(gram_agg(x, y, fold)) AS e FROM encoder_wide OFFSET 0) AS s, encoder_info(e);
SELECT (encoder_info(e)).n_targets FROM encoder_fits;

-- Text gives back the same model
SELECT substring(e::text FROM '^[^:]*:') FROM encoder_fits;
SELECT encoder_send(e::text::encoder) = encoder_send(e) AS primal FROM encoder_fits;
SELECT encoder_send(dual::text::encoder) = encoder_send(dual) AS dual FROM encoder_both;

-- Errors
SELECT targets(e, ARRAY[1]) FROM encoder_fits;
SELECT targets(e, ARRAY[1, NULL]) FROM encoder_fits;
SELECT targets(e, '{}'::bigint[]) FROM encoder_fits;
SELECT predict(e, '[1,2]') FROM encoder_fits;
SELECT predict(e, '[[1,2],[3,4]]') FROM encoder_fits;
SELECT predict(e, '1') FROM encoder_fits;
SELECT predict(e, '[[[1]]]') FROM encoder_fits;
SELECT score(e, (SELECT gram_agg(x, y) FROM encoder_wide)) FROM encoder_fits;
SELECT score(e, (SELECT gram_agg(x) FROM encoder_rows)) FROM encoder_fits;
SELECT cv_predictions(g, (SELECT e FROM encoder_fits)) FROM encoder_both;
SELECT cv_predictions((SELECT gram_agg(x, y) FROM encoder_rows), e) FROM encoder_fits;
SELECT cv_predictions(fold(g, '{1}'), e) FROM encoder_fits;
SELECT cv_predictions(g + g - g, e) FROM encoder_fits;
SET neuroenc.memory_limit = '1MB';
\set VERBOSITY sqlstate
SELECT predict(e, zeros(ARRAY[100000, 1])) FROM encoder_fits;
\set VERBOSITY default
RESET neuroenc.memory_limit;

-- Malformed text: cut short, too long, another type, a version to come, lies about sizes
SELECT ''::encoder;
SELECT 'encoder()'::encoder;
SELECT 'encoder():'::encoder;
SELECT 'encoder():AQ=='::encoder;
SELECT 'gram():AQAAAA=='::encoder;
SELECT 'encoder():*'::encoder;
SELECT (left(e::text, -8))::encoder FROM encoder_fits;
CREATE FUNCTION pg_temp.from_bytes(bytea) RETURNS encoder LANGUAGE sql AS
$$ SELECT ('encoder():' || translate(encode($1, 'base64'), E'\n', ''))::encoder $$;
SELECT pg_temp.from_bytes(encoder_send(e) || '\x00') FROM encoder_fits;
SELECT pg_temp.from_bytes(encoder_send(dual) || '\x00000000') FROM encoder_both;
SELECT pg_temp.from_bytes(substring(encoder_send(dual) FOR 2000)) FROM encoder_both;
CREATE FUNCTION pg_temp.poke(e encoder, at int, value bytea) RETURNS encoder LANGUAGE sql AS
$$ SELECT pg_temp.from_bytes(overlay(encoder_send(e) PLACING value FROM at + 1)) $$;
SELECT pg_temp.poke(e, 0, '\x03') FROM encoder_fits;
SELECT pg_temp.poke(e, 1, '\xff') FROM encoder_fits;
SELECT pg_temp.poke(e, 2, '\x02') FROM encoder_fits;
SELECT pg_temp.poke(e, 4, '\x00000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 4, '\xffffff02') FROM encoder_fits;
SELECT pg_temp.poke(e, 8, '\xffffffff') FROM encoder_fits;
SELECT pg_temp.poke(e, 8, '\x03000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 12, '\xffffffffffffffff') FROM encoder_fits;
SELECT pg_temp.poke(e, 24, '\x09000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 40, '\xffffff7f') FROM encoder_fits;
SELECT pg_temp.poke(e, 44, '\x06000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 44, '\x01000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 44, '\x03000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 48, '\x01000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 52, '\x01000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 52, '\x02000000') FROM encoder_fits;
SELECT pg_temp.poke(e, 56, '\x000000000000e03f') FROM encoder_fits;
SELECT pg_temp.poke(e, 64, '\x000000000000f87f') FROM encoder_fits;
-- a scale of a band that is NaN beside one that is not, or past what the two sum to
SELECT pg_temp.poke(b, 64 + 8 + 16 * 2 + 56 * 2 + 4 * 2, '\x000000000000f87f')
FROM banded_ridge_cv((SELECT gram_agg(x || x, y, fold ORDER BY id) FROM encoder_rows), '{1,1}', ARRAY[2.0], 1) AS b;
SELECT pg_temp.poke(b, 64 + 8 + 16 * 2 + 56 * 2 + 4 * 2, '\x000000000000f07f')
FROM banded_ridge_cv((SELECT gram_agg(x || x, y, fold ORDER BY id) FROM encoder_rows), '{1,1}', ARRAY[2.0], 1) AS b;
-- another model's fields where they belong: an elastic net of l1_ratio 0.5, PLS of 7 components, which cv_predictions can't refit
SELECT model, l1_ratio, n_components, bands FROM encoder_fits, encoder_info(pg_temp.poke(e, 44, '\x020000000000000000000000000000000000e03f'));
SELECT model, l1_ratio, n_components, bands FROM encoder_fits, encoder_info(pg_temp.poke(e, 44, '\x0300000007000000'));
SELECT c.* FROM encoder_fits, cv_predictions(g, pg_temp.poke(e, 44, '\x0300000007000000')) AS c;

DROP TABLE encoder_rows, encoder_fits, encoder_wide, encoder_both, encoder_new, encoder_three;
