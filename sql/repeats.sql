-- noise_ceiling, explainable_variance, split_half, cc_norm
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By hand: three stimuli of two repeats, one column: (1,3), (5,7), (9,11).  Variances 2, noise^2 2; all six about 6: squares
-- 25+9+1+1+9+25 = 70, total 14; signal^2 12, ncsnr sqrt(6); single 600/7, average of two 600/6.5
CREATE TEMP TABLE trials (stimulus int, rep int, y tensor);
INSERT INTO trials VALUES (1, 1, '[1]'), (1, 2, '[3]'), (2, 1, '[5]'), (2, 2, '[7]'), (3, 1, '[9]'), (3, 2, '[11]');
SELECT (c).n_stimuli, (c).n_trials, round((c).ncsnr[1]::numeric, 6) AS ncsnr, round(((c).percent_single)[1]::numeric, 6) AS single,
	round(((c).percent_average)[1]::numeric, 6) AS average
FROM (SELECT noise_ceiling(mean, variance, n) AS c FROM (SELECT avg(y), variance(y), count(y) FROM trials GROUP BY stimulus) AS v (mean, variance, n)) AS q;
-- a stimulus of one repeat counts in the total variance: (1,3), (5,7), (6): squares about 4.4 are 11.56+1.96+.36+6.76+2.56 = 23.2,
-- total 5.8, noise^2 2, signal^2 3.8; single 380/5.8; mean of 1/n is 2/3: average 380/(3.8 + 4/3)
SELECT (c).n_stimuli, (c).n_trials, astype((c).percent_single, 'float4') AS percent_single, astype((c).percent_average, 'float4') AS percent_average,
	round(380 / 5.8, 6) AS single, round(380 / (3.8 + 4.0 / 3), 6) AS average
FROM (SELECT noise_ceiling(mean, variance, n) AS c FROM (VALUES
	(tensor '[2]', tensor '[2]', 2), ('[6]', '[2]', 2), ('[6]', NULL, 1)) AS v (mean, variance, n)) AS q;
-- columns: signal, no signal (clipped at 0), no noise, constant, a stimulus missing, all missing
SELECT (c).n_stimuli, (c).n_trials, astype((c).ncsnr, 'float4') AS ncsnr, astype((c).percent_single, 'float4') AS percent_single,
	astype((c).percent_average, 'float4') AS percent_average
FROM (SELECT noise_ceiling(mean, variance, n) AS c FROM (VALUES
	(tensor '[1,1,1,5,1,NaN]', tensor '[1,9,0,0,1,1]', 2), ('[3,1,3,5,3,1]', '[1,9,0,0,1,NaN]', 2), ('[5,1,5,5,NaN,NaN]', '[1,9,0,0,1,1]', 2)) AS v (mean, variance, n)) AS q;
-- only single repeats: no noise is known; no rows; NULL mean or n
SELECT (noise_ceiling('[1,2]', NULL, 1)).* FROM generate_series(1, 3);
SELECT noise_ceiling(y, y, 2) IS NULL AS none FROM trials WHERE false;
SELECT noise_ceiling(NULL, y, 2) IS NULL AS none, noise_ceiling(y, y, NULL) IS NULL AS none FROM trials;
-- a large offset costs nothing
SELECT ((noise_ceiling(mean, variance, n)).percent_single)[1] / (600.0 / 7) - 1 < 1e-9 AS same
FROM (SELECT avg(z), variance(z), count(z) FROM (SELECT stimulus, astype(y, 'float8') + 1e6 AS z FROM trials) AS w GROUP BY stimulus) AS v (mean, variance, n);

-- explainable_variance. By hand: repeats (1,2,3) and (1,3,2), correlation .5, which is the corrected value of two repeats;
-- column 2: (1,2,3) and (3,2,1): -1; column 3: equal, 1; column 4: constant, 0; column 5: third stimulus missing, 2 left, equal: 1
CREATE TEMP TABLE film (t int, rep int, y tensor);
INSERT INTO film VALUES
	(1, 7, '[1,1,1,5,1]'), (2, 7, '[2,2,4,5,2]'), (3, 7, '[3,3,9,5,9]'),
	(1, 8, '[1,3,1,5,1]'), (2, 8, '[3,2,4,5,2]'), (3, 8, '[2,1,9,5,NaN]');
SELECT astype(explainable_variance(y, t, rep), 'float4') FROM film;
SELECT astype(explainable_variance(y, t, rep ORDER BY -t * rep), 'float4') FROM film;
-- fewer than 2 stimuli: NaN
SELECT explainable_variance(y, t, rep) FROM film WHERE t = 1;
SELECT explainable_variance(y, t, rep) IS NULL AS none FROM film WHERE false;
SELECT astype(explainable_variance(CASE WHEN t < 3 THEN y END, t, rep), 'float4') FROM film;

-- split_half. By hand: a (1,2,3), b (1,3,2): r .5, stepped up 2/3; b = -a: r -1 stays; constant 0
SELECT astype(split_half(a, b), 'float4') FROM (VALUES (tensor '[1,1,1]', tensor '[1,-1,4]'), ('[2,2,2]', '[3,-2,4]'), ('[3,3,3]', '[2,-3,4]')) AS v (a, b);
SELECT split_half(y, y) FROM film WHERE false;
-- beside column_corr, whose state it shares
SELECT column_corr(a, b), astype(split_half(a, b), 'float4') AS split_half FROM (VALUES (tensor '[1]', tensor '[1]'), ('[2]', '[3]'), ('[3]', '[2]')) AS v (a, b);

-- cc_norm
SELECT r, ceiling, cc_norm(r, ceiling) FROM (VALUES (0.3, 0.36), (-0.3, 0.36), (0.9, 1), (0.3, 0), (0.3, -0.1), (0.3, 'NaN'), (NULL, 0.5)) AS v (r, ceiling);
SELECT astype(cc_norm(tensor '[0.3,-0.3,0.3,0.3]', tensor 'float8:[0.36,0.36,0,NaN]'), 'float4');

-- Errors
SELECT noise_ceiling('[1,2]', '[1]', 2);
SELECT noise_ceiling(m, m, 2) FROM (VALUES (tensor '[1,2]'), ('[1]')) AS v (m);
SELECT noise_ceiling('[1]', '[1]', 0);
SELECT noise_ceiling('[1]', NULL, 2);
SELECT noise_ceiling('[1,2]', '[1,-2]', 2);
SELECT noise_ceiling('[[1]]', '[[1]]', 2);
SELECT noise_ceiling_add(NULL, '[1]', '[1]', 2);
SELECT noise_ceiling_final('[1]');
SELECT explainable_variance(y, t, rep) FROM film WHERE rep = 7;
SELECT explainable_variance(y, t, rep) FROM film WHERE t < 3 OR rep = 7;
SELECT explainable_variance(y, t, rep) FROM film WHERE t > 1 OR rep = 8;
SELECT explainable_variance(y, t % 2, rep) FROM film;
SELECT explainable_variance(y, CASE rep WHEN 7 THEN t ELSE t + 1 END, rep) FROM film;
SELECT explainable_variance_final(predictions_agg(y, y, t)) FROM film WHERE rep = 7;
SELECT cc_norm(0.3, 36);
SELECT cc_norm(tensor '[0.3,0.1]', tensor '[0.4]');
SELECT cc_norm(tensor '[0.3,0.1]', tensor '[0.4,40]');
