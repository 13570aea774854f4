-- models other than ridge from a gram: elastic net, PLS, PCR, contrast, residualize
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
SET max_parallel_workers_per_gather = 0;

CREATE FUNCTION pg_temp.show(t tensor) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg((round(w::numeric, 6) + 0)::text, ' ' ORDER BY i) FROM unnest(t) WITH ORDINALITY AS u (w, i) $$;

-- Two features at right angles, X'X = diag(4, 4) over n = 4, two folds; X'y = (12, 4), so least squares is (3, 1).
-- An elastic net weight is soft(X'y / n, alpha l1_ratio) / (X'X / n + alpha (1 - l1_ratio)):
-- lasso, alpha 2: (1, 0); alpha 0.5: (2.5, 0.5); l1_ratio 0.5, alpha 2: (3 - 1, 0) / (1 + 1) = (1, 0)
CREATE TABLE model_rows (id serial, fold int, x tensor, y tensor);
INSERT INTO model_rows (fold, x, y) VALUES
	(1, 'float8:[1,1]', 'float8:[11]'), (1, 'float8:[1,-1]', 'float8:[9]'),
	(2, 'float8:[-1,1]', 'float8:[5]'), (2, 'float8:[-1,-1]', 'float8:[3]');
CREATE TABLE model_gram AS SELECT gram_agg(x, y, fold ORDER BY id) AS g, gram_agg(x, y, id % 2 ORDER BY id) AS other FROM model_rows;
SELECT a, l1, pg_temp.show(weights(e)) AS weights, round(intercept::numeric, 6) AS intercept
FROM (VALUES (2.0, 1), (0.5, 1), (2, 0.5), (4, 1)) AS v (a, l1), model_gram,
	 LATERAL (SELECT elastic_net_cv(other, l1, ARRAY[a]::float8[], tol => 1e-12) AS e OFFSET 0) AS s, targets(e);
-- by hand, alpha 0.5, lasso, folds by id % 2: without rows 2 and 4 x2 is constant,
-- x1 has slope 3 - 0.5 and the mean of y is 8; rows 2 and 4 (9 and 3) are predicted 10.5 and 5.5, SSE 1.5^2 + 2.5^2 = 8.5 of 18.
-- The other way round 8.5 of 18 too
SELECT target, n, alpha, round(r::numeric, 6) AS r, round(r2::numeric, 6) AS r2, round(1 - 8.5 / 18, 6) AS by_hand FROM model_gram,
	 LATERAL (SELECT elastic_net_cv(other, 1, '{0.5}', tol => 1e-12) AS e OFFSET 0) AS s, targets(e);
-- several alphas: the best one for each target; ties (all weights 0) to the largest
SELECT target, alpha, round(r2::numeric, 6) AS r2 FROM model_gram, LATERAL (SELECT elastic_net_cv(other, 1, '{0.01,0.5,2,4}') AS e OFFSET 0) AS s, targets(e);
SELECT target, alpha, r2, r FROM model_gram, LATERAL (SELECT elastic_net_cv(other, 1, '{5,7,6}') AS e OFFSET 0) AS s, targets(e);
-- the default grid starts at the least alpha without weights, max |X'y| / (n l1_ratio) = 12 / 4 / l1_ratio, and ends at 1e-3 of it
SELECT l1, max(alpha) <= 3 / l1 AS below, min(alpha) >= 0.003 / l1 - 1e-12 AS above FROM model_gram, (VALUES (1.0), (0.25)) AS v (l1),
	 LATERAL (SELECT elastic_net_cv(other, l1) AS e OFFSET 0) AS s, targets(e) GROUP BY l1 ORDER BY l1;
