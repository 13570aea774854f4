SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- by hand, with min_samples 1 (single linkage): 100 leaves at the gap of 79; the gaps of 8 open at once, so three
-- clusters begin at lambda 1/8; the rows of two of them leave at the gaps of 1, those of the third at 0.5
CREATE TEMP TABLE line (id int, t tensor);
INSERT INTO line SELECT row_number() OVER (), ('[' || x || ']')::tensor FROM unnest('{0,1,2,10,11,12,20,20.5,21,100}'::float8[]) x;
INSERT INTO line VALUES (11, NULL);
SELECT id, t, hdbscan(t, 3, 1) OVER () AS label, hdbscan_probability(t, 3, 1) OVER () AS probability FROM line ORDER BY id;

-- min_samples is min_cluster_size unless it is given; a cluster of 4 rows there is none
SELECT bool_and(hdbscan = same), max(hdbscan) AS clusters FROM (SELECT hdbscan(t, 3) OVER (), hdbscan(t, 3, 3) OVER () AS same FROM line) q;
SELECT min(l), max(l) FROM (SELECT hdbscan(t, 4, 1) OVER () AS l FROM line) q;

-- all rows one cluster, if that is allowed: 40 leaves at 35, 5 at 2, and the others stay to the end, at 1
SELECT t, hdbscan(t, 3, 1) OVER () AS label, hdbscan(t, 3, 1, allow_single_cluster => true) OVER () AS single,
       hdbscan_probability(t, 3, 1, true) OVER () AS probability
FROM (SELECT ('[' || x || ']')::tensor AS t FROM unnest('{0,1,2,3,5,40}'::float8[]) x) q;

-- densities that differ: dbscan has no radius for both (a tenth and 3 within, 30 between)
SELECT c, label, count(*), round(min(p)::numeric, 2) AS least, max(p) AS most
FROM (SELECT c, hdbscan(t, 20, 5) OVER () AS label, hdbscan_probability(t, 20, 5) OVER () AS p
      FROM (SELECT i % 2 AS c, random_normal('{5}', i) * CASE i % 2 WHEN 0 THEN 0.1 ELSE 3 END + 30 * (i % 2) AS t FROM generate_series(1, 300) i) q) r
GROUP BY c, label HAVING label > 0 ORDER BY c;

-- partitions, and the order of rows
SELECT id, hdbscan(t, 2, 1) OVER (PARTITION BY id > 5) FROM line ORDER BY id;
SELECT bool_and(a = b) FROM (SELECT hdbscan(t, 2) OVER () AS a, hdbscan(t, 2) OVER (ORDER BY id DESC) AS b FROM line) q;

-- edges: no row, few rows, equal rows; rows that stand min_samples times leave at infinity, others of their cluster count for nothing beside them
SELECT hdbscan(t, 2) OVER () FROM line WHERE false;
SELECT hdbscan(t, 2) OVER (), hdbscan_probability(t, 2) OVER () FROM line WHERE id = 1;
SELECT hdbscan(t, 2, 4) OVER () FROM line WHERE id < 4;
SELECT hdbscan('[1,2]', 2) OVER () AS label, hdbscan('[1,2]', 2, NULL, true) OVER () AS single, hdbscan_probability('[1,2]', 2, NULL, true) OVER () AS p FROM generate_series(1, 3);
SELECT t, hdbscan(t, 2) OVER () AS label, hdbscan_probability(t, 2) OVER () AS p FROM (VALUES (tensor '[1]'), ('[1]'), ('[1]'), ('[2]'), ('[7]'), ('[7]'), ('[7.5]')) q (t);

-- errors
SELECT hdbscan(t, 1) OVER () FROM line;
SELECT hdbscan(t, 2, 0) OVER () FROM line;
SELECT hdbscan(t, NULL) OVER () FROM line;
SELECT hdbscan(t, 2, 2, NULL) OVER () FROM line;
SELECT hdbscan(t, id) OVER () FROM line;
SELECT hdbscan(t, 2, id) OVER () FROM line;
SELECT hdbscan_probability(t, 1) OVER () FROM line;
SELECT hdbscan(t, 2) OVER () FROM (VALUES (tensor '[0,1]'), ('[Infinity,1]')) q (t);
SELECT hdbscan(t, 2) OVER () FROM (VALUES (tensor '[0,1]'), ('[1]')) q (t);
SET neuroenc.memory_limit = '1MB';
SELECT max(l) FROM (SELECT hdbscan(random_normal('{8}', i), 5) OVER () AS l FROM generate_series(1, 2000) i) q;
RESET neuroenc.memory_limit;
