SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- by hand: on a line 0, 2 | 10, 14: a = 2, 2, 4, 4; b = 12, 10, 9, 13
CREATE TEMP TABLE line AS
    SELECT * FROM (VALUES (1, tensor '[0]', 1), (2, '[2]', 1), (3, '[10]', 2), (4, '[14]', 2)) AS v (id, t, label);
SELECT id, round((silhouette_row(t, label) OVER ())::numeric, 12) AS s, round(v, 12) AS by_hand
FROM (SELECT * FROM line JOIN (VALUES (1, 10 / 12.0), (2, 8 / 10.0), (3, 5 / 9.0), (4, 9 / 13.0)) AS h (id, v) USING (id)) AS q ORDER BY id;
SELECT round((silhouette(t, label) - (10 / 12.0 + 8 / 10.0 + 5 / 9.0 + 9 / 13.0) / 4)::numeric, 12) AS difference FROM line;
-- means 1 and 12: inertia 1 + 1 + 4 + 4; of all 6.5: B = 4 * 5.5^2 = 121; (121 / 1) / (10 / 2); (1 + 2) / 11
SELECT inertia(t, label), calinski_harabasz(t, label), round((davies_bouldin(t, label) - 3 / 11.0)::numeric, 12) AS difference FROM line;
-- squared: a = 4, 4, 16, 16; b = 148, 104, 82, 170
SELECT round((silhouette(t, label, 'sqeuclidean') - (144 / 148.0 + 100 / 104.0 + 66 / 82.0 + 154 / 170.0) / 4)::numeric, 12) AS difference FROM line;
-- cosine: directions, whatever the lengths
SELECT silhouette(t, label, 'cosine') FROM (VALUES (tensor '[1,0]', 1), ('[5,0]', 1), ('[0,2]', 2), ('[0,3]', 2)) AS v (t, label);

-- names of labels, types of labels, one reading for all
SELECT silhouette(t, 'cluster ' || label) = silhouette(t, label) AS text, abs(silhouette(t, -label) - silhouette(t, label::bigint)) < 1e-12 AS renamed,
       abs(silhouette(astype(t, 'float8'), label) - silhouette(t, label)) < 1e-12 AS float8 FROM line;
SELECT silhouette(p) = s AS s, silhouette(p, 'sqeuclidean') = s2 AS s2, davies_bouldin(p) = d AS d, calinski_harabasz(p) = c AS c, inertia(p) = i AS i
FROM (SELECT points_agg(t, label) AS p, silhouette(t, label) AS s, silhouette(t, label, 'sqeuclidean') AS s2,
             davies_bouldin(t, label) AS d, calinski_harabasz(t, label) AS c, inertia(t, label) AS i FROM line OFFSET 0) AS q;
SELECT silhouette(a + b) = silhouette(sum) AS merged
FROM (SELECT points_agg(t, label) FILTER (WHERE id % 2 = 0) AS a, points_agg(t, label) FILTER (WHERE id % 2 = 1) AS b, points_agg(t, label) AS sum FROM line OFFSET 0) AS q;

-- NULLs are skipped; no row, no answer
SELECT silhouette(t, label) = (SELECT silhouette(t, label) FROM line) AS skipped
FROM (SELECT t, label FROM line UNION ALL SELECT NULL, 1 UNION ALL SELECT '[99]', NULL) AS q;
SELECT id, silhouette_row(t, label) OVER () IS NULL AS "null"
FROM (SELECT id, t, label FROM line UNION ALL SELECT 5, NULL, 1 UNION ALL SELECT 6, '[99]', NULL) AS q ORDER BY id;
SELECT silhouette(t, label), davies_bouldin(t, label), calinski_harabasz(t, label), inertia(t, label) FROM line WHERE false;
SELECT silhouette_row(t, label) OVER () FROM line WHERE false;
SELECT silhouette_row(NULL::tensor, label) OVER () FROM line;
SELECT silhouette(points_agg(t, label) FILTER (WHERE false)) FROM line;

