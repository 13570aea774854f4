SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

CREATE TEMP TABLE line (id int, t tensor);
INSERT INTO line SELECT id, ('float8:[' || x || ']')::tensor
  FROM (VALUES (1, 0), (2, 1), (3, 2), (4, 3), (5, 20), (6, 21)) v (id, x) UNION ALL SELECT 7, NULL;

-- balanced: k-means would part 0 .. 3 from 20, 21; of equal size are 0 .. 2 and 3, 20, 21
SELECT id, balanced_kmeans(t, 2) OVER () AS balanced, kmeans(t, 2) OVER () AS kmeans FROM line ORDER BY id;
-- inertia by hand: 2, and 11 2/3 squared + 5 1/3 squared + 6 1/3 squared = 204 2/3
SELECT method(f), abs(inertia(f) - (2 + 204 + 2.0 / 3)) < 1e-9 AS inertia, converged(f) FROM (SELECT balanced_kmeans_fit(t, 2) AS f FROM line) q;
SELECT label, size, centroid FROM (SELECT balanced_kmeans_fit(t, 4, 1) AS f FROM line) q, clusters(f);
-- of equal rows each cluster has its part; a row a cluster; one cluster
SELECT label, count(*) FROM (SELECT balanced_kmeans(('[' || i / 8 || ']')::tensor, 3) OVER () AS label FROM generate_series(0, 19) i) q GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT label) FROM (SELECT balanced_kmeans(t, 6) OVER () AS label, t FROM line) q WHERE t IS NOT NULL;
SELECT id, balanced_kmeans(t, 1) OVER () FROM line WHERE id > 5 ORDER BY id;
CREATE TEMP TABLE cloud AS SELECT i AS id, random_normal('{3}', i) + (CASE WHEN i % 10 < 7 THEN 0 ELSE 3 * (i % 10) END)::float8 AS t, i % 10 AS g FROM generate_series(1, 1003) i;
SELECT count(*), sum(n), min(n), max(n) FROM (SELECT label, count(*) AS n FROM (SELECT balanced_kmeans(t, 8, n_init => 2) OVER () AS label FROM cloud) q GROUP BY 1) s;
SELECT count(DISTINCT f::text) AS one FROM (
    SELECT balanced_kmeans_fit(t, 5, 3) AS f FROM cloud UNION ALL SELECT balanced_kmeans_fit(t, 5, 3 ORDER BY id DESC) FROM cloud
    UNION ALL SELECT balanced_kmeans_fit(points_agg(t ORDER BY g), 5, 3) FROM cloud) q;
SELECT balanced_kmeans(t, 0) OVER () FROM line;
SELECT balanced_kmeans(t, 7) OVER () FROM line;
SELECT balanced_kmeans(t, 2, n_init => 0) OVER () FROM line;
SELECT balanced_kmeans_fit(t, 2) IS NULL AS no_rows FROM line WHERE id = 7;

-- minibatch: of few rows it is k-means
SELECT id, minibatch_kmeans(t, 2) OVER () FROM line ORDER BY id;
SELECT label, size, centroid FROM (SELECT minibatch_kmeans_fit(t, 2) AS f FROM line) q, clusters(f);
-- of many, each centroid is the mean of the rows that went to it
CREATE TEMP TABLE stream AS SELECT i AS id, random_normal('{2}', i) + 50.0::float8 * (i % 3) AS t FROM generate_series(1, 9000) i;
SELECT method(f), n_samples(f), iterations(f), label, size,
       (centroid <-> (SELECT avg(astype(t, 'float8')) FROM stream WHERE assign(f, t) = label)) < 1e-9 AS is_mean
  FROM (SELECT minibatch_kmeans_fit(t, 3, 5 ORDER BY id) AS f FROM stream) q, clusters(f) ORDER BY label;
SELECT count(DISTINCT minibatch) AS clusters, count(DISTINCT (minibatch, id % 3)) AS and_parts
  FROM (SELECT id, minibatch_kmeans(t, 3) OVER () AS minibatch FROM stream) q;
-- the state is not used up by its answer
SELECT bool_and(n = least(id, 5)) AS running FROM (SELECT id, n_samples(minibatch_kmeans_fit(t, 1) OVER (ORDER BY id ROWS BETWEEN 4 PRECEDING AND CURRENT ROW)) AS n FROM line WHERE id < 7) q;
SELECT minibatch_kmeans_fit(t, 2) IS NULL AS no_rows FROM line WHERE id = 7;
SELECT minibatch_kmeans_fit(t, 0) FROM line;
SELECT minibatch_kmeans_fit(t, NULL::int) FROM line;
SELECT minibatch_kmeans_fit(t, id) FROM line;
SELECT minibatch_kmeans_fit(t, 7) FROM line;
-- rows are counted from the first, also past the first batch
SELECT minibatch_kmeans_fit(CASE WHEN id = 7000 THEN '[1,NaN]'::tensor ELSE t END, 3 ORDER BY id) FROM stream;
SELECT minibatch_kmeans_fit(CASE WHEN id = 7000 THEN '[1,2,3]'::tensor ELSE t END, 3 ORDER BY id) FROM stream;

-- constraints: without any it is k-means; 4 goes with 5; then 5 and 6 are parted
SELECT id, cop_kmeans(t, id, 2) OVER () AS none, cop_kmeans(t, id, 2, '{{4,5}}') OVER () AS must,
       cop_kmeans(t, id, 2, '{{4,5}}', '{{5,6}}') OVER () AS cannot, cop_kmeans(t, id, 3, NULL, '{{1,2},{2,3},{1,3}}') OVER () AS triangle
  FROM line ORDER BY id;
