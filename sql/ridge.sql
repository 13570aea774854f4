-- ridge_cv and ridge: from a gram to an encoder
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- Rows of a model, rounded.
CREATE FUNCTION pg_temp.fit(e encoder) RETURNS TABLE (target bigint, n bigint, variance numeric, alpha numeric,
	r numeric, r2 numeric, r2_pooled numeric, intercept numeric, weights numeric[]) LANGUAGE sql AS
$$
	SELECT t.target, t.n, round(t.variance::numeric, 6), round(t.alpha::numeric, 6), round(t.r::numeric, 6),
		   round(t.r2::numeric, 6), round(t.r2_pooled::numeric, 6), round(t.intercept::numeric, 6),
		   array(SELECT round(w::numeric, 6) + 0 FROM unnest(t.weights) AS w)
	FROM targets(e, weights => true) AS t
$$;

-- One feature, two folds of two rows, all by hand.
CREATE TABLE ridge_rows (fold int, x tensor, y tensor);
INSERT INTO ridge_rows VALUES
	(1, 'float8:[0]', 'float8:[1]'), (1, 'float8:[2]', 'float8:[4]'),
	(2, 'float8:[1]', 'float8:[1]'), (2, 'float8:[3]', 'float8:[5]');

-- Alpha 2. Without fold 1: means 2 and 3, w = 4 / (2 + 2) = 1, fold 1 predicted 1, 3: R2 1 - 1 / 4.5.
-- Without fold 2: means 1 and 2.5, w = 3 / 4, fold 2 predicted 2.5, 4: R2 1 - 3.25 / 8.
-- Mean 0.685764, pooled 1 - 4.25 / 12.75; on all rows w = 7.5 / (5 + 2), intercept 2.75 - 1.5 w.
SELECT * FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[2.0]) FROM ridge_rows));
-- R2 is 0.683256 at alpha 1 and 0.558256 at 4: 2 is chosen, whatever the order and repetitions
SELECT * FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[4, 1, 2, 2]) FROM ridge_rows));
-- r is 1 at every alpha, and of equal scores the larger alpha wins
SELECT alpha, r, r2 FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[1, 2, 4], scoring => 'r') FROM ridge_rows));
-- pooled, alpha 1: 1 - (1.444444 + 2.5) / 12.75 = 0.690632, more than 0.666667 at 2
SELECT alpha, r2_pooled FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[1, 2, 4], scoring => 'r2_pooled') FROM ridge_rows));

-- The default alphas: 20, from 1e-5 to 1e5 times trace / min(n - 1, p) = 5 / 1
SELECT cardinality(alphas), round(alphas[1]::numeric, 9) AS first, round(alphas[20]::numeric, 3) AS last,
	   round((alphas[11] / alphas[10])::numeric, 6) AS step
FROM (SELECT ridge_cv(gram_agg(x, y, fold)) AS e FROM ridge_rows OFFSET 0) AS s, encoder_info(e);

-- Standardized on all rows: the variance of x is 1.25 (ddof 0), so w = 7.5 / (5 + 2 * 1.25)
SELECT intercept, weights FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[2.0], standardize => true) FROM ridge_rows));
-- and of each training fold it is 1, so nothing else changes in the scores
SELECT r2, r2_pooled FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[2.0], standardize => true) FROM ridge_rows));

-- Without cross-validation: no scores; alpha 0 is least squares, w = 7.5 / 5
SELECT * FROM pg_temp.fit((SELECT ridge(gram_agg(x, y, fold), 0) FROM ridge_rows));
SELECT intercept, weights FROM pg_temp.fit((SELECT ridge(gram_agg(x, y), 2, standardize => true) FROM ridge_rows));