-- a row alone counts 0; equal rows; noise is a label like others unless it is left out
SELECT id, round((silhouette_row(t, CASE WHEN id = 4 THEN 3 ELSE label END) OVER ())::numeric, 4) AS s FROM line ORDER BY id;
SELECT silhouette(t, label), davies_bouldin(t, label), calinski_harabasz(t, label), inertia(t, label)
FROM (SELECT tensor '[1,1]' * (i % 2) AS t, i % 2 AS label FROM generate_series(1, 6) AS i) AS q;
SELECT silhouette(t, label), davies_bouldin(t, label), calinski_harabasz(t, label), inertia(t, label)
FROM (SELECT tensor '[3,4]' AS t, i % 2 AS label FROM generate_series(1, 6) AS i) AS q;
SELECT round(silhouette(t, label)::numeric, 4) AS with_noise, silhouette(t, label) FILTER (WHERE label > 0) = (SELECT silhouette(t, label) FROM line) AS without
FROM (SELECT t, label FROM line UNION ALL SELECT '[100]', -1) AS q;
SELECT inertia(t, 1) AS one_cluster, inertia(t, id) AS each_its_own FROM line;

-- partitions of a window, groups of a table
SELECT part, bool_and(abs(r - s) < 1e-12) AS mean
FROM (SELECT part, avg(r) AS r FROM (SELECT part, silhouette_row(t, label) OVER (PARTITION BY part) AS r FROM (SELECT part, t * part AS t, label FROM line, generate_series(1, 3) AS part) AS q) AS w GROUP BY part) AS a
JOIN (SELECT part, silhouette(t * part, label) AS s FROM line, generate_series(1, 3) AS part GROUP BY part) AS b USING (part) GROUP BY part ORDER BY part;

-- the order of rows and threads change no bit
CREATE TEMP TABLE many AS SELECT i, random_normal('{7}', i) AS t, i % 5 AS label FROM generate_series(1, 600) AS i;
SELECT count(DISTINCT s), count(DISTINCT d), count(DISTINCT c), count(DISTINCT n)
FROM (SELECT silhouette(t, label ORDER BY i) AS s, davies_bouldin(t, label ORDER BY i) AS d, calinski_harabasz(t, label ORDER BY i) AS c, inertia(t, label ORDER BY i) AS n FROM many
      UNION ALL SELECT silhouette(t, label ORDER BY md5(i::text)), davies_bouldin(t, label ORDER BY -i), calinski_harabasz(t, label ORDER BY md5(i::text)), inertia(t, label ORDER BY -i) FROM many) AS q;
CREATE TEMP TABLE one_thread AS SELECT silhouette(t, label) AS s, silhouette(t, label, 'cosine') AS c FROM many;
SET neuroenc.threads = 3;
SELECT silhouette(t, label) = (SELECT s FROM one_thread) AS s, silhouette(t, label, 'cosine') = (SELECT c FROM one_thread) AS c FROM many;
RESET neuroenc.threads;

-- errors
SELECT silhouette(t, 1) FROM line;
SELECT silhouette(t, id) FROM line;
SELECT silhouette(t, label) FROM line WHERE id = 1;
SELECT davies_bouldin(t, 1) FROM line;
SELECT davies_bouldin(t, id) FROM line;
SELECT calinski_harabasz(t, 1) FROM line;
SELECT calinski_harabasz(t, id) FROM line;
SELECT silhouette_row(t, 1) OVER () FROM line;
SELECT silhouette(t, label, 'manhattan') FROM line;
SELECT silhouette(t, label, NULL) FROM line;
SELECT silhouette(t, label, CASE id WHEN 1 THEN 'cosine' ELSE 'euclidean' END) FROM line;
SELECT silhouette(t, label, 'cosine') FROM line;
SELECT silhouette(points_agg(t, label), 'cityblock') FROM line;
SELECT silhouette_row(t, label, NULL) OVER () FROM line;
SELECT silhouette(points_agg(t)) FROM line;
SELECT inertia(points_agg(id, t)) FROM line;
SELECT silhouette(t / 0, label) FROM line;
SELECT silhouette(CASE id WHEN 3 THEN '[1,2]' ELSE t END, label ORDER BY id) FROM line;
