-- the k best rows of each query
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- three keys; the first query reads their first element, the second their second
CREATE TEMP TABLE t (id bigint, key tensor);
INSERT INTO t VALUES (30, '[3,1]'), (NULL, '[9,9]'), (20, '[3,4]'), (9, NULL), (10, '[1,2]');
-- 1: 3, 3 (the lower id first), 1; 2: 4, 2, 1
SELECT n.* FROM (SELECT topk(id, key, '[[1,0],[0,1]]', 2) AS t FROM t) s, neighbors(s.t) n;
-- angles: 3/sqrt(10), 3/5, 1/sqrt(5); 2/sqrt(5), 4/5, 1/sqrt(10)
SELECT n.query, n.rank, n.id, round(n.score::numeric, 12) AS score FROM (SELECT topk(id, key, '[[1,0],[0,7]]', 3, 'cosine') AS t FROM t) s, neighbors(s.t) n;
-- squared: (1,2) 4, (3,4) 20, (3,1) 5 from (1,0); 2, 18, 9 from (0,1)
SELECT n.query, n.rank, n.id, round((n.score ^ 2)::numeric, 12) AS squared FROM (SELECT topk(id, key, '[[1,0],[0,1]]', 2, 'euclidean') AS t FROM t) s, neighbors(s.t) n;
-- of two elements the correlation is 1 where they order alike, and else -1
SELECT n.* FROM (SELECT topk(id, key, '[0,1]', 3, 'correlation') AS t FROM t) s, neighbors(s.t) n;

-- one query is a vector; k past the rows gives them all; a key of any shape is flattened
SELECT n.* FROM (SELECT topk(id, reshape(key, '{1,2}'), '[0,1]', 100) AS t FROM t) s, neighbors(s.t) n;
SELECT topk(id, key, '[0,1]', 2) AS text FROM t;
SELECT n_samples(topk(id, key, '[0,1]', 2)) FROM t;
SELECT n.* FROM (SELECT topk(id, key, '[2]', 1) AS t FROM (VALUES (1, tensor '[3]'), (2, '[-4]'), (3, '5')) v (id, key)) s, neighbors(s.t) n;

-- without queries: the rows where each element is largest
SELECT n.* FROM (SELECT topk(id, key, 2) AS t FROM t) s, neighbors(s.t) n;
SELECT n.query AS feature, n.rank, n.id, n.score FROM (SELECT topk(i, ARRAY[i % 3, i / 4, 0, -i]::real[]::tensor, 3) AS t FROM generate_series(9, 1, -1) i) s, neighbors(s.t) n;

-- no rows; rows of NULL
SELECT topk(id, key, '[0,1]', 2) IS NULL AS nothing FROM t WHERE id < 0;
SELECT topk(id, key, '[0,1]', 2) IS NULL AS nothing FROM t WHERE id IS NULL OR key IS NULL;
SELECT count(*) FROM neighbors(NULL);

-- groups, FILTER, and rows of one id, which all count
SELECT g, n.* FROM (SELECT id % 20 AS g, topk(id, key, '[1,1]', 1) FILTER (WHERE key[1] > 1) AS t FROM t WHERE id IS NOT NULL GROUP BY 1) s, neighbors(s.t) n ORDER BY g;
SELECT n.* FROM (SELECT topk(7, key, '[1,1]', 3) AS t FROM t) s, neighbors(s.t) n;

