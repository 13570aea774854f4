-- graphs of nearest neighbours
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- on a line: 0 1 3 | 10 11; the nearest of 3 is 1, of 10 is 11
CREATE TEMP TABLE t (id bigint, x tensor);
INSERT INTO t VALUES (5, '[0]'), (4, '[1]'), (3, '[3]'), (2, '[10]'), (1, '[11]'), (NULL, '[3]'), (9, NULL);
SELECT e.* FROM (SELECT knn_graph(id, x, 1) AS g FROM t) s, edges(s.g) e;
-- 2: 0-1 1-0 3-1 3-0 (0 and 1 each have 3), 10-11 10-3 11-10 11-3
SELECT e.* FROM (SELECT knn_graph(id, x, 2, 'euclidean', 'distance') AS g FROM t) s, edges(s.g) e;
-- neighbourhoods {0,1,3} {0,1,3} {0,1,3} {10,11,3} {10,11,3}: 3 of 3, and 1 of 5 across
SELECT e.source, e.target, round(e.weight::numeric, 12) AS weight FROM (SELECT knn_graph(id, x, 2, 'euclidean', 'jaccard') AS g FROM t) s, edges(s.g) e;
-- every other row: the whole graph
SELECT n_nodes(g), n_edges(g) FROM (SELECT knn_graph(id, x, 4) AS g FROM t) s;

-- cosine: directions at 0, 10, 30 and 90 degrees, of any length
CREATE TEMP TABLE c AS SELECT i AS id, astype(full_tensor, 'float8') AS x FROM (VALUES (1, 0, 5), (2, 10, 1), (3, 30, 100), (4, 90, 0.1)) v (i, angle, length),
    LATERAL (SELECT ARRAY[length * cosd(angle), length * sind(angle)]::tensor) q (full_tensor);
SELECT e.source, e.target, round(e.weight::numeric, 7) AS weight, round((1 - cosd(abs((ARRAY[0, 10, 30, 90])[e.source] - (ARRAY[0, 10, 30, 90])[e.target])))::numeric, 7) AS by_hand
FROM (SELECT knn_graph(id, x, 1, 'cosine', 'distance') AS g FROM c) s, edges(s.g) e;

-- the solver over points, whose options have names
SELECT e.* FROM (SELECT points_agg(id, x) AS p FROM t) s, edges(knn_graph(s.p, 1, weight => 'distance')) e;

-- equal rows: at distance 0, ties by id
SELECT e.* FROM (SELECT knn_graph(id, tensor '[1e10,1]', 1, 'euclidean', 'distance') AS g FROM generate_series(4, 1, -1) id) s, edges(s.g) e;
-- far from 0, tiny and huge
SELECT e.* FROM (SELECT knn_graph(id, ARRAY[1e8 + id * id / 8.0]::float8[]::tensor, 1, 'euclidean', 'distance') AS g FROM generate_series(1, 4) id) s, edges(s.g) e;
SELECT source, target, round((weight / 1e-200)::numeric, 6) AS weight FROM (SELECT knn_graph(id, ('float8:[' || id * id || 'e-200]')::tensor, 1, 'euclidean', 'distance') AS g FROM generate_series(1, 3) id) s, edges(s.g) e;
SELECT source, target, round((weight / 1e200)::numeric, 6) AS weight FROM (SELECT knn_graph(id, ('float8:[' || id * id || 'e200]')::tensor, 1, 'euclidean', 'distance') AS g FROM generate_series(1, 3) id) s, edges(s.g) e;

-- another order of rows, the same graph; and communities of it
CREATE TEMP TABLE b AS SELECT i AS id, random_normal('{5}', i) + 8 * (i % 4) AS x FROM generate_series(1, 200) i;
SELECT (SELECT array_agg(e) FROM (SELECT knn_graph(id, x, 5) AS g FROM (SELECT * FROM b ORDER BY id) q) s, edges(s.g) e)
     = (SELECT array_agg(e) FROM (SELECT knn_graph(id, x, 5) AS g FROM (SELECT * FROM b ORDER BY id DESC) q) s, edges(s.g) e) AS same;
SELECT community, count(*), count(DISTINCT node % 4) AS blobs FROM (SELECT knn_graph(id, x, 20, 'euclidean', 'jaccard') AS g FROM b) s, leiden(s.g, 0.5) GROUP BY 1 ORDER BY 1;

SELECT knn_graph(id, x, 1) IS NULL AS nothing FROM t WHERE id IS NULL;

-- errors
SELECT knn_graph(id, x, 5) FROM t;
SELECT knn_graph(id, x, 0) FROM t;
SELECT knn_graph(id, x, 1) FROM t WHERE id = 1;
SELECT knn_graph(id, x, id::int) FROM t;
SELECT knn_graph(id, x, NULL) FROM t;
SELECT knn_graph(id, x, 1, NULL) FROM t;
SELECT knn_graph(id, x, 1, 'manhattan') FROM t;
SELECT knn_graph(id, x, 1, 'cosine', 'umap') FROM t;
SELECT knn_graph(id, x, 1, 'cosine') FROM t;
SELECT knn_graph(7, x, 1) FROM t;
SELECT knn_graph(points_agg(x), 1) FROM t;
SELECT knn_graph_final(points_agg(id, x)) FROM t;
