-- Banded ridge, its split R2, and variance partitioning
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- The draws: the first all ones, each sums to the number of bands, more draws begin with the same ones
SELECT scales FROM band_samples(3, 1);
SELECT count(*), min(draw), max(draw), bool_and(abs((SELECT sum(s) FROM unnest(scales) AS s) - 3) < 1e-12) AS sums FROM band_samples(3, 50);
SELECT count(*) FROM band_samples(3, 10) AS a JOIN band_samples(3, 50) AS b USING (draw, scales);
SELECT count(*) FROM band_samples(3, 10) AS a JOIN band_samples(3, 10, seed => 1) AS b USING (scales);
-- concentrations in turn: large ones stay near 1
SELECT draw % 2 AS odd, max((SELECT max(s) FROM unnest(scales) AS s)) < 1.2 AS even_scales FROM band_samples(4, 21, '{1e4,0.1}') WHERE draw > 1 GROUP BY 1 ORDER BY 1;

-- Ten features, four targets: y1 of the first band (4 wide), y2 of the second (6 wide), y3 of both, y4 noise
CREATE TABLE banded_rows AS
	SELECT i, i % 4 AS fold, x, ARRAY[x[1] + x[2], x[5] - x[9], x[3] + x[10], 0]::tensor(float8) AS y
	FROM (SELECT i, random_normal(ARRAY[10], i)::tensor(float8) AS x FROM generate_series(1, 240) AS i) AS s;
UPDATE banded_rows SET y = y + random_normal(ARRAY[4], 5000 + i)::tensor(float8);
CREATE TABLE banded_grams AS SELECT gram_agg(x, y, fold ORDER BY i) AS g FROM banded_rows;
CREATE TABLE banded_fits AS SELECT banded_ridge_cv(g, '{4,6}', n_iter => 30) AS e FROM banded_grams;

-- all-equal scales are ridge_cv, exactly
SELECT count(*) AS same FROM banded_grams, LATERAL (SELECT banded_ridge_cv(g, '{4,6}', n_iter => 1) AS banded, ridge_cv(g) AS plain OFFSET 0) AS e,
	targets(banded) AS s JOIN LATERAL targets(plain) AS t USING (target, alpha, r, r2, r2_pooled) WHERE abs(s.intercept - t.intercept) < 1e-12;
SELECT target, band, scale FROM banded_grams, band_scales(banded_ridge_cv(g, '{4,6}', n_iter => 1)) WHERE target = 1;
-- a band that does not help has a scale near 0; scales sum to 2
SELECT target, array_agg(round(scale::numeric, 1) ORDER BY band) AS scales, sum(scale) AS sum FROM banded_fits, band_scales(e) WHERE target < 4 GROUP BY 1 ORDER BY 1;
-- what they mean: ridge of features times the root of their band's scale, at the same alpha
SELECT t.target, round(t.r2::numeric, 9) = round(s.r2::numeric, 9) AS r2,
	   max_of(abs(t.weights - s.weights * roots)) < 1e-9 AS weights, abs(t.intercept - s.intercept) < 1e-9 AS intercept
FROM (SELECT target, (array_fill(sqrt(min(scale) FILTER (WHERE band = 1)), ARRAY[4]) || array_fill(sqrt(min(scale) FILTER (WHERE band = 2)), ARRAY[6]))::tensor(float8) AS roots
	  FROM banded_fits, band_scales(e) GROUP BY 1) AS b
