SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Four conditions on a line, at 0, 1, 4 and 10: their distances
CREATE TABLE line AS SELECT i AS id, (ARRAY[0, 1, 4, 10])[i] AS x FROM generate_series(1, 4) i;
CREATE TABLE line_rdm AS
    SELECT rdm_from_matrix('{a,b,c,d}', '[[0,1,4,10],[1,0,3,9],[4,3,0,6],[10,9,6,0]]', 'euclidean') AS r;

-- single: 1, 3, 6; complete: 1, 4, 10; average: 1, (4 + 3) / 2, (10 + 9 + 6) / 3; ward: 1, sqrt(4/3) 3.5, sqrt(6/4) 25/3
SELECT method, a, b, round(height::numeric, 6) AS height, size
FROM   line_rdm, unnest('{single,complete,average,ward}'::text[]) method, merges(linkage(r, method));
SELECT round((sqrt(4.0 / 3) * 3.5)::numeric, 6), round((sqrt(1.5) * 25 / 3)::numeric, 6);

-- the default is average; the same from rows, by ids
SELECT a, b, height, size FROM line_rdm, merges(linkage(r));
SELECT m.* FROM (SELECT linkage(id, tensor(ARRAY[x])) AS d FROM line) q, merges(q.d) m;
SELECT round(m.height::numeric, 6) AS ward FROM (SELECT linkage(id, tensor(ARRAY[x]), 'ward') AS d FROM line) q, merges(q.d) m;
SELECT m.height FROM (SELECT points_agg(tensor(ARRAY[x]), 'at ' || x) AS p FROM line) q, merges(linkage(p, 'complete')) m;

-- what a dendrogram tells
SELECT method(d), n_leaves(d), labels(d), leaf_order(d) FROM (SELECT linkage(r, 'ward') AS d FROM line_rdm) q;
SELECT labels(d), leaf_order(d) FROM (SELECT linkage(points_agg(tensor(ARRAY[x]), 'at ' || x)) AS d FROM line) q;
SELECT labels(d), leaf_order(d) FROM (SELECT linkage(id, x) AS d
    FROM (VALUES (10, tensor '[1]'), (9, '[7]'), (100, '[1.5]'), (-1, '[8]')) v (id, x)) q;

-- cuts: cluster 1 is the largest, then by the first label
SELECT k, array_agg(label || ':' || cluster) FROM (SELECT linkage(r) AS d FROM line_rdm) q, generate_series(1, 4) k, cut(d, k) GROUP BY k ORDER BY k;
SELECT h, array_agg(label || ':' || cluster) FROM (SELECT linkage(r) AS d FROM line_rdm) q, unnest('{-1,0.5,1,3.5,8,1e9,Infinity}'::float8[]) h, cut_height(d, h) GROUP BY h ORDER BY h;
SELECT label::bigint AS id, cluster FROM (SELECT linkage(id, tensor(ARRAY[-x])) AS d FROM line) q, cut(d, 2);
-- two pairs of one size: that of the first label is 1
SELECT label, cluster FROM (SELECT linkage(id, x) AS d FROM (VALUES (4, tensor '[0]'), (2, '[10]'), (3, '[0.1]'), (1, '[11]')) v (id, x)) q, cut(d, 2);

-- heights at which pairs are joined
SELECT rdm_matrix(cophenetic(linkage(r, 'single'))), metric(cophenetic(linkage(r))) FROM line_rdm;
SELECT round(rdm_compare(r, cophenetic(linkage(r)), 'pearson')::numeric, 6) AS cophenetic_correlation FROM line_rdm;

-- Dasgupta's cost: similarities 3 for a-b, 1 for b-c: 3 * 2 + 1 * 3, plus 0 for others
SELECT dasgupta_cost(linkage(r), rdm_from_matrix('{d,c,b,a}', '[[0,0,0,0],[0,0,1,0],[0,1,0,3],[0,0,3,0]]')) FROM line_rdm;
-- as a value of dissimilarities: 2 * 1 + 3 * (4 + 3) + 4 * (10 + 9 + 6)
SELECT dasgupta_cost(linkage(r), r) FROM line_rdm;
-- a condition that is no leaf counts nothing
SELECT dasgupta_cost(linkage(rdm_subset(r, '{a,b}'::text[])), r) FROM line_rdm;

