SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- three clusters in the plane, as float4 and as float8
CREATE TEMP TABLE three AS
    SELECT i, random_normal('{2}', i) + CASE i % 3 WHEN 0 THEN tensor '[0,0]' WHEN 1 THEN '[8,5]' ELSE '[0,12]' END AS t FROM generate_series(1, 90) AS i;
SELECT k, round(log_wk::numeric, 1) AS log_wk, round(expected::numeric, 1) AS expected, round(gap::numeric, 1) AS gap, se > 0 AND se < 0.2 AS se, chosen
FROM (SELECT points_agg(t) AS p FROM three) AS q, gap_statistic(q.p, 5);
SELECT string_agg(k::text, ',' ORDER BY k) AS ks, max(k) FILTER (WHERE chosen) AS chosen, bool_and(abs(gap - (expected - log_wk)) < 1e-12) AS gap
FROM (SELECT points_agg(astype(t, 'float8') + 1000) AS p FROM three) AS q, gap_statistic(q.p, k_max => 4, seed => 1, n_reference => 4, n_init => 2);
-- log_wk is the logarithm of k-means' inertia; of one cluster, of the inertia about the mean
SELECT round((log_wk - ln(i))::numeric, 6) AS difference
FROM (SELECT points_agg(t) AS p, inertia(t, 1) AS i FROM three OFFSET 0) AS q, gap_statistic(q.p, 1, n_reference => 1);
-- one reference has no spread; the last k is chosen where none is before
SELECT k, se, chosen FROM (SELECT points_agg(t) AS p FROM three) AS q, gap_statistic(q.p, 2, n_reference => 1);
-- no clusters: 1
SELECT k FROM (SELECT points_agg(random_normal('{4}', i)) AS p FROM generate_series(1, 150) AS i) AS q, gap_statistic(q.p, 4) WHERE chosen;
-- more elements than rows
SELECT count(*), bool_and(gap IS NOT NULL) FROM (SELECT points_agg(random_normal('{50}', i)) AS p FROM generate_series(1, 12) AS i) AS q, gap_statistic(q.p, 3, n_reference => 3);
-- ids and labels of points are of no concern
SELECT count(*) FILTER (WHERE x.gap = y.gap AND x.gap = z.gap) AS same
FROM (SELECT points_agg(t) AS p, points_agg(i, t) AS ids, points_agg(t, i % 4) AS labels FROM three OFFSET 0) AS q,
     gap_statistic(q.p, 2, n_reference => 2) AS x, gap_statistic(q.ids, 2, n_reference => 2) AS y, gap_statistic(q.labels, 2, n_reference => 2) AS z WHERE x.k = y.k AND x.k = z.k;
SELECT * FROM gap_statistic(NULL, 3);

-- errors
SELECT gap_statistic(p, 0) FROM (SELECT points_agg(t) AS p FROM three) AS q;
SELECT gap_statistic(p, 90) FROM (SELECT points_agg(t) AS p FROM three) AS q;
SELECT gap_statistic(p, 1) FROM (SELECT points_agg(t) AS p FROM three WHERE i = 1) AS q;
SELECT gap_statistic(p, 2, 0, 0) FROM (SELECT points_agg(t) AS p FROM three) AS q;
SELECT gap_statistic(p, 2, 0, 2, 0) FROM (SELECT points_agg(t) AS p FROM three) AS q;
SELECT gap_statistic(p, 2) FROM (SELECT points_agg(t * float8 '1e200') AS p FROM (SELECT astype(t, 'float8') AS t FROM three) AS f) AS q;
