-- Tests and fits of models of RDMs: permutation, bootstrap, noise ceiling, non-negative weights.
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;
SET extra_float_digits = 0;

-- an RDM of points on a line: distances are differences
CREATE FUNCTION line_rdm(points float8[], metric text DEFAULT 'euclidean') RETURNS rdm LANGUAGE sql IMMUTABLE AS $$
	SELECT rdm_from_matrix((SELECT array_agg(chr(96 + i) ORDER BY i) FROM generate_series(1, cardinality(points)) i),
		(SELECT array_agg(d ORDER BY i) FROM
			(SELECT i, array_agg(abs(points[i] - points[j]) ORDER BY j) AS d
			 FROM generate_series(1, cardinality(points)) i, generate_series(1, cardinality(points)) j GROUP BY i) q)::float8[]::tensor, metric)
$$;
-- of three distances ab, ac, bc
CREATE FUNCTION three(ab float8, ac float8, bc float8) RETURNS rdm LANGUAGE sql IMMUTABLE AS $$
	SELECT rdm_from_matrix('{a,b,c}', ARRAY[[0, ab, ac], [ab, 0, bc], [ac, bc, 0]]::tensor)
$$;

-- ---- rdm_permutation_test ----
-- Three conditions have six orders.  Against (1, 2, 3), only one of them gives (1, 2, 3) again: p is about 1/6;
-- (2, 1, 3) has r .5, and so have one more order, and a better one: about 3/6.
SELECT value, abs(p - 1.0 / 6) < .03 AS about_a_sixth, n, n_conditions FROM rdm_permutation_test(three(1, 2, 3), three(1, 2, 3), 'pearson');
SELECT round(value::numeric, 6) AS value, abs(p - .5) < .05 AS about_a_half FROM rdm_permutation_test(three(1, 2, 3), three(2, 1, 3), 'pearson');
-- The same of ranks, and of the other methods; distances count small values.
SELECT method, round((t).value::numeric, 6) AS value, abs((t).p - 1.0 / 6) < .03 AS about_a_sixth
FROM unnest('{pearson,spearman,rho_a,kendall_tau_a,kendall_tau_b,cosine,whitened_cosine,whitened_pearson,cka,bures,bures_distance,euclidean}'::text[])
	WITH ORDINALITY m (method, i), LATERAL (SELECT rdm_permutation_test(three(1, 2, 3), three(1, 2, 3), method) AS t OFFSET 0) q ORDER BY i;
-- Two-sided: -1 is as extreme as 1, but not above it.
SELECT round(value::numeric, 6) AS value, p > .9 AS large FROM rdm_permutation_test(three(1, 2, 3), three(3, 2, 1), 'pearson');
SELECT round(value::numeric, 6) AS value, p < .4 AS not_large FROM rdm_permutation_test(three(1, 2, 3), three(3, 2, 1), 'pearson', two_sided => true);
-- A real effect: the least p; the seed decides, and nothing else.
SELECT p = 1.0 / 1001 AS least FROM rdm_permutation_test(line_rdm('{1,2,4,8,16,32,64,128}'), line_rdm('{1,2,4,8,16,32,64,127}'));
SELECT p = 1.0 / 20001 AS least, n FROM rdm_permutation_test(line_rdm('{1,2,4,8,16,32,64,128,256,512,1024}'), line_rdm('{1,2,4,8,16,32,64,127,256,512,1024}'), n => 20000);
SELECT a.p = b.p AS same, a.p <> c.p AS other FROM rdm_permutation_test(line_rdm('{1,5,2,4}'), line_rdm('{3,1,4,5}'), seed => 7) a,
	rdm_permutation_test(line_rdm('{1,5,2,4}'), line_rdm('{3,1,4,5}'), seed => 7) b, rdm_permutation_test(line_rdm('{1,5,2,4}'), line_rdm('{3,1,4,5}'), seed => 8) c;
-- A missing pair goes with its conditions; aligned by label; constants.
SELECT round(value::numeric, 6) AS value, p > 0 AND p <= 1 AS good, n_conditions
FROM rdm_permutation_test(rdm_from_matrix('{a,b,c,d}', '[[0,1,NaN,3],[1,0,2,4],[NaN,2,0,5],[3,4,5,0]]'), line_rdm('{1,2,4,8,16}'));
SELECT method, t.* FROM unnest('{pearson,rho_a,kendall_tau_a,cosine}'::text[]) method, LATERAL rdm_permutation_test(three(1, 1, 1), three(1, 2, 3), method, 100) t;
SELECT rdm_permutation_test(NULL, three(1, 2, 3)) IS NULL AS null_in_null_out;