JOIN LATERAL (SELECT t.* FROM banded_fits, targets(e, weights => true) AS t) AS t USING (target)
CROSS JOIN LATERAL (SELECT s.* FROM (SELECT ridge_cv(gram_agg(x * roots, y, fold ORDER BY i), ARRAY[t.alpha]) AS e FROM banded_rows OFFSET 0) AS f, targets(e, weights => true) AS s WHERE s.target = b.target) AS s ORDER BY 1;
SELECT model, bands, scores, scoring, form FROM banded_fits, encoder_info(e);
-- stored and read again
SELECT e::text = e::text::encoder::text AS same FROM banded_fits;
-- the same seed the same model, another seed another; targets in batches make none
SELECT count(DISTINCT e::text) FROM banded_grams, LATERAL (VALUES (banded_ridge_cv(g, '{4,6}', n_iter => 9)), (banded_ridge_cv(g, '{4,6}', n_iter => 9, seed => 0))) AS f (e);
SELECT count(DISTINCT e::text) FROM banded_grams, LATERAL (VALUES (banded_ridge_cv(g, '{4,6}', n_iter => 9)), (banded_ridge_cv(g, '{4,6}', n_iter => 9, seed => 7))) AS f (e);
SELECT count(*) AS same FROM banded_grams, LATERAL (SELECT banded_ridge_cv(g, '{4,6}', n_iter => 9) AS whole, banded_ridge_cv(g, '{4,6}', n_iter => 9, n_targets_batch => 3) AS parts OFFSET 0) AS e,
	band_scales(whole) AS a JOIN LATERAL band_scales(parts) AS b USING (target, band, scale);

-- split_r2: on the data of the fit the intercept has no part; bands sum to the R2 of score
SELECT target, array_agg(round(s.r2::numeric, 2) ORDER BY band) AS parts, abs(sum(s.r2) - max(c.r2)) < 1e-9 AS sums
FROM banded_grams, banded_fits, split_r2(e, g) AS s JOIN LATERAL score(e, g) AS c USING (target) GROUP BY 1 ORDER BY 1;
-- on other data it does: y is 3 higher there
CREATE TABLE banded_new AS SELECT gram_agg(x, y + 3) AS h FROM banded_rows WHERE i <= 50;
SELECT target, bool_and(s.r2 < -1) FILTER (WHERE band = 0) AS intercept, abs(sum(s.r2) - max(c.r2)) < 1e-9 AS sums
FROM banded_new, banded_fits, split_r2(e, h) AS s JOIN LATERAL score(e, h) AS c USING (target) GROUP BY 1 ORDER BY 1;
-- bands of another model: one, or as asked for
SELECT target, band, round(s.r2::numeric, 2) AS r2 FROM banded_grams, split_r2(ridge(g, 1), g) AS s WHERE target = 1;
SELECT target, band, round(s.r2::numeric, 2) AS r2 FROM banded_grams, split_r2(ridge(g, 1), g, '{4,6}') AS s WHERE target = 1;
-- rows and moments alike; fewer than 2 rows: NULL; a constant target: 0
SELECT bool_and(abs(a.r2 - b.r2) < 1e-9) FROM banded_fits, banded_new, split_r2(e, h) AS a JOIN LATERAL split_r2(e, h + h - h) AS b USING (target, band);
SELECT target, band, r2 FROM banded_fits, split_r2(e, (SELECT gram_agg(x, y) FROM banded_rows WHERE i = 1)) WHERE target = 1;
SELECT DISTINCT band, r2 FROM banded_fits, split_r2(e, (SELECT gram_agg(x, y * 0 + 7) FROM banded_rows)) ORDER BY 1;
SELECT count(*) FROM split_r2(NULL, NULL);

-- variance_partition: bands that do not overlap
SELECT v.target, v.bands, round(v.r2::numeric, 1) AS r2, round(v.unique::numeric, 1) + 0 AS unique, round(v.shared::numeric, 1) + 0 AS shared
FROM banded_grams, variance_partition(g, '{4,6}') AS v WHERE target < 3;
-- each r2 is that of ridge_cv on those features
SELECT bool_and(abs(v.r2 - t.r2) < 1e-9) FROM banded_grams, variance_partition(g, '{4,6}', '{1,10}') AS v
CROSS JOIN LATERAL (SELECT t.r2 FROM targets(ridge_cv(gram_features(g, CASE v.bands WHEN '{1}' THEN '{1,2,3,4}' WHEN '{2}' THEN '{5,6,7,8,9,10}' ELSE '{1,2,3,4,5,6,7,8,9,10}' END::int[]), '{1,10}')) AS t WHERE t.target = v.target) AS t;
-- three bands: the order of subsets; singles' shared is their unique; the regions sum to R2 of all
SELECT array_agg(bands::text) FROM banded_grams, variance_partition(g, '{4,3,3}') WHERE target = 1;
SELECT target, bool_and(v.shared = v.unique) FILTER (WHERE cardinality(bands) = 1) AS singles, abs(sum(v.shared) - max(v.r2) FILTER (WHERE cardinality(bands) = 3)) < 1e-12 AS sums,
	   abs(max(v.shared) FILTER (WHERE bands = '{1,3}') - (max(v.unique) FILTER (WHERE bands = '{1,3}') - max(v.unique) FILTER (WHERE bands = '{1}') - max(v.unique) FILTER (WHERE bands = '{3}'))) < 1e-12 AS pair