-- merging: two parts and the whole, and one part added to itself
CREATE TEMP TABLE r AS SELECT i AS id, ARRAY[i % 5, i % 7, i * i % 3, i % 2, i / 1000, 1]::real[]::tensor AS half, random_normal('{6}', i) AS key FROM generate_series(1, 2100) i;
CREATE TEMP TABLE q AS SELECT random_normal('{20,6}', 77) AS w, reshape(ARRAY(SELECT i * i % 7 - 3 FROM generate_series(1, 120) i)::real[]::tensor, '{20,6}') AS whole;
CREATE TEMP TABLE parts AS SELECT id % 3 AS part, metric, k, topk(id, key, (SELECT w FROM q), k, metric) AS t
FROM r, unnest(ARRAY['dot', 'cosine', 'euclidean', 'correlation']) metric, unnest(ARRAY[1, 9, 400]) k GROUP BY 1, 2, 3;
SELECT metric, k, sum(t)::text = (SELECT topk(id, key, (SELECT w FROM q), k, metric) FROM r)::text AS same FROM parts GROUP BY 1, 2 ORDER BY 1, 2;
SELECT metric, sum(t)::text = (SELECT (a.t + b.t + c.t)::text FROM parts a, parts b, parts c
	WHERE (a.part, b.part, c.part) = (2, 0, 1) AND (a.k, b.k, c.k) = (9, 9, 9) AND (a.metric, b.metric, c.metric) = (p.metric, p.metric, p.metric)) AS same
FROM parts p WHERE k = 9 GROUP BY 1 ORDER BY 1;
SELECT n.* FROM (SELECT topk(id, key, '[0,1]', 2) AS t FROM t) s, neighbors(s.t + s.t) n;
-- elements: as with the unit vectors as queries
SELECT k, count(DISTINCT t) AS answers FROM (
	SELECT k, topk(id, key, k)::text AS t FROM r, unnest(ARRAY[1, 9, 4000]) k GROUP BY 1
	UNION ALL SELECT k, topk(id, key, k ORDER BY id DESC)::text FROM r, unnest(ARRAY[1, 9, 4000]) k GROUP BY 1
	UNION ALL SELECT k, sum(t)::text FROM (SELECT k, topk(id, key, k) AS t FROM r, unnest(ARRAY[1, 9, 4000]) k GROUP BY 1, id % 4) p GROUP BY 1) s GROUP BY 1 ORDER BY 1;
SELECT count(*), bool_and(a = b) AS same FROM (SELECT topk(id, half, 30) AS t FROM r) s, neighbors(s.t) a, (SELECT topk(id, half, eye(6), 30) AS t FROM r) u, neighbors(u.t) b WHERE (a.query, a.rank) = (b.query, b.rank);
-- text and binary round trips, also of merged ones
SELECT bool_and(t::text::topk::text = t::text) AS same FROM parts;

-- another order of rows, the same bytes; few distinct values make many ties
SELECT metric, count(DISTINCT topk::text) AS answers
FROM (SELECT metric, o, topk(id, half, (SELECT whole + 0.25 FROM q), 25, metric) FROM (SELECT r.*, o FROM r, generate_series(1, 3) o ORDER BY id * o % 1009, id) s, unnest(ARRAY['dot', 'euclidean']) metric GROUP BY 1, 2) s
GROUP BY 1 ORDER BY 1;
-- the answer of ORDER BY a query, at each of 20
CREATE TEMP TABLE queries AS SELECT i, w[i:i][:] AS v, whole[i:i][:] AS whole FROM q, generate_series(1, 20) i;
SELECT bool_and(n.id = o.id AND abs(n.score - o.score) < 1e-9) AS same
FROM (SELECT topk(id, key, (SELECT w FROM q), 5, 'euclidean') AS t FROM r) s, neighbors(s.t) n
JOIN (SELECT i AS query, l.* FROM queries,
	LATERAL (SELECT row_number() OVER (ORDER BY key <-> flatten(v), id) AS rank, id, key <-> flatten(v) AS score FROM r ORDER BY 1 LIMIT 5) l) o USING (query, rank);
