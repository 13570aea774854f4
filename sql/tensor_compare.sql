SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By elements first, as SQL arrays; then number of elements, rank, dimensions
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, tensor_cmp(a, b)
FROM (VALUES
	('[1,2]'::tensor, '[1,3]'::tensor), ('[2]', '[1,3]'), ('[1]', '[1,0]'), ('[1,2]', '[1,2]'),
	('1', '[1]'), ('[1,2]', '[[1,2]]'), ('[[1,2]]', '[[1],[2]]'), ('[]', '[-Infinity]'), ('(0,2):[]', '(2,0):[]'),
	('[NaN]', '[Infinity]'), ('[NaN]', '[NaN]'), ('[NaN,1]', '[NaN,2]'), ('[-0]', '[0]'), ('[-Infinity]', '[0]'),
	('[0.5]', 'float8:[0.5]'), ('[0.1]', 'float8:[0.1]'), ('float2:[1]', 'float8:[1]')) AS q (a, b);
SELECT '[1]'::tensor = NULL, '[1]'::tensor < NULL;
-- beyond one chunk of 512
SELECT a = b, a < b, a = a FROM (SELECT zeros('{2000}') AS a, zeros('{1999}') || '[1]' AS b) AS q;

-- Equal tensors have equal hashes; the 32-bit hash is the low half of the 64-bit one of seed 0
SELECT a, b, tensor_hash(a) = tensor_hash(b) AS hash, tensor_hash_extended(a, 7) = tensor_hash_extended(b, 7) AS extended,
	tensor_hash(a) = (tensor_hash_extended(a, 0) & 4294967295)::bit(32)::int AS low
FROM (VALUES ('[1,2]'::tensor, 'float8:[1,2]'::tensor), ('[-0]', '[0]'), ('[NaN]', 'float2:[NaN]'), ('[0]', '0'), ('[1,2]', '[2,1]')) AS q (a, b);
SELECT count(DISTINCT tensor_hash(random_normal('{10}', i))) FROM generate_series(1, 1000) AS i;

-- Sorting, grouping, joins by each method
CREATE TEMP TABLE t (v tensor);
INSERT INTO t VALUES ('[2]'), ('[1,2]'), ('[NaN]'), ('float8:[1,2]'), ('[]'), (NULL), ('[-0]'), ('[0]'), ('1');
SELECT v FROM t ORDER BY v, dtype(v), v::text;
SELECT v FROM t ORDER BY v DESC NULLS LAST LIMIT 2;
SELECT count(DISTINCT v) FROM t;
SET enable_hashagg = off;
SELECT count(*) FROM (SELECT v FROM t GROUP BY v) AS q;
SET enable_hashagg = on;
SET enable_sort = off;
SELECT count(*) FROM (SELECT v FROM t GROUP BY v) AS q;
RESET enable_sort;
SET enable_nestloop = off;
SET enable_mergejoin = off;
SELECT count(*) FROM t AS a JOIN t AS b USING (v);
SET enable_mergejoin = on;
SET enable_hashjoin = off;
SELECT count(*) FROM t AS a JOIN t AS b USING (v);
RESET enable_nestloop;
RESET enable_mergejoin;
RESET enable_hashjoin;

-- Indexes: btree to 2,704 bytes, hash for any size
CREATE UNIQUE INDEX t_unique ON t (v) WHERE v > '[1,2]';
INSERT INTO t VALUES ('[2]');
\set VERBOSITY sqlstate
INSERT INTO t VALUES ('[3]' || zeros('{1000}'));
\set VERBOSITY default
DROP INDEX t_unique;
INSERT INTO t SELECT random_normal('{1000}', i) FROM generate_series(1, 50) AS i;
CREATE INDEX t_hash ON t USING hash (v);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE v = '[1,2]';
SELECT v FROM t WHERE v = '[1,2]' ORDER BY dtype(v);
SELECT count(*) FROM t WHERE v = random_normal('{1000}', 7);
RESET enable_seqscan;
ANALYZE t;
SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'tensor_ops' ORDER BY opcmethod;