-- the order of rows does not matter, nor a parallel plan
SELECT (SELECT linkage(id, x, 'ward')::text FROM (SELECT i AS id, random_normal('{3}', i) AS x FROM generate_series(1, 60) i ORDER BY i) q)
     = (SELECT linkage(id, x, 'ward')::text FROM (SELECT i AS id, random_normal('{3}', i) AS x FROM generate_series(1, 60) i ORDER BY i % 7, -i) q) AS same;

-- edges: no row, one row, copies, rows with NULLs, all rows equal
SELECT linkage(id, tensor(ARRAY[x])) IS NULL AS none FROM line WHERE false;
SELECT linkage(points_agg(id, tensor(ARRAY[x]))) IS NULL AS none FROM line WHERE false;
SELECT n_leaves(d), leaf_order(d), (SELECT count(*) FROM merges(d)) AS merges, (SELECT c FROM cut(d, 1) c) AS cut, dasgupta_cost(d, cophenetic(d))
FROM   (SELECT linkage(id, tensor(ARRAY[x]), 'ward') AS d FROM line WHERE id = 1) q;
SELECT m.* FROM (SELECT linkage(i, tensor '[1,2]', 'ward') AS d FROM generate_series(1, 4) i) q, merges(d) m;
SELECT labels(linkage(id, x)) FROM (VALUES (1, tensor '[1]'), (NULL, '[2]'), (3, NULL), (4, '[4]')) v (id, x);
SELECT m.height FROM (SELECT linkage(id, x, 'single') AS d FROM (VALUES (1, tensor '[1e6,0]'), (2, 'float8:[1000000.0000001,0]'), (3, '[1e6,3]')) v (id, x)) q, merges(d) m;

-- text and binary forms
SELECT linkage(r, 'single') FROM line_rdm;
SELECT (linkage(r)::text::dendrogram)::text = linkage(r)::text AS same FROM line_rdm;
SELECT left(encode(dendrogram_send(linkage(r, 'ward')), 'hex'), 24) AS head FROM line_rdm;

-- errors
SELECT linkage(r, 'centroid') FROM line_rdm;
SELECT linkage(id, tensor(ARRAY[x]), 'median') FROM line;
SELECT linkage(id, tensor(ARRAY[x]), CASE WHEN id < 3 THEN 'ward' ELSE 'single' END) FROM line;
SELECT linkage(id, tensor(ARRAY[x]), NULL::text) FROM line;
SELECT linkage(1, tensor(ARRAY[x])) FROM line;
SELECT linkage(points_agg(tensor(ARRAY[x]), 'all')) FROM line;
SELECT linkage(points_agg(tensor(ARRAY[x]))) FROM line;
SELECT linkage(id, CASE WHEN id = 3 THEN tensor '[NaN]' ELSE '[1]' END) FROM line;
SELECT linkage(id, CASE WHEN id = 3 THEN tensor 'float8:[0,-1e141]' ELSE '[1,2]' END) FROM line;
SELECT linkage(rdm_from_matrix('{a,b,c}', '[[0,1,2],[1,0,NaN],[2,NaN,0]]'));
SELECT linkage(rdm_from_matrix('{a,b}', '[[0,-1],[-1,0]]'), 'ward');
SELECT m.* FROM merges(linkage(rdm_from_matrix('{a,b}', '[[0,-1],[-1,0]]'))) m;
SELECT linkage(rdm_from_matrix('{a,b}', 'float8:[[0,1e200],[1e200,0]]'), 'single');
SELECT linkage(rdm_subset(r, '{}'::text[])) FROM line_rdm;
SELECT cut(linkage(r), 0) FROM line_rdm;
SELECT cut(linkage(r), 5) FROM line_rdm;
SELECT cut_height(linkage(r), 'NaN') FROM line_rdm;
SELECT dasgupta_cost(linkage(r), rdm_subset(r, '{a,b,d}'::text[])) FROM line_rdm;
SELECT dasgupta_cost(linkage(r), rdm_from_matrix('{a,b,c,d}', '[[0,1,4,10],[1,0,NaN,9],[4,NaN,0,6],[10,9,6,0]]')) FROM line_rdm;
SELECT dendrogram 'dendrogram(n=1):AQ==';
SELECT dendrogram 'tree(n=1):AQ==';

DROP TABLE line, line_rdm;