SELECT rdm_permutation_test(three(1, 2, 3), three(1, 2, 3), n => 0);
SELECT rdm_permutation_test(three(1, 2, 3), three(1, 2, 3), 'ssim');
SELECT rdm_permutation_test(three(1, 2, 3), three(1, 2, 3), 'euclidean', two_sided => true);
SELECT rdm_permutation_test(three(1, 2, 3), line_rdm('{1,2}'));

-- ---- rdm_bootstrap ----
-- With three conditions each draw that counts has all three: nothing varies over conditions.
-- Of the draws, 6 in 27 have three distinct ones, so 3.5 are thrown away for one that counts.
SELECT estimate, round(se::numeric, 9) AS se, round(low::numeric, 9) AS low, round(high::numeric, 9) AS high, n, abs(redrawn / 1000.0 - 3.5) < .4 AS as_expected, n_subjects, n_conditions
FROM rdm_bootstrap(ARRAY[three(1, 2, 3)], three(1, 2, 3), 'pearson', over => 'conditions');
-- Two subjects, r 1 and .5: the standard error of their mean is .25, and t(1) is 12.7062.
SELECT estimate, abs(se - .25) < .01 AS se, abs((high - estimate) / se - 12.7062047) < 1e-6 AS t, abs((estimate - low) / se - 12.7062047) < 1e-6 AS symmetric
FROM rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 1, 3)], three(1, 2, 3), 'pearson', over => 'subjects');
-- Conditions that do not vary add nothing.
SELECT a.se = b.se AS same FROM rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 1, 3)], three(1, 2, 3), 'pearson', over => 'subjects') a,
	rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 1, 3)], three(1, 2, 3), 'pearson', over => 'both') b;
CREATE TABLE subjects AS SELECT s, line_rdm(ARRAY[1, 2 + s, 4, 8 - s, 16, 9 * s, 3, 11]) AS r FROM generate_series(1, 5) s;
-- By every method the estimate is the mean of rdm_compare, and a draw gives an interval.
SELECT method, abs(b.estimate - (SELECT avg(rdm_compare(r, line_rdm('{1,3,4,7,16,20,2,12}'), method)) FROM subjects)) < 1e-12 AS mean_of_comparisons,
	b.se > 0 AND b.low < b.estimate AND b.estimate < b.high AS interval, b.n, b.redrawn, b.n_subjects, b.n_conditions
FROM unnest('{pearson,spearman,rho_a,kendall_tau_a,kendall_tau_b,cosine,whitened_cosine,whitened_pearson,cka}'::text[]) WITH ORDINALITY m (method, i),
	rdm_bootstrap((SELECT array_agg(r ORDER BY s) FROM subjects), line_rdm('{1,3,4,7,16,20,2,12}'), method) b ORDER BY i;
-- level and n; seeds
SELECT round(((a.high - a.low) / (b.high - b.low))::numeric, 4) AS t_99_over_t_95, a.se = b.se AS same_draws, c.se <> b.se AS other_draws, d.n
FROM (SELECT array_agg(r ORDER BY s) AS data FROM subjects) q,
	rdm_bootstrap(data, line_rdm('{1,3,4,7,16,20,2,12}'), level => .99) a, rdm_bootstrap(data, line_rdm('{1,3,4,7,16,20,2,12}')) b,
	rdm_bootstrap(data, line_rdm('{1,3,4,7,16,20,2,12}'), seed => 1) c, rdm_bootstrap(data, line_rdm('{1,3,4,7,16,20,2,12}'), n => 65) d;
-- Several models share the draws: each row is what the model has alone.
SELECT m.model, m.estimate = a.estimate AND m.se = a.se AND m.low = a.low AND m.high = a.high AS as_alone, m.n, m.n_subjects, m.n_conditions
FROM (SELECT array_agg(r ORDER BY s) AS data, ARRAY[line_rdm('{1,3,4,7,16,20,2,12}'), line_rdm('{8,7,6,5,4,3,2,1}')] AS models FROM subjects) q,
	rdm_bootstrap(data, models) m, LATERAL rdm_bootstrap(data, models[m.model]) a ORDER BY 1;
-- Which fits better: a model, itself, and another.
SELECT model_a, model_b, difference = a.estimate - b.estimate AS difference, d.se > 0 AS se, p < .05 AS significant, abs(p - 1) < 1e-12 AS equal
FROM (SELECT array_agg(r ORDER BY s) AS data, ARRAY[line_rdm('{1,3,4,7,16,20,2,12}'), line_rdm('{1,3,4,7,16,20,2,12}'), line_rdm('{8,2,6,3,1,7,4,5}')] AS models FROM subjects) q,
	rdm_compare_models(data, models) d, LATERAL rdm_bootstrap(data, models) a, LATERAL rdm_bootstrap(data, models) b