SELECT model, l1_ratio, alphas, scores, scoring, n_components, per_target, standardize, form, dtype FROM model_gram, encoder_info(elastic_net_cv(other, 0.25, standardize => true));
SELECT alphas FROM model_gram, encoder_info(elastic_net_cv(other, alphas => '{3,1,3}'));
-- features of another scale, standardized: the same predictions
SELECT pg_temp.show(weights(elastic_net_cv(gram_agg(x * 'float8:[10,0.1]'::tensor + 5, y, id % 2), 1, '{0.5}', 1000, 1e-12, true))) FROM model_rows;
-- it reads and writes as any encoder, predicts and scores
SELECT e::text::encoder::text = e::text AS same, pg_temp.show(predict(e, '[1,-1]')) AS predicted, (SELECT round(r2::numeric, 6) FROM score(e, other)) AS r2
FROM model_gram, LATERAL (SELECT elastic_net_cv(other, 1, '{0.5}', tol => 1e-12) AS e OFFSET 0) AS s;

-- a constant target, one that misses a fold, one that is nowhere
SELECT target, n, alpha, r, r2, intercept, pg_temp.show(t.weights) AS weights
FROM (SELECT elastic_net_cv(gram_agg(x, 'float8:[7]'::tensor || CASE id % 2 WHEN 0 THEN y ELSE 'float8:[NaN]' END || 'float8:[NaN]'::tensor, id % 2), 1, tol => 1e-12) AS e FROM model_rows) AS s, targets(e, weights => true) AS t;
-- too few cycles
CREATE TABLE model_wide AS SELECT i, i % 5 AS fold, random_normal('{40}', i) AS z, random_normal('{3}', 1000 + i) AS noise FROM generate_series(1, 200) AS i;
CREATE TABLE model_near AS SELECT gram_agg(z + 5 * z[1:1], noise + z[1:3], fold) AS g FROM model_wide;
SELECT count(*) FROM model_near, targets(elastic_net_cv(g, 0.5, '{0.001}', max_iter => 2, tol => 1e-9));
-- errors
SELECT elastic_net_cv(gram_agg(x, y)) FROM model_rows;
SELECT elastic_net_cv(gram_agg(x, y, 1)) FROM model_rows;
SELECT elastic_net_cv(gram_agg(x)) FROM model_rows;
SELECT elastic_net_cv(g, 0) FROM model_gram;
SELECT elastic_net_cv(g, 1.5) FROM model_gram;
SELECT elastic_net_cv(g, 'NaN') FROM model_gram;
SELECT elastic_net_cv(g, 1, '{0}') FROM model_gram;
SELECT elastic_net_cv(g, 1, '{}') FROM model_gram;
SELECT elastic_net_cv(g, 1, max_iter => 0) FROM model_gram;
SELECT elastic_net_cv(g, 1, tol => -1) FROM model_gram;
SELECT elastic_net_cv(g, 1, scoring => 'rho') FROM model_gram;
SELECT elastic_net_cv(g, NULL) FROM model_gram;
SELECT elastic_net_cv(NULL, 1) IS NULL;

-- PLS. One component, one target: w = X'y / |X'y| = (3, 1) / sqrt(10), t't = 4, q = |X'y| / 4, so the weights are X'y / 4 = (3, 1): least squares already
SELECT pg_temp.show(weights(pls(g, 1))), round(intercept::numeric, 6) AS intercept, round(r2::numeric, 6) AS r2 FROM model_gram, targets(pls(g, 1));
-- features of other variance: X'X = diag(4, 16), X'y = (12, 8): w ~ (3, 2), t't = (9 4 + 4 16) / 13, weights = w (w'X'y) / t't = (3, 2) 52 / 100
SELECT pg_temp.show(weights(pls(gram_agg(x * 'float8:[1,2]'::tensor, y), 1))) AS one, pg_temp.show(weights(pls(gram_agg(x * 'float8:[1,2]'::tensor, y), 2))) AS two FROM model_rows;
-- Joint PLS depends on who stands beside: with y2 = 9 x2 (x2 before the scaling), X'Y = (12, 0; 8, 72), whose leading left singular vector
-- w is (0.0188, 0.9998), t't = 15.9957, q = Y'X w / t't = (0.5141, 4.5004), weights w q'. By itself y1 has (1.56, 1.04) and y2 (0, 4.5)
CREATE TABLE model_pair AS SELECT id, x * 'float8:[1,2]'::tensor AS x, y || x[2:2] * 9 AS y FROM model_rows;
SELECT target, pg_temp.show(t.weights) AS joint, pg_temp.show(u.weights) AS single
FROM (SELECT gram_agg(x, y) AS g FROM model_pair OFFSET 0) AS s, targets(pls(g, 1), weights => true) AS t JOIN LATERAL targets(pls(g, 1, per_target => true), weights => true) AS u USING (target);
-- Joint PLS is fitted on the rows that have every target; one by one each has its own
SELECT target, t.n AS joint, u.n AS single, round(t.intercept::numeric, 6) = round(v.intercept::numeric, 6) AS complete
FROM (SELECT gram_agg(x, y * CASE id WHEN 4 THEN 'float8:[1,NaN]'::tensor ELSE 'float8:[1,1]' END) AS g, gram_agg(x, y) FILTER (WHERE id < 4) AS c FROM model_pair OFFSET 0) AS s,
	 targets(pls(g, 2)) AS t JOIN LATERAL targets(pls(g, 2, true)) AS u USING (target) JOIN LATERAL targets(pls(c, 2)) AS v USING (target);