-- No folds: generalized cross-validation. At alpha 2, w = 7.5 / 7, RSS 2.418367, n - df = 4 - 1 - 5 / 7,
-- GCV 4 * 2.418367 / 2.285714^2 = 1.851563; the mean alone 4 * 12.75 / 9: R2 1 - 1.851563 / 5.666667
SELECT * FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y), ARRAY[2.0]) FROM ridge_rows));
-- 0.739661 at 0.1, 0.727462 at 1
SELECT alpha, r2 FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y), ARRAY[0.1, 1, 2]) FROM ridge_rows));
-- one fold can't be left out: the same
SELECT alpha, r, r2, r2_pooled FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, 7), ARRAY[0.1, 1, 2]) FROM ridge_rows));

-- Each row a fold: no R2 in a fold of one row, so the pooled one decides. Leave-one-out residuals at alpha 2,
-- e / (1 - h): -1/3, 1, -1.7, 1.5: pooled 1 - 6.251111 / 12.75
SELECT alpha, r, r2, r2_pooled FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, sum_of(x)::int), ARRAY[2.0]) FROM ridge_rows));
-- One fold of one row (x = 3, y = 5): the others' scores are by fold still
-- train without fold 1: x = 1, 3, as above 7 / 9; without x = 1: x 0, 2, 3, w = 6.333333 / 6.666667 = 0.95, mean (5/3, 10/3), predicts 2.7;
-- without x = 3: mean (1, 2), w = 3 / 4, predicts 3.5: SSE 1 + 1.7^2 + 1.5^2
SELECT r, r2, r2_pooled FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, CASE WHEN fold = 1 THEN 1 ELSE 1 + sum_of(x)::int END), ARRAY[2.0]) FROM ridge_rows));

-- Constant features get no weight, also where they are large
SELECT intercept, weights FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x || tensor 'float8:[7,1e9]', y, fold), ARRAY[2.0]) FROM ridge_rows));
SELECT intercept, weights FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x || tensor 'float8:[7,1e9]', y, fold), ARRAY[2.0], standardize => true) FROM ridge_rows));
-- nothing but constant features: the mean, so fold 1 is predicted 3 (R2 1 - 5 / 4.5) and fold 2 is 2.5 (R2 1 - 8.5 / 8)
SELECT * FROM pg_temp.fit((SELECT ridge_cv(gram_agg('float8:[7]', y, fold), ARRAY[1, 2.0]) FROM ridge_rows));
-- A constant target scores 0, at the largest alpha; so does one that is constant in each fold, by fold
SELECT target, variance, alpha, r, r2, r2_pooled, intercept, weights
FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y || tensor 'float8:[5]' || tensor(format('float8:[%s]', fold)), fold), ARRAY[1, 2.0]) FROM ridge_rows));
-- Duplicated features share: w = 7.5 / (2 * 5 + 2) each; at alpha 0 the smallest norm, 1.5 / 2 each
SELECT weights FROM pg_temp.fit((SELECT ridge(gram_agg(x || x, y), 2) FROM ridge_rows));
SELECT weights FROM pg_temp.fit((SELECT ridge(gram_agg(x || x, y), 0) FROM ridge_rows));

-- More features than rows: about the mean, rows +-(.5, -.5, 0), kernel eigenvalue 1, y -+1: w = (-1, 1, 0) / (1 + alpha)
CREATE TABLE ridge_wide (fold int, x tensor, y tensor);
INSERT INTO ridge_wide VALUES (1, 'float8:[1,0,4]', 'float8:[0]'), (2, 'float8:[0,1,4]', 'float8:[2]');
SELECT n, intercept, weights FROM pg_temp.fit((SELECT ridge(gram_agg(x, y), 1) FROM ridge_wide));
SELECT n, intercept, weights FROM pg_temp.fit((SELECT ridge(gram_agg(x, y), 0) FROM ridge_wide));
-- folds of one row, trained on one row: its value is the prediction, squared errors 4 + 4 over 2
SELECT r, r2, r2_pooled FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[1.0]) FROM ridge_wide));
-- the kernel solution of wide rows and the primal one of the same rows are one model
SELECT max_of(abs(weights(k) - weights(p))) < 1e-9 AS equal, (encoder_info(k)).form AS wide, (encoder_info(p)).form AS narrow
FROM (SELECT ridge(gram_agg(x || zeros(ARRAY[40])::tensor(float8), y), 0.5) AS k,
			 ridge(gram_agg(x || zeros(ARRAY[40])::tensor(float8), y) + gram_agg(x || zeros(ARRAY[40])::tensor(float8), y)
				   - gram_agg(x || zeros(ARRAY[40])::tensor(float8), y), 0.5) AS p
	  FROM ridge_rows OFFSET 0) AS s;

