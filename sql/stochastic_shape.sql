SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- One unit: x has means 1 and 4, y -1 and -5; x's standard deviations are 0, y's sqrt(2).
CREATE TEMP TABLE one AS SELECT * FROM (VALUES
    ('a', '[1]'::tensor, '[0]'::tensor), ('a', '[1]', '[-2]'),
    ('b', '[4]', '[-4]'), ('b', '[4]', '[-6]')) v (label, x, y);
-- The sign turns y: means 1 and 1, 4 and 5.  Mean over conditions of (m - m)^2 + (s - s)^2.
SELECT round(stochastic_shape_distance(label, x, y)::numeric, 6) AS wasserstein, round(sqrt(((0 + 2) + (1 + 2)) / 2.0), 6) AS by_hand FROM one;
SELECT round(stochastic_shape_distance(label, x, y, 2)::numeric, 6) AS means, round(sqrt((0 + 2 * 1) / 2.0), 6) AS by_hand,
       round(stochastic_shape_distance(label, x, y, 0)::numeric, 6) AS covariances, round(sqrt(2 * (2 + 2) / 2.0), 6) AS by_hand FROM one;

-- Trials need not be paired, nor come in this order; bigint labels.
SELECT round(stochastic_shape_distance(label, x, y)::numeric, 6)
FROM (SELECT label, x, NULL::tensor AS y FROM one UNION ALL SELECT label, NULL, y FROM one ORDER BY 1 DESC) q;
SELECT round(stochastic_shape_distance(ascii(label), x, y, 1)::numeric, 6) FROM one;

-- A state a population, stored, added, compared with others
CREATE TEMP TABLE states AS SELECT trials_agg(label, x) AS a, trials_agg(label, y) AS b FROM one;
SELECT labels(a), n_samples(a) FROM states;
SELECT round(stochastic_shape_distance(a, b)::numeric, 6) AS ab, round(stochastic_shape_distance(b, a)::numeric, 6) AS ba,
       round(stochastic_shape_distance(a, a)::numeric, 6) AS aa, round(stochastic_shape_distance(a, b, alpha => 0)::numeric, 6) AS covariances,
       round(stochastic_shape_distance(a, b, seed => 9)::numeric, 6) AS seed FROM states;
SELECT n_samples(a + a), labels(a + (SELECT trials_agg(7, '[1]'::tensor))) FROM states;
SELECT n_samples(sum(t)), labels(sum(t)) FROM (SELECT trials_agg(label, x) AS t FROM one GROUP BY label UNION ALL SELECT NULL) q;
SELECT a::text::trial_set::text = a::text AS text, left(a::text, 22) FROM states;

-- A plane turned by a quarter, seen with two units and with three
CREATE TEMP TABLE turned AS
    SELECT i % 6 AS label, x, matmul(x, tensor('[[0,1],[-1,0]]')) AS y, x || tensor('[0]') AS z
    FROM (SELECT i, random_normal('{2}', i % 6) + random_normal('{2}', 100 + i) * 0.3 AS x FROM generate_series(1, 48) i) q;
SELECT stochastic_shape_distance(label, x, y) < 1e-6 AS turned, stochastic_shape_distance(label, z, y) < 1e-6 AS wider,
       stochastic_shape_distance(label, y, z, 0.3) < 1e-6 AS narrower, stochastic_shape_distance(label, x, y * 2) > 0.1 AS scaled FROM turned;

-- nothing, and one trial a condition
SELECT stochastic_shape_distance(label, x, y), trials_agg(label, x) FROM turned WHERE false;
SELECT stochastic_shape_distance(NULL::text, x, y), trials_agg(label, NULL::tensor) FROM turned;
SELECT round(stochastic_shape_distance(label, x, y)::numeric, 6) FROM (SELECT DISTINCT ON (label) * FROM one ORDER BY label, y) q;

-- errors
SELECT stochastic_shape_distance(label, x, y, -0.1) FROM one;
SELECT stochastic_shape_distance(label, x, y, 'NaN') FROM one;
SELECT stochastic_shape_distance(label, x, y, ascii(label) - 96) FROM one;
SELECT stochastic_shape_distance(a, b, 3) FROM states;
SELECT stochastic_shape_distance(label, x, CASE WHEN label = 'c' THEN y END) FROM one;
SELECT stochastic_shape_distance((SELECT trials_agg('z', '[1]'::tensor)), a) FROM states;
SELECT trials_agg(1, x) FROM (VALUES ('[1,2]'::tensor), ('[1]')) v (x);
SELECT trials_agg(1, x) FROM (VALUES ('[1,2]'::tensor), ('[1,Infinity]')) v (x);
SELECT trials_agg(1, '[]'::tensor);
SELECT stochastic_shape_distance(label, x, y || '[NaN]'::tensor) FROM one;
SELECT a + (SELECT trials_agg(1, '[1,2]'::tensor)) FROM states;
SELECT 'trial_set():AQEA'::trial_set;