WHERE a.model = model_a AND b.model = model_b ORDER BY 1, 2;
-- A constant model has no correlation, and does not spoil the others; missing pairs are left out of all.
SELECT model, estimate IS NULL AS no_estimate, se IS NULL AS no_se, n FROM rdm_bootstrap((SELECT array_agg(r) FROM subjects),
	ARRAY[line_rdm('{1,3,4,7,16,20,2,12}'), rdm_from_matrix(labels(line_rdm('{1,2,3,4,5,6,7,8}')), (SELECT array_agg(d ORDER BY i) FROM (SELECT i, array_agg((i <> j)::int::float8 ORDER BY j) AS d FROM generate_series(1, 8) i, generate_series(1, 8) j GROUP BY i) q)::float8[]::tensor)], 'pearson');
SELECT round(estimate::numeric, 6) AS estimate, n_conditions FROM rdm_bootstrap(ARRAY[rdm_from_matrix('{a,b,c,d}', '[[0,1,NaN,3],[1,0,2,4],[NaN,2,0,5],[3,4,5,0]]'), line_rdm('{1,2,4,8,16}')], line_rdm('{1,2,4,8}'), 'pearson');

SELECT rdm_bootstrap(ARRAY[three(1, 2, 3)], three(1, 2, 3));
SELECT rdm_bootstrap(ARRAY[three(1, 2, 3)], three(1, 2, 3), over => 'subjects');
SELECT rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 1, 3)], three(1, 2, 3), over => 'voxels');
SELECT rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 1, 3)], three(1, 2, 3), 'bures');
SELECT rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 1, 3)], three(1, 2, 3), n => 0);
SELECT rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 1, 3)], three(1, 2, 3), level => 1);
SELECT rdm_bootstrap(ARRAY[three(1, 2, 3), NULL], three(1, 2, 3));
SELECT rdm_bootstrap('{}'::rdm[], three(1, 2, 3));
SELECT rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 1, 3)], line_rdm('{1,2}'));
SELECT rdm_bootstrap(ARRAY[three(1, 2, 3), three(2, 'NaN', 3)], three(1, 2, 3), 'whitened_cosine');
SELECT rdm_bootstrap(ARRAY[three(1, 'NaN', 'NaN'), three(2, 'NaN', 3)], three('NaN', 2, 3), 'cosine');
SELECT rdm_compare_models(ARRAY[three(1, 2, 3), three(2, 1, 3)], ARRAY[three(1, 2, 3)]);

-- ---- rsa_noise_ceiling ----
-- Of two subjects with r .5: each with the other .5; with the mean of both, sqrt(.75).
SELECT round(lower::numeric, 6) AS lower, round(upper::numeric, 6) AS upper, n, n_conditions
FROM (SELECT (rsa_noise_ceiling(r, 'pearson')).* FROM (VALUES (three(1, 2, 3)), (three(2, 1, 3))) v (r)) q;
SELECT method, round((c).lower::numeric, 6) AS lower, round((c).upper::numeric, 6) AS upper
FROM (SELECT method, i, rsa_noise_ceiling(r, method) AS c FROM subjects, unnest('{pearson,spearman,rho_a,kendall_tau_a,kendall_tau_b,cosine,whitened_cosine,whitened_pearson,cka}'::text[]) WITH ORDINALITY m (method, i) GROUP BY 1, 2) q ORDER BY i;
-- Scale does not count by cosine, nor shift by pearson; equal subjects reach 1; one has no others.
SELECT rsa_noise_ceiling(r, 'cosine') FROM (VALUES (three(1, 2, 3)), (three(10, 20, 30)), (three(2, 4, 6)), (NULL)) v (r);
SELECT rsa_noise_ceiling(r, 'spearman') FROM (VALUES (three(1, 2, 3))) v (r);
SELECT rsa_noise_ceiling(r, 'spearman') IS NULL AS no_rows FROM subjects WHERE false;
-- Pairs that one misses are left out of all: ab and bc of three pairs here.
SELECT rsa_noise_ceiling(r, 'pearson') FROM (VALUES (three(1, 'NaN', 3)), (three(1, 2, 7))) v (r);
SELECT (rsa_noise_ceiling(r, 'whitened_cosine')).upper BETWEEN 0 AND 1 AS missing_pairs FROM (VALUES (three(1, 'NaN', 3)), (three(1, 2, 7))) v (r);
SELECT rsa_noise_ceiling(r, 'pearson') FROM (VALUES (three(1, 1, 1)), (three(1, 2, 7))) v (r);
SELECT rsa_noise_ceiling(r, 'bures') FROM subjects;
SELECT rsa_noise_ceiling(r, CASE s WHEN 1 THEN 'cosine' ELSE 'pearson' END) FROM subjects;
SELECT rsa_noise_ceiling(r, 'cosine') FROM (VALUES (three(1, 2, 3)), (line_rdm('{1,2}'))) v (r);
-- mergeable
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET enable_hashagg = off;
ALTER TABLE subjects SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT rsa_noise_ceiling(r, 'spearman') FROM subjects;
SELECT round((c).lower::numeric, 6) AS lower, round((c).upper::numeric, 6) AS upper, (c).n FROM (SELECT rsa_noise_ceiling(r, 'spearman') AS c FROM subjects) q;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET enable_hashagg;