-- Missing targets: each is fitted on the rows that it has
CREATE TABLE ridge_missing AS
	SELECT fold, x, y || tensor(CASE sum_of(x) WHEN 3 THEN 'float8:[NaN]' ELSE format('float8:[%s]', sum_of(y)) END)
					  || tensor(CASE sum_of(x) WHEN 2 THEN 'float8:[9]' ELSE 'float8:[NaN]' END) || tensor 'float8:[NaN]' AS y
	FROM ridge_rows;
-- target 1 as above; 2 has x = 0, 2, 1, y = 1, 4, 1: w = 3 / 4; 3 has one row and 4 none
SELECT * FROM pg_temp.fit((SELECT ridge(gram_agg(x, y, fold), 2) FROM ridge_missing));
SELECT * FROM pg_temp.fit((SELECT ridge(gram_agg(x, y, fold), 2) FROM ridge_rows WHERE sum_of(x) <> 3));
SELECT * FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[1, 2.0]) FROM ridge_missing));

-- wide rows: the one that target 1 lacks is the only one with feature 3, which target 2 needs.
-- Target 1 as above; 2 is -1, -1, 2 about its mean, kernel eigenvalue 1: w = (-1, -1, 2) / (1 + alpha)
SELECT target, n, intercept, weights
FROM pg_temp.fit((SELECT ridge(gram_agg(x, y), 1) FROM (VALUES ('float8:[1,0,0,0,0]'::tensor, 'float8:[0,0]'::tensor),
	('float8:[0,1,0,0,0]', 'float8:[2,0]'), ('float8:[0,0,1,0,0]', 'float8:[NaN,3]')) AS s (x, y)));

-- Held-out rows that differ only in what no training row has are all predicted alike: r is 0, not rounding
SELECT target, alpha, r FROM pg_temp.fit((SELECT ridge_cv(gram_agg(scatter(ones('{1}'), ARRAY[1 + i % 6], 6) + 7, tensor(format('[%s]', i * i % 17)), i % 3), ARRAY[1, 10], scoring => 'r') FROM generate_series(1, 300) AS i));
SELECT target, alpha, r FROM pg_temp.fit((SELECT ridge_cv(gram_agg(scatter(ones('{1}'), ARRAY[i], 6) + 7, tensor(format('[%s]', i * i % 17)), i % 3), ARRAY[1, 10], scoring => 'r') FROM generate_series(1, 6) AS i));

-- ... by the kernel too, where a small alpha lets rounding grow: 6 features of 60 occur, each in one fold
SELECT target, alpha, r FROM pg_temp.fit((SELECT ridge_cv(gram_agg(scatter(ones('{1}'), ARRAY[1 + i % 6], 60), tensor(format('float8:[%s]', i * i % 17 + 3000 * (i % 3))), i % 3), ARRAY[1e-8], scoring => 'r') FROM generate_series(1, 24) AS i));
SELECT target, alpha, r FROM pg_temp.fit((SELECT ridge_cv(gram_agg(scatter(ones('{1}'), ARRAY[1 + i % 6], 60), tensor(format('float8:[%s]', i * i % 17 + 3000 * (i % 3))), i % 3), ARRAY[1e-8], scoring => 'r', standardize => true) FROM generate_series(1, 24) AS i));