FROM banded_grams, variance_partition(g, '{4,3,3}') AS v GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM banded_grams, variance_partition(g, '{1,1,1,1,1,5}') AS v WHERE target = 1;
SELECT count(*) FROM variance_partition(NULL, '{1}');

-- Missing responses, p > n
CREATE TABLE banded_wide AS SELECT gram_agg(x, y, i % 3) AS g FROM (SELECT i, random_normal(ARRAY[60], i)::tensor(float8) AS x,
	CASE WHEN i % 5 = 0 THEN 'float8:[NaN,1]'::tensor ELSE random_normal(ARRAY[2], 900 + i)::tensor(float8) END AS y FROM generate_series(1, 30) AS i) AS s;
SELECT t.target, t.n, t.alpha > 0 AS alpha, round(sum(s.scale)::numeric, 9) AS sum FROM banded_wide, LATERAL (SELECT banded_ridge_cv(g, '{20,40}', n_iter => 5) AS e OFFSET 0) AS f,
	targets(e) AS t JOIN LATERAL band_scales(e) AS s USING (target) GROUP BY 1, 2, 3 ORDER BY 1;
-- a target with one row has its value and no scales
SELECT t.target, t.n, t.alpha, t.intercept, array_agg(s.scale) AS scales FROM (SELECT banded_ridge_cv(gram_agg(x, CASE i WHEN 1 THEN '[1,5]'::tensor ELSE '[2,NaN]' END, fold), '{4,6}', n_iter => 2) AS e FROM banded_rows WHERE i < 9 OFFSET 0) AS f,
	targets(e) AS t JOIN LATERAL band_scales(e) AS s USING (target) WHERE target = 2 GROUP BY 1, 2, 3, 4;

-- Errors
SELECT banded_ridge_cv(g, '{4,5}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,0,6}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{-4,14}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{10,NULL}') FROM banded_grams;
SELECT banded_ridge_cv(g, NULL) FROM banded_grams;
SELECT banded_ridge_cv(g, '{2147483647,2147483647}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', n_iter => 0) FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', n_iter => 2147483647) FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', concentration => '{}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', concentration => '{1,0}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', concentration => '{NaN}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', concentration => '{1,NULL}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', n_targets_batch => 0) FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', '{0}') FROM banded_grams;
SELECT banded_ridge_cv(g, '{4,6}', scoring => 'rho') FROM banded_grams;
SELECT banded_ridge_cv(gram_agg(x), '{4,6}') FROM banded_rows;
SELECT banded_ridge_cv(NULL, '{4,6}') IS NULL AS is_null;
SELECT band_scales(ridge(g, 1)) FROM banded_grams;
SELECT * FROM band_samples(0);
SELECT * FROM band_samples(2, -1);
SELECT split_r2(e, g, '{1}') FROM banded_fits, banded_grams;
SELECT split_r2(e, gram_targets(g, '{1}')) FROM banded_fits, banded_grams;
SELECT variance_partition(g, '{1,1,1,1,1,1,4}') FROM banded_grams;
SELECT variance_partition(g, '{1,1}') FROM banded_grams;
SELECT cv_predictions(g, e) FROM banded_fits, banded_grams;

DROP TABLE banded_rows, banded_grams, banded_fits, banded_new, banded_wide;
