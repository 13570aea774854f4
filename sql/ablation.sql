SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By hand: y is unit 1, unit 2 is constant, -1 and 1 in each of two folds. A training fold has X'X = X'y = 2, so with
-- alpha 2 the weight is 1/2: predictions -1/2 and 1/2, R2 = 1 - 0.5 / 2. Without unit 1 the prediction is the mean, 0.
CREATE TEMP TABLE two AS SELECT tensor(ARRAY[x, 5]::float8[]) AS x, tensor(ARRAY[x]::float8[]) AS y, fold FROM (VALUES (-1, 1), (1, 1), (-1, 2), (1, 2)) v (x, fold);
SELECT dropped, n_kept, round(r::numeric, 9) AS r, round(r2::numeric, 9) AS r2, target_r, target_r2 FROM ablation_curve((SELECT gram_agg(x, y, fold) FROM two), '{1,2}', 2);
SELECT dropped, n_kept, round(r::numeric, 9) AS r, round(r2::numeric, 9) AS r2 FROM ablation_curve((SELECT gram_agg(x, y, fold) FROM two), '{2,1}', 2);
-- units that the ranking lacks stay; the steps are any
SELECT dropped, n_kept, round(r::numeric, 9) AS r, round(r2::numeric, 9) AS r2 FROM ablation_curve((SELECT gram_agg(x, y, fold) FROM two), '{2}', 2, drop => '{1,0,1}');
SELECT dropped, n_kept, round(r::numeric, 9) AS r, round(r2::numeric, 9) AS r2 FROM ablation_curve((SELECT gram_agg(x, y, fold) FROM two), '{}', 2);
SELECT * FROM ablation_curve((SELECT gram_agg(x, y, fold) FROM two), '{1}', 2, drop => '{}');

-- The full model cut: unit 2 is a copy of unit 1, alpha 4: weights 2 / (4 + 4) each, R2 of both is that of 1/2 above.
-- Without one of them a prediction is +-1/4: 1 - 2 (3/4)^2 / 2; fitted again, the other one's weight is 2 / (2 + 4).
CREATE TEMP TABLE copies AS SELECT tensor(ARRAY[x, x]::float8[]) AS x, tensor(ARRAY[x, -x]::float8[]) AS y, fold FROM (VALUES (-1, 1), (1, 1), (-1, 2), (1, 2)) v (x, fold);
SELECT c.dropped, round(c.r2::numeric, 9) AS cut, round(f.r2::numeric, 9) AS fitted_again, round((CASE c.dropped WHEN 1 THEN 1 - (2 / 3.0) ^ 2 END)::numeric, 9) AS by_hand
FROM (SELECT gram_agg(x, y, fold) AS g FROM copies) q, ablation_curve(g, '{1,2}', 4, refit => false) c, ablation_curve(g, '{1,2}', 4) f
WHERE c.dropped = f.dropped;
-- a dropped unit is 0 instead of its mean: with x + 10 the prediction of 1/4 x becomes -10/4 - 1/4 (x - 10) off
SELECT dropped, round(r::numeric, 9) AS r, round(r2::numeric, 9) AS r2, round((1 - (2 * 0.75 ^ 2 + 2 * 2.5 ^ 2) / 2)::numeric, 9) AS by_hand
FROM ablation_curve((SELECT gram_agg(x + 10, y, fold) FROM copies), '{1}', 4, refit => false, fill => 'zero', drop => '{1}');

-- each target
SELECT dropped, round(r::numeric, 9) AS r, round(r2::numeric, 9) AS r2, shape(target_r), round(target_r[2]::numeric, 9) AS r_2, target_r[3] AS r_3, round(target_r2[1]::numeric, 9) AS r2_1
FROM ablation_curve((SELECT gram_agg(x, y || tensor('[3]'), fold) FROM copies), '{1,2}', 4, drop => '{0,2}', per_target => true);
-- a target with rows in one fold only has no score and does not count
SELECT dropped, round(r::numeric, 9) AS r, round(r2::numeric, 9) AS r2, target_r[3] AS r_3 FROM ablation_curve((SELECT gram_agg(x, y || tensor(ARRAY[CASE WHEN fold = 1 THEN 1 ELSE 'NaN'::float8 END]), fold) FROM copies),
    '{1,2}', 4, drop => '{0}', per_target => true);