-- One alpha for all targets: the best mean score. y as above wants 2 (R2 by alpha .683256, .685764, .558256);
-- -2 x is predicted -2, -4 for 0, -4 at alpha 2 (R2 .5), and at alpha 1 R2 is 1 - (16/9) / 8, so their mean is best at 1
SELECT target, alpha, r2 FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y || -2 * x, fold), ARRAY[1, 2, 4]) FROM ridge_rows));
SELECT target, alpha, r2 FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x, y || -2 * x, fold), ARRAY[1, 2, 4], per_target => false) FROM ridge_rows));
-- An alpha a target
SELECT target, alpha, weights FROM pg_temp.fit((SELECT ridge(gram_agg(x, y || -2 * x), ARRAY[2, 0]) FROM ridge_rows));

-- An offset moves nothing but the intercept
SELECT variance, alpha, r2, r2_pooled, weights
FROM pg_temp.fit((SELECT ridge_cv(gram_agg(x + 1e4, y - 1e6, fold), ARRAY[1, 2, 4]) FROM ridge_rows));

-- NULLs
SELECT ridge_cv(NULL) IS NULL AS cv, ridge(NULL, 1) IS NULL AS fit;
SELECT ridge_cv(gram_agg(x, y, fold)) IS NULL AS no_rows FROM ridge_rows WHERE false;

-- Errors
SELECT ridge_cv(gram_agg(x)) FROM ridge_rows;
SELECT ridge(gram_agg(x), 1) FROM ridge_rows;
SELECT ridge_cv(fold(gram_agg(x, y, fold), '{}')) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), '{}') FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[1, 0]) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[-1.5]) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[1, 'NaN'::float8]) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), ARRAY['Infinity'::float8]) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), ARRAY[1, NULL]) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), scoring => 'R2') FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), scoring => NULL) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), per_target => NULL) FROM ridge_rows;
SELECT ridge(gram_agg(x, y, fold), -1) FROM ridge_rows;
SELECT ridge(gram_agg(x, y, fold), 'NaN'::float8) FROM ridge_rows;
SELECT ridge(gram_agg(x, y, fold), ARRAY[1, 2]) FROM ridge_rows;
SELECT ridge(gram_agg(x * 1e200, y, fold), 1) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y * 1e200, fold)) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y * 1e200, fold)) FROM ridge_wide;
SELECT ridge(gram_agg(astype(x, 'float4') * 1e-30, astype(y, 'float4') * 1e30, fold), 0) FROM ridge_rows;

-- The scale of x and y does not matter, where products leave float4's range or squares come near float8's
SELECT power, round(t.r::numeric, 6) AS r, round(t.r2::numeric, 6) AS r2, round(w[1]::numeric, 6) AS weight
FROM (SELECT power, ridge_cv(gram_agg(CASE WHEN power < 100 THEN astype(x, 'float4') ELSE x END * 10::float8 ^ power,
                                      CASE WHEN power < 100 THEN astype(y, 'float4') ELSE y END * 10::float8 ^ power, fold)) AS e
      FROM ridge_rows, unnest(ARRAY[-36, -25, 0, 25, 37, 100, 144]) AS power GROUP BY power) AS f,
     targets(e, weights => true) AS t, LATERAL (SELECT t.weights AS w) AS q ORDER BY power;
-- ... and squares that float8 has no digits for are those of a constant
SELECT t.alpha, t.r, t.r2, t.variance FROM (SELECT ridge_cv(gram_agg(x * 1e-160, y, fold)) AS e FROM ridge_rows) AS f, targets(e) AS t;
-- more scores than memory
SET neuroenc.memory_limit = '1MB';
\set VERBOSITY sqlstate
SELECT ridge_cv(gram_agg(x, y, fold), ARRAY(SELECT i::float8 FROM generate_series(1, 100000) AS i)) FROM ridge_rows;
SELECT ridge_cv(gram_agg(x, y, fold), ARRAY(SELECT i::float8 FROM generate_series(1, 200000) AS i), per_target => false) FROM ridge_rows;
\set VERBOSITY default
RESET neuroenc.memory_limit;
SELECT memory_in_use FROM neuroenc_info();

DROP TABLE ridge_rows, ridge_wide, ridge_missing;