-- 1 is with 3 because both are with 2
SELECT id, cop_kmeans(t, id, 3, '{{1,2},{3,2},{5,5}}') OVER () FROM line ORDER BY id;
-- many pairs: all hold
CREATE TEMP TABLE pairs AS SELECT a.id AS a, b.id AS b, a.g = b.g AS must FROM cloud a, cloud b WHERE a.id < b.id AND (a.id * 37 + b.id * 11) % 1999 = 0 AND a.g > 5 AND b.g > 5;
CREATE TEMP TABLE labelled AS
    SELECT id, cop_kmeans(t, id, 4, (SELECT array_agg(ARRAY[a, b]) FROM pairs WHERE must)::bigint[], (SELECT array_agg(ARRAY[a, b]) FROM pairs WHERE NOT must)::bigint[], 1, 2) OVER () AS label FROM cloud;
SELECT must, count(*) > 5 AS several, bool_and((x.label = y.label) = must) AS hold FROM pairs JOIN labelled x ON x.id = a JOIN labelled y ON y.id = b GROUP BY must ORDER BY must;
SELECT count(*) AS differ FROM labelled JOIN (
    SELECT id, cop_kmeans(t, id, 4, (SELECT array_agg(ARRAY[a, b]) FROM pairs WHERE must)::bigint[], (SELECT array_agg(ARRAY[a, b]) FROM pairs WHERE NOT must)::bigint[], 1, 2) OVER (ORDER BY id DESC) AS label
    FROM cloud) q USING (id) WHERE labelled.label <> q.label;
-- rows of equal content are told apart by id
SELECT bool_and(label = again) AS same FROM (
    SELECT cop_kmeans('[1]'::tensor * (id % 2)::float8, id, 2, '{}', '{{1,3},{2,4}}') OVER (ORDER BY id) AS label,
           cop_kmeans('[1]'::tensor * (id % 2)::float8, id, 2, '{}', '{{1,3},{2,4}}') OVER (ORDER BY id DESC) AS again FROM generate_series(1, 6) id) q;
SELECT cop_kmeans(t, id, 2, '{{1,2},{2,3}}', '{{3,1}}') OVER () FROM line;
SELECT cop_kmeans(t, id, 2, '{}', '{{3,3}}') OVER () FROM line;
SELECT cop_kmeans(t, id, 2, '{}', '{{1,2},{2,3},{1,3}}') OVER () FROM line;
SELECT cop_kmeans(t, id, 1, '{}', '{{1,2}}') OVER () FROM line;
SELECT cop_kmeans(t, id, 4, '{{1,2},{3,4},{5,6}}') OVER () FROM line;
SELECT cop_kmeans(t, id, 2, '{{1,9}}') OVER () FROM line;
SELECT cop_kmeans(t, id, 2, '{}', '{{1,7}}') OVER () FROM line;
SELECT cop_kmeans(t, id, 2, '{1,2}') OVER () FROM line;
SELECT cop_kmeans(t, id, 2, '{{1,2,3}}') OVER () FROM line;
SELECT cop_kmeans(t, id, 2, '{{1,NULL}}') OVER () FROM line;
SELECT cop_kmeans(t, id % 3, 2) OVER () FROM line;
SELECT cop_kmeans(t, NULL, 2) OVER () FROM line;
SELECT cop_kmeans(t, id, 2, n_init => 0) OVER () FROM line;
SELECT cop_kmeans(t, id, 7) OVER () FROM line;

-- partial labels: 2 is the cluster of 0, 1 that of 20; numbers stay
SELECT id, seeded_kmeans(t, CASE id WHEN 1 THEN 2 WHEN 5 THEN 1 END) OVER () AS seeded FROM line ORDER BY id;
-- 3 is given to the cluster of 20, and stays there only if told so
SELECT id, seeded_kmeans(t, CASE id WHEN 1 THEN 2 WHEN 5 THEN 1 WHEN 4 THEN 1 END) OVER () AS seeded,
       seeded_kmeans(t, CASE id WHEN 1 THEN 2 WHEN 5 THEN 1 WHEN 4 THEN 1 END, constrained => true) OVER () AS constrained FROM line ORDER BY id;
-- clusters without labels have the numbers left, by size
SELECT id, seeded_kmeans(t, CASE WHEN id = 5 THEN 2 END, 3) OVER () AS seeded, seeded_kmeans(t, CASE WHEN id = 5 THEN 2 END, 3, constrained => true) OVER () AS constrained FROM line ORDER BY id;
SELECT bool_and(label = again) AS same FROM (
    SELECT seeded_kmeans(t, CASE WHEN id < 100 AND g = 8 THEN 3 END, 5, 4, true) OVER (ORDER BY id) AS label,
           seeded_kmeans(t, CASE WHEN id < 100 AND g = 8 THEN 3 END, 5, 4, true) OVER (ORDER BY g, id DESC) AS again FROM cloud) q;
SELECT seeded_kmeans(t, NULL) OVER () FROM line;
SELECT seeded_kmeans(t, id - 1) OVER () FROM line;
SELECT seeded_kmeans(t, id, 3) OVER () FROM line;
SELECT seeded_kmeans(t, CASE WHEN id = 1 THEN 8 END) OVER () FROM line;
SELECT seeded_kmeans(t, CASE WHEN id = 1 THEN 1 END, 0) OVER () FROM line;
SELECT seeded_kmeans(t, 1, seed => NULL) OVER () FROM line;