-- cross-validated scores of joint PLS, PLS by target and PCR against fits without the fold, scored on it
CREATE TABLE model_cv AS SELECT i % 5 AS fold, gram_agg((z[1:8] * 3 + z[9:16])::tensor(float8), (noise + z[1:3])::tensor(float8), i % 5) AS g FROM model_wide GROUP BY i % 5;
CREATE FUNCTION pg_temp.fit(model text, g gram) RETURNS encoder LANGUAGE sql AS
$$ SELECT CASE model WHEN 'joint' THEN pls(g, 3) WHEN 'single' THEN pls(g, 3, true) ELSE pcr(g, 3) END $$;
SELECT model, bool_and(abs(t.r2 - h.r2) < 1e-9 AND abs(t.r - h.r) < 1e-9) AS equal, count(*)
FROM unnest('{joint,single,pcr}'::text[]) AS model, LATERAL (SELECT pg_temp.fit(model, sum(g)) AS e FROM model_cv OFFSET 0) AS f, targets(f.e) AS t
	 JOIN LATERAL (SELECT target, avg(r2) AS r2, avg(r) AS r
		   FROM model_cv AS held, LATERAL (SELECT pg_temp.fit(model, (SELECT sum(g) FROM model_cv AS o WHERE o.fold <> held.fold)) AS e OFFSET 0) AS q, score(q.e, held.g)
		   GROUP BY target) AS h USING (target)
GROUP BY model ORDER BY model;
-- without folds no scores; with them, what encoder_info says
SELECT target, n, alpha, r, r2, r2_pooled FROM targets((SELECT pls(gram_agg(x, y), 1) FROM model_rows));
SELECT model, n_components, scores, scoring, per_target, l1_ratio, alphas FROM (SELECT sum(g) AS g FROM model_cv) AS s,
	 LATERAL (VALUES (pls(g, 3)), (pls(g, 2, true)), (pcr(g, 8))) AS v (e), encoder_info(e);
-- Data of lower rank end early: one component is all that y holds here, two that x does
SELECT (encoder_info(pls(gram_agg(x || x, y), 3))).n_components AS pls, (encoder_info(pls(gram_agg(x || x, y), 3, true))).n_components AS single,
	   (encoder_info(pcr(gram_agg(x || x, y), 3))).n_components AS pcr, pg_temp.show(weights(pls(gram_agg(x || x, y), 3))) AS weights FROM model_rows;
