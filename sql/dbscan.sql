SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- by hand: 0 1 2 3 are a chain of steps of 1 (with 3 rows within 1: 1 and 2 are core, 0 and 3 at their border),
-- 10 and 11 are two rows only, 20 alone
CREATE TEMP TABLE line (id int, t tensor);
INSERT INTO line VALUES (1, '[0]'), (2, '[1]'), (3, '[2]'), (4, '[3]'), (5, '[10]'), (6, '[11]'), (7, '[20]'), (8, NULL);
SELECT id, t, dbscan(t, 1, 3) OVER () AS three, dbscan(t, 1, 2) OVER () AS two, dbscan(t, 1, 1) OVER () AS one,
       dbscan(t, 0.999, 2) OVER () AS shorter, dbscan(t, 7, 3) OVER () AS longer
FROM line ORDER BY id;

-- 0 and 0.9 are core rows (4 rows within 0.55) of two clusters, 0.5 is core no more and goes to the nearest of them, though its cluster is the smaller
SELECT x, dbscan(t, 0.55, 4) OVER () AS label
FROM (SELECT x, ('float8:[' || x || ']')::tensor AS t FROM unnest('{-0.5,-0.45,-0.4,-0.35,-0.3,0,0.5,0.9,1.3,1.3,1.3}'::float8[]) AS x) q ORDER BY x;

-- with as many rows, the first in the order of content is cluster 1, whatever the order of rows
SELECT bool_and(a = b) FROM (SELECT dbscan(t, 1, 2) OVER () AS a, dbscan(t, 1, 2) OVER (ORDER BY id DESC) AS b FROM line) q;

-- partitions, metrics, more dimensions than the grid takes
SELECT id, dbscan(t, 1, 2) OVER (PARTITION BY id % 2) FROM line ORDER BY id % 2, id;
SELECT t, dbscan(t, 0.01, 2, 'cosine') OVER () AS cosine, dbscan(t, 1.5, 2, 'cityblock') OVER () AS cityblock, dbscan(t, 1.5, 2) OVER () AS euclidean
FROM (VALUES (tensor '[1,1]'), ('[9,9]'), ('[0,2]'), ('[0,1]'), ('[8,8]')) q (t);
SELECT t, dbscan(t, 2, 3) OVER () AS label
FROM (VALUES (tensor '[1,0,0,0,0,0]'), ('[0,1,0,0,0,0]'), ('[0,0,1,0,0,0]'), ('[5,5,5,5,5,5]'), ('[5,5,5,5,5,7]'), ('[5,5,5,5,7,5]'), ('[5,5,5,5,5,99]')) q (t);

-- edges: no row, one row, a distance that is eps exactly, equal rows, eps 0, more min_points than rows
SELECT dbscan(t, 1, 1) OVER () FROM line WHERE false;
SELECT dbscan(t, 1, 1) OVER () AS core, dbscan(t, 1, 2) OVER () AS alone FROM line WHERE id = 1;
SELECT dbscan(t, sqrt(2), 2) OVER () AS within, dbscan(t, 1.414213562373095, 2) OVER () AS short FROM (VALUES (tensor '[0,0]'), ('[1,1]')) q (t);
SELECT t, dbscan(t, 0, 3) OVER () AS three, dbscan(t, 0, 4) OVER () AS four
FROM (VALUES (tensor '[1,2]'), ('[1,2]'), ('[1,2]'), ('[-0,3]'), ('[0,3]')) q (t);
SELECT count(*) FILTER (WHERE l = 1) AS one, count(*) FILTER (WHERE l = -1) AS noise
FROM (SELECT dbscan('[1,2,3,4,5,6]', 0, 700) OVER (PARTITION BY i > 700) AS l FROM generate_series(1, 1000) i) q;
SELECT dbscan(t, 1, 2147483647) OVER () FROM line WHERE id < 3;

-- several tiles, with threads: a ring about a ball, in 6 dimensions
SET neuroenc.threads = 2;
SELECT label, count(*), bool_and(ring) AS ring
FROM (SELECT i % 3 > 0 AS ring, dbscan(CASE WHEN i % 3 > 0 THEN ARRAY[9 * cos(i), 9 * sin(i), 0, 0, 0, 0]::tensor ELSE 0.7 * random_normal('{6}', i) END, 3, 5) OVER () AS label
      FROM generate_series(1, 3000) i) q
GROUP BY label ORDER BY label;
RESET neuroenc.threads;

-- errors
SELECT dbscan(t, -1, 2) OVER () FROM line;
SELECT dbscan(t, 'NaN', 2) OVER () FROM line;
SELECT dbscan(t, 'Infinity', 2) OVER () FROM line;
SELECT dbscan(t, 1, 0) OVER () FROM line;
SELECT dbscan(t, NULL, 2) OVER () FROM line;
SELECT dbscan(t, 1, NULL) OVER () FROM line;
SELECT dbscan(t, 1, 2, NULL) OVER () FROM line;
SELECT dbscan(t, 1, 2, 'correlation') OVER () FROM line;
SELECT dbscan(t, id, 2) OVER () FROM line;
SELECT dbscan(t, 1, 2, 'cosine') OVER () FROM line;
SELECT dbscan(t, 1, 2) OVER () FROM (VALUES (tensor '[0,1]'), ('[NaN,1]')) q (t);
SELECT dbscan(t, 1, 2) OVER () FROM (VALUES (tensor '[0,1]'), ('[1]')) q (t);
SELECT dbscan(t, 1, 2) OVER () FROM (VALUES (tensor '[[0,1]]')) q (t);
SELECT dbscan('[1]', 1, 2);
SET neuroenc.memory_limit = '1MB';
SELECT max(l) FROM (SELECT dbscan(random_normal('{8}', i), 1, 2) OVER () AS l FROM generate_series(1, 2000) i) q;
RESET neuroenc.memory_limit;
