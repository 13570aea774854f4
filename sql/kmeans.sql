-- k-means and spherical k-means: labels for rows, fits
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- by hand: three groups on a line, of 3, 2 and 1
CREATE TEMP TABLE line (id int, x tensor);
INSERT INTO line VALUES (1, '[0]'), (2, '[1]'), (3, '[2]'), (4, '[10]'), (5, '[12]'), (6, '[50]'), (7, NULL);
SELECT id, kmeans(x, 3) OVER () FROM line ORDER BY id;
SELECT label, size, centroid FROM (SELECT kmeans_fit(x, 3) FROM line) s(c), clusters(c);
SELECT inertia(c), iterations(c), converged(c), n_samples(c), n_clusters(c), method(c) FROM (SELECT kmeans_fit(x, 3) FROM line OFFSET 0) s(c);

-- groups of one size are numbered by their centroid
SELECT x, kmeans(x, 2) OVER () FROM (VALUES (tensor '[5]'), ('[6]'), ('[1]'), ('[2]')) v(x) ORDER BY x[1];

-- directions: lengths don't matter; the pair 90 degrees apart is 45 from its centroid
CREATE TEMP TABLE directions (id int, x tensor);
INSERT INTO directions VALUES (1, '[1,0]'), (2, '[0,100]'), (3, '[-1,0]'), (4, '[-5,0]');
SELECT id, spherical_kmeans(x, 2) OVER () FROM directions ORDER BY id;
SELECT label, size, round(centroid[1]::numeric, 6) AS c1, round(centroid[2]::numeric, 6) AS c2
FROM (SELECT spherical_kmeans_fit(x, 2) FROM directions) s(c), clusters(c);
SELECT inertia(spherical_kmeans_fit(x, 2))::numeric(10,6), (2 * (1 - sqrt(0.5)))::numeric(10,6) AS by_hand FROM directions;
-- rows whose squares pass the range of float8
SELECT size, round(centroid[1]::numeric, 15) AS c1, round(centroid[2]::numeric, 15) AS c2
FROM (SELECT spherical_kmeans_fit(x, 1) FROM (VALUES (tensor 'float8:[3e300,4e300]'), ('float8:[3e-300,4e-300]')) v(x)) s(c), clusters(c);

-- partitions, options by name, a seed
SELECT g, array_agg(l ORDER BY id) FROM
    (SELECT id % 2 AS g, id, kmeans(x, 2, seed => 3, n_init => 4) OVER (PARTITION BY id % 2) AS l FROM line) s GROUP BY g ORDER BY g;

-- from given centres: n_init does not count; one iteration is one mean
SELECT centroids(kmeans_fit(points_agg(x), 2, max_iter => 1, tol => 0, init => '[[0],[3]]')) FROM line;
SELECT centroids(kmeans_fit(points_agg(x), 2, max_iter => 2, tol => 0, init => '[[0],[3]]')) FROM line;
SELECT iterations(c), converged(c), centroids(c) FROM (SELECT kmeans_fit(points_agg(x), 2, tol => 0, init => '[[0],[3]]') FROM line OFFSET 0) s(c);
-- a centre without rows takes the farthest
SELECT centroids(kmeans_fit(points_agg(x), 3, init => '[[0],[11],[1000]]')) FROM line;

-- forms agree; k rows are k clusters; one cluster is the mean
SELECT count(DISTINCT c::text) AS forms FROM (SELECT kmeans_fit(x, 3) FROM line UNION ALL SELECT kmeans_fit(x, 3, 0) FROM line
    UNION ALL SELECT kmeans_fit(points_agg(x), 3) FROM line UNION ALL SELECT kmeans_fit(x, 3) FROM (SELECT x FROM line ORDER BY id DESC OFFSET 0) s) v(c);
SELECT inertia(kmeans_fit(x, 6)) AS zero, inertia(kmeans_fit(x, 1)) AS about_mean, centroids(kmeans_fit(x, 1)) AS mean FROM line;

-- equal rows: as many clusters as differ
SELECT label, size, centroid FROM (SELECT kmeans_fit(x, 2) FROM (VALUES (tensor '[1,1]'), ('[1,1]'), ('[1,1]'), ('[2,2]')) v(x)) s(c), clusters(c);
SELECT kmeans(x, 1) OVER () FROM (VALUES (tensor '[3]'), ('[3]')) v(x);
-- float2, float4 and float8 rows together
SELECT centroids(kmeans_fit(x, 2)) FROM (VALUES (tensor 'float2:[1]'), ('[1.5]'), ('float8:[9.25]')) v(x);

-- nothing
SELECT kmeans_fit(x, 3) IS NULL AS none FROM line WHERE false;
SELECT kmeans_fit(x, 3) IS NULL AS only_nulls FROM line WHERE id = 7;
SELECT kmeans(x, 3) OVER () FROM line WHERE id = 7;
SELECT kmeans_fit(NULL::points, 3) IS NULL AS no_points;

-- labels of new rows, and of the same
SELECT assign(c, '[-5]'), assign(c, '[11]'), assign(c, 'float8:[31]'), assign(c, '[30]') FROM (SELECT kmeans_fit(x, 3) FROM line OFFSET 0) s(c);
SELECT bool_and(assign(c, x) = l) AS same FROM (SELECT x, kmeans(x, 3) OVER () AS l FROM line WHERE x IS NOT NULL) r, (SELECT kmeans_fit(x, 3) AS c FROM line OFFSET 0) s;

-- errors
SELECT kmeans(x, 0) OVER () FROM line;
SELECT kmeans(x, 7) OVER () FROM line;
SELECT kmeans_fit(x, 3) FROM (VALUES (tensor '[1]'), ('[1]'), ('[2]'), ('[1]')) v(x);
SELECT spherical_kmeans_fit(x, 4) FROM directions;
SELECT spherical_kmeans(x, 2) OVER () FROM (VALUES (1, tensor '[1,0]'), (2, '[0,0]'), (3, '[0,1]')) v(id, x);
SELECT kmeans(x, id) OVER () FROM line;
SELECT kmeans(x, NULL) OVER () FROM line;
SELECT kmeans_fit(x, NULL) FROM line;
SELECT kmeans_fit(x, id) FROM line;
SELECT kmeans(x, 2, n_init => 0) OVER () FROM line;
SELECT kmeans(x, 2, max_iter => 0) OVER () FROM line;
SELECT kmeans(x, 2, tol => -1) OVER () FROM line;
SELECT kmeans(x, 2, tol => 'NaN') OVER () FROM line;
SELECT kmeans(x, 2, init => '[[1],[2],[3]]') OVER () FROM line;
SELECT kmeans(x, 2, init => '[1,2]') OVER () FROM line;
SELECT kmeans(x, 2, init => '[[1],[NaN]]') OVER () FROM line;
SELECT spherical_kmeans(x, 2, init => '[[1,0],[0,0]]') OVER () FROM directions;
SELECT kmeans_fit(points_agg(x), 2, tol => NULL) FROM line;
SELECT kmeans(x, 2) OVER () FROM (VALUES (tensor '[1]'), ('[2,3]')) v(x);
SELECT kmeans(x, 2) OVER () FROM (VALUES (tensor '[1]'), ('[NaN]')) v(x);
SELECT kmeans(x, 2) OVER () FROM (VALUES (tensor 'float8:[1]'), ('float8:[1e200]')) v(x);
SELECT kmeans_final(points_agg(x)) FROM line;