SELECT (encoder_info(pls(gram_agg(x, 'float8:[7]'), 1))).n_components, pg_temp.show(weights(pls(gram_agg(x, 'float8:[7]'), 1))) AS weights FROM model_rows;
-- PCR: the first component is x2 (variance 16 : 4)
SELECT pg_temp.show(weights(pcr(gram_agg(x, y[1:1]), 1))) AS one, pg_temp.show(weights(pcr(gram_agg(x, y[1:1]), 2))) AS two FROM model_pair;
SELECT e::text::encoder::text = e::text AS same, pg_temp.show(predict(e, '[1,2]')) AS predicted FROM (SELECT pcr(gram_agg(x, y), 2) AS e FROM model_pair) AS s;
-- extreme units change nothing
SELECT pg_temp.show(weights(pls(gram_agg(x * 'float8:[1e140,1e140]'::tensor, y[1:1] * 'float8:[1e-100]'), 2)) * 'float8:[1e200]'::tensor * 'float8:[1e40]') AS pls,
	   pg_temp.show(weights(pcr(gram_agg(x * 'float8:[1e-150,1e-150]'::tensor, y[1:1]), 2)) * 'float8:[1e-150]') AS pcr FROM model_pair;
-- with all components both are least squares
SELECT max_of(abs(weights(pcr(g, 8)) - weights(ridge(g, 0)))) < 1e-5 AS pcr, max_of(abs(weights(pls(g, 8, true)) - weights(ridge(g, 0)))) < 1e-5 AS single,
	   max_of(abs(weights(pls(g, 8)) - weights(ridge(g, 0)))) < 1e-5 AS joint FROM (SELECT sum(g) AS g FROM model_cv) AS s;
-- errors
SELECT pls(gram_agg(x, y), 3) FROM model_rows;
SELECT pls(gram_agg(x, y), 0) FROM model_rows;
SELECT pcr(gram_agg(x, y), 2) FROM model_rows WHERE id <= 2;
SELECT pcr(gram_agg(x, y), 1) FROM model_rows WHERE id = 1;
SELECT pcr(gram_agg(x), 1) FROM model_rows;
SELECT pls(gram_agg(x, CASE WHEN id % 2 = 0 THEN 'float8:[1,NaN]'::tensor ELSE 'float8:[NaN,1]' END), 1) FROM model_rows;
SELECT n FROM targets((SELECT pls(gram_agg(x, CASE WHEN id % 2 = 0 THEN 'float8:[1,NaN]'::tensor ELSE 'float8:[NaN,1]' END), 1, true) FROM model_rows));
SELECT cv_predictions(other, pcr(other, 1)) FROM model_gram;
SELECT pls(g) IS NULL FROM (VALUES (NULL::gram)) AS v (g);