-- ---- rsa_fit ----
-- Data that are 2 a + 3 b exactly, and not c: the weights, and a perfect score.
CREATE TABLE layers AS SELECT l, line_rdm(p) AS r FROM (VALUES
	('a', '{1,2,4,8,16,32,64,128,3}'::float8[]), ('b', '{5,1,3,9,2,7,8,4,6}'), ('c', '{2,9,1,7,3,8,4,6,5}')) v (l, p);
CREATE FUNCTION weighted(float8[]) RETURNS rdm LANGUAGE sql AS $$
	SELECT rdm_from_matrix((SELECT labels(r) FROM layers LIMIT 1), sum(rdm_matrix(r) * $1[ascii(l) - 96])) FROM layers
$$;
SELECT model, round(weight::numeric, 6) AS weight, round(fold_weight::numeric, 6) AS fold_weight, round(score::numeric, 6) AS score, round(fit::numeric, 6) AS fit, n_folds, n_conditions
FROM rsa_fit(weighted('{2,3,0}'), (SELECT array_agg(r ORDER BY l) FROM layers), n_folds => 3);
SELECT method, array_agg(round(weight::numeric, 6) ORDER BY model) AS weights, round(max(score)::numeric, 6) AS score
FROM unnest('{cosine,whitened_pearson,whitened_cosine}'::text[]) method, rsa_fit(weighted('{2,3,0}'), (SELECT array_agg(r ORDER BY l) FROM layers), 3, method => method) GROUP BY 1 ORDER BY 1;
-- A model that would have a negative weight gets 0; one of a pair that is equal gets all.
SELECT array_agg(weight > 0 ORDER BY model) AS positive FROM rsa_fit(weighted('{2,3,-1}'), (SELECT array_agg(r ORDER BY l) FROM layers), 3);
SELECT array_agg(round(weight::numeric, 6) ORDER BY model) AS weights FROM rsa_fit(weighted('{2,3,0}'), (SELECT array_agg(r ORDER BY l) || array_agg(r ORDER BY l) FROM layers), 3);
-- Distances of points in the plane add when squared: the data's are euclidean, so squared => true finds 1 and 4.
SELECT array_agg(round(weight::numeric, 6) ORDER BY model) AS weights, round(max(score)::numeric, 6) AS score
FROM (SELECT rdm_from_matrix((SELECT labels(r) FROM layers LIMIT 1), sqrt(sum(rdm_matrix(r) * rdm_matrix(r) * CASE l WHEN 'a' THEN 1 WHEN 'b' THEN 4 ELSE 0 END)), 'euclidean') AS data,
	array_agg(r ORDER BY l) FILTER (WHERE l < 'c') AS models FROM layers) q, rsa_fit(data, models, 3, squared => true);
-- Nothing fits: weights 0 and score 0.
SELECT model, weight, score, fit FROM rsa_fit(weighted('{-1,0,0}'), (SELECT array_agg(r) FROM layers WHERE l = 'a'), 3);
-- A missing pair is left out.
SELECT array_agg(round(weight::numeric, 6) ORDER BY model) AS weights FROM rsa_fit(rdm_from_matrix((SELECT labels(r) FROM layers LIMIT 1),
	(SELECT rdm_matrix(weighted('{2,3,0}')) + array_agg(d ORDER BY i)::float8[]::tensor FROM (SELECT i, array_agg(CASE WHEN i + j = 3 THEN 'NaN'::float8 ELSE 0 END ORDER BY j) AS d FROM generate_series(1, 9) i, generate_series(1, 9) j GROUP BY i) q)),
	(SELECT array_agg(r ORDER BY l) FROM layers), 3);

SELECT rsa_fit(line_rdm('{1,2,4,8,16}'), ARRAY[line_rdm('{1,2,4,8,16}')], 2);
SELECT rsa_fit(line_rdm('{1,2,4,8,16,3}'), ARRAY[line_rdm('{1,2,4,8,16,3}')], 1);
SELECT rsa_fit(line_rdm('{1,2,4,8,16,3}'), ARRAY[line_rdm('{1,2,4,8,16,3}')], 2, method => 'spearman');
SELECT rsa_fit(line_rdm('{1,2,4,8,16,3}'), '{}'::rdm[], 2);

DROP TABLE subjects, layers;
DROP FUNCTION line_rdm, three, weighted;
