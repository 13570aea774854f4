SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- By hand: two pairs, each of mean +-10, of variance 1 about it, and of half the weight.
CREATE TEMP TABLE pairs (id int, t tensor);
INSERT INTO pairs VALUES (1, 'float8:[-11]'), (2, 'float8:[-9]'), (3, 'float8:[9]'), (4, 'float8:[11]'), (5, NULL);
SELECT id, gmm(t, 2) OVER () FROM pairs ORDER BY id;
CREATE TEMP TABLE fitted AS SELECT gmm_fit(t, 2) AS f FROM pairs;
SELECT method(f), n_clusters(f), n_samples(f), converged(f), inertia(f) IS NULL AS no_inertia FROM fitted;
SELECT label, size, centroid <-> (ARRAY['float8:[-10]', 'float8:[10]'])[label]::tensor < 1e-9 AS at_its_mean FROM fitted, clusters(f);
SELECT abs((weights(f))[1] + (weights(f))[2] - 1) < 1e-12 AS weights, shape(covariances(f)), abs((covariances(f))[1][1][1] - (1 + 1e-6)) < 1e-9 AS variance FROM fitted;
-- each row has density 1/2 N(1; 0, 1 + 1e-6); 5 free parameters: a weight, two means, two variances
SELECT abs(log_likelihood(f) - 4 * (ln(0.5) - 0.5 * ln(2 * pi() * (1 + 1e-6)) - 0.5 / (1 + 1e-6))) < 1e-9 AS likelihood,
       abs(bic(f) - (5 * ln(4) - 2 * log_likelihood(f))) < 1e-9 AS bic, abs(aic(f) - (10 - 2 * log_likelihood(f))) < 1e-9 AS aic FROM fitted;
-- at 0.1 the densities are as exp(20 x): e^2 to 1 for the component at +10
SELECT assign(f, 'float8:[0.1]') AS label, abs((assign_proba(f, 'float8:[0.1]'))[2] - 1 / (1 + exp(-2 / (1 + 1e-6)))) < 1e-9 AS proba,
       abs((assign_proba(f, '[3]'))[1] + (assign_proba(f, '[3]'))[2] - 1) < 1e-12 AS one FROM fitted;
SELECT assign_proba(f, 'float8:[1e300]') AS no_density FROM fitted;

-- two clouds about one point, one flat and one tall: that takes a variance an element
CREATE TEMP TABLE crossed AS
    SELECT i, i % 2 AS cloud, (random_normal('{1}', i) * 5.0::float8 || random_normal('{1}', i + 1000) * 0.1::float8) AS flat FROM generate_series(1, 200) i;
CREATE TEMP TABLE crossing AS
    SELECT i, cloud, CASE cloud WHEN 0 THEN flat ELSE flat[2:2] || flat[1:1] END AS t FROM crossed;
SELECT covariance, max(right_rows) > 190 AS apart
  FROM (VALUES ('full'), ('diag'), ('spherical')) v (covariance),
       LATERAL (SELECT count(*) FILTER (WHERE (assign(f, t) = 1) = (cloud = 0)) AS a, count(*) AS n
                  FROM (SELECT gmm_fit(points_agg(t), 2, covariance => v.covariance, n_init => 20, tol => 1e-6) AS f FROM crossing) m, crossing) q,
       LATERAL (SELECT greatest(a, n - a) AS right_rows) r
 GROUP BY covariance ORDER BY covariance;
SELECT covariance, shape(covariances(f))
  FROM (VALUES ('full'), ('diag'), ('spherical')) v (covariance),
       LATERAL (SELECT gmm_fit(points_agg(t), 2, covariance => v.covariance) AS f FROM crossing) q ORDER BY 1;

-- the window's labels are those of the model; the order of rows and the plan change nothing
SELECT count(*) FILTER (WHERE w = assign(f, t)) AS same
  FROM (SELECT t, gmm(t, 3, 7, 'diag') OVER (ORDER BY i DESC ROWS UNBOUNDED PRECEDING) AS w FROM crossing) q,
       (SELECT gmm_fit(t, 3, 7, 'diag') AS f FROM crossing) m;
SELECT count(DISTINCT f::text) AS one FROM (
    SELECT gmm_fit(t, 3, 7) AS f FROM crossing
    UNION ALL SELECT gmm_fit(t, 3, 7, 'full') FROM crossing
    UNION ALL SELECT gmm_fit(t, 3, 7 ORDER BY i DESC) FROM crossing
    UNION ALL SELECT gmm_fit(points_agg(t ORDER BY i % 7, i), 3, 7) FROM crossing) q;
-- text and back
SELECT f::text::clustering::text = f::text AS same, assign_proba(f::text::clustering, 'float8:[1]')::text = assign_proba(f, 'float8:[1]')::text AS proba FROM fitted;

-- edges
SELECT gmm_fit(t, 2) IS NULL AS no_rows FROM pairs WHERE t IS NULL;
SELECT gmm(t, 1) OVER () FROM pairs WHERE id = 1;
SELECT weights(gmm_fit(t, 1)), centroids(gmm_fit(t, 1)), covariances(gmm_fit(t, 1)) FROM pairs WHERE id = 1;
SELECT id, gmm(t, 1) OVER (PARTITION BY id > 2) FROM pairs ORDER BY id;
SELECT gmm_fit(NULL::points, 2) IS NULL AS null_points;

-- errors
SELECT gmm(t, 0) OVER () FROM pairs;
SELECT gmm(t, 5) OVER () FROM pairs;
SELECT gmm(t, NULL) OVER () FROM pairs;
SELECT gmm(t, id) OVER () FROM pairs;
SELECT gmm(t, 2, covariance => 'tied') OVER () FROM pairs;
SELECT gmm_fit(t, 2, 0, 'tied') FROM pairs;
SELECT gmm(t, 2, n_init => 0) OVER () FROM pairs;
SELECT gmm(t, 2, max_iter => 0) OVER () FROM pairs;
SELECT gmm(t, 2, tol => 'NaN') OVER () FROM pairs;
SELECT gmm(t, 2, reg => -1) OVER () FROM pairs;
SELECT gmm(t || 'float8:[1]'::tensor, 2, reg => 0) OVER () FROM pairs;
SELECT gmm(t || 'float8:[1]'::tensor, 2, covariance => 'diag', reg => 0) OVER () FROM pairs;
SELECT gmm(t || '[NaN]'::tensor, 2) OVER () FROM pairs;
SELECT gmm_fit(t, id) FROM pairs;
SELECT gmm_fit(points_agg(t), 2) FROM pairs WHERE t IS NOT NULL AND id < 0;
SELECT assign_proba(f, '[1,2]') FROM fitted;
SELECT assign(f, '[Infinity]') FROM fitted;
SELECT assign_proba(kmeans_fit(t, 2), '[1]') FROM pairs;
SELECT weights(kmeans_fit(t, 2)) FROM pairs;
SELECT covariances(kmeans_fit(t, 2)) FROM pairs;
SELECT bic(kmeans_fit(t, 2)) FROM pairs;