-- contrast. Two conditions, y 1, 3 and 5, 7: means 2 and 6, s2 = 4 / 2, t = -4 / sqrt(2 (1/2 + 1/2)); with 2 degrees of freedom p = 1 - |t| / sqrt(2 + t^2).
-- The second target is constant, the third without residual
CREATE TABLE contrast_rows (id serial, x tensor, y tensor);
INSERT INTO contrast_rows (x, y) VALUES ('float8:[1,0]', 'float8:[1,5,2]'), ('float8:[1,0]', 'float8:[3,5,2]'), ('float8:[0,1]', 'float8:[5,5,4]'), ('float8:[0,1]', 'float8:[7,5,4]');
SELECT target, round(t::numeric, 6) AS t, round(p::numeric, 6) AS p, round(effect::numeric, 6) AS effect, df, round(-4 / sqrt(2.0), 6) AS t_1, round(1 - sqrt(8.0) / sqrt(10.0), 6) AS p_1
FROM (SELECT gram_agg(x[1:1], y[1:1]) AS g FROM contrast_rows) AS s, contrast(g, '{1}');
SELECT target, t, p, effect, df FROM (SELECT gram_agg(x[1:1], y[2:2]) AS g FROM contrast_rows) AS s, contrast(g, '{1}');
SELECT target, t, p, round(effect::numeric, 6) AS effect, df FROM (SELECT gram_agg(x[1:1], y[3:3]) AS g FROM contrast_rows) AS s, contrast(g, '{1}');
-- a column a condition: collinear with the intercept, but their difference can be estimated, and twice it has the same t
SELECT c, round(t::numeric, 6) AS t, round(p::numeric, 6) AS p, round(effect::numeric, 6) AS effect, df
FROM (SELECT gram_agg(x, y) AS g FROM contrast_rows) AS s, (VALUES ('{1,-1}'::float8[]), ('{-2,2}')) AS v (c), contrast(g, c) WHERE target = 1;
SELECT * FROM contrast((SELECT gram_agg(x, y) FROM contrast_rows), '{1,0}');
-- folds and missing rows: a target is tested on the rows it has, or not at all
SELECT target, round(t::numeric, 6) AS t, df, round(effect::numeric, 6) AS effect
FROM (SELECT gram_agg(x[1:1], y[1:1] || CASE WHEN id < 4 THEN y[1:1] ELSE 'float8:[NaN]' END || CASE WHEN id < 3 THEN y[1:1] ELSE 'float8:[NaN]' END || 'float8:[NaN]'::tensor, id) AS g FROM contrast_rows) AS s, contrast(g, '{1}');
-- no degrees of freedom: an effect, no test
SELECT target, t, p, round(effect::numeric, 6) AS effect, df FROM (SELECT gram_agg(x[1:1], y[1:1]) AS g FROM contrast_rows WHERE id IN (1, 3)) AS s, contrast(g, '{1}');
SELECT target, t, p, effect, df FROM (SELECT gram_agg(x[1:1], y[1:1]) AS g FROM contrast_rows WHERE id = 1) AS s, contrast(g, '{1}');
-- errors
SELECT * FROM contrast((SELECT gram_agg(x, y) FROM contrast_rows), '{1}');
SELECT * FROM contrast((SELECT gram_agg(x, y) FROM contrast_rows), '{1,NULL}');
SELECT * FROM contrast((SELECT gram_agg(x, y) FROM contrast_rows), '{1,Infinity}');
SELECT * FROM contrast((SELECT gram_agg(x, y) FROM contrast_rows), '{0,0}');
SELECT * FROM contrast((SELECT gram_agg(x) FROM contrast_rows), '{1,-1}');
SELECT * FROM contrast((SELECT gram_agg(x || 'float8:[3]', y) FROM contrast_rows), '{1,-1,1}');
SELECT count(*) FROM contrast(NULL, '{1}');

-- residualize: what a confound leaves; -1, 1 within each condition
SELECT id, pg_temp.show(residualize(e, x, y)) AS residual, dtype(residualize(e, x, y::tensor(float4))) FROM contrast_rows, (SELECT ridge(gram_agg(x, y), 0) AS e FROM contrast_rows) AS s ORDER BY id;
SELECT max_of(abs(residualize(e, xs, ys) - (SELECT stack(residualize(e, x, y) ORDER BY id) FROM contrast_rows))) < 1e-12 AS rows, shape(residualize(e, xs, ys))
FROM (SELECT ridge(gram_agg(x, y), 0) AS e, stack(x ORDER BY id) AS xs, stack(y ORDER BY id) AS ys FROM contrast_rows) AS s;
SELECT pg_temp.show(residualize(e, '[1,0]', '[NaN,5,2]')) FROM (SELECT ridge(gram_agg(x, y), 0) AS e FROM contrast_rows) AS s;
SELECT residualize(e, '[1]', '[1,2,3]') FROM (SELECT ridge(gram_agg(x, y), 0) AS e FROM contrast_rows) AS s;
SELECT residualize(e, '[1,0]', '[1,2]') FROM (SELECT ridge(gram_agg(x, y), 0) AS e FROM contrast_rows) AS s;
SELECT residualize(e, '[[1,0],[0,1]]', '[[1,2,3]]') FROM (SELECT ridge(gram_agg(x, y), 0) AS e FROM contrast_rows) AS s;
SELECT residualize(e, '[1,0]', '[[1,2,3]]') FROM (SELECT ridge(gram_agg(x, y), 0) AS e FROM contrast_rows) AS s;

DROP TABLE model_rows, model_gram, model_wide, model_near, model_pair, model_cv, contrast_rows;