SELECT bool_and(n.id = o.id AND abs(n.score - o.score) < 1e-9) AS same
FROM (SELECT topk(id, half, (SELECT whole FROM q), 50) AS t FROM r) s, neighbors(s.t) n
JOIN (SELECT i AS query, l.* FROM queries,
	LATERAL (SELECT row_number() OVER (ORDER BY half <#> flatten(whole), id) AS rank, id, dot(half, flatten(whole)) AS score FROM r ORDER BY 1 LIMIT 50) l) o USING (query, rank);

-- all rows equal: the lowest ids; keys or queries of zeros
SELECT n.* FROM (SELECT topk(i, tensor '[0.1,0.2,0.3]', '[[0.1,0.2,0.3],[3,2,1]]', 2, 'cosine') AS t FROM generate_series(5000, 1, -1) i) s, neighbors(s.t) n;
SELECT n.* FROM (SELECT topk(i, tensor '[0.1,0.2,0.3]', '[[0.1,0.2,0.3],[0,0,0]]', 2, 'euclidean') AS t FROM generate_series(5000, 1, -1) i) s, neighbors(s.t) n;
SELECT n.* FROM (SELECT topk(i, ARRAY[i % 2, 0]::real[]::tensor, '[[0,0],[-1,5]]', 2) AS t FROM generate_series(5000, 1, -1) i) s, neighbors(s.t) n;

-- element types: the same values give the same bytes; float8 keys tell apart what float4 can't
SELECT count(DISTINCT t::text) AS answers FROM (
	SELECT topk(id, astype(half, 'float2'), (SELECT w FROM q), 7) AS t FROM r
	UNION ALL SELECT topk(id, half, (SELECT w FROM q), 7) FROM r
	UNION ALL SELECT topk(id, astype(half, 'float8'), (SELECT w FROM q), 7) FROM r
	UNION ALL SELECT topk(id, CASE id % 2 WHEN 0 THEN astype(half, 'float8') ELSE astype(half, 'float2') END, (SELECT w FROM q), 7) FROM r) s;
SELECT n.id, n.score - 1e9 AS above FROM (SELECT topk(i, astype(tensor '[1]', 'float8') * (1e9 + i * i), '[1]', 3) AS t FROM generate_series(1, 9) i) s, neighbors(s.t) n;
SELECT n.id, n.score FROM (SELECT topk(i, astype(tensor '[1]', 'float8') * (1e9 + i), 'float8:[1000000003.25]', 3, 'euclidean') AS t FROM generate_series(1, 9) i) s, neighbors(s.t) n;
-- tiny and huge
SELECT n.id, round((n.score / 1e-280)::numeric, 6) AS score FROM (SELECT topk(i, ('float8:[' || i || 'e-140,0]')::tensor, 'float8:[1e-140,7e-140]', 2) AS t FROM generate_series(1, 9) i) s, neighbors(s.t) n;
SELECT n.id, round((n.score / 1e149)::numeric, 6) AS score FROM (SELECT topk(i, ('float8:[' || i || 'e148,0]')::tensor, 'float8:[1e-150,9e148]', 2, 'euclidean') AS t FROM generate_series(1, 9) i) s, neighbors(s.t) n;
SELECT n.id, n.score FROM (SELECT topk(i, ('float8:[' || i || 'e-170,1e-200]')::tensor, 'float8:[1e149,0]', 2) AS t FROM generate_series(1, 9) i) s, neighbors(s.t) n;

-- far from 0: distances lose no digits
SELECT n.id, round(n.score::numeric, 6) AS score FROM (SELECT topk(id, astype(key, 'float8') + 1e8, (SELECT astype(v, 'float8') + 1e8 FROM queries WHERE i = 1), 3, 'euclidean') AS t FROM r) s, neighbors(s.t) n;
SELECT id, round((key <-> flatten(v))::numeric, 6) AS score FROM r, queries WHERE i = 1 ORDER BY key <-> flatten(v), id LIMIT 3;

-- a running window: a state that goes on after it was read
SELECT id, (SELECT string_agg(n.id || ':' || n.score, ' ' ORDER BY rank) FROM neighbors(t) n) AS best
FROM (SELECT id, topk(id, key, '[1,1]', 2) OVER (ORDER BY id) AS t FROM t WHERE id <> 9) s;
-- queries that are a column, short and long, stored out of line or not
SELECT count(DISTINCT t::text) AS answers FROM (
	SELECT topk(id, key, w, 4) AS t FROM r, q
	UNION ALL SELECT topk(id, key, (SELECT w FROM q), 4) FROM r
	UNION ALL SELECT topk(id, key, random_normal('{20,6}', 77), 4) FROM r) s;
CREATE TEMP TABLE wide AS SELECT random_normal('{4000,6}', 5) AS w;
CREATE TEMP TABLE few AS SELECT * FROM r WHERE id <= 200;
SELECT count(DISTINCT t::text) AS answers FROM (
	SELECT topk(id, key, w, 4) AS t FROM few, wide
	UNION ALL SELECT topk(id, key, (SELECT w FROM wide), 4) FROM few
	UNION ALL SELECT topk(id, key, v, 4) FROM few, (SELECT random_normal('{4000,6}', 5) AS v OFFSET 0) s
	UNION ALL SELECT topk(id, key, random_normal('{4000,6}', 5 + id * 0), 4) FROM few) s;

-- errors
SELECT topk(id, key, '[1,NaN]', 2) FROM t;
SELECT topk(id, key, '[[1,2],[3,Infinity]]', 2) FROM t;
SELECT topk(id, key, '[1,2,3]', 2) FROM t;
SELECT topk(id, key, '[[[1,2]]]', 2) FROM t;
SELECT topk(id, key, '1', 2) FROM t;
SELECT topk(id, key, zeros('{0,2}'), 2) FROM t;
SELECT topk(id, key, '[1,2]', 0) FROM t;
SELECT topk(id, key, '[1,2]', NULL) FROM t;
SELECT topk(id, key, NULL, 3) FROM t;
SELECT topk(id, key, '[1,2]', 3, NULL) FROM t;
SELECT topk(id, key, '[1,2]', 3, 'cosinus') FROM t;
SELECT topk(id, key, '[1,2]', id::int) FROM t;
SELECT topk(id, key, '[1,2]', 3, CASE WHEN id = 30 THEN 'dot' ELSE 'cosine' END) FROM t;
SELECT topk(id, key, key, 3) FROM t;
SELECT topk(id, key, w + id::float8, 4) FROM few, wide;
SELECT topk(i, CASE WHEN i = 77 THEN tensor '[1,NaN]' ELSE '[1,2]' END, '[1,2]', 3) FROM generate_series(1, 99) i;
SELECT topk(i, CASE WHEN i = 77 THEN tensor 'float8:[-1e151,1]' ELSE '[1,2]' END, '[1,2]', 3) FROM generate_series(1, 99) i;
SELECT topk(i, CASE WHEN i = 77 THEN tensor 'float2:[-Infinity,1]' ELSE '[1,2]' END, '[1,2]', 3) FROM generate_series(1, 99) i;
SELECT topk(id, key - '[1,2]', '[1,2]', 3, 'cosine') FROM t;
SELECT topk(id, key, '[[1,2],[0,0]]', 3, 'cosine') FROM t;
SELECT topk(id, key, '[[1,2],[0.1,0.1]]', 3, 'correlation') FROM t;
SELECT topk(i, tensor '[0.1,0.1]', '[1,2]', 3, 'correlation') FROM generate_series(1, 99) i;
SELECT topk(id, key, '[1,2]', 3) + topk(id, key, '[1,3]', 3) FROM t;
SELECT topk(id, key, '[1,2]', 3) + topk(id, key, '[1,2]', 4) FROM t;
SELECT topk(id, key, '[1,2]', 3) + topk(id, key, '[1,2]', 3, 'cosine') FROM t;
SELECT topk(i, ones(ARRAY[i]), 3) FROM generate_series(2, 4) i;
SELECT topk(i, zeros('{0}'), 3) FROM generate_series(2, 4) i;
SELECT topk(i, ones('{3}'), i) FROM generate_series(2, 4) i;
SELECT topk(i, ones('{3}'), NULL) FROM generate_series(2, 4) i;
SELECT topk(i, tensor '[1,2]' / (4 - i), 3) FROM generate_series(2, 4) i;
SELECT topk(id, key, eye(2), 3) + topk(id, key, 3) FROM t;
SELECT topk 'topk()';
SELECT topk 'topk():AQEAAAEAAAA=';
SELECT topk_add(NULL, 1, '[1]', '[1]', 1);