SELECT * FROM ablation_curve((SELECT gram_agg(x, y * 'NaN'::float8, fold) FROM copies), '{1}', 4);

-- nothing dropped is ridge_cv; the curve of a ranking falls as the signal goes
CREATE TEMP TABLE planted AS
    SELECT i, x, tensor(ARRAY[x[1] + 0.5 * x[2], x[1] - x[2]]) + random_normal('{2}', 100000 + i) AS y, i % 5 AS fold
    FROM (SELECT i, random_normal('{8}', i) AS x FROM generate_series(1, 400) i OFFSET 0) q;
CREATE TEMP TABLE planted_gram AS SELECT gram_agg(x, y, fold) AS g FROM planted;
SELECT bool_and(abs(c.r2 - t.r2) < 1e-12 AND abs(c.r - t.r) < 1e-12) AS same
FROM planted_gram, ablation_curve(g, '{1,2,3}', 20, drop => '{0}') c, LATERAL (SELECT avg(r) AS r, avg(r2) AS r2 FROM targets(ridge_cv(g, ARRAY[20.0]))) t;
SELECT dropped, n_kept, round(r2::numeric, 2) AS r2 FROM planted_gram, ablation_curve(g, '{1,2,3,4,5,6,7,8}', 20, drop => '{0,1,2,8}');
SELECT dropped, n_kept, round(r2::numeric, 2) AS r2 FROM planted_gram, ablation_curve(g, '{8,7,6,5,4,3,2,1}', 20, drop => '{0,6,7,8}');
-- from stored moments, from parts
SELECT bool_and(abs(a.r2 - b.r2) < 1e-12) AS same
FROM planted_gram, (SELECT sum(g) AS s FROM (SELECT gram_agg(x, y, fold) AS g FROM planted GROUP BY i % 3) p) q, ablation_curve(g, '{3,1,2}', 20) a, ablation_curve(s, '{3,1,2}', 20) b
WHERE a.dropped = b.dropped;

-- NULL arguments give no rows
SELECT * FROM ablation_curve(NULL, '{1}', 1);
SELECT count(*) FROM planted_gram, ablation_curve(g, NULL, 1);
-- errors
SELECT * FROM planted_gram, ablation_curve(g, '{9}', 1);
SELECT * FROM planted_gram, ablation_curve(g, '{0}', 1);
SELECT * FROM planted_gram, ablation_curve(g, '{1,2,1}', 1);
SELECT * FROM planted_gram, ablation_curve(g, '{1,NULL}', 1);
SELECT * FROM planted_gram, ablation_curve(g, '{1,2}', 1, drop => '{3}');
SELECT * FROM planted_gram, ablation_curve(g, '{1,2}', 1, drop => '{-1}');
SELECT * FROM planted_gram, ablation_curve(g, '{1,2}', 0);
SELECT * FROM planted_gram, ablation_curve(g, '{1,2}', 'Infinity');
SELECT * FROM planted_gram, ablation_curve(g, '{1,2}', 1, fill => 'median');
SELECT * FROM ablation_curve((SELECT gram_agg(x, y) FROM copies), '{1}', 1);
SELECT * FROM ablation_curve((SELECT gram_agg(x, y, 1) FROM copies), '{1}', 1);
SELECT * FROM ablation_curve((SELECT gram_agg(x) FROM copies), '{1}', 1);
SELECT * FROM ablation_curve((SELECT gram_agg(x, y, fold) FROM copies), '{1}', 1e-300);
