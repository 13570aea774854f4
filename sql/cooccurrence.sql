-- features that are active together
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- by hand: n 4; features 1 and 2 are always together, 3 is where they are not, 4 is in half of each, 5 always, 6 never
CREATE TEMP TABLE t (id int, x tensor);
INSERT INTO t VALUES (1, '[1,0.5,0,2,1,0]'), (2, '[3,1,-1,0,1,0]'), (3, '[0,0,1,0,1,-2]'), (4, '[0,0,7,0.1,1,0]'), (5, NULL);
SELECT phi(cooccurrence(x)) FROM t;
SELECT m, cooccurrence_matrix(cooccurrence(x), m) FROM t, unnest('{jaccard,dice,overlap,matching,count}'::text[]) WITH ORDINALITY AS u (m, o) GROUP BY m, o ORDER BY o;
SELECT n_samples(c), n_features(c), phi(c) = cooccurrence_matrix(c) AS default_is_phi FROM (SELECT cooccurrence(x) AS c FROM t) s;
-- active over 0.9, over -1.5
SELECT threshold, cooccurrence_matrix(cooccurrence(x, threshold), 'count') FROM t, (VALUES (0.9), (-1.5)) v (threshold) GROUP BY 1 ORDER BY 1;
SELECT e.* FROM (SELECT cooccurrence(x) AS c FROM t) s, edges(cooccurrence_graph(s.c)) e;
SELECT e.* FROM (SELECT cooccurrence(x) AS c FROM t) s, edges(cooccurrence_graph(s.c, 'count', above => 1)) e;
-- element types
SELECT type, cooccurrence_matrix(cooccurrence(astype(x, type)), 'count') = cooccurrence_matrix(cooccurrence(x), 'count') AS same
FROM t, unnest('{float2,float8}'::text[]) AS type GROUP BY 1 ORDER BY 1;

-- sparse rows are counted one by one, dense rows by matrix products: the same as by hand, to the last row of a block and over it
CREATE TEMP TABLE d AS SELECT i, clip(random_normal('{40}', i) - (i % 3), 0, 'infinity') AS x FROM generate_series(1, 1100) i;
SELECT n, cooccurrence_matrix(cooccurrence(x), 'count') = (SELECT matmul(transpose(m), m) FROM (SELECT astype(stack(clip(x * 1e10, 0, 1) ORDER BY i), 'float8') AS m FROM d WHERE i <= n) q) AS same
FROM d, (VALUES (1), (511), (512), (513), (1100)) v (n) WHERE i <= n GROUP BY n ORDER BY n;

-- states
SELECT c::text::cooccurrence::text = c::text AS round_trip, phi(c + c) = phi(c) AS twice_is_as_much, n_samples(c + c) FROM (SELECT cooccurrence(x) AS c FROM d) s;
SELECT phi(sum(c)) = (SELECT phi(cooccurrence(x)) FROM d) AS merged FROM (SELECT cooccurrence(x) AS c FROM d GROUP BY i % 7) s;
SELECT cooccurrence(x) IS NULL AS nothing, sum(c) IS NULL FROM t, (SELECT NULL::cooccurrence) n (c) WHERE x IS NULL;
SELECT phi(cooccurrence(x)) FROM (VALUES (tensor '[2]'), ('[0]')) v (x);
SELECT phi(cooccurrence(x)) FROM (VALUES (tensor '[2,Infinity,-Infinity]')) v (x);

-- errors
SELECT cooccurrence(x) FROM (VALUES (tensor '[1,2]'), ('[1,2,3]')) v (x);
SELECT cooccurrence(x) FROM (VALUES (tensor '[1,2]'), ('[1,NaN]')) v (x);
SELECT cooccurrence(tensor 'float8:[1,NaN]');
SELECT cooccurrence(tensor '[[1,2]]');
SELECT cooccurrence(tensor '[]');
SELECT cooccurrence(x, id) FROM t;
SELECT cooccurrence(x, NULL) FROM t;
SELECT cooccurrence(x, 'NaN') FROM t;
SELECT cooccurrence(zeros('{70000}'));
SELECT cooccurrence_matrix(cooccurrence(x), 'pmi') FROM t;
SELECT cooccurrence_graph(cooccurrence(x), 'pmi') FROM t;
SELECT cooccurrence_graph(cooccurrence(x), above => -1) FROM t;
SELECT cooccurrence(x) + cooccurrence(x, 1) FROM t;
SELECT a + b FROM (SELECT cooccurrence(x) FROM t) s (a), (SELECT cooccurrence(tensor '[1]')) u (b);
SELECT cooccurrence 'cooccurrence(p=1, n=1):AQAAAA==';
