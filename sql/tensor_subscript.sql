SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

CREATE TEMP TABLE t (id int, v tensor);
INSERT INTO t VALUES (1, '[10,20,30]'), (2, '[[1,2,3],[4,5,6]]'), (3, '7'), (4, '[]'), (5, NULL), (6, 'float2:[0.1,NaN]');

-- Indexes: float8, NULL out of range or if their number is not the rank
SELECT id, v[1], v[3], v[4], v[0], v[-1], v[2][3], v[3][1], v[NULL::int] FROM t ORDER BY id;
SELECT pg_typeof(v[1]), pg_typeof(v[1:1]) FROM t LIMIT 1;
SELECT v[1.6], v['2'] FROM t WHERE id = 1;
SELECT v['x'::text] FROM t;
SELECT (v)[i] FROM t, generate_series(1, 3) AS i WHERE id = 1;

-- Slices: a tensor of the same rank, cut to the bounds, axes not mentioned whole
SELECT id, v[2:3], v[:2], v[:], v[5:9], v[3:2], v[-5:1] FROM t ORDER BY id;
SELECT v[2:2], v[:][2:], v[1:1][3:3], v[:][:][:], v[NULL:2] FROM t WHERE id = 2;
SELECT ('float8:[[[1,2],[3,4]],[[5,6],[7,8]]]'::tensor)[2:][:][2:2];
SELECT v[1][2:3] FROM t;
SELECT v[1][1][1][1][1][1][1][1] IS NULL, ('[[[[[[[[7]]]]]]]]'::tensor)[1][1][1][1][1][1][1][1] FROM t WHERE id = 1;

-- A view keeps what was meant
CREATE TEMP VIEW picked AS SELECT v[2] AS item, v[2:3] AS part, v[:2][2:] AS corner FROM t;
SELECT replace(pg_get_viewdef('picked'), 't.v', 'v');

-- Out of line: only the chunk that holds the element is fetched, and it is the right one
CREATE TEMP TABLE big AS SELECT reshape(arange(0, 50000), '{100,500}') AS d, arange(0, 2000, 1, 'float2') AS h,
	random_normal('{100000}', 1) AS f;
SELECT d[1][1], d[100][500], d[50][250], h[1], h[2000], d[101][1] FROM big;
SELECT count(*) FILTER (WHERE f[i] = (f[i:i])[1]) FROM big, generate_series(1, 100000, 9973) AS i;

-- Assignment to what exists
UPDATE t SET v[2] = 99 WHERE id = 1 RETURNING v;
UPDATE t SET v[1][3] = NULL, v[2][1] = -1 WHERE id = 2 RETURNING v;
UPDATE t SET v[1:2] = '[5,6]' WHERE id = 1 RETURNING v;
UPDATE t SET v[:][2:3] = '[[0,0],[0,0]]' WHERE id = 2 RETURNING v;
UPDATE t SET v[4] = 1 WHERE id = 1;
UPDATE t SET v[1] = 1 WHERE id = 2;
UPDATE t SET v[1] = 1 WHERE id = 5;
UPDATE t SET v[NULL] = 1 WHERE id = 1;
UPDATE t SET v[1] = 1e10 WHERE id = 6;
UPDATE t SET v[1:2] = '[5,6,7]' WHERE id = 1;
UPDATE t SET v[1:1][1:1] = '[5]' WHERE id = 1;
UPDATE t SET v[1:1] = NULL WHERE id = 1;
INSERT INTO t (id, v[1]) VALUES (7, 1);
SELECT * FROM t ORDER BY id;

-- plpgsql
DO $$
DECLARE
	a tensor := '[1,2,3]';
BEGIN
	a[2] := 7;
	RAISE NOTICE '% %', a, a[2];
END
$$;
